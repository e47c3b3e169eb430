"""The look of the coach's window: nothing cut or overlapping, distinguishable colours, no needless painting."""

from __future__ import annotations

from functools import partial
from itertools import combinations

import numpy as np
import pytest

pytest.importorskip("PySide6.QtWidgets", reason="Qt's system libraries are missing", exc_type=ImportError)
from PySide6.QtCore import QRect
from PySide6.QtGui import QFontMetricsF, QImage
from PySide6.QtWidgets import QToolButton, QWidget
from pytestqt.qtbot import QtBot
from tests.coach import scenes
from tests.coach.window_actions import opened
from tests.phone.pictures import PHONE
from tests.report.scenes import PAGES
from tests.screenshots import IMAGES

from untuck.session.themes import THEMES, contrast

SIZES = ((1024, 600), (1200, 700), (1920, 1080), (960, 540))  # the last is a full HD screen at 200 %


@pytest.mark.parametrize(("size", "runners"), [*((size, 1) for size in SIZES), (SIZES[0], 4), (SIZES[-1], 4)], ids=str)
def test_nothing_is_cut_and_nothing_overlaps(
    qtbot: QtBot, control: scenes.SceneControl, size: tuple[int, int], runners: int
) -> None:
    for number in range(runners):
        control.slot(f"Runner {number}", 0, scenes.TUCK_S)
    window = opened(qtbot, control, size=size)
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
    """Children lie within their parent, have at least their minimum size, and do not overlap."""
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
def test_text_has_contrast_to_its_background(name: str) -> None:
    theme = THEMES[name]
    for colour in (theme.text, theme.dim, theme.good, theme.fault, theme.left, theme.right):
        assert contrast(colour, theme.panel) >= 4.5
        assert contrast(colour, theme.background) >= 4.5
    for colour in (theme.good, theme.fault, theme.work, theme.stale):
        assert contrast(theme.on(colour), colour) >= 4.5


# Machado, Oliveira, Fernandes 2009: linear RGB as seen without one type of cone
BLINDNESS = {
    "none": np.eye(3),
    "protan": np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]),
    "deutan": np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]),
    "tritan": np.array([[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]]),
}


def as_seen(colour: str, kind: str) -> np.ndarray:
    """CIE L*a*b* (3,) of a colour as perceived with this colour vision."""
    srgb = np.array([int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(BLINDNESS[kind] @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    f = np.cbrt(xyz / (0.9505, 1.0, 1.089))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("kind", BLINDNESS)
@pytest.mark.parametrize("name", THEMES)
def test_colours_can_be_distinguished_with_any_colour_vision(name: str, kind: str) -> None:
    theme = THEMES[name]
    states = (theme.good, theme.fault, theme.work, theme.stale)
    for one, other in (*combinations(states, 2), (theme.left, theme.right)):
        assert np.linalg.norm(as_seen(one, kind) - as_seen(other, kind)) >= 20.0, (one, other)


def test_a_tick_without_new_data_paints_nothing(qtbot: QtBot, control: scenes.SceneControl) -> None:
    control.slot("Ada", 0, scenes.GOOD_S)
    window = opened(qtbot, control)
    before = window.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    painted: list[str] = []
    for part in (window.state_box, *window.reading_boxes.boxes, window.pelvis):
        part.update = partial(painted.append, type(part).__name__)  # type: ignore[method-assign]
    scenes.settle(window)
    assert painted == []
    assert window.grab().toImage().convertToFormat(QImage.Format.Format_RGB32) == before


def test_every_picture_has_its_scene() -> None:
    drawn_elsewhere = {"cues", "plot-run", "plot-pullback", "plot-worn"}  # by bench and tools
    assert {path.stem for path in IMAGES.glob("*.png")} - drawn_elsewhere == {*scenes.SCENES, *PAGES, *PHONE}
