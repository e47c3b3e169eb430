"""The events of the pipeline: one frozen dataclass for each kind, and their union.

Every event has the sensor time in seconds at which it was known, and at most one payload. `kind` is its name in JSON.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal

import numpy as np

from untuck.model import Baseline, Calibration, Cue, Finding, Floats, StandingCheck, SuppressedCue
from untuck.session_commands import SessionCommand
from untuck.vocabulary import Moving, Role


@dataclass(frozen=True, slots=True)
class _Timed:
    """Sensor time in seconds at which the event was known, and its payload as `value`, for JSON."""

    kind: ClassVar[str]
    time_s: float

    @property
    def value(self) -> Any:
        """The payload, under its own name in each event; None for an event without one."""
        names = [each.name for each in fields(self)]
        return getattr(self, names[1]) if len(names) > 1 else None


@dataclass(frozen=True, slots=True)
class Calibrated(_Timed):
    """A new calibration is in use; zero_only: the mount is the same and only its zero was set again."""

    kind = "calibrated"
    calibration: Calibration
    zero_only: bool = False


@dataclass(frozen=True, slots=True)
class TrunkCalibrated(_Timed):
    """A new calibration of the clip on the upper back is in use; zero_only: as of `Calibrated`."""

    kind = "trunk calibrated"
    calibration: Calibration
    zero_only: bool = False


@dataclass(frozen=True, slots=True)
class TrunkChanged(_Timed):
    """Samples of the clip on the upper back have begun, or have stopped."""

    kind = "trunk"
    present: bool


@dataclass(frozen=True, slots=True)
class BaselineTaken(_Timed):
    """A baseline was taken in this session."""

    kind = "baseline"
    baseline: Baseline


@dataclass(frozen=True, slots=True)
class BaselineExtended(_Timed):
    """The baseline now holds another pace, learnt from strides of this session."""

    kind = "baseline extended"
    baseline: Baseline


@dataclass(frozen=True, slots=True)
class MovingChanged(_Timed):
    """The wearer now stands, walks or runs."""

    kind = "state"
    moving: Moving


@dataclass(frozen=True, slots=True)
class ContactFound(_Timed):
    """A foot contact: a CONTACT_DTYPE record."""

    kind = "contact"
    contact: np.void


@dataclass(frozen=True, slots=True)
class StrideMeasured(_Timed):
    """A stride: a STRIDE_DTYPE record; curves_rad (3, phases): tilt, obliquity and rotation through it, for display."""

    kind = "stride"
    stride: np.void
    curves_rad: Floats


@dataclass(frozen=True, slots=True)
class FindingChanged(_Timed):
    """A finding begins (end_s is NaN) or has ended."""

    kind = "finding"
    finding: Finding


@dataclass(frozen=True, slots=True)
class CueDecided(_Timed):
    """A cue sounds now."""

    kind = "cue"
    cue: Cue


@dataclass(frozen=True, slots=True)
class CueSuppressed(_Timed):
    """A cue was due but is suppressed, with the reason."""

    kind = "suppressed"
    cue: SuppressedCue


@dataclass(frozen=True, slots=True)
class StandingMeasured(_Timed):
    """Standing still was measured again after calibration."""

    kind = "standing"
    standing: StandingCheck


@dataclass(frozen=True, slots=True)
class StandingFound(_Timed):
    """The search for a calibration has found standing and now waits for hinges."""

    kind = "still"


@dataclass(frozen=True, slots=True)
class Rejected(_Timed):
    """Something was not good enough; a Warned event has the reason.

    what: the hinges as the pelvis's clip has seen them, those of the trunk's clip, the back that bent in them, a
    baseline, or the places of two clips.
    """

    kind = "rejected"
    what: Literal["hinges", "trunk hinges", "back", "baseline", "places"]


@dataclass(frozen=True, slots=True)
class Slipped(_Timed):
    """A clip has slipped, by step_deg degrees; role: which one."""

    kind = "slipped"
    step_deg: float
    role: Role = Role.PELVIS


@dataclass(frozen=True, slots=True)
class CommandTaken(_Timed):
    """A session command has taken effect."""

    kind = "command"
    command: SessionCommand


@dataclass(frozen=True, slots=True)
class Warned(_Timed):
    """A message for the user: what is wrong and what to do."""

    kind = "warning"
    text: str


Event = (
    Calibrated
    | TrunkCalibrated
    | TrunkChanged
    | BaselineTaken
    | BaselineExtended
    | MovingChanged
    | ContactFound
    | StrideMeasured
    | FindingChanged
    | CueDecided
    | CueSuppressed
    | StandingMeasured
    | StandingFound
    | Rejected
    | Slipped
    | CommandTaken
    | Warned
)
