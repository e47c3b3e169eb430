"""Buttons and displays of the coach's window; offscreen, with simulated sessions stopped at a moment."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("PySide6.QtWidgets", reason="Qt's system libraries are missing", exc_type=ImportError)
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from tests.coach import scenes
from tests.coach.window_actions import click, opened

from untuck.motion.params import Params
from untuck.session.blind_blocks import BlindBlocks


def test_buttons_give_commands_to_the_session(qtbot: QtBot, control: scenes.SceneControl) -> None:
    slot = control.slot("Ada", 0, scenes.GOOD_S)
    window = opened(qtbot, control)
    for name in ("lap", "mute", "calibrate"):
        click(qtbot, window, name)
    click(qtbot, window, "note")
    qtbot.keyClicks(window.message_line.edit, "new shoes")
    qtbot.keyClick(window.message_line.edit, Qt.Key.Key_Return)
    window.bar.faults["rigid"].trigger()
    window.bar.block.trigger()
    assert control.asked == [
        ("lap", ""),
        ("mute", "on"),
        ("calibrate", ""),
        ("note", "new shoes"),
        ("faults", "tuck,pullback,arch,bent,upright"),
        ("cues", "off"),
    ]
    control.take_commands(slot)
    control.play(slot, scenes.GOOD_S + 2)
    scenes.settle(window)
    assert [mark.text for mark in window.runner.marks if mark.kind in ("lap", "note")] == ["lap 1", "new shoes"]
    assert window.runner.muted and window.runner.no_cues
    assert window.bar.buttons["mute"].isChecked() and window.bar.block.isChecked()
    assert not window.bar.faults["rigid"].isChecked()


def test_calibration_shows_its_progress_and_can_be_cancelled(qtbot: QtBot, control: scenes.SceneControl) -> None:
    slot = control.slot("Ada", 0, scenes.STANDING_S)
    window = opened(qtbot, control)

    def shown(until_s: float) -> tuple[str, str, float]:
        control.take_commands(slot)
        control.play(slot, until_s)
        scenes.settle(window)
        label = window.state_box.shown
        assert label is not None
        return label.word, label.text, label.progress

    word, text, progress = shown(scenes.STANDING_S)
    assert word == "CALIBRATING" and text.startswith("stand still: 3 of 5 s") and 0.6 < progress < 0.8
    word, text, progress = shown(scenes.CALIBRATING_S)
    assert word == "CALIBRATING" and text.endswith("2 of 3") and progress == pytest.approx(2 / 3)
    word, _, progress = shown(scenes.CALIBRATED_S)
    assert word == "STANDING" and progress == -1.0
    found = control.pipeline(slot).calibration
    click(qtbot, window, "calibrate")
    assert shown(scenes.CALIBRATED_S + 0.5)[0] == "CALIBRATING" and window.bar.buttons["calibrate"].isChecked()
    click(qtbot, window, "calibrate")
    assert shown(scenes.CALIBRATED_S + 1.0)[0] == "STANDING" and not window.bar.buttons["calibrate"].isChecked()
    assert control.asked == [("calibrate", ""), ("calibrate", "off")]
    assert control.pipeline(slot).calibration is found


def test_an_active_finding_shows_its_depth_so_far(qtbot: QtBot, control: scenes.SceneControl) -> None:
    slot = control.slot("Ada", 0, scenes.GOOD_S)
    window = opened(qtbot, control)
    while not window.runner.active:
        control.play(slot, window.runner.last_s + 0.2)
        scenes.settle(window)
    (begun,) = window.runner.active.values()
    control.play(slot, scenes.TUCK_S)
    scenes.settle(window)
    (lasting,) = window.runner.active.values()
    assert lasting.start_s == begun.start_s and lasting.depth_deg > begun.depth_deg + 0.5
    (name,) = (name for name in window.time_plots.tilt._names.items if name.isVisible())
    assert name.label.format == f"tuck {lasting.depth_deg:.0f}° so far"


def test_blind_blocks_stay_hidden_until_the_end(qtbot: QtBot, control: scenes.SceneControl) -> None:
    slot = control.slot("Ada", 0, scenes.GOOD_S)
    control.view(slot).blocks = BlindBlocks(Random(1), block_s=20.0)
    control.play(slot, scenes.PULLBACK_S)
    window = opened(qtbot, control)
    assert window.bar.blind.isChecked() and not window.bar.block.isEnabled()
    assert not window.runner.shown_marks
    control.play(slot, scenes.END_S)
    scenes.settle(window)
    switches = [mark.text for mark in window.runner.shown_marks if mark.text.startswith("cues")]
    assert len(switches) >= 3 and set(switches) == {"cues on", "cues off"}
    assert any(mark.text == "no cue: block" for mark in window.runner.shown_marks)


@given(st.integers(0, 1000), st.lists(st.floats(0.01, 50.0), min_size=50, max_size=200))
def test_blocks_come_in_pairs(seed: int, steps_s: list[float]) -> None:
    blocks, now_s, switches = BlindBlocks(Random(seed), block_s=60.0), 0.0, []
    for step_s in steps_s:
        now_s += step_s
        if switch := blocks.due(now_s):
            switches.append(switch)
    pairs = list(zip(switches[::2], switches[1::2], strict=False))
    assert all(set(pair) == {"on", "off"} for pair in pairs)
    assert len(switches) >= (now_s - steps_s[0]) // 60.0


def test_a_dragged_threshold_is_used_by_the_analysis(qtbot: QtBot, control: scenes.SceneControl) -> None:
    slot = control.slot("Ada", 0, scenes.GOOD_S)
    window = opened(qtbot, control)
    line = window.time_plots.tilt.threshold
    assert line.isVisible() and line.value_deg == pytest.approx(window.runner.snapshot.params.tuck_on_deg)
    box = window.time_plots.tilt.plot.getViewBox()
    per_degree = box.height() / np.ptp(window.time_plots.tilt.plot.viewRange()[1])
    start = window.time_plots.mapFromScene(box.mapViewToScene(QPointF(40.0, line.value())))
    drag(window.time_plots.viewport(), start, round(1.5 * per_degree))
    kind, value = control.asked[-1]
    assert kind == "threshold" and value.startswith("tuck_on_deg=")
    asked_deg = float(value.split("=")[1])
    assert asked_deg == pytest.approx(Params().tuck_on_deg + 1.5, abs=0.2)
    control.take_commands(slot)
    control.play(slot, scenes.TUCK_S)
    scenes.settle(window)
    assert window.runner.snapshot.params.tuck_on_deg == pytest.approx(asked_deg)
    assert line.value_deg == pytest.approx(asked_deg)


def drag(widget: QWidget, start: QPoint, down: int) -> None:
    """Press, move, release; with own events, because QTest's mouse moves carry no button."""
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    steps = [(QEvent.Type.MouseMove, 0, none, none), (QEvent.Type.MouseButtonPress, 0, left, left)]
    steps += [(QEvent.Type.MouseMove, round(down * part), none, left) for part in (0.25, 0.5, 0.75, 1.0)]
    steps += [(QEvent.Type.MouseButtonRelease, down, left, none)]
    for kind, by, button, held in steps:
        at = QPointF(start + QPoint(0, by))
        QTest.qWait(15)  # pyqtgraph handles at most a hundred moves a second
        modifiers = Qt.KeyboardModifier.NoModifier
        QApplication.sendEvent(widget, QMouseEvent(kind, at, widget.mapToGlobal(at), button, held, modifiers))


def test_the_view_stays_scrolled_back_while_data_arrive(qtbot: QtBot, control: scenes.SceneControl) -> None:
    slot = control.slot("Ada", 0, scenes.TUCK_S)
    window = opened(qtbot, control)
    assert not window.bar.buttons["live"].isEnabled()
    qtbot.keyClick(window, Qt.Key.Key_Left)
    seen = window.time_plots.tilt.plot.viewRange()[0]
    control.play(slot, scenes.PULLBACK_S)
    scenes.settle(window)
    assert window.time_plots.tilt.plot.viewRange()[0] == seen and window.runner.last_s > scenes.PULLBACK_S - 1
    assert window.bar.buttons["live"].isEnabled()
    qtbot.keyClick(window, Qt.Key.Key_End)
    scenes.settle(window)
    start_s, end_s = window.time_plots.tilt.plot.viewRange()[0]
    assert start_s < window.runner.last_s <= end_s and end_s - start_s == pytest.approx(60.0)


def test_stale_data_are_shown_as_stale(qtbot: QtBot, control: scenes.SceneControl) -> None:
    control.slot("Ada", 0, scenes.GOOD_S)
    window = opened(qtbot, control)
    assert window.state_box.shown is not None and window.state_box.shown.word == "GOOD FORM"
    window.runner.heard_s -= 4.0
    scenes.settle(window)
    assert window.state_box.shown.word == "NO DATA 4 s" and window.state_box.shown.colour == "stale"


def test_four_runners_and_one_in_front(qtbot: QtBot, control: scenes.SceneControl) -> None:
    for number, name in enumerate(("Ada", "Ben", "Cleo", "Dan")):
        control.slot(name, 0, (scenes.TUCK_S, scenes.GOOD_S, scenes.PULLBACK_S, scenes.BASELINE_S)[number])
    window = opened(qtbot, control)
    shown = [tile.shown for tile in window.tiles.tiles]
    assert [each[1].word for each in shown if each] == ["TUCK", "GOOD FORM", "RIGHT PULLBACK", "BASELINE"]
    qtbot.mouseClick(window.tiles.tiles[2], Qt.MouseButton.LeftButton)
    assert window.front == 2 and window.runner.name == "Cleo"
    qtbot.keyClick(window, Qt.Key.Key_4)
    scenes.settle(window)
    assert window.runner.name == "Dan" and not window.time_plots.tilt.threshold.isVisible()
    assert not window.bar.buttons["start"].isEnabled()


def test_errors_are_shown_without_a_dialog(qtbot: QtBot, control: scenes.SceneControl) -> None:
    window = opened(qtbot, control)
    control.next.messages.append(("The clip is gone: switch it off and on.", True))
    control.next.task, control.next.progress = "looking for clips", float("nan")
    scenes.settle(window)
    assert window.message_line.cancel.isVisible()
    qtbot.mouseClick(window.message_line.cancel, Qt.MouseButton.LeftButton)
    assert control.asked == [("cancel",)]
    assert "switch it off and on" in window.message_line.label.text() and window.message_line.label.property("error")
