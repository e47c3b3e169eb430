"""Two small parts of soft TPU: the button's pad and the plug of the USB opening."""

from __future__ import annotations

from build123d import Cylinder, Part, Pos

from hardware.case.base import PLUG_CORNER_MM, UP, slot, usb_centre
from hardware.case.layout import Layout
from hardware.case.lid import BUTTON_HOLE_MM, PAD_SEAT_MM
from hardware.case.params import Params

SQUEEZE_MM = 0.1  # the plug is larger than its recess by this much, each side


def button_pad(p: Params, layout: Layout) -> Part:
    """A disc glued into the lid from inside; its boss stands in the hole, a little proud of the face."""
    at = Pos(*layout.button, layout.lid_z)
    disc = Cylinder(PAD_SEAT_MM[0] / 2 - 0.2, PAD_SEAT_MM[1], align=UP)
    boss = Cylinder(BUTTON_HOLE_MM / 2 - 1.4, p.lid_mm + 0.3, align=UP)
    return at * (disc + boss)


def usb_plug(p: Params, layout: Layout) -> Part:
    """A plate that fills the opening's recess, with a lip to pull at one end and a rim around the socket's mouth."""
    long, wide = (side + 0.5 + 2 * SQUEEZE_MM for side in p.plug_x_z_mm)
    fill = Pos(0.8, 0, 0) * slot(long, wide, 1.6, PLUG_CORNER_MM)
    lip = Pos(1.6, -1.5, 0) * slot(long + 3.0, wide, 0.8, PLUG_CORNER_MM)
    return usb_centre(p, layout) * (fill + lip)
