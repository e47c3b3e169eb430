"""The cursor, the help page, full screen, whose cues sound, a new runner, and the report in the coach's window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PySide6.QtWidgets", reason="Qt's system libraries are missing", exc_type=ImportError)
from PySide6.QtCore import QObject, QPoint, QPointF, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from tests.coach import scenes
from tests.coach.window_actions import click, opened

from untuck.coach.button_bar import BUTTONS
from untuck.report.numbers import UNKNOWN
from untuck.session.form_state import State
from untuck.session_commands import TUNABLE, SetThreshold, from_text


def test_the_cursor_reads_any_moment_and_everything_follows_it(qtbot: QtBot, control: scenes.SceneControl) -> None:
    control.slot("Ada", 0, scenes.END_S)
    window = opened(qtbot, control)
    label, number = window.state_box.shown, window.reading_boxes.boxes[0].shown
    assert label is not None and number is not None and label.state == State.ENDED and number.value == UNKNOWN
    pose = window.pelvis._angles_deg
    rows = window.runner.strides.all
    (tuck, _) = window.runner.findings
    for at_s, state in ((60.0, State.BASELINE), (69.0, State.GOOD), (tuck.start_s + 8.0, State.FAULT)):
        window.time_plots.point(at_s)
        label, number = window.state_box.shown, window.reading_boxes.boxes[0].shown
        cadence = window.reading_boxes.boxes[1].shown
        assert label is not None and number is not None and cadence is not None
        assert label.state == state and label.past and f"{int(at_s) // 60}:" in label.text
        before = rows[(rows["time_s"] <= at_s) & rows["valid"]][-6:]
        assert cadence.value == f"{before['cadence_spm'].mean():.0f}"
        if state != State.BASELINE:
            assert number.value == f"{before['against_deg'][-1]:+.1f}°"
        assert window.pelvis._angles_deg != pose
    assert window.pelvis._colour == "fault"
    qtbot.keyClick(window, Qt.Key.Key_L)
    qtbot.waitUntil(lambda: window.time_plots.cursor_s is None)
    assert window.state_box.shown is not None
    assert not window.state_box.shown.past


def test_the_cursor_follows_the_mouse_only_away_from_the_live_data(qtbot: QtBot, control: scenes.SceneControl) -> None:
    slot = control.slot("Ada", 0, scenes.TUCK_S)
    window = opened(qtbot, control)
    plots = window.time_plots
    box = plots.tilt.plot.getViewBox()

    def at(time_s: float) -> QPoint:
        return plots.mapFromScene(box.mapViewToScene(QPointF(time_s, 5.0)))

    QTest.mouseMove(plots.viewport(), at(60.0))
    assert plots.cursor_s is None and plots.following, "a mouse that lies on the plots must not stop the live numbers"
    QTest.mouseClick(plots.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at(60.0))
    assert plots.cursor_s == pytest.approx(60.0, abs=0.2) and not plots.following
    plots._hover(box.mapViewToScene(QPointF(70.0, 5.0)))
    assert plots.cursor_s == pytest.approx(70.0, abs=0.01)
    control.play(slot, scenes.TUCK_S + 3)
    scenes.settle(window)
    assert plots.cursor_s == pytest.approx(70.0, abs=0.01)
    qtbot.keyClick(window, Qt.Key.Key_Comma)
    times = window.runner.strides.all["time_s"]
    assert plots.cursor_s is not None and np.abs(times - plots.cursor_s).min() < 0.01 and plots.cursor_s < 70.0
    qtbot.keyClick(window, Qt.Key.Key_End)
    assert plots.cursor_s is None and plots.following


def test_help_and_full_screen_have_keys(qtbot: QtBot, control: scenes.SceneControl) -> None:
    control.slot("Ada", 0, scenes.GOOD_S)
    window = opened(qtbot, control)
    for key in (Qt.Key.Key_F1, Qt.Key.Key_Question):
        qtbot.keyClick(window, key)
        qtbot.waitUntil(window.help.isVisible)  # a shortcut presses its button for a moment
        assert not window.time_plots.isVisible()
        qtbot.keyClick(window, Qt.Key.Key_Escape)
        assert not window.help.isVisible() and window.time_plots.isVisible()
    text = window.help.toPlainText()
    assert all(button.tip in text and (button.key or button.text) in text for button in BUTTONS)
    assert "COMING BACK" in text and "NOT JUDGED" in text
    qtbot.keyClick(window, Qt.Key.Key_F11)
    qtbot.waitUntil(window.isFullScreen)
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.isFullScreen() and not window.bar.buttons["full"].isChecked()


def test_a_tile_shows_whose_cues_sound_and_moves_them(qtbot: QtBot, control: scenes.SceneControl) -> None:
    for name, until_s in (("Ada", scenes.GOOD_S), ("Ben", scenes.BASELINE_S)):
        control.slot(name, 0, until_s)
    window = opened(qtbot, control)

    def sounding() -> list[bool]:
        return [tile.shown[4] for tile in window.tiles.tiles if tile.shown is not None]

    assert sounding() == [True, False]
    tile = window.tiles.tiles[1]
    qtbot.mouseClick(tile, Qt.MouseButton.LeftButton, pos=tile.speaker_area().center().toPoint())
    scenes.settle(window)
    assert control.asked == [("sound", "Ben")] and sounding() == [False, True] and window.front == 0
    qtbot.keyClick(window, Qt.Key.Key_S)
    scenes.settle(window)
    assert control.asked[-1] == ("sound", "Ada") and sounding() == [True, False]


def test_a_new_runner_is_entered_in_the_window(qtbot: QtBot, control: scenes.SceneControl) -> None:
    window = opened(qtbot, control)
    click(qtbot, window, "runner")
    assert "new runner" in window.message_line.edit.placeholderText()
    qtbot.keyClicks(window.message_line.edit, "Ada")
    qtbot.keyClick(window.message_line.edit, Qt.Key.Key_Return)
    (entry,) = (each for each in window.bar._start_menu.actions() if each.text() == "New runner…")
    entry.trigger()
    qtbot.keyClicks(window.message_line.edit, "Ben")
    qtbot.keyClick(window.message_line.edit, Qt.Key.Key_Escape)
    assert control.asked == [("new runner", "Ada")]


class Opener(QObject):
    """Opens files in place of the system."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []

    @Slot(QUrl)
    def open(self, url: QUrl) -> None:
        self.opened.append(url.toLocalFile())


@pytest.fixture
def opener() -> Iterator[Opener]:
    made = Opener()
    QDesktopServices.setUrlHandler("file", made, "open")
    yield made
    QDesktopServices.unsetUrlHandler("file")


def test_a_written_report_is_opened(qtbot: QtBot, control: scenes.SceneControl, opener: Opener, tmp_path: Path) -> None:
    window = opened(qtbot, control)
    page = tmp_path / "session 1.html"
    control.next.messages.append((f"Report written: {page}", False))
    control.next.report = page
    scenes.settle(window)
    assert opener.opened == [str(page)] and str(page) in window.message_line.label.text()


def test_settings_are_named_as_on_the_screen(qtbot: QtBot, control: scenes.SceneControl) -> None:
    slot = control.slot("Ada", 0, scenes.GOOD_S)
    window = opened(qtbot, control)
    for name, (low, _) in TUNABLE.items():
        control.command(slot, SetThreshold(name, low))
    for kind, value in (("faults", "tuck"), ("baseline", ""), ("zero", ""), ("calibrate", "off")):
        control.command(slot, from_text(kind, value))
    control.take_commands(slot)
    control.play(slot, scenes.GOOD_S + 1)
    scenes.settle(window)
    said = [mark.text for mark in window.runner.marks if mark.kind == "command"]
    assert len(said) == len(TUNABLE) + 4
    for text in said:
        assert not any(internal in text for internal in ("_", "=", " on deg", " ratio", "cooldown")), text


@pytest.mark.parametrize("name", ["tilt", "pullback"])
def test_a_line_dragged_too_far_stays_at_the_least_setting(
    qtbot: QtBot, control: scenes.SceneControl, name: str
) -> None:
    control.slot("Ada", 0, scenes.GOOD_S)
    window = opened(qtbot, control)
    line = getattr(window.time_plots, name).threshold
    line.setValue(line._base_deg + 0.2 * line._sign)
    line.sigPositionChangeFinished.emit(line)
    kind, value = control.asked[-1]
    assert kind == "threshold" and float(value.partition("=")[2]) == 1.0
