"""Counts strides that say "on" or "off" and keeps the finding while it lasts: the hysteresis that all faults share."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import nan

from untuck.model import Finding

_PEAK_STRIDES, _EASED = 10, 0.8  # a mean over 6 to 10 strides falls this far within two good ones


@dataclass
class Latch:
    """Counts strides in a row that say on or off, and holds the finding while it lasts.

    ids: gives each new finding its number; trunk: it rests on a second clip. easing: the depth has come down from its
    peak of the last strides: a runner who is correcting must not be cued again.
    """

    fault: str
    side: int
    on_times: int
    off_times: int
    ids: Iterator[int]
    trunk: bool = False
    finding: Finding | None = None
    _on: int = 0
    _off: int = 0
    _since_s: float = 0.0
    _depths: deque[float] = field(default_factory=lambda: deque(maxlen=_PEAK_STRIDES))

    @property
    def counting(self) -> bool:
        """Whether the last stride said on."""
        return self._on > 0

    @property
    def easing(self) -> bool:
        """Whether the fault is being corrected already."""
        return self._off > 0 or (len(self._depths) > 0 and self._depths[-1] < _EASED * max(self._depths))

    @property
    def now_deg(self) -> float:
        """Depth at the newest stride while there is a finding, NaN otherwise."""
        if self.finding is None:
            return nan
        return self._depths[-1] if self._depths else self.finding.depth_deg

    def push(self, on: bool, off: bool, depth_deg: float, onset_s: float, now_s: float) -> Finding | None:
        """The finding if it begins or ends with this stride; onset_s: start of the first stride this one rests on."""
        if self.finding is None:
            self._on = self._on + 1 if on else 0
            if self._on == 1:
                self._since_s = onset_s
            if self._on >= self.on_times:
                self.finding = Finding(
                    fault=self.fault,
                    side=self.side,
                    start_s=self._since_s,
                    end_s=nan,
                    depth_deg=depth_deg,
                    decided_s=now_s,
                    id=next(self.ids),
                    trunk=self.trunk,
                )
                self._off = 0
                self._depths.clear()
                return self.finding
            return None
        self.finding = replace(self.finding, depth_deg=max(self.finding.depth_deg, depth_deg))
        self._off = self._off + 1 if off else 0
        self._depths.append(depth_deg)
        return self.end(now_s) if self._off >= self.off_times else None

    def end(self, now_s: float) -> Finding | None:
        """End the finding, if there is one, and restart the count."""
        ended = None if self.finding is None else replace(self.finding, end_s=now_s)
        self.finding, self._on = None, 0
        return ended
