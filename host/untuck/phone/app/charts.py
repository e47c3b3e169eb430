"""The three charts after a run, as SVG: tilt through the run, the mean stride, pullback through the run.

The numbers are those of the report's figures (run_traces, mean_stride), drawn for the width of a phone. The page puts
each into an element of class `chart`; charts.css has the classes, which take their colours from the page's variables
--text --dim --line --good --band --fault --left --right --trace --background:

    grid, frame, tick, label, key    lines and texts of the axes
    dot, mean                        strides, and their running mean
    band, usual, taken               what is too small to be found, the baseline, and the strides that it is of
    shade-R, word-R, mark-R          a finding, its label, a cue; R: fault, left, right
    curve-S, sd-S                    of a side, S: left, right
    pause, lap, lap-word             no strides; a lap and its label
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from xml.etree import ElementTree as ET

import numpy as np

from untuck.model import LEFT, RIGHT, Cue, Finding, judged
from untuck.phone.app.chart_words import laps, pullback_words, stride_words, tilt_words
from untuck.phone.app.svg_axes import (
    TEXT,
    WIDTH,
    Axes,
    Box,
    Limits,
    Sample,
    at_least,
    clear_of,
    drawing,
    element,
    key,
    key_height,
    markup,
    text_width,
    time_axis,
    triangle,
    value_ticks,
    write,
)
from untuck.report.mean_stride import MeanStride
from untuck.report.run_traces import (
    MEAN_STRIDES,
    baseline_curve,
    baseline_taken,
    finding_spans,
    limits,
    pauses,
    running_mean,
    smoothed,
)
from untuck.report.summary import Summary, zero_words
from untuck.run_results import Run
from untuck.vocabulary import RECOVERED, SIDE_WORDS, Fault, facts

LEAST_TILT_DEG = LEAST_PULLBACK_DEG = 4.0  # height of the axis at least
LEAST_ANGLES_DEG = (4.0, 4.0, 6.0)  # of the mean stride: tilt, obliquity, rotation
MEANS = 150  # in a running mean: of a long run it is over more strides, for a line that can be seen
MOST_DOTS = 1200
_LEFT, _TOP, _STRIP = 34.0, 22.0, 34.0  # margin, title, and the strip above the axes with labels and cues

Entries = list[tuple[Sample, str]]


@dataclass(frozen=True)
class Chart:
    """A chart. title: its heading; svg: markup; text: one paragraph below it that says how to read it."""

    name: str
    title: str
    svg: str
    text: str


@dataclass(frozen=True, eq=False)
class _OverTime:
    """A drawing over the run's time, with what is laid on it: findings, cues, laps, pauses.

    strip: height of the strip above the axes for labels and cues; entries: of the key.
    """

    run: Run
    axes: Axes
    strip: float
    faults: tuple[str, ...]
    entries: Entries

    def pauses(self) -> None:
        for span in pauses(self.run.strides):
            self.axes.span(*span, "pause", above=self.strip)

    def findings(self) -> None:
        """Shades, and the labels that have room, the deepest first."""
        spans = [
            (self.axes.span(finding.start_s, end_s, f"shade-{_role(finding)}", self.strip)[0], finding)
            for finding, end_s in finding_spans(self.run)
            if finding.fault in self.faults
        ]
        placed: list[tuple[float, float]] = []
        for left, finding in sorted(spans, key=lambda each: -each[1].depth_deg):
            text = _label(finding)
            left = min(left + 2, WIDTH - 2 - text_width(text))
            if clear_of(placed, (left, left + text_width(text))):
                placed.append((left, left + text_width(text)))
                write(self.axes.svg, text, (left, self.axes.box.top - self.strip + TEXT), f"word-{_role(finding)}")

    def cues(self, heard: bool) -> None:
        cues = [cue for cue in self.run.cues if cue.fault in self.faults and cue.fault != RECOVERED]
        for cue in cues:
            at = self.axes.x(cue.time_s), self.axes.box.top - 8
            triangle(self.axes.svg, at, cue.side, f"mark-{_role(cue)}")
        if cues:
            self.entries.append((("mark", "mark-key"), "cue" if heard else "cue, not heard"))

    def lap_lines(self) -> None:
        """A line for each lap, with "lap 1" or, where that has no room, "1"."""
        low, high = self.axes.x_limits
        box, at_least = self.axes.box, text_width("lap 99") + 4
        shown = [(self.axes.x(lap.time_s), n) for n, lap in enumerate(laps(self.run), 1) if low <= lap.time_s <= high]
        close = any(b[0] - a[0] < at_least for a, b in pairwise([(box.left, 0), *shown]))
        placed: list[tuple[float, float]] = []
        for at, count in shown:
            element(self.axes.svg, "path", "lap", d=f"M{at:.1f} {box.top:g}V{box.bottom:g}")
            text = f"{count}" if close else f"lap {count}"
            span = (at - 3 - text_width(text), at - 3)
            if span[0] > box.left and clear_of(placed, span):
                placed.append(span)
                write(self.axes.svg, text, (at - 3, box.bottom - 5), "lap-word", "end")


def tilt(run: Run, summary: Summary) -> Chart | None:
    """Tilt of every stride through the run, with its mean, baseline, findings, cues, laps and pauses.

    None without a clean stride.
    """
    clean = run.strides[run.strides["valid"]]
    if not len(clean):
        return None
    usual, least = baseline_curve(run)
    low, high = limits(clean["tilt_deg"], above=0.12)
    low, high = np.nanmin([low, *(usual - least)]), np.nanmax([high, *(usual + least)])
    over = _over(len(clean))
    entries: Entries = [(("dot", "dot"), "stride"), (("line", "mean"), "mean")]
    chart = _over_time(run, "tilt, deg", tuple(Fault), at_least((float(low), float(high)), LEAST_TILT_DEG), entries)
    chart.pauses()
    if np.isfinite(usual).any():
        start_s, usual, least = smoothed(run.strides, usual, least)
        chart.axes.band(start_s, usual - least, usual + least, "band")
        chart.axes.line(start_s, usual, "usual")
        entries.append((("band", "band"), "baseline"))
    chart.findings()
    for role, names in _names_by_role(finding for finding, _ in finding_spans(run)).items():
        entries.append((("area", f"shade-{role}"), " or ".join(names)))
    every = -(-len(clean) // MOST_DOTS)
    chart.axes.dots(clean["start_s"][::every], clean["tilt_deg"][::every], "dot")
    taken = baseline_taken(run)
    if taken is not None:
        span_s, tilt_deg = taken
        chart.axes.line(np.array(span_s), np.array([tilt_deg, tilt_deg]), "taken")
    chart.axes.line(*running_mean(run.strides, "tilt_deg", over), "mean")
    chart.lap_lines()
    chart.cues(summary.heard)
    how = f"Tilt {zero_words(summary)}; forward is up. Each dot is a stride, the line the mean of {over} strides."
    if np.isfinite(usual).any():
        how += " Band: your baseline at that pace, and around it what is too small to be found."
    title = "Tilt through the run"
    return Chart("tilt", title, _finished(chart, "tilt", title, tilt_words(run, summary)), how)


def pullback(run: Run, summary: Summary) -> Chart | None:
    """Pullback of both hips through the run against the baseline, running means; None where it was not measured."""
    over = _over(int(np.isfinite(run.strides["pullback_right_deg"]).sum()))
    curves = {side: running_mean(run.strides, f"pullback_{SIDE_WORDS[side]}_deg", over) for side in (LEFT, RIGHT)}
    shown = np.concatenate([values[np.isfinite(values)] for _, values in curves.values()])
    if not len(shown):
        return None
    least = np.where(judged(run.strides), run.strides["pullback_least_deg"], np.nan)
    bound = float(np.nanmax(least)) if np.isfinite(least).any() else 0.0
    y_limits = at_least((min(-bound, shown.min()) - 0.2, max(bound, shown.max()) + 0.2), LEAST_PULLBACK_DEG)
    entries: Entries = [(("line", "curve-left"), "left"), (("line", "curve-right"), "right")]
    chart = _over_time(run, "pullback against baseline, deg", (Fault.PULLBACK,), y_limits, entries)
    chart.pauses()
    if bound > 0.0:
        start_s, _, least = smoothed(run.strides, least, least)
        chart.axes.band(start_s, -least, least, "band")
        entries.append((("area", "band"), "too small"))
    chart.findings()
    chart.axes.line(np.array(chart.axes.x_limits), np.zeros(2), "usual")
    for side, (time_s, values) in curves.items():
        chart.axes.line(time_s, values, f"curve-{SIDE_WORDS[side]}")
    chart.lap_lines()
    chart.cues(summary.heard)
    title = "Pullback through the run"
    how = f"How far each hip stays back, against your baseline (0); backward is up. Lines: mean of {over} strides."
    how += " Band: too small to be found." * (bound > 0.0)
    return Chart("pullback", title, _finished(chart, "pullback", title, pullback_words(run, summary)), how)


def mean_stride(now: MeanStride, base: MeanStride | None) -> Chart:
    """Tilt, obliquity and rotation over each side's own stride, mean and SD, with those of the baseline's strides."""
    title, name = "Mean stride", "stride"
    entries: Entries = [(("line", "curve-right"), "right"), (("line", "curve-left"), "left")]
    entries += [(("area", "band"), "baseline, ± SD")] if base else []
    height = 308.0 + key_height(entries)
    svg = drawing(name, title, stride_words(now, base), height)
    write(svg, "% of that side's own stride", (WIDTH - 2, 12), "label", "end")
    boxes = (Box(_LEFT, 24, 316, 106), Box(_LEFT, 186, 132, 98), Box(218, 186, 132, 98))
    percent = np.linspace(0.0, 100.0, now.right.shape[2])
    for k, (box, words) in enumerate(zip(boxes, ("tilt, deg", "obliquity, deg", "rotation, deg"), strict=True)):
        axes = Axes(svg, box, (0.0, 100.0), at_least(_extent(now, base, k), LEAST_ANGLES_DEG[k]))
        axes.scale((0, 25, 50, 75, 100) if k == 0 else (0, 50, 100), value_ticks(axes.y_limits, 5), "{:g}".format)
        write(svg, words, (box.left - 32, box.top - 12), "label")
        if base is not None:
            mean, sd = base.both(k)
            axes.band(percent, mean - sd, mean + sd, "band")
        for side, curves in ((RIGHT, now.right), (LEFT, now.left)):
            mean, sd = curves[0, k], curves[1, k]
            axes.band(percent, mean - sd, mean + sd, f"sd-{SIDE_WORDS[side]}")
            axes.line(percent, mean, f"curve-{SIDE_WORDS[side]}")
    key(svg, height - key_height(entries), entries)
    how = f"Mean of {now.count} strides ± SD, each side from its own foot contact to the next; the left is mirrored. "
    how += "Up is: tilt forward, stance side high, that hip forward."
    return Chart(name, title, markup(svg), how)


def _over_time(run: Run, y_title: str, faults: tuple[str, ...], y_limits: Limits, entries: Entries) -> _OverTime:
    """Axes over the run's time. The drawing gets its name, its words and its height at the end."""
    strides = run.strides
    first_s, last_s = float(strides["start_s"][0]), float(strides["start_s"][-1] + strides["duration_s"][-1])
    room_s = 0.01 * (last_s - first_s)
    marked = {finding.fault for finding in run.findings} | {cue.fault for cue in run.cues}
    strip = _STRIP if marked & set(faults) else 0.0
    box = Box(_LEFT, _TOP + strip, WIDTH - _LEFT - 10, 150)
    axes = Axes(ET.Element("svg"), box, (first_s - room_s, last_s + room_s), y_limits)
    time_axis(axes, y_title)
    return _OverTime(run, axes, strip, faults, entries)


def _finished(chart: _OverTime, name: str, title: str, words: str) -> str:
    if pauses(chart.run.strides):
        chart.entries.append((("area", "pause"), "pause"))
    top = chart.axes.box.bottom + 24
    svg = drawing(name, title, words, top + key_height(chart.entries))
    svg.extend(chart.axes.svg)
    key(svg, top, chart.entries)
    return markup(svg)


def _over(strides: int) -> int:
    return max(MEAN_STRIDES, strides // MEANS)


def _extent(now: MeanStride, base: MeanStride | None, which: int) -> Limits:
    curves = [(side[0, which], side[1, which]) for side in (now.right, now.left)]
    curves += [base.both(which)] if base is not None else []
    low, high = min((mean - sd).min() for mean, sd in curves), max((mean + sd).max() for mean, sd in curves)
    return float(low - 0.05 * (high - low)), float(high + 0.05 * (high - low))


def _role(of: Finding | Cue) -> str:
    return facts(of.fault).colour(of.side)


def _label(finding: Finding) -> str:
    row = facts(finding.fault)
    return f"{row.name} {finding.depth_deg:.1f}°" if row.degrees else row.name


def _names_by_role(findings: Iterable[Finding]) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for finding in findings:
        of_role = names.setdefault(_role(finding), [])
        if (name := finding.name) not in of_role:
            of_role.append(name)
    return names
