"""The tilt plot: the trace, the mean of each stride, the baseline's band, contacts, findings as shades, cues as flags.

The trace is pale because it varies within each stride; the stride means are drawn stronger because they are judged.
"""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt

from untuck.coach import plot_parts as parts
from untuck.coach import review
from untuck.coach.runner_data import RunnerData
from untuck.coach.theme import font
from untuck.coach.threshold import Threshold
from untuck.model import LEFT, RIGHT, Finding, Floats
from untuck.session.form_state import State
from untuck.session.themes import LIGHT, Theme
from untuck.vocabulary import Fault, facts

POINTS = 700  # of the trace across the plot
CONTACTS_UP_TO_S = 130.0  # in a longer view the marks of contacts would touch
START_RANGE = (-5.0, 15.0)
RANGE_STEP_DEG = 5.0
HINGING_DEG, RUNNING_DEG = (-20.0, 60.0), (-20.0, 25.0)  # limits of the range
SHRINK_AT = 0.7  # of the range in use: a smaller range than this replaces it
MOST_DOTS = 300
MOST_ROWS = 5  # of flag labels
GAP_S = 5.0  # between judged strides, across which the lines of the judge are not drawn
TAIL_S = 3.0  # length of the newest part of the trace, which is redrawn with every packet


class TiltPlot:
    """Tilt over time. `refresh` draws new data, or everything if the view has moved."""

    def __init__(self, box: pg.GraphicsLayout, row: int, stretch: int) -> None:
        plot = self.plot = parts.make_plot(box, row, stretch, clock_axis=False)
        self._band = pg.PlotCurveItem(fillLevel="enclosed", pen=None)  # of what is judged as good
        self._usual, self._limit = pg.PlotCurveItem(connect="finite"), pg.PlotCurveItem(connect="finite")
        for item, depth in ((self._band, -20), (self._usual, -10), (self._limit, -9)):
            item.setZValue(depth)
        self._settled, self._newest = pg.PlotCurveItem(), pg.PlotCurveItem()
        self._means, self._leans = pg.PlotCurveItem(connect="finite"), pg.PlotCurveItem(connect="finite")
        self._lean_dots, self._lean_lost = pg.ScatterPlotItem(), pg.ScatterPlotItem()
        self._good, self._lost, self._easing, self._other = (pg.ScatterPlotItem() for _ in range(4))
        self._contacts = {side: pg.PlotCurveItem(connect="pairs") for side in (LEFT, RIGHT)}
        lines = (self._band, self._usual, self._limit, self._settled, self._newest, self._leans, self._means)
        for item in (*lines, self._lean_dots, self._lean_lost, self._good, self._lost, self._easing, self._other):
            plot.addItem(item, ignoreBounds=True)
        for item in self._contacts.values():
            plot.addItem(item, ignoreBounds=True)
        self.threshold = Threshold("tuck_on_deg", -1)
        plot.addItem(self.threshold, ignoreBounds=True)
        self._shades = parts.Pool(plot, self._make_shade)
        self._names = parts.Pool(plot, self._make_name)
        self._flags = parts.Pool(plot, self._make_flag)
        self._title = parts.Caption(plot)
        self._stale = parts.Caption(plot, (0.5, 0.2))
        self._theme, self._pixels = LIGHT, 13
        self._two_clips = False
        self._settled_s = -math.inf
        self._range, self._shrink = START_RANGE, False
        self._seen = (-1, -1, -1, -1, False)
        plot.setYRange(*self._range, padding=0)

    def apply_theme(self, theme: Theme, pixels: int) -> None:
        """Use the colours of a theme and a font size."""
        self._theme, self._pixels = theme, pixels
        parts.apply_theme(self.plot, theme, pixels)
        trace = pg.mkPen(theme.trace, width=1)
        self._settled.setPen(trace)
        self._newest.setPen(trace)
        self._means.setPen(pg.mkPen(theme.text, width=2))
        self._leans.setPen(pg.mkPen(theme.text, width=2, style=Qt.PenStyle.DashLine))
        for dots, colour, larger in ((self._lean_dots, theme.background, 1.0), (self._lean_lost, theme.fault, 1.4)):
            dots.setSymbol("d")
            dots.setSize(round(larger * max(7, 0.7 * pixels)))
            dots.setPen(pg.mkPen(theme.text, width=1))
            dots.setBrush(colour)
        self._band.setBrush(theme.band)
        self._usual.setPen(pg.mkPen(theme.good, width=2))
        self._limit.setPen(pg.mkPen(theme.fault, width=2, style=Qt.PenStyle.DashLine))
        dot = max(6, round(pixels * 0.6))
        self._good.setSymbol("o")
        self._good.setBrush(theme.good)
        self._lost.setSymbol("t")
        self._lost.setBrush(theme.fault)
        self._other.setSymbol("o")
        self._other.setBrush(theme.stale)
        self._easing.setSymbol("t1")
        self._easing.setBrush(theme.work)
        large, small = round(dot * 1.6), round(dot * 0.8)
        for scatter, size in ((self._good, dot), (self._lost, large), (self._easing, large), (self._other, small)):
            scatter.setPen(None)
            scatter.setSize(size)
        self._easing.setPen(pg.mkPen(theme.text, width=1))
        self._contacts[LEFT].setPen(pg.mkPen(theme.left, width=2))
        self._contacts[RIGHT].setPen(pg.mkPen(theme.right, width=2))
        self.threshold.apply_theme(theme, pixels)
        self._write_title()
        for name in self._names.items:
            self._style_name(name)
        for flag in self._flags.items:
            self._style_flag(flag)

    def _write_title(self) -> None:
        lean = " and <b>lean</b> &#9671; of the trunk" if self._two_clips else ""
        text = f"<b>Tilt</b>{lean}, degrees above standing; dots: strides, grey ones not judged"
        self._title.write(text, self._theme, self._pixels)

    def reset(self) -> None:
        """Forget what was drawn: another runner is shown."""
        self._range, self._settled_s = START_RANGE, -math.inf
        self._seen = (-1, -1, -1, -1, False)

    def refresh(self, runner: RunnerData, moved: bool) -> None:
        """Draw new data; everything if the view has moved."""
        start_s, end_s = self.plot.viewRange()[0]
        if moved:
            self._settled_s = -math.inf
            self._shrink = True
        self._draw_trace(runner, start_s, end_s)
        if runner.two_clips != self._two_clips:
            self._two_clips = runner.two_clips
            self._write_title()
        seen = (runner.stride_count, runner.contact_count, runner.mark_count, runner.finding_count, runner.ended)
        if moved or seen != self._seen:
            self._draw_strides(runner, start_s, end_s)
            self._draw_contacts(runner, start_s, end_s)
            self._draw_findings(runner, start_s, end_s)
            self._draw_flags(runner, start_s, end_s)
        elif runner.active:
            self._draw_findings(runner, start_s, end_s)
        self._seen = seen

    def show_stale(self, text: str) -> None:
        """Write a text over the plot while its data are stale; "" removes it."""
        colour = self._theme.stale
        self._stale.write(f'<b style="color:{colour}">{text}</b>' if text else "", self._theme, self._pixels * 2)

    def _draw_trace(self, runner: RunnerData, start_s: float, end_s: float) -> None:
        newest_s = min(runner.last_s, end_s)
        if newest_s - self._settled_s > 2 * TAIL_S:
            self._settled_s = math.floor((newest_s - TAIL_S) / TAIL_S) * TAIL_S
            time_s, tilt_deg = runner.tilt.drawn(start_s, min(self._settled_s, end_s), POINTS)
            self._fit_range(tilt_deg, runner)
            self._settled.setData(time_s, tilt_deg, connect=parts.joined(time_s))
        points = max(20, round(POINTS * 2 * TAIL_S / (end_s - start_s)))
        time_s, tilt_deg = runner.tilt.drawn(max(self._settled_s, start_s), newest_s, points)
        self._fit_range(tilt_deg, runner)
        self._newest.setData(time_s, tilt_deg, connect=parts.joined(time_s))

    def _fit_range(self, tilt_deg: Floats, runner: RunnerData) -> None:
        """Widen the range in steps of five degrees when the trace leaves it; narrow it only when the view moves."""
        if len(tilt_deg) == 0:
            return
        tilt_deg = np.clip(tilt_deg, *(RUNNING_DEG if runner.stride_count else HINGING_DEG))
        low = math.floor((float(tilt_deg.min()) - 1.0) / RANGE_STEP_DEG) * RANGE_STEP_DEG
        high = math.ceil((float(tilt_deg.max()) + 4.0) / RANGE_STEP_DEG) * RANGE_STEP_DEG
        shrinks = self._shrink and high - low < SHRINK_AT * (self._range[1] - self._range[0])
        old = START_RANGE if shrinks else self._range
        self._shrink = False
        wider = (min(low, old[0]), max(high, old[1]))
        if wider != self._range:
            self._range = wider
            self.plot.setYRange(*wider, padding=0)

    def _draw_strides(self, runner: RunnerData, start_s: float, end_s: float) -> None:
        """Draw the strides in view, coloured by what the judge said of each, and what it compared them with."""
        rows = runner.strides.between(start_s, end_s)
        self._draw_judged(rows, runner)
        rows = rows[:: max(1, math.ceil(len(rows) / MOST_DOTS))]
        time_s, tilt_deg = rows["time_s"], rows["tilt_deg"].astype(np.float64)
        self._draw_lean(rows, runner)
        self._means.setData(time_s, np.where(rows["valid"], tilt_deg, np.nan))
        judged = rows["valid"] & np.isfinite(rows["tilt_usual_deg"]) & (rows["reason"] == b"")
        lost = review.in_finding(runner, time_s, (Fault.TUCK, Fault.ARCH), trunk=False)
        easing = rows["state"] == State.COMING_BACK
        for scatter, shown in (
            (self._good, judged & ~lost),
            (self._lost, judged & lost & ~easing),
            (self._easing, judged & lost & easing),
            (self._other, rows["valid"] & ~judged),
        ):
            scatter.setData(time_s[shown], tilt_deg[shown])

    def _draw_lean(self, rows: NDArray[np.void], runner: RunnerData) -> None:
        """Lean of the trunk in the strides in view, where a second clip measures it; those whose lean is lost apart."""
        rows = rows[rows["valid"]]
        time_s, lean_deg = rows["time_s"], rows["trunk_lean_deg"].astype(np.float64)
        known = np.isfinite(lean_deg)
        lost = review.in_finding(runner, time_s, (Fault.UPRIGHT, Fault.BENT))
        self._leans.setData(time_s, lean_deg)
        self._lean_dots.setData(time_s[known & ~lost], lean_deg[known & ~lost])
        self._lean_lost.setData(time_s[known & lost], lean_deg[known & lost])
        self._fit_range(lean_deg[known], runner)

    def _draw_judged(self, rows: NDArray[np.void], runner: RunnerData) -> None:
        """The usual tilt of each judged stride, and the depth from which a tuck is found, beside the setting."""
        rows = rows[np.isfinite(rows["tilt_usual_deg"]) & np.isfinite(rows["tuck_least_deg"])]
        rows = rows[:: max(1, math.ceil(len(rows) / MOST_DOTS))]
        time_s, usual_deg = rows["time_s"], rows["tilt_usual_deg"].astype(np.float64)
        lowest_deg = usual_deg - rows["tuck_least_deg"]
        highest_deg = usual_deg + runner.snapshot.params.arch_on_deg
        joined = parts.joined(time_s, GAP_S)
        self._usual.setData(time_s, usual_deg, connect=joined)
        self._limit.setData(time_s, lowest_deg, connect=joined)
        self._band.setData(np.r_[time_s, time_s[::-1]], np.r_[highest_deg, lowest_deg[::-1]])
        self.threshold.place(runner.usual_tilt_deg(), runner.snapshot.params.tuck_on_deg)

    def _draw_contacts(self, runner: RunnerData, start_s: float, end_s: float) -> None:
        """Short marks at the bottom of the plot: left contacts in the lower row, right ones above."""
        low, high = self._range
        rows = runner.contacts.between(start_s, end_s)
        if end_s - start_s > CONTACTS_UP_TO_S:
            rows = rows[:0]
        for side, foot in ((LEFT, 0.0), (RIGHT, 0.045)):
            times = np.repeat(rows["time_s"][rows["side"] == side], 2)
            heights = np.tile(low + (high - low) * np.array([foot, foot + 0.04]), len(times) // 2)
            self._contacts[side].setData(times, heights)

    def _draw_findings(self, runner: RunnerData, start_s: float, end_s: float) -> None:
        found = [f for f in (*runner.findings, *runner.active.values()) if f.start_s < end_s]
        found = [f for f in found if not f.end_s < start_s]
        names = self._names.show(len(found))
        rows = _rows([max(f.start_s, start_s) for f in found], (end_s - start_s) / 4)
        for shade, name, finding, row in zip(self._shades.show(len(found)), names, found, rows, strict=True):
            last_s = finding.end_s if math.isfinite(finding.end_s) else runner.last_s
            colour = getattr(self._theme, facts(finding.fault).colour(finding.side))
            shade.setRegion((finding.start_s, max(last_s, finding.start_s)))
            shade.setBrush(parts.transparent(colour, self._theme.shade_alpha))
            for edge in shade.lines:
                edge.setPen(pg.mkPen(colour, width=1))
            name.setValue(max(finding.start_s, start_s))
            name.label.setColor(colour)
            name.label.setFormat(_text(finding))
            name.label.setPosition(0.18 + 2.4 * self._pixels / max(self.plot.getViewBox().height(), 1.0) * row)

    def _draw_flags(self, runner: RunnerData, start_s: float, end_s: float) -> None:
        marks = [mark for mark in runner.shown_marks if start_s <= mark.time_s <= end_s]
        width_s = (end_s - start_s) / 8  # of a label, about
        row_height = 2.0 * self._pixels / max(self.plot.getViewBox().height(), 1.0)  # as a share of the plot's
        backward = [mark.time_s > end_s - width_s for mark in marks]
        rows = _rows([mark.time_s - width_s * back for mark, back in zip(marks, backward, strict=True)], width_s)
        for flag, mark, back, row in zip(self._flags.show(len(marks)), marks, backward, rows, strict=True):
            flag.setValue(mark.time_s)
            flag.label.setFormat(_SYMBOLS[mark.kind] + " " + mark.text)
            side = (1.0, 0.5) if back else (0.0, 0.5)
            flag.label.anchors = [side, side]
            flag.label.setPosition(1.0 - row_height * (1.5 + row))  # below the caption

    def _make_shade(self) -> pg.LinearRegionItem:
        shade = pg.LinearRegionItem(movable=False)
        shade.setZValue(-15)
        return shade

    def _make_name(self) -> pg.InfiniteLine:
        """A finding's name: the label of an invisible line, so that it lies above the trace."""
        name = pg.InfiniteLine(angle=90, pen=pg.mkPen(None), label="", labelOpts={"position": 0.18, "anchors": _AHEAD})
        name.setZValue(14)
        self._style_name(name)
        return name

    def _style_name(self, name: pg.InfiniteLine) -> None:
        name.label.fill = pg.mkBrush(parts.transparent(self._theme.background, 210))
        name.label.textItem.setFont(font(self._pixels * 1.2, bold=True))

    def _make_flag(self) -> pg.InfiniteLine:
        flag = pg.InfiniteLine(angle=90, label="", labelOpts={"anchors": _AHEAD})
        flag.setZValue(15)
        self._style_flag(flag)
        return flag

    def _style_flag(self, flag: pg.InfiniteLine) -> None:
        flag.setPen(pg.mkPen(self._theme.text, width=1, style=Qt.PenStyle.DotLine))
        flag.label.setColor(self._theme.text)
        flag.label.fill = pg.mkBrush(self._theme.panel)
        flag.label.textItem.setFont(font(self._pixels))


_AHEAD = [(0.0, 0.5), (0.0, 0.5)]  # anchors of a label to the right of its line
_SYMBOLS = {"cue": "⚑", "suppressed": "⚐", "lap": "◆", "note": "✎", "command": "⚙"}


def _text(finding: Finding) -> str:
    if not facts(finding.fault).degrees:
        return finding.name
    so_far = " so far" if finding.active else ""
    return f"{finding.name} {finding.depth_deg:.0f}°{so_far}"


def _rows(starts_s: list[float], width_s: float) -> list[int]:
    """A row for each label, so that labels close together do not overlap."""
    taken: list[tuple[int, float]] = []
    for start_s in starts_s:
        near = {row for row, other_s in taken if abs(other_s - start_s) < width_s}
        taken.append((next((row for row in range(MOST_ROWS) if row not in near), MOST_ROWS - 1), start_s))
    return [row for row, _ in taken]
