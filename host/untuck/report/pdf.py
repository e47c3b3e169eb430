"""A run's report as PDF: A4, with the same figures as the HTML page, written by matplotlib.

The first page has the answers, data quality and cues, the second the run, the third its thirds and earlier sessions.
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure, SubFigure

from untuck.report import figures, quality, run_figure
from untuck.report.cue_effect import response_words
from untuck.report.figure_style import Palette, styled
from untuck.report.numbers import number
from untuck.report.page import Report, mean_strides
from untuck.report.sentences import answers
from untuck.report.summary import DISCLAIMER
from untuck.vocabulary import clock, cue_named

WIDTH_IN, HEIGHT_IN, MARGIN = 8.27, 11.69, 0.09
_LINE = 0.0155  # of the page's height
_COLUMNS = 98  # characters that fit between the margins
_CUES = {True: "Cues", False: "Cues that would have sounded live"}
_MOST_CUES = 46  # that fit on the page


def write_pdf(report: Report, path: Path) -> None:
    """Write the report as PDF. Raises OSError if the file cannot be written."""
    palette = Palette()
    with styled(), PdfPages(path, metadata={"Title": report.title, "Creator": "Untuck"}) as pages:
        pages.savefig(_text_page(report))
        if report.summary.strides == 0:
            return
        pages.savefig(_run_page(report, palette))
        pages.savefig(_comparison_page(report, palette))


def _page(heights: tuple[float, ...]) -> tuple[Figure, list[SubFigure]]:
    """A page with parts one below the other, of these relative heights, within the margins."""
    page = Figure(figsize=(WIDTH_IN, HEIGHT_IN))
    edge = 0.05 * sum(heights)
    cells: Any = page.subfigures(len(heights) + 2, 3, height_ratios=(edge, *heights, edge), width_ratios=(1, 16, 1))
    return page, list(cells[1:-1, 1])


def _run_page(report: Report, palette: Palette) -> Figure:
    """The run, its mean stride, and the distribution of tilt."""
    page, (run, stride, spread) = _page((run_figure.run_height_in(report.run, WIDTH_IN), 2.5, 2.6))
    run_figure.through_the_run(report.run, palette, WIDTH_IN, run)
    now, base = mean_strides(report)
    if now is not None:
        figures.mean_stride(now, base, palette, WIDTH_IN, stride)
    figures.distribution(report.run, palette, WIDTH_IN, spread)
    return page


def _comparison_page(report: Report, palette: Palette) -> Figure:
    """The thirds of the run, and earlier sessions."""
    height_in = figures.thirds_height_in(report.summary.parts)
    page, (thirds, sessions, _) = _page((height_in, 2.6, 6.4 - height_in))
    if report.summary.parts:
        figures.thirds(report.summary.parts, palette, WIDTH_IN, thirds)
    if report.earlier:
        figures.against_sessions(report.now, report.earlier, palette, WIDTH_IN, sessions)
    return page


def _text_page(report: Report) -> Figure:
    """Answers, data quality and cues."""
    figure = Figure(figsize=(WIDTH_IN, HEIGHT_IN))
    y = 0.95
    figure.text(MARGIN, y, report.title, size=16, weight="bold", parse_math=False)
    figure.text(MARGIN, y - 1.4 * _LINE, report.subtitle, size=9, parse_math=False)
    y -= 3.5 * _LINE
    for question, answer in answers(report.summary, report.now, report.earlier):
        figure.text(MARGIN, y, question, size=10, weight="bold")
        for line in textwrap.wrap(answer, _COLUMNS):
            y -= _LINE
            figure.text(MARGIN, y, line, size=9.5)
        y -= 1.7 * _LINE
    for title, rows in (
        ("Data quality", quality.rows(report.summary, report.late_ms)),
        (_CUES[report.summary.heard], _cues(report)),
    ):
        figure.text(MARGIN, y, title, size=10, weight="bold")
        for row in rows:
            y -= _LINE
            for x, cell in zip((MARGIN, 0.24, 0.5, 0.74), row, strict=False):
                figure.text(x, y, cell, size=8.5)
        y -= 1.7 * _LINE
    figure.text(MARGIN, 0.03, DISCLAIMER, size=8)
    return figure


def _cues(report: Report) -> list[tuple[str, ...]]:
    """The cues that sounded, as many as fit on the page."""
    sounded = [entry for entry in report.summary.cue_log if entry.sounded]
    rows: list[tuple[str, ...]] = [
        (
            clock(entry.time_s),
            f"{cue_named(entry.fault, entry.side)}, {number(entry.depth_deg, 1, 'deg')}",
            response_words(entry) if report.summary.heard else "",
        )
        for entry in sounded[:_MOST_CUES]
    ]
    return rows or [("none",)]
