"""Tiles for several runners side by side, each with name, state and tilt; a click brings a runner to the front.

Hidden while there is only one runner. A tile is painted again only when its text changes.
"""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QWidget

from untuck.coach import theme as themes
from untuck.coach.readings import Reading, StateLabel, state_label, tilt_reading
from untuck.coach.runner_data import RunnerData

_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class Tile(QWidget):
    """Name, tilt and state of one runner."""

    clicked = Signal(int)

    def __init__(self, number: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._number = number
        self._theme = themes.LIGHT
        self.shown: tuple[str, StateLabel, Reading, bool] | None = None
        self.setMinimumSize(120, 52)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip(f"Bring to the front ({number + 1})")

    def apply_theme(self, theme: themes.Theme) -> None:
        """Use the colours of a theme."""
        self._theme = theme
        self.update()

    def show_runner(self, name: str, label: StateLabel, tilt: Reading, front: bool) -> None:
        """Paint the tile if anything has changed."""
        new = (name, label, tilt, front)
        if new != self.shown:
            self.shown = new
            self.setAccessibleName(f"{name}: {label.word}")
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.clicked.emit(self._number)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint name and tilt above the state on its colour; the runner in front has a frame."""
        if self.shown is None:
            return
        name, label, tilt, front = self.shown
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = getattr(self._theme, label.colour)
        area = QRectF(self.rect()).adjusted(2, 2, -2, -2)
        painter.setPen(QPen(QColor(self._theme.text), 3) if front else QPen(QColor(self._theme.line), 1))
        painter.setBrush(QColor(self._theme.panel))
        painter.drawRoundedRect(area, 6, 6)
        strip = QRectF(area.left() + 3, area.top() + 0.5 * area.height(), area.width() - 6, 0.5 * area.height() - 3)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colour))
        painter.drawRoundedRect(strip, 4, 4)
        painter.setPen(QColor(self._theme.on(colour)))
        words = f"{label.symbol} {label.word}"
        painter.setFont(themes.fitting(words, strip.width() - 10, strip.height() * 0.6))
        painter.drawText(strip, Qt.AlignmentFlag.AlignCenter, words)
        top = QRectF(area.left() + 8, area.top(), area.width() - 16, 0.5 * area.height())
        painter.setPen(QColor(self._theme.text))
        painter.setFont(themes.fitting(f"{self._number + 1}  {name}", top.width() * 0.62, top.height() * 0.5))
        painter.drawText(top, _LEFT, f"{self._number + 1}  {name}")
        painter.setPen(QColor(getattr(self._theme, tilt.colour)))
        painter.setFont(themes.fitting(tilt.value, top.width() * 0.36, top.height() * 0.75))
        painter.drawText(top, _RIGHT, tilt.value)


class Tiles(QWidget):
    """The row of tiles."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tiles: list[Tile] = []
        self._theme = themes.LIGHT
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(4)
        self.hide()

    def apply_theme(self, theme: themes.Theme, pixels: int) -> None:
        """Use the colours of a theme and a text size."""
        self._theme = theme
        self.setFixedHeight(pixels * 6)
        for tile in self.tiles:
            tile.apply_theme(theme)

    def refresh(self, runners: list[RunnerData], front: int, clock_s: float) -> None:
        """Show the current state of each runner."""
        while len(self.tiles) < len(runners):
            tile = Tile(len(self.tiles), self)
            tile.apply_theme(self._theme)
            tile.clicked.connect(self.chosen)
            self._row.addWidget(tile)
            self.tiles.append(tile)
        self.setVisible(len(runners) > 1)
        for number, (tile, runner) in enumerate(zip(self.tiles, runners, strict=True)):
            tile.show_runner(runner.name, state_label(runner, clock_s), tilt_reading(runner), number == front)
