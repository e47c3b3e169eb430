"""The bones of the pelvis as curves, in centimetres: from the right side, from behind and from above.

Drawn for this program after published proportions of an adult. The origin is the middle between the hip joints; x is
right and y is down, as on a screen. Owns the shapes; pelvis_figure.py turns and colours them.

- Hip joint centres: 36 % of the distance between the anterior superior iliac spines (24 cm) to the side, 30 % below and
  19 % behind them (Bell, Brand and Pedersen, Human Movement Science 8, 1989).
- Standing: those spines and the front of the symphysis are in one vertical plane; the inlet is at 55 degrees to the
  horizontal (Gray, Anatomy of the Human Body, 1918, figures 238 to 241, public domain).
- Inlet 11 cm deep and 13 cm wide; crests 28 cm wide; hip bone 21.5 cm high; femoral head 4.6 cm wide.
"""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainterPath, QTransform

HIP_CM = 8.7  # of each hip joint from the middle
HEAD_CM = 2.3  # radius of the femoral head
HANDLE = 0.35  # length of a Bezier handle over the distance of its points: a circle of eight points stays one
Points = list[tuple[float, float]]


class Part(NamedTuple):
    """A filled shape: its tone, a key of pelvis_figure.TONES, and the share of the pelvis's turn that it follows."""

    path: QPainterPath
    tone: str
    share: float = 1.0


class View(NamedTuple):
    """The pelvis from one side: parts from far to near, the outline of the pelvis, the hip joints."""

    parts: tuple[Part, ...]
    outline: QPainterPath
    hips: tuple[QPointF, ...]


def curve(points: Points) -> QPainterPath:
    """A closed curve of cubic Beziers through the points, given with y up; the tangents follow the neighbours."""
    count = len(points)
    at = [QPointF(x, -y) for x, y in points]
    path = QPainterPath(at[0])
    handles = []
    for before, here, after in ((at[n - 1], at[n], at[(n + 1) % count]) for n in range(count)):
        along = after - before
        length = math.hypot(along.x(), along.y()) or 1.0
        handles.append((along / length, HANDLE * _distance(before, here), HANDLE * _distance(here, after)))
    for n in range(count):
        last = (n + 1) % count
        path.cubicTo(at[n] + handles[n][0] * handles[n][2], at[last] - handles[last][0] * handles[last][1], at[last])
    path.closeSubpath()
    return path


def circle(x: float, y: float, radius: float) -> QPainterPath:
    """A circle about a point given with y up."""
    path = QPainterPath()
    path.addEllipse(QPointF(x, -y), radius, radius)
    return path


def both(path: QPainterPath) -> QPainterPath:
    """A shape of the right side and its mirror image."""
    joined = QPainterPath(path)
    joined.addPath(QTransform.fromScale(-1.0, 1.0).map(path))
    joined.setFillRule(path.fillRule())
    return joined


def _distance(one: QPointF, other: QPointF) -> float:
    return math.hypot(one.x() - other.x(), one.y() - other.y())


@cache
def from_the_right() -> View:
    """The right hip bone with the front to the right, the sacrum behind it, the lower spine and the thigh bone."""
    wing = [(5.9, 6.2), (5.6, 7.4), (4.2, 9.6), (1.6, 12.0), (-1.8, 13.2), (-5.4, 12.6), (-8.2, 10.8), (-9.6, 8.8)]
    notch = [(-9.5, 7.8), (-8.7, 7.0), (-8.6, 6.0), (-7.6, 5.0), (-5.6, 4.4), (-4.1, 3.0), (-3.8, 1.0), (-4.5, -0.7)]
    sit = [(-5.3, -1.5), (-4.5, -2.1), (-4.4, -3.3), (-5.3, -4.6), (-5.2, -6.6), (-4.0, -8.3), (-2.4, -8.6)]
    pubis = [(0.2, -7.6), (2.6, -6.1), (4.0, -5.2), (5.0, -3.8), (6.1, -2.0), (6.2, -0.8), (5.4, -0.2), (3.9, 0.6)]
    front = [(3.2, 1.9), (3.7, 2.9), (4.7, 3.6), (4.6, 4.5), (5.2, 5.4)]
    bone = curve([*wing, *notch, *sit, *pubis, *front])
    hole = curve([(-1.9, -4.2), (0.2, -3.2), (2.6, -2.9), (3.8, -3.2), (3.0, -4.5), (1.0, -5.8), (-1.2, -6.4)])
    crest = [(5.9, 6.2), (5.6, 7.4), (4.2, 9.6), (1.6, 12.0), (-1.8, 13.2), (-5.4, 12.6), (-8.2, 10.8), (-9.6, 8.8)]
    under = [(-8.3, 9.6), (-5.2, 11.5), (-1.8, 12.1), (1.2, 11.0), (3.7, 8.8), (4.9, 7.2)]
    hollow = [(2.6, 3.6), (3.4, 5.4), (3.4, 7.6), (1.4, 9.6), (-1.6, 10.6), (-4.2, 9.8), (-3.4, 7.0), (-1.6, 4.4)]
    base = [(0.4, 8.7), (-0.4, 9.6), (-2.9, 10.9), (-4.4, 11.0), (-6.2, 10.2), (-8.4, 8.0), (-9.9, 5.4), (-10.4, 3.0)]
    tail = [(-9.8, 0.8), (-8.2, -1.0), (-6.6, -2.0), (-6.3, -1.5), (-7.3, -0.2), (-8.2, 2.0), (-8.0, 4.2), (-4.0, 7.4)]
    shaft = [(-0.6, 2.4), (1.9, 1.2), (2.4, -0.6), (1.9, -3.4), (1.7, -7.0), (1.9, -11.0), (2.0, -14.5), (-1.4, -14.5)]
    knob = [(-1.5, -11.0), (-1.8, -7.0), (-2.5, -4.0), (-3.1, -1.6), (-2.6, 0.8)]
    parts = (
        Part(_vertebra(0.2, 19.2, 4.0), "hint", 0.2),
        Part(_vertebra(0.4, 15.8, 0.0), "hint", 0.5),
        Part(_vertebra(-0.2, 12.4, -10.0), "hint", 0.8),
        Part(curve([*shaft, *knob]), "hint", 0.0),
        Part(curve([*base, *tail]), "deep"),
        Part(bone.subtracted(hole), "bone"),
        Part(curve(hollow), "dim"),
        Part(curve([*crest, *under]), "light"),
        Part(circle(0.0, 0.0, 3.0), "deep"),
        Part(circle(0.2, -0.1, HEAD_CM), "light", 0.0),
    )
    return View(parts, bone, (QPointF(0.0, 0.0),))


def _vertebra(x: float, y: float, turn_deg: float) -> QPainterPath:
    """A lumbar vertebra from the side about the middle of its body: body in front, spinous process behind."""
    body = [(-1.7, 1.3), (0.0, 1.1), (1.8, 1.4), (1.6, 0.0), (1.8, -1.4), (0.0, -1.1), (-1.7, -1.3), (-1.6, 0.0)]
    arch = [(-1.6, 0.9), (-3.0, 0.7), (-5.4, 0.2), (-5.7, -0.9), (-4.6, -1.2), (-3.0, -0.5), (-1.6, -0.1)]
    path = curve(body).united(curve(arch))
    return QTransform().translate(x, -y).rotate(-turn_deg).map(path)


@cache
def from_behind() -> View:
    """Both hip bones and thigh bones with the sacrum between them; the runner's right is on the right."""
    crest = [(3.9, 8.2), (4.4, 9.6), (6.0, 11.6), (8.6, 13.1), (11.2, 13.0), (13.4, 11.6), (14.1, 9.8), (13.2, 7.6)]
    socket = [(12.0, 5.6), (11.4, 3.8), (11.4, 2.2), (11.2, 0.4), (10.2, -1.8), (9.0, -3.6), (8.6, -5.4)]
    sit = [(8.2, -7.6), (6.8, -8.6), (5.6, -7.8), (4.2, -7.2), (2.2, -6.0), (0.8, -5.0), (0.15, -4.6)]
    pubis = [(0.15, -3.0), (0.2, -1.0), (1.4, -0.6), (3.4, -0.4), (5.0, 0.6), (5.9, 2.0)]
    notch = [(6.2, 3.4), (5.8, 4.6), (4.7, 5.2), (3.9, 6.0), (4.1, 7.0)]
    bone = curve([*crest, *socket, *sit, *pubis, *notch])
    hole = curve(
        [(2.3, -2.2), (4.2, -1.9), (5.9, -2.3), (6.3, -3.6), (5.5, -5.6), (4.3, -6.0), (2.9, -4.8), (2.2, -3.4)]
    )
    column = [(5.9, 3.0), (7.4, 3.8), (10.6, 2.4), (10.4, 0.2), (9.2, -2.4), (8.4, -5.2), (8.0, -7.4), (6.8, -8.4)]
    spine = [(5.9, -7.4), (6.2, -5.0), (6.2, -3.2), (5.6, -1.8), (4.9, -1.0), (5.5, -0.2), (5.8, 1.4)]
    blade = [(6.2, 10.0), (8.6, 11.9), (11.0, 11.9), (12.7, 10.4), (12.6, 8.6), (11.2, 6.6), (9.0, 5.0), (6.8, 6.0)]
    rim = [(4.4, 9.6), (6.0, 11.6), (8.6, 13.1), (11.2, 13.0), (13.4, 11.6), (14.1, 9.8), (13.2, 7.6), (13.2, 9.6)]
    edge = [(12.6, 11.0), (11.0, 12.1), (8.7, 12.1), (6.5, 10.7), (5.2, 8.8)]
    half = [(0.0, 10.6), (2.2, 10.8), (4.6, 9.9), (5.2, 8.0), (4.5, 6.0), (3.0, 3.6), (1.9, 1.2), (1.0, -0.2)]
    sacrum = _symmetric([*half, (0.5, -1.6), (0.0, -2.2)])
    dots = QPainterPath()
    for x, y in ((2.3, 8.2), (2.0, 6.2), (1.7, 4.4), (1.4, 2.8)):
        dots.addPath(circle(x, y, 0.42))
    ridge = _symmetric([(0.0, 9.6), (0.5, 9.0), (0.35, 6.0), (0.3, 3.0), (0.0, 1.8)])
    neck = [(8.0, 1.9), (10.4, 2.0), (12.8, 1.0), (14.2, 1.8), (15.4, 0.6), (15.6, -1.6), (14.9, -4.4), (14.2, -9.0)]
    shaft = [(13.8, -14.5), (10.8, -14.5), (11.2, -9.0), (11.2, -5.4), (10.4, -3.9), (10.2, -2.6), (8.2, -1.9)]
    thigh = curve([*neck, *shaft]).united(circle(HIP_CM, 0.0, HEAD_CM))
    last = _symmetric(
        [(0.0, 13.6), (2.5, 13.5), (2.9, 12.8), (5.0, 13.0), (5.1, 12.2), (2.6, 11.6), (2.4, 11.1), (0.0, 11.0)]
    )
    next_up = QTransform.fromTranslate(0.0, -3.3).map(last)
    parts = (
        Part(next_up, "hint", 0.5),
        Part(last, "hint", 0.8),
        Part(both(bone.subtracted(hole)), "deep"),
        Part(both(thigh), "hint", 0.0),
        Part(both(curve([*crest, *socket[:4], *column[3:], *spine, (5.9, 2.6), *notch])), "bone"),
        Part(both(curve(blade)), "dim"),
        Part(both(curve([*rim, *edge])), "light"),
        Part(sacrum, "light"),
        Part(both(dots), "deep"),
        Part(ridge, "bone"),
    )
    return View(parts, both(bone).united(sacrum), (QPointF(-HIP_CM, 0.0), QPointF(HIP_CM, 0.0)))


def _symmetric(half: Points) -> QPainterPath:
    """A closed curve of a right half, from the middle down to the middle, and its mirror image."""
    return curve([*half, *[(-x, y) for x, y in reversed(half[1:-1])]])


@cache
def from_above() -> View:
    """The ring, front upward: seen 30 degrees from the front of vertical, as in plates, so that the inlet is open."""
    crest = [
        (11.9, 2.2),
        (12.9, 1.2),
        (14.0, -2.0),
        (14.1, -5.4),
        (12.6, -8.4),
        (9.8, -10.6),
        (7.0, -12.0),
        (4.6, -12.8),
    ]
    joint = [(3.6, -12.0), (3.6, -10.4), (4.4, -8.4), (5.2, -6.0)]
    brim = [(6.1, -3.4), (6.5, -0.6), (6.0, 1.8), (4.4, 3.8), (2.2, 4.9), (0.15, 5.2)]
    front = [(0.15, 6.3), (1.6, 6.5), (3.4, 6.0), (5.6, 4.9), (7.4, 4.3), (9.0, 3.6), (10.2, 2.2)]
    bone = curve([*crest, *joint, *brim, *front])
    fossa = [(11.4, 0.8), (12.6, -1.8), (12.6, -5.0), (11.2, -7.6), (8.8, -9.4), (6.6, -9.2), (6.6, -6.2), (7.4, -3.0)]
    fossa += [(8.2, -0.2), (9.8, 1.2)]
    rim = [(11.9, 2.2), (12.9, 1.2), (14.0, -2.0), (14.1, -5.4), (12.6, -8.4), (9.8, -10.6), (7.0, -12.0), (4.6, -12.8)]
    edge = [(6.8, -11.2), (9.4, -9.8), (11.8, -7.8), (13.1, -5.2), (13.0, -2.0), (12.1, 0.8)]
    half = [(0.0, -4.2), (1.8, -4.5), (2.8, -5.2), (4.6, -6.4), (5.4, -7.6), (4.6, -9.4), (3.8, -11.0), (2.2, -11.6)]
    sacrum = _symmetric([*half, (0.8, -12.4), (0.0, -12.8)])
    plate = _symmetric([(0.0, -4.4), (1.7, -4.7), (2.6, -5.8), (2.4, -7.2), (1.0, -7.7), (0.0, -7.6)])
    head = circle(9.4, 1.6, 0.1)
    socket = curve([(8.6, 4.2), (10.4, 4.4), (12.0, 3.0), (12.0, 0.6), (10.6, -1.2), (8.8, -0.6), (8.0, 1.6)])
    trochanter = curve(
        [(9.6, 2.6), (12.4, 2.0), (14.6, 0.8), (15.8, -0.8), (15.0, -2.6), (13.2, -2.4), (11.0, -0.6), (9.0, 0.0)]
    )
    parts = (
        Part(both(trochanter.united(head)), "hint", 0.0),
        Part(both(socket), "deep"),
        Part(sacrum, "deep"),
        Part(both(bone), "bone"),
        Part(both(curve(fossa)), "dim"),
        Part(both(curve([*rim, *edge])), "light"),
        Part(plate, "light"),
    )
    return View(parts, both(bone).united(sacrum), (QPointF(-HIP_CM, 0.0), QPointF(HIP_CM, 0.0)))
