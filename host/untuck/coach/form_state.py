"""A runner's form as one value, from which banner, big number, colours and advice all follow.

Pure: takes a runner's data. What the judge compares a stride with comes with the stride, so that the window cannot
decide otherwise than the cues do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from untuck.coach.runner_data import RunnerData
from untuck.model import LEFT, RIGHT, Finding
from untuck.vocabulary import Fault, priority

UNJUDGED_STRIDES = 3  # in a row before the state says so
CHANGING_STRIDES = 3
MEAN_STRIDES = 6  # a number is the mean of so many strides, so that it changes slowly enough to be read


class Form(StrEnum):
    """What can be said of a runner's form now."""

    NO_BASELINE = "no baseline"
    NOT_JUDGED = "not judged"
    GOOD = "good"
    CHANGING = "changing"  # beyond what is found if it lasts, but it has not lasted yet
    FAULT = "fault"
    EASING = "easing"  # a fault that is being corrected


@dataclass(frozen=True)
class FormState:
    """form, and the finding that it is about, None without one; others: further active findings.

    against_deg: tilt minus what is usual at this pace, mean over MEAN_STRIDES; pullback_deg: left and right; NaN where
    unknown. fault: what is changing, "" otherwise, with its side.
    """

    form: Form
    finding: Finding | None = None
    others: int = 0
    against_deg: float = math.nan
    pullback_deg: tuple[float, float] = (math.nan, math.nan)
    fault: str = ""
    side: int = 0


def form_of(runner: RunnerData) -> FormState:
    """The form of a runner who is running."""
    last = runner.strides.all[-MEAN_STRIDES:]
    last = last[last["judged"]]
    against_deg = _mean(last["tilt_deg"] - last["tilt_usual_deg"])
    pullback_deg = _mean(last["pullback_left_deg"]), _mean(last["pullback_right_deg"])
    active = sorted(runner.active.values(), key=lambda finding: priority(finding.fault))
    if active:
        pressing = [finding for finding in active if finding.id not in runner.snapshot.easing]
        form = Form.FAULT if pressing else Form.EASING
        shown = (pressing or active)[0]
        return FormState(form, shown, len(active) - 1, against_deg, pullback_deg, shown.fault, shown.side)
    if runner.baseline is None:
        return FormState(Form.NO_BASELINE)
    if runner.unjudged >= UNJUDGED_STRIDES or len(last) == 0:
        return FormState(Form.NOT_JUDGED)
    fault, side = _changing(runner, last[-CHANGING_STRIDES:])
    return FormState(Form.CHANGING if fault else Form.GOOD, None, 0, against_deg, pullback_deg, fault, side)


def _changing(runner: RunnerData, newest: np.ndarray) -> tuple[str, int]:
    """The fault that the newest strides would be if it lasted, with its side; "" for none."""
    if _mean(newest["tilt_usual_deg"] - newest["tilt_deg"]) >= runner.least_deg("tuck_least_deg"):
        return Fault.TUCK, 0
    for side, name in ((LEFT, "pullback_left_deg"), (RIGHT, "pullback_right_deg")):
        if _mean(newest[name]) >= runner.least_deg("pullback_least_deg"):
            return Fault.PULLBACK, side
    return "", 0


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else math.nan
