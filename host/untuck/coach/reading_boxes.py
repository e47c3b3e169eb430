"""Widgets for the state and the big numbers, painted to fill their space, so that they are readable from three metres.

A widget is painted again only when its text changes. The texts come from readings.py.
"""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from untuck.coach import theme as themes
from untuck.coach.readings import Reading, StateLabel

_CENTRE = Qt.AlignmentFlag.AlignCenter


class StateBox(QWidget):
    """The state on its colour, with the line of text below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shown: StateLabel | None = None
        self._theme = themes.LIGHT
        self.setMinimumHeight(56)

    def apply_theme(self, theme: themes.Theme) -> None:
        """Use the colours of a theme."""
        self._theme = theme
        self.update()

    def show_label(self, label: StateLabel) -> None:
        """Paint the label if it differs from the one shown."""
        if label != self.shown:
            self.shown = label
            self.setAccessibleName(f"{label.word}: {label.text}")
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the word as large as fits, the text below it, and a bar for the progress."""
        if self.shown is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        colour = getattr(self._theme, self.shown.colour)
        ink = QColor(self._theme.on(colour))
        painter.setBrush(QColor(colour))
        area = QRectF(self.rect())
        painter.drawRoundedRect(area, 6, 6)
        progress = self.shown.progress
        if progress >= 0.0:
            painter.setBrush(ink)
            painter.drawRect(QRectF(area.left() + 8, area.bottom() - 9, (area.width() - 16) * progress, 5))
        painter.setPen(ink)
        inner = area.adjusted(8, 4, -8, -12 if progress >= 0.0 else -4)
        words = f"{self.shown.symbol} {self.shown.word}"
        top = QRectF(inner.left(), inner.top(), inner.width(), inner.height() * 0.55)
        painter.setFont(themes.fitting(words, inner.width(), top.height() * 0.8))
        painter.drawText(top, _CENTRE, words)
        below = QRectF(inner.left(), top.bottom(), inner.width(), inner.height() * 0.45)
        painter.setFont(themes.font(min(below.height() * 0.4, inner.width() / 17)))
        painter.drawText(below, _CENTRE | Qt.TextFlag.TextWordWrap, self.shown.text)


class ReadingBox(QWidget):
    """A caption, a number as large as fits, and a text below it. widest: a text as wide as the number can become."""

    def __init__(self, widest: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shown: Reading | None = None
        self._widest = widest
        self._theme = themes.LIGHT
        self._stale = False
        self.setMinimumSize(60, 44)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def apply_theme(self, theme: themes.Theme) -> None:
        """Use the colours of a theme."""
        self._theme = theme
        self.update()

    def show_reading(self, reading: Reading, stale: bool) -> None:
        """Paint the reading if it, or whether it is stale, has changed."""
        if reading != self.shown or stale != self._stale:
            self.shown, self._stale = reading, stale
            self.setAccessibleName(f"{reading.caption} {reading.value} {reading.below}")
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint caption, number and text below each other; in grey if the reading is stale."""
        if self.shown is None:
            return
        theme, reading = self._theme, self.shown
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(theme.line))
        painter.setBrush(QColor(theme.panel))
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(area, 6, 6)
        inner = area.adjusted(6, 2, -6, -2)
        small = inner.height() * 0.2
        colour = QColor(theme.dim if self._stale else getattr(theme, reading.colour))
        painter.setPen(colour if reading.colour in ("left", "right") else QColor(theme.dim))
        painter.setFont(themes.fitting(reading.caption, inner.width(), small * 0.78, bold=False))
        painter.drawText(QRectF(inner.left(), inner.top(), inner.width(), small), _CENTRE, reading.caption)
        below = small if reading.below else 0.0
        middle = QRectF(inner.left(), inner.top() + small, inner.width(), inner.height() - small - below)
        painter.setPen(colour)
        painter.setFont(themes.fitting(self._widest, middle.width(), middle.height() * 0.86))
        painter.drawText(middle, _CENTRE, reading.value)
        if reading.below:
            painter.setFont(themes.fitting(reading.below, inner.width(), small * 0.8, bold=reading.colour == "fault"))
            painter.drawText(QRectF(inner.left(), middle.bottom(), inner.width(), below), _CENTRE, reading.below)


class ReadingBoxes(QWidget):
    """Tilt across the whole width, below it lean and cadence, below these the contact times."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.boxes = [ReadingBox(widest) for widest in ("+10.0°", "20.0°", "180", "250", "250")]
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        grid.addWidget(self.boxes[0], 0, 0, 1, 2)
        for number, box in enumerate(self.boxes[1:]):
            grid.addWidget(box, 1 + number // 2, number % 2)
        grid.setRowStretch(0, 5)
        grid.setRowStretch(1, 3)
        grid.setRowStretch(2, 3)

    def apply_theme(self, theme: themes.Theme) -> None:
        """Use the colours of a theme."""
        for box in self.boxes:
            box.apply_theme(theme)

    def show_readings(self, readings: list[Reading], stale: bool) -> None:
        """Paint the readings that have changed."""
        for box, reading in zip(self.boxes, readings, strict=True):
            box.show_reading(reading, stale)
