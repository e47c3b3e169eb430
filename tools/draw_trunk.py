"""Draws how to wear the second clip: `python tools/draw_trunk.py` writes docs/images/trunk.svg.

The body is drawn as in draw_pelvis.py: in centimetres about the hip joints, with y up.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.draw_pelvis import (
    BELT_CM,
    DIM,
    GOOD,
    IMAGES,
    INK,
    LINE,
    SKIN,
    bent,
    bones,
    label,
    picture,
    placed,
    runner,
    shape,
)

from untuck.coach.pelvis_outline import Points, from_behind

HALF = [(0.0, 63.0), (4.5, 62.0), (5.2, 57.5), (12.0, 55.5), (18.5, 52.0), (20.0, 45.0), (16.5, 37.0), (14.5, 28.0)]
HALF += [(13.5, 16.0), (15.0, 6.0), (17.5, -4.0), (17.0, -14.0), (13.0, -19.0), (4.0, -19.0), (0.0, -13.0)]
BLADE = [(5.0, 49.5), (11.0, 50.5), (14.0, 48.0), (11.0, 41.0), (8.0, 36.5), (6.3, 40.0)]
SHIRT = [(-16.0, 54.0), (-5.0, 57.0), (0.0, 55.5), (5.0, 57.0), (16.0, 54.0), (19.5, 45.0), (15.6, 36.0), (13.8, 22.0)]
SHIRT += [(-13.8, 22.0), (-15.6, 36.0), (-19.5, 45.0)]
CLIP_CM = 43.0  # height of the second clip: between the shoulder blades
LEAN_DEG, TILT_DEG = 12.0, 9.0
LAMP = "#f59b3d"


def _mirrored(points: Points) -> Points:
    return [*points, *[(-x, y) for x, y in reversed(points[1:-1])]]


def _clip(y: float) -> str:
    """A clip on the back, seen from behind."""
    case = f'<rect x="-2" y="{-y - 3.3}" width="4" height="6.6" rx=".9" fill="{INK}"/>'
    return f'{case}<circle cy="{-y - 1.7}" r=".6" fill="{LAMP}"/>'


def _strap(path: str, width: float = 2.6) -> str:
    style = 'stroke-linecap="round" stroke-linejoin="round"'
    return f'<path d="{path}" fill="none" stroke="{DIM}" stroke-width="{width}" {style}/>'


def _behind() -> str:
    """Both clips on the back."""
    blades = "".join(shape([(side * x, y) for x, y in BLADE], "#c3ccd4") for side in (1.0, -1.0))
    dip = f"M-14.6 {-BELT_CM - 0.6} Q0 {-BELT_CM + 1.6} 14.6 {-BELT_CM - 0.6}"
    band = f'<path d="{dip}" fill="none" stroke="{INK}" stroke-width="1.6"/>'
    body = shape(_mirrored(HALF), SKIN) + blades + bones(from_behind(), GOOD, 0.0) + band
    drawn = placed(160, 252, 3.4, body + _clip(CLIP_CM) + _clip(BELT_CM))
    names = label(232, 108, "trunk", 15, GOOD, "start") + label(226, 222, "pelvis", 15, GOOD, "start")
    lines = f'<path d="M170 106 H226 M170 220 H220" stroke="{GOOD}" stroke-width="1.5"/>'
    return drawn + lines + names


def _worn(x: float, y: float, strap: str, clip_cm: float, name: str) -> str:
    """A way of wearing, small."""
    upper = [(a, b) for a, b in HALF if b > 10.0]
    body = shape([*upper, *[(-a, b) for a, b in reversed(upper[1:])]], SKIN)
    return placed(x, y, 1.9, body + strap + _clip(clip_cm)) + label(x, y + 6, name)


def _ways() -> str:
    """A chest strap, the back of a sports bra, a tight shirt."""
    chest = _strap("M-15.4 -36 Q0 -39 15.4 -36")
    bra = _strap("M-15.4 -35 Q0 -38 15.4 -35", 4.0) + _strap("M-12.5 -53.5 Q-7 -46 0 -39 Q7 -46 12.5 -53.5", 2.2)
    shirt = shape(SHIRT, "#b9c4ce")
    pocket = f'<rect x="-3.4" y="{-CLIP_CM - 4.6}" width="6.8" height="9.6" rx="1" fill="none" stroke="{DIM}"/>'
    return (
        _worn(84, 132, chest, 37.0, "chest strap")
        + _worn(236, 132, bra, 37.0, "sports bra")
        + _worn(160, 262, shirt + pocket, CLIP_CM, "tight shirt, inner pocket")
    )


def _angles() -> str:
    """A runner from the right who leans from the ankles: both clips, and what they measure."""
    upper = bent([(-11.9, CLIP_CM)], TILT_DEG, LEAN_DEG)[0]
    clip = (
        f'<g transform="translate({upper[0] - 1.2:.2f} {-upper[1]:.2f}) rotate({LEAN_DEG - 14.0})">'
        f'<rect x="-1" y="-2.6" width="2" height="5.2" rx=".8" fill="{INK}"/></g>'
    )
    body = placed(130, 170, 1.68, runner(TILT_DEG, LEAN_DEG, 2.5, GOOD) + clip)
    ground = f'<path d="M60 324 H220" stroke="{LINE}" stroke-width="3"/>'
    words = label(178, 92, "lean", 15, GOOD, "start") + label(178, 110, "of the trunk", anchor="start")
    words += label(178, 152, "tilt", 15, GOOD, "start") + label(178, 170, "of the pelvis", anchor="start")
    words += label(178, 212, "tilt minus lean", 15, GOOD, "start") + label(
        178, 230, "of the lower back", anchor="start"
    )
    return ground + body + words


def trunk() -> str:
    """Where the second clip sits, on what, and what both measure."""
    words = (
        ("between the shoulder blades", "upright, flat side against you"),
        ("tight, on one of these", "it must not swing by itself"),
        ("zero is how you stand", "in the 5 s before the hinges"),
    )
    panels = [
        drawn + label(160, 358, head, 16, INK) + label(160, 380, text)
        for drawn, (head, text) in zip((_behind(), _ways(), _angles()), words, strict=True)
    ]
    return picture(
        "Where the second clip sits: between the shoulder blades; on a strap, a bra or a tight shirt", panels, 398
    )


PICTURES = {"trunk.svg": trunk}


def main() -> None:
    """Write the picture."""
    for name, draw in PICTURES.items():
        (IMAGES / name).write_text(draw(), "utf-8")


if __name__ == "__main__":
    main()
