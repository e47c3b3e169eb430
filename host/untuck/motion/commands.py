"""Steering: what is asked for during a session, checked when it is asked, applied behind the sample it is stamped with.

Live and replay go through the same queue, so that a replay equals live to the bit. What may be asked for, and with
which values, is decided here; what it does is in the modules that it steers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from untuck.errors import SettingsError
from untuck.model import Steer
from untuck.motion.form.cues import PRIORITY
from untuck.motion.form.judge import Judge, News
from untuck.motion.mount.tracker import Mounting
from untuck.motion.params import Params

# Thresholds that may change while the session runs, with the least and the most that makes sense
TUNABLE: dict[str, tuple[float, float]] = {
    "tuck_on_deg": (1.0, 15.0),
    "tuck_off_deg": (0.5, 15.0),
    "pullback_on_deg": (1.0, 15.0),
    "pullback_off_deg": (0.5, 15.0),
    "rigid_on_ratio": (0.1, 0.9),
    "rigid_off_ratio": (0.1, 1.0),
    "cue_cooldown_s": (5.0, 600.0),
    "cue_gap_s": (1.0, 60.0),
}
_SWITCH = ("on", "off")


def check(steer: Steer) -> None:
    """Raises SettingsError if this cannot be asked for, saying what can."""
    rule = _RULES.get(steer.kind)
    if rule is None:
        raise SettingsError(f"{steer.kind!r} cannot be asked for in a session: one of {', '.join(_RULES)}.")
    rule(steer.value)


def apply(steer: Steer, params: Params, judge: Judge, mounting: Mounting, now_s: float) -> tuple[Params, News]:
    """Do what is asked for; the parameters from now on, and what comes of it. Laps and notes change nothing."""
    if steer.kind == "baseline":
        return params, judge.rebase(now_s)
    if steer.kind == "zero":
        mounting.ask_zero()
    elif steer.kind == "calibrate":
        mounting.ask_calibration(steer.value != "off")
    elif steer.kind == "mute":
        judge.policy.muted = steer.value == "on"
    elif steer.kind == "cues":
        judge.policy.block = steer.value == "off"
    elif steer.kind == "stale":
        judge.policy.stale = steer.value == "on"
    elif steer.kind == "faults":
        params = replace(params, cue_faults=faults_of(steer.value))
    elif steer.kind == "threshold":
        name, number = threshold_of(steer.value)
        changed = replace(params, **{name: number})  # type: ignore[arg-type]  # TUNABLE holds floats only
        if problem := _inconsistent(changed):
            return params, [("warning", f"{name} stays {getattr(params, name):g}: {problem}")]
        params = changed
    judge.tune(params)
    return params, []


def faults_of(value: str) -> tuple[str, ...]:
    """The faults in "tuck,pullback"; none in "". Raises SettingsError for one that cannot be cued."""
    faults = tuple(name.strip() for name in value.split(",") if name.strip())
    unknown = [name for name in faults if name not in PRIORITY]
    if unknown:
        raise SettingsError(f"{unknown[0]!r} cannot be cued: name some of {', '.join(PRIORITY)}.")
    return faults


def threshold_of(value: str) -> tuple[str, float]:
    """Name and number in "tuck_on_deg=3.2". Raises SettingsError for what cannot change in a session."""
    name, _, text = value.partition("=")
    name = name.strip()
    if name not in TUNABLE:
        raise SettingsError(f"{name!r} cannot change in a session: one of {', '.join(TUNABLE)}.")
    low, high = TUNABLE[name]
    try:
        number = float(text)
    except ValueError:
        raise SettingsError(f"{value!r} is no threshold: write {name}=NUMBER.") from None
    if not low <= number <= high:
        raise SettingsError(f"{name} {number:g} is out of range: {low:g} to {high:g}.")
    return name, number


def _inconsistent(params: Params) -> str:
    """What is wrong between thresholds, "" if nothing: a finding must end at less than it begins with."""
    if params.tuck_off_deg >= params.tuck_on_deg:
        return "a tuck must end at less than it begins with."
    if params.pullback_off_deg >= params.pullback_on_deg:
        return "a pullback must end at less than it begins with."
    return "rigid must end at a larger range." if params.rigid_off_ratio <= params.rigid_on_ratio else ""


class SteerQueue:
    """Steers in order of time, each handed out once the samples have got so far."""

    def __init__(self) -> None:
        self._waiting: list[Steer] = []

    def add(self, steer: Steer) -> None:
        """Take one in, behind those of the same time."""
        self._waiting.append(steer)
        self._waiting.sort(key=lambda each: each.time_s)

    @property
    def next_s(self) -> float:
        """Time of the next one, infinite if there is none."""
        return self._waiting[0].time_s if self._waiting else math.inf

    def before(self, time_s: float) -> list[Steer]:
        """Those that take effect before a sample at time_s."""
        due = [steer for steer in self._waiting if steer.time_s < time_s]
        del self._waiting[: len(due)]
        return due


def _anything(_value: str) -> None:
    """Any text will do."""


def _switch(value: str) -> None:
    if value not in _SWITCH:
        raise SettingsError(f"{value!r} is neither on nor off.")


def _nothing(value: str) -> None:
    if value:
        raise SettingsError(f"{value!r}: nothing is to be said with this.")


def _nothing_or_off(value: str) -> None:
    if value not in ("", "off"):
        raise SettingsError(f"{value!r} is not off, and nothing else is to be said with this.")


def _faults(value: str) -> None:
    faults_of(value)


def _threshold(value: str) -> None:
    threshold_of(value)


_RULES: dict[str, Callable[[str], None]] = {
    "lap": _anything,
    "note": _anything,
    "mute": _switch,
    "cues": _switch,
    "faults": _faults,
    "threshold": _threshold,
    "baseline": _nothing,
    "zero": _nothing,
    "calibrate": _nothing_or_off,
    "stale": _switch,
}
