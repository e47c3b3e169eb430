"""What the buttons, keys and lines of the window ask of the sessions, as calls of their control."""

from __future__ import annotations

from collections.abc import Callable

from untuck.coach.control import RunnerSlot, SessionControl
from untuck.session_commands import (
    TUNABLE,
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
)

_COMMANDS: dict[str, Callable[[str], SessionCommand]] = {  # by the button's name, from its value
    "calibrate": lambda value: Recalibrate(value == "on"),
    "baseline": lambda _: NewBaseline(),
    "zero": lambda _: SetZero(),
    "lap": lambda value: Lap(value),
    "mute": lambda value: Mute(value == "on"),
    "block": lambda value: CueBlock(value == "on"),
    "faults": lambda value: ChooseFaults(tuple(filter(None, value.split(",")))),
    "typed note": lambda value: Note(value),
}


def ask(control: SessionControl, slot: RunnerSlot | None, name: str, value: str) -> None:
    """Do what a button asks. slot: the runner in front, None without one; name, value: of the button."""
    for_all: dict[str, Callable[[], None]] = {
        "start": lambda: control.start(value),
        "find": control.find,
        "typed runner": lambda: control.new_runner(value),
    }
    if name in for_all:
        for_all[name]()
    elif slot is not None:
        _ask_runner(control, slot, name, value)


def _ask_runner(control: SessionControl, slot: RunnerSlot, name: str, value: str) -> None:
    if name == "stop":
        control.stop(slot)
    elif name == "report":
        control.report(slot)
    elif name == "sound":
        control.give_sound(slot)
    elif name == "blind":
        control.blind(slot, value == "on")
    elif name in TUNABLE:
        control.command(slot, SetThreshold(name, float(value)))
    else:
        control.command(slot, _COMMANDS[name](value))
