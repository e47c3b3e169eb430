"""Scoring of an analysed run against its truth: hits, wrong sides, false findings, contacts, angles.

One function per question; the results are small dataclasses of counts or errors that can be summed over runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bench.lib.injections import InjectedFault
from bench.lib.semisynthetic import RunTruth
from untuck.model import RIGHT, Finding, Floats
from untuck.run_results import Run

GRACE_S = 3.0  # after a fault's end a decision still counts, because its strides were within the fault
CUE_GRACE_S = 30.0  # the same for a cue, which may be delayed by the cooldown
CUED = ("tuck", "pullback")
SETTLE_S = 15.0
BASELINE_STRIDES = 60
MATCH_S = 0.12  # largest distance of a found contact from its true one


@dataclass
class FaultScore:
    """One injected fault: hit or not, strides from onset to decision (NaN if missed), whether on the wrong side."""

    injected: InjectedFault
    hit: bool
    strides: float
    wrong_side: bool


def _during(finding: Finding, fault: InjectedFault) -> bool:
    return fault.start_s <= finding.decided_s <= fault.end_s + GRACE_S


def score_faults(run: Run, truth: RunTruth) -> list[FaultScore]:
    """Scores of the faults; a hit has the same fault and side and is decided from onset to 3 s after the end."""
    stride_s = float(np.median(truth.strides["duration_s"]))
    scores = []
    for fault in truth.faults:
        same = [f for f in run.findings if f.fault == fault.fault and _during(f, fault)]
        right_side = [f.decided_s for f in same if f.side == fault.side]
        at_once = [f for f in truth.faults if f.start_s < fault.end_s and fault.start_s < f.end_s]
        sides = {f.side for f in at_once if f.fault == fault.fault}
        strides = (min(right_side) - fault.start_s) / stride_s if right_side else float("nan")
        scores.append(FaultScore(fault, bool(right_side), strides, any(f.side not in sides for f in same)))
    return scores


def simple_tucks(run: Run) -> Floats:
    """Times in s of tucks by a simple rule on the same strides, as a peer of `score_faults`.

    8-stride median <= baseline - 4 deg in 8 of the last 10 strides; ends at baseline - 2.5 deg for 5 strides. The
    baseline is the median of the first 60 valid strides.
    """
    strides = run.strides[run.strides["valid"]]
    if len(strides) <= BASELINE_STRIDES:
        return np.zeros(0)
    tilt_deg = strides["tilt_deg"] - np.median(strides["tilt_deg"][:BASELINE_STRIDES])
    medians = np.array([np.median(tilt_deg[max(0, k - 7) : k + 1]) for k in range(len(tilt_deg))])
    decided, on = [], False
    for k in range(BASELINE_STRIDES, len(strides)):
        if not on and (medians[k - 9 : k + 1] <= -4.0).sum() >= 8:
            on = True
            decided.append(strides["start_s"][k] + strides["duration_s"][k])
        elif on and (medians[k - 4 : k + 1] >= -2.5).all():
            on = False
    return np.array(decided)


def score_simple_tuck(run: Run, truth: RunTruth) -> list[FaultScore]:
    """`score_faults` of the tucks, by the simple rule."""
    stride_s = float(np.median(truth.strides["duration_s"]))
    decided_s, scores = simple_tucks(run), []
    for fault in truth.faults:
        if fault.fault == "tuck":
            inside = decided_s[(decided_s >= fault.start_s) & (decided_s <= fault.end_s + GRACE_S)]
            strides = (inside[0] - fault.start_s) / stride_s if len(inside) else float("nan")
            scores.append(FaultScore(fault, len(inside) > 0, strides, False))
    return scores


@dataclass
class FalseScore:
    """Findings outside injected faults, counted by fault; cues for them; hours of running."""

    found: Counter[str] = field(default_factory=Counter)
    cues: int = 0
    hours: float = 0.0

    def add(self, other: FalseScore) -> None:
        """Add another run's to these."""
        self.found += other.found
        self.cues += other.cues
        self.hours += other.hours

    def per_hour(self, *faults: str) -> float:
        """False findings of these faults per hour of running."""
        return sum(self.found[fault] for fault in faults) / self.hours if self.hours else float("nan")


def score_false(run: Run, truth: RunTruth) -> FalseScore:
    """Findings and cues outside injected faults; a wrong side within a fault is counted by `score_faults` instead."""
    score = FalseScore(hours=float(np.diff(truth.running, axis=1).sum()) / 3600)
    for finding in run.findings:
        if not any(finding.fault == fault.fault and _during(finding, fault) for fault in truth.faults):
            score.found[finding.fault] += 1
    for cue in run.cues:
        expected = any(fault.start_s <= cue.time_s <= fault.end_s + CUE_GRACE_S for fault in truth.faults)
        score.cues += cue.fault in CUED and not expected
    return score


@dataclass
class ContactErrors:
    """Errors of matched contacts in ms; counts: true, missed, extra, with a side, with the correct side."""

    contact_ms: list[float] = field(default_factory=list)
    duration_ms: list[float] = field(default_factory=list)
    true: int = 0
    missed: int = 0
    extra: int = 0
    sided: int = 0
    right_side: int = 0

    def add(self, other: ContactErrors) -> None:
        """Add another recording's errors to these."""
        self.contact_ms += other.contact_ms
        self.duration_ms += other.duration_ms
        for name in ("true", "missed", "extra", "sided", "right_side"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


def score_contacts(
    found: NDArray[np.void], true: NDArray[np.void], from_s: float, to_s: float, sides: bool = True
) -> ContactErrors:
    """Match contacts between from_s and to_s one to one, each to the nearest within 120 ms."""
    errors = ContactErrors()
    true = true[(true["time_s"] >= from_s) & (true["time_s"] <= to_s)]
    errors.true = len(true)
    free = np.ones(len(found), bool)
    for contact in true:
        distance = np.where(free, np.abs(found["time_s"] - contact["time_s"]), np.inf)
        best = int(np.argmin(distance)) if len(found) else -1
        if best < 0 or distance[best] > MATCH_S:
            errors.missed += 1
            continue
        free[best] = False
        match = found[best]
        errors.contact_ms.append(1000 * float(match["time_s"] - contact["time_s"]))
        if np.isfinite(match["toe_off_s"]) and match["toe_off_s"] > match["time_s"]:
            length_s = match["toe_off_s"] - match["time_s"]
            errors.duration_ms.append(1000 * float(length_s - (contact["toe_off_s"] - contact["time_s"])))
        if sides and match["side"] != 0:
            errors.sided += 1
            errors.right_side += bool(match["side"] == contact["side"])
    inside = (found["time_s"] > from_s + MATCH_S) & (found["time_s"] < to_s - MATCH_S)
    errors.extra = int((free & inside).sum())
    return errors


def true_strides(contacts: NDArray[np.void], from_s: float, to_s: float) -> int:
    """Number of strides, right contact to right contact, that start and end between the two times."""
    right = contacts["time_s"][
        (contacts["side"] == RIGHT) & (contacts["time_s"] >= from_s) & (contacts["time_s"] <= to_s)
    ]
    return max(0, len(right) - 1)


def stride_means(time_s: Floats, values: Floats, start_s: Floats, duration_s: Floats) -> Floats:
    """(n,) mean of `values` over each stride, by the trapezoidal rule; gaps are interpolated."""
    middle = (values[1:] + values[:-1]) / 2
    area = np.concatenate([[0.0], np.cumsum(middle * np.diff(time_s))])
    return (np.interp(start_s + duration_s, time_s, area) - np.interp(start_s, time_s, area)) / duration_s


def tilt_errors(start_s: Floats, tilt_deg: Floats, truth: RunTruth) -> tuple[Floats, Floats]:
    """(n,) error of stride tilt in degrees, and of its change from the run's first 60 matched strides.

    The first 15 s of running are left out: the runner accelerates, which an inclinometer measures as tilt.
    """
    nearest = np.clip(np.searchsorted(truth.strides["start_s"], start_s - 0.15), 0, len(truth.strides) - 1)
    near = np.abs(truth.strides["start_s"][nearest] - start_s) < 0.15
    for begins_s in truth.running[:, 0]:
        near &= (start_s < begins_s) | (start_s >= begins_s + SETTLE_S)
    error = (tilt_deg - truth.strides["tilt_deg"][nearest])[near]
    if len(error) <= BASELINE_STRIDES:
        return error, np.zeros(0)
    return error, error[BASELINE_STRIDES:] - error[:BASELINE_STRIDES].mean()


def rms(values: Iterable[float] | Floats) -> float:
    """Root mean square; NaN without values."""
    array = np.asarray(list(values) if not isinstance(values, np.ndarray) else values, dtype=float)
    return float(np.sqrt(np.mean(array**2))) if len(array) else float("nan")
