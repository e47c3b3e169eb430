"""Widgets for the state and the big numbers, painted to fill their space, so that they are readable from three metres.

A widget is painted again only when its text changes. The texts come from readings.py.
"""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from untuck.coach import theme as themes
from untuck.coach.readings import Reading
from untuck.session.form_words import StateLabel
from untuck.session.themes import LIGHT, Theme

_CENTRE = Qt.AlignmentFlag.AlignCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
WORD_SHARE = 0.42  # of the box's width, at most, for the word of the state


class StateBox(QWidget):
    """The state on its colour across the window, with what to do beside it; both large enough for three metres."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shown: StateLabel | None = None
        self._theme = LIGHT
        self._far_px = themes.FAR_PX

    def apply_theme(self, theme: Theme, far_px: int) -> None:
        """Use the colours of a theme; far_px: the least size of the letters."""
        self._theme, self._far_px = theme, far_px
        self.setFixedHeight(round(2.9 * far_px))
        self.update()

    def show_label(self, label: StateLabel) -> None:
        """Paint the label if it differs from the one shown."""
        if label != self.shown:
            self.shown = label
            self.setAccessibleName(f"{label.word}: {label.text}")
            self.update()

    def fonts(self) -> tuple[QFont, QFont, QRectF, QRectF]:
        """Fonts of word and text, and the space of each."""
        assert self.shown is not None
        inner = QRectF(self.rect()).adjusted(12, 2, -12, -2)
        words = f"{self.shown.symbol} {self.shown.word}"
        word_font = themes.fitting(words, inner.width() * WORD_SHARE, inner.height() * 0.66)
        width = QFontMetricsF(word_font).horizontalAdvance(words) + 2 * self._far_px
        left = QRectF(inner.left(), inner.top(), width, inner.height())
        right = inner.adjusted(width, 0, 0, 0)
        text_font = themes.font(self._far_px)
        larger = themes.font(1.4 * self._far_px)
        if QFontMetricsF(larger).horizontalAdvance(self.shown.text) <= right.width():
            text_font = larger
        return word_font, text_font, left, right

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the word at the left, what to do at the right, and a bar for the progress at the bottom."""
        if self.shown is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = getattr(self._theme, self.shown.colour)
        ink = QColor(self._theme.on(colour))
        area = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.setPen(
            QPen(QColor(self._theme.text), 3, Qt.PenStyle.DashLine) if self.shown.past else Qt.PenStyle.NoPen
        )
        painter.setBrush(QColor(colour))
        painter.drawRoundedRect(area, 6, 6)
        painter.setPen(Qt.PenStyle.NoPen)
        if self.shown.progress >= 0.0:
            painter.setBrush(ink)
            painter.drawRect(QRectF(area.left() + 8, area.bottom() - 6, (area.width() - 16) * self.shown.progress, 5))
        word_font, text_font, left, right = self.fonts()
        painter.setPen(ink)
        painter.setFont(word_font)
        painter.drawText(left, _LEFT, f"{self.shown.symbol} {self.shown.word}")
        painter.setFont(text_font)
        painter.drawText(right, _LEFT | Qt.TextFlag.TextWordWrap, self.shown.text)


class ReadingBox(QWidget):
    """A caption, a number as large as fits, and a text below it. widest: a text as wide as the number can become."""

    def __init__(self, widest: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shown: Reading | None = None
        self._widest = widest
        self._theme = LIGHT
        self._stale = False
        self.setMinimumSize(60, 44)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def apply_theme(self, theme: Theme) -> None:
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


class Place(NamedTuple):
    """Where the box of a reading is, in six columns, and a text as wide as its number can become."""

    widest: str
    row: int
    column: int
    columns: int


ONE_CLIP = (
    Place("+10.0°", 0, 0, 6),
    Place("180", 1, 0, 3),
    Place("20.0°", 1, 3, 3),
    Place("250", 2, 0, 3),
    Place("250", 2, 3, 3),
)
TWO_CLIPS = (
    Place("+10.0°", 0, 0, 6),
    Place("180", 2, 0, 2),
    Place("20.0°", 1, 0, 3),
    Place("+10.0°", 1, 3, 3),
    Place("250", 2, 2, 2),
    Place("250", 2, 4, 2),
)


class ReadingBoxes(QWidget):
    """The number of the state across the whole width, below it cadence and lean, below these the contact times.

    With a second clip lean and the lower back are in one row, cadence and the contact times below them.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.boxes: list[ReadingBox] = []
        self._theme = LIGHT
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(4)
        for row, stretch in enumerate((5, 3, 3)):
            self._grid.setRowStretch(row, stretch)
        for column in range(6):
            self._grid.setColumnStretch(column, 1)
        self._place(ONE_CLIP)

    def _place(self, places: tuple[Place, ...]) -> None:
        """Lay out a box for each reading."""
        for box in self.boxes:
            self._grid.removeWidget(box)
            box.hide()
            box.deleteLater()
        self.boxes = [ReadingBox(place.widest, self) for place in places]
        for box, place in zip(self.boxes, places, strict=True):
            box.apply_theme(self._theme)
            self._grid.addWidget(box, place.row, place.column, 1, place.columns)
            box.show()

    def apply_theme(self, theme: Theme) -> None:
        """Use the colours of a theme."""
        self._theme = theme
        for box in self.boxes:
            box.apply_theme(theme)

    def show_readings(self, readings: list[Reading], stale: bool) -> None:
        """Paint the readings that have changed."""
        if len(readings) != len(self.boxes):
            self._place(TWO_CLIPS if len(readings) == len(TWO_CLIPS) else ONE_CLIP)
        for box, reading in zip(self.boxes, readings, strict=True):
            box.show_reading(reading, stale)
