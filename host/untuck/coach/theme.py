"""Fonts, sizes and Qt's style sheet of the window, which scale with it; the colours are in session/themes.py."""

from __future__ import annotations

import math

from PySide6.QtGui import QFont, QFontMetricsF

from untuck.session.themes import Theme

BASE_PX = 13  # text at 1200 x 700
BASE_WIDTH, BASE_HEIGHT = 1200, 700
LEAST_PX, MOST_PX = 10, 30
FAR_PX = 28  # at 1200 x 700, of what is read from three metres: an eye with full sight resolves about 10


def text_px(width: int, height: int) -> int:
    """Text size in logical pixels for a window of this size."""
    factor = min(width / BASE_WIDTH, height / BASE_HEIGHT)
    return round(min(max(BASE_PX * factor, LEAST_PX), MOST_PX))


def far_px(width: int, height: int) -> int:
    """Least size in logical pixels of the state and the advice in a window of this size."""
    return max(LEAST_PX, math.ceil(FAR_PX * min(width / BASE_WIDTH, height / BASE_HEIGHT)))


def font(pixels: float, bold: bool = False) -> QFont:
    """The window's font at a size in logical pixels."""
    made = QFont("DejaVu Sans")
    made.setStyleHint(QFont.StyleHint.SansSerif)
    made.setPixelSize(max(6, round(pixels)))
    made.setBold(bold)
    return made


def fitting(text: str, width: float, most_px: float, bold: bool = True) -> QFont:
    """The largest font, up to most_px, in which the text fits into width."""
    wide = QFontMetricsF(font(100.0, bold)).horizontalAdvance(text) / 100.0
    return font(min(most_px, width / wide if wide > 0 else most_px), bold)


def style_sheet(theme: Theme, pixels: int) -> str:
    """Qt's style sheet for the standard widgets."""
    pad = max(2, pixels // 4)
    return f"""
* {{ font-family: "DejaVu Sans"; font-size: {pixels}px; color: {theme.text}; }}
QWidget#coach {{ background: {theme.background}; }}
QToolButton, QPushButton {{ background: {theme.panel}; border: 1px solid {theme.line}; border-radius: {pad}px;
    padding: {pad}px {2 * pad}px; }}
QToolButton:hover, QPushButton:hover {{ border-color: {theme.good}; }}
QToolButton:pressed {{ background: {theme.line}; }}
QToolButton:checked {{ background: {theme.work}; color: {theme.on(theme.work)}; }}
QToolButton:disabled, QPushButton:disabled {{ color: {theme.dim}; border-color: {theme.panel}; }}
QToolButton#main {{ background: {theme.good}; color: {theme.on(theme.good)}; font-weight: bold; }}
QToolButton[popupMode="1"] {{ padding-right: {pixels + 2 * pad}px; }}
QToolButton#main:disabled {{ background: {theme.panel}; color: {theme.dim}; }}
QToolButton::menu-indicator {{ image: none; }}
QMenu {{ background: {theme.panel}; border: 1px solid {theme.line}; }}
QMenu::item {{ padding: {pad}px {4 * pad}px; }}
QMenu::item:selected {{ background: {theme.good}; color: {theme.on(theme.good)}; }}
QMenu::item:disabled {{ color: {theme.dim}; }}
QMenu::separator {{ background: {theme.line}; height: 1px; }}
QLineEdit {{ background: {theme.background}; border: 1px solid {theme.good}; padding: {pad}px; }}
QProgressBar {{ background: {theme.panel}; border: 1px solid {theme.line}; text-align: center; }}
QProgressBar::chunk {{ background: {theme.good}; }}
QLabel#line[error="true"] {{ background: {theme.fault}; color: {theme.on(theme.fault)}; }}
QLabel#line {{ background: {theme.panel}; color: {theme.text}; padding: {pad}px {2 * pad}px; }}
"""
