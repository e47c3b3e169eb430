"""The bought components as simple solids: for the checks their envelopes, for the pictures their shapes."""

from __future__ import annotations

from build123d import Axis, Box, Cylinder, Part, Pos, fillet

from hardware.case.base import UP
from hardware.case.layout import Box as Envelope
from hardware.case.layout import Layout, sensor_board
from hardware.case.lid import PILLAR_Y_MM
from hardware.case.params import Params

STRIP_MM = (8.0, 2 * PILLAR_Y_MM + 2.4, 1.6)  # the switch's strip board


def solids(p: Params, layout: Layout) -> dict[str, dict[str, Part]]:
    """By component, its pieces by name; a piece has one colour in the pictures."""
    parts = layout.parts
    return {
        "sensor": _sensor(p, parts["sensor"]),
        "board": _board(p, parts["board"]),
        "cell": _cell(p, parts["cell"]),
        "buzzer": _buzzer(parts["buzzer"]),
        "motor": {"metal": _at(parts["motor"]) * Cylinder(p.motor_d_mm / 2, p.motor_z_mm, align=UP)},
        "switch": _switch(p, parts["switch"]),
        "driver": _driver(parts["driver"]),
        "antenna": _antenna(p, layout),
    }


def _at(box: Envelope) -> Pos:
    return Pos(box.x, box.y, box.edge(2, -1))


def _sensor(p: Params, box: Envelope) -> dict[str, Part]:
    """The board with its holes, two JST SH sockets at the sides, the chip in the middle."""
    board = sensor_board(p)
    plate = Box(board.x_mm, board.y_mm, board.thick_mm, align=UP)
    plate = fillet(plate.edges().filter_by(Axis.Z), 2.4)
    for x, y in board.holes_mm:
        plate = plate - Pos(x, y, 0) * Cylinder(board.hole_mm / 2, 9)
    at = _at(box)
    sockets = [
        Pos(s * (board.x_mm / 2 - 2.4), 0, board.thick_mm) * Box(4.6, 6.0, board.top_mm, align=UP) for s in (-1, 1)
    ]
    chip = Pos(0, 0, board.thick_mm) * Box(3.8, 5.2, 1.1, align=UP)
    return {"green": at * plate, "white": Part() + [at * s for s in sockets], "black": at * chip}


def _board(p: Params, box: Envelope) -> dict[str, Part]:
    at = _at(box)
    plate = fillet(Box(p.board_x_mm, p.board_y_mm, p.board_thick_mm, align=UP).edges().filter_by(Axis.Z), 1.6)
    can = Pos(-3.5, 0, p.board_thick_mm) * Box(10.5, 12.0, 2.3, align=UP)
    wide, high = p.usb_x_z_mm
    shell = Pos(p.board_x_mm / 2 + p.usb_overhang_mm - 3.65, 0, p.board_thick_mm) * Box(7.3, wide, high, align=UP)
    shell = fillet(shell.edges().filter_by(Axis.X), high / 2 - 0.1)
    hole = Pos(p.board_x_mm / 2 + p.usb_overhang_mm, 0, p.board_thick_mm + high / 2) * Box(9.0, wide - 0.8, high - 0.8)
    lights = [Pos(p.board_x_mm / 2 - 2.0, s * 6.0, p.board_thick_mm) * Box(1.0, 1.6, 0.6, align=UP) for s in (-1, 1)]
    return {
        "black": at * plate,
        "metal": at * can + at * (shell - hole),
        "yellow": Part() + [at * x for x in lights],
    }


def _cell(p: Params, box: Envelope) -> dict[str, Part]:
    pouch = fillet(Box(*box.size, align=UP).edges().filter_by(Axis.Y), 1.6)
    tape = Pos(0, box.size[1] / 2 - 2.0, box.size[2] - 0.3) * Box(box.size[0] - 2, 3.6, 0.3, align=UP)
    return {"silver": _at(box) * (pouch - tape), "orange": _at(box) * tape}


def _buzzer(box: Envelope) -> dict[str, Part]:
    body = Cylinder(box.size[0] / 2, box.size[2], align=UP) - Pos(0, 0, box.size[2] - 1) * Cylinder(1.0, 2, align=UP)
    return {"black": _at(box) * body}


def _switch(p: Params, box: Envelope) -> dict[str, Part]:
    x, y, z = p.switch_mm
    strip = Pos(0, 0, -STRIP_MM[2]) * Box(*STRIP_MM, align=UP)
    return {
        "green": _at(box) * strip,
        "black": _at(box) * (Box(x, y, z - 0.9, align=UP) + Cylinder(1.75, z, align=UP)),
    }


def _driver(box: Envelope) -> dict[str, Part]:
    x, y, z = box.size
    strip = Box(x, y, 1.6, align=UP)
    bits = [
        Pos(at, 0, 1.6) * Box(wide, y - 2.2, z - 1.6, align=UP)
        for at, wide in ((-7.0, 4.6), (-1.5, 2.2), (2.0, 2.2), (7.0, 3.0))
    ]
    return {"green": _at(box) * strip, "black": Part() + [_at(box) * bit for bit in bits]}


def _antenna(p: Params, layout: Layout) -> dict[str, Part]:
    """Stuck to the inside of the upper wall, below the level of the cell."""
    x0, y0 = -layout.inner[0] / 2, layout.inner[1] / 2
    at = Pos(x0 + 2.2 + p.antenna_mm[0] / 2, y0 - 0.25, p.floor_mm + 0.3)
    return {"brown": at * Box(p.antenna_mm[0], 0.3, p.antenna_mm[1], align=UP)}
