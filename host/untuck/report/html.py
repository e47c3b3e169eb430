"""A run's page: one self-contained HTML file, light and dark, for desktop, phone and print.

Sentences come from sentences.py, figures from figures.py through svg.py, the style from page.css.
Owns the order of the page, its headline numbers and its tables.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files

from untuck.model import BOTH, ENOUGH_JUDGED, LEFT, RIGHT
from untuck.motion.form.cues import CueEntry
from untuck.report import figures, quality
from untuck.report.cue_effect import cued_once, uncued_once
from untuck.report.figure_style import styled
from untuck.report.metrics import compare
from untuck.report.numbers import UNKNOWN, number
from untuck.report.page import Report, mean_strides
from untuck.report.sentences import answers
from untuck.report.summary import DISCLAIMER, Summary
from untuck.report.svg import THEMED, svg
from untuck.session_commands import to_text
from untuck.vocabulary import PALETTES, Fault, clock, cued_faults, facts, named

WIDE_IN, NARROW_IN, HALF_IN = 8.6, 3.9, 4.3


def to_html(report: Report) -> str:
    """The page as text, UTF-8. The page of a run without strides says so."""
    paragraphs = "".join(
        f"<dt>{escape(q)}</dt><dd>{escape(a)}</dd>" for q, a in answers(report.summary, report.now, report.earlier)
    )
    body = [
        f"<h1>{escape(report.title)}</h1><p class='sub'>{escape(report.subtitle)}</p>",
        f"<dl class='answers'>{paragraphs}</dl>",
        _cards(report),
        *(_drawn(report) if report.summary.strides else ["<p>No running strides were found.</p>"]),
        _cue_table(report.summary),
        _commands(report),
        _standings(report.summary),
        _quality(report),
    ]
    return document(report.title, "".join(body))


def document(title: str, body: str) -> str:
    """A whole page around a body of markup; title is plain text."""
    css = files("untuck.report").joinpath("page.css").read_text("utf-8")
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escape(title)}</title><style>{css}{_colours()}</style></head><body>{body}"
        f"<footer>{DISCLAIMER} Tilt and pelvic lean are the pelvis's: the lean of the trunk needs a second clip. "
        f"Written {time.strftime('%Y-%m-%d %H:%M')} by Untuck.</footer></body></html>\n"
    )


def _colours() -> str:
    """The colours of sides and faults, light and dark, as CSS variables."""
    light, dark = ("".join(f"--{role}:{code};" for role, code in PALETTES[mode].items()) for mode in ("light", "dark"))
    return f":root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"


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


def _cards(report: Report) -> str:
    now = report.now
    cards = [
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
        _pullback_card(report, "left"),
        _pullback_card(report, "right"),
        _Card("Cues", now.cues_per_10_min, "in 10 min", 1, below=_earlier(report, "cues_per_10_min", "", 1)),
        _median_card(report, "Cadence", "cadence_spm", "steps/min"),
    ]
    right_ms = report.summary.medians.get("contact_right_ms")
    if right_ms is not None:
        cards.append(
            _median_card(report, "Left contact", "contact_left_ms", "ms", f"right {number(right_ms, 0, 'ms')}")
        )
    cards.append(_median_card(report, "Pelvic oscillation", "oscillation_mm", "mm"))
    for name, field, unit, places in _FORCES:
        cards.append(_force_card(report, name, field, unit, places))
    markup = "".join(map(_card, cards))
    return (
        f"<div class='cards'>{markup}</div><p class='note'>"
        "Medians of clean strides, ± spread (SD). Good form: of the judged strides. Tilt against baseline: mean of the "
        "judged strides, ± standard error.</p>"
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


def _drawn(report: Report) -> Iterable[str]:
    run, width = report.run, HALF_IN
    with styled():
        wide = svg(figures.through_the_run(run, THEMED, WIDE_IN), "runwide", "tilt and pelvic lean over the run")
        narrow = svg(figures.through_the_run(run, THEMED, NARROW_IN), "runnarrow", "tilt and pelvic lean over the run")
        yield "<h2>Over the run</h2>" + _figure(wide, narrow, _run_caption())
        yield from _stride_figure(report)
        spread = svg(figures.distribution(run, THEMED, width), "spread", "stride tilt")
        counted = "judged" if report.now.judged else "clean"
        boxes = [_box("Distribution of tilt", spread, f"Counts of {counted} strides.")]
        if report.summary.parts:
            fatigue = svg(figures.thirds(report.summary.parts, THEMED, width), "thirds", "thirds of the run")
            boxes.append(_box("Thirds of the run", fatigue, "Means ± standard error, over blocks of ten strides."))
        if report.earlier:
            drawn = svg(figures.against_sessions(report.now, report.earlier, THEMED, width), "sessions", "sessions")
            boxes.append(_box("Earlier sessions", drawn, "Error bars: spread (SD) of the strides of a session."))
        yield f"<div class='pair'>{''.join(boxes)}</div>"


def _stride_figure(report: Report) -> Iterable[str]:
    now, base = mean_strides(report)
    if now is None:
        return
    wide = svg(figures.mean_stride(now, base, THEMED, WIDE_IN), "stridewide", "mean stride")
    narrow = svg(figures.mean_stride(now, base, THEMED, NARROW_IN), "stridenarrow", "mean stride")
    band = "The wide band is the baseline of this run." if base else "The baseline is from another run."
    caption = f"Mean of {now.count} strides ± SD; the left side is mirrored. {band}"
    yield "<h2>Mean stride</h2>" + _figure(wide, narrow, caption)


def _run_caption() -> str:
    """The legend of the figure over the run: each colour with the faults that it stands for."""
    kinds: dict[str, list[str]] = {}
    for fault in cued_faults():
        row = facts(fault)
        for side in (LEFT, RIGHT) if row.sides else (BOTH,):
            kinds.setdefault(row.colour(side), []).append(named(fault, side))
    keys = [
        ("line", "strides and their mean over eight"),
        ("band", "baseline at the pace of each stride, ± what is too small to be found"),
    ]
    keys += [(role, " or ".join(names)) for role, names in kinds.items()]
    keys.append(("pause", "pause or missing data"))
    items = "".join(f"<span><i style='background:var(--{role})'></i>{escape(text)}</span>" for role, text in keys)
    return f"<span class='key'>{items}</span> Triangles at the top: cues. Dashed lines: laps."


def _figure(wide: str, narrow: str, caption: str) -> str:
    return (
        f"<figure><div class='wide'>{wide}</div><div class='narrow'>{narrow}</div>"
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _box(title: str, drawing: str, caption: str) -> str:
    return f"<section><h2>{title}</h2><figure>{drawing}<figcaption>{caption}</figcaption></figure></section>"


def _cue_table(summary: Summary) -> str:
    if not summary.cue_log:
        return "<h2>Cues</h2><p>No cue was due.</p>" if not summary.cues else ""
    once = [*cued_once(summary.cue_log), *uncued_once(summary.cue_log)]  # each fault has one response
    rows = [
        (
            clock(entry.time_s),
            named(entry.fault, entry.side),
            number(entry.depth_deg, 1, "deg"),
            "sounded" if entry.sounded else f"suppressed: {entry.reason}",
            _response(entry) if entry in once else "",
        )
        for entry in summary.cue_log
    ]
    head = ("time", "fault", "depth", "cue", "corrected after")
    if not summary.heard:
        return "<h2>Cues that would have sounded live</h2>" + table(head[:4], [row[:4] for row in rows], (0, 2))
    return "<h2>Cues and responses</h2>" + table(head, rows, numbers=(0, 2, 4))


def _commands(report: Report) -> str:
    """Laps, notes and the other commands of the session."""
    rows = [(clock(each.time_s), *to_text(each)) for each in report.run.commands]
    return "<h2>Laps, notes and settings</h2>" + table(("time", "command", ""), rows, numbers=(0,)) if rows else ""


def _response(entry: CueEntry) -> str:
    return number(entry.correct_s, 0, "s") if entry.correct_s is not None else entry.ended or "not ended"


def _standings(summary: Summary) -> str:
    """The standing checks: the angles by the calibration in use, and whether the zero was set to them."""
    rows = [
        (
            clock(each.time_s),
            number(each.difference_deg, 1, "deg"),
            number(each.tilt_deg, 1, "deg", signed=True),
            number(each.obliquity_deg, 1, "deg", signed=True),
            "set again" if each.zeroed else "unchanged",
        )
        for each in summary.standings
    ]
    if not rows:
        return ""
    head = ("time", "difference", "tilt", "obliquity", "zero")
    note = "<p class='sub'>Angles while standing, by the calibration: 0 if clip and stance are unchanged.</p>"
    return "<h2>Standing checks</h2>" + note + table(head, rows, numbers=(0, 1, 2, 3))


def _quality(report: Report) -> str:
    rows = quality.rows(report.summary, report.late_ms)
    warnings = "".join(f"<li>{escape(text)}</li>" for text in report.summary.warnings)
    return "<h2>Data quality</h2>" + table(("", ""), rows) + (f"<ul>{warnings}</ul>" if warnings else "")


def table(head: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """An HTML table of plain texts; columns in `numbers` are aligned to the right."""

    def row(cells: Sequence[str], tag: str) -> str:
        kinds = [" class='n'" if k in numbers else "" for k in range(len(cells))]
        return "<tr>" + "".join(f"<{tag}{k}>{escape(c)}</{tag}>" for k, c in zip(kinds, cells, strict=True)) + "</tr>"

    top = row(head, "th") if any(head) else ""
    return f"<div class='scroll'><table>{top}{''.join(row(cells, 'td') for cells in rows)}</table></div>"
