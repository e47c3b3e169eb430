"""What a runner is told, event by event, and what keys ask for."""

from __future__ import annotations

import os
import pty
import termios
from collections.abc import Callable
from dataclasses import replace

import pytest

from untuck.cli.views.keys import Keys, listening
from untuck.model import Event, Standing, Steer
from untuck.motion.mount.calibration import nominal
from untuck.motion.params import Params
from untuck.session.guidance import Guide
from untuck.sound.phrases import PHRASES

HINGED = replace(nominal(), source="stand+hinges")
BASELINE: object = object()


def told(guide: Guide, *events: tuple[str, object]) -> list[str]:
    phrases = [phrase for kind, value in events for phrase in guide.take(Event(kind, 1.0, value))]
    assert set(phrases) <= set(PHRASES)
    return phrases


def standing(difference_deg: float, zeroed: bool = False) -> tuple[str, object]:
    return ("standing", Standing(1.0, difference_deg, 0.0, 0.0, zeroed))


def test_the_first_session_of_a_runner() -> None:
    guide = Guide(Params(), None, None)
    assert guide.begin() == "stand"
    assert told(guide, ("still", None), ("refused", "hinges"), ("calibrated", HINGED)) == [
        *("hinge", "hinge again", "calibrated", "baseline")
    ]
    assert told(guide, ("state", "running"), ("refused", "baseline"), ("baseline", BASELINE)) == [
        *("baseline refused", "baseline taken")
    ]
    assert told(guide, ("slipped", 5.0), ("state", "standing"), standing(5.0, True), ("calibrated", HINGED)) == [
        *("check clip", "zeroed")
    ]


@pytest.mark.parametrize(
    ("difference_deg", "zeroed", "phrases"),
    [(1.0, False, ["reused", "ready"]), (4.0, True, ["zeroed", "ready"]), (9.0, True, ["moved"])],
)
def test_a_kept_calibration_is_checked(difference_deg: float, zeroed: bool, phrases: list[str]) -> None:
    guide = Guide(Params(), HINGED, BASELINE)  # type: ignore[arg-type]
    events = [standing(difference_deg, zeroed), *([("calibrated", HINGED)] if zeroed else [])]
    assert told(guide, *events) == phrases
    if difference_deg > 6.0:
        assert told(guide, ("still", None), ("calibrated", HINGED)) == ["hinge", "calibrated", "ready"]


def test_keys_are_answered() -> None:
    guide = Guide(Params(), HINGED, BASELINE)  # type: ignore[arg-type]
    asked = [Steer("mute", 1.0, "on"), Steer("mute", 1.0, "off"), Steer("lap", 1.0, "button"), Steer("zero", 1.0)]
    assert told(guide, *[("steer", steer) for steer in asked]) == ["cues off", "cues on", "lap", "stand"]
    assert told(guide, ("steer", Steer("note", 1.0, "hot")), ("steer", Steer("baseline", 1.0))) == ["baseline"]


def pressed() -> tuple[Keys, list[tuple[str, ...]]]:
    asked: list[tuple[str, ...]] = []
    steer: Callable[[str, str], None] = lambda kind, value: asked.append((kind, value))  # noqa: E731
    return Keys(steer, lambda: asked.append(("finish",))), asked


def test_keys_ask_for_what_they_say() -> None:
    keys, asked = pressed()
    for key in "bmMlz?q":
        keys.press(key)
    assert asked == [("baseline", ""), ("mute", "on"), ("mute", "off"), ("lap", ""), ("zero", ""), ("finish",)]


async def test_keys_come_from_the_terminal_which_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    ours, theirs = pty.openpty()
    keys, asked = pressed()
    with os.fdopen(theirs, "r") as terminal:
        monkeypatch.setattr("sys.stdin", terminal)
        before = termios.tcgetattr(theirs)
        with listening(keys):
            os.write(ours, b"lq")
            async with asyncio.timeout(10):
                while len(asked) < 2:
                    await asyncio.sleep(0.01)
        assert asked == [("lap", ""), ("finish",)]
        assert termios.tcgetattr(theirs) == before
    os.close(ours)
