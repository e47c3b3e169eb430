"""The base: a tray whose back lies on the clip, with posts and walls for each component. Printed with its back down."""

from __future__ import annotations

import math

from build123d import (
    Align,
    Axis,
    Box,
    BuildSketch,
    Cylinder,
    Location,
    Part,
    Plane,
    Polygon,
    Pos,
    Rot,
    Sketch,
    extrude,
    fillet,
)

from hardware.case.arms import arm_places, pocket
from hardware.case.layout import Layout, sensor_board
from hardware.case.params import Params
from hardware.case.words import engraved

UP = (Align.CENTER, Align.CENTER, Align.MIN)
RIDGE_MM = (0.8, 0.6)  # on the wall's top: width, height; the lid's groove holds it in silicone
PLUG_CORNER_MM = 1.0  # of the recess round the USB socket
DETENT_MM = (6.0, 0.9)  # groove in the back that the clip's finger finds: length along y, depth


def rounded(x: float, y: float, z: float, radius: float, bottom: float = 0.0) -> Part:
    """A box with round vertical edges, standing on z = bottom."""
    box = Pos(0, 0, bottom) * Box(x, y, z, align=UP)
    return fillet(box.edges().filter_by(Axis.Z), radius)


def profile_along_x(points: list[tuple[float, float]], length: float) -> Part:
    """A prism of these (y, z) points, centred on x = 0."""
    with BuildSketch(Plane.YZ) as sketch:
        Polygon(*points, align=None)
    face: Sketch = sketch.sketch
    return Pos(-length / 2, 0, 0) * extrude(face, length)


def prism_along_y(points: list[tuple[float, float]], length: float) -> Part:
    """A prism of these (x, z) points, centred on y = 0."""
    with BuildSketch(Plane.XZ) as sketch:
        Polygon(*points, align=None)
    return Pos(0, length / 2, 0) * extrude(sketch.sketch, length)


def flange_profile(p: Params, outer_y: float, grow: float = 0.0) -> list[tuple[float, float]]:
    """(y, z) of the upper flange, which the clip's hooks hold; grown by this much on the sides that the hooks face."""
    steep = math.tan(math.radians(p.flange_slope_deg))
    edge = outer_y / 2 + p.flange_mm + grow
    low = 1.0 + grow * (1 / math.cos(math.atan(steep)) - steep)
    return [
        (outer_y / 2 - 1, 0),
        (edge, 0),
        (edge, low),
        (outer_y / 2, low + (p.flange_mm + grow) * steep),
        (outer_y / 2 - 1, low),
    ]


def flange_length(p: Params, outer_x: float) -> float:
    """Along x: as long as the straight part of the wall."""
    return outer_x - 2 * p.corner_mm


def build(p: Params, layout: Layout) -> Part:
    """The whole part."""
    shell = _shell(p, layout)
    shell = shell + _sensor_posts(p, layout) + _cell_supports(p, layout) + _board_corners(p, layout)
    shell = shell + _rings(p, layout) + _comb(p, layout)
    shell = shell - _usb_opening(p, layout) - _sound_holes(p, layout)
    for place in arm_places(p, layout):
        shell = shell - place * pocket(p)
    detent = Pos(0, 0, -DETENT_MM[1]) * Rot(0, 45, 0) * Box(2 * DETENT_MM[1], DETENT_MM[0] + 1, 2 * DETENT_MM[1])
    shell = shell - Pos(0, 0, DETENT_MM[1] - 0.35) * detent
    return shell - engraved(p, layout, "base")


def _shell(p: Params, layout: Layout) -> Part:
    x, y = layout.outer
    body = rounded(x, y, layout.lid_z, p.corner_mm)
    hollow = rounded(*layout.inner, layout.lid_z, max(p.corner_mm - p.wall_mm, 0.5), p.floor_mm)
    ridge_x, ridge_y = x - p.wall_mm + RIDGE_MM[0], y - p.wall_mm + RIDGE_MM[0]
    ridge = rounded(ridge_x, ridge_y, RIDGE_MM[1], p.corner_mm - 0.6, layout.lid_z)
    inner = rounded(ridge_x - 2 * RIDGE_MM[0], ridge_y - 2 * RIDGE_MM[0], 9, p.corner_mm - 1.4, layout.lid_z - 4)
    shell = body - hollow + (ridge - inner)
    flange = profile_along_x(flange_profile(p, y), flange_length(p, x))
    return shell + flange + Rot(0, 0, 180) * flange


def crush_ribs(p: Params, layout: Layout) -> Part:
    """Thin ribs on the flanges that the clip shaves to its own size, so that nothing rattles."""
    x, y = flange_length(p, layout.outer[0]) / 2 - 4, layout.outer[1] / 2 + p.flange_mm
    ribs = [
        Pos(sx * x, sy * y, 0) * Box(0.8, 2 * (p.clip_fit_mm + 0.1), 1.0, align=UP) for sx in (-1, 1) for sy in (-1, 1)
    ]
    return Part() + ribs


def _sensor_posts(p: Params, layout: Layout) -> Part:
    board, box = sensor_board(p), layout.parts["sensor"]
    posts: list[Part] = []
    for x, y in board.holes_mm:
        at = Pos(box.x + x, box.y + y, p.floor_mm)
        posts.append(at * Cylinder(board.hole_mm / 2 + 0.8, p.solder_mm, align=UP))
        posts.append(at * Cylinder((board.hole_mm - 0.4) / 2, p.solder_mm + board.thick_mm + 0.8, align=UP))
    plain = {(sx, sy) for sx in (-1, 1) for sy in (-1, 1)} - {(x > 0 or -1, y > 0 or -1) for x, y in board.holes_mm}
    for sx, sy in sorted(plain):  # a corner without a hole rests on a plain post
        at = Pos(box.x + sx * (board.x_mm / 2 - 2.5), box.y + sy * (board.y_mm / 2 - 2.5), p.floor_mm)
        posts.append(at * Cylinder(1.5, p.solder_mm, align=UP))
    return Part() + posts


def _cell_supports(p: Params, layout: Layout) -> Part:
    """Ledges below both ends of the cell, so that it never rests on the sensor board, and ribs on its left."""
    cell, x0, y0 = layout.parts["cell"], -layout.inner[0] / 2, -layout.inner[1] / 2
    height = cell.edge(2, -1) - p.floor_mm
    low = Pos(cell.x, y0 + 1.0, p.floor_mm) * Box(p.cell_x_mm, 2.1, height, align=UP)
    top_y = -y0 - 2.3
    high = Pos(cell.x, top_y, p.floor_mm) * Box(p.cell_x_mm - 4, 1.6, height, align=UP)
    ribs = []
    for y in (y0 + 2.5, -y0 - 3.0):
        ribs.append(Pos(x0 + 0.95, y, p.floor_mm) * Box(1.9, 1.6, height + 3.0, align=UP))
    return Part() + low + high + ribs


def _board_corners(p: Params, layout: Layout) -> Part:
    """Four seats below the XIAO's corners, where it has no pads, with a stop at its inner end and at its sides."""
    board = layout.parts["board"]
    seats: list[Part] = []
    for sy in (-1, 1):
        y = board.edge(1, sy)
        for x, sx in ((board.edge(0, -1), -1), (board.edge(0, 1) - 1.6, 0)):
            seats.append(Pos(x + 0.8, y - sy * 0.7, p.floor_mm) * Box(1.6, 1.4, p.solder_mm, align=UP))
            guard = Box(1.6, 1.0, p.solder_mm + p.board_thick_mm + 1.0, align=UP)
            seats.append(Pos(x + 0.8, y + sy * (p.fit_mm + 0.5), p.floor_mm) * guard)
            seats.append(Pos(x + 0.8, y + sy * (p.fit_mm / 2), p.floor_mm) * Box(1.6, p.fit_mm + 0.2, 1.5, align=UP))
            if sx:
                stop = Box(1.0, 3.4, p.solder_mm + p.board_thick_mm + 1.0, align=UP)
                seats.append(Pos(x - p.fit_mm - 0.5, y - sy * 0.7, p.floor_mm) * stop)
                seats.append(Pos(x - 0.1, y - sy * 0.7, p.floor_mm) * Box(p.fit_mm + 0.4, 1.4, 1.5, align=UP))
    return Part() + seats


def _rings(p: Params, layout: Layout) -> Part:
    """Low rings that locate buzzer and motor; their wires leave through a gap."""
    ring = Part()
    for name, height in (("buzzer", 3.0), ("motor", 1.8)):
        box = layout.parts[name]
        radius = box.size[0] / 2 + p.fit_mm
        tube = Cylinder(radius + 1.0, height, align=UP) - Cylinder(radius, height, align=UP)
        gap = Pos(0, radius, 0) * Box(4.0, 6.0, height, align=UP)
        ring = ring + Pos(box.x, box.y, p.floor_mm) * (tube - gap)
    rings_only = ring
    for name in ("buzzer", "motor"):
        box = layout.parts[name]
        rings_only = rings_only - Pos(box.x, box.y, p.floor_mm) * Cylinder(box.size[0] / 2 + p.fit_mm, 9, align=UP)
    return rings_only


def _comb(p: Params, layout: Layout) -> Part:
    """Posts between the columns: wires of 1.2 mm pressed between them cannot pull at their joints."""
    cell = layout.parts["cell"]
    height = cell.edge(2, -1) + 2.5 - p.floor_mm
    posts = []
    for step in range(5):
        y = cell.y + (step - 2) * 3.2 + 4.0
        posts.append(Pos(layout.comb_x, y, p.floor_mm) * Box(1.2, 2.1, height, align=UP))
    return Part() + posts


def usb_centre(p: Params, layout: Layout) -> Location:
    """The middle of the USB opening in the outer face of the right wall."""
    board = layout.parts["board"]
    z = board.edge(2, -1) + p.board_thick_mm + p.usb_x_z_mm[1] / 2
    return Pos(layout.outer[0] / 2, board.y, z)


def slot(length: float, width: float, depth: float, corner: float | None = None) -> Part:
    """A prism with round ends (or this corner radius) along y, its face at x = 0 and its body at x < 0."""
    body = Pos(-depth / 2, 0, 0) * Box(depth, length, width)
    return fillet(body.edges().filter_by(Axis.X), width / 2 - 0.01 if corner is None else corner)


def _usb_opening(p: Params, layout: Layout) -> Part:
    at = usb_centre(p, layout)
    port = slot(p.usb_x_z_mm[0] + 0.8, p.usb_x_z_mm[1] + 0.8, 2 * p.wall_mm)
    plug = slot(p.plug_x_z_mm[0] + 0.5, p.plug_x_z_mm[1] + 0.5, 0.8, PLUG_CORNER_MM)
    return at * (port + plug)


def _sound_holes(p: Params, layout: Layout) -> Part:
    """Three holes in the lower wall, which faces down when worn, and the seat of the membrane on their inside."""
    buzzer = layout.parts["buzzer"]
    z = sound_z(p, layout)
    wall_y = -layout.inner[1] / 2
    holes = []
    for step in (-1, 0, 1):
        holes.append(
            Pos(buzzer.x + 2.6 * step, wall_y - p.wall_mm / 2, z) * Rot(90, 0, 0) * Cylinder(0.75, 3 * p.wall_mm)
        )
    return Part() + holes


def sound_z(p: Params, layout: Layout) -> float:
    """Height of the sound holes: above the clip's hook and below the lid's edge."""
    return layout.lid_z - p.skirt_mm - 2.2
