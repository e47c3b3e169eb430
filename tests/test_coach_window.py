"""The coach's window, offscreen: whole sessions clicked through, nothing cut or overlapping, nothing blocking."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import combinations
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("PySide6.QtWidgets", reason="Qt's system libraries are missing", exc_type=ImportError)
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QFontMetricsF, QImage, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton, QWidget
from pytestqt.qtbot import QtBot
from tests import coach_scenes as scenes
from tests.page_scenes import PAGES
from tests.screenshots import IMAGES
from tests.virtual_board.clip import VirtualClip

from untuck.cli.blocks import Blocks
from untuck.cli.coach_desk import SessionDesk
from untuck.cli.openings import ClipOpening, DemoOpening, Opened, ReplayOpening
from untuck.coach.engine import Engine
from untuck.coach.theme import THEMES, contrast
from untuck.coach.window import CoachWindow
from untuck.errors import LinkError
from untuck.model import Packet, Samples
from untuck.sources.runner import Phase, Story, simulate
from untuck.store import Settings, Store
from untuck.store.profiles import Profiles

SIZES = ((1024, 600), (1200, 700), (1920, 1080), (960, 540))  # the last is a full HD screen at 200 %


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as made:
        yield made


@pytest.fixture
def desk() -> scenes.SceneDesk:
    return scenes.SceneDesk()


def opened(qtbot: QtBot, desk: scenes.SceneDesk, **look: object) -> CoachWindow:
    window = scenes.open_scene(desk, **look)  # type: ignore[arg-type]
    qtbot.addWidget(window)
    return window


def click(qtbot: QtBot, window: CoachWindow, name: str) -> None:
    qtbot.mouseClick(window.bar.buttons[name], Qt.MouseButton.LeftButton)


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


def test_what_is_pressed_reaches_the_session(qtbot: QtBot, desk: scenes.SceneDesk) -> None:
    seat = desk.seat("Ada", 0, scenes.GOOD_S)
    window = opened(qtbot, desk)
    for name in ("lap", "mute", "calibrate"):
        click(qtbot, window, name)
    click(qtbot, window, "note")
    qtbot.keyClicks(window.line.edit, "new shoes")
    qtbot.keyClick(window.line.edit, Qt.Key.Key_Return)
    window.bar.faults["rigid"].trigger()
    window.bar.block.trigger()
    assert desk.asked == [
        ("lap", ""),
        ("mute", "on"),
        ("calibrate", ""),
        ("note", "new shoes"),
        ("faults", "tuck,pullback"),
        ("cues", "off"),
    ]
    desk.take_asked(seat)
    desk.play(seat, scenes.GOOD_S + 2)
    scenes.settle(window)
    assert [mark.text for mark in window.track.marks if mark.kind in ("lap", "note")] == ["lap 1", "new shoes"]
    assert window.track.muted and window.track.blocked
    assert window.bar.buttons["mute"].isChecked() and window.bar.block.isChecked()
    assert not window.bar.faults["rigid"].isChecked()


def test_blind_blocks_are_not_given_away_until_the_end(qtbot: QtBot, desk: scenes.SceneDesk) -> None:
    seat = desk.seat("Ada", 0, scenes.GOOD_S)
    desk.view(seat).blocks = Blocks(Random(1), block_s=20.0)
    desk.play(seat, scenes.PULLBACK_S)
    window = opened(qtbot, desk)
    assert window.bar.blind.isChecked() and not window.bar.block.isEnabled()
    assert not window.track.shown_marks
    desk.play(seat, scenes.END_S)
    scenes.settle(window)
    switches = [mark.text for mark in window.track.shown_marks if mark.text.startswith("cues")]
    assert len(switches) >= 3 and set(switches) == {"cues on", "cues off"}
    assert any(mark.text == "held: block" for mark in window.track.shown_marks)


@given(st.integers(0, 1000), st.lists(st.floats(0.01, 50.0), min_size=50, max_size=200))
def test_blocks_come_in_pairs(seed: int, steps_s: list[float]) -> None:
    blocks, now_s, switches = Blocks(Random(seed), block_s=60.0), 0.0, []
    for step_s in steps_s:
        now_s += step_s
        if switch := blocks.due(now_s):
            switches.append(switch)
    pairs = list(zip(switches[::2], switches[1::2], strict=False))
    assert all(set(pair) == {"on", "off"} for pair in pairs)
    assert len(switches) >= (now_s - steps_s[0]) // 60.0


def test_a_dragged_threshold_is_that_of_the_analysis(qtbot: QtBot, desk: scenes.SceneDesk) -> None:
    seat = desk.seat("Ada", 0, scenes.GOOD_S)
    window = opened(qtbot, desk)
    line = window.time_plots.tilt.threshold
    assert line.isVisible() and line.value_deg == pytest.approx(window.track.now.params.tuck_on_deg)
    box = window.time_plots.tilt.plot.getViewBox()
    per_degree = box.height() / np.ptp(window.time_plots.tilt.plot.viewRange()[1])
    start = window.time_plots.mapFromScene(box.mapViewToScene(QPointF(40.0, line.value())))
    drag(window.time_plots.viewport(), start, round(1.5 * per_degree))
    kind, value = desk.asked[-1]
    assert kind == "threshold" and value.startswith("tuck_on_deg=")
    asked_deg = float(value.split("=")[1])
    assert asked_deg == pytest.approx(4.3, abs=0.2)
    desk.take_asked(seat)
    desk.play(seat, scenes.TUCK_S)
    scenes.settle(window)
    assert window.track.now.params.tuck_on_deg == pytest.approx(asked_deg)
    assert line.value_deg == pytest.approx(asked_deg)


def drag(widget: QWidget, start: QPoint, down: int) -> None:
    """Press, move, let go; by hand, because Qt's own test moves carry no button."""
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    steps = [(QEvent.Type.MouseMove, 0, none, none), (QEvent.Type.MouseButtonPress, 0, left, left)]
    steps += [(QEvent.Type.MouseMove, round(down * part), none, left) for part in (0.25, 0.5, 0.75, 1.0)]
    steps += [(QEvent.Type.MouseButtonRelease, down, left, none)]
    for kind, by, button, held in steps:
        at = QPointF(start + QPoint(0, by))
        QTest.qWait(15)  # pyqtgraph looks at moves no more often than a hundred times a second
        modifiers = Qt.KeyboardModifier.NoModifier
        QApplication.sendEvent(widget, QMouseEvent(kind, at, widget.mapToGlobal(at), button, held, modifiers))


def test_scrolling_back_stays_while_recording_goes_on(qtbot: QtBot, desk: scenes.SceneDesk) -> None:
    seat = desk.seat("Ada", 0, scenes.TUCK_S)
    window = opened(qtbot, desk)
    assert not window.bar.buttons["live"].isEnabled()
    qtbot.keyClick(window, Qt.Key.Key_Left)
    seen = window.time_plots.tilt.plot.viewRange()[0]
    desk.play(seat, scenes.PULLBACK_S)
    scenes.settle(window)
    assert window.time_plots.tilt.plot.viewRange()[0] == seen and window.track.last_s > scenes.PULLBACK_S - 1
    assert window.bar.buttons["live"].isEnabled()
    qtbot.keyClick(window, Qt.Key.Key_End)
    scenes.settle(window)
    start_s, end_s = window.time_plots.tilt.plot.viewRange()[0]
    assert start_s < window.track.last_s <= end_s and end_s - start_s == pytest.approx(60.0)


def test_stale_data_are_shown_as_stale(qtbot: QtBot, desk: scenes.SceneDesk) -> None:
    desk.seat("Ada", 0, scenes.GOOD_S)
    window = opened(qtbot, desk)
    assert window.sign.shown is not None and window.sign.shown.word == "GOOD FORM"
    window.track.heard_s -= 4.0
    scenes.settle(window)
    assert window.sign.shown.word == "NO DATA 4 s" and window.sign.shown.colour == "stale"


def test_four_runners_and_one_in_front(qtbot: QtBot, desk: scenes.SceneDesk) -> None:
    for number, name in enumerate(("Ada", "Ben", "Cleo", "Dan")):
        desk.seat(name, 0, (scenes.TUCK_S, scenes.GOOD_S, scenes.PULLBACK_S, scenes.BASELINE_S)[number])
    window = opened(qtbot, desk)
    shown = [tile.shown for tile in window.tiles.tiles]
    assert [each[1].word for each in shown if each] == ["TUCK", "GOOD FORM", "RIGHT PULLBACK", "TAKING BASELINE"]
    qtbot.mouseClick(window.tiles.tiles[2], Qt.MouseButton.LeftButton)
    assert window.front == 2 and window.track.name == "Cleo"
    qtbot.keyClick(window, Qt.Key.Key_4)
    scenes.settle(window)
    assert window.track.name == "Dan" and not window.time_plots.tilt.threshold.isVisible()
    assert not window.bar.buttons["start"].isEnabled()


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


def test_errors_are_a_line_and_no_dialog(qtbot: QtBot, desk: scenes.SceneDesk) -> None:
    window = opened(qtbot, desk)
    desk.next.said.append(("The clip is gone: switch it off and on.", True))
    desk.next.work, desk.next.share = "looking for clips", float("nan")
    scenes.settle(window)
    assert window.line.cancel.isVisible()
    qtbot.mouseClick(window.line.cancel, Qt.MouseButton.LeftButton)
    assert desk.asked == [("cancel",)]
    assert "switch it off and on" in window.line.label.text() and window.line.label.property("error")


@pytest.mark.parametrize(("size", "runners"), [*((size, 1) for size in SIZES), (SIZES[0], 4), (SIZES[-1], 4)], ids=str)
def test_nothing_is_cut_and_nothing_overlaps(
    qtbot: QtBot, desk: scenes.SceneDesk, size: tuple[int, int], runners: int
) -> None:
    for number in range(runners):
        desk.seat(f"Runner {number}", 0, scenes.TUCK_S)
    window = opened(qtbot, desk, size=size)
    assert (window.width(), window.height()) == size
    check_layout(window)
    for button in window.bar.findChildren(QToolButton):
        if button.isVisible():
            width = QFontMetricsF(button.font()).horizontalAdvance(button.text())
            assert width <= button.width() - 4, f"{button.text()} is cut at {size}"
    for part in (window.time_plots.tilt, window.time_plots.lean, window.time_plots.pullback, window.time_plots.cadence):
        box = part.plot.getViewBox()
        assert box.height() >= 28 and part._title.boundingRect().width() <= box.width()


def check_layout(parent: QWidget) -> None:
    """Children lie within their parent, at no less than their least size, and beside each other."""
    children = [child for child in parent.children() if isinstance(child, QWidget) and child.isVisible()]
    children = [child for child in children if not child.isWindow()]
    for child in children:
        assert parent.rect().contains(child.geometry()), f"{child} is cut"
        least = child.minimumSizeHint()
        assert child.width() >= least.width() - 1 or least.width() < 0, f"{child} is too narrow"
    for number, child in enumerate(children):
        for other in children[number + 1 :]:
            common: QRect = child.geometry() & other.geometry()
            assert common.isEmpty(), f"{child} and {other} overlap"
        if type(child) is QWidget or isinstance(child, type(parent)):
            check_layout(child)


@pytest.mark.parametrize("name", THEMES)
def test_text_stands_out_from_what_lies_behind(name: str) -> None:
    theme = THEMES[name]
    for colour in (theme.text, theme.dim, theme.good, theme.fault, theme.left, theme.right):
        assert contrast(colour, theme.panel) >= 4.5
        assert contrast(colour, theme.background) >= 4.5
    for colour in (theme.good, theme.fault, theme.work, theme.stale):
        assert contrast(theme.on(colour), colour) >= 4.5


# Machado, Oliveira, Fernandes 2009: linear RGB as seen without one kind of cone
BLINDNESS = {
    "none": np.eye(3),
    "protan": np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]),
    "deutan": np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]),
    "tritan": np.array([[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]]),
}


def as_seen(colour: str, kind: str) -> np.ndarray:
    """CIE L*a*b* (3,) of a colour as someone with this colour vision sees it."""
    srgb = np.array([int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(BLINDNESS[kind] @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    f = np.cbrt(xyz / (0.9505, 1.0, 1.089))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("kind", BLINDNESS)
@pytest.mark.parametrize("name", THEMES)
def test_colours_are_told_apart_by_all(name: str, kind: str) -> None:
    theme = THEMES[name]
    states = (theme.good, theme.fault, theme.work, theme.stale)
    for one, other in (*combinations(states, 2), (theme.left, theme.right)):
        assert np.linalg.norm(as_seen(one, kind) - as_seen(other, kind)) >= 20.0, (one, other)


def test_a_tick_without_news_paints_nothing(qtbot: QtBot, desk: scenes.SceneDesk) -> None:
    desk.seat("Ada", 0, scenes.GOOD_S)
    window = opened(qtbot, desk)
    before = window.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    painted: list[str] = []
    for part in (window.sign, *window.numbers.boxes, window.pelvis):
        part.update = partial(painted.append, type(part).__name__)  # type: ignore[method-assign]
    scenes.settle(window)
    assert painted == []
    assert window.grab().toImage().convertToFormat(QImage.Format.Format_RGB32) == before


def test_the_command_needs_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from untuck.cli.main import cli

    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    result = CliRunner().invoke(cli, ["coach"])
    assert result.exit_code == 1 and "no screen" in result.output


def test_scenes_are_those_of_the_pictures() -> None:
    drawn_by_bench = {"cues"}
    assert {path.stem for path in IMAGES.glob("*.png")} - drawn_by_bench == {*scenes.SCENES, *PAGES}


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
