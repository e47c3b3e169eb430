"""A runner's data at an earlier time of the session, which the cursor of the plots points at. Pure."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from untuck.coach.runner_data import DEPTHS, RunnerData
from untuck.model import Floats
from untuck.session.form_state import ACTIVITIES, State, Verdict
from untuck.session.pelvis_angles import LEAN, TILT
from untuck.vocabulary import Fault, Moving

MEAN_STRIDES = 6  # a number is the mean of so many strides, so that it changes slowly enough to be read
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
        trunk=bool(row["by_trunk"]),
        reason=row["reason"].decode(),
        **depths,
    )


def moving_at(runner: RunnerData, at_s: float) -> str:
    """How the wearer moved at a time."""
    before = [moving for time_s, moving in runner.movings if time_s <= at_s]
    return before[-1] if before else Moving.STANDING


def pose_at(runner: RunnerData, at_s: float) -> Floats:
    """Tilt, obliquity, rotation and lean (4,) at a time; long ago only means of a stride are known."""
    rows = runner.poses.between(at_s - 0.5, at_s)
    if len(rows):
        return np.asarray(rows[-1]["angles_deg"], dtype=np.float64)
    strides = runner.strides.between(at_s - ROW_HOLDS_S, at_s)
    if len(strides) == 0:
        return np.array([0.0, 0.0, 0.0, np.nan])
    return np.array([float(strides[-1]["tilt_deg"]), 0.0, 0.0, float(strides[-1]["trunk_lean_deg"])])


def in_finding(
    runner: RunnerData, time_s: Floats, faults: tuple[Fault, ...], trunk: bool | None = None
) -> NDArray[np.bool_]:
    """Which times (n,) lie in a finding of these faults. trunk: only those that a second clip has shown, or has not."""
    inside = np.zeros(len(time_s), dtype=bool)
    for finding in (*runner.findings, *runner.active.values()):
        if finding.fault in faults and trunk in (None, finding.trunk):
            inside |= (time_s >= finding.start_s) & ~(time_s > finding.end_s - 0.01)  # it ends with a good stride
    return inside


def means_at(runner: RunnerData, at_s: float) -> tuple[float, float]:
    """Tilt and lean of the trunk for the figure of the spine: means of the last strides, in standing of that moment.

    They change by as much within a stride as in a fault, so that only means show it.
    """
    at_s = min(at_s, runner.last_s)
    last = runner.strides.between(at_s - 2 * ROW_HOLDS_S, at_s)[-MEAN_STRIDES:]
    last = last[last["valid"]]
    if len(last) and moving_at(runner, at_s) == Moving.RUNNING:
        lean_deg = last["trunk_lean_deg"][np.isfinite(last["trunk_lean_deg"])]
        measured = len(lean_deg) and np.isfinite(last["trunk_lean_deg"][-1])
        return float(last["tilt_deg"].mean()), float(lean_deg.mean()) if measured else math.nan
    pose_deg = pose_at(runner, at_s)
    return float(pose_deg[TILT]), float(pose_deg[LEAN])


def state_at(runner: RunnerData, at_s: float) -> State:
    """The state at an earlier time of the session."""
    moving = moving_at(runner, at_s)
    if moving != Moving.RUNNING:
        return ACTIVITIES[moving]
    verdict = verdict_at(runner, at_s)
    return State.NOT_JUDGED if verdict is None else verdict.state
