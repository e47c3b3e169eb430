"""Hip hinges: detected as excursions from standing and back, measured, and combined into the forward direction.

While the pelvis tips, the vertical moves in sensor coordinates along a straight path that points forward. A twist
about the vertical does not change this path, but would change the gyro's main axis. Deep hinges are more precise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from untuck.model import Floats
from untuck.motion.params import Params


@dataclass(frozen=True)
class Hinge:
    """One excursion from standing and back: sample numbers, duration, depth and direction.

    heading_deg: direction of tipping about the vertical, from the first axis of `level_frame` towards its third;
    curl_deg: RMS distance of the path from a plane; outside_pct: share of the rotation (squared rate) outside the main
    axis.
    """

    first: int
    end: int
    length_s: float
    depth_deg: float
    heading_deg: float
    curl_deg: float
    outside_pct: float

    def problem(self, params: Params) -> str:
        """Why it is not accepted: "too shallow", "too short", "too long", "twisted"; "" if it is."""
        shortest_s, longest_s = params.hinge_length_s
        if self.depth_deg < params.hinge_min_deg:
            return "too shallow"
        if not shortest_s <= self.length_s <= longest_s:
            return "too short" if self.length_s < shortest_s else "too long"
        return "twisted" if self.outside_pct > params.hinge_outside_max_pct else ""


def level_frame(up: Floats) -> Floats:
    """A frame (3,3) in sensor coordinates with rows nominally forward, up, right; its second row is `up`."""
    right = np.array([1.0, 0.0, 0.0]) if abs(up[0]) < 0.9 else np.array([0.0, -1.0 if up[0] > 0 else 1.0, 0.0])
    right = right - (right @ up) * up
    right /= np.linalg.norm(right)
    return np.array([np.cross(up, right), up, right])


def verticals(quat: Floats) -> Floats:
    """(n,3) the earth's vertical in sensor coordinates, from quat (n,4)."""
    w, x, y, z = quat.T
    return np.column_stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)])


def find_hinges(
    time_s: Floats, quat: Floats, gyr_rad_s: Floats, frame: Floats, params: Params, number: int
) -> list[Hinge]:
    """All finished excursions that are at least half as deep as a hinge must be, in order.

    time_s (n,), quat (n,4), gyr_rad_s (n,3) without bias; frame (3,3) from `level_frame` of the standing pose;
    number: sample number of the first row.
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
    tip = -path[:, [0, 2]]  # seen from a pelvis that tips forward, the vertical leans back
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
class HingeHeading:
    """Combined forward direction of hinges, its estimated error, and the largest deviation of a hinge, in degrees."""

    heading_deg: float
    error_deg: float
    spread_deg: float


def combine_hinges(hinges: Sequence[Hinge], params: Params) -> HingeHeading:
    """Forward direction from hinges (at least one), weighted by sin^2 of their depth.

    The sideways deviation of a hinge does not depend on its depth, so that the error of its heading is this deviation
    over sin(depth). Its SD is estimated from these hinges and, because three are few, from the usual value.
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
    return HingeHeading(float(np.degrees(mean)), error_deg, float(abs(off_deg).max()))
