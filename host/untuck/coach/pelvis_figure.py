"""A small figure of the pelvis from the right side, from behind and from above, with an outline for the baseline.

Painted in two dimensions from three angles. Each angle is doubled, as the caption says, because a tuck of five degrees
would hardly be visible. The figure is painted with every packet.
"""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from untuck.coach import theme as themes
from untuck.model import Floats

GAIN = 2.0  # of the drawn angle over the true one
LEAST_DEG = 0.2  # a smaller change is not painted
_CENTRE = Qt.AlignmentFlag.AlignCenter


class PelvisFigure(QWidget):
    """The current pose of the pelvis, and the tilt of the baseline."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._angles_deg = (0.0, 0.0, 0.0)
        self._ghost_deg = math.nan
        self._colour = "stale"
        self._theme = themes.LIGHT
        self._shapes = (_side(), _behind(), _above())
        self.setMinimumSize(150, 70)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def apply_theme(self, theme: themes.Theme) -> None:
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
        theme = self._theme
        width = self.width() / 3
        caption_px = min(self.height() * 0.12, width / 9.0)
        tilt_deg, obliquity_deg, rotation_deg = self._angles_deg
        turns = tilt_deg, -obliquity_deg, -rotation_deg  # clockwise on the screen
        ghosts = self._ghost_deg, 0.0, 0.0
        names = "side ▶, angle x 2", "back, x 2", "top ▲, x 2"
        for at, (shape, turn, ghost, name) in enumerate(zip(self._shapes, turns, ghosts, names, strict=True)):
            area = QRectF(at * width, 0.0, width, self.height() - 1.4 * caption_px)
            self._draw(painter, area, shape, turn, ghost)
            painter.setPen(QColor(theme.dim))
            painter.setFont(themes.font(caption_px))
            painter.drawText(QRectF(at * width, area.bottom(), width, 1.4 * caption_px), _CENTRE, name)

    def _draw(self, painter: QPainter, area: QRectF, shape: QPainterPath, turn_deg: float, ghost_deg: float) -> None:
        """Draw a shape of unit size, rotated about its centre; the baseline is an outline."""
        theme = self._theme
        size = min(area.width(), area.height()) * 0.37
        painter.setPen(QPen(QColor(theme.line), 1))
        painter.drawLine(QPointF(area.left() + 4, area.center().y()), QPointF(area.right() - 4, area.center().y()))
        for angle_deg, ghost in ((turn_deg, False), (ghost_deg, True)):
            if math.isnan(angle_deg) or (ghost and math.isnan(self._ghost_deg)):
                continue
            painter.save()
            painter.translate(area.center())
            painter.rotate(GAIN * angle_deg)
            painter.scale(size, size)
            if ghost:
                pen = QPen(QColor(theme.text), 0.045, Qt.PenStyle.DashLine)
                painter.setBrush(Qt.BrushStyle.NoBrush)
            else:
                pen = QPen(QColor(theme.background), 0.02)
                painter.setBrush(QColor(getattr(theme, self._colour)))
            painter.setPen(pen)
            painter.drawPath(shape)
            painter.restore()


def _closed(points: list[tuple[float, float]]) -> QPainterPath:
    """A smooth closed curve through the midpoints between the points."""
    path = QPainterPath()
    ends = [QPointF(*point) for point in points]
    middles = [(a + b) / 2 for a, b in zip(ends, [*ends[1:], ends[0]], strict=True)]
    path.moveTo(middles[-1])
    for corner, middle in zip(ends, middles, strict=True):
        path.quadTo(corner, middle)
    path.closeSubpath()
    return path


def _side() -> QPainterPath:
    """From the right, front to the right: ilium, sacrum at the back, hip joint, sitting bone."""
    wing = [(-0.75, -0.6), (-0.4, -1.05), (0.3, -1.1), (0.95, -0.7), (0.62, -0.3), (0.5, 0.0)]
    slot = [(0.95, 0.3), (0.85, 0.7), (0.35, 0.55), (0.05, 1.1), (-0.45, 0.95), (-0.3, 0.4)]
    sacrum = [(-0.25, 0.0), (-0.55, 0.1), (-0.75, 0.75), (-1.0, 0.5), (-0.95, -0.2)]
    hip = QPainterPath()
    hip.addEllipse(QPointF(0.14, 0.12), 0.2, 0.2)
    return _closed([*wing, *slot, *sacrum]).subtracted(hip)


def _behind() -> QPainterPath:
    """From behind: both ilia, the sacrum between them, both hip joints."""
    wing = [(0.0, -0.6), (0.3, -0.55), (0.5, -1.0), (1.2, -0.95), (1.15, -0.35), (0.7, -0.05)]
    slot = [(0.95, 0.3), (0.8, 0.85), (0.4, 0.9), (0.4, 0.35), (0.2, 0.2), (0.1, 0.85), (0.0, 0.9)]
    half = [*wing, *slot]
    return _closed([*half, *[(-x, y) for x, y in reversed(half[1:-1])]])


def _above() -> QPainterPath:
    """From above, front upward: a ring that is open to the front, and an arrow to the front."""
    half = [(0.0, 0.85), (0.4, 0.85), (1.15, 0.45), (1.1, -0.5), (0.75, -0.55), (0.8, 0.05), (0.35, 0.4), (0.0, 0.35)]
    ring = _closed([*half, *[(-x, y) for x, y in reversed(half[1:-1])]])
    arrow = QPainterPath()
    arrow.moveTo(0.0, -0.95)
    arrow.lineTo(0.26, -0.5)
    arrow.lineTo(-0.26, -0.5)
    arrow.closeSubpath()
    return ring.united(arrow)
