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
    TrunkCalibrated,
    TrunkChanged,
)
from untuck.model import Baseline, Calibration, StandingCheck
from untuck.motion.params import Params
from untuck.session_commands import Lap, Mute, NewBaseline, Recalibrate, SessionCommand, SetZero
from untuck.vocabulary import Moving, Role

_REJECTED = {"hinges": "hinge again", "back": "hinge straight", "baseline": "baseline refused", "places": "swapped"}


class Guide:
    """Tracks the next step of the runner.

    calibration, baseline: those saved by an earlier session, or None; trunk_calibration: that of a second clip, whose
    hinges are awaited too as soon as it sends samples.
    """

    def __init__(
        self,
        params: Params,
        calibration: Calibration | None,
        baseline: Baseline | None,
        trunk_calibration: Calibration | None = None,
    ) -> None:
        self._params = params
        self._check_pending = calibration is not None
        self._hinged = calibration is not None
        self._trunk = False  # its samples come
        self._trunk_hinged = trunk_calibration is not None
        self._trunk_rejected = False
        self._round_back = False  # the next calibration is of hinges that are repeated
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
            case TrunkCalibrated(calibration=calibration, zero_only=zero_only):
                return [] if zero_only else self._trunk_calibrated(calibration)
            case TrunkChanged(present=present):
                self._trunk = present
                return []
            case Rejected(what="trunk hinges"):
                return self._trunk_is_rejected()
            case Rejected(what=what):
                return self._rejected(what)
            case Slipped(role=role):
                return ["check trunk" if role == Role.TRUNK else "check clip"]
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
            self._hinged = False
            return ["moved"]
        if checked and not standing.zeroed:
            return ["reused", *self._next()]
        if standing.zeroed:
            return ["zeroed", *(self._next() if checked else [])]
        return ["hinge trunk"] if self._trunk_lacks else []  # they stand again after the hinges, and one clip has none

    def _calibrated(self, calibration: Calibration) -> list[str]:
        if calibration.source != "stand+hinges" or self._is_repeated():
            return []
        self._hinged = True
        if self._trunk_lacks:  # which mostly has its own in the next moment
            return ["hinge trunk"] if self._trunk_rejected else []
        return ["calibrated", *self._next()]

    def _trunk_calibrated(self, calibration: Calibration) -> list[str]:
        if calibration.source != "stand+hinges" or self._is_repeated():
            return []
        self._trunk_hinged, self._trunk_rejected = True, False
        return ["calibrated", *self._next()] if self._hinged else []

    @property
    def _trunk_lacks(self) -> bool:
        """Whether only hinges of the second clip are awaited."""
        return self._hinged and self._trunk and not self._trunk_hinged and not self._running

    def _trunk_is_rejected(self) -> list[str]:
        self._trunk_hinged, self._trunk_rejected = False, True
        return ["hinge trunk"] if self._trunk_lacks and not self._check_pending else []

    def _rejected(self, what: str) -> list[str]:
        if what in ("hinges", "back"):
            self._hinged = self._trunk_rejected = False
            self._trunk_hinged = self._trunk_hinged and what == "hinges"
            self._round_back = what == "back"
        return [_REJECTED[what]]

    def _is_repeated(self) -> bool:
        repeated, self._round_back = self._round_back, False
        return repeated

    def _after_key(self, command: SessionCommand) -> list[str]:
        match command:
            case Lap():
                return ["lap"]
            case Mute(on=on):
                return ["cues off" if on else "cues on"]
            case SetZero():
                return ["stand"]
            case Recalibrate(on=True):
                self._hinged = self._trunk_hinged = False
                return ["stand"]
            case NewBaseline():
                self._has_baseline = False
                return ["baseline"]
            case _:
                return []

    def _next(self) -> list[str]:
        if self._running:
            return []
        if self._trunk_lacks:
            return ["hinge trunk"]
        return ["ready"] if self._has_baseline else ["baseline"]
