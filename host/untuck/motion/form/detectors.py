"""The rule of each fault, one class each: from means over the last clean strides and the baseline to on or off.

A new fault needs a class here, its name in DETECTORS, and a row in vocabulary.FAULTS.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import hypot, nan
from typing import Protocol

from untuck.model import BOTH, LEFT, RIGHT, Baseline, Finding
from untuck.motion.form.baseline import Bin
from untuck.motion.form.latch import Latch
from untuck.motion.form.pullback import PullbackMeter
from untuck.motion.params import Params
from untuck.motion.strides.stride import Stride
from untuck.vocabulary import Fault


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
    """A clean stride with what it is compared with: the recent strides, the baseline and its bin at this cadence."""

    stride: Stride
    recent: RecentStrides
    baseline: Baseline
    bin_number: int
    own: Bin
    params: Params
    now_s: float


class Detector(Protocol):
    """The rule of one fault."""

    @property
    def latches(self) -> tuple[Latch, ...]:
        """What counts its strides and holds its findings, in order of priority."""

    @property
    def strides(self) -> int:
        """The most strides that it looks back at."""

    def averages(self) -> dict[str, int]:
        """The STRIDE_DTYPE fields that it needs means of, with the number of strides."""

    def push(self, seen: Compared) -> list[Finding | None]:
        """Findings that begin or end with this stride."""

    def clear(self) -> None:
        """Forget the strides seen so far; findings are ended elsewhere."""


class _ByMeans:
    """What detectors with one latch share that keep nothing of the strides themselves, but means over some of them."""

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
    """Mean tilt below the baseline's, by more than a threshold and than its own error."""

    def __init__(self, params: Params, ids: Iterator[int]) -> None:
        super().__init__(
            params, params.tuck_strides, Latch(Fault.TUCK, BOTH, params.tuck_on_times, params.tuck_off_times, ids)
        )

    def averages(self) -> dict[str, int]:
        return {"tilt_deg": self._params.tuck_strides, "tilt_se_deg": self._params.tuck_strides}

    def push(self, seen: Compared) -> list[Finding | None]:
        p, recent = seen.params, seen.recent
        below = seen.own.tilt_deg - recent.mean("tilt_deg")
        error = hypot(recent.mean("tilt_se_deg"), seen.own.tilt_sd_deg)
        on = below >= max(p.tuck_on_deg, p.error_ratio * error)
        return [self._latch.push(on, below <= p.tuck_off_deg, below, recent.onset_s(p.tuck_strides), seen.now_s)]


class ArchDetector(_ByMeans):
    """Mean tilt far above the baseline's: the opposite of a tuck. One sensor cannot tell whether the back arches."""

    def __init__(self, params: Params, ids: Iterator[int]) -> None:
        super().__init__(params, params.arch_strides, Latch(Fault.ARCH, BOTH, 1, params.arch_off_times, ids))
        self._tilts: deque[float] = deque(
            maxlen=params.arch_strides
        )  # RecentStrides averages tilt over a tuck's strides

    def averages(self) -> dict[str, int]:
        return {}

    def clear(self) -> None:
        self._tilts.clear()

    def push(self, seen: Compared) -> list[Finding | None]:
        p, record = seen.params, seen.stride.record
        self._tilts.append(record["tilt_deg"])
        above = sum(self._tilts) / len(self._tilts) - seen.own.tilt_deg
        error = hypot(record["tilt_se_deg"], seen.own.tilt_sd_deg)
        on = len(self._tilts) == p.arch_strides and above >= max(p.arch_on_deg, p.error_ratio * error)
        return [self._latch.push(on, above <= p.arch_off_deg, above, seen.recent.onset_s(p.arch_strides), seen.now_s)]


class PullbackDetector:
    """A backward bump added to the runner's own rotation, on the side that explains it better (pullback.py)."""

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
        left, right, error, side = self._meter.push(seen.stride, seen.baseline, seen.bin_number)
        record["pullback_left_deg"], record["pullback_right_deg"] = left, right
        record["pullback_se_deg"] = error
        onset_s = seen.recent.onset_s(p.pullback_strides)
        changes = []
        for which, depth in ((LEFT, left), (RIGHT, right)):
            on = side == which and depth >= max(p.pullback_on_deg, p.error_ratio * error)
            off = side != which or depth <= p.pullback_off_deg
            changes.append(self._latches[which].push(on, off, depth, onset_s, seen.now_s))
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


DETECTORS: list[Callable[[Params, Iterator[int]], Detector]] = [
    TuckDetector,
    PullbackDetector,
    RigidDetector,
    HeldHipDetector,
    ArchDetector,
]
