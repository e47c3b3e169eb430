"""The rules of the faults that need a second clip: arch, bent and upright, from lean and the lumbar spine.

Each is a change against the runner's own that is sustained, by the rule of the tuck (sustained.py) with the wandering
of the trunk. Strides that the second clip did not measure end what they would have shown; the pelvis goes on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from math import isnan, sqrt
from statistics import median
from typing import NamedTuple

import numpy as np

from untuck.model import BOTH, Finding
from untuck.motion.form.baseline import Bin, median_sd
from untuck.motion.form.detectors import Compared
from untuck.motion.form.latch import Latch
from untuck.motion.form.sustained import Drop, SustainedDrop
from untuck.motion.params import Params
from untuck.vocabulary import Ending, Fault


class Own(NamedTuple):
    """The runner's own lean and lumbar extension at a pace in degrees, and the SD of their wandering."""

    lean_deg: float
    lean_wander_deg: float
    lumbar_deg: float
    lumbar_wander_deg: float


class SpineReference:
    """The runner's own spine in each bin of the baseline: of the baseline, or of the first strides of today.

    People stand differently each day and the clip sits elsewhere, so that an earlier baseline is moved by what the
    first strides of today show, as its tilt is; a larger difference is a fault from the start.
    """

    def __init__(self, params: Params, taken_today: bool, bins: int) -> None:
        self._params = params
        self._earlier = 0 if taken_today else bins
        self._own: dict[int, Own] = {}
        self._today: dict[int, list[tuple[float, float]]] = {}

    def own(self, seen: Compared) -> Own | None:
        """The reference of a stride that the trunk's clip measured, None until it is known."""
        at, record = seen.usual.bin_number, seen.stride.record
        if at >= self._earlier and not isnan(seen.own.lumbar_deg):
            return self._shrunk(seen.own)
        if at not in self._own:
            today = self._today.setdefault(at, [])
            today.append((record["trunk_lean_deg"], record["lumbar_deg"]))
            if len(today) >= self._params.offset_strides:
                self._own[at] = self._of_today(today, seen.own)
            return None
        return self._own[at]

    def _of_today(self, today: list[tuple[float, float]], earlier: Bin) -> Own:
        p, found = self._params, list[float]()
        for values, before in zip(zip(*today, strict=True), (earlier.lean_deg, earlier.lumbar_deg), strict=True):
            now_deg = median(values)
            known = not isnan(before) and abs(now_deg - before) > p.offset_most_deg
            found += [before if known else now_deg, median_sd(np.array(values), p.wander_strides)]
        lean_deg, lean_sd_deg, lumbar_deg, lumbar_sd_deg = found
        fresh = earlier._replace(
            strides=len(today),
            lean_deg=lean_deg,
            lean_sd_deg=lean_sd_deg,
            lumbar_deg=lumbar_deg,
            lumbar_sd_deg=lumbar_sd_deg,
        )
        return self._shrunk(fresh)

    def _shrunk(self, own: Bin) -> Own:
        """The SD of wandering drawn to the usual one, which a few blocks of strides do not show well."""
        p = self._params
        blocks = own.strides / p.wander_strides
        lean, lumbar = (
            sqrt((p.wander_usual_blocks * p.wander_usual_deg**2 + blocks * sd**2) / (p.wander_usual_blocks + blocks))
            for sd in (own.lean_sd_deg, own.lumbar_sd_deg)
        )
        return Own(own.lean_deg, lean, own.lumbar_deg, lumbar)


class SpineDetector:
    """Arch, bent and upright; does nothing while there is no second clip.

    measured: the last stride was compared, so that an arch is one of the spine and not only a pelvis that tips far;
    extended: the lumbar spine is extended already in the last strides, before it is a finding.
    """

    sided = False

    def __init__(self, params: Params, ids: Iterator[int], taken_today: bool, bins: int) -> None:
        on, off = params.tuck_on_times, params.tuck_off_times
        self._reference = SpineReference(params, taken_today, bins)
        faults = Fault.ARCH, Fault.BENT, Fault.UPRIGHT
        self._latches = {fault: Latch(fault, BOTH, on, off, ids, trunk=True) for fault in faults}
        self._changes = {fault: SustainedDrop(params) for fault in self._latches}
        self._last: deque[tuple[float, float]] = deque(maxlen=params.tuck_strides)
        self.strides = params.tuck_strides
        self.measured = self.extended = False

    @property
    def latches(self) -> tuple[Latch, ...]:
        return tuple(self._latches.values())

    def averages(self) -> dict[str, int]:
        return {}

    def clear(self) -> None:
        for each in self._changes.values():
            each.clear()
        self._last.clear()
        self.measured = self.extended = False

    def push(self, seen: Compared) -> list[Finding | None]:
        record = seen.stride.record
        own = None if record["trunk_reason"] else self._reference.own(seen)
        if own is None:
            return self._without_trunk(seen.now_s)
        self.measured = True
        p, usual = seen.params, seen.usual
        more_deg = record["lumbar_deg"] - own.lumbar_deg
        less_lean_deg = own.lean_deg - record["trunk_lean_deg"]
        self._last.append((usual.tilt_deg - record["tilt_deg"], -less_lean_deg))
        errors = record["lumbar_se_deg"], record["lumbar_se_deg"], record["trunk_lean_se_deg"]
        wanders = own.lumbar_wander_deg, own.lumbar_wander_deg, own.lean_wander_deg
        changes, drops = [], dict[Fault, Drop]()
        for fault, by_deg, error_deg, wander_deg in zip(
            self._latches, (more_deg, -more_deg, less_lean_deg), errors, wanders, strict=True
        ):
            drop = drops[fault] = self._changes[fault].push(by_deg, usual, error_deg, wander_deg, p)
            changes.append(self._latched(fault, drop, seen))
        record["trunk_lean_usual_deg"], record["lumbar_usual_deg"] = own.lean_deg, own.lumbar_deg
        record["trunk_lean_least_deg"] = drops[Fault.UPRIGHT].promised_deg
        record["lumbar_least_deg"] = drops[Fault.ARCH].promised_deg
        self.extended = median(-tucked - leans for tucked, leans in self._last) >= p.tuck_off_deg
        return changes

    def _latched(self, fault: Fault, drop: Drop, seen: Compared) -> Finding | None:
        p = seen.params
        on = drop.on and (fault != Fault.BENT or self._is_bent(p))
        off = drop.below_deg <= p.tuck_off_deg / p.tuck_on_deg * drop.least_deg
        onset_s = seen.recent.onset_s(p.tuck_strides)
        return self._latches[fault].push(on, off, drop.below_deg, onset_s, seen.now_s)

    def _is_bent(self, params: Params) -> bool:
        """Whether the pelvis is tucked and the trunk leans further forward, as the medians of the last strides show."""
        each = [median(column) for column in zip(*self._last, strict=True)]
        least_deg = max(params.bent_each_deg, params.bent_share * sum(each))
        return len(self._last) == self._last.maxlen and min(each) >= least_deg

    def _without_trunk(self, now_s: float) -> list[Finding | None]:
        """End what only the trunk shows."""
        self.clear()
        ended = [latch.end(now_s) for latch in self.latches]
        return [replace(each, ended=Ending.NOT_COMPARABLE) for each in ended if each is not None]
