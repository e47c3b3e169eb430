"""The printed parts: names, materials, and how each lies on the printer's bed. Plain Python."""

from __future__ import annotations

from hardware.case.params import Masses, Material

PETG = ("base", "lid", "clip")
TPU = ("button_pad", "usb_plug")
TPU_G_CM3 = 1.21
PRINT_UP = {  # the direction that is up on the bed
    "base": (0, 0, 1),
    "lid": (0, 0, -1),
    "clip": (1, 0, 0),
    "button_pad": (0, 0, 1),
    "usb_plug": (-1, 0, 0),
}


def masses(volumes_mm3: dict[str, float]) -> dict[str, float]:
    """Mass of each printed part (solid, without infill) and of all components, in g."""
    density = {**dict.fromkeys(PETG, Material().density_g_cm3), **dict.fromkeys(TPU, TPU_G_CM3)}
    printed = {name: volume / 1000 * density[name] for name, volume in volumes_mm3.items()}
    return {**printed, "components": sum(Masses().parts.values())}
