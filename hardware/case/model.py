"""The case as built from its parameters: solids, and meshes made once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from build123d import Part

from hardware.case import base, clip, components, lid, seals
from hardware.case.layout import Layout, place
from hardware.case.mesh import Mesh, mesh_of
from hardware.case.params import Params

T = TypeVar("T")
BUILDERS = {
    "base": base.build,
    "lid": lid.build,
    "clip": clip.build,
    "button_pad": seals.button_pad,
    "usb_plug": seals.usb_plug,
}


class OnDemand(Mapping[str, T]):
    """Values by name, each made when it is first asked for."""

    def __init__(self, names: Iterable[str], make: Callable[[str], T]) -> None:
        self._names, self._make, self._made = tuple(names), make, dict[str, T]()

    def __getitem__(self, name: str) -> T:
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@dataclass(frozen=True)
class Model:
    """params and layout; what is built from them follows when it is asked for."""

    params: Params

    @cached_property
    def layout(self) -> Layout:
        return place(self.params)

    @cached_property
    def printed(self) -> OnDemand[Part]:
        """Solids of the printed parts, where they sit when closed. The base is without its crush ribs."""
        return OnDemand(BUILDERS, lambda name: BUILDERS[name](self.params, self.layout))

    @cached_property
    def printable(self) -> OnDemand[Part]:
        """As printed: the base with the ribs that the clip shaves."""
        return OnDemand(BUILDERS, self._as_printed)

    def _as_printed(self, name: str) -> Part:
        ribs = name == "base"
        return self.printed[name] + base.crush_ribs(self.params, self.layout) if ribs else self.printed[name]

    @cached_property
    def meshes(self) -> OnDemand[Mesh]:
        return OnDemand(BUILDERS, lambda name: mesh_of(self.printed[name]))

    @cached_property
    def print_meshes(self) -> OnDemand[Mesh]:
        return OnDemand(BUILDERS, lambda name: mesh_of(self.printable[name]) if name == "base" else self.meshes[name])

    @cached_property
    def lid_body(self) -> Mesh:
        return mesh_of(lid.body(self.params, self.layout))

    def bent_arms(self, inward: float) -> Mesh:
        """All snap arms moved inward by this much: more room than bending takes."""
        return mesh_of(lid.arms(self.params, self.layout, inward))

    @cached_property
    def component_solids(self) -> dict[str, dict[str, Part]]:
        return components.solids(self.params, self.layout)

    @cached_property
    def component_meshes(self) -> OnDemand[Mesh]:
        """One mesh for each component, all pieces together."""
        return OnDemand(self.component_solids, self._component)

    def _component(self, name: str) -> Mesh:
        first, *rest = self.component_solids[name].values()
        return mesh_of(first + rest if rest else first)
