"""Session commands in the analysis: applied behind the sample that each is stamped with.

Live and replay go through the same queue, so that a replay equals live to the bit. What may be asked for, and with
which values, is in session_commands.py; the effects are in the modules that are called here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from untuck.events import Event, Warned
from untuck.motion.form.judge import Judge
from untuck.motion.mount.tracker import Mounting
from untuck.motion.params import Params
from untuck.session_commands import (
    ChooseFaults,
    CueBlock,
    Lap,
    Mute,
    NewBaseline,
    Note,
    Recalibrate,
    SessionCommand,
    SetThreshold,
    SetZero,
    StaleData,
)
from untuck.vocabulary import cued_faults, trunk_cued_faults


def apply(
    command: SessionCommand, params: Params, judge: Judge, mountings: Sequence[Mounting], now_s: float
) -> tuple[Params, list[Event]]:
    """Carry out a command: the parameters from now on, and the events of it. Laps and notes change nothing.

    mountings: of each clip.
    """
    match command:
        case NewBaseline():
            return params, judge.rebase(now_s)
        case SetZero():
            for mounting in mountings:
                mounting.ask_zero()
        case Recalibrate(on=on):
            for mounting in mountings:
                mounting.ask_calibration(on)
        case Mute(on=on):
            judge.policy.muted = on
        case CueBlock(cues=cues):
            judge.policy.block = not cues
        case StaleData(on=on):
            judge.policy.stale = on
        case ChooseFaults(faults=faults):
            groups = cued_faults(), trunk_cued_faults()
            alone, with_trunk = (tuple(each for each in faults if each in group) for group in groups)
            params = replace(params, cue_faults=alone, cue_trunk_faults=with_trunk)
        case SetThreshold(name=name, value=value):
            changed = replace(params, **{name: value})  # type: ignore[arg-type]  # TUNABLE holds floats only
            if problem := _inconsistent(changed):
                return params, [Warned(now_s, f"{name} stays {getattr(params, name):g}: {problem}")]
            params = changed
        case Lap() | Note():
            pass
    judge.tune(params)
    return params, []


def _inconsistent(params: Params) -> str:
    """What is wrong between thresholds, "" if nothing: a finding must end at less than it begins with."""
    if params.tuck_off_deg >= params.tuck_on_deg:
        return "a tuck must end at less than it begins with."
    if params.pullback_off_deg >= params.pullback_on_deg:
        return "a pullback must end at less than it begins with."
    return "rigid must end at a larger range." if params.rigid_off_ratio <= params.rigid_on_ratio else ""


class CommandQueue:
    """Commands in order of time, each handed out once the samples have got that far."""

    def __init__(self) -> None:
        self._waiting: list[SessionCommand] = []

    def add(self, command: SessionCommand) -> None:
        """Take one in, behind those of the same time."""
        self._waiting.append(command)
        self._waiting.sort(key=lambda each: each.time_s)

    @property
    def next_s(self) -> float:
        """Time of the next one, infinite if there is none."""
        return self._waiting[0].time_s if self._waiting else math.inf

    def before(self, time_s: float) -> list[SessionCommand]:
        """Those that take effect before a sample at time_s."""
        due = [command for command in self._waiting if command.time_s < time_s]
        del self._waiting[: len(due)]
        return due
