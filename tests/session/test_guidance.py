"""Spoken guidance, event by event, and the commands of keys."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import deque
from dataclasses import replace
from types import ModuleType
from typing import cast

import pytest

from untuck.cli.views.keys import Keys, listening
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
from untuck.model import Baseline, StandingCheck
from untuck.motion.mount.calibration import nominal
from untuck.motion.params import Params
from untuck.session.guidance import Guide
from untuck.session_commands import Lap, Mute, NewBaseline, Note, SessionCommand, SetZero
from untuck.sound.phrases import phrases
from untuck.vocabulary import Moving

HINGED = replace(nominal(), source="stand+hinges")
BASELINE = cast(Baseline, object())
ZEROED = Calibrated(1.0, HINGED, zero_only=True)


def phrases_of(guide: Guide, *events: Event) -> list[str]:
    spoken = [phrase for event in events for phrase in guide.take(event)]
    assert set(spoken) <= set(phrases())
    return spoken


def standing(difference_deg: float, zeroed: bool = False) -> Event:
    return StandingMeasured(1.0, StandingCheck(1.0, difference_deg, 0.0, 0.0, zeroed))


def taken(command: SessionCommand) -> Event:
    return CommandTaken(1.0, command)


def test_the_first_session_of_a_runner() -> None:
    guide = Guide(Params(), None, None)
    assert guide.begin() == "stand"
    assert phrases_of(guide, StandingFound(1.0), Rejected(1.0, "hinges"), Calibrated(1.0, HINGED)) == [
        *("hinge", "hinge again", "calibrated", "baseline")
    ]
    running = [MovingChanged(1.0, Moving.RUNNING), Rejected(1.0, "baseline"), BaselineTaken(1.0, BASELINE)]
    assert phrases_of(guide, *running) == ["baseline refused", "baseline taken"]
    assert phrases_of(guide, Slipped(1.0, 5.0), MovingChanged(1.0, Moving.STANDING), standing(5.0, True), ZEROED) == [
        *("check clip", "zeroed")
    ]


@pytest.mark.parametrize(
    ("difference_deg", "zeroed", "phrases"),
    [(1.0, False, ["reused", "ready"]), (4.0, True, ["zeroed", "ready"]), (9.0, True, ["moved"])],
)
def test_a_saved_calibration_is_checked(difference_deg: float, zeroed: bool, phrases: list[str]) -> None:
    guide = Guide(Params(), HINGED, BASELINE)
    events = [standing(difference_deg, zeroed), *([ZEROED] if zeroed else [])]
    assert phrases_of(guide, *events) == phrases
    if difference_deg > 6.0:
        assert phrases_of(guide, StandingFound(1.0), Calibrated(1.0, HINGED)) == ["hinge", "calibrated", "ready"]


def test_keys_have_phrases() -> None:
    guide = Guide(Params(), HINGED, BASELINE)
    given = [Mute(True), Mute(False), Lap("button"), SetZero()]
    assert phrases_of(guide, *map(taken, given)) == ["cues off", "cues on", "lap", "stand"]
    assert phrases_of(guide, taken(Note("hot")), taken(NewBaseline())) == ["baseline"]


def pressed() -> tuple[Keys, list[object]]:
    given: list[object] = []
    return Keys(given.append, lambda: given.append("finish")), given


def test_keys_give_their_commands() -> None:
    keys, given = pressed()
    for key in "bmMlz?q":
        keys.press(key)
    assert given == [NewBaseline(), Mute(True), Mute(False), Lap(), SetZero(), "finish"]


async def test_keys_come_from_the_terminal_which_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    pty = pytest.importorskip("pty")  # not on Windows
    termios = pytest.importorskip("termios")  # not on Windows
    ours, theirs = pty.openpty()
    keys, given = pressed()
    with os.fdopen(theirs, "r") as terminal:
        monkeypatch.setattr("sys.stdin", terminal)
        before = termios.tcgetattr(theirs)
        with listening(keys):
            os.write(ours, b"lq")
            async with asyncio.timeout(60):
                while len(given) < 2:
                    await asyncio.sleep(0.01)
        assert given == [Lap(), "finish"]
        assert termios.tcgetattr(theirs) == before
    os.close(ours)


class Console(ModuleType):
    """Windows' msvcrt, with keys that were pressed."""

    def __init__(self, pressed: str) -> None:
        super().__init__("msvcrt")
        self.waiting = deque(pressed)
        self.asked = 0

    def kbhit(self) -> bool:
        self.asked += 1
        return bool(self.waiting)

    def getwch(self) -> str:
        return self.waiting.popleft()


async def test_keys_come_from_the_console_of_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    pty = pytest.importorskip("pty")  # not on Windows
    keys, given = pressed()
    console = Console("l\xe0H?")  # l, the upper arrow, a key without a meaning
    monkeypatch.setitem(sys.modules, "msvcrt", console)
    ours, theirs = pty.openpty()
    with os.fdopen(theirs) as terminal:
        monkeypatch.setattr("sys.stdin", terminal)
        with listening(keys):
            async with asyncio.timeout(60):
                while console.waiting:
                    await asyncio.sleep(0.01)
                console.waiting.extend("Z\x03")
                while "finish" not in given:
                    await asyncio.sleep(0.01)
        asked = console.asked
        await asyncio.sleep(0.2)
        assert console.asked == asked  # the console is not asked after the session
    os.close(ours)
    assert given == [Lap(), SetZero(), "finish"]
