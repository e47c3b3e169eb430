"""What the runner's own good form is at the present pace, with its uncertainty: the bin of the baseline that fits.

Contact time and cadence stand in for speed. Near a bin, tilt follows contact time by the slope that people have, whose
spread is the uncertainty. Far from every bin, the first strides make a new one (new_pace.py). A baseline of an earlier
session first finds today's offset of tilt: nobody stands twice in quite the same way.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from math import hypot, sqrt
from typing import NamedTuple

import numpy as np

from untuck.model import Baseline
from untuck.motion.form.baseline import Bin, bins_of, make_bin, with_bin
from untuck.motion.form.new_pace import NewPace, pace_distance
from untuck.motion.params import Params
from untuck.motion.strides.stride import Stride
from untuck.vocabulary import NotJudged


class Usual(NamedTuple):
    """What a stride is compared with: its bin, tilt in degrees with SE, and scatter of rotation against the bin's."""

    bin_number: int
    own: Bin
    tilt_deg: float
    tilt_se_deg: float
    rotation_scatter: float


class Reference:
    """The baseline as it is known so far.

    baseline: with today's offset and new bins; held: why the last stride has no reference, "" if it has; extended: the
    last stride has completed a new bin; offset_deg: of today's tilt from an earlier baseline's, NaN until it is known.
    """

    def __init__(self, params: Params, baseline: Baseline, taken_today: bool) -> None:
        self._params = params
        self._today: dict[int, list[Stride]] = {}  # first strides of each bin of an earlier baseline
        self._earlier = 0 if taken_today else len(baseline.strides)  # bins whose tilt is of another standing
        self._pace: deque[tuple[float, float]] = deque(maxlen=params.pace_strides)
        self._new = NewPace(params)
        self.held = ""
        self.extended = False
        self.offset_deg = 0.0 if taken_today else np.nan
        self._set(baseline)

    def _set(self, baseline: Baseline) -> None:
        p, self.baseline = self._params, baseline
        self._bins = bins_of(baseline)
        total = sum(each.strides for each in self._bins)
        own = sum(each.strides * each.tilt_sd_deg**2 for each in self._bins) / total
        blocks = total / p.wander_strides
        shrunk = (p.wander_usual_blocks * p.wander_usual_deg**2 + blocks * own) / (p.wander_usual_blocks + blocks)
        self.wander_deg = sqrt(shrunk)  # SD of the median tilt of wander_strides, of this runner

    def tilt_near(self, cadence_spm: float) -> float:
        """Tilt of the bin nearest in cadence, in degrees."""
        return min(self._bins, key=lambda each: abs(each.cadence_spm - cadence_spm)).tilt_deg

    def restart(self) -> None:
        """Running was interrupted: the pace is known again after some strides."""
        self._pace.clear()
        self._new.restart()

    def renew(self) -> None:
        """The zero has been set again: today's offset from an earlier baseline is found again."""
        if self._earlier:
            self._today.clear()
            self.offset_deg = np.nan

    def usual(self, stride: Stride, doubtful: bool) -> Usual | None:
        """The reference of a valid stride, or None with `held` set; doubtful: a fault may be under way."""
        record, p = stride.record, self._params
        self.held, self.extended = "", False
        self._pace.append((record["cadence_spm"], 0.5 * (record["contact_left_ms"] + record["contact_right_ms"])))
        cadence = sum(each for each, _ in self._pace) / len(self._pace)
        contact = sum(each for _, each in self._pace) / len(self._pace)
        at, off = self._nearest(cadence, contact)
        grown = self._new.push(stride, off, (cadence, contact), doubtful)
        if grown is not None:
            if self._new.number < 0 and not self._is_approved(grown, at):
                self._new.restart()
            else:
                self._add(grown)
                at, off = self._nearest(cadence, contact)
        if off > p.pace_far:
            self.held = NotJudged.SPEED
        elif at < self._earlier and len(self._today.get(at, [])) < p.offset_strides:
            self._renew(stride, at)
        return None if self.held else self._usual(at, off, cadence, contact)

    def _nearest(self, cadence_spm: float, contact_ms: float) -> tuple[int, float]:
        """The bin nearest in pace, and its distance as a multiple of what is comparable."""
        pace = cadence_spm, contact_ms
        off = [pace_distance(pace, (each.cadence_spm, each.contact_ms), self._params) for each in self._bins]
        least = min(off)
        return off.index(least), least

    def _expected(self, at: int, cadence_spm: float, contact_ms: float) -> tuple[float, float]:
        """Tilt of a bin at another pace in degrees, and the SE due to that."""
        p, own = self._params, self._bins[at]
        more_ms, more_spm = contact_ms - own.contact_ms, cadence_spm - own.cadence_spm
        se_deg = hypot(p.pace_tilt_sd_deg_ms * more_ms, p.pace_tilt_sd_deg_spm * more_spm)
        return own.tilt_deg + p.pace_tilt_deg_ms * more_ms, se_deg

    def _usual(self, at: int, off: float, cadence_spm: float, contact_ms: float) -> Usual:
        p, own = self._params, self._bins[at]
        tilt_deg, pace_se_deg = self._expected(at, cadence_spm, contact_ms)
        few = max(0.0, p.wander_strides / own.strides - p.wander_strides / p.baseline_strides)
        far = max(0.0, off - 1.0)
        se_deg = hypot(pace_se_deg, self.wander_deg * sqrt(few))
        return Usual(at, own, tilt_deg, se_deg, (1.0 + far**2) * (1.0 + few))

    def _is_approved(self, grown: Baseline, at: int) -> bool:
        """Whether the tilt of a new bin may be good form: not far below what bin `at` lets expect."""
        tilt_deg, se_deg = self._expected(at, float(grown.cadence_spm[0]), float(grown.contact_ms[0]))
        below_deg = tilt_deg - float(grown.tilt_deg[0])
        return below_deg <= self._params.wander_ratio * hypot(se_deg, self.wander_deg, self._params.tuck_drift_deg)

    def _add(self, grown: Baseline) -> None:
        """Put in the new bin, or what it has become."""
        if self._new.number < 0:
            self._new.number = len(self._bins)
        self._set(with_bin(self.baseline, self._new.number, grown))
        self.extended = int(grown.strides[0]) >= self._params.baseline_strides

    def _renew(self, stride: Stride, at: int) -> None:
        """Take in one of the first strides at an earlier bin's pace; until they are complete, nothing is judged.

        The clip sits a little differently each day, which changes the measured rotation within a stride as much as a
        pullback does: its curve is always today's. Of tilt, the difference moves all earlier bins.
        """
        p, today = self._params, self._today.setdefault(at, [])
        today.append(stride)
        if len(today) < p.offset_strides:
            self.held = NotJudged.WARM_UP
            return
        new = make_bin(today, p)
        tilt_deg = self.baseline.tilt_deg.copy()
        if np.isnan(self.offset_deg):
            contact_ms, cadence_spm = float(new.contact_ms[0]), float(new.cadence_spm[0])
            found_deg = float(new.tilt_deg[0]) - self._expected(at, cadence_spm, contact_ms)[0]
            # lower by more than people stand differently: a tuck from the start
            self.offset_deg = found_deg if found_deg > -p.offset_most_deg else 0.0
            tilt_deg[: self._earlier] += self.offset_deg
        renewed = {name: getattr(self.baseline, name).copy() for name in ("strides", "rotation_deg", "travel_deg")}
        for name, values in renewed.items():
            values[at] = getattr(new, name)[0]
        self._set(replace(self.baseline, tilt_deg=tilt_deg, **renewed))
