"""One picture for each step of the assembly, and the clip charging and worn."""

from __future__ import annotations

from build123d import Box, Pos

from hardware.case.album import COLOURS, INTO_BASE, Album
from hardware.case.fit import overmould
from hardware.case.mesh import mesh_of
from hardware.case.render import Label, Scene, Shape, direction


def steps(album: Album) -> dict[str, Scene]:
    """Assembly, one picture for each step."""
    inside: list[Shape] = album.parts("base")
    low = inside + album.components("antenna", "motor", "buzzer")
    boards = low + album.components("driver", "sensor")
    filled = boards + album.components("board")
    words = _labels(album)
    switch = album.parts("lid", "button_pad") + album.component("switch", (0, 0, -12))
    scenes = {
        "step_1": Scene(switch, direction(162, 34), labels=words["step_1"]),
        "step_2": Scene(low, direction(9, -24), labels=words["step_2"]),
        "step_3": Scene(boards, INTO_BASE, labels=words["step_3"]),
        "step_4": Scene(filled, INTO_BASE, labels=words["step_4"]),
    }
    return scenes | _last_steps(album, filled)


def _labels(album: Album) -> dict[str, list[Label]]:
    """Words of the first steps."""
    layout = album.model.layout
    (button_x, button_y), comb_y = layout.button, layout.parts["cell"].y + 7.2
    switch = "switch, stem to\nthe pad; its board\nis glued to\nthe pillars"
    sensor = "sensor board:\npins VIN to INT\nat the lower edge"
    return {
        "step_1": [
            Label("pad, glued in", (button_x + 4, button_y, layout.lid_z), "left"),
            Label(switch, album.at("switch", (0, 0, -16)), "left"),
        ],
        "step_2": [
            Label("antenna on the\nupper wall", (-12, layout.inner[1] / 2 - 0.4, 7), "left"),
            Label("motor, stuck down", album.at("motor"), "left"),
            Label("buzzer, a dab\nof glue", album.at("buzzer"), "right"),
        ],
        "step_3": [
            Label(sensor, album.at("sensor", (-6, -9.5, -3)), "left"),
            Label("small board", album.at("driver", (-5, 0, 0)), "left"),
        ],
        "step_4": [
            Label("wires pass\nthe comb", (layout.comb_x, comb_y, 11), "left"),
            Label("XIAO, socket in\nits opening", album.at("board", (8, 0, 0)), "right"),
        ],
    }


def _last_steps(album: Album, filled: list[Shape]) -> dict[str, Scene]:
    layout = album.model.layout
    full = filled + album.components("cell")
    shut = album.parts("base", "lid", "button_pad", "usb_plug")
    cable = overmould(album.model)
    lid = album.part("lid", (0, 0, 22)) + album.part("button_pad", (0, 0, 22)) + album.component("switch", (0, 0, 22))
    plug = Shape(cable.points, cable.triangles, COLOURS["white"], (6.0, 0, 0))
    return {
        "step_5": Scene(
            full,
            INTO_BASE,
            labels=[
                Label("cell on its ledges,\nnothing sharp below", album.at("cell", (-4, 0, 0)), "left"),
                Label("its leads pass\nthe comb", (layout.comb_x, layout.parts["cell"].y + 7.2, 11), "right"),
            ],
        ),
        "step_6": Scene(
            full + lid,
            direction(48, 24),
            labels=[Label("press all four\ncorners until\nthey click", (-10, 10, 39), "left")],
        ),
        "step_7": Scene(
            shut + album.part("clip", (-40, 0, 0)),
            direction(28, 30),
            labels=[Label("slide the clip along\nuntil it clicks in\nthe middle", (-50, 18, 3), "left")],
        ),
        "charging": Scene(
            [*album.parts("base", "lid", "button_pad", "clip"), plug],
            direction(48, 22),
            labels=[Label("USB-C cable", (layout.outer[0] / 2 + 20, layout.parts["board"].y, 8), "right")],
        ),
        "worn": _worn(album),
    }


def _worn(album: Album) -> Scene:
    """On a strip of waistband, seen from behind the runner, with the sensor's axes."""
    p, layout = album.model.params, album.model.layout
    z = -p.clip_fit_mm - p.clip_thick_mm - p.clip_room_mm / 2
    top = layout.outer[1] / 2 + 3
    cloth = mesh_of(Pos(0, top - p.belt_height_mm / 2, z) * Box(104, p.belt_height_mm, 2.4))
    shapes = [
        *album.parts("base", "lid", "clip", "button_pad", "usb_plug"),
        Shape(cloth.points, cloth.triangles, COLOURS["cloth"]),
    ]
    face = layout.lid_z + p.lid_mm
    labels = [
        Label("waistband, middle\nof the back", (-44, 0, z + 1), "left"),
        Label("arrow up", (layout.parts["cell"].x, 8, face), "left"),
        Label("USB plug towards\nthe runner's right", (layout.outer[0] / 2 + 1.5, layout.parts["board"].y, 7), "right"),
    ]
    return Scene(shapes, direction(18, 16), labels=labels)
