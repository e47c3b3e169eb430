"""The pictures that the pages show: the case from several sides, exploded, cut open, and one for each assembly step."""

from __future__ import annotations

from pathlib import Path

from hardware.case.album import INTO_BASE, Album, cut
from hardware.case.arms import arm_places
from hardware.case.model import Model
from hardware.case.render import Label, Scene, direction, draw
from hardware.case.steps import steps

OUTSIDE = direction(28, 24)


def views(album: Album) -> dict[str, Scene]:
    """The closed clip from all sides."""
    model = album.model
    p, layout = model.params, model.layout
    closed = album.parts("base", "lid", "clip", "button_pad", "usb_plug")
    face, (x, y) = layout.lid_z + p.lid_mm, layout.outer
    board, cell, buzzer = (layout.parts[name] for name in ("board", "cell", "buzzer"))
    back = -p.clip_fit_mm - p.clip_thick_mm - p.clip_room_mm - p.tongue_mm
    front = [
        Label("arrow: up", (cell.x, 8, face), "left"),
        Label("light shines\nthrough here", (board.edge(0, 1) - 2.6, board.y, face), "right"),
        Label("button", (*layout.button, face), "left"),
        Label("plug of the\nUSB-C socket", (x / 2 + 2, board.y, 7), "right"),
        Label("waistband\ngoes here", (p.clip_width_mm / 2, -8, back + 4), "right"),
    ]
    skin = [
        Label("this face\nto the skin", (0, -14, back), "left"),
        Label("bridge over\nthe waistband", (-20, y / 2 + 4, back + 2), "right"),
        Label("bent end: slides\nover the cloth", (-22, -y / 2 + 1.2, back), "right"),
    ]
    below = [
        Label("sound holes,\nfacing down", (buzzer.x, -y / 2, layout.lid_z - p.skirt_mm - 2.2), "right"),
        Label("edge of the lid\nsheds sweat", (-18, -y / 2 - 1.4, layout.lid_z), "left"),
        Label("hook holds\nthe base", (-8, -y / 2 - 3, 1), "left"),
    ]
    return {
        "front": Scene(closed, OUTSIDE, labels=front),
        "skin_side": Scene(closed, direction(205, 18), labels=skin),
        "below": Scene(closed, direction(-24, -42), labels=below),
        "clip": Scene(
            [cut(shape, (0, 0, -1), -back - 4.2) for shape in album.part("clip")],
            direction(24, 20),
            labels=_clip_labels(model),
        ),
        "base": Scene(album.part("base"), INTO_BASE, labels=_base_labels(model)),
        "lid": Scene(album.part("lid"), direction(160, 30), labels=_lid_labels(model)),
    }


def _clip_labels(model: Model) -> list[Label]:
    p, y = model.params, model.layout.outer[1]
    back = -p.clip_fit_mm - p.clip_thick_mm - p.clip_room_mm - p.tongue_mm
    return [
        Label("pads at the far ends\nresist twisting", (p.clip_width_mm / 2 - 8, -12, back + 6), "right"),
        Label("tongue, between\nwaistband and skin", (-10, 0, back + 2), "left"),
        Label("bridge, cut", (-20, y / 2 + 5, back + 4), "left"),
    ]


def _base_labels(model: Model) -> list[Label]:
    layout, p = model.layout, model.params
    sensor, cell, board, buzzer = (layout.parts[name] for name in ("sensor", "cell", "board", "buzzer"))
    post = (sensor.x + 10, sensor.y + 8, p.floor_mm + p.solder_mm)
    return [
        Label("ridge for the\nsilicone bead", (-12, layout.outer[1] / 2 - 1, layout.lid_z + 0.6), "left"),
        Label("post with peg", (-post[0] + 2 * sensor.x, post[1], post[2] + 2), "left"),
        Label("ledge below\nthe cell", (cell.x - 6, -layout.inner[1] / 2 + 1.5, cell.edge(2, -1)), "left"),
        Label("comb grips\nthe wires", (layout.comb_x, cell.y + 10.4, cell.edge(2, -1) + 2.5), "right"),
        Label("seats of\nthe XIAO", (board.edge(0, -1) + 0.8, board.edge(1, -1) + 1, p.floor_mm + 2), "right"),
        Label("ring for\nthe buzzer", (buzzer.x + 4.5, buzzer.y + 4.5, p.floor_mm + 3), "right"),
    ]


def _lid_labels(model: Model) -> list[Label]:
    layout, p = model.layout, model.params
    board = layout.parts["board"]
    arm = arm_places(p, layout)[0].position
    return [
        Label("snap arm\nwith hook", (arm.X + 1.5, arm.Y, arm.Z - 7), "right"),
        Label("groove for the\nsilicone bead", (-8, layout.outer[1] / 2 - 1, layout.lid_z), "right"),
        Label("thin window", (board.edge(0, 1) - 2.6, board.y, layout.lid_z), "left"),
        Label("seat of the\nbutton's pad", (layout.button[0] + 5, layout.button[1], layout.lid_z), "left"),
    ]


def exploded(album: Album) -> Scene:
    """All parts along z, lid above and clip below, named."""
    layout, p = album.model.layout, album.model.params
    lift = {"cell": 44.0, "sensor": 26.0, "board": 26.0, "buzzer": 16.0, "motor": 16.0, "driver": 16.0, "antenna": 16.0}
    shapes = album.part("base") + album.part("clip", (0, 0, -22)) + album.part("lid", (0, 0, 72))
    shapes += album.part("button_pad", (12, 0, 52)) + album.component("switch", (6, 0, 42))
    shapes += album.part("usb_plug", (12, 0, 0))
    for name, z in lift.items():
        shapes += album.component(name, (0, 18 if name == "antenna" else 0, z))
    labels = [
        Label("lid", (-26, -14, layout.lid_z + p.lid_mm + 72), "left"),
        Label("cell", album.at("cell", (-11, -8, 44)), "left"),
        Label("sensor board", album.at("sensor", (-11, -9, 23)), "left"),
        Label("small board", album.at("driver", (-10, -2, 14)), "left"),
        Label("base", (-layout.outer[0] / 2, -14, 8), "left"),
        Label("clip", (-30, -22, -24), "left"),
        Label("button's pad", (layout.button[0] + 16, layout.button[1], 52.5 + layout.lid_z), "right"),
        Label("switch on\nits board", album.at("switch", (8, 0, 42)), "right"),
        Label("XIAO ESP32S3", album.at("board", (9, 0, 26)), "right"),
        Label("antenna", (16, layout.inner[1] / 2 + 18, 24), "right"),
        Label("buzzer", album.at("buzzer", (3, 0, 16)), "right"),
        Label("motor", album.at("motor", (0, -3, 16)), "left"),
        Label("USB plug", (layout.outer[0] / 2 + 13, layout.parts["board"].y, 7), "right"),
    ]
    return Scene(shapes, (0.42, -0.62, 0.5), (0, 0, 1), labels, (960, 1000))


def section(album: Album) -> Scene:
    """Cut through sensor and cell, seen from the runner's right."""
    model = album.model
    x = model.layout.parts["sensor"].x + 4.0
    shapes = [cut(shape, (-1, 0, 0), -x) for shape in album.parts("base", "lid", "clip")]
    shapes += [
        cut(shape, (-1, 0, 0), -x)
        for name in ("cell", "sensor", "driver", "antenna")
        for shape in album.component(name)
    ]
    p, layout = model.params, model.layout
    back = -p.clip_fit_mm - p.clip_thick_mm - p.clip_room_mm
    labels = [
        Label("cell", (x, 0, album.at("cell")[2] - 2), "left"),
        Label("sensor board", (x, 6, layout.parts["sensor"].edge(2, -1) + 0.8), "left"),
        Label("ledge", (x, -layout.inner[1] / 2 + 1, 7), "left"),
        Label("tongue", (x, 4, back - 1), "right"),
        Label("room for\nthe waistband", (x, 12, back + 2), "right"),
        Label("pad, behind", (x, -12, back + 2.5), "right"),
        Label("flange in its hook", (x, layout.outer[1] / 2 + 1, 0.8), "right"),
    ]
    return Scene([s for s in shapes if len(s.triangles)], direction(90, 0), labels=labels)


def draw_all(model: Model, folder: Path) -> list[Path]:
    """Write every picture into the folder."""
    album = Album(model)
    scenes = {**views(album), "exploded": exploded(album), "section": section(album), **steps(album)}
    paths = []
    for name, scene in scenes.items():
        paths.append(folder / f"{name}.png")
        draw(scene, paths[-1])
    return paths
