"""Sessions run in the coach's window, offscreen: simulated, recorded, with the virtual clip, and lost ones."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

pytest.importorskip("PySide6.QtWidgets", reason="Qt's system libraries are missing", exc_type=ImportError)
from pytestqt.qtbot import QtBot
from tests import coach_scenes as scenes
from tests.coach_hands import click
from tests.virtual_board.clip import VirtualClip

from untuck.cli.coach_desk import SessionDesk
from untuck.cli.openings import ClipOpening, DemoOpening, Opened, ReplayOpening
from untuck.coach.engine import Engine
from untuck.coach.window import CoachWindow
from untuck.errors import LinkError
from untuck.model import Packet, Samples
from untuck.sources.runner import Phase, Story, simulate
from untuck.store import Settings, Store
from untuck.store.profiles import Profiles


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as made:
        yield made


def test_a_simulated_session_from_start_to_end(qtbot: QtBot, engine: Engine) -> None:
    desk = SessionDesk(engine, [DemoOpening(fast=True)], audible=False)
    window = CoachWindow(desk)
    qtbot.addWidget(window)
    window.show()
    assert window.bar.buttons["start"].isEnabled() and not window.bar.buttons["stop"].isEnabled()
    click(qtbot, window, "start")
    click(qtbot, window, "start")  # in a hurry
    qtbot.waitUntil(lambda: bool(window.tracks) and window.track.ended, timeout=60_000)
    assert len(window.tracks) == 1 and window.track.stride_count > 150
    assert [finding.fault for finding in window.track.findings] == ["tuck", "pullback"]
    assert window.sign.shown is not None and window.sign.shown.word == "ENDED"
    assert Store().open().mode == "demo" and Store().open().summary is not None
    assert window.bar.buttons["start"].isEnabled() and not window.bar.buttons["stop"].isEnabled()
    click(qtbot, window, "report")
    qtbot.waitUntil(lambda: "Report written" in window.line.label.text(), timeout=60_000)
    page = Path(window.line.label.text().partition(": ")[2])
    assert "Session 1" in page.read_text("utf-8")
    replayed = SessionDesk(engine, [ReplayOpening(Store().open(), speed=0)], audible=False)
    again = CoachWindow(replayed)
    qtbot.addWidget(again)
    replayed.start()
    qtbot.waitUntil(lambda: bool(again.tracks) and again.track.ended, timeout=60_000)
    assert list(again.track.findings) == list(window.track.findings)
    assert again.track.strides.all.tobytes() == window.track.strides.all.tobytes()
    assert len(Store().sessions()) == 1


class FailingOpening:
    """A source that gives some packets, keeps its thread busy for a while, and then fails as a lost clip does."""

    key = text = work = "failing"

    def __init__(self, packets: int, open_fails: bool = False) -> None:
        self._packets = packets
        self._open_fails = open_fails
        self.ticks: Callable[[], int] = lambda: 0
        self.while_busy = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Opened]:
        if self._open_fails:
            raise LinkError("There is no Bluetooth adapter: plug one in.")
        yield Opened(self, "lost clip", "run", Settings(rate_hz=100))

    async def packets(self) -> AsyncIterator[Packet]:
        for number, data in enumerate(scenes.packets(0)[: self._packets]):
            await asyncio.sleep(0)
            yield Packet(data, number * 0.05)
        before = self.ticks()
        time.sleep(1.0)  # as a radio library that hangs would
        self.while_busy = self.ticks() - before
        raise LinkError("The connection was lost: switch the clip off and on.")


def test_a_lost_clip_is_told_and_the_window_goes_on(qtbot: QtBot, engine: Engine) -> None:
    opening = FailingOpening(700)
    desk = SessionDesk(engine, [opening], audible=False)
    window = CoachWindow(desk)
    qtbot.addWidget(window)
    window.show()
    ticks: list[int] = []
    window.timer.timeout.connect(lambda: ticks.append(1))
    opening.ticks = lambda: len(ticks)
    click(qtbot, window, "start")
    qtbot.waitUntil(lambda: bool(window.tracks) and window.track.ended, timeout=60_000)
    assert opening.while_busy >= 3, "the window stood still while the session's thread was busy"
    assert window.line.label.text().endswith("switch the clip off and on.") and window.line.label.property("error")
    assert window.bar.buttons["start"].isEnabled() and window.track.stride_count > 0
    assert desk.outcomes[0][2].failure is not None and Store().open().packet_count == 700


def test_a_clip_that_cannot_be_had_is_told(qtbot: QtBot, engine: Engine) -> None:
    desk = SessionDesk(engine, [FailingOpening(0, open_fails=True)], audible=False)
    window = CoachWindow(desk)
    qtbot.addWidget(window)
    click(qtbot, window, "start")
    qtbot.waitUntil(lambda: "plug one in" in window.line.label.text(), timeout=60_000)
    assert not window.tracks and len(desk.failures) == 1 and not window.line.cancel.isVisibleTo(window)


def test_the_command_needs_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from untuck.cli.main import cli

    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    result = CliRunner().invoke(cli, ["coach"])
    assert result.exit_code == 1 and "no screen" in result.output


class VirtualOpening:
    """The virtual clip, switched on in the sessions' own loop: real firmware, virtual radio, the real link."""

    key = text = work = "virtual clip"

    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Opened]:
        async with VirtualClip(self._samples, speed=4) as clip, ClipOpening(backend=clip.backend).open() as opened:
            yield opened


@pytest.mark.slow
def test_a_session_with_the_clip_clicked_through(qtbot: QtBot, engine: Engine) -> None:
    story = Story((Phase("stand", 7.0), *[Phase("hinge", 3.5)] * 3, Phase("stand", 2.5), Phase("run", 30.0)))
    desk = SessionDesk(engine, [VirtualOpening(simulate(story).samples)], audible=False)
    window = CoachWindow(desk)
    qtbot.addWidget(window)
    window.show()
    click(qtbot, window, "start")
    qtbot.waitUntil(lambda: window.track.now.calibrated, timeout=60_000)
    for name in ("lap", "mute"):
        click(qtbot, window, name)
    qtbot.waitUntil(lambda: window.track.muted and window.track.stride_count > 10, timeout=60_000)
    assert window.sign.shown is not None and window.sign.shown.word == "TAKING BASELINE"
    click(qtbot, window, "stop")
    qtbot.waitUntil(lambda: window.track.ended, timeout=60_000)
    stored = Store().open()
    assert stored.mode == "run" and stored.ended_unix_s is not None and stored.summary is not None
    assert [steer.kind for steer in stored.steers()] == ["lap", "mute"]
    assert Profiles().open("").calibration is not None
