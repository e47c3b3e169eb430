"""The trunk from the right side as curves, in centimetres: lumbar spine, chest and head on a pelvis that tips below.

Drawn for this program. The origin is the middle between the hip joints; x is right and y is down, as on a screen, and
the runner faces right. The lumbar vertebrae share the angle between pelvis and trunk evenly. Owns the shapes and how
they are joined; spine_figure.py colours them.

- Standing, the axes of the segments lean forward (positive) or back as in the averages of Roussouly and Pinheiro-Franco
  (European Spine Journal 20, 2011, S609-S618): lordosis from the sacrum to L1, then kyphosis; rounded.
- Lumbar spine 18 cm, chest 30 cm, as a share of an adult's stature (Winter, Biomechanics and Motor Control of Human
  Movement, 2009).
"""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainterPath, QTransform

from untuck.coach.pelvis_outline import Part, circle, curve, from_the_right

SACRUM = QPointF(-3.0, -11.6)  # the middle of its upper end, of a standing pelvis
LUMBAR_DEG = (24.0, 14.0, 2.0, -10.0, -17.0)  # L5 to L1, forward positive
LUMBAR_CM = 3.7  # of each
CHEST_DEG, CHEST_CM = (-17.0, -10.0, -1.0, 8.0, 16.0, 22.0), 4.8  # from the lowest up
NECK_DEG, NECK_CM = 18.0, 11.0
PELVIS, BACK, TRUNK = "pelvis", "back", "trunk"  # what a colour is for


class Placed(NamedTuple):
    """A shape at its place: path, tone (of pelvis_figure.TONES), and which of PELVIS, BACK and TRUNK it is part of."""

    path: QPainterPath
    tone: str
    of: str


class Spine(NamedTuple):
    """A posture: shapes from far to near, and the line from the sacrum to the head."""

    shapes: tuple[Placed, ...]
    line: QPainterPath


def posture(tilt_deg: float, lean_deg: float) -> Spine:
    """The figure with the pelvis and the trunk turned forward by these angles from standing."""
    joint = QTransform().rotate(tilt_deg).map(SACRUM)
    joints, shapes = [joint], list[Placed]()
    for number, own_deg in enumerate(LUMBAR_DEG):
        share = (number + 0.5) / len(LUMBAR_DEG)
        turn_deg = own_deg + (1.0 - share) * tilt_deg + share * lean_deg
        shapes.append(Placed(_turned(_vertebra(), turn_deg, _along(joint, turn_deg, 0.5 * LUMBAR_CM)), "bone", BACK))
        joint = _along(joint, turn_deg, LUMBAR_CM)
        joints.append(joint)
    waist = joint
    for own_deg in CHEST_DEG:
        joint = _along(joint, own_deg + lean_deg, CHEST_CM)
        joints.append(joint)
    head = _along(joint, NECK_DEG + lean_deg, NECK_CM)
    chest = _turned(_chest(), lean_deg, waist)
    pelvis = [Placed(_turned(part.path, tilt_deg * _share(part)), part.tone, PELVIS) for part in _bones()]
    trunk = [Placed(chest, "light", TRUNK), Placed(_turned(_skull(), lean_deg, head), "light", TRUNK)]
    neck = _turned(_neck(), NECK_DEG + lean_deg, joint)
    return Spine((*pelvis[:1], Placed(neck, "dim", TRUNK), *trunk, *pelvis[1:], *shapes), _through([*joints, head]))


def _share(part: Part) -> float:
    return 0.0 if part.share == 0.0 else 1.0


def _along(point: QPointF, turn_deg: float, length_cm: float) -> QPointF:
    """The point so far up from another, along an axis that leans forward by turn_deg."""
    turn = math.radians(turn_deg)
    return point + QPointF(math.sin(turn), -math.cos(turn)) * length_cm


def _turned(path: QPainterPath, turn_deg: float, at: QPointF | None = None) -> QPainterPath:
    """A path that is turned forward about its origin, and moved to `at`."""
    place = at or QPointF(0.0, 0.0)
    return QTransform().translate(place.x(), place.y()).rotate(turn_deg).map(path)


def _through(points: list[QPointF]) -> QPainterPath:
    """A smooth open line through points (Catmull-Rom)."""
    path = QPainterPath(points[0])
    ends = [points[0], *points, points[-1]]
    for before, here, there, after in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        path.cubicTo(here + (there - before) / 6.0, there - (after - here) / 6.0, there)
    return path


@cache
def _bones() -> tuple[Part, ...]:
    """Thigh bone first, then the parts of the pelvis; without the hints of the spine."""
    parts = from_the_right().parts
    hints = [part for part in parts if part.tone == "hint"]
    return (hints[-1], *(part for part in parts if part.tone != "hint"))


@cache
def _vertebra() -> QPainterPath:
    """A lumbar vertebra about the middle of its body: body in front, spinous process behind."""
    body = [(-2.1, 1.6), (0.0, 1.4), (2.2, 1.7), (2.0, 0.0), (2.2, -1.7), (0.0, -1.4), (-2.1, -1.6), (-2.0, 0.0)]
    process = [(-2.0, 1.0), (-3.6, 0.8), (-6.4, 0.2), (-6.8, -1.1), (-5.4, -1.5), (-3.5, -0.6), (-2.0, -0.2)]
    return curve(body).united(curve(process))


@cache
def _chest() -> QPainterPath:
    """Chest and shoulders about the waist's vertebra, y up: back, shoulder, breast bone, lowest ribs."""
    back = [(-3.6, 0.6), (-6.6, 5.6), (-8.8, 12.0), (-9.2, 18.6), (-7.2, 25.0), (-3.6, 29.4)]
    front = [(1.2, 30.4), (5.2, 28.4), (8.2, 24.0), (10.2, 18.0), (11.2, 11.6), (9.8, 5.4), (6.2, 1.6), (1.2, 1.4)]
    return curve([*back, *front])


@cache
def _neck() -> QPainterPath:
    return curve([(-3.4, -1.5), (-2.9, 4.0), (-2.6, 9.0), (2.6, 9.0), (2.9, 4.0), (3.6, -0.5), (0.0, -2.0)])


@cache
def _skull() -> QPainterPath:
    """The head from the side about its middle, with nose and chin in front."""
    face = curve([(0.0, -6.0), (5.0, -8.0), (8.4, -6.4), (8.4, -1.5), (10.2, -0.6), (8.6, 3.0), (4.0, 6.0), (0.0, 6.0)])
    return circle(0.0, 2.0, 8.6).united(face)
