"""The belt clip: one profile along the waistband, so that its layers run along the bending. Printed on its side.

Two hooks hold the base's flanges over its whole width. The tongue lies on the skin's side of the waistband and presses
on it with two pads at its far ends: the wider they stand, the less the clip turns about the vertical.
"""

from __future__ import annotations

import math

from build123d import Axis, Box, Part, Plane, Pos, fillet

from hardware.case.base import DETENT_MM, flange_profile, prism_along_y, profile_along_x
from hardware.case.layout import Layout
from hardware.case.params import Params
from hardware.case.words import engraved

FINGER_MM = (15.0, 8.0, 1.6)  # length along x, width, thickness
HOOK_MM = 2.4
LEAD_MM = 4.0  # the tongue's end bends away, so that it slides over the waistband


def plate_top(p: Params) -> float:
    """Height of the plate's face that touches the base."""
    return -p.clip_fit_mm


def tongue_top(p: Params) -> float:
    """Height of the tongue's face on the side of the waistband, beside the pads."""
    return plate_top(p) - p.clip_thick_mm - p.clip_room_mm


def reach(p: Params, layout: Layout) -> tuple[float, float]:
    """y of the tongue's tip, without the bent end, and of the bridge's inner face."""
    hook = layout.outer[1] / 2 + p.flange_mm + p.clip_fit_mm + HOOK_MM
    return hook - 0.2 - p.belt_height_mm, hook


def build(p: Params, layout: Layout) -> Part:
    """The whole part."""
    width = p.clip_width_mm
    clip = profile_along_x(_plate(p, layout), width) + profile_along_x(_loop(p, layout), width)
    for sign in (-1, 1):
        clip = clip + profile_along_x([(sign * y, z) for y, z in _hook(p, layout)], width)
    clip = clip + _pads(p, layout)
    clip = _finger(p, clip)
    corners = clip.edges().filter_by(Axis.Z).sort_by(Axis.Y)
    ends = [e for e in corners if abs(abs(e.center().X) - width / 2) < 0.01 and tongue_top(p) > e.center().Z]
    clip = fillet(ends, 3.0) if ends else clip
    return clip - engraved(p, layout, "clip")


def _plate(p: Params, layout: Layout) -> list[tuple[float, float]]:
    _, bridge = reach(p, layout)
    top = plate_top(p)
    return [
        (-bridge, top),
        (bridge, top),
        (bridge, top - p.clip_thick_mm),
        (-bridge + 1.6, top - p.clip_thick_mm),
        (-bridge, top - 1.0),
    ]


def _hook(p: Params, layout: Layout) -> list[tuple[float, float]]:
    """(y, z) of the upper hook: beside and over the flange, with the clip's fit all round."""
    flange = flange_profile(p, layout.outer[1], p.clip_fit_mm)
    edge, low = flange[1][0], flange[2][1]
    inner_y, inner_z = layout.outer[1] / 2 + p.clip_fit_mm + 0.1, flange[3][1]
    slope = math.tan(math.radians(p.flange_slope_deg))
    inner_z -= (inner_y - layout.outer[1] / 2) * slope
    outside = edge + HOOK_MM
    return [
        (edge, plate_top(p)),
        (edge, low),
        (inner_y, inner_z),
        (inner_y, inner_z + 1.2),
        (outside - 1.4, inner_z + 1.2),
        (outside, inner_z - 0.2),
        (outside, plate_top(p)),
    ]


def _loop(p: Params, layout: Layout) -> list[tuple[float, float]]:
    """Bridge over the waistband, tongue, and its bent end; the inner corners are chamfered against notches."""
    tip, bridge = reach(p, layout)
    top, thick, thin = plate_top(p), p.clip_thick_mm, p.tongue_mm
    front, back = top - thick, tongue_top(p)
    over = bridge + thick
    cut = 1.4
    return [
        (bridge - 1.0, top - 0.5),
        (bridge, top),
        (over - 2, top),
        (over, top - 2),
        (over, back - thin + 2),
        (over - 2, back - thin),
        (tip, back - thin),
        (tip - LEAD_MM, back - thin - 1.6),
        (tip - LEAD_MM, back - 1.6),
        (tip, back),
        (bridge - cut, back),
        (bridge, back + cut),
        (bridge, front - cut),
        (bridge - cut, front),
        (bridge - cut, top - 0.5),
    ]


def _pads(p: Params, layout: Layout) -> Part:
    """Two pads near the tip, at the far ends of the tongue: they touch the waistband."""
    tip, _ = reach(p, layout)
    back = tongue_top(p)
    high = plate_top(p) - p.clip_thick_mm - p.clip_gap_mm
    rise = high - back
    points = [
        (tip, back - 0.5),
        (tip, back),
        (tip + rise, high),
        (tip + rise + 3.0, high),
        (tip + 2 * rise + 3.0, back),
        (tip + 2 * rise + 3.0, back - 0.5),
    ]
    end, inner = p.clip_width_mm / 2, p.clip_width_mm / 2 - p.pad_width_mm
    foot = inner - rise * math.tan(math.radians(90 - p.pad_slope_deg))
    across = prism_along_y([(end, back - 0.5), (end, high), (inner, high), (foot, back), (foot, back - 0.5)], 90)
    pad = profile_along_x(points, p.clip_width_mm) & across
    return pad + pad.mirror(Plane.YZ)


def _finger(p: Params, clip: Part) -> Part:
    """A spring finger in the plate with a ridge that clicks into the base's groove at x = 0."""
    top, (length, width, thick) = plate_top(p), FINGER_MM
    deep = 3 * p.clip_thick_mm
    free = 2.5  # beyond the ridge
    for y in (-1, 1):
        clip = clip - Pos(free - length / 2, y * (width / 2 + 0.5), top) * Box(length, 1.0, deep)
    clip = clip - Pos(free + 0.5, 0, top) * Box(1.0, width + 2.0, deep)
    clip = clip - Pos(free - length / 2, 0, top - p.clip_thick_mm) * Box(length, width, 2 * (p.clip_thick_mm - thick))
    return clip + ridge(p)


def ridge(p: Params) -> Part:
    """What clicks: a prism along y, 45 deg on both sides."""
    high = DETENT_MM[1] - 0.35 + p.clip_fit_mm
    return Pos(0, 0, plate_top(p)) * prism_along_y([(-high - 0.3, -0.3), (0, high), (high + 0.3, -0.3)], DETENT_MM[0])
