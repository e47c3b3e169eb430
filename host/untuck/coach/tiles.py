"""Tiles for several runners side by side, each with name, state and number; a click brings a runner to the front.

The speaker on a tile shows whose cues sound; a click on it moves them to this runner.

Hidden while there is only one runner. A tile is painted again only when its text changes.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QHBoxLayout, QWidget

from untuck.coach import theme as themes
from untuck.coach.readings import Reading, main_reading, state_label
from untuck.coach.runner_data import RunnerData
from untuck.session.form_words import StateLabel
from untuck.session.themes import LIGHT, Theme

_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class Tile(QWidget):
    """Name, number and state of one runner, and a speaker that shows whether this runner's cues sound.

    clicked, speaker: the tile or its speaker was clicked, with the number of the tile.
    """

    clicked = Signal(int)
    speaker = Signal(int)

    def __init__(self, number: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._number = number
        self._theme = LIGHT
        self.shown: tuple[str, StateLabel, Reading, bool, bool] | None = None
        self.setMinimumSize(120, 52)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip(f"Bring to the front ({number + 1}); the speaker lets this runner's cues sound")

    def apply_theme(self, theme: Theme) -> None:
        """Use the colours of a theme."""
        self._theme = theme
        self.update()

    def show_runner(self, name: str, label: StateLabel, reading: Reading, front: bool, sounds: bool) -> None:
        """Paint the tile if anything has changed."""
        new = (name, label, reading, front, sounds)
        if new != self.shown:
            self.shown = new
            self.setAccessibleName(f"{name}: {label.word}{', cues sound' if sounds else ''}")
            self.update()

    def speaker_area(self) -> QRectF:
        """Where the speaker is, at the upper right."""
        size = 0.5 * self.height() - 4
        return QRectF(self.width() - size - 8, 3, size, size)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        (self.speaker if self.speaker_area().contains(event.position()) else self.clicked).emit(self._number)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint name, number and speaker above the state on its colour; the runner in front has a frame."""
        if self.shown is None:
            return
        name, label, reading, front, sounds = self.shown
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = getattr(self._theme, label.colour)
        area = QRectF(self.rect()).adjusted(2, 2, -2, -2)
        painter.setPen(QPen(QColor(self._theme.text), 3) if front else QPen(QColor(self._theme.line), 1))
        painter.setBrush(QColor(self._theme.panel))
        painter.drawRoundedRect(area, 6, 6)
        strip = QRectF(area.left() + 3, area.top() + 0.48 * area.height(), area.width() - 6, 0.52 * area.height() - 3)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colour))
        painter.drawRoundedRect(strip, 4, 4)
        painter.setPen(QColor(self._theme.on(colour)))
        words = f"{label.symbol} {label.word}"
        painter.setFont(themes.fitting(words, strip.width() - 10, strip.height() * 0.7))
        painter.drawText(strip, Qt.AlignmentFlag.AlignCenter, words)
        top = QRectF(area.left() + 8, area.top(), area.width() - 24 - self.speaker_area().width(), 0.48 * area.height())
        painter.setPen(QColor(self._theme.text))
        painter.setFont(themes.fitting(f"{self._number + 1}  {name}", top.width() * 0.62, top.height() * 0.55))
        painter.drawText(top, _LEFT, f"{self._number + 1}  {name}")
        painter.setPen(QColor(getattr(self._theme, reading.colour)))
        painter.setFont(themes.fitting(reading.value, top.width() * 0.36, top.height() * 0.7))
        painter.drawText(top, _RIGHT, reading.value)
        self._paint_speaker(painter, sounds)

    def _paint_speaker(self, painter: QPainter, sounds: bool) -> None:
        """A speaker with waves, or crossed out."""
        area = self.speaker_area()
        painter.save()
        painter.translate(area.center())
        painter.scale(area.width() / 2, area.height() / 2)
        colour = QColor(self._theme.text if sounds else self._theme.dim)
        painter.setPen(QPen(colour, 0.12, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.setBrush(colour if sounds else Qt.BrushStyle.NoBrush)
        horn = [(-0.7, -0.22), (-0.4, -0.22), (-0.05, -0.55), (-0.05, 0.55), (-0.4, 0.22), (-0.7, 0.22)]
        painter.drawPolygon(QPolygonF([QPointF(*point) for point in horn]))
        if sounds:
            for radius in (0.3, 0.6):
                painter.drawArc(QRectF(-radius, -radius, 2 * radius, 2 * radius), -45 * 16, 90 * 16)
        else:
            painter.drawLine(QPointF(0.2, -0.3), QPointF(0.75, 0.3))
            painter.drawLine(QPointF(0.2, 0.3), QPointF(0.75, -0.3))
        painter.restore()


class Tiles(QWidget):
    """The row of tiles."""

    chosen = Signal(int)
    sound_moved = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tiles: list[Tile] = []
        self._theme = LIGHT
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(4)
        self.hide()

    def apply_theme(self, theme: Theme, pixels: int) -> None:
        """Use the colours of a theme and a text size."""
        self._theme = theme
        self.setFixedHeight(pixels * 6)
        for tile in self.tiles:
            tile.apply_theme(theme)

    def refresh(self, runners: list[RunnerData], front: int, sounding: int, clock_s: float) -> None:
        """Show the current state of each runner; sounding: whose cues sound, -1 for nobody's."""
        while len(self.tiles) < len(runners):
            tile = Tile(len(self.tiles), self)
            tile.apply_theme(self._theme)
            tile.clicked.connect(self.chosen)
            tile.speaker.connect(self.sound_moved)
            self._row.addWidget(tile)
            self.tiles.append(tile)
        self.setVisible(len(runners) > 1)
        for number, (tile, runner) in enumerate(zip(self.tiles, runners, strict=True)):
            label = state_label(runner, clock_s)
            tile.show_runner(runner.name, label, main_reading(runner, label), number == front, number == sounding)
