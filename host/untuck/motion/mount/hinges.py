"""Hip hinges: found as ways out from standing and back, each measured, and together turned into the way forward.

While the pelvis tips, the vertical moves in sensor coordinates along a straight path whose direction is forward; a
twist about the vertical does not touch it, as it would the gyro's main axis. Deep hinges tell more than shallow ones.
What counts as a hinge, what it tells, and how well hinges agree, is decided here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from untuck.model import Floats
from untuck.motion.params import Params


@dataclass(frozen=True)
class Hinge:
    """One way out from standing and back: sample numbers, length, depth, and what it tells of the way forward.

    heading_deg: direction of tipping about the vertical, from the level frame's first axis towards its third;
    curl_deg: RMS of the path's distance from a plane; outside_pct: share of the rotation (squared rate) that is not
    about the main axis.
    """

    first: int
    end: int
    length_s: float
    depth_deg: float
    heading_deg: float
    curl_deg: float
    outside_pct: float

    def problem(self, params: Params) -> str:
        """Why it does not count, as "too shallow", "too short", "too long", "twisted"; "" if it does."""
        shortest_s, longest_s = params.hinge_length_s
        if self.depth_deg < params.hinge_min_deg:
            return "too shallow"
        if not shortest_s <= self.length_s <= longest_s:
            return "too short" if self.length_s < shortest_s else "too long"
        return "twisted" if self.outside_pct > params.hinge_outside_max_pct else ""


def level(up: Floats) -> Floats:
    """A frame (3,3) in sensor coordinates whose second row is `up`: nominally forward, up, right."""
    right = np.array([1.0, 0.0, 0.0]) if abs(up[0]) < 0.9 else np.array([0.0, -1.0 if up[0] > 0 else 1.0, 0.0])
    right = right - (right @ up) * up
    right /= np.linalg.norm(right)
    return np.array([np.cross(up, right), up, right])


def verticals(quat: Floats) -> Floats:
    """(n,3) the earth's vertical in sensor coordinates from quat (n,4)."""
    w, x, y, z = quat.T
    return np.column_stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)])


def find_hinges(
    time_s: Floats, quat: Floats, gyr_rad_s: Floats, frame: Floats, params: Params, number: int
) -> list[Hinge]:
    """All finished ways out and back, at least half as deep as a hinge must be, in order.

    time_s (n,), quat (n,4), gyr_rad_s (n,3) less its bias; frame (3,3) from `level` of the standing pose;
    number: that of the first sample.
    """
    path = verticals(quat) @ frame.T
    angle = np.degrees(np.arccos(np.clip(path[:, 1], -1.0, 1.0)))
    out = (angle > params.hinge_home_deg).astype(np.int8)
    change = np.diff(out)
    starts, ends = np.flatnonzero(change == 1) + 1, np.flatnonzero(change == -1) + 1
    ends = ends[np.searchsorted(ends, starts[0]) :] if len(starts) else ends[:0]
    hinges = []
    for a, b in zip(starts, ends, strict=False):
        if angle[a:b].max() >= 0.5 * params.hinge_min_deg:
            hinges.append(_measure(time_s[a:b], path[a:b], angle[a:b], gyr_rad_s[a:b], number + int(a)))
    return hinges


def _measure(time_s: Floats, path: Floats, angle_deg: Floats, gyr_rad_s: Floats, first: int) -> Hinge:
    tip = -path[:, [0, 2]]  # the vertical leans back in a pelvis that tips forward
    values, vectors = np.linalg.eigh(tip.T @ tip)
    along = vectors[:, 1] * (1.0 if tip[int(np.argmax(angle_deg))] @ vectors[:, 1] > 0 else -1.0)
    turned = np.linalg.eigvalsh(gyr_rad_s.T @ gyr_rad_s)
    return Hinge(
        first=first,
        end=first + len(time_s),
        length_s=float(time_s[-1] - time_s[0]),
        depth_deg=float(angle_deg.max()),
        heading_deg=float(np.degrees(np.arctan2(along[1], along[0]))),
        curl_deg=float(np.degrees(np.sqrt(max(values[0], 0.0) / len(time_s)))),
        outside_pct=float(100.0 * (1.0 - turned[2] / turned.sum())),
    )


@dataclass(frozen=True)
class Agreement:
    """The way forward that hinges agree on, with its estimated error and their largest distance from it, in degrees."""

    heading_deg: float
    error_deg: float
    spread_deg: float


def agree(hinges: Sequence[Hinge], params: Params) -> Agreement:
    """Heading from hinges, each weighted by its depth; hinges must not be empty.

    How far a hinge leaves its plane sideways does not depend on its depth, so that the error of its heading is
    that over sin(depth). The SD of this is estimated from these hinges and, as three say little, from what is usual.
    """
    heading = np.radians([h.heading_deg for h in hinges])
    lever = np.sin(np.radians([min(h.depth_deg, 90.0) for h in hinges]))
    curl = np.array([h.curl_deg for h in hinges])
    weight = lever**2
    mean = float(np.angle(weight @ np.exp(1j * heading)))
    off_deg = np.degrees(np.angle(np.exp(1j * (heading - mean))))
    usual = params.hinge_usual_weight
    squares = float((weight * off_deg**2).sum() + (curl**2).sum()) + usual * params.hinge_usual_deg**2
    variance = squares / (usual + len(hinges) - 1)
    error_deg = float(np.sqrt(variance / weight.sum()))
    return Agreement(float(np.degrees(mean)), error_deg, float(abs(off_deg).max()))
