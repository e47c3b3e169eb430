"""The lid: overlaps the walls, carries the snap arms, the button's seat and the light's window. Printed on its face."""

from __future__ import annotations

from build123d import Align, Axis, Box, Cylinder, Part, Pos, chamfer, fillet

from hardware.case.arms import arm, arm_places
from hardware.case.base import RIDGE_MM, UP, rounded
from hardware.case.layout import Layout, cap_size
from hardware.case.params import Params
from hardware.case.words import engraved

BUTTON_HOLE_MM = 7.0
PAD_SEAT_MM = (12.0, 0.8)  # diameter and depth of the pad's flange
WINDOW_MM = (3.2, 13.0)  # over both lights beside the XIAO's socket
DOWN = (Align.CENTER, Align.CENTER, Align.MAX)


def build(p: Params, layout: Layout) -> Part:
    """The whole part, arms included."""
    return body(p, layout) + arms(p, layout)


def arms(p: Params, layout: Layout, inward: float = 0.0) -> Part:
    """The four arms alone, as they stand or bent inward."""
    return Part() + [place * arm(p, inward) for place in arm_places(p, layout)]


def body(p: Params, layout: Layout) -> Part:
    """The lid without its arms."""
    x, y = cap_size(p, layout)
    radius = p.corner_mm + p.lid_fit_mm + p.skirt_thick_mm
    cap = rounded(x, y, p.lid_mm + p.skirt_mm, radius, layout.lid_z - p.skirt_mm)
    cap = chamfer(cap.faces().sort_by(Axis.Z)[-1].edges(), 0.8)
    outer = [side + 2 * p.lid_fit_mm for side in layout.outer]
    cap = cap - rounded(outer[0], outer[1], p.skirt_mm, p.corner_mm + p.lid_fit_mm, layout.lid_z - p.skirt_mm)
    cap = cap - _groove(p, layout) - _button_hole(layout, p) - _window(p, layout) - _pry_slot(p, layout)
    return cap + _switch_pillars(p, layout) - engraved(p, layout, "lid")


def _groove(p: Params, layout: Layout) -> Part:
    """Takes the wall's ridge in a bead of silicone."""
    x, y = (side - p.wall_mm for side in layout.outer)
    wide = RIDGE_MM[0] + 2 * p.lid_fit_mm
    ring = rounded(x + wide, y + wide, RIDGE_MM[1] + 0.2, p.corner_mm - 0.4, layout.lid_z)
    return ring - rounded(x - wide, y - wide, RIDGE_MM[1] + 0.2, p.corner_mm - 1.6, layout.lid_z)


def _button_hole(layout: Layout, p: Params) -> Part:
    at = Pos(*layout.button, layout.lid_z)
    return at * Cylinder(BUTTON_HOLE_MM / 2, 3 * p.lid_mm) + at * Cylinder(PAD_SEAT_MM[0] / 2, PAD_SEAT_MM[1], align=UP)


def _window(p: Params, layout: Layout) -> Part:
    """A thin place over the XIAO's two lights: 0.6 mm of PETG lets the light through and no water."""
    board = layout.parts["board"]
    box = Box(*WINDOW_MM, p.lid_mm - p.window_mm, align=UP)
    return Pos(board.edge(0, 1) - 2.6, board.y, layout.lid_z) * fillet(box.edges().filter_by(Axis.Z), 1.2)


def _switch_pillars(p: Params, layout: Layout) -> Part:
    """Two pillars beside the pad: the switch's strip board is glued below them."""
    switch = layout.parts["switch"]
    height = layout.lid_z - switch.edge(2, -1)
    pillars = [
        Pos(switch.x, switch.y + side * PILLAR_Y_MM, layout.lid_z) * Box(6.0, 2.4, height, align=DOWN)
        for side in (-1, 1)
    ]
    return Part() + pillars


PILLAR_Y_MM = PAD_SEAT_MM[0] / 2 + 1.5


def _pry_slot(p: Params, layout: Layout) -> Part:
    """A notch at the left edge, where a coin lifts the lid."""
    x = -layout.outer[0] / 2 - p.lid_fit_mm - p.skirt_thick_mm
    return Pos(x, 0, layout.lid_z - p.skirt_mm) * Box(2 * p.skirt_thick_mm, 12.0, 1.6, align=UP)
