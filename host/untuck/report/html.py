"""A run's page: one HTML file that needs nothing else, light and dark, for desktop, phone and paper.

Sentences come from sentences.py, drawings from figures.py by way of svg.py, the look from page.css.
Owns the order of the page, its headline numbers and its tables.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files

from untuck.model import BOTH, LEFT, RIGHT
from untuck.report import figures, quality
from untuck.report.metrics import compare
from untuck.report.page import Report, stride_cycles
from untuck.report.sentences import answers
from untuck.report.summary import DISCLAIMER, Summary
from untuck.report.svg import THEMED, svg
from untuck.session_commands import to_text
from untuck.vocabulary import PALETTES, clock, cued_faults, facts, named

WIDE_IN, NARROW_IN, HALF_IN = 8.6, 3.9, 4.3


def to_html(report: Report) -> str:
    """The page as text, UTF-8. A run without strides gives a page that says so."""
    told = "".join(
        f"<dt>{escape(q)}</dt><dd>{escape(a)}</dd>" for q, a in answers(report.summary, report.now, report.earlier)
    )
    body = [
        f"<h1>{escape(report.title)}</h1><p class='sub'>{escape(report.subtitle)}</p>",
        f"<dl class='answers'>{told}</dl>",
        _cards(report),
        *(_drawn(report) if report.summary.strides else ["<p>No running strides were found.</p>"]),
        _ledger(report.summary),
        _asked(report),
        _standings(report.summary),
        _quality(report),
    ]
    return document(report.title, "".join(body))


def document(title: str, body: str) -> str:
    """A whole page with our look around a body of markup; title is plain text."""
    css = files("untuck.report").joinpath("page.css").read_text("utf-8")
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escape(title)}</title><style>{css}{_colours()}</style></head><body>{body}"
        f"<footer>{DISCLAIMER} Tilt and lean are the pelvis's: one sensor cannot see the trunk. "
        f"Written {time.strftime('%Y-%m-%d %H:%M')} by Untuck.</footer></body></html>\n"
    )


def _colours() -> str:
    """The colours of sides and faults, light and dark, as CSS variables."""
    light, dark = ("".join(f"--{role}:{code};" for role, code in PALETTES[mode].items()) for mode in ("light", "dark"))
    return f":root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"


def _cards(report: Report) -> str:
    m, sd = report.summary.medians, report.summary.spreads
    cards = [_card("In good form", report.summary.in_form_pct, None, "%", 0, _earlier(report, "in_form_pct", "%", 0))]
    cards.append(_card("Tilt to baseline", report.now.against_deg, sd.get("tilt_deg"), "deg", 1,
                       _earlier(report, "against_deg", "deg", 1), "+"))  # fmt: skip
    cards.append(_card("Pullback left", m.get("pullback_left_deg"), sd.get("pullback_left_deg"), "deg", 1,
                       _earlier(report, "pullback_left_deg", "deg", 1), "+"))  # fmt: skip
    cards.append(_card("Pullback right", m.get("pullback_right_deg"), sd.get("pullback_right_deg"), "deg", 1,
                       _earlier(report, "pullback_right_deg", "deg", 1), "+"))  # fmt: skip
    cards.append(_card("Cues", report.now.cues_per_10_min, None, "in 10 min", 1,
                       _earlier(report, "cues_per_10_min", "", 1)))  # fmt: skip
    cards.append(_card("Cadence", m.get("cadence_spm"), sd.get("cadence_spm"), "steps/min", 0))
    contact = [m.get("contact_left_ms"), m.get("contact_right_ms")]
    if contact[0] is not None and contact[1] is not None:
        cards.append(_card("Contact, left", contact[0], sd.get("contact_left_ms"), "ms", 0,
                           f"right {contact[1]:.0f} ms"))  # fmt: skip
    cards.append(_card("Pelvis up and down", m.get("oscillation_mm"), sd.get("oscillation_mm"), "mm", 0))
    return f"<div class='cards'>{''.join(cards)}</div><p class='note'>Medians of clean strides, ± spread (SD).</p>"


def _card(
    name: str, value: float | None, sd: float | None, unit: str, places: int, below: str = "", sign: str = ""
) -> str:
    if value is None:
        shown = "-"
    else:
        spread = "" if sd is None else f" ± {sd:.{places}f}"
        number = _rounded(value, places)
        shown = f"{number:{sign if number else ''}.{places}f}<small>{spread} {unit}</small>"
    return f"<div class='card'><span>{name}</span><b>{shown}</b><span>{below}</span></div>"


def _rounded(value: float, places: int) -> float:
    """Without the sign of a zero."""
    return round(value, places) + 0.0


def _earlier(report: Report, name: str, unit: str, places: int) -> str:
    found = compare(report.now, report.earlier, name)
    if found is None:
        return ""
    before = f"before {_rounded(found.earlier, places):.{places}f} {unit}".rstrip()
    return f"{before}: {found.verdict}" if found.count > 1 else f"{before} (one session)"


def _drawn(report: Report) -> Iterable[str]:
    run, width = report.run, HALF_IN
    with figures.styled():
        wide = svg(figures.through_the_run(run, THEMED, WIDE_IN), "runwide", "tilt and lean through the run")
        narrow = svg(figures.through_the_run(run, THEMED, NARROW_IN), "runnarrow", "tilt and lean through the run")
        yield "<h2>Through the run</h2>" + _figure(wide, narrow, _run_caption())
        yield from _stride_figure(report)
        spread = svg(figures.distribution(run, report.params.tuck_on_deg, THEMED, width), "spread", "stride tilt")
        boxes = [_box("How tilt was spread", spread, "One count for each clean stride.")]
        if report.summary.parts:
            fatigue = svg(figures.thirds(report.summary.parts, THEMED, width), "thirds", "thirds of the run")
            boxes.append(_box("Thirds of the run", fatigue, "Means ± standard error, from blocks of ten strides."))
        if report.earlier:
            drawn = svg(figures.against_sessions(report.now, report.earlier, THEMED, width), "sessions", "sessions")
            boxes.append(_box("Against earlier sessions", drawn, "Bars are the spread (SD) of strides in a session."))
        yield f"<div class='pair'>{''.join(boxes)}</div>"


def _stride_figure(report: Report) -> Iterable[str]:
    now, base = stride_cycles(report)
    if now is None:
        return
    wide = svg(figures.mean_stride(now, base, THEMED, WIDE_IN), "stridewide", "mean stride")
    narrow = svg(figures.mean_stride(now, base, THEMED, NARROW_IN), "stridenarrow", "mean stride")
    band = "The wide band is the baseline, taken in this run." if base else "The baseline is another run's."
    caption = f"Mean of {now.count} strides ± SD; the left side is mirrored. {band}"
    yield "<h2>Mean stride</h2>" + _figure(wide, narrow, caption)


def _run_caption() -> str:
    """The legend of the run's figure: each colour with the faults that it stands for."""
    kinds: dict[str, list[str]] = {}
    for fault in cued_faults():
        row = facts(fault)
        for side in (LEFT, RIGHT) if row.sides else (BOTH,):
            kinds.setdefault(row.colour(side), []).append(named(fault, side))
    keys = [("line", "strides and their mean over eight"), ("band", "baseline ± 2 SD")]
    keys += [(role, " or ".join(names)) for role, names in kinds.items()]
    keys.append(("pause", "pause or missing"))
    items = "".join(f"<i style='background:var(--{role})'></i>{escape(text)}" for role, text in keys)
    return f"<span class='key'>{items}</span>. Flags on top are cues, dashed lines laps."


def _figure(wide: str, narrow: str, caption: str) -> str:
    return (
        f"<figure><div class='wide'>{wide}</div><div class='narrow'>{narrow}</div>"
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _box(title: str, drawing: str, caption: str) -> str:
    return f"<section><h2>{title}</h2><figure>{drawing}<figcaption>{caption}</figcaption></figure></section>"


def _ledger(summary: Summary) -> str:
    if not summary.cue_log:
        return "<h2>Cues</h2><p>No cue was due.</p>" if not summary.cues else ""
    rows = [
        (
            clock(entry.time_s),
            named(entry.fault, entry.side),
            f"{entry.depth_deg:.1f} deg",
            "sounded" if entry.sounded else f"suppressed: {entry.reason}",
            f"{entry.correct_s:.0f} s" if entry.correct_s is not None else (entry.ended or "lasted to the end"),
        )
        for entry in summary.cue_log
    ]
    return "<h2>Cues and responses</h2>" + table(
        ("at", "cause", "depth then", "cue", "corrected after"), rows, numbers=(0, 2, 4)
    )


def _asked(report: Report) -> str:
    """Laps, notes and what else was asked for during the session."""
    rows = [(clock(each.time_s), *to_text(each)) for each in report.run.commands]
    return "<h2>Laps, notes and settings</h2>" + table(("at", "what", ""), rows, numbers=(0,)) if rows else ""


def _standings(summary: Summary) -> str:
    """Standing measured again: what the calibration in use read in it, and whether the zero was set from it."""
    rows = [
        (
            clock(each.time_s),
            f"{each.difference_deg:.1f} deg",
            f"{_rounded(each.tilt_deg, 1):+.1f} deg",
            f"{_rounded(each.obliquity_deg, 1):+.1f} deg",
            "set anew" if each.zeroed else "as it was",
        )
        for each in summary.standings
    ]
    if not rows:
        return ""
    head = ("at", "off by", "tilt read", "obliquity read", "zero")
    note = "<p class='sub'>What the calibration read while you stood: 0 if clip and stance were as before.</p>"
    return "<h2>Standing, measured again</h2>" + note + table(head, rows, numbers=(0, 1, 2, 3))


def _quality(report: Report) -> str:
    rows = quality.rows(report.summary, report.late_ms)
    warnings = "".join(f"<li>{escape(text)}</li>" for text in report.summary.warnings)
    return "<h2>How good the data are</h2>" + table(("", ""), rows) + (f"<ul>{warnings}</ul>" if warnings else "")


def table(head: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """An HTML table of plain texts; columns in `numbers` are aligned to the right."""

    def line(cells: Sequence[str], tag: str) -> str:
        kinds = [" class='n'" if k in numbers else "" for k in range(len(cells))]
        return "<tr>" + "".join(f"<{tag}{k}>{escape(c)}</{tag}>" for k, c in zip(kinds, cells, strict=True)) + "</tr>"

    top = line(head, "th") if any(head) else ""
    return f"<div class='scroll'><table>{top}{''.join(line(row, 'td') for row in rows)}</table></div>"
