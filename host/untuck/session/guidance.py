"""Spoken guidance: which phrase follows an event, so that the runner needs no screen.

Stand, hinge, run for a baseline, run; check the clip; the effect of a key. Pure: events in, names of phrases out. The
words are in sound.phrases.
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
    """Tracks the next step of the runner. calibration, baseline: those saved by an earlier session, or None."""

    def __init__(self, params: Params, calibration: Calibration | None, baseline: Baseline | None) -> None:
        self._params = params
        self._check_pending = calibration is not None
        self._has_baseline = baseline is not None
        self._running = False

    def begin(self) -> str:
        """The first phrase."""
        return "stand"

    def take(self, event: Event) -> list[str]:
        """The phrases for an event, in order."""
        match event:
            case MovingChanged(moving=moving):
                self._running = moving == Moving.RUNNING
                return []
            case StandingFound():
                return ["hinge"]
            case StandingMeasured(standing=standing):
                return self._standing(standing)
            case Calibrated(calibration=calibration, zero_only=zero_only):
                return [] if zero_only else self._calibrated(calibration)  # a new zero has its phrase already
            case Rejected(what=what):
                return ["hinge again" if what == "hinges" else "baseline refused"]
            case Slipped():
                return ["check clip"]
            case BaselineTaken():
                self._has_baseline = True
                return ["baseline taken"]
            case CommandTaken(command=command):
                return self._after_key(command)
            case _:
                return []

    def _standing(self, standing: StandingCheck) -> list[str]:
        checked, self._check_pending = self._check_pending, False
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
                self._has_baseline = False
                return ["baseline"]
            case _:
                return []

    def _next(self) -> list[str]:
        if self._running:
            return []
        return ["ready"] if self._has_baseline else ["baseline"]
