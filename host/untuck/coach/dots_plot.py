"""Plots of one value for each stride: pelvic lean, pullback of both sides, cadence. Drawn once a stride.

The sides differ by colour, shape and name: the symbol of the left side points left, that of the right side right.
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
from untuck.coach.threshold import Threshold
from untuck.model import Floats
from untuck.session.themes import LIGHT, Theme
from untuck.vocabulary import Fault

MOST_DOTS = 300
GAP_S = 5.0  # between judged strides, across which the line of the judge is not drawn
HEADROOM = 0.8  # of a step above the highest dot, for the caption


class DotsPlot:
    """Dots of some fields of the strides; subclasses define fields, range, symbols and title.

    start_range: of the axis before any stride; it widens in whole steps, up to range_limits.
    """

    fields: tuple[str, ...]
    start_range = (0.0, 10.0)
    step = 5.0
    range_limits = (-math.inf, math.inf)
    clock_axis = False

    def __init__(self, box: pg.GraphicsLayout, row: int, stretch: int) -> None:
        self.plot = parts.make_plot(box, row, stretch, self.clock_axis)
        self._dots = {name: pg.ScatterPlotItem() for name in self.fields}
        for item in self._dots.values():
            self.plot.addItem(item, ignoreBounds=True)
        self._title = parts.Caption(self.plot)
        self._theme = LIGHT
        self._seen = -1
        self.reset()

    def apply_theme(self, theme: Theme, pixels: int) -> None:
        """Use the colours of a theme and a font size."""
        self._theme = theme
        parts.apply_theme(self.plot, theme, pixels)
        for item, (symbol, colour) in zip(self._dots.values(), self.symbols(theme), strict=True):
            item.setSymbol(symbol)
            item.setSize(max(6, round(pixels * 0.65)))
            item.setPen(None)
            item.setBrush(colour)
        self._title.write(self.title(theme), theme, pixels)

    def symbols(self, theme: Theme) -> list[tuple[str, str]]:
        """Symbol and colour of each field's dots."""
        return [("o", theme.text)]

    def title(self, theme: Theme) -> str:
        """Title of the plot, in HTML."""
        raise NotImplementedError

    def reset(self) -> None:
        """Forget what was drawn: another runner is shown."""
        self._seen = -1
        self._range = self.start_range
        self.plot.setYRange(*self._range, padding=0)

    def refresh(self, runner: RunnerData, moved: bool) -> None:
        """Draw the strides in view if there is a new one or the view has moved."""
        if not moved and runner.stride_count == self._seen:
            return
        self._seen = runner.stride_count
        rows = runner.strides.between(*self.plot.viewRange()[0])
        rows = rows[rows["valid"]]
        self.draw(rows[:: max(1, math.ceil(len(rows) / MOST_DOTS))], runner)

    def draw(self, rows: NDArray[np.void], runner: RunnerData) -> None:
        """Draw these strides, STRIDE_ROW."""
        for name, item in self._dots.items():
            values = rows[name].astype(np.float64)
            known = np.isfinite(values)
            item.setData(rows["time_s"][known], values[known])
            self._fit_range(values[known])

    def _fit_range(self, values: Floats) -> None:
        if len(values) == 0:
            return
        low = math.floor(max(float(values.min()), self.range_limits[0]) / self.step) * self.step
        high = math.ceil(min(float(values.max()) + HEADROOM * self.step, self.range_limits[1]) / self.step) * self.step
        wider = (min(low, self._range[0]), max(high, self._range[1]))
        if wider != self._range:
            self._range = wider
            self.plot.setYRange(*wider, padding=0)


class LeanPlot(DotsPlot):
    """Pelvic lean; with a second clip the lower back in its place: tilt minus lean of the trunk.

    Then with what it is compared with, and the change from which an arch or a bent back is found.
    """

    fields = ("pelvic_lean_deg", "lumbar_deg")
    start_range, step = (0.0, 20.0), 10.0
    two_clips_range, two_clips_step = (-10.0, 5.0), 5.0

    def __init__(self, box: pg.GraphicsLayout, row: int, stretch: int) -> None:
        self._two_clips = False
        super().__init__(box, row, stretch)
        self._usual = pg.PlotCurveItem(connect="finite")
        self._limits = pg.PlotCurveItem(connect="finite"), pg.PlotCurveItem(connect="finite")
        self._lost = pg.ScatterPlotItem(symbol="t", pen=None)
        for item in (self._usual, *self._limits, self._lost):
            self.plot.addItem(item, ignoreBounds=True)

    def apply_theme(self, theme: Theme, pixels: int) -> None:
        self._pixels = pixels
        self._lost.setSize(round(1.4 * max(6, 0.65 * pixels)))
        self._lost.setBrush(theme.fault)
        super().apply_theme(theme, pixels)
        self._usual.setPen(pg.mkPen(theme.good, width=2))
        for item in self._limits:
            item.setPen(pg.mkPen(theme.fault, width=2, style=Qt.PenStyle.DashLine))

    def symbols(self, theme: Theme) -> list[tuple[str, str]]:
        return [("o", theme.text), ("o", theme.text)]

    def refresh(self, runner: RunnerData, moved: bool) -> None:
        if runner.two_clips != self._two_clips:
            self._two_clips, moved = runner.two_clips, True
            self.reset()
            self._title.write(self.title(self._theme), self._theme, self._pixels)
        super().refresh(runner, moved)

    def reset(self) -> None:
        super().reset()
        self.step = self.two_clips_step if self._two_clips else type(self).step
        if self._two_clips:
            self._range = self.two_clips_range
            self.plot.setYRange(*self._range, padding=0)

    def draw(self, rows: NDArray[np.void], runner: RunnerData) -> None:
        """Draw these strides, STRIDE_ROW."""
        shown, hidden = self.fields[::-1] if self._two_clips else self.fields
        rows_s, values = rows["time_s"], rows[shown].astype(np.float64)
        known = np.isfinite(values)
        faults = (Fault.ARCH, Fault.BENT) if self._two_clips else ()
        lost = review.in_finding(runner, rows_s, faults, trunk=True)
        self._dots[shown].setData(rows_s[known & ~lost], values[known & ~lost])
        self._lost.setData(rows_s[known & lost], values[known & lost])
        self._dots[hidden].setData([], [])
        room = (-1.5, 2.5) if self._two_clips else (0.0, 0.0)
        self._fit_range(np.r_[values[known] + room[0], values[known] + room[1]])
        judged = rows[np.isfinite(rows["lumbar_usual_deg"]) & self._two_clips]
        time_s, usual_deg = judged["time_s"], judged["lumbar_usual_deg"].astype(np.float64)
        joined = parts.joined(time_s, GAP_S)
        self._usual.setData(time_s, usual_deg, connect=joined)
        for item, way in zip(self._limits, (1.0, -1.0), strict=True):
            limit_deg = usual_deg + way * judged["lumbar_least_deg"]
            item.setData(time_s, limit_deg, connect=joined)
            self._fit_range(limit_deg)

    def title(self, theme: Theme) -> str:
        if self._two_clips:
            return "<b>Lower back</b>, tilt minus lean, degrees; up: arched, down: bent"
        return "<b>Pelvic lean</b>, degrees"


class PullbackPlot(DotsPlot):
    """Pullback of each hip against the baseline, and the depth from which it is found."""

    fields = ("pullback_left_deg", "pullback_right_deg")
    start_range = (0.0, 5.0)
    range_limits = (0.0, 20.0)

    def __init__(self, box: pg.GraphicsLayout, row: int, stretch: int) -> None:
        super().__init__(box, row, stretch)
        self.threshold = Threshold("pullback_on_deg", 1)
        self._limit = pg.PlotCurveItem(connect="finite")
        for item in (self.threshold, self._limit):
            self.plot.addItem(item, ignoreBounds=True)

    def apply_theme(self, theme: Theme, pixels: int) -> None:
        super().apply_theme(theme, pixels)
        self.threshold.apply_theme(theme, pixels)
        self._limit.setPen(pg.mkPen(theme.fault, width=2, style=Qt.PenStyle.DashLine))

    def draw(self, rows: NDArray[np.void], runner: RunnerData) -> None:
        super().draw(rows, runner)
        known = np.isfinite(rows["pullback_least_deg"])
        time_s, least_deg = rows["time_s"][known], rows["pullback_least_deg"][known].astype(np.float64)
        self._limit.setData(time_s, least_deg, connect=parts.joined(time_s, GAP_S))
        self._fit_range(least_deg)
        self.threshold.place(0.0, runner.snapshot.params.pullback_on_deg)

    def symbols(self, theme: Theme) -> list[tuple[str, str]]:
        return [("t3", theme.left), ("t2", theme.right)]

    def title(self, theme: Theme) -> str:
        left = f'<b style="color:{theme.left}">&#9664; left</b>'
        return f'<b>Pullback</b> {left} <b style="color:{theme.right}">right &#9654;</b>, degrees'


class CadencePlot(DotsPlot):
    """Cadence; the lowest plot, with the time axis."""

    fields = ("cadence_spm",)
    start_range = (150.0, 180.0)
    step = 10.0
    range_limits = (100.0, 260.0)
    clock_axis = True

    def title(self, theme: Theme) -> str:
        return "<b>Cadence</b>, steps/min"
