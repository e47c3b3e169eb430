"""The figure of the pelvis: clean shapes of human proportions, and the signs and angles that are really painted."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPainterPath, QTransform

from untuck.coach import theme as themes
from untuck.coach.pelvis_figure import GAIN, Look, PelvisFigure, paint_view, views
from untuck.coach.pelvis_outline import HIP_CM, View, from_above, from_behind, from_the_right
from untuck.model import Floats
from untuck.session.themes import DARK, LIGHT, Theme

SIDE, BEHIND, ABOVE = range(3)
NONE = math.nan


@pytest.fixture(autouse=True)
def application(qapp: object) -> None:
    """Fonts and widgets need an application."""


def painted(at: int, turns_deg: tuple[float, float], size: int = 400, theme: Theme = LIGHT) -> Floats:
    """A view without its words, in a square: RGB (size, size, 3). turns_deg: pelvis and baseline, clockwise."""
    image = QImage(size, size, QImage.Format.Format_RGB32)
    image.fill(QColor(theme.background))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    placed = views()[at]._replace(words=())
    paint_view(painter, QRectF(0, 0, size, size), placed, turns_deg, Look(theme, "fault"))
    painter.end()
    return pixels(image)


def pixels(image: QImage) -> Floats:
    """RGB of an image, (height, width, 3)."""
    data = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    return data[:, :, 2::-1].astype(float)


def bones(rgb: Floats) -> np.ndarray:
    """Where the pelvis is: the saturated pixels, as lines, spine and thigh bones are grey."""
    return rgb.max(axis=2) - rgb.min(axis=2) > 60


def place(at: int, x: float, y: float, size: int) -> tuple[int, int]:
    """Row and column of a point in centimetres, given with y up."""
    frame = views()[at].frame
    scale = min(size / frame.width(), size / frame.height())
    return (
        round(size / 2 + (-y - frame.center().y()) * scale),
        round(size / 2 + (x - frame.center().x()) * scale),
    )


def crossings(points: np.ndarray) -> int:
    """How often a closed polygon (n, 2) crosses itself."""
    start, end = points, np.roll(points, -1, axis=0)
    way = end - start

    def side(of: np.ndarray) -> np.ndarray:
        """Of each point beside each edge: above or below zero."""
        gap = of[None, :, :] - start[:, None, :]
        return np.sign(np.round(way[:, None, 0] * gap[:, :, 1] - way[:, None, 1] * gap[:, :, 0], 9))

    first, last = side(start), side(end)
    apart = first * last < 0
    return int(np.sum(apart & apart.T) // 2)


def test_a_polygon_that_crosses_itself_is_found() -> None:
    assert crossings(np.array([(0, 0), (1, 1), (1, 0), (0, 1)], float)) == 1
    assert crossings(np.array([(0, 0), (1, 0), (1, 1), (0, 1)], float)) == 0


@pytest.mark.parametrize("view", [from_the_right, from_behind, from_above])
def test_shapes_are_closed_and_do_not_cross_themselves(view: Callable[[], View]) -> None:
    for path in (*(part.path for part in view().parts), view().outline):
        polygons = path.toSubpathPolygons(QTransform.fromScale(20, 20))
        assert polygons
        for polygon in polygons:
            points = np.array([(point.x(), point.y()) for point in polygon.toList()])
            assert np.allclose(points[0], points[-1], atol=1e-6)
            steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
            assert crossings(points[:-1][steps > 1e-6]) == 0


@pytest.mark.parametrize("at", [BEHIND, ABOVE])
def test_views_from_behind_and_above_are_symmetric(at: int) -> None:
    rgb = painted(at, (0.0, 0.0))
    assert bones(rgb).sum() > 10_000
    assert np.abs(rgb - rgb[:, ::-1]).mean() < 1.0
    turned = painted(at, (3.0, 0.0))
    assert np.abs(turned - turned[:, ::-1]).mean() > 5.0


def size_cm(path: QPainterPath) -> tuple[float, float]:
    box = path.boundingRect()
    return box.width(), box.height()


def test_proportions_are_those_of_an_adult() -> None:
    """Crests 28 cm, height 21.5 cm, depth from spine to spine 15.5 cm; spines and symphysis in one vertical plane."""
    side, behind = from_the_right().outline, from_behind().outline
    assert size_cm(behind) == pytest.approx((28.2, 21.7), abs=0.5)
    assert size_cm(side) == pytest.approx((16.0, 21.7), abs=0.5)
    front_cm = [
        max(point.x() for point in outline_between(side, low, high)) for low, high in ((5.5, 7.0), (-2.5, -0.5))
    ]
    assert front_cm[0] == pytest.approx(front_cm[1], abs=0.5)
    assert pytest.approx(0.72 * 24.0, abs=0.2) == 2 * HIP_CM


def outline_between(path: QPainterPath, low: float, high: float) -> list[QPointF]:
    """Points of an outline between two heights above the hip joints."""
    at = [path.pointAtPercent(share) for share in np.linspace(0, 1, 800)]
    return [point for point in at if low < -point.y() < high]


@pytest.mark.parametrize("size", [120, 400])
@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_openings_show_what_is_behind(size: int, theme: Theme) -> None:
    """Obturator foramina and sciatic notches from behind, the inlet from above: at both sizes, on both themes."""
    background = np.array(QColor(theme.background).getRgb()[:3], float)  # type: ignore[index]
    behind, above = (painted(at, (0.0, NONE), size, theme) for at in (BEHIND, ABOVE))
    for x, y in ((4.2, -3.9), (-4.2, -3.9), (4.3, 3.2), (-4.3, 3.2)):
        assert np.abs(behind[place(BEHIND, x, y, size)] - background).max() < 8
    assert np.abs(above[place(ABOVE, 0.0, 2.5, size)] - background).max() < 8
    assert not bones(painted(SIDE, (0.0, NONE), size, theme))[place(SIDE, 0.5, -4.4, size)]
    for x, y in ((10.8, 1.0), (-10.8, 1.0), (7.0, -6.0), (0.9, -2.0)):
        assert bones(behind)[place(BEHIND, x, y, size)]


@pytest.mark.parametrize("tilt_deg", [-7.0, -3.0, 3.0, 7.0])
def test_forward_tilt_tips_the_front_spine_forward_and_down(tilt_deg: float) -> None:
    def front_spine(turn_deg: float) -> tuple[int, int]:
        """Column and row of the foremost point well above the hip joint."""
        wing = bones(shown((turn_deg, 0.0, 0.0), NONE)[SIDE])[: place(SIDE, 0.0, 4.9, 400)[0]]
        column = int(np.flatnonzero(wing.any(axis=0))[-1])
        return column, int(np.flatnonzero(wing[:, column])[-1])

    level, tipped = front_spine(0.0), front_spine(tilt_deg)
    assert np.sign(tipped[0] - level[0]) == np.sign(tilt_deg)  # the runner faces the right edge
    assert np.sign(tipped[1] - level[1]) == np.sign(tilt_deg)  # rows count downward


@pytest.mark.parametrize("degrees", [-5.0, 5.0])
@pytest.mark.parametrize(("at", "which"), [(BEHIND, 1), (ABOVE, 2)])
def test_right_hip_is_up_or_forward_when_positive(degrees: float, at: int, which: int) -> None:
    """Obliquity lifts the right side, seen from behind; rotation moves it forward: so does a left pullback."""
    angles = [0.0, 0.0, 0.0]
    angles[which] = degrees

    rgb = shown((angles[0], angles[1], angles[2]), NONE)[at]
    mask = bones(rgb)
    left, right = (np.argwhere(part)[:, 0].mean() for part in (mask[:, :200], mask[:, 200:]))
    assert np.sign(left - right) == np.sign(degrees)
    assert abs(left - right) > 15
    axis = np.argwhere(rgb.max(axis=2) < 60)  # the line through both hip joints
    slope = np.polyfit(axis[:, 1], axis[:, 0], 1)[0]
    assert math.degrees(math.atan(-slope)) == pytest.approx(GAIN * degrees, abs=0.5)


def shown(angles_deg: tuple[float, float, float], ghost_deg: float) -> list[Floats]:
    """The three views as the widget paints them, 400 pixels each, without the caption."""
    figure = PelvisFigure()
    figure.resize(1200, 456)
    figure.setStyleSheet("background: #ffffff")
    figure.show_pose(np.array(angles_deg), ghost_deg, "fault")
    rgb = pixels(figure.grab().toImage().convertToFormat(QImage.Format.Format_RGB32))
    return [rgb[:394, at * 400 : (at + 1) * 400] for at in range(3)]


@pytest.mark.parametrize("baseline_deg", [-4.0, 5.0])
def test_outline_is_at_the_angle_of_the_baseline(baseline_deg: float) -> None:
    size = 400
    with_ghost, without = painted(SIDE, (0.0, baseline_deg), size), painted(SIDE, (0.0, NONE), size)
    rows, columns = np.nonzero(np.abs(with_ghost - without).max(axis=2) > 60)
    assert len(rows) > 200
    assert away_px(rows, columns, baseline_deg, size) < 2.5
    assert away_px(rows, columns, baseline_deg - 2.0, size) > 8.0


def away_px(rows: np.ndarray, columns: np.ndarray, tilt_deg: float, size: int) -> float:
    """The largest distance of pixels from the outline of the pelvis at a tilt."""
    turned = QTransform().rotate(GAIN * tilt_deg).map(from_the_right().outline)
    at = [turned.pointAtPercent(share) for share in np.linspace(0, 1, 3000)]
    outline = np.array([place(SIDE, point.x(), -point.y(), size) for point in at], float)
    gaps = np.hypot(rows[:, None] - outline[None, :, 0], columns[:, None] - outline[None, :, 1])
    return float(gaps.min(axis=1).max())


@pytest.mark.parametrize("size", [(150, 70), (330, 130), (600, 200), (1200, 456)])
def test_captions_fit_below_their_views(size: tuple[int, int]) -> None:
    width = size[0] / 3
    font = themes.font(min(size[1] * 0.12, width / 9.0))
    for placed in views():
        assert QFontMetricsF(font).horizontalAdvance(placed.caption) <= width
