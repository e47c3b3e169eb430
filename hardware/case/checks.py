"""What must hold before a part is printed. Each check measures: name, value, limit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hardware.case import formulas
from hardware.case.findings import Finding, at_least, at_most
from hardware.case.fit import fit_checks
from hardware.case.layout import cap_size
from hardware.case.lid import WINDOW_MM
from hardware.case.mesh import Mesh, first_hits, samples
from hardware.case.model import Model
from hardware.case.params import Limits, Material
from hardware.case.parts import PETG, PRINT_UP, TPU, masses


def all_checks(model: Model) -> list[Finding]:
    """Every finding, failed or not."""
    limits = Limits()
    found = [*watertight(model), *size(model, limits), *walls(model, limits), *overhangs(model, limits)]
    found += [*strength(model, limits, sum(masses_g(model).values())), *fit_checks(model, limits)]
    return found


def watertight(model: Model) -> Iterator[Finding]:
    """Each mesh closed, one piece, and of the solid's volume."""
    for name, mesh in model.print_meshes.items():
        yield at_most("watertight", f"{name}: open edges", mesh.open_edges(), 0, "")
        pieces = len(mesh.body.decompose()) if not mesh.open_edges() else 0
        yield at_most("watertight", f"{name}: separate pieces", abs(pieces - 1), 0, "more")
        solid = model.printable[name].volume
        yield at_most("volume", f"{name}: mesh against solid", 100 * abs(mesh.volume / solid - 1), 0.5, "%")


def masses_g(model: Model) -> dict[str, float]:
    """Mass of each printed part and of all components."""
    return masses({name: mesh.volume for name, mesh in model.print_meshes.items()})


def size(model: Model, limits: Limits) -> Iterator[Finding]:
    """Outer size with the clip on, and mass."""
    points = np.concatenate([model.meshes[name].points for name in PETG])
    for axis, limit in enumerate(limits.outer_mm):
        yield at_most("size", f"along {'xyz'[axis]}", float(np.ptp(points[:, axis])), limit, "mm")
    yield at_most("mass", "all", sum(masses_g(model).values()), limits.mass_g, "g")


def _window(model: Model) -> tuple[np.ndarray, np.ndarray]:
    """Corners of the space around the light's window, which is thin on purpose."""
    board, z = model.layout.parts["board"], model.layout.lid_z
    x, half = board.edge(0, 1) - 2.6, np.array(WINDOW_MM) / 2 + 0.1
    return np.array([x - half[0], board.y - half[1], z - 1]), np.array([x + half[0], board.y + half[1], z + 9])


def thickness(mesh: Mesh, spacing_mm: float = 1.2) -> tuple[np.ndarray, np.ndarray]:
    """Points on the surface, and the way to the opposite, parallel face (inf where none is parallel)."""
    points, triangle = samples(mesh, spacing_mm)
    inward = -mesh.normals[triangle]
    distance, normal = first_hits(mesh, points + inward * 1e-3, inward, 60.0)
    parallel = np.einsum("ij,ij->i", normal, inward) > 0.985  # the exit looks the same way as the ray
    return points, np.where(parallel, distance, np.inf)


def walls(model: Model, limits: Limits) -> Iterator[Finding]:
    """The thinnest wall of each part, measured by rays from points on its surface; the shell that keeps water out."""
    low, high = _window(model)
    for name in (*PETG, *TPU):
        points, thick = thickness(model.print_meshes[name])
        if name == "lid":
            inside = ((points > low) & (points < high)).all(axis=1)
            yield at_least("window", "lid: light", float(thick[inside].min(initial=np.inf)), 0.4, "mm")
            yield at_most("window", "lid: light", float(thick[inside].min(initial=np.inf)), 0.8, "mm")
            thick = np.where(inside, np.inf, thick)
        yield at_least("wall", name, float(thick.min()), limits.wall_mm, "mm")
        if name in ("base", "lid"):
            shell = thick[_outside(model, name, points)]
            yield at_least("shell", name, float(shell.min()), limits.shell_mm, "mm")


def _outside(model: Model, name: str, points: np.ndarray) -> np.ndarray:
    """Which points lie on the part's outer faces, without the ridge that only centres the lid."""
    x, y = model.layout.outer if name == "base" else cap_size(model.params, model.layout)
    z = model.layout.lid_z
    if name == "lid":
        return points[:, 2] > z + model.params.lid_mm - 0.01
    side = (np.abs(np.abs(points[:, 0]) - x / 2) < 0.01) | (np.abs(np.abs(points[:, 1]) - y / 2) < 0.01)
    within = np.abs(points[:, 1]) < y / 2 + 0.01  # not the flanges
    return (side | (points[:, 2] < 0.01)) & (points[:, 2] < z - 0.01) & within


def overhangs(model: Model, limits: Limits) -> Iterator[Finding]:
    """Area printed in mid-air: steeper than the limit, no short ledge, and no bridge between two supports."""
    for name, up in PRINT_UP.items():
        yield at_most(
            "overhang", f"{name}: unsupported", unsupported_mm2(model.print_meshes[name], up, limits), 1.0, "mm2"
        )


def unsupported_mm2(mesh: Mesh, up: tuple[float, float, float], limits: Limits) -> float:
    """Area in mm^2 of faces that need supports when this direction is up."""
    way = np.array(up, float)
    height = mesh.corners @ way
    lean = np.degrees(np.arcsin(np.clip(-mesh.normals @ way, -1, 1)))  # of the face from the vertical
    hanging = (lean > limits.overhang_deg) & (height.min(axis=1) > height.min() + 0.05)
    if not hanging.any():
        return 0.0
    points, triangle = samples(mesh, 0.8, hanging)
    share = mesh.areas[triangle] / np.bincount(triangle, minlength=len(mesh.triangles))[triangle]
    return float(share[~_held(mesh, points, way, limits)].sum())


def _held(mesh: Mesh, points: np.ndarray, up: np.ndarray, limits: Limits) -> np.ndarray:
    """Whether each point of a hanging face is a short ledge, or a bridge between two supports.

    In a direction, the support is the first plastic just below the face, if the layer of the face reaches it unbroken.
    """
    first = np.roll(up, 1)
    second = np.cross(up, first)
    held = np.zeros(len(points), bool)
    for angle in np.arange(0, 180, 22.5):
        way = np.cos(np.radians(angle)) * first + np.sin(np.radians(angle)) * second
        ahead, behind = (_to_support(mesh, points, up, sign * way, limits.bridge_mm) for sign in (1, -1))
        held |= (np.minimum(ahead, behind) <= limits.ledge_mm) | (ahead + behind <= limits.bridge_mm)
    return held


def _to_support(mesh: Mesh, points: np.ndarray, up: np.ndarray, way: np.ndarray, reach_mm: float) -> np.ndarray:
    """mm from each point to what supports its layer in this direction, inf for nothing within reach."""
    ways = np.broadcast_to(way, points.shape)
    below, _ = first_hits(mesh, points - 0.2 * up, ways, reach_mm)
    end, _ = first_hits(mesh, points + 0.1 * up, ways, reach_mm)
    return np.where(below <= end + 0.3, below, np.inf)


def strength(model: Model, limits: Limits, mass_g: float) -> Iterator[Finding]:
    """Strain of what bends, the tongue's force over the range of waistbands, and its hold against twisting."""
    p, layout, material = model.params, model.layout, Material()
    snap = formulas.snap_arm(p).strain(p.snap_undercut_mm)
    yield at_most("snap strain", "lid's arm, across layers", 100 * snap, 100 * material.strain_across, "%")
    bend = formulas.tongue(p, layout).strain(p.belt_thick_mm[1] - p.clip_gap_mm)
    yield at_most("clip strain", "tongue, along layers", 100 * bend, 100 * material.strain_along, "%")
    thin, thick = formulas.clamp_n(p, layout, material)
    yield at_least("clamp", "thinnest waistband", thin, limits.clamp_n[0], "N")
    yield at_most("clamp", "thickest waistband", thick, limits.clamp_n[1], "N")
    yield at_least("belt", "room beside the pads", p.clip_room_mm - p.belt_thick_mm[1], 0.5, "mm")
    margin = formulas.twist_margin(p, layout, material, mass_g)
    yield at_least("twist", "about the vertical", margin, limits.twist_margin, "times")
