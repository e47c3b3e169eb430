"""Colours of every screen that shows a live session: a light and a dark theme.

The colours can be distinguished with any colour vision, which a test checks. Colour is never the only sign: text, shape
or place carry the same information.
"""

from __future__ import annotations

from dataclasses import dataclass

from untuck.vocabulary import PALETTES

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
