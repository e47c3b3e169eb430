"""The stride view: the last strides over 0-100 % of the stride, with the baseline's mean, for each side.

The stride of a side begins with its own contact. Obliquity and rotation are positive for that side up and that hip
forward. Drawn once a stride.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from untuck.coach import plot_parts as parts
from untuck.coach.runner_data import CURVES_KEPT, RunnerData
from untuck.model import LEFT, RIGHT, Floats
from untuck.motion.strides.phase_grid import PHASE
from untuck.session.pelvis_angles import OBLIQUITY, ROTATION, TILT
from untuck.session.themes import LIGHT, Theme

PULLBACK_WINDOW = (55.0, 90.0)  # percent of that side's own stride: where a pullback is measured
NAMES = {TILT: "tilt", OBLIQUITY: "obliquity", ROTATION: "rotation"}
MEANS = {TILT: "above standing", OBLIQUITY: "side up", ROTATION: "hip forward"}
RANGES = {TILT: (-5.0, 20.0), OBLIQUITY: (-15.0, 15.0), ROTATION: (-15.0, 15.0)}


class StridePlot:
    """One angle of one side: recent strides, the newest thickest, and the baseline's mean dashed."""

    def __init__(self, box: pg.GraphicsLayout, side: int, angle: int) -> None:
        self._side, self._angle = side, angle
        plot = self.plot = box.addPlot(
            row=0 if side == LEFT else 1, col=angle, axisItems={"left": parts.ValueAxis("left")}
        )
        plot.hideButtons()
        plot.setMenuEnabled(False)
        plot.setMouseEnabled(x=False, y=False)
        plot.setRange(xRange=(0, 100), yRange=RANGES[angle], padding=0, disableAutoRange=True)
        plot.getAxis("bottom").setTicks([[(25, "25"), (50, "50 %"), (75, "75")]])
        self._range = RANGES[angle]
        self._window = pg.LinearRegionItem(PULLBACK_WINDOW, movable=False)
        self._window.setZValue(-20)
        self._window.setVisible(angle == ROTATION)
        self._lines = [pg.PlotCurveItem() for _ in range(CURVES_KEPT)]
        self._reference = pg.PlotCurveItem()
        for item in (self._window, *self._lines, self._reference):
            plot.addItem(item, ignoreBounds=True)
        self._title = parts.Caption(plot)

    def apply_theme(self, theme: Theme, pixels: int) -> None:
        """Use the colours of a theme and a font size."""
        parts.apply_theme(self.plot, theme, pixels)
        colour = theme.left if self._side == LEFT else theme.right
        self._window.setBrush(parts.transparent(colour, round(0.7 * theme.shade_alpha)))
        for line in self._window.lines:
            line.setPen(pg.mkPen(None))
        self._colour = colour
        self._reference.setPen(pg.mkPen(theme.text, width=3, style=Qt.PenStyle.DashLine))
        name = "◀ left" if self._side == LEFT else "right ▶"
        text = f'<b style="color:{colour}">{name}</b> <b>{NAMES[self._angle]}</b>, {MEANS[self._angle]}'
        if self._angle == ROTATION:
            text += f'<br><span style="color:{colour}">shaded: pullback window</span>'
        self._title.write(text, theme, pixels)

    def draw(self, curves: list[Floats], reference: Floats | None) -> None:
        """Draw the strides, oldest first, each (PHASES,) in degrees of this side."""
        lines = self._lines[len(self._lines) - len(curves) :]
        for line in self._lines[: len(self._lines) - len(curves)]:
            line.setData([], [])
        for number, (line, curve) in enumerate(zip(lines, curves, strict=True)):
            newest = number == len(curves) - 1
            alpha = 255 if newest else 40 + round(90 * number / len(curves))
            line.setPen(pg.mkPen(parts.transparent(self._colour, alpha), width=3 if newest else 1))
            line.setData(100 * PHASE, curve)
        known = [] if reference is None or np.isnan(reference).any() else [reference]
        self._reference.setData(100 * PHASE if known else [], known[0] if known else [])
        self._fit_range([*curves, *known])

    def _fit_range(self, curves: list[Floats]) -> None:
        if not curves:
            return
        low = min(float(curve.min()) for curve in curves)
        high = max(float(curve.max()) for curve in curves)
        wider = (min(self._range[0], 5 * np.floor(low / 5)), max(self._range[1], 5 * np.ceil((high + 3) / 5)))
        if wider != self._range:
            self._range = wider
            self.plot.setYRange(*wider, padding=0)


class StridePlots(pg.GraphicsLayoutWidget):
    """Six plots: tilt, obliquity and rotation side by side, left above right."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runner: RunnerData | None = None
        self._seen: tuple[int, bool] | None = None
        self.ci.setContentsMargins(0, 0, 4, 0)
        self.ci.setSpacing(4)
        self.plots = {
            (side, angle): StridePlot(self.ci, side, angle)
            for side, angle in product((LEFT, RIGHT), (TILT, OBLIQUITY, ROTATION))
        }
        self.apply_theme(theme or LIGHT, 13)

    def apply_theme(self, theme: Theme, pixels: int) -> None:
        """Use the colours of a theme and a font size."""
        self.setBackground(theme.background)
        for plot in self.plots.values():
            plot.apply_theme(theme, pixels)
        self._seen = None

    def show_runner(self, runner: RunnerData) -> None:
        """Choose the runner that is drawn."""
        self._runner, self._seen = runner, None

    def refresh(self) -> None:
        """Draw the strides if there is a new one."""
        runner = self._runner
        if runner is None:
            return
        seen = (runner.stride_count, runner.reference is None)
        if seen == self._seen:
            return
        self._seen = seen
        left_phase = float(runner.strides.all[-1]["left_phase"]) if len(runner.strides) else 0.5
        for (side, angle), plot in self.plots.items():
            curves = [of_side(curve, side, left_phase)[angle] for curve in runner.curves]
            reference = None if runner.reference is None else of_side(runner.reference, side, left_phase)[angle]
            plot.draw(curves, reference)


def of_side(curves: Floats, side: int, left_phase: float) -> Floats:
    """Curves (3, PHASES) of a stride for a side: from its own contact, positive for side up and hip forward."""
    if side == RIGHT:
        return curves
    turned = np.roll(curves, -round(left_phase * curves.shape[1]), axis=1)
    turned[OBLIQUITY:] *= -1
    return turned
