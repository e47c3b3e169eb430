"""The figures of a build: as a table for the page, as JSON, and as parameters that the command line changes."""

from __future__ import annotations

import json
from dataclasses import asdict, fields, replace
from typing import Any

from hardware.case import formulas
from hardware.case.layout import cap_size, place
from hardware.case.params import SENSOR_BOARDS, Limits, Masses, Material, Params

BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"


def changed(settings: list[str]) -> Params:
    """The defaults with `name=value` settings. ValueError names what is wrong."""
    params = Params()
    kinds = {field.name: field.type for field in fields(Params)}
    for setting in settings:
        name, _, text = setting.partition("=")
        if name not in kinds:
            raise ValueError(f"{name} is no parameter. hardware/case/params.py lists them.")
        try:
            params = replace(params, **{name: _value(kinds[name], text)})
        except ValueError:
            raise ValueError(
                f"{setting}: the value does not fit. Write {name}={_example(params, name)}, for example."
            ) from None
    if params.sensor not in SENSOR_BOARDS:
        raise ValueError(f"{params.sensor} is no known sensor board: {', '.join(SENSOR_BOARDS)}.")
    return params


def _value(kind: Any, text: str) -> Any:
    if kind == "str":
        return text
    if kind == "bool":
        return {"True": True, "False": False}[text] if text in ("True", "False") else float("")
    numbers = tuple(float(part) for part in text.split(","))
    if kind == "float":
        return float(text)
    if len(numbers) != str(kind).count("float"):
        raise ValueError
    return numbers


def _example(params: Params, name: str) -> str:
    value = getattr(params, name)
    return ",".join(f"{part:g}" for part in value) if isinstance(value, tuple) else f"{value}"


def computed(p: Params, mass_g: float) -> dict[str, str]:
    """The rows of the page's table that follow from the parameters alone, and from the mass for the last."""
    layout, material, limits = place(p), Material(), Limits()
    (x, y), apart = cap_size(p, layout), p.clip_width_mm - p.pad_width_mm
    thin, thick = formulas.clamp_n(p, layout, material)
    snap = 100 * formulas.snap_arm(p).strain(p.snap_undercut_mm)
    bend = 100 * formulas.tongue(p, layout).strain(p.belt_thick_mm[1] - p.clip_gap_mm)
    margin = formulas.twist_margin(p, layout, material, mass_g)
    return {
        "case without clip": f"{x:.1f} x {y:.1f} x {layout.lid_z + p.lid_mm:.1f} mm",
        "width that bears on the waistband": f"{p.clip_width_mm:g} mm; middles of the pads {apart:g} mm apart",
        "waistband": f"{p.belt_thick_mm[0]:g} to {p.belt_thick_mm[1]:g} mm thick, up to {p.belt_height_mm:g} mm high",
        "clamping force, thinnest to thickest": f"{thin:.1f} to {thick:.0f} N",
        "strain of a snap arm": f"{snap:.1f} % of {100 * material.strain_across:g} % permitted",
        "strain of the tongue": f"{bend:.1f} % of {100 * material.strain_along:g} % permitted",
        "clamping moment against a landing of 3 g sideways": f"{margin:.1f} times (at least {limits.twist_margin:g})",
    }


def figures(p: Params, masses: dict[str, float], count: int) -> str:
    """The block of the page, between its two marks."""
    mass = sum(masses.values())
    petg = {name: masses[name] for name in ("base", "lid", "clip")}
    rows = computed(p, mass)
    rows["mass, with components"] = f"{mass:.0f} g"
    rows["filament"] = ", ".join(f"{name} {grams:.0f} g" for name, grams in petg.items()) + "; pad and plug 1 g of TPU"
    rows["checks passed"] = str(count)
    lines = [
        BEGIN,
        "",
        "| figure | value |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in rows.items()),
        "",
        END,
    ]
    return "\n".join(lines)


def with_figures(page: str, block: str) -> str:
    """The page with its block replaced."""
    before, rest = page.split(BEGIN)
    return before + block + rest.split(END)[1]


def as_json(p: Params, masses: dict[str, float], findings: list[Any]) -> str:
    """Parameters, masses of printed parts and components in g, and every finding."""
    found = [asdict(finding) | {"ok": finding.ok} for finding in findings]
    whole = {"params": asdict(p), "mass_g": masses, "components_g": Masses().parts, "checks": found}
    return json.dumps(whole, indent=1) + "\n"
