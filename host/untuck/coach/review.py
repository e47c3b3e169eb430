"""A runner's data at an earlier time of the session, which the cursor of the plots points at. Pure."""

from __future__ import annotations

import numpy as np

from untuck.coach.runner_data import ACTIVITIES, DEPTHS, RunnerData
from untuck.coach.verdict import State, Verdict
from untuck.model import Floats
from untuck.vocabulary import Moving

ROW_HOLDS_S = 3.0  # so long after its end a stride says how the runner runs


def verdict_at(runner: RunnerData, at_s: float) -> Verdict | None:
    """The judge's word on the stride at a time; None if there was none."""
    rows = runner.strides.between(at_s - ROW_HOLDS_S, at_s)
    if len(rows) == 0:
        return None
    row = rows[-1]
    depths = {name: float(row[name]) for name in DEPTHS}
    return Verdict(
        state=State(int(row["state"])),
        fault=row["fault"].decode(),
        side=int(row["side"]),
        others=int(row["others"]),
        reason=row["reason"].decode(),
        **depths,
    )


def moving_at(runner: RunnerData, at_s: float) -> str:
    """How the wearer moved at a time."""
    before = [moving for time_s, moving in runner.movings if time_s <= at_s]
    return before[-1] if before else Moving.STANDING


def pose_at(runner: RunnerData, at_s: float) -> Floats:
    """Tilt, obliquity and rotation (3,) at a time; long ago only the stride's mean tilt is known."""
    rows = runner.poses.between(at_s - 0.5, at_s)
    if len(rows):
        return np.asarray(rows[-1]["angles_deg"], dtype=np.float64)
    strides = runner.strides.between(at_s - ROW_HOLDS_S, at_s)
    return np.array([float(strides[-1]["tilt_deg"]) if len(strides) else 0.0, 0.0, 0.0])


def state_at(runner: RunnerData, at_s: float) -> State:
    """The state at an earlier time of the session."""
    moving = moving_at(runner, at_s)
    if moving != Moving.RUNNING:
        return ACTIVITIES[moving]
    verdict = verdict_at(runner, at_s)
    return State.NOT_JUDGED if verdict is None else verdict.state
