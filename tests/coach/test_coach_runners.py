"""Runners in the window's sessions: one from nothing with the virtual clip, and cues that move from one to another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

pytest.importorskip("PySide6.QtWidgets", reason="Qt's system libraries are missing", exc_type=ImportError)
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from tests.coach import scenes
from tests.coach.window_actions import click
from tests.paired import pair
from virtual_clip.clip import CLIP_ADDRESS, VirtualClip

from untuck import wire
from untuck.coach.loop_thread import LoopThread
from untuck.coach.sessions import CoachSessions
from untuck.coach.window import CoachWindow
from untuck.model import Packet
from untuck.session import voice
from untuck.session.form_state import State
from untuck.session.pairing import free_clip
from untuck.session.starts import ClipStart, ReadySession
from untuck.simulate.runner import Phase, Scenario, simulate
from untuck.sources.ble_scan import HeardClip
from untuck.sources.stack import Backend
from untuck.store import Settings, Store
from untuck.store.profiles import Profiles


@pytest.fixture
def thread() -> Iterator[LoopThread]:
    with LoopThread() as made:
        yield made


class HeldStart:
    """Half a minute at once, so that there are strides, then in real time until the session is stopped."""

    text = work = "held"
    buzz = keeper = None

    def __init__(self, name: str, packets: int = 600) -> None:
        self.key = self._name = name
        self._packets = packets

    @asynccontextmanager
    async def open(self) -> AsyncIterator[ReadySession]:
        yield ReadySession(self, self._name, "run", Settings(rate_hz=100, runner=self._name))

    async def packets(self) -> AsyncIterator[Packet]:
        sent = scenes.packets(0)
        for number in range(100_000):
            await asyncio.sleep(0.0 if number < self._packets else 0.05)
            yield Packet(sent[min(number, len(sent) - 1)].data, number * 0.05)


def test_cues_sound_for_one_runner_and_can_be_moved(
    qtbot: QtBot, thread: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULSE_SERVER", "unix:/nowhere")
    opened: list[bool] = []
    closed: list[bool] = []
    make, close = voice.Voice.__init__, voice.Voice.close
    monkeypatch.setattr(voice.Voice, "__init__", lambda *a, begins, **k: (opened.append(begins), make(*a, **k))[1])
    monkeypatch.setattr(voice.Voice, "close", lambda self: (closed.append(True), close(self))[1])
    control = CoachSessions(thread, [HeldStart("Ada"), HeldStart("Ben")])
    window = CoachWindow(control)
    qtbot.addWidget(window)
    for name in ("Ada", "Ben"):
        control.start(name)
        qtbot.waitUntil(lambda: bool(window.runners) and window.runners[-1].last_s > 1.0, timeout=60_000)
        qtbot.waitUntil(lambda name=name: window.runners[-1].name == name, timeout=60_000)
    assert control.sounding is window.slots[0] and opened == [True]
    qtbot.waitUntil(lambda: [runner.muted for runner in window.runners] == [False, True], timeout=60_000)
    window.tiles.sound_moved.emit(1)
    qtbot.waitUntil(lambda: [runner.muted for runner in window.runners] == [True, False], timeout=60_000)
    assert control.sounding is window.slots[1] and opened == [True, False], "guidance must not begin in mid-session"
    qtbot.waitUntil(lambda: closed == [True], timeout=60_000)
    window._asked("mute", "off")  # of Ada, in front: unmuting moves the cues to her
    qtbot.waitUntil(lambda: [runner.muted for runner in window.runners] == [False, True], timeout=60_000)
    qtbot.waitUntil(lambda: min(runner.stride_count for runner in window.runners) > 3, timeout=60_000)
    control.stop(window.slots[0])  # with strides, so that the sessions are kept
    qtbot.waitUntil(lambda: window.runners[0].ended, timeout=60_000)
    qtbot.waitUntil(lambda: "Nobody's cues sound now" in window.message_line.label.text(), timeout=60_000)
    assert control.sounding is None
    control.stop(window.slots[1])
    qtbot.waitUntil(lambda: window.runners[1].ended, timeout=60_000)
    stored = {session.runner: [str(command.on) for command in session.commands()] for session in Store().sessions()}
    assert stored == {"Ada": ["True", "False"], "Ben": ["True", "False", "True"]}


def test_a_clip_that_belongs_to_somebody_is_not_paired() -> None:
    shut, open_, first = (
        HeardClip("Untk", f"{kind}", -40 - 10 * kind, kind)
        for kind in (wire.PAIRING_SHUT, wire.PAIRING_OPEN, wire.PAIRING_FIRST)
    )
    unknown = HeardClip("Untk", "not heard", -90, None)  # macOS may not report it
    assert free_clip([]) is None and free_clip([shut]) is None
    assert free_clip([shut, first]) is first and free_clip([shut, unknown]) is unknown
    assert free_clip([shut, first, open_, unknown]) is open_


@pytest.mark.slow
def test_a_runner_from_nothing_to_the_baseline(qtbot: QtBot, thread: LoopThread) -> None:
    """First start, no profile: the name is entered, the clip is paired, Start finds it, and the baseline begins."""
    scenario = Scenario((Phase("stand", 60.0), *[Phase("hinge", 3.5)] * 3, Phase("stand", 2.5), Phase("run", 30.0)))
    backends: list[Backend] = []

    async def clip() -> None:
        async with VirtualClip(simulate(scenario).samples, speed=4) as made:
            backends.append(made.backend)
            await asyncio.Event().wait()

    thread.submit(clip())
    qtbot.waitUntil(lambda: bool(backends), timeout=600_000)
    control = CoachSessions(thread, [ClipStart(backend=backends[0])], audible=False)
    window = CoachWindow(control)
    qtbot.addWidget(window)
    window.show()
    click(qtbot, window, "runner")
    qtbot.keyClicks(window.message_line.edit, "Ada/")
    qtbot.keyClick(window.message_line.edit, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "not valid" in window.message_line.label.text(), timeout=60_000)
    click(qtbot, window, "runner")
    qtbot.keyClicks(window.message_line.edit, "Ada")
    qtbot.keyClick(window.message_line.edit, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "Ada is paired with clip" in window.message_line.label.text(), timeout=600_000)
    assert Profiles().open("Ada").clip.startswith(CLIP_ADDRESS) and Profiles().runners() == ["Ada"]
    click(qtbot, window, "start")
    qtbot.waitUntil(lambda: window.runner.name == "Ada" and window.runner.snapshot.calibrated, timeout=600_000)
    qtbot.waitUntil(
        lambda: window.runner.verdict.state == State.BASELINE and window.runner.stride_count > 5, timeout=600_000
    )
    click(qtbot, window, "stop")
    qtbot.waitUntil(lambda: window.runner.ended, timeout=600_000)
    assert Store().open().runner == "Ada" and Profiles().open("Ada").calibration is not None


@pytest.mark.slow
def test_what_only_the_clip_has_is_fetched_after_the_session(qtbot: QtBot, thread: LoopThread) -> None:
    """The runner is out of range for longer than the clip's memory holds; the clip's flash has the rest."""
    made: list[VirtualClip] = []
    scenario = Scenario((Phase("stand", 5.0), Phase("run", 60.0)))

    async def clip() -> None:
        async with VirtualClip(simulate(scenario).samples, speed=4) as new:
            await pair(new)
            made.append(new)
            await asyncio.Event().wait()

    async def leave_for(seconds: float) -> None:
        made[0].channel.set_in_range(False)
        await made[0].peripheral.drop()
        await made[0].sleep(seconds)
        made[0].channel.set_in_range(True)

    thread.submit(clip())
    qtbot.waitUntil(lambda: bool(made), timeout=600_000)
    control = CoachSessions(thread, [ClipStart(backend=made[0].backend)], audible=False)
    window = CoachWindow(control)
    qtbot.addWidget(window)
    click(qtbot, window, "start")
    qtbot.waitUntil(lambda: bool(window.runners) and window.runner.stride_count > 3, timeout=600_000)
    thread.submit(leave_for(30.0))
    qtbot.waitUntil(lambda: window.runner.snapshot.lost > 100, timeout=600_000)
    click(qtbot, window, "stop")
    qtbot.waitUntil(lambda: bool(control.outcomes), timeout=600_000)
    missing = control.outcomes[0][2].summary.signal.lost
    assert missing > 100
    qtbot.waitUntil(lambda: control.outcomes[0][2].summary.signal.lost == 0, timeout=600_000)
    session = Store().open()
    assert session.packet_count > missing and len(Store().sessions()) == 1
