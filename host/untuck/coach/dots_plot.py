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
from untuck.coach.runner_data import RunnerData
from untuck.coach.theme import LIGHT, Theme
from untuck.coach.threshold import Threshold
from untuck.model import Floats

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
    """Pelvic lean; the title says that it is the pelvis's, because one sensor cannot measure the trunk."""

    fields = ("lean_deg",)
    start_range = (0.0, 20.0)
    step = 10.0

    def title(self, theme: Theme) -> str:
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
