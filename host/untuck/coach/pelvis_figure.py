"""A small figure of the pelvis from the right side, from behind and from above, with an outline for the baseline.

Painted in two dimensions from three angles. Each angle is doubled, as the caption says, because a tuck of five degrees
would hardly be visible. The figure is painted with every packet. The shapes are in pelvis_outline.py.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QGradient,
    QLinearGradient,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QRadialGradient,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from untuck.coach import theme as themes
from untuck.coach.pelvis_outline import View, from_above, from_behind, from_the_right
from untuck.model import Floats
from untuck.session.themes import LIGHT, Theme

GAIN = 2.0  # of the drawn angle over the true one
LEAST_DEG = 0.2  # a smaller change is not painted
WORD_CM = 2.8
_CENTRE = Qt.AlignmentFlag.AlignCenter
TONES = {"light": 0.4, "bone": 0.0, "dim": -0.22, "deep": -0.42}  # share of white, or of black below zero


class Placed(NamedTuple):
    """A view; its caption; the part of the plane that is shown, in centimetres; words in it, with their places."""

    view: View
    caption: str
    frame: QRectF
    words: tuple[tuple[str, float, float], ...]


class Look(NamedTuple):
    """The theme, and the name of the pelvis's colour in it."""

    theme: Theme
    colour: str


def views() -> tuple[Placed, Placed, Placed]:
    """The three views, as shown from left to right: tilt, obliquity and rotation turn them."""
    return (
        Placed(from_the_right(), "side, angle x 2", QRectF(-16, -18, 32, 31), (("runs ▶", 11.0, 10.5),)),
        Placed(from_behind(), "from behind, x 2", QRectF(-17, -17, 34, 30), (("L", -15.5, -14.5), ("R", 15.5, -14.5))),
        Placed(
            from_above(),
            "from above, x 2",
            QRectF(-17, -12, 34, 30),
            (("▲ runs", 0.0, -10.0), ("L", -15.5, 14.5), ("R", 15.5, 14.5)),
        ),
    )


class PelvisFigure(QWidget):
    """The current pose of the pelvis, and the tilt of the baseline."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._angles_deg = (0.0, 0.0, 0.0)
        self._ghost_deg = math.nan
        self._colour = "stale"
        self._theme = LIGHT
        self._views = views()
        self.setMinimumSize(150, 70)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def apply_theme(self, theme: Theme) -> None:
        """Use the colours of a theme."""
        self._theme = theme
        self.update()

    def show_pose(self, angles_deg: Floats, ghost_deg: float, colour: str) -> None:
        """Show tilt, obliquity and rotation (3,), the tilt of the baseline (NaN: none), in a colour of the theme."""
        new = (float(angles_deg[0]), float(angles_deg[1]), float(angles_deg[2]))
        same = max(abs(a - b) for a, b in zip(new, self._angles_deg, strict=True)) < LEAST_DEG
        ghost_same = ghost_deg == self._ghost_deg or (math.isnan(ghost_deg) and math.isnan(self._ghost_deg))
        if same and ghost_same and colour == self._colour:
            return
        self._angles_deg, self._ghost_deg, self._colour = new, ghost_deg, colour
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the three views side by side, each with its caption."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tilt_deg, obliquity_deg, rotation_deg = self._angles_deg
        turns = (tilt_deg, self._ghost_deg), (-obliquity_deg, 0.0), (-rotation_deg, 0.0)  # clockwise on the screen
        look = Look(self._theme, self._colour)
        width = self.width() / 3
        caption_px = min(self.height() * 0.12, width / 9.0)
        for at, (placed, (turn_deg, ghost_deg)) in enumerate(zip(self._views, turns, strict=True)):
            area = QRectF(at * width, 0.0, width, self.height() - 1.4 * caption_px)
            ghost_deg = math.nan if math.isnan(self._ghost_deg) else ghost_deg
            paint_view(painter, area, placed, (turn_deg, ghost_deg), look)
            painter.setPen(QColor(self._theme.dim))
            painter.setFont(themes.font(caption_px))
            below = QRectF(at * width, area.bottom(), width, 1.4 * caption_px)
            painter.drawText(below, _CENTRE, placed.caption)


def paint_view(painter: QPainter, area: QRectF, placed: Placed, turns_deg: tuple[float, float], look: Look) -> None:
    """Paint a view into an area: horizontal line, bones, hip axis, and the baseline as an outline.

    turns_deg: of the pelvis and of the baseline, clockwise; the baseline may be NaN.
    """
    frame, theme = placed.frame, look.theme
    scale = min(area.width() / frame.width(), area.height() / frame.height())
    turn_deg, ghost_deg = (GAIN * angle_deg for angle_deg in turns_deg)
    turn_deg = 0.0 if math.isnan(turn_deg) else turn_deg
    brushes = tones(theme, getattr(theme, look.colour), frame)
    edge, line = 0.8 / scale, max(1.0 / scale, 0.2)
    painter.save()
    painter.translate(area.center() - frame.center() * scale)
    painter.scale(scale, scale)
    painter.setPen(QPen(QColor(theme.line), line))
    painter.drawLine(QPointF(frame.left(), 0.0), QPointF(frame.right(), 0.0))
    for part in placed.view.parts:
        edged = part.tone in ("bone", "deep")
        painter.setPen(QPen(QColor(theme.background), edge) if edged else Qt.PenStyle.NoPen)
        _turned(painter, part.path, turn_deg * part.share, brushes[part.tone])
    _paint_axis(painter, placed, turn_deg, QPen(QColor(theme.text), 1.4 * line))
    if not math.isnan(ghost_deg):
        painter.setPen(QPen(QColor(theme.text), line, Qt.PenStyle.DashLine))
        _turned(painter, placed.view.outline, ghost_deg, QBrush())
    _write(painter, placed, theme)
    painter.restore()


def _write(painter: QPainter, placed: Placed, theme: Theme) -> None:
    """The words in a view, at their places in centimetres; a font needs whole pixels, so that the painter is scaled."""
    painter.setPen(QColor(theme.dim))
    painter.setFont(themes.font(100.0))
    painter.scale(WORD_CM / 100.0, WORD_CM / 100.0)
    for word, x, y in placed.words:
        middle = QPointF(x, y) * (100.0 / WORD_CM)
        painter.drawText(QRectF(middle.x() - 400.0, middle.y() - 80.0, 800.0, 160.0), _CENTRE, word)


def _paint_axis(painter: QPainter, placed: Placed, turn_deg: float, pen: QPen) -> None:
    """The hip joints, and a line through them that turns with the pelvis; from the side, level when standing."""
    painter.save()
    painter.rotate(turn_deg)
    painter.setPen(pen)
    painter.setBrush(pen.color())
    reach = QPointF(placed.frame.right() - 1.0, 0.0)
    painter.drawLine(-reach, reach)
    for hip in placed.view.hips:
        painter.drawEllipse(hip, 0.5, 0.5)
    painter.restore()


def _turned(painter: QPainter, path: QPainterPath, turn_deg: float, brush: QBrush) -> None:
    """Draw a path that is rotated about the hip axis."""
    painter.save()
    painter.rotate(turn_deg)
    painter.setBrush(brush)
    painter.drawPath(path)
    painter.restore()


def tones(theme: Theme, colour: str, frame: QRectF) -> dict[str, QBrush]:
    """The fill of each tone. Spine and thigh bones, the hints, fade out towards the frame."""
    brushes = {
        tone: QBrush(_mixed(colour, "#ffffff" if share > 0 else "#000000", abs(share))) for tone, share in TONES.items()
    }
    hint = _mixed(theme.background, theme.trace, 0.5)
    fading = QLinearGradient(frame.topLeft(), frame.bottomLeft())
    for place, alpha in ((0.0, 0), (0.18, 255), (0.72, 255), (1.0, 0)):
        fading.setColorAt(place, QColor(hint.red(), hint.green(), hint.blue(), alpha))
    hollow = QRadialGradient(QPointF(0.5, 0.5), 0.55)
    hollow.setCoordinateMode(QGradient.CoordinateMode.ObjectMode)
    for place, tone in ((0.0, "dim"), (0.5, "dim"), (1.0, "bone")):
        hollow.setColorAt(place, brushes[tone].color())
    return {**brushes, "dim": QBrush(hollow), "hint": QBrush(fading)}


def _mixed(one: str, other: str, share: float) -> QColor:
    """A colour, with a share (0..1) of another."""
    first, second = QColor(one), QColor(other)
    pairs = (
        (first.red(), second.red()),
        (first.green(), second.green()),
        (first.blue(), second.blue()),
    )
    return QColor(*(round(a + (b - a) * share) for a, b in pairs))
