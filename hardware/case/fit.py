"""Do the parts fit each other: room round the components, lid on base while it closes, clip on base."""

from __future__ import annotations

from collections.abc import Iterator

from build123d import Pos

from hardware.case.arms import GAP_MM
from hardware.case.base import PLUG_CORNER_MM, slot, usb_centre
from hardware.case.findings import Finding, at_least
from hardware.case.mesh import Mesh, mesh_of
from hardware.case.model import Model
from hardware.case.params import Limits

FAR_MM = 3.0  # gaps beyond this are not measured
LIFTS_MM = (0.3, 0.6, 1.2, 2.4, 4.0, 6.0, 8.0, 10.0)


def gap(a: Mesh, b: Mesh) -> float:
    """mm between two meshes; negative if they overlap."""
    shared = overlap(a, b)
    return -(shared ** (1 / 3)) if shared > 1e-3 else a.body.min_gap(b.body, FAR_MM)


def overlap(a: Mesh, b: Mesh) -> float:
    """Shared volume in mm^3."""
    return float((a.body ^ b.body).volume())


def fit_checks(model: Model, limits: Limits) -> Iterator[Finding]:
    """Every finding about how parts go together."""
    yield from room_checks(model, limits)
    yield from closing_checks(model, limits)
    yield from clip_checks(model, limits)
    yield from plug_checks(model, limits)


def room_checks(model: Model, limits: Limits) -> Iterator[Finding]:
    """Each component against each printed part, lifted off what it stands on, and against each other."""
    meshes, lift = model.component_meshes, limits.clearance_mm
    for name, mesh in meshes.items():
        if name == "switch":  # hangs below the lid, its stem under the pad
            yield at_least("clearance", "switch to base", gap(mesh, model.meshes["base"]), lift, "mm")
            yield at_least("clearance", "switch to lid", gap(mesh.moved(z=-lift), model.meshes["lid"]), lift, "mm")
            yield at_least("clearance", "switch to pad", gap(mesh, model.meshes["button_pad"]), 0.05, "mm")
            continue
        off_wall = -lift if name == "antenna" else 0.0
        for part in ("base", "lid"):
            moved = mesh.moved(z=lift if name != "cell" or part == "base" else 0.0, y=off_wall)
            yield at_least("clearance", f"{name} to {part}", gap(moved, model.meshes[part]), lift, "mm")
    names = sorted(meshes)
    for i, one in enumerate(names):
        closest = min((gap(meshes[one], meshes[other]), other) for other in names[i + 1 :]) if names[i + 1 :] else None
        if closest:
            yield at_least("clearance", f"{one} to {closest[1]}", closest[0], 0.3, "mm")


def closing_checks(model: Model, limits: Limits) -> Iterator[Finding]:
    """The lid on its way down: its body touches nothing, its bent arms have room, and closed it holds."""
    p, base = model.params, model.meshes["base"]
    closed = gap(model.meshes["lid"].moved(z=0.02), base)
    yield at_least("collision", "lid closed on base", closed, 0.015, "mm")
    bent = model.bent_arms(p.snap_undercut_mm + 0.05)
    worst = min(gap(model.lid_body.moved(z=z), base) for z in LIFTS_MM)
    yield at_least("collision", "lid on its way", worst, limits.moving_mm, "mm")
    arms = min(gap(bent.moved(z=z), base) for z in (0.0, *LIFTS_MM))
    yield at_least("collision", "bent snap arms to base", arms, 0.03, "mm")
    parts = model.component_meshes
    near = min((gap(bent.moved(z=z), parts[name]), name) for z in (0.0, 2.4, 6.0) for name in parts)
    yield at_least("collision", f"bent snap arms to {near[1]}", near[0], limits.clearance_mm, "mm")
    held = overlap(model.meshes["lid"].moved(z=0.6), base)
    yield at_least("holds", "lid pulled by 0.6 mm", held, 0.5, "mm3")
    yield at_least("holds", "hook behind the wall", p.snap_undercut_mm, 2 * GAP_MM, "mm")


def clip_checks(model: Model, limits: Limits) -> Iterator[Finding]:
    """The clip on the base: free to slide along x, held in every other direction and by its finger."""
    base, clip = model.meshes["base"], model.meshes["clip"]
    yield at_least("collision", "clip on base", gap(clip, base), limits.moving_mm, "mm")
    yield at_least("collision", "clip to lid", gap(clip, model.meshes["lid"]), 1.0, "mm")
    for way, moved in (("back", clip.moved(z=-0.6)), ("up", clip.moved(y=0.6)), ("down", clip.moved(y=-0.6))):
        yield at_least("holds", f"clip pulled {way} by 0.6 mm", overlap(moved, base), 2.0, "mm3")
    yield at_least("holds", "finger, clip pushed by 1 mm", overlap(clip.moved(x=1.0), base), 0.3, "mm3")


def overmould(model: Model) -> Mesh:
    """A cable's plug, pushed in as far as the socket's mouth."""
    p, layout = model.params, model.layout
    body = Pos(20, 0, 0) * slot(*p.plug_x_z_mm, 20, PLUG_CORNER_MM)
    mouth = layout.parts["board"].edge(0, 1) + p.usb_overhang_mm - layout.outer[0] / 2
    return mesh_of(usb_centre(p, layout) * Pos(mouth + 0.2, 0, 0) * body)


def plug_checks(model: Model, limits: Limits) -> Iterator[Finding]:
    """The plug is squeezed into its recess, and stays clear of the socket and the clip."""
    plug = model.meshes["usb_plug"]
    yield at_least("holds", "plug squeezed in its recess", overlap(plug, model.meshes["base"]), 1.0, "mm3")
    yield at_least("collision", "plug to clip", gap(plug, model.meshes["clip"]), 0.1, "mm")
    yield at_least("collision", "plug to lid", gap(plug, model.meshes["lid"]), 0.1, "mm")
    usb = overmould(model)
    for part in ("base", "lid", "clip"):
        yield at_least("charging", f"cable's plug to {part}", gap(usb, model.meshes[part]), limits.clearance_mm, "mm")
    yield at_least("collision", "plug to socket", gap(plug, model.component_meshes["board"]), 0.0, "mm")
