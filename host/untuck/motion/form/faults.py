"""Faults: what lasts over strides and differs from the baseline becomes a finding, with hysteresis.

Each detector sees every clean stride that may be compared and says on, off or neither; a latch counts them.
Rules of tuck, pullback, rigid and held, and when they are held back, live here; depth of pullback in pullback.py.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from math import hypot, nan

from untuck.model import BOTH, LEFT, RIGHT, Baseline, Finding
from untuck.motion.form.baseline import Bin, bins_of, match, nearest
from untuck.motion.form.pullback import PullbackMeter
from untuck.motion.params import Params
from untuck.motion.strides.stride import Stride

_PEAK_STRIDES, _EASED = 10, 0.8  # a mean over 6 to 10 strides falls so far within two good ones


@dataclass
class Latch:
    """Counts strides in a row that say on or off, and holds the finding while it lasts.

    easing: the depth has come down from its peak of the last strides: whoever corrects must not be cued again.
    """

    fault: str
    side: int
    on_times: int
    off_times: int
    finding: Finding | None = None
    _on: int = 0
    _off: int = 0
    _since_s: float = 0.0
    _depths: deque[float] = field(default_factory=lambda: deque(maxlen=_PEAK_STRIDES))

    @property
    def easing(self) -> bool:
        """Whether the fault is being corrected already."""
        return self._off > 0 or (len(self._depths) > 0 and self._depths[-1] < _EASED * max(self._depths))

    def push(self, on: bool, off: bool, depth_deg: float, onset_s: float, now_s: float) -> Finding | None:
        """The finding if it begins or ends with this stride; onset_s: start of the first stride this one rests on."""
        if self.finding is None:
            self._on = self._on + 1 if on else 0
            if self._on == 1:
                self._since_s = onset_s
            if self._on >= self.on_times:
                self.finding = Finding(self.fault, self.side, self._since_s, nan, depth_deg, now_s)
                self._off = 0
                self._depths.clear()
                return self.finding
            return None
        self.finding = replace(self.finding, depth_deg=max(self.finding.depth_deg, depth_deg))
        self._off = self._off + 1 if off else 0
        self._depths.append(depth_deg)
        return self.end(now_s) if self._off >= self.off_times else None

    def end(self, now_s: float) -> Finding | None:
        """End the finding, if there is one, and start counting anew."""
        ended = None if self.finding is None else replace(self.finding, end_s=now_s)
        self.finding, self._on = None, 0
        return ended


class FaultDetector:
    """Turns clean strides into findings against one baseline; warmed_up: steady running has just been seen."""

    def __init__(self, params: Params, baseline: Baseline, warmed_up: bool = False) -> None:
        p = params
        self._params = p
        self._baseline = baseline
        self._bins = bins_of(baseline)
        self._starts_s: deque[float] = deque(
            maxlen=max(p.tuck_strides, p.pullback_strides, p.rigid_strides, p.held_strides)
        )
        counts = {
            "tilt_deg": p.tuck_strides,
            "tilt_se_deg": p.tuck_strides,
            "obliquity_range_deg": p.rigid_strides,
            "rotation_range_deg": p.rigid_strides,
            "travel_deg": p.held_strides,
        }
        self._recent = {name: deque[float](maxlen=count) for name, count in counts.items()}  # what means are taken of
        self._pullback = PullbackMeter(p)
        self._warmup = 0 if warmed_up else p.warmup_strides
        self.held_back = ""
        self._held_for = 0
        self._contacts: deque[float] = deque(maxlen=p.baseline_contact_strides)
        self._tuck = Latch("tuck", BOTH, p.tuck_on_times, p.tuck_off_times)
        self._pull = {
            side: Latch("pullback", side, p.pullback_on_times, p.pullback_off_times) for side in (LEFT, RIGHT)
        }
        self._rigid = Latch("rigid", BOTH, 1, 1)
        self._held = Latch("held", BOTH, 1, 1)

    def tune(self, params: Params) -> None:
        """Judge by other thresholds from the next stride on; what is on stays on until they say off."""
        self._params = params

    @property
    def latches(self) -> tuple[Latch, ...]:
        """All latches, in order of their cues' priority."""
        return (self._tuck, self._pull[LEFT], self._pull[RIGHT], self._rigid, self._held)

    def usual_tilt_deg(self, stride: Stride) -> float:
        """Tilt of the baseline at this stride's cadence."""
        return self._bins[nearest(self._bins, stride.record["cadence_spm"])].tilt_deg

    def stop(self, now_s: float) -> list[Finding]:
        """Running has ended: end what is on, and ask for clean strides before findings resume."""
        self._warmup = self._params.warmup_strides
        self._contacts.clear()
        return self._forget(now_s)

    def _forget(self, now_s: float) -> list[Finding]:
        for values in (self._starts_s, *self._recent.values()):
            values.clear()
        self._pullback.clear()
        return [f for latch in self.latches if (f := latch.end(now_s)) is not None]

    def push(self, stride: Stride) -> list[Finding]:
        """Findings that begin or end with this stride; fills the stride's pullback. Sets `held_back` to the reason."""
        record = stride.record
        now_s = record["start_s"] + record["duration_s"]
        self._contacts.append(0.5 * (record["contact_left_ms"] + record["contact_right_ms"]))
        contact_ms = sum(self._contacts) / len(self._contacts)
        at = match(self._bins, record["cadence_spm"], contact_ms, self._params)
        self.held_back = "" if record["valid"] else str(record["reason"])
        if not self.held_back and at < 0:
            self.held_back = "speed"
        if not self.held_back and self._warmup > 0:
            self._warmup -= 1
            self.held_back = "warm-up"
        if self.held_back:
            self._held_for += 1
            return self._forget(now_s) if self._held_for == self._params.forget_strides else []
        self._held_for = 0
        self._starts_s.append(record["start_s"])
        for name, values in self._recent.items():
            values.append(record[name])
        own = self._bins[at]
        changes = [self._judge_tuck(own, now_s), *self._judge_pullback(stride, at, now_s)]
        changes += [self._judge_rigid(own, now_s), self._judge_held(own, now_s)]
        return [c for c in changes if c is not None]

    def _mean(self, name: str) -> float:
        """Mean of a field over the last strides, NaN while there are fewer than it takes."""
        values = self._recent[name]
        return sum(values) / len(values) if len(values) == values.maxlen else nan

    def _onset(self, count: int) -> float:
        """When a change began that a mean over `count` strides has just come to show: half of them back."""
        return self._starts_s[-min(count // 2, len(self._starts_s))]

    def _judge_tuck(self, own: Bin, now_s: float) -> Finding | None:
        p = self._params
        below = own.tilt_deg - self._mean("tilt_deg")
        error = hypot(self._mean("tilt_se_deg"), own.tilt_sd_deg)
        on = below >= max(p.tuck_on_deg, p.error_ratio * error)
        return self._tuck.push(on, below <= p.tuck_off_deg, below, self._onset(p.tuck_strides), now_s)

    def _judge_pullback(self, stride: Stride, at: int, now_s: float) -> list[Finding | None]:
        p = self._params
        left, right, error, side = self._pullback.push(stride, self._baseline, at)
        stride.record["pullback_left_deg"], stride.record["pullback_right_deg"] = left, right
        stride.record["pullback_se_deg"] = error
        onset = self._onset(p.pullback_strides)
        changes = []
        for which, depth in ((LEFT, left), (RIGHT, right)):
            on = side == which and depth >= max(p.pullback_on_deg, p.error_ratio * error)
            changes.append(
                self._pull[which].push(on, side != which or depth <= p.pullback_off_deg, depth, onset, now_s)
            )
        return changes

    def _judge_rigid(self, own: Bin, now_s: float) -> Finding | None:
        p = self._params
        rotation, obliquity = self._mean("rotation_range_deg"), self._mean("obliquity_range_deg")
        on = (
            rotation < max(p.rigid_rotation_min_deg, p.rigid_on_ratio * own.rotation_range_deg)
            and obliquity < p.rigid_on_ratio * own.obliquity_range_deg
        )
        off = (
            rotation > p.rigid_off_ratio * own.rotation_range_deg
            or obliquity > p.rigid_off_ratio * own.obliquity_range_deg
        )
        return self._rigid.push(on, off, own.rotation_range_deg - rotation, self._onset(p.rigid_strides), now_s)

    def _judge_held(self, own: Bin, now_s: float) -> Finding | None:
        p = self._params
        change = self._mean("travel_deg") - own.travel_deg
        self._held.side = LEFT if change > 0 else RIGHT  # turned left: the left hip stays back
        if self._held.finding is not None:
            self._held.side = self._held.finding.side
        size = abs(change)
        least = max(p.held_on_deg, p.held_on_sd * own.travel_sd_deg)
        return self._held.push(
            size >= least, size <= least * p.held_off_ratio, size, self._onset(p.held_strides), now_s
        )
