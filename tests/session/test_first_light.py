"""`untuck doctor --clip`: a person with a clip in the hand, real firmware, virtual radio; and each step by itself."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray
from rich.console import Console
from rich.live import Live
from virtual_clip.clip import VirtualClip
from virtual_clip.hand import ARROW_DOWN, FLAT, UPRIGHT, hand_motion, tipped, turned, with_axes
from virtual_clip.stream_checks import QUICK

from untuck.cli import doctor_clip
from untuck.cli.main import cli
from untuck.cli.results import to_line
from untuck.cli.views.first_light import DrawnLines, PlainLines, ended_line
from untuck.samples import Samples
from untuck.session.first_light import check as walk_check
from untuck.session.first_light import looks
from untuck.session.first_light.check import CheckView, ClipCheck, StepResult, Walk, check_clip
from untuck.session.first_light.readings import Outcome, Readings, Step, Verdict
from untuck.session.first_light.steps import STEPS
from untuck.store.profiles import Profiles

SPEED = 4
NAMES = [step.name for step in STEPS]


class Person:
    """Watches the walk, and presses the clip's button when a step asks for it."""

    def __init__(
        self, clip: VirtualClip, presses: tuple[str, ...] = ("button", "buzzer", "vibration", "light")
    ) -> None:
        self.lines: list[str] = []
        self._clip = clip
        self._presses = presses
        self._pressing: list[asyncio.Task[None]] = []

    def begin(self, step: Step) -> None:
        """A step begins."""
        self.lines.append(step.do)
        if step.name in self._presses:
            self._pressing.append(asyncio.create_task(self._press()))

    async def _press(self) -> None:
        await self._clip.sleep(0.3)
        await self._clip.press(0.8)

    def progress(self, step: Step, now: str, left_s: float) -> None:
        """A step goes on."""

    def end(self, result: StepResult) -> None:
        """A step has ended."""
        self.lines.append(f"{result.name} {result.outcome}: {result.text}")


class NoMotor(Person):
    """Skips what moves the clip, and answers by a key that nothing shakes."""

    walk: Walk

    def begin(self, step: Step) -> None:
        super().begin(step)
        if step.name == "vibration":
            self.walk.answer(False)
        elif step.name in ("flat", "upright", "forward", "left", "signal"):
            self.walk.skip()


def outcomes(check: ClipCheck) -> dict[str, str]:
    return {step.name: str(step.outcome) for step in check.steps}


@pytest.fixture(autouse=True)
def quick_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk_check, "SCAN_S", 0.5)


async def walked(clip: VirtualClip, limit_s: float = 60.0) -> tuple[ClipCheck, Person]:
    person = Person(clip)
    return await check_clip(Walk(person, limit_s), backend=clip.backend, timeouts=QUICK), person


async def test_a_person_walks_through_and_every_step_passes() -> None:
    async with VirtualClip(hand_motion(rounds=5), speed=SPEED) as clip:
        check, person = await walked(clip)
        buzzed = [level for _, name, level in clip.bus.outputs if name == "buzzer" and level]
    assert outcomes(check) == dict.fromkeys(NAMES, "passed"), person.lines
    assert not check.failed and check.firmware
    assert buzzed  # the cue sounded while it was asked for
    assert Profiles().open("").clip  # the next run finds it
    figures: dict[str, Any] = {name: value for step in check.steps for name, value in step.figures.items()}
    assert figures["sensor"] == {"bno085": "BNO085", "icm45686": "ICM-45686"}[clip.sensor]
    assert figures["rate_hz"] == pytest.approx(100, rel=0.02)
    assert figures["tip_deg"] == pytest.approx(45, abs=3) and figures["tip_gyro_deg"] == pytest.approx(45, abs=5)
    assert figures["acc_m_s2"] == pytest.approx(9.81, abs=0.05)
    assert figures["chip_error_deg"] < 1 if clip.sensor == "bno085" else figures["chip_error_deg"] is None
    assert figures["lost_packets"] == 0 and figures["packets"] > 150
    report = to_line("clip_check", doctor_clip.result_of(check))
    assert "A4B5" not in report.replace(":", "").upper() and json.loads(report)["passed"]
    assert "UntkA4B5" in ended_line(check.steps[0])


async def test_without_cell_and_motor_the_walk_passes_and_says_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNTUCK_CELL_UV", "0")
    async with VirtualClip(hand_motion(rounds=5), speed=SPEED) as clip:
        person = NoMotor(clip, ("button", "buzzer", "light"))
        person.walk = Walk(person, 60.0)
        check = await check_clip(person.walk, backend=clip.backend, timeouts=QUICK)
    found = outcomes(check)
    assert found["battery"] == found["vibration"] == "absent" and not check.failed, person.lines
    assert found["left"] == "skipped"


async def test_a_silent_sensor_ends_the_walk_and_says_what_to_check() -> None:
    async with VirtualClip(hand_motion(), speed=SPEED) as clip:
        clip.chip.faults.absent = True
        check, _ = await walked(clip)
    assert check.failed == ["sensor"] and check.steps[-1].name == "sensor"
    assert "check its wiring" in check.steps[-1].text


async def test_without_a_clip_the_first_step_fails_and_says_so() -> None:
    async with VirtualClip(hand_motion(), speed=SPEED) as clip:
        clip.channel.set_in_range(False)
        check, _ = await walked(clip, limit_s=1.0)
    assert outcomes(check) == {"found": "failed"}
    assert "is its light on?" in check.steps[0].text


async def test_a_clip_that_is_lost_during_the_walk_fails_the_current_step() -> None:
    quick = QUICK.__class__(scan_s=1, connect_s=5, call_s=5, close_s=5, silence_s=2, outage_s=1)
    async with VirtualClip(hand_motion(((FLAT, 60.0),)), speed=SPEED) as clip:
        person = Person(clip)

        async def lose() -> None:
            while not any(line.startswith("flat passed") for line in person.lines):
                await asyncio.sleep(0.05)
            clip.channel.set_in_range(False)
            await clip.peripheral.drop()

        losing = asyncio.create_task(lose())
        check = await check_clip(Walk(person, 60.0), backend=clip.backend, timeouts=quick)
        await losing
    assert check.failed == ["upright"] and "did not come back" in check.steps[-1].text


# The steps by themselves, without a clip.


def seen(
    look: Callable[[Readings], Verdict | None], samples: Samples, readings: Readings | None = None
) -> tuple[str, str]:
    """(outcome, text) of a step that sees these samples packet by packet; ("", what it shows) if it does not end."""
    readings = readings or Readings()
    for start in range(0, len(samples.time_s), 5):
        readings.motion.add(samples[start : start + 5])
        if (verdict := look(readings)) is not None:
            return str(verdict.outcome), verdict.text
    return "", readings.now


HELD_FLAT = ((FLAT, 3.0),)
BOW = ((UPRIGHT, 2.0), (tipped(45), 2.0))


def test_flat_passes_on_the_skin_side_only() -> None:
    assert seen(looks.flat, hand_motion(HELD_FLAT))[0] == "passed"
    assert seen(looks.flat, hand_motion(((UPRIGHT, 3.0),))) == ("", "arrow up")
    assert seen(looks.flat, with_axes(hand_motion(HELD_FLAT), -np.eye(3)))[1] == "skin side up"


def test_a_wrong_scale_at_rest_fails() -> None:
    outcome, text = seen(looks.flat, with_axes(hand_motion(HELD_FLAT), 0.8 * np.eye(3)))
    assert outcome == "failed" and "instead of 9.81" in text


def test_upright_says_which_side_is_up() -> None:
    assert seen(looks.upright, hand_motion(((UPRIGHT, 3.0),)))[0] == "passed"
    assert seen(looks.upright, hand_motion(((ARROW_DOWN, 3.0),))) == ("", "lower edge up")


def test_forward_rises_and_backward_says_so() -> None:
    assert seen(looks.forward, hand_motion(BOW))[0] == "passed"
    outcome, now = seen(looks.forward, hand_motion(((UPRIGHT, 2.0), (tipped(-45), 2.0))))
    assert outcome == "" and "backward" in now


@pytest.mark.parametrize("axes", [np.diag([-1.0, 1.0, 1.0])], ids=["gyro of the opposite sign"])
def test_a_driver_whose_gyro_disagrees_with_gravity_fails(axes: NDArray[np.float64]) -> None:
    right = hand_motion(BOW)
    wrong = Samples(right.time_s, right.gyr_rad_s @ axes.T, right.acc_m_s2, right.quat)
    outcome, text = seen(looks.forward, wrong)
    assert outcome == "failed" and "axes or signs" in text


def test_left_is_left_and_right_is_not() -> None:
    assert seen(looks.left, hand_motion(((UPRIGHT, 1.0), (turned(100), 1.0))))[0] == "passed"
    outcome, now = seen(looks.left, hand_motion(((UPRIGHT, 1.0), (turned(-100), 1.0))))
    assert outcome == "" and "turn it left" in now


@pytest.mark.parametrize(("rssi_dbm", "lost", "outcome"), [(-60, 0, "passed"), (-60, 1, "failed"), (-90, 0, "failed")])
def test_the_signal_is_weak_or_loses_packets(rssi_dbm: int, lost: int, outcome: str) -> None:
    readings = Readings(rssi_dbm=rssi_dbm)
    readings.begin()
    readings.packets, readings.lost = 200, lost
    found, text = seen(looks.signal, hand_motion(((FLAT, 12.0),)), readings)
    assert found == outcome and f"{lost} lost" in text


class Outcomes:
    """Notes how each step ended."""

    def __init__(self, lines: list[Outcome]) -> None:
        self._lines = lines

    def begin(self, step: Step) -> None: ...

    def progress(self, step: Step, now: str, left_s: float) -> None: ...

    def end(self, result: StepResult) -> None:
        self._lines.append(result.outcome)


def test_a_step_ends_by_its_limit_by_a_skip_and_by_an_answer() -> None:
    step = next(step for step in STEPS if step.name == "buzzer")
    lines: list[Outcome] = []
    walk = Walk(Outcomes(lines), 0.0)
    walk.begin(step)
    assert walk.look() and lines == [Outcome.FAILED]
    walk = Walk(Outcomes(lines))
    walk.begin(step)
    assert not walk.look()
    walk.skip()
    assert walk.look() and lines[-1] is Outcome.SKIPPED
    for yes, outcome in ((True, Outcome.PASSED), (False, Outcome.FAILED)):
        walk.begin(step)
        walk.answer(yes)
        assert walk.look() and lines[-1] is outcome


def test_every_step_says_what_to_do_and_what_if_not() -> None:
    assert len(set(NAMES)) == len(NAMES)
    for step in STEPS:
        assert len(step.do) > 3 and len(step.if_not) > 10 and step.limit_s >= 10


def upright_in_vain(view: CheckView) -> None:
    """A walk of one step, whose clip stands on its head until the time is over."""
    walk = Walk(view, 60.0)
    walk.begin(next(step for step in STEPS if step.name == "upright"))
    walk.readings.motion.add(hand_motion(((ARROW_DOWN, 2.0),)))
    assert not walk.look()
    walk._limit_now_s = 0.0
    assert walk.look()


def test_lines_say_what_to_do_and_what_was_seen_last() -> None:
    lines: list[str] = []
    upright_in_vain(PlainLines(lines.append, has_keys=False))
    assert lines[0].startswith("upright    ...      stand it up, arrow up") and lines[0].endswith("; 60 s")
    assert lines[1].startswith("upright    FAILED   The arrow was not up") and "Last seen: lower edge up." in lines[1]


def test_the_terminal_shows_what_the_clip_measures_now() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    with Live(console=console, auto_refresh=False) as live:
        view = DrawnLines(console, live)
        step = STEPS[NAMES.index("upright")]
        view.progress(step, "lower edge up", 42.0)
        live.refresh()
        upright_in_vain(view)
    drawn = console.file.getvalue()  # type: ignore[attr-defined]
    assert "lower edge up" in drawn and "42 s left; keys: s skip, q end" in drawn and "FAILED" in drawn


@pytest.mark.parametrize(
    "words", [["--report", "clip.json"], ["--limit", "5"], ["--address", "X"], ["--runner", "Ada"]]
)
def test_what_only_the_walk_uses_needs_clip(words: list[str]) -> None:
    done = CliRunner().invoke(cli, ["doctor", *words])
    assert done.exit_code == 2 and "go with --clip" in done.output


def test_a_report_that_cannot_be_written_is_reported_before_the_walk(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["doctor", "--clip", "--report", str(tmp_path / "none" / "clip.json")])
    assert done.exit_code == 1 and "cannot be written" in done.output
