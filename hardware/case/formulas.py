"""Strain and force of the snap arms and of the clip's tongue; weight and lever of the worn clip. Plain Python.

A cantilever of constant section with a load at its end: strain = 1.5 t y / L^2, force = E w t^3 y / (4 L^3)
(Covestro, Snap-Fit Joints for Plastics: A Design Guide, section B; t thickness, y deflection, L length, w width).
"""

from __future__ import annotations

from dataclasses import dataclass

from hardware.case.layout import Layout
from hardware.case.params import Material, Params

LANDING_M_S2 = 30.0  # sideways acceleration of the clip at a landing, 3 g: a generous figure for easy running


@dataclass(frozen=True)
class Cantilever:
    """length_mm, width_mm, thick_mm of a bending arm."""

    length_mm: float
    width_mm: float
    thick_mm: float

    def strain(self, deflection_mm: float) -> float:
        return 1.5 * self.thick_mm * deflection_mm / self.length_mm**2

    def force_n(self, deflection_mm: float, modulus_mpa: float) -> float:
        return modulus_mpa * self.width_mm * self.thick_mm**3 * deflection_mm / (4 * self.length_mm**3)


def snap_arm(p: Params) -> Cantilever:
    """From the lid to the middle of the hook."""
    return Cantilever(p.snap_length_mm - p.snap_undercut_mm, p.snap_width_mm, p.snap_thick_mm)


def tongue(p: Params, layout: Layout) -> Cantilever:
    """From the bridge to the middle of the pads."""
    rise = p.clip_room_mm - p.clip_gap_mm
    return Cantilever(p.belt_height_mm - rise - 1.5, p.clip_width_mm, p.tongue_mm)


def clamp_n(p: Params, layout: Layout, material: Material) -> tuple[float, float]:
    """Force on the thinnest and on the thickest waistband. The bridge counts as stiff, so it is an upper bound."""
    arm = tongue(p, layout)
    thin, thick = (arm.force_n(belt - p.clip_gap_mm, material.modulus_mpa) for belt in p.belt_thick_mm)
    return thin, thick


def twist_margin(p: Params, layout: Layout, material: Material, mass_g: float) -> float:
    """Moment about the vertical at which one pad lifts, over the moment of a landing sideways.

    The pads' middles stand 2 s apart: the clamping force resists with F s. The case's middle of mass lies d behind the
    waistband: mass x acceleration x d turns it.
    """
    half_span_mm = (p.clip_width_mm - p.pad_width_mm) / 2
    behind_mm = layout.lid_z / 2 + p.clip_fit_mm + p.clip_thick_mm
    turning_n_mm = mass_g / 1000 * LANDING_M_S2 * behind_mm
    return clamp_n(p, layout, material)[0] * half_span_mm / turning_n_mm
