"""A run's page: one self-contained HTML file, light and dark, for desktop, phone and print.

Sentences come from sentences.py, figures from figures.py through svg.py, the style from page.css.
Owns the order of the page, its headline numbers and its tables.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files

from untuck.model import BOTH, LEFT, RIGHT
from untuck.motion.form.cues import CueEntry
from untuck.report import figures, quality, run_figure
from untuck.report.cards import cards
from untuck.report.cue_effect import cued_once, uncued_once
from untuck.report.figure_style import styled
from untuck.report.numbers import number
from untuck.report.page import Report, mean_strides
from untuck.report.sentences import answers
from untuck.report.summary import DISCLAIMER, Summary
from untuck.report.svg import THEMED, svg
from untuck.session_commands import to_text
from untuck.vocabulary import PALETTES, clock, cue_named, facts, form_faults, named

ONE_CLIP = "Tilt and pelvic lean are the pelvis's: the lean of the trunk needs a second clip."
TWO_CLIPS = "Tilt is the pelvis's, lean the trunk's; lumbar is tilt minus lean, positive when the lower back arches."
WIDE_IN, NARROW_IN, HALF_IN = 8.6, 3.9, 4.3


def to_html(report: Report) -> str:
    """The page as text, UTF-8. The page of a run without strides says so."""
    paragraphs = "".join(
        f"<dt>{escape(q)}</dt><dd>{escape(a)}</dd>" for q, a in answers(report.summary, report.now, report.earlier)
    )
    body = [
        f"<h1>{escape(report.title)}</h1><p class='sub'>{escape(report.subtitle)}</p>",
        f"<dl class='answers'>{paragraphs}</dl>",
        cards(report),
        *(_drawn(report) if report.summary.strides else ["<p>No running strides were found.</p>"]),
        _cue_table(report.summary),
        _commands(report),
        _standings(report.summary),
        _quality(report),
    ]
    return document(report.title, "".join(body), ONE_CLIP if report.summary.spine is None else TWO_CLIPS)


def document(title: str, body: str, measured: str = ONE_CLIP) -> str:
    """A whole page around a body of markup; title is plain text; measured: a sentence on what tilt and lean are of."""
    css = files("untuck.report").joinpath("page.css").read_text("utf-8")
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escape(title)}</title><style>{css}{_colours()}</style></head><body>{body}"
        f"<footer>{DISCLAIMER} {measured} "
        f"Written {time.strftime('%Y-%m-%d %H:%M')} by Untuck.</footer></body></html>\n"
    )


def _colours() -> str:
    """The colours of sides and faults, light and dark, as CSS variables."""
    light, dark = ("".join(f"--{role}:{code};" for role, code in PALETTES[mode].items()) for mode in ("light", "dark"))
    return f":root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"


def _drawn(report: Report) -> Iterable[str]:
    run, width = report.run, HALF_IN
    with styled():
        shown = ("tilt and pelvic lean" if run.trunk is None else "tilt, trunk lean and lumbar") + " over the run"
        wide = svg(run_figure.through_the_run(run, THEMED, WIDE_IN), "runwide", shown)
        narrow = svg(run_figure.through_the_run(run, THEMED, NARROW_IN), "runnarrow", shown)
        yield "<h2>Over the run</h2>" + _figure(wide, narrow, _run_caption(run.trunk is not None))
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


def _run_caption(trunk: bool) -> str:
    """The legend of the figure over the run: each colour with the faults that it stands for."""
    kinds: dict[str, list[str]] = {}
    for fault in form_faults(trunk):
        row = facts(fault)
        for side in (LEFT, RIGHT) if row.sides else (BOTH,):
            kinds.setdefault(row.colour(side), []).append(named(fault, side, trunk))
    keys = [
        ("line", "strides and their mean over eight"),
        ("band", "baseline at the pace of each stride, ± what is too small to be found"),
    ]
    keys += [(role, " or ".join(names)) for role, names in kinds.items()]
    keys.append(("pause", "pause or missing data"))
    items = "".join(f"<span><i style='background:var(--{role})'></i>{escape(text)}</span>" for role, text in keys)
    bars = "Error bars: means ± standard error. " if trunk else ""
    return f"<span class='key'>{items}</span> {bars}Triangles at the top: cues. Dashed lines: laps."


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
            cue_named(entry.fault, entry.side),
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
