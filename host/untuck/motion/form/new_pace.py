"""Strides at a pace that the baseline does not hold yet: steady ones are gathered until they make a bin of it.

A bin that is in use grows further, by strides that have waited: a fault begins before it is found, and must not get
into the reference.
"""

from __future__ import annotations

from collections import deque

from untuck.model import Baseline
from untuck.motion.form.baseline import make_bin
from untuck.motion.params import Params
from untuck.motion.strides.stride import Stride

_LOST_STRIDES = 4  # in a row at another pace than the ones gathered: begun again
_GROWTH = 1.3  # the bin is measured again when it has grown by this factor


def pace_distance(pace: tuple[float, float], of: tuple[float, float], params: Params) -> float:
    """How far a pace (cadence in steps/min, contact time in ms) is from another, in multiples of what is comparable."""
    cadence_off = abs(pace[0] / of[0] - 1.0) / params.pace_cadence_pct
    return 100.0 * max(cadence_off, abs(pace[1] / of[1] - 1.0) / params.pace_contact_pct)


class NewPace:
    """Gathers strides at a new pace; number: of the bin that they have become, -1 while there are too few."""

    def __init__(self, params: Params) -> None:
        self._params = params
        self.restart()

    def restart(self) -> None:
        """Begin again; a bin that is in use remains as it is."""
        self.number = -1
        self._strides: list[Stride] = []
        self._cadence_spm = self._contact_ms = 0.0  # sums
        self._waiting: deque[Stride] = deque()
        self._lost = 0
        self._measured = 0

    def push(self, stride: Stride, off: float, pace: tuple[float, float], doubtful: bool) -> Baseline | None:
        """A bin of the strides gathered, where this one makes a first or a better one; off: distance of known bins.

        pace: mean cadence and contact time of the last strides; doubtful: a fault may be under way.
        """
        p = self._params
        mine = self._is_mine(pace)
        if off <= p.pace_new and not (self.number >= 0 and mine):
            self._waiting.clear()
            return None
        if not mine:
            self._lost += 1
            if self._lost >= _LOST_STRIDES:
                self.restart()
            return None
        self._lost = 0
        if self.number < 0:
            self._take(stride)
            return self._bin() if len(self._strides) >= p.pace_new_strides else None
        if doubtful or len(self._strides) >= p.baseline_strides:
            self._waiting.clear()
            return None
        self._waiting.append(stride)
        if len(self._waiting) <= p.pace_wait_strides:
            return None
        self._take(self._waiting.popleft())
        enough = min(p.baseline_strides, int(_GROWTH * self._measured))
        return self._bin() if len(self._strides) >= enough else None

    def _is_mine(self, pace: tuple[float, float]) -> bool:
        """Whether a pace is that of the strides gathered, or there are none yet."""
        p, count = self._params, len(self._strides)
        if count == 0:
            return True
        return pace_distance(pace, (self._cadence_spm / count, self._contact_ms / count), p) <= p.pace_new

    def _take(self, stride: Stride) -> None:
        record = stride.record
        self._strides.append(stride)
        self._cadence_spm += record["cadence_spm"]
        self._contact_ms += 0.5 * (record["contact_left_ms"] + record["contact_right_ms"])

    def _bin(self) -> Baseline:
        self._measured = len(self._strides)
        return make_bin(self._strides, self._params)
