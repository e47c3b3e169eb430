"""The plots over time: tilt with band, contacts, findings and cues; below it lean, pullback and cadence.

The newest part is drawn at the data's rate. The rest is redrawn only when the view moves, in steps of a sixth of its
length. Scrolling back, or a click on the plots, stops following the live data; `follow` returns to them. Meanwhile a
cursor, a line through all plots, follows the mouse and says of which time the window shows the numbers.
"""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
from pyqtgraph.GraphicsScene.mouseEvents import MouseClickEvent
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtWidgets import QWidget

from untuck.coach.dots_plot import CadencePlot, LeanPlot, PullbackPlot
from untuck.coach.runner_data import RunnerData
from untuck.coach.tilt_plot import TiltPlot
from untuck.session.themes import Theme

SPANS_S = (30.0, 60.0, 120.0, 300.0, 900.0)
STEPS = 6  # the view moves by a sixth of its length
LONGEST_S = 6 * 3600.0


class TimePlots(pg.GraphicsLayoutWidget):
    """The plots over time of one runner. `show_runner` chooses the runner, `refresh` draws what has changed."""

    threshold_moved = Signal(str, float)
    following_changed = Signal(bool)
    cursor_moved = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.following = True
        self.cursor_s: float | None = None  # None: now
        self.span_s = 60.0
        self._runner: RunnerData | None = None
        self._moved = True
        self.ci.setContentsMargins(0, 0, 4, 0)
        self.ci.setSpacing(2)
        self.tilt = TiltPlot(self.ci, 0, 6)
        self.lean = LeanPlot(self.ci, 1, 2)
        self.pullback = PullbackPlot(self.ci, 2, 2)
        self.cadence = CadencePlot(self.ci, 3, 3)
        self._parts = (self.tilt, self.lean, self.pullback, self.cadence)
        for part in self._parts:
            if part is not self.tilt:
                part.plot.setXLink(self.tilt.plot)
            box = part.plot.getViewBox()
            box.setLimits(xMin=0.0, minXRange=5.0, maxXRange=LONGEST_S)
            box.sigRangeChangedManually.connect(self._by_hand)
        self.tilt.plot.getViewBox().sigXRangeChanged.connect(self._on_range)
        for line in (self.tilt.threshold, self.pullback.threshold):
            line.dragged.connect(self.threshold_moved)
        self._cursors = [pg.InfiniteLine(angle=90) for _ in self._parts]
        plots = (self.tilt.plot, self.lean.plot, self.pullback.plot, self.cadence.plot)
        for plot, cursor in zip(plots, self._cursors, strict=True):
            cursor.setZValue(30)
            plot.addItem(cursor, ignoreBounds=True)
        self.scene().sigMouseMoved.connect(self._hover)
        self.scene().sigMouseClicked.connect(self._click)
        self.point(None)
        self._show_range(0.0)
        self.apply_theme(theme, 13)

    def apply_theme(self, theme: Theme, pixels: int) -> None:
        """Use the colours of a theme and a font size."""
        self.setBackground(theme.background)
        for part in self._parts:
            part.apply_theme(theme, pixels)
        for cursor in self._cursors:
            cursor.setPen(pg.mkPen(theme.text, width=2))
        self._moved = True

    def show_runner(self, runner: RunnerData) -> None:
        """Choose the runner that is drawn."""
        self._runner = runner
        for part in self._parts:
            part.reset()
        self.follow()

    def follow(self) -> None:
        """Follow the live data."""
        self._set_following(True)
        self.point(None)
        if self._runner is not None:
            self._show_range(self._runner.last_s)
        self._moved = True

    def point(self, at_s: float | None) -> None:
        """Put the cursor at a time of the session; None: there is none, and the numbers are those of now."""
        if at_s is not None and self._runner is not None:
            self._set_following(False)
            at_s = min(max(at_s, 0.0), self._runner.last_s)
        for cursor in self._cursors:
            cursor.setVisible(at_s is not None)
            if at_s is not None:
                cursor.setValue(at_s)
        if at_s != self.cursor_s:
            self.cursor_s = at_s
            self.cursor_moved.emit()

    def step(self, strides: int) -> None:
        """Move the cursor by a number of strides; from now on at the first call."""
        if self._runner is None or len(self._runner.strides) == 0:
            return
        times = self._runner.strides.all["time_s"]
        at_s = math.inf if self.cursor_s is None else self.cursor_s
        at = int(np.searchsorted(times, at_s, "right")) - 1 + strides
        self.point(float(times[min(max(at, 0), len(times) - 1)]) + 0.001)
        start, end = self.tilt.plot.viewRange()[0]
        if self.cursor_s is not None and not start <= self.cursor_s <= end:
            self.scroll(-0.5 if self.cursor_s < start else 0.5)

    def zoom(self, longer: bool) -> None:
        """Show a longer or shorter time span; when scrolled back, around its middle."""
        spans = [span for span in SPANS_S if (span > self.span_s if longer else span < self.span_s)]
        if not spans:
            return
        self.span_s = spans[0] if longer else spans[-1]
        if self.following:
            self.follow()
        else:
            start, end = self.tilt.plot.viewRange()[0]
            self.tilt.plot.setXRange((start + end - self.span_s) / 2, (start + end + self.span_s) / 2, padding=0)

    def scroll(self, pages: float) -> None:
        """Scroll back (negative) or forward by a number of screens."""
        self._set_following(False)
        start, end = self.tilt.plot.viewRange()[0]
        move_s = pages * (end - start)
        self.tilt.plot.setXRange(start + move_s, end + move_s, padding=0)
        shown = self.tilt.plot.viewRange()[0]
        if self.cursor_s is None or not shown[0] <= self.cursor_s <= shown[1]:
            self.point((shown[0] + shown[1]) / 2)

    def refresh(self) -> None:
        """Draw what has changed since the last call."""
        if self._runner is None:
            return
        if self.following and self._runner.last_s > self.tilt.plot.viewRange()[0][1]:
            self._show_range(self._runner.last_s)
        for part in self._parts:
            part.refresh(self._runner, self._moved)
        self._moved = False

    def _show_range(self, last_s: float) -> None:
        """Show a view that ends on the first whole step after last_s and does not begin before the session."""
        step_s = self.span_s / STEPS
        end_s = max(self.span_s, (math.floor(last_s / step_s) + 1) * step_s)
        self.tilt.plot.setXRange(end_s - self.span_s, end_s, padding=0)

    def _hover(self, at: QPointF) -> None:
        """The mouse moves over the plots: the cursor follows it while the plots do not follow the live data."""
        if not self.following:
            self.point(self.tilt.plot.getViewBox().mapSceneToView(at).x())

    def _click(self, click: MouseClickEvent) -> None:
        """A click on the plots stops following the live data and puts the cursor there."""
        if click.button() == Qt.MouseButton.LeftButton:
            self.point(self.tilt.plot.getViewBox().mapSceneToView(click.scenePos()).x())

    def _on_range(self) -> None:
        self._moved = True

    def _by_hand(self) -> None:
        start, end = self.tilt.plot.viewRange()[0]
        self.span_s = end - start
        self._set_following(False)

    def _set_following(self, following: bool) -> None:
        if following != self.following:
            self.following = following
            self.following_changed.emit(following)
