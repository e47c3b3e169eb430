"""The coach's window with two clips: lean, the lower back and the figure of the spine agree with the strides.

With one clip none of it is shown. The shapes of the figure follow tilt and lean alone.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest

pytest.importorskip("PySide6.QtWidgets", reason="Qt's system libraries are missing", exc_type=ImportError)
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainterPath, QTransform
from pytestqt.qtbot import QtBot
from tests.coach import scenes
from tests.coach.test_coach_look import SIZES, check_layout
from tests.coach.window_actions import opened

from untuck.coach.spine_figure import SpineFigure, SpinePose, posed
from untuck.coach.spine_outline import BACK, PELVIS, TRUNK, posture
from untuck.coach.window import CoachWindow
from untuck.report.numbers import UNKNOWN
from untuck.session.form_state import State
from untuck.session.form_words import LOOKS, StateLabel
from untuck.vocabulary import Fault

ANGLES_DEG = st.floats(-25.0, 25.0)


def points(path: QPainterPath) -> np.ndarray:
    """(n,2) the points of a path's curves."""
    return np.array([(path.elementAt(n).x, path.elementAt(n).y) for n in range(path.elementCount())])


@given(ANGLES_DEG)
def test_a_trunk_that_follows_the_pelvis_turns_the_spine_as_one(angle_deg: float) -> None:
    """Tipping from the ankles is no arch: equal angles turn the standing figure about the hips."""
    turned = points(posture(angle_deg, angle_deg).line)
    standing = points(QTransform().rotate(angle_deg).map(posture(0.0, 0.0).line))
    assert np.abs(turned - standing).max() < 1e-6


@given(ANGLES_DEG, ANGLES_DEG, ANGLES_DEG)
def test_the_trunk_keeps_its_shape_and_direction_whatever_the_pelvis_does(one: float, two: float, lean: float) -> None:
    first, second = (
        [points(shape.path) for shape in posture(tilt_deg, lean).shapes if shape.of == TRUNK] for tilt_deg in (one, two)
    )
    assert len(first) == 3  # neck, chest and head
    for a, b in zip(first, second, strict=True):
        assert np.abs((a - a[0]) - (b - b[0])).max() < 1e-6


def bend_deg(tilt_deg: float, lean_deg: float) -> float:
    """How far the lower back turns from its lowest to its highest vertebra, backward positive."""
    middles = [shape.path.boundingRect().center() for shape in posture(tilt_deg, lean_deg).shapes if shape.of == BACK]
    first, last = (middles[1] - middles[0]), (middles[-1] - middles[-2])

    def forward_deg(step: QPointF) -> float:
        return math.degrees(math.atan2(step.x(), -step.y()))

    return forward_deg(first) - forward_deg(last)


def test_an_arch_bends_the_lower_back_more_and_a_tuck_less() -> None:
    usual, arch, tuck, bent = (bend_deg(*angles) for angles in ((11, 23), (24, 23), (-2, 23), (2, 32)))
    assert arch > usual + 6.0 and tuck < usual - 6.0 and bent < usual - 6.0


def of_state(state: State) -> StateLabel:
    return StateLabel(state, "", "", "", LOOKS[state].colour)


@pytest.mark.parametrize(
    ("fault", "word"),
    [(Fault.TUCK, "TUCKED"), (Fault.ARCH, "ARCHED"), (Fault.BENT, "BENT"), (Fault.UPRIGHT, "UPRIGHT")],
)
def test_what_is_at_fault_has_the_faults_colour(qtbot: QtBot, fault: Fault, word: str) -> None:
    figure = SpineFigure()
    qtbot.addWidget(figure)
    pose = posed(of_state(State.FAULT), fault, (1.0, 11.0), (5.5, 11.0))
    figure.show_pose(pose, stale=False)
    assert pose.word == word
    colours, theme = figure._colours(), figure._theme
    at_fault = {part for part, colour in colours.items() if colour == theme.fault}
    assert (
        at_fault
        == {
            Fault.TUCK: {PELVIS},
            Fault.ARCH: {BACK},
            Fault.BENT: {PELVIS, BACK, TRUNK},
            Fault.UPRIGHT: {TRUNK},
        }[fault]
    )
    figure.show_pose(pose, stale=True)
    assert set(figure._colours().values()) == {theme.stale}


def test_a_pullback_leaves_the_spine_neutral_and_a_missing_trunk_is_named() -> None:
    assert posed(of_state(State.FAULT), Fault.PULLBACK, (5.0, 11.0), (5.5, 11.0)).word == "NEUTRAL"
    assert posed(of_state(State.GOOD), "", (5.0, math.nan), (5.5, 11.0)).word == "NO TRUNK"
    assert posed(of_state(State.BASELINE), "", (5.0, 11.0), (math.nan, math.nan)).word == ""


def shown(window: CoachWindow) -> dict[str, tuple[str, str]]:
    """Value and text below of each box, by caption."""
    boxes = [box.shown for box in window.reading_boxes.boxes]
    return {box.caption: (box.value, box.below) for box in boxes if box is not None}


def dots(item: object) -> np.ndarray:
    return np.column_stack(item.getData())  # type: ignore[attr-defined]


def test_an_arch_is_shown_everywhere_and_agrees_with_the_strides(qtbot: QtBot, control: scenes.SceneControl) -> None:
    control.slot("Ada", 3, scenes.ARCHED_S, scenes.SPINE, clips=2)
    window = opened(qtbot, control)
    label = window.state_box.shown
    assert label is not None and label.word == "ARCH" and "grow tall" in label.text.lower()
    assert window.spine.isVisible() and window.spine.shown.fault == Fault.ARCH
    assert window.spine.shown.word == "ARCHED" and window.pelvis._colour == "trace"
    last = window.runner.strides.all
    last = last[last["valid"]][-6:]
    values = shown(window)
    assert values["Trunk lean"][0] == f"{last['trunk_lean_deg'].mean():.1f}°"
    arch_deg = float((last["lumbar_deg"] - last["lumbar_usual_deg"]).mean())
    assert values["Arch of the back"] == (f"{arch_deg:+.1f}°", "against usual") and 5.0 < arch_deg < 9.0
    assert "Pelvic lean" not in values and "Arch" in values
    tilt, lower = window.time_plots.tilt, window.time_plots.lean
    rows = window.runner.strides.between(*tilt.plot.viewRange()[0])
    rows = rows[rows["valid"] & np.isfinite(rows["trunk_lean_deg"])]
    leans = np.concatenate([dots(tilt._lean_dots), dots(tilt._lean_lost)])
    assert np.allclose(np.sort(leans[:, 1]), np.sort(rows["trunk_lean_deg"].astype(float)))
    assert "lean" in tilt._title.toPlainText() and lower._title.toPlainText().startswith("Lower back")
    lost = dots(lower._lost)
    (finding,) = [f for f in window.runner.active.values() if f.fault == Fault.ARCH]
    assert len(lost) > 5 and (lost[:, 0] >= finding.start_s).all() and len(dots(lower._dots["pelvic_lean_deg"])) == 0
    window.time_plots.point(scenes.TUCKED_S)
    assert window.spine.shown.word == "TUCKED" and window.pelvis._colour == "fault"


def test_no_trunk_is_said_at_once_and_the_pelvis_goes_on(qtbot: QtBot, control: scenes.SceneControl) -> None:
    lost_s = scenes.LEANING_S - 5.0
    slot = control.slot("Ada", 3, scenes.LEANING_S, scenes.SPINE, clips=2, lost=(lost_s, scenes.LEANING_S + 2.0))
    window = opened(qtbot, control)
    label = window.state_box.shown
    assert label is not None and label.state == State.GOOD and "no trunk" in label.text
    assert window.spine.shown.word == "NO TRUNK" and math.isnan(window.runner.pose_deg[3])
    values = shown(window)
    assert values["Trunk lean"] == values["Arch of the back"] == (UNKNOWN, "no trunk")
    assert values["Tilt against usual"][0] != UNKNOWN
    control.play(slot, scenes.LEANING_S + 6.0)
    scenes.settle(window)
    label = window.state_box.shown
    assert label is not None and "no trunk" not in label.text and window.spine.shown.word != "NO TRUNK"


def test_with_one_clip_nothing_of_the_trunk_is_shown(qtbot: QtBot, control: scenes.SceneControl) -> None:
    control.slot("Ada", 0, scenes.GOOD_S)
    window = opened(qtbot, control)
    assert not window.spine.isVisible() and "Pelvic lean" in shown(window) and len(window.reading_boxes.boxes) == 5
    tilt, lean = window.time_plots.tilt, window.time_plots.lean
    assert "lean" not in tilt._title.toPlainText() and lean._title.toPlainText() == "Pelvic lean, degrees"
    assert len(dots(tilt._lean_dots)) == 0 and len(dots(lean._dots["pelvic_lean_deg"])) > 20
    assert np.isnan(window.runner.pose_deg[3])


def test_a_runner_with_one_clip_beside_one_with_two(qtbot: QtBot, control: scenes.SceneControl) -> None:
    control.slot("Ada", 3, scenes.LEANING_S, scenes.SPINE, clips=2)
    control.slot("Ben", 0, scenes.GOOD_S)
    window = opened(qtbot, control)
    for front, caption in ((1, "Pelvic lean"), (0, "Trunk lean"), (1, "Pelvic lean")):
        window.bring_to_front(front)
        scenes.settle(window)
        assert caption in shown(window) and window.spine.isVisible() == (front == 0)
        assert window.time_plots.lean._title.toPlainText().startswith("Lower" if front == 0 else "Pelvic")


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_nothing_is_cut_with_two_clips(qtbot: QtBot, control: scenes.SceneControl, size: tuple[int, int]) -> None:
    control.slot("Ada", 3, scenes.LEANING_S, scenes.SPINE, clips=2)
    window = opened(qtbot, control, size=size)
    assert (window.width(), window.height()) == size
    check_layout(window)
    for plot in (window.time_plots.tilt, window.time_plots.lean):
        assert plot._title.boundingRect().width() <= plot.plot.getViewBox().width()
    painted: list[str] = []
    for part in (*window.reading_boxes.boxes, window.spine):
        part.update = partial(painted.append, type(part).__name__)  # type: ignore[method-assign]
    scenes.settle(window)
    assert painted == [], "without new data nothing is painted"


def test_a_figure_without_any_pose_is_painted(qtbot: QtBot) -> None:
    figure = SpineFigure()
    qtbot.addWidget(figure)
    figure.resize(320, 140)
    blank = figure.grab().toImage()
    figure.show_pose(SpinePose(5.0, 11.0, 5.0, 11.0, word="NEUTRAL"), stale=False)
    assert figure.grab().toImage() != blank
