"""Parts of the window's plots: axes, captions, and pools of reused items.

Items are created once and then moved or hidden: creating items costs far more than drawing them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtGui import QColor

from untuck.coach.theme import font
from untuck.model import Floats
from untuck.session.themes import Theme
from untuck.vocabulary import clock

AXIS_CHARS = 4  # room for "-12" or "180" and a gap


class ValueAxis(pg.AxisItem):
    """A value axis with few labels, none of them cut off at an end."""

    label_px = 13.0

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:
        """The smallest step that leaves room for the labels, and its ticks."""
        span = maxVal - minVal
        most = max(1.0, min(7.0, size / (2.2 * self.label_px)))
        step = next((step for step in (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0) if span / step <= most), 200.0)
        edge = 0.6 * self.label_px / max(size, 1.0) * span
        first = math.ceil((minVal + edge) / step)
        return [(step, [n * step for n in range(first, math.floor((maxVal - edge) / step) + 1)])]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        return [f"{value:.0f}" for value in values]


class ClockAxis(pg.AxisItem):
    """A time axis in minutes and seconds."""

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        return [clock(value) if value >= 0 else "" for value in values]

    def tickSpacing(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, float]]:
        span_s = maxVal - minVal
        steps = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)
        step = next((step for step in steps if span_s / step <= max(size / 90.0, 2.0)), steps[-1])
        return [(float(step), 0.0)]


def make_plot(box: pg.GraphicsLayout, row: int, stretch: int, clock_axis: bool) -> pg.PlotItem:
    """A plot in a row of a layout, without buttons, menu and automatic range; only the time axis can be dragged."""
    plot = box.addPlot(row=row, col=0, axisItems={"bottom": ClockAxis("bottom"), "left": ValueAxis("left")})
    plot.hideButtons()
    plot.setMenuEnabled(False)
    plot.disableAutoRange()
    plot.setMouseEnabled(x=True, y=False)
    if not clock_axis:
        plot.getAxis("bottom").setStyle(showValues=False)
        plot.getAxis("bottom").setHeight(2)
    box.layout.setRowStretchFactor(row, stretch)
    return plot


def apply_theme(plot: pg.PlotItem, theme: Theme, pixels: int) -> None:
    """Colour the axes of a plot and set their fonts."""
    for side in ("left", "bottom"):
        axis = plot.getAxis(side)
        axis.setPen(theme.line)
        axis.setTextPen(theme.dim)
        axis.setStyle(tickFont=font(pixels), tickTextOffset=pixels // 3, tickLength=-pixels // 3)
    plot.getAxis("left").label_px = pixels
    plot.getAxis("left").setWidth(AXIS_CHARS * pixels * 0.75)
    if plot.getAxis("bottom").style["showValues"]:
        plot.getAxis("bottom").setHeight(pixels * 1.9)
    plot.getViewBox().setBackgroundColor(theme.background)
    plot.getViewBox().setBorder(theme.line)


class Caption(pg.TextItem):
    """Text at a fixed place of a plot, given as shares of its width and height from the upper left corner."""

    def __init__(self, plot: pg.PlotItem, place: tuple[float, float] = (0.0, 0.0)) -> None:
        super().__init__(anchor=place)
        self.place = place
        self.box = plot.getViewBox()
        self.setParentItem(self.box)
        self.setZValue(50)
        self.box.sigResized.connect(self._move)
        self._move()

    def _move(self) -> None:
        rect = self.box.boundingRect()
        self.setPos(rect.width() * self.place[0], rect.height() * self.place[1])

    def write(self, html: str, theme: Theme, pixels: float) -> None:
        """Set the text, in HTML."""
        self.textItem.setFont(font(pixels))
        self.fill = pg.mkBrush(transparent(theme.background, 200 if html else 0))
        self.setHtml(f'<span style="color:{theme.text}">{html}</span>')
        self._move()


class Pool:
    """Plot items that are created when needed, reused, and hidden when not needed."""

    def __init__(self, plot: pg.PlotItem, make: Callable[[], Any]) -> None:
        self._plot = plot
        self._make = make
        self.items: list[Any] = []

    def show(self, count: int) -> list[Any]:
        """The first `count` items, visible; all others hidden."""
        while len(self.items) < count:
            item = self._make()
            self._plot.addItem(item, ignoreBounds=True)
            self.items.append(item)
        for number, item in enumerate(self.items):
            item.setVisible(number < count)
        return self.items[:count]


def transparent(colour: str, alpha: int) -> QColor:
    """A colour with an alpha of 0..255."""
    made = QColor(colour)
    made.setAlpha(alpha)
    return made


def joined(time_s: Floats, longest_s: float = 0.0) -> NDArray[np.int32]:
    """Whether each point is joined to the next one: not across a gap in the data of over longest_s."""
    made = np.ones(len(time_s), dtype=np.int32)
    if len(time_s) > 1:
        step_s = np.diff(time_s)
        made[:-1] = step_s < max(0.3, longest_s, 3.0 * float(np.median(step_s)))
    return made
