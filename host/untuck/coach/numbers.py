"""The state and the big numbers, painted to fill the room they have, so that they can be read from three metres.

A part is painted again only when its words change. What the words are is said in words.py.
"""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from untuck.coach import theme as themes
from untuck.coach.words import Number, Sign

_CENTRE = Qt.AlignmentFlag.AlignCenter


class SignBox(QWidget):
    """The state in words on its colour, with what to do below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shown: Sign | None = None
        self._theme = themes.LIGHT
        self.setMinimumHeight(56)

    def dress(self, theme: themes.Theme) -> None:
        """Colours."""
        self._theme = theme
        self.update()

    def show_sign(self, sign: Sign) -> None:
        """Paint, if it is another sign."""
        if sign != self.shown:
            self.shown = sign
            self.setAccessibleName(f"{sign.word}: {sign.line}")
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
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
        if self.shown.share >= 0.0:
            painter.setBrush(ink)
            painter.drawRect(QRectF(area.left() + 8, area.bottom() - 9, (area.width() - 16) * self.shown.share, 5))
        painter.setPen(ink)
        inner = area.adjusted(8, 4, -8, -12 if self.shown.share >= 0.0 else -4)
        words = f"{self.shown.symbol} {self.shown.word}"
        top = QRectF(inner.left(), inner.top(), inner.width(), inner.height() * 0.55)
        painter.setFont(themes.fitting(words, inner.width(), top.height() * 0.8))
        painter.drawText(top, _CENTRE, words)
        below = QRectF(inner.left(), top.bottom(), inner.width(), inner.height() * 0.45)
        painter.setFont(themes.font(min(below.height() * 0.4, inner.width() / 17)))
        painter.drawText(below, _CENTRE | Qt.TextFlag.TextWordWrap, self.shown.line)


class NumberBox(QWidget):
    """A caption, a number, and what it means; the number is as large as fits."""

    def __init__(self, widest: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shown: Number | None = None
        self._widest = widest
        self._theme = themes.LIGHT
        self._stale = False
        self.setMinimumSize(60, 44)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def dress(self, theme: themes.Theme) -> None:
        """Colours."""
        self._theme = theme
        self.update()

    def show_number(self, number: Number, stale: bool) -> None:
        """Paint, if it is another number, or has become stale, or fresh again."""
        if number != self.shown or stale != self._stale:
            self.shown, self._stale = number, stale
            self.setAccessibleName(f"{number.caption} {number.value} {number.below}")
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.shown is None:
            return
        theme, number = self._theme, self.shown
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(theme.line))
        painter.setBrush(QColor(theme.panel))
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(area, 6, 6)
        inner = area.adjusted(6, 2, -6, -2)
        small = inner.height() * 0.2
        colour = QColor(theme.dim if self._stale else getattr(theme, number.colour))
        painter.setPen(colour if number.colour in ("left", "right") else QColor(theme.dim))
        painter.setFont(themes.fitting(number.caption, inner.width(), small * 0.78, bold=False))
        painter.drawText(QRectF(inner.left(), inner.top(), inner.width(), small), _CENTRE, number.caption)
        below = small if number.below else 0.0
        middle = QRectF(inner.left(), inner.top() + small, inner.width(), inner.height() - small - below)
        painter.setPen(colour)
        painter.setFont(themes.fitting(self._widest, middle.width(), middle.height() * 0.86))
        painter.drawText(middle, _CENTRE, number.value)
        if number.below:
            painter.setFont(themes.fitting(number.below, inner.width(), small * 0.8, bold=number.colour == "fault"))
            painter.drawText(QRectF(inner.left(), middle.bottom(), inner.width(), below), _CENTRE, number.below)


class Numbers(QWidget):
    """Tilt across the whole width, lean and cadence below, contact times below these."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.boxes = [NumberBox(widest) for widest in ("+10.0°", "20.0°", "180", "250", "250")]
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        grid.addWidget(self.boxes[0], 0, 0, 1, 2)
        for number, box in enumerate(self.boxes[1:]):
            grid.addWidget(box, 1 + number // 2, number % 2)
        grid.setRowStretch(0, 5)
        grid.setRowStretch(1, 3)
        grid.setRowStretch(2, 3)

    def dress(self, theme: themes.Theme) -> None:
        """Colours."""
        for box in self.boxes:
            box.dress(theme)

    def show_numbers(self, numbers: list[Number], stale: bool) -> None:
        """Paint those that have changed."""
        for box, number in zip(self.boxes, numbers, strict=True):
            box.show_number(number, stale)
