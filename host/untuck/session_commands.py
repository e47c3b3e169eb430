"""Session commands of a runner or coach: one frozen dataclass for each kind, and their union.

A command takes effect after the sample at time_s (-inf: before the first), live and in every replay. `to_text` and
`from_text` convert commands to the (kind, value) texts of the session store and of exports, and back, with checks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from untuck.errors import SettingsError
from untuck.outside_text import printable
from untuck.vocabulary import form_faults

_MOST_SHOWN = 80  # characters of a rejected text in a message
# Thresholds of motion.params.Params that may change during a session, with the smallest and the largest value
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


@dataclass(frozen=True, kw_only=True)
class _Timed:
    """time_s: sensor time of the sample after which the command takes effect."""

    kind: ClassVar[str]
    time_s: float = -math.inf


@dataclass(frozen=True)
class Lap(_Timed):
    """Mark a lap; label: its name or ""."""

    kind = "lap"
    label: str = ""


@dataclass(frozen=True)
class Note(_Timed):
    """Add a note to the session."""

    kind = "note"
    text: str = ""


@dataclass(frozen=True)
class Mute(_Timed):
    """Suppress all cues while on."""

    kind = "mute"
    on: bool = True


@dataclass(frozen=True)
class CueBlock(_Timed):
    """Begin a block of the session with or without cues."""

    kind = "cues"
    cues: bool = True


@dataclass(frozen=True)
class ChooseFaults(_Timed):
    """Cue these faults only, of one clip and of two. Raises SettingsError for a fault that cannot be cued."""

    kind = "faults"
    faults: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        unknown = [fault for fault in self.faults if fault not in form_faults(trunk=True)]
        if unknown:
            raise SettingsError(
                f"{_short(unknown[0])} cannot be cued: name some of {', '.join(form_faults(trunk=True))}."
            )


@dataclass(frozen=True)
class SetThreshold(_Timed):
    """Change a threshold of TUNABLE. Raises SettingsError for another name or a value out of its range."""

    kind = "threshold"
    name: str
    value: float

    def __post_init__(self) -> None:
        if self.name not in TUNABLE:
            raise SettingsError(f"{_short(self.name)} cannot change in a session: one of {', '.join(TUNABLE)}.")
        low, high = TUNABLE[self.name]
        if not low <= self.value <= high:
            raise SettingsError(f"{self.name} {self.value:g} is out of range: {low:g} to {high:g}.")


@dataclass(frozen=True)
class NewBaseline(_Timed):
    """Take a new baseline from the next strides."""

    kind = "baseline"


@dataclass(frozen=True)
class SetZero(_Timed):
    """Set the zero at the next 5 s of standing."""

    kind = "zero"


@dataclass(frozen=True)
class Recalibrate(_Timed):
    """Look for standing and hinges again; off: stop looking and keep the calibration in use."""

    kind = "calibrate"
    on: bool = True


@dataclass(frozen=True)
class StaleData(_Timed):
    """Whether data come too late to cue; it follows from the packets, so it is not stored."""

    kind = "stale"
    on: bool = True


SessionCommand = (
    Lap | Note | Mute | CueBlock | ChooseFaults | SetThreshold | NewBaseline | SetZero | Recalibrate | StaleData
)


def to_text(command: SessionCommand) -> tuple[str, str]:
    """Kind and value of a command as texts."""
    match command:
        case Lap(label=text) | Note(text=text):
            return command.kind, text
        case Mute(on=on) | CueBlock(cues=on) | StaleData(on=on):
            return command.kind, "on" if on else "off"
        case ChooseFaults(faults=faults):
            return command.kind, ",".join(faults)
        case SetThreshold(name=name, value=value):
            return command.kind, f"{name}={value!r}"
        case Recalibrate(on=on):
            return command.kind, "" if on else "off"
        case NewBaseline() | SetZero():
            return command.kind, ""


def from_text(kind: str, value: str = "", time_s: float = -math.inf) -> SessionCommand:
    """The command that `to_text` wrote. Raises SettingsError for an unknown kind or a value that does not fit."""
    make = _FROM_TEXT.get(kind)
    if make is None:
        raise SettingsError(f"{_short(kind)} is no session command: use one of {', '.join(_FROM_TEXT)}.")
    return make(value, time_s)


def _short(text: str) -> str:
    """A text in quotes, cut where it is too long for a message."""
    return repr(printable(text, _MOST_SHOWN))


def _switch(value: str) -> bool:
    if value not in ("on", "off"):
        raise SettingsError(f"{_short(value)} is neither on nor off.")
    return value == "on"


def _no_value(value: str) -> None:
    if value:
        raise SettingsError(f"{_short(value)}: this command takes no value.")


def _faults(value: str, time_s: float) -> ChooseFaults:
    return ChooseFaults(tuple(name.strip() for name in value.split(",") if name.strip()), time_s=time_s)


def _threshold(value: str, time_s: float) -> SetThreshold:
    name, _, text = value.partition("=")
    try:
        number = float(text)
    except ValueError:
        if name.strip() in TUNABLE:
            raise SettingsError(f"{_short(value)} is no threshold: write {name}=NUMBER.") from None
        number = math.nan
    return SetThreshold(name.strip(), number, time_s=time_s)


def _baseline(value: str, time_s: float) -> NewBaseline:
    _no_value(value)
    return NewBaseline(time_s=time_s)


def _zero(value: str, time_s: float) -> SetZero:
    _no_value(value)
    return SetZero(time_s=time_s)


def _calibrate(value: str, time_s: float) -> Recalibrate:
    if value not in ("", "off"):
        raise SettingsError(f"{_short(value)}: this command takes no value but off.")
    return Recalibrate(value != "off", time_s=time_s)


_FROM_TEXT: dict[str, Callable[[str, float], SessionCommand]] = {
    "lap": lambda value, time_s: Lap(value, time_s=time_s),
    "note": lambda value, time_s: Note(value, time_s=time_s),
    "mute": lambda value, time_s: Mute(_switch(value), time_s=time_s),
    "cues": lambda value, time_s: CueBlock(_switch(value), time_s=time_s),
    "faults": _faults,
    "threshold": _threshold,
    "baseline": _baseline,
    "zero": _zero,
    "calibrate": _calibrate,
    "stale": lambda value, time_s: StaleData(_switch(value), time_s=time_s),
}
