"""Colours and sizes of the window: a light and a dark theme, and fonts that scale with the window.

The colours can be distinguished with any colour vision, which a test checks. Colour is never the only sign: text, shape
or place carry the same information.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtGui import QFont, QFontMetricsF

from untuck.vocabulary import PALETTES

BASE_PX = 13  # text at 1200 x 700
BASE_WIDTH, BASE_HEIGHT = 1200, 700
LEAST_PX, MOST_PX = 10, 30
FAR_PX = 28  # at 1200 x 700, of what is read from three metres: an eye with full sight resolves about 10
DARKEST, LIGHTEST = "#10141a", "#ffffff"


def luminance(colour: str) -> float:
    """Relative luminance (WCAG) of "#rrggbb", 0..1."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast of two colours, 1..21; text needs 4.5."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@dataclass(frozen=True)
class Theme:
    """Colours by role. good, fault: form kept, form lost; left, right: sides; work: in progress; stale: no live data;
    shade_alpha: opacity (0..255) of a fault's colour behind the stretch of a finding.
    """

    name: str
    background: str
    panel: str
    line: str
    text: str
    dim: str
    good: str
    band: str
    fault: str
    left: str
    right: str
    trace: str
    work: str
    stale: str
    shade_alpha: int

    def on(self, colour: str) -> str:
        """Colour of text on this colour: dark or light, whichever has more contrast."""
        return min((DARKEST, LIGHTEST), key=lambda ink: -contrast(ink, colour))


LIGHT = Theme(
    name="light",
    background="#ffffff",
    panel="#f2f4f6",
    line="#c4cad0",
    text="#15191e",
    dim="#59626b",
    good="#0072b2",
    band="#d6e8f5",
    fault=PALETTES["light"]["fault"],
    left=PALETTES["light"]["left"],
    right=PALETTES["light"]["right"],
    trace="#9aa5af",
    work="#f0c800",
    stale="#4a4f55",
    shade_alpha=45,
)
DARK = Theme(
    name="dark",
    background="#14181d",
    panel="#1f252c",
    line="#3b444e",
    text="#f2f5f7",
    dim="#a9b4be",
    good="#56b4e9",
    band="#1c3a50",
    fault=PALETTES["dark"]["fault"],
    left=PALETTES["dark"]["left"],
    right=PALETTES["dark"]["right"],
    trace="#6d7985",
    work="#f4e04a",
    stale="#8b949d",
    shade_alpha=60,
)
THEMES = {theme.name: theme for theme in (LIGHT, DARK)}


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
