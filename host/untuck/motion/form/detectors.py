"""The rule of each fault, one class each: from means over the last clean strides and the baseline to on or off.

A new fault needs a class here, its name in OTHERS, and a row in vocabulary.FAULTS.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from math import hypot, nan
from typing import Protocol

from untuck.model import BOTH, LEFT, RIGHT, Baseline, Finding
from untuck.motion.form.baseline import Bin
from untuck.motion.form.latch import Latch
from untuck.motion.form.pullback import PullbackMeter
from untuck.motion.form.reference import Usual
from untuck.motion.form.sustained import SustainedDrop
from untuck.motion.params import Params
from untuck.motion.strides.stride import Stride
from untuck.vocabulary import Ending, Fault


class RecentStrides:
    """Fields of the last clean strides that may be compared with the baseline.

    counts: for each STRIDE_DTYPE field that is averaged, over how many strides; longest: of strides that are kept.
    """

    def __init__(self, counts: Mapping[str, int], longest: int) -> None:
        self._starts_s: deque[float] = deque(maxlen=longest)
        self._recent = {name: deque[float](maxlen=count) for name, count in counts.items()}

    def push(self, stride: Stride) -> None:
        """Take in a stride."""
        self._starts_s.append(stride.record["start_s"])
        for name, values in self._recent.items():
            values.append(stride.record[name])

    def clear(self) -> None:
        """Forget all strides."""
        for values in (self._starts_s, *self._recent.values()):
            values.clear()

    def mean(self, name: str) -> float:
        """Mean of a field over the last strides, NaN while there are fewer than it takes."""
        values = self._recent[name]
        return sum(values) / len(values) if len(values) == values.maxlen else nan

    def onset_s(self, count: int) -> float:
        """When a change began that a mean over `count` strides has just come to show: half of them back."""
        return self._starts_s[-min(count // 2, len(self._starts_s))]


@dataclass(frozen=True, slots=True)
class Compared:
    """A clean stride with what it is compared with: the recent strides, and the reference at this pace.

    wander_deg: SD of the runner's own tilt; chance_s: when tests that are mirrored found something, which is chance.
    """

    stride: Stride
    recent: RecentStrides
    baseline: Baseline
    usual: Usual
    wander_deg: float
    chance_s: list[float]
    params: Params
    now_s: float

    @property
    def own(self) -> Bin:
        """The bin of the baseline at this pace."""
        return self.usual.own


class Detector(Protocol):
    """The rule of one fault."""

    @property
    def latches(self) -> tuple[Latch, ...]:
        """What counts its strides and holds its findings, in order of priority."""

    @property
    def strides(self) -> int:
        """The most strides that it looks back at."""

    @property
    def sided(self) -> bool:
        """Whether its findings name a side, so that it needs to be known which way the clip faces."""

    def averages(self) -> dict[str, int]:
        """The STRIDE_DTYPE fields that it needs means of, with the number of strides."""

    def push(self, seen: Compared) -> list[Finding | None]:
        """Findings that begin or end with this stride."""

    def clear(self) -> None:
        """Forget the strides seen so far; findings are ended elsewhere."""


class _ByMeans:
    """What detectors with one latch share that keep nothing of the strides themselves, but means over some of them."""

    sided = False

    def __init__(self, params: Params, strides: int, latch: Latch) -> None:
        self._params = params
        self.strides = strides
        self._latch = latch

    @property
    def latches(self) -> tuple[Latch, ...]:
        return (self._latch,)

    def clear(self) -> None:
        """Nothing is kept here."""


class TuckDetector(_ByMeans):
    """Tilt has dropped below its reference for long enough (sustained.py), more than the runner's own wandering does.

    The same test upside down shows how often chance alone finds something. doubtful: a tuck may be under way;
    too_deep: tilt has dropped by more than anybody tucks.
    """

    def __init__(self, params: Params, ids: Iterator[int]) -> None:
        latch = Latch(Fault.TUCK, BOTH, params.tuck_on_times, params.tuck_off_times, ids)
        super().__init__(params, params.tuck_strides, latch)
        self._drop, self._rise = SustainedDrop(params), SustainedDrop(params)
        self._mirror = Latch(Fault.TUCK, BOTH, params.tuck_on_times, params.tuck_off_times, count(1))
        self.doubtful = self.too_deep = False

    def averages(self) -> dict[str, int]:
        return {"tilt_se_deg": self._params.tuck_strides}

    def clear(self) -> None:
        self._drop.clear()
        self._rise.clear()
        self._mirror.end(0.0)
        self.doubtful = self.too_deep = False

    def push(self, seen: Compared) -> list[Finding | None]:
        p, record = seen.params, seen.stride.record
        below_deg, error_deg = seen.usual.tilt_deg - record["tilt_deg"], record["tilt_se_deg"]
        drop = self._drop.push(below_deg, seen.usual, error_deg, seen.wander_deg, p)
        rise = self._rise.push(-below_deg, seen.usual, error_deg, seen.wander_deg, p)
        record["tilt_usual_deg"], record["tuck_least_deg"] = seen.usual.tilt_deg, drop.promised_deg
        slowly = self._latch.finding is not None and self._latch.finding.slow
        off_deg = p.tuck_off_deg / p.tuck_on_deg * (p.slow_off_share if slowly else 1.0)
        self.doubtful = drop.below_deg > 0.5 * drop.least_deg
        onset_s = seen.recent.onset_s(p.tuck_strides)
        if self._mirror.push(rise.on, rise.below_deg <= off_deg * rise.least_deg, 0.0, onset_s, seen.now_s):
            seen.chance_s.append(seen.now_s)
        off = drop.below_deg <= off_deg * drop.least_deg
        self.too_deep = drop.below_deg > p.tuck_most_deg
        change = self._latch.push(drop.on, off, drop.below_deg, onset_s, seen.now_s)
        if change is not None and change.active and drop.slow:
            change = self._latch.finding = replace(change, slow=True)
        return [change]


class ArchDetector(_ByMeans):
    """Mean tilt far above the baseline's: the opposite of a tuck. One sensor cannot tell whether the back arches.

    Where a second one can (spine.py), this rule rests.
    """

    def __init__(self, params: Params, ids: Iterator[int]) -> None:
        super().__init__(params, params.arch_strides, Latch(Fault.ARCH, BOTH, 1, params.arch_off_times, ids))
        self._tilts: deque[float] = deque(maxlen=params.arch_strides)

    def averages(self) -> dict[str, int]:
        return {}

    def clear(self) -> None:
        self._tilts.clear()

    def push(self, seen: Compared) -> list[Finding | None]:
        p, record = seen.params, seen.stride.record
        if not record["trunk_reason"]:
            self.clear()
            ended = self._latch.end(seen.now_s)
            return [None if ended is None else replace(ended, ended=Ending.NOT_COMPARABLE)]
        self._tilts.append(record["tilt_deg"])
        above = sum(self._tilts) / len(self._tilts) - seen.usual.tilt_deg
        error = hypot(record["tilt_se_deg"], seen.own.tilt_sd_deg)
        on = len(self._tilts) == p.arch_strides and above >= max(p.arch_on_deg, p.error_ratio * error)
        return [self._latch.push(on, above <= p.arch_off_deg, above, seen.recent.onset_s(p.arch_strides), seen.now_s)]


class PullbackDetector:
    """A backward bump added to the runner's own rotation, on the side or sides that explain it (pullback.py)."""

    sided = True

    def __init__(self, params: Params, ids: Iterator[int]) -> None:
        on, off = params.pullback_on_times, params.pullback_off_times
        self.strides = params.pullback_strides
        self._meter = PullbackMeter(params)
        self._latches = {side: Latch(Fault.PULLBACK, side, on, off, ids) for side in (LEFT, RIGHT)}

    @property
    def latches(self) -> tuple[Latch, ...]:
        return tuple(self._latches.values())

    def averages(self) -> dict[str, int]:
        return {}

    def clear(self) -> None:
        self._meter.clear()

    def push(self, seen: Compared) -> list[Finding | None]:
        p, record = seen.params, seen.stride.record
        pulled = self._meter.push(seen.stride, seen.baseline, seen.usual, p)
        record["pullback_left_deg"], record["pullback_right_deg"] = pulled.left_deg, pulled.right_deg
        record["pullback_se_deg"], record["pullback_least_deg"] = pulled.error_deg, pulled.promised_deg
        off_deg = p.pullback_off_deg / p.pullback_on_deg * max(p.pullback_on_deg, p.pullback_score * pulled.error_deg)
        onset_s = seen.recent.onset_s(p.pullback_strides)
        changes = []
        # beside a pullback that lasts, what is left over by its shape looks like a small one of the other side
        lasting = {side: latch.finding is not None for side, latch in self._latches.items()}
        for side, depth in ((LEFT, pulled.left_deg), (RIGHT, pulled.right_deg)):
            self._latches[side].on_times = p.pullback_second_times if lasting[-side] else p.pullback_on_times
            other = len(pulled.sides) > 0 and side not in pulled.sides
            changes.append(
                self._latches[side].push(side in pulled.sides, other or depth <= off_deg, depth, onset_s, seen.now_s)
            )
        return changes


class RigidDetector(_ByMeans):
    """Rotation and obliquity both move much less than in the baseline."""

    def __init__(self, params: Params, ids: Iterator[int]) -> None:
        super().__init__(params, params.rigid_strides, Latch(Fault.RIGID, BOTH, 1, 1, ids))

    def averages(self) -> dict[str, int]:
        return {"obliquity_range_deg": self._params.rigid_strides, "rotation_range_deg": self._params.rigid_strides}

    def push(self, seen: Compared) -> list[Finding | None]:
        p, own = seen.params, seen.own
        rotation, obliquity = seen.recent.mean("rotation_range_deg"), seen.recent.mean("obliquity_range_deg")
        on = (
            rotation < max(p.rigid_rotation_min_deg, p.rigid_on_ratio * own.rotation_range_deg)
            and obliquity < p.rigid_on_ratio * own.obliquity_range_deg
        )
        off = (
            rotation > p.rigid_off_ratio * own.rotation_range_deg
            or obliquity > p.rigid_off_ratio * own.obliquity_range_deg
        )
        depth = own.rotation_range_deg - rotation
        return [self._latch.push(on, off, depth, seen.recent.onset_s(p.rigid_strides), seen.now_s)]


class HeldHipDetector(_ByMeans):
    """The pelvis's heading against the direction of travel has changed: one hip is kept back all the time."""

    sided = True

    def __init__(self, params: Params, ids: Iterator[int]) -> None:
        super().__init__(params, params.held_strides, Latch(Fault.HELD, BOTH, 1, 1, ids))

    def averages(self) -> dict[str, int]:
        return {"travel_deg": self._params.held_strides}

    def push(self, seen: Compared) -> list[Finding | None]:
        p, latch = seen.params, self._latch
        change = seen.recent.mean("travel_deg") - seen.own.travel_deg
        latch.side = LEFT if change > 0 else RIGHT  # turned left: the left hip stays back
        if latch.finding is not None:
            latch.side = latch.finding.side
        size = abs(change)
        least = max(p.held_on_deg, p.held_on_sd * seen.own.travel_sd_deg)
        off = size <= least * p.held_off_ratio
        return [latch.push(size >= least, off, size, seen.recent.onset_s(p.held_strides), seen.now_s)]


OTHERS: list[Callable[[Params, Iterator[int]], Detector]] = [
    PullbackDetector,
    RigidDetector,
    HeldHipDetector,
    ArchDetector,
]
