"""Sessions in the coach's window, offscreen: simulated, replayed, with the virtual clip, and with a lost connection."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

pytest.importorskip("PySide6.QtWidgets", reason="Qt's system libraries are missing", exc_type=ImportError)
from pytestqt.qtbot import QtBot
from tests.coach import scenes
from tests.coach.window_actions import click
from tests.paired import pair
from virtual_clip.clip import VirtualClip

from untuck.coach.loop_thread import LoopThread
from untuck.coach.sessions import CoachSessions
from untuck.coach.window import CoachWindow
from untuck.errors import LinkError
from untuck.model import Packet
from untuck.samples import Samples
from untuck.session.starts import ClipStart, ReadySession, ReplayStart, SimulatedStart
from untuck.simulate.runner import Phase, Scenario, simulate
from untuck.store import Settings, Store
from untuck.store.profiles import Profiles


@pytest.fixture
def thread() -> Iterator[LoopThread]:
    with LoopThread() as made:
        yield made


def test_a_simulated_session_from_start_to_end(qtbot: QtBot, thread: LoopThread) -> None:
    control = CoachSessions(thread, [SimulatedStart(fast=True)], audible=False)
    window = CoachWindow(control)
    qtbot.addWidget(window)
    window.show()
    assert window.bar.buttons["start"].isEnabled() and not window.bar.buttons["stop"].isEnabled()
    click(qtbot, window, "start")
    click(qtbot, window, "start")  # a second press while it starts
    qtbot.waitUntil(lambda: bool(window.runners) and window.runner.ended, timeout=600_000)
    assert len(window.runners) == 1 and window.runner.stride_count > 150
    assert [finding.fault for finding in window.runner.findings] == ["tuck", "pullback"]
    assert window.state_box.shown is not None and window.state_box.shown.word == "ENDED"
    assert Store().open().mode == "demo" and Store().open().summary is not None
    assert window.bar.buttons["start"].isEnabled() and not window.bar.buttons["stop"].isEnabled()
    click(qtbot, window, "report")
    qtbot.waitUntil(lambda: "Report written" in window.message_line.label.text(), timeout=600_000)
    page = Path(window.message_line.label.text().partition(": ")[2])
    assert "Session 1" in page.read_text("utf-8")
    replayed = CoachSessions(thread, [ReplayStart(Store().open(), speed=0)], audible=False)
    again = CoachWindow(replayed)
    qtbot.addWidget(again)
    replayed.start()
    qtbot.waitUntil(lambda: bool(again.runners) and again.runner.ended, timeout=600_000)
    assert list(again.runner.findings) == list(window.runner.findings)
    assert again.runner.strides.all.tobytes() == window.runner.strides.all.tobytes()
    assert len(Store().sessions()) == 1


class FailingStart:
    """A source that yields some packets, blocks its thread for a while, and then fails like a lost connection."""

    key = text = work = "failing"
    keeper = None

    def __init__(self, packets: int, open_fails: bool = False) -> None:
        self._packets = packets
        self._open_fails = open_fails
        self.ticks: Callable[[], int] = lambda: 0
        self.while_busy = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[ReadySession]:
        if self._open_fails:
            raise LinkError("There is no Bluetooth adapter: plug one in.")
        yield ReadySession(self, "lost clip", "run", Settings(rate_hz=100))

    async def packets(self) -> AsyncIterator[Packet]:
        for packet in scenes.packets(0)[: self._packets]:
            await asyncio.sleep(0)
            yield packet
        before = self.ticks()
        time.sleep(1.0)  # like a radio library that hangs
        self.while_busy = self.ticks() - before
        raise LinkError("The connection was lost: switch the clip off and on.")


def test_a_lost_connection_is_reported_and_the_window_stays_usable(qtbot: QtBot, thread: LoopThread) -> None:
    start = FailingStart(700)
    control = CoachSessions(thread, [start], audible=False)
    window = CoachWindow(control)
    qtbot.addWidget(window)
    window.show()
    ticks: list[int] = []
    window.timer.timeout.connect(lambda: ticks.append(1))
    start.ticks = lambda: len(ticks)
    click(qtbot, window, "start")
    qtbot.waitUntil(lambda: bool(window.runners) and window.runner.ended, timeout=600_000)
    assert start.while_busy >= 3, "the window was blocked while the session's thread was busy"
    assert window.message_line.label.text().endswith(
        "switch the clip off and on."
    ) and window.message_line.label.property("error")
    assert window.bar.buttons["start"].isEnabled() and window.runner.stride_count > 0
    assert control.outcomes[0][2].failure is not None and Store().open().packet_count == 700


def test_a_session_that_cannot_start_is_reported(qtbot: QtBot, thread: LoopThread) -> None:
    control = CoachSessions(thread, [FailingStart(0, open_fails=True)], audible=False)
    window = CoachWindow(control)
    qtbot.addWidget(window)
    click(qtbot, window, "start")
    qtbot.waitUntil(lambda: "plug one in" in window.message_line.label.text(), timeout=600_000)
    assert not window.runners and len(control.failures) == 1 and not window.message_line.cancel.isVisibleTo(window)


def test_the_command_needs_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from untuck.cli.main import cli

    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    result = CliRunner().invoke(cli, ["coach"])
    assert result.exit_code == 1 and "no screen" in result.output


class VirtualClipStart:
    """The virtual clip in the sessions' own loop: real firmware, virtual radio, the real link."""

    key = text = work = "virtual clip"

    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    @asynccontextmanager
    async def open(self) -> AsyncIterator[ReadySession]:
        async with VirtualClip(self._samples, speed=4) as clip:
            await pair(clip)
            async with ClipStart(backend=clip.backend).open() as opened:
                yield opened


@pytest.mark.slow
def test_a_session_with_the_clip_clicked_through(qtbot: QtBot, thread: LoopThread) -> None:
    scenario = Scenario((Phase("stand", 7.0), *[Phase("hinge", 3.5)] * 3, Phase("stand", 2.5), Phase("run", 30.0)))
    control = CoachSessions(thread, [VirtualClipStart(simulate(scenario).samples)], audible=False)
    window = CoachWindow(control)
    qtbot.addWidget(window)
    window.show()
    click(qtbot, window, "start")
    qtbot.waitUntil(lambda: window.runner.snapshot.calibrated, timeout=600_000)
    for name in ("lap", "mute"):
        click(qtbot, window, name)
    qtbot.waitUntil(lambda: window.runner.muted and window.runner.stride_count > 10, timeout=600_000)
    assert window.state_box.shown is not None and window.state_box.shown.word == "BASELINE"
    click(qtbot, window, "stop")
    qtbot.waitUntil(lambda: window.runner.ended, timeout=600_000)
    stored = Store().open()
    assert stored.mode == "run" and stored.ended_unix_s is not None and stored.summary is not None
    assert [command.kind for command in stored.commands()] == ["lap", "mute"]
    assert Profiles().open("").calibration is not None
