"""The line of a setting, a least depth, that can be dragged on a plot; emits the new value when it is released.

The caller of `place` sets the line's position: relative to the usual tilt or to zero. What the judge adds to the least
depth for the runner's own wandering is a line of its own, in the plots.
"""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal

from untuck.coach.names import THRESHOLDS
from untuck.coach.plot_parts import transparent
from untuck.coach.theme import font
from untuck.session.themes import Theme
from untuck.session_commands import TUNABLE

STEP_DEG = 0.1


class Threshold(pg.InfiniteLine):
    """A horizontal line at base_deg + sign * value_deg; name: the parameter of TUNABLE that it sets."""

    dragged = Signal(str, float)

    def __init__(self, name: str, sign: int) -> None:
        above_or_below = (0.0, 0.0) if sign < 0 else (0.0, 1.0)
        label = {"position": 0.005, "anchors": [above_or_below, above_or_below]}
        super().__init__(angle=0, movable=True, label="", labelOpts=label)
        self._name = name
        self._sign = sign
        self._least_deg, self._most_deg = TUNABLE[name]
        self._base_deg = 0.0
        self.setZValue(20)
        self.setVisible(False)
        self.setCursor(Qt.CursorShape.SizeVerCursor)
        self.sigPositionChanged.connect(self._update_label)
        self.sigPositionChangeFinished.connect(self._released)

    @property
    def value_deg(self) -> float:
        """The parameter value of the line's position, in steps of STEP_DEG and within the parameter's limits."""
        value_deg = round(self._sign * (self.value() - self._base_deg) / STEP_DEG) * STEP_DEG
        return float(min(max(value_deg, self._least_deg), self._most_deg))

    def place(self, base_deg: float, value_deg: float) -> None:
        """Move the line to the value in use, unless it is being dragged."""
        if self.moving:
            return
        self._base_deg = base_deg
        at_deg = base_deg + self._sign * value_deg
        self.setVisible(at_deg == at_deg)
        if at_deg == at_deg and abs(at_deg - self.value()) > 1e-6:
            self.setValue(at_deg)
            self._update_label()

    def apply_theme(self, theme: Theme, pixels: int) -> None:
        """Use the colours of a theme and a font size."""
        self.setPen(pg.mkPen(theme.dim, width=1, style=Qt.PenStyle.DotLine))
        self.setHoverPen(pg.mkPen(theme.dim, width=4))
        self.label.setColor(theme.dim)
        self.label.fill = pg.mkBrush(transparent(theme.background, 200))
        self.label.textItem.setFont(font(pixels * 0.9))

    def _update_label(self) -> None:
        self.label.setFormat("↕ " + THRESHOLDS[self._name].format(self.value_deg))

    def _released(self) -> None:
        self.dragged.emit(self._name, self.value_deg)
