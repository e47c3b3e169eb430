"""Shapes of the model's parts and components with their colours, for the pictures."""

from __future__ import annotations

import numpy as np

from hardware.case.mesh import Mesh, mesh_of
from hardware.case.model import Model
from hardware.case.render import Shape, direction
from hardware.case.words import floors

Vector = tuple[float, float, float]
COLOURS: dict[str, Vector] = {
    "base": (0.68, 0.73, 0.78),
    "lid": (1.0, 0.62, 0.26),
    "clip": (0.42, 0.62, 0.88),
    "button_pad": (0.28, 0.3, 0.34),
    "usb_plug": (0.28, 0.3, 0.34),
    "green": (0.2, 0.58, 0.38),
    "black": (0.24, 0.25, 0.28),
    "white": (0.88, 0.88, 0.84),
    "metal": (0.8, 0.81, 0.82),
    "silver": (0.76, 0.78, 0.82),
    "orange": (0.95, 0.72, 0.3),
    "yellow": (1.0, 0.85, 0.2),
    "brown": (0.62, 0.42, 0.25),
    "ink": (0.16, 0.18, 0.22),
    "cloth": (0.55, 0.5, 0.6),
}
INTO_BASE = direction(9, 14)


class Album:
    """Shapes of the model's parts, by name, for scenes."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.pieces = {
            name: {colour: mesh_of(solid) for colour, solid in pieces.items()}
            for name, pieces in model.component_solids.items()
        }
        marked = ("base", "lid", "clip") if model.params.texts else ()
        self.marks = {name: mesh_of(floors(model.params, model.layout, name)) for name in marked}

    def part(self, name: str, shift: Vector = (0, 0, 0), opacity: float = 1.0) -> list[Shape]:
        mesh = self.model.print_meshes[name]
        shapes = [Shape(mesh.points, mesh.triangles, COLOURS[name], shift, opacity)]
        if name in self.marks:
            shapes.append(Shape(self.marks[name].points, self.marks[name].triangles, COLOURS["ink"], shift, opacity))
        return shapes

    def component(self, name: str, shift: Vector = (0, 0, 0)) -> list[Shape]:
        return [Shape(m.points, m.triangles, COLOURS[colour], shift) for colour, m in self.pieces[name].items()]

    def parts(self, *names: str) -> list[Shape]:
        return [shape for name in names for shape in self.part(name)]

    def components(self, *names: str) -> list[Shape]:
        return [shape for name in names for shape in self.component(name)]

    def at(self, name: str, shift: Vector = (0, 0, 0)) -> Vector:
        """The middle of a component's upper face."""
        box = self.model.layout.parts[name]
        return (box.x + shift[0], box.y + shift[1], box.top + shift[2])


def cut(shape: Shape, normal: Vector, offset: float) -> Shape:
    """What lies on the side of a plane to which its normal points; offset in mm from the origin."""
    rest = Mesh(shape.points, shape.triangles).body.trim_by_plane(normal, offset).to_mesh()
    return Shape(np.array(rest.vert_properties)[:, :3], np.array(rest.tri_verts), shape.colour)
