"""The plots over time: tilt with band, contacts, findings and cues; below it lean, pullback and cadence.

The newest part is drawn at the data's rate. The rest is redrawn only when the view moves, in steps of a sixth of its
length. Scrolling back stops following the live data; `follow` returns to them.
"""

from __future__ import annotations

import math

import pyqtgraph as pg
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from untuck.coach.dots_plot import CadencePlot, LeanPlot, PullbackPlot
from untuck.coach.runner_data import RunnerData
from untuck.coach.theme import Theme
from untuck.coach.tilt_plot import TiltPlot

SPANS_S = (30.0, 60.0, 120.0, 300.0, 900.0)
STEPS = 6  # the view moves by a sixth of its length
LONGEST_S = 6 * 3600.0


class TimePlots(pg.GraphicsLayoutWidget):
    """The plots over time of one runner. `show_runner` chooses the runner, `refresh` draws what has changed."""

    threshold_moved = Signal(str, float)
    following_changed = Signal(bool)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.following = True
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
        self._show_range(0.0)
        self.apply_theme(theme, 13)

    def apply_theme(self, theme: Theme, pixels: int) -> None:
        """Use the colours of a theme and a font size."""
        self.setBackground(theme.background)
        for part in self._parts:
            part.apply_theme(theme, pixels)
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
        if self._runner is not None:
            self._show_range(self._runner.last_s)
        self._moved = True

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
