"""Which spoken phrase a session's events call for, so that a runner gets through it without looking at a screen.

Stand, hinge, run for a baseline, run; check the clip; the effect of a key. Pure: events in, names of phrases out.
Owns the order of a session as the runner hears it; the words are in sound.phrases.
"""

from __future__ import annotations

from untuck.events import (
    BaselineTaken,
    Calibrated,
    CommandTaken,
    Event,
    MovingChanged,
    Rejected,
    Slipped,
    StandingFound,
    StandingMeasured,
)
from untuck.model import Baseline, Calibration, StandingCheck
from untuck.motion.params import Params
from untuck.session_commands import Lap, Mute, NewBaseline, Recalibrate, SessionCommand, SetZero
from untuck.vocabulary import Moving


class Guide:
    """Follows what the runner has still to do. calibration, baseline: those kept from earlier, None without."""

    def __init__(self, params: Params, calibration: Calibration | None, baseline: Baseline | None) -> None:
        self._params = params
        self._to_check = calibration is not None
        self._baseline = baseline is not None
        self._running = False

    def begin(self) -> str:
        """The first phrase."""
        return "stand"

    def take(self, event: Event) -> list[str]:
        """Phrases that an event calls for, in order."""
        match event:
            case MovingChanged(moving=moving):
                self._running = moving == Moving.RUNNING
                return []
            case StandingFound():
                return ["hinge"]
            case StandingMeasured(standing=standing):
                return self._standing(standing)
            case Calibrated(calibration=calibration, zero_only=zero_only):
                return [] if zero_only else self._calibrated(calibration)  # a new zero was said already
            case Rejected(what=what):
                return ["hinge again" if what == "hinges" else "baseline refused"]
            case Slipped():
                return ["check clip"]
            case BaselineTaken():
                self._baseline = True
                return ["baseline taken"]
            case CommandTaken(command=command):
                return self._after_key(command)
            case _:
                return []

    def _standing(self, standing: StandingCheck) -> list[str]:
        checked, self._to_check = self._to_check, False
        if checked and standing.difference_deg > self._params.reuse_zero_max_deg:
            return ["moved"]
        if checked and not standing.zeroed:
            return ["reused", *self._next()]
        if standing.zeroed:
            return ["zeroed", *(self._next() if checked else [])]
        return []

    def _calibrated(self, calibration: Calibration) -> list[str]:
        return ["calibrated", *self._next()] if calibration.source == "stand+hinges" else []

    def _after_key(self, command: SessionCommand) -> list[str]:
        match command:
            case Lap():
                return ["lap"]
            case Mute(on=on):
                return ["cues off" if on else "cues on"]
            case SetZero() | Recalibrate(on=True):
                return ["stand"]
            case NewBaseline():
                self._baseline = False
                return ["baseline"]
            case _:
                return []

    def _next(self) -> list[str]:
        if self._running:
            return []
        return ["ready"] if self._baseline else ["baseline"]
