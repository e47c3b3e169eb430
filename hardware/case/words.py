"""Arrows and words cut into the faces: which way is up, and which side faces the skin."""

from __future__ import annotations

from pathlib import Path

import matplotlib
from build123d import Align, BuildSketch, Location, Part, Plane, Polygon, Pos, Rot, Text, extrude

from hardware.case.layout import Layout
from hardware.case.params import Params

DEPTH_MM = 0.6
FONT = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans-Bold.ttf"  # the same on every machine
MIDDLE = (Align.CENTER, Align.CENTER)


def _text(words: str, height: float) -> Part:
    """Letters of this height, from z = -DEPTH to z = 0.2, readable from above."""
    with BuildSketch() as sketch:
        Text(words, font_size=height, font_path=str(FONT), align=MIDDLE)
    return Pos(0, 0, -DEPTH_MM) * extrude(sketch.sketch, DEPTH_MM + 0.2)


def _arrow(height: float) -> Part:
    """An arrow towards +y, of the same depth as the letters."""
    half, head, shaft = height / 2, height * 0.45, height * 0.13
    points = [(-shaft, -half), (shaft, -half), (shaft, half - head), (head * 0.8, half - head), (0, half)]
    points += [(-x, y) for x, y in reversed(points[:-1])]
    with BuildSketch(Plane.XY) as sketch:
        Polygon(*points, align=None)
    return Pos(0, 0, -DEPTH_MM) * extrude(sketch.sketch, DEPTH_MM + 0.2)


def from_behind(z: float) -> Location:
    """Where marks go that are read from the skin's side, on a face at this z; up stays up."""
    return Pos(0, 0, z) * Rot(0, 180, 0)


def floors(p: Params, layout: Layout, part: str) -> Part:
    """The floors of the marks, for the pictures: as if a pen had been drawn through them."""
    away = 1 if part == "lid" else -1
    return Pos(0, 0, -0.45 * away) * engraved(p, layout, part)


def engraved(p: Params, layout: Layout, part: str) -> Part:
    """What is cut out of this part: base, lid or clip."""
    if not p.texts:
        return Part()
    if part == "lid":
        x = layout.parts["cell"].x
        at = Pos(0, 0, layout.lid_z + p.lid_mm)
        return at * (Pos(x, 4.5, 0) * _arrow(15.0)) + at * (Pos(x, -9.5, 0) * _text("UP", 7.0))
    if part == "base":
        at = from_behind(0.0)
        return at * (Pos(0, -9, 0) * _text("SKIN SIDE", 6.0)) + at * (Pos(0, 10, 0) * _arrow(10.0))
    back = -p.clip_fit_mm - p.clip_thick_mm - p.tongue_mm - p.clip_room_mm
    at = from_behind(back)
    return at * (Pos(0, -5, 0) * _text("SKIN SIDE", 8.0)) + at * (Pos(0, 9, 0) * _arrow(14.0))
