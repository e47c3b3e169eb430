"""The headline numbers of a run's page, as cards of HTML."""

from __future__ import annotations

from dataclasses import dataclass

from untuck.model import ENOUGH_JUDGED
from untuck.report.metrics import compare
from untuck.report.numbers import UNKNOWN, number
from untuck.report.page import Report
from untuck.vocabulary import Fault, facts


@dataclass(frozen=True)
class _Card:
    """A headline number. value: None if unknown; sd: between strides; below: a second line; signed: with a plus."""

    name: str
    value: float | None
    unit: str
    places: int = 0
    sd: float | None = None
    below: str = ""
    signed: bool = False


def cards(report: Report) -> str:
    now = report.now
    shown = [
        _form_card(report),
        _Card(
            name="Tilt against baseline",
            value=now.against_deg,
            unit="deg",
            places=1,
            sd=report.summary.against_se_deg,
            below=_earlier(report, "against_deg", "deg", 1),
            signed=True,
        ),
        *(_spine_cards(report) if report.summary.spine is not None else ()),
        _pullback_card(report, "left"),
        _pullback_card(report, "right"),
        _Card("Cues", now.cues_per_10_min, "in 10 min", 1, below=_earlier(report, "cues_per_10_min", "", 1)),
        _median_card(report, "Cadence", "cadence_spm", "steps/min"),
    ]
    right_ms = report.summary.medians.get("contact_right_ms")
    if right_ms is not None:
        shown.append(
            _median_card(report, "Left contact", "contact_left_ms", "ms", f"right {number(right_ms, 0, 'ms')}")
        )
    shown.append(_median_card(report, "Pelvic oscillation", "oscillation_mm", "mm"))
    for name, field, unit, places in _FORCES:
        shown.append(_force_card(report, name, field, unit, places))
    against = "Tilt against baseline" if report.summary.spine is None else "Values against baseline"
    markup = "".join(map(_card, shown))
    return (
        f"<div class='cards'>{markup}</div><p class='note'>"
        f"Medians of clean strides, ± spread (SD). Good form: of the judged strides. {against}: mean of the "
        "judged strides, ± standard error.</p>"
    )


def _spine_cards(report: Report) -> tuple[_Card, _Card]:
    """Lean and lumbar extension against the baseline, and lean itself below."""
    now, spine = report.now, report.summary.spine
    assert spine is not None
    lean = f"{number(report.summary.medians['trunk_lean_deg'], 1, 'deg')} above standing"
    earlier = _earlier(report, "lean_against_deg", "deg", 1)
    return (
        _Card(
            name="Trunk lean against baseline",
            value=now.lean_against_deg,
            unit="deg",
            places=1,
            sd=spine.lean_against_se_deg,
            below=f"{lean}; {earlier}" if earlier else lean,
            signed=True,
        ),
        _Card(
            name="Arch of the lower back",
            value=now.lumbar_against_deg,
            unit="deg",
            places=1,
            sd=spine.lumbar_against_se_deg,
            below=_earlier(report, "lumbar_against_deg", "deg", 1) or "against baseline",
            signed=True,
        ),
    )


def _form_card(report: Report) -> _Card:
    """The share in good form with the number of strides that it is of; "-" where none was judged."""
    judged = report.now.judged or 0
    below = f"of {judged} judged strides" if judged else "not judged"
    below += ", too few to say" if 0 < judged < ENOUGH_JUDGED else ""
    earlier = _earlier(report, "in_form_pct", "%", 0)
    return _Card("In good form", report.now.in_form_pct, "%", below=f"{below}; {earlier}" if earlier else below)


def _pullback_card(report: Report, side: str) -> _Card:
    field = f"pullback_{side}_deg"
    return _Card(
        name=f"{side.capitalize()} {facts(Fault.PULLBACK).name}",
        value=report.summary.medians.get(field),
        unit="deg",
        places=1,
        sd=report.summary.spreads.get(field),
        below=_earlier(report, field, "deg", 1),
        signed=True,
    )


def _median_card(report: Report, name: str, field: str, unit: str, below: str = "") -> _Card:
    value, sd = report.summary.medians.get(field), report.summary.spreads.get(field)
    return _Card(name, value, unit, sd=sd, below=below)


_FORCES = (
    ("Peak force", "peak", "bw", 2),
    ("Braking", "braking", "m_s", 2),
    ("Vertical stiffness", "stiffness", "bw_m", 0),
)
_UNITS = {"bw": "body weights", "m_s": "m/s a step", "bw_m": "body weights/m"}


def _force_card(report: Report, name: str, field: str, unit: str, places: int) -> _Card:
    """The left foot's median; below it the right foot's, and the standard error for a runner of unknown build."""
    left, right, se = (report.summary.medians.get(f"{field}_{part}_{unit}") for part in ("left", "right", "se"))
    if left is None or right is None or se is None:
        return _Card(name, None, _UNITS[unit])
    below = f"right {number(right, places)}, standard error {number(se, places)}"
    return _Card(f"{name}, left", left, _UNITS[unit], places, below=below)


def _card(card: _Card) -> str:
    shown = number(card.value, card.places, signed=card.signed)
    if shown != UNKNOWN:
        spread = "" if card.sd is None else f" ± {number(card.sd, card.places)}"
        shown += f"<small>{spread} {card.unit}</small>"
    return f"<div class='card'><span>{card.name}</span><b>{shown}</b><span>{card.below}</span></div>"


def _earlier(report: Report, name: str, unit: str, places: int) -> str:
    found = compare(report.now, report.earlier, name)
    if found is None:
        return ""
    earlier = f"earlier {number(found.earlier, places, unit)}"
    return f"{earlier}: {found.verdict}" if found.count > 1 else f"{earlier} (one session)"
