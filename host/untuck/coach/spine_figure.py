"""A small figure of the spine from the right side: pelvis, lower back, trunk and head, with the usual posture dashed.

What is at fault has the fault's colour: the pelvis in a tuck, the lower back in an arch, the trunk where lean is lost.
Angles are doubled, as the caption says. The shapes are in spine_outline.py.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from untuck.coach import review
from untuck.coach import theme as themes
from untuck.coach.pelvis_figure import GAIN, LEAST_DEG, tones
from untuck.coach.runner_data import RunnerData
from untuck.coach.spine_outline import BACK, PELVIS, TRUNK, posture
from untuck.report.numbers import number
from untuck.session.form_state import State
from untuck.session.form_words import LOOKS, StateLabel
from untuck.session.themes import LIGHT, Theme
from untuck.vocabulary import Fault

FRAME = QRectF(-24, -78, 72, 96)  # in centimetres
AT_FAULT: dict[str, tuple[str, ...]] = {
    Fault.TUCK: (PELVIS,),
    Fault.ARCH: (BACK,),
    Fault.BENT: (PELVIS, BACK, TRUNK),
    Fault.UPRIGHT: (TRUNK,),
}
_CENTRE = Qt.AlignmentFlag.AlignCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class SpinePose(NamedTuple):
    """What the figure shows: tilt and lean now and usually, in degrees, NaN where unknown.

    fault: what is at fault, "" for nothing; word: beside the figure; colour: of the theme, for the word.
    """

    tilt_deg: float = math.nan
    lean_deg: float = math.nan
    usual_tilt_deg: float = math.nan
    usual_lean_deg: float = math.nan
    fault: str = ""
    word: str = ""
    colour: str = "text"


def spine_pose(runner: RunnerData, label: StateLabel, until_s: float) -> SpinePose:
    """The pose of a runner at a time of the session, infinite for now; label: the state then."""
    verdict = runner.verdict if math.isinf(until_s) else review.verdict_at(runner, until_s)
    usual_deg = runner.usual_tilt_deg(until_s), runner.usual_lean_deg(until_s)
    return posed(label, verdict.fault if verdict else "", review.means_at(runner, until_s), usual_deg)


def posed(label: StateLabel, fault: str, angles_deg: tuple[float, float], usual_deg: tuple[float, float]) -> SpinePose:
    """The pose of a state. angles_deg, usual_deg: tilt and lean, now and usually; NaN where unknown."""
    shown = fault if label.state in (State.FAULT, State.COMING_BACK) and fault in AT_FAULT else ""
    if math.isnan(angles_deg[1]):
        word = "NO TRUNK"
    elif shown:
        word = _WORDS[shown]
    else:
        word = "NEUTRAL" if label.state in (State.GOOD, State.CHECKING, State.FAULT, State.COMING_BACK) else ""
    colour = LOOKS[label.state].number if shown or (word == "NEUTRAL" and label.state == State.GOOD) else "text"
    return SpinePose(*angles_deg, *usual_deg, fault=shown, word=word, colour=colour)


_WORDS: dict[str, str] = {
    Fault.TUCK: "TUCKED",
    Fault.ARCH: "ARCHED",
    Fault.BENT: "BENT",
    Fault.UPRIGHT: "UPRIGHT",
}


def pelvis_at_fault(fault: str) -> bool:
    """Whether a fault is of the pelvis as well, so that its figure has the fault's colour."""
    return PELVIS in AT_FAULT.get(fault, (PELVIS,))


class SpineFigure(QWidget):
    """The posture now, and the usual one; hidden with one clip."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shown = SpinePose()
        self._stale = False
        self._theme = LIGHT
        self.setMinimumSize(150, 80)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def apply_theme(self, theme: Theme) -> None:
        """Use the colours of a theme."""
        self._theme = theme
        self.update()

    def show_pose(self, pose: SpinePose, stale: bool) -> None:
        """Show a pose, in grey if it is stale; painted again only if it has changed visibly."""
        old = self.shown
        angles = zip(pose[:4], old[:4], strict=True)
        same = all(abs(a - b) < LEAST_DEG or (math.isnan(a) and math.isnan(b)) for a, b in angles)
        if same and pose[4:] == old[4:] and stale == self._stale:
            return
        self.shown, self._stale = pose, stale
        self.setAccessibleName(f"spine: {pose.word.lower()}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the figure at the left, and what it shows at the right."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        height = float(self.height())
        caption_px = min(0.1 * height, self.width() / 24.0)
        area = QRectF(0.0, 0.0, min(0.58 * self.width(), height * FRAME.width() / FRAME.height()), height)
        paint_spine(painter, area, self.shown, self._theme, self._colours())
        text = QRectF(area.right() + 8.0, 0.0, self.width() - area.right() - 12.0, height)
        pose, theme = self.shown, self._theme
        word = QRectF(text.left(), text.top() + 0.12 * height, text.width(), 0.34 * height)
        painter.setPen(QColor(theme.dim if self._stale else getattr(theme, pose.colour)))
        painter.setFont(themes.fitting(pose.word, word.width(), 0.8 * word.height()))
        painter.drawText(word, _LEFT, pose.word)
        painter.setPen(QColor(theme.text))
        lines = _lines(pose)
        painter.setFont(themes.fitting(max(lines, key=len), text.width(), 0.12 * height, bold=False))
        for row, line in enumerate(lines):
            at = QRectF(text.left(), text.top() + (0.48 + 0.17 * row) * height, text.width(), 0.17 * height)
            painter.drawText(at, _LEFT, line)
        painter.setPen(QColor(theme.dim))
        painter.setFont(themes.font(caption_px))
        below = QRectF(text.left(), height - 1.5 * caption_px, text.width(), 1.4 * caption_px)
        painter.drawText(below, _LEFT, "side, angles x 2")

    def _colours(self) -> dict[str, str]:
        """The theme's colour of each part."""
        pose, theme = self.shown, self._theme
        if self._stale:
            return dict.fromkeys((PELVIS, BACK, TRUNK), theme.stale)
        usual = theme.good if pose.colour == "good" else theme.trace
        colours = dict.fromkeys((PELVIS, BACK, TRUNK), usual) | dict.fromkeys(AT_FAULT.get(pose.fault, ()), theme.fault)
        return colours | ({BACK: theme.stale, TRUNK: theme.stale} if math.isnan(pose.lean_deg) else {})


def _lines(pose: SpinePose) -> list[str]:
    """Lean, and the arch of the lower back against the usual one."""
    if math.isnan(pose.lean_deg):
        return ["pelvis only"]
    arch_deg = pose.tilt_deg - pose.lean_deg - (pose.usual_tilt_deg - pose.usual_lean_deg)
    lean = f"lean {number(pose.lean_deg)}°"
    if math.isnan(arch_deg):
        return [lean]
    return [f"{lean}, usual {number(pose.usual_lean_deg)}°", f"arch {number(arch_deg, signed=True)}°"]


def paint_spine(painter: QPainter, area: QRectF, pose: SpinePose, theme: Theme, colours: dict[str, str]) -> None:
    """Paint a pose into an area. colours: of pelvis, back and trunk. Without a trunk only the pelvis is solid."""
    scale = min(area.width() / FRAME.width(), area.height() / FRAME.height())
    trunk = not math.isnan(pose.lean_deg)
    tilt_deg = 0.0 if math.isnan(pose.tilt_deg) else pose.tilt_deg
    spine = posture(GAIN * tilt_deg, GAIN * (pose.lean_deg if trunk else 0.0))
    line = max(1.0 / scale, 0.3)
    brushes = {part: tones(theme, colour, FRAME) for part, colour in colours.items()}
    painter.save()
    painter.translate(area.center() - FRAME.center() * scale)
    painter.scale(scale, scale)
    for shape in spine.shapes:
        if shape.of == PELVIS or trunk:
            edged = shape.tone in ("bone", "deep", "light")
            painter.setPen(QPen(QColor(theme.background), 0.8 / scale) if edged else Qt.PenStyle.NoPen)
            painter.setBrush(brushes[shape.of][shape.tone])
            painter.drawPath(shape.path)
    if trunk:
        painter.setBrush(QBrush())
        painter.setPen(QPen(QColor(theme.text), 2.0 * line, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawPath(spine.line)
    if not (math.isnan(pose.usual_tilt_deg) or math.isnan(pose.usual_lean_deg)):
        painter.setBrush(QBrush())
        painter.setPen(QPen(QColor(theme.text), line, Qt.PenStyle.DashLine))
        painter.drawPath(posture(GAIN * pose.usual_tilt_deg, GAIN * pose.usual_lean_deg).line)
    painter.setPen(QColor(theme.dim))
    painter.setFont(themes.font(100.0))
    painter.scale(0.055, 0.055)
    painter.drawText(QRectF(300.0, 100.0, 600.0, 160.0), _CENTRE, "runs ▶")
    painter.restore()
    painter.setPen(Qt.PenStyle.NoPen)
