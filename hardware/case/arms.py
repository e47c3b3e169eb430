"""The four snap arms of the lid and their pockets in the walls.

An arm stands at the origin as if it belonged to the wall on the right (+x): its outer face at x = 0, its root at z = 0,
its tip down.
"""

from __future__ import annotations

import math

from build123d import BuildSketch, Location, Part, Plane, Polygon, Pos, Rot, extrude

from hardware.case.layout import Layout
from hardware.case.params import Params

GAP_MM = 0.2  # between arm and wall
PLAY_MM = 0.15  # between hook and pocket, at the side and below
LIFT_MM = 0.1  # between hook and pocket above: what the lid can rise


def arm_places(p: Params, layout: Layout) -> list[Location]:
    """Two on the left wall, one each at the right ends of the upper and the lower wall."""
    x, y = layout.inner[0] / 2, layout.inner[1] / 2
    z = layout.lid_z
    corner = x - p.snap_width_mm / 2 - 2.2
    low = layout.parts["motor"].x - 1.0
    return [
        Pos(-x, y * 0.52, z) * Rot(0, 0, 180),
        Pos(-x, -y * 0.52, z) * Rot(0, 0, 180),
        Pos(corner, y, z) * Rot(0, 0, 90),
        Pos(low, -y, z) * Rot(0, 0, -90),
    ]


def _prism(points: list[tuple[float, float]], width: float) -> Part:
    with BuildSketch(Plane.XZ) as sketch:
        Polygon(*points, align=None)
    return Pos(0, width / 2, 0) * extrude(sketch.sketch, width)


def hook_points(p: Params, grow: float = 0.0, above: float = 0.0) -> list[tuple[float, float]]:
    """(x, z) of the hook beyond the arm's face: a slope of 30 deg from the vertical below, the return slope above."""
    reach = p.snap_undercut_mm + GAP_MM + grow
    level = tip_level(p) + above
    rise = (p.snap_undercut_mm + GAP_MM) * math.tan(math.radians(90 - p.snap_slope_deg))
    tip = -p.snap_length_mm
    low = tip + (p.snap_undercut_mm + GAP_MM) / math.tan(math.radians(30))
    slope = rise / (p.snap_undercut_mm + GAP_MM)
    return [(0.0, tip - 2 * grow), (reach, low - grow), (reach, level - grow * slope), (0.0, level + rise)]


def tip_level(p: Params) -> float:
    """Where the hook's return slope begins at its outermost edge."""
    return -p.snap_length_mm + (p.snap_undercut_mm + GAP_MM) / math.tan(math.radians(30)) + 0.4


def arm(p: Params, inward: float = 0.0) -> Part:
    """One arm with its hook, moved inward by this much (bent)."""
    face = -GAP_MM - inward
    beam = _prism(
        [
            (face, 0),
            (face - p.snap_thick_mm, 0),
            (face - p.snap_thick_mm, -p.snap_length_mm),
            (face, -p.snap_length_mm),
        ],
        p.snap_width_mm,
    )
    hook = _prism([(face + x, z) for x, z in hook_points(p)], p.snap_width_mm)
    return beam + hook


def pocket(p: Params) -> Part:
    """What the hook needs in the wall."""
    inside = [(x - GAP_MM - 0.01, z) for x, z in hook_points(p, PLAY_MM, LIFT_MM)]
    return _prism([(-1.0, inside[0][1]), *inside, (-1.0, inside[-1][1])], p.snap_width_mm + 4 * PLAY_MM)
