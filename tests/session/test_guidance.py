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
    TrunkCalibrated,
    TrunkChanged,
)
from untuck.model import Baseline, StandingCheck
from untuck.motion.mount.calibration import nominal
from untuck.motion.params import Params
from untuck.session.calibration_watch import CalibrationWatch
from untuck.session.guidance import Guide
from untuck.session_commands import Lap, Mute, NewBaseline, Note, SessionCommand, SetZero
from untuck.sound.phrases import phrases
from untuck.vocabulary import Moving, Role

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


TRUNK_HERE, TRUNK_HINGED = TrunkChanged(0.1, True), TrunkCalibrated(1.0, HINGED)


@pytest.mark.parametrize("trunk_first", [False, True])
def test_both_clips_are_calibrated_before_the_runner_is_sent_off(trunk_first: bool) -> None:
    guide = Guide(Params(), None, None)
    hinged: list[Event] = [Calibrated(1.0, HINGED), TRUNK_HINGED]
    events = [TRUNK_HERE, StandingFound(1.0), *(reversed(hinged) if trunk_first else hinged)]
    assert phrases_of(guide, *events) == ["hinge", "calibrated", "baseline"]


def test_the_clip_whose_hinges_were_not_good_is_named() -> None:
    guide = Guide(Params(), None, None)
    events = [TRUNK_HERE, StandingFound(1.0), Rejected(1.0, "trunk hinges"), Calibrated(1.0, HINGED)]
    assert phrases_of(guide, *events) == ["hinge", "hinge trunk"]
    assert phrases_of(guide, Rejected(2.0, "trunk hinges"), TRUNK_HINGED) == ["hinge trunk", "calibrated", "baseline"]
    guide = Guide(Params(), None, None)
    events = [TRUNK_HERE, StandingFound(1.0), TRUNK_HINGED, Rejected(1.0, "hinges"), Calibrated(1.0, HINGED)]
    assert phrases_of(guide, *events) == ["hinge", "hinge again", "calibrated", "baseline"]
    guide = Guide(Params(), None, None)
    events = [TRUNK_HERE, StandingFound(1.0), Calibrated(1.0, HINGED), standing(0.2)]  # the trunk's has seen too few
    assert phrases_of(guide, *events) == ["hinge", "hinge trunk"]


def test_hinges_with_a_round_back_are_repeated_by_both() -> None:
    guide = Guide(Params(), None, None)
    first = [TRUNK_HERE, StandingFound(1.0), Calibrated(1.0, HINGED), Rejected(1.0, "back"), TRUNK_HINGED]
    assert phrases_of(guide, *first) == ["hinge", "hinge straight"]
    again = [StandingFound(2.0), TRUNK_HINGED, Calibrated(2.0, HINGED)]
    assert phrases_of(guide, *again) == ["hinge", "calibrated", "baseline"]


def test_a_second_clip_that_sends_nothing_is_not_waited_for() -> None:
    guide = Guide(Params(), None, None)
    events = [TRUNK_HERE, StandingFound(1.0), TrunkChanged(2.0, False), Calibrated(3.0, HINGED)]
    assert phrases_of(guide, *events) == ["hinge", "calibrated", "baseline"]


def test_a_saved_calibration_of_the_trunk_alone_can_be_out_of_date() -> None:
    guide = Guide(Params(), HINGED, BASELINE, HINGED)
    assert phrases_of(guide, TRUNK_HERE, standing(0.5)) == ["reused", "ready"]
    assert phrases_of(guide, Rejected(1.0, "trunk hinges"), TRUNK_HINGED) == ["hinge trunk", "calibrated", "ready"]
    guide = Guide(Params(), HINGED, BASELINE)
    assert phrases_of(guide, TRUNK_HERE, standing(0.5), TRUNK_HINGED) == [
        "reused",
        "hinge trunk",
        "calibrated",
        "ready",
    ]


def test_swapped_clips_and_a_slip_of_the_trunk_are_spoken() -> None:
    guide = Guide(Params(), HINGED, BASELINE, HINGED)
    events = [Rejected(1.0, "places"), Slipped(2.0, 5.0, Role.TRUNK), Slipped(3.0, 5.0)]
    assert phrases_of(guide, *events) == ["swapped", "check trunk", "check clip"]


def test_calibrating_ends_once_every_clip_has_seen_hinges() -> None:
    both = CalibrationWatch(trunk=True)
    partial = TrunkCalibrated(1.0, replace(nominal(), source="stand"))
    assert [both(event) for event in (Calibrated(1.0, HINGED), partial, TRUNK_HINGED)] == [False, False, True]
    assert both.missing == () and set(both.found) == set(Role)
    both = CalibrationWatch(trunk=True)
    round_back = [Calibrated(1.0, HINGED), Rejected(1.0, "back"), TRUNK_HINGED, Calibrated(2.0, HINGED)]
    assert not any([both(event) for event in round_back]) and both.missing == (Role.TRUNK,)
    assert both(TRUNK_HINGED)
    alone = CalibrationWatch()
    assert alone(Calibrated(1.0, HINGED)) and not CalibrationWatch()(ZEROED)


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
