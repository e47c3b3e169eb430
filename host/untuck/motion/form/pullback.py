"""Pullback of one hip: how large a backward bump, on which side, has been added to the runner's own rotation.

The mean rotation of some strides less the baseline's is fitted by bumps of a quarter stride at several phases of either
side, in harmonics weighted by how much each varies naturally, the runner's own swing made larger, smaller, earlier or
later projected out. Pelvis and hips are one rigid body: only phase tells the sides apart.
"""

from __future__ import annotations

from itertools import product
from math import nan

import numpy as np

from untuck.model import LEFT, RIGHT, Baseline, Floats
from untuck.motion.form.baseline import harmonics
from untuck.motion.params import Params
from untuck.motion.strides.phase_grid import HARMONICS, PHASE
from untuck.motion.strides.stride import Stride

_CENTRES = np.arange(0.55, 0.91, 0.05)  # phase of that side's own stride at which the bump is deepest
_WIDTHS = (0.25, 0.5)  # of a stride, from foot to foot of the bump
_FLOOR_DEG = 0.1  # no harmonic is known better than this


def bump(centre: float, width: float) -> Floats:
    """A backward bump (phases,) of unit depth: one period of a cosine, `width` of a stride from foot to foot."""
    off = (PHASE - centre + 0.5) % 1.0 - 0.5
    return np.where(abs(off) < width / 2, -0.5 * (1 + np.cos(2 * np.pi * off / width)), 0.0)


class _Fit:
    """Bumps of one baseline bin made ready: `rows` @ difference in rad is the depth of each in its standard errors.

    own (2 H,): harmonics of the baseline's rotation in rad; error_deg (B,) of each bump's depth, right ones first.
    """

    def __init__(self, baseline: Baseline, at: int, left_phase: float) -> None:
        own = harmonics(baseline.rotation_deg[at]).ravel()
        order = np.repeat(np.arange(1, HARMONICS + 1), 2)
        shifted = np.column_stack([own[1::2], -own[0::2]]).ravel() * order  # derivative by phase
        whiten = 1.0 / np.hypot(baseline.rotation_sd_deg[at].ravel(), _FLOOR_DEG)
        nuisance, _ = np.linalg.qr(np.column_stack([own * whiten, shifted * whiten]))
        rows, gains = [], []
        for side in (RIGHT, LEFT):
            for centre, width in product(_CENTRES, _WIDTHS):
                curve = bump(centre, width) if side == RIGHT else -bump(centre + left_phase, width)
                template = harmonics(curve).ravel() * whiten
                template = template - nuisance @ (nuisance.T @ template)
                gain = float(template @ template)
                rows.append(template * whiten / np.sqrt(gain))
                gains.append(gain)
        self.own = np.radians(own)
        self.rows = np.degrees(np.array(rows))
        self.error_deg: list[float] = (1.0 / np.sqrt(gains)).tolist()


class PullbackMeter:
    """Follows the depth of pullback on either side, in degrees, over the last strides."""

    def __init__(self, params: Params) -> None:
        self._ring = np.zeros((params.pullback_strides, 2 * HARMONICS))
        self._share = np.full(params.pullback_strides, 1.0 / params.pullback_strides)
        self._count = 0
        self._fits: dict[int, _Fit] = {}

    def clear(self) -> None:
        """Forget the strides seen so far."""
        self._count = 0

    def push(self, stride: Stride, baseline: Baseline, at: int) -> tuple[float, float, float, int]:
        """(depth left, depth right, standard error, side that explains more); depths NaN until enough strides."""
        fit = self._fits.get(at)
        if fit is None:
            fit = self._fits[at] = _Fit(baseline, at, stride.left_phase)
        self._ring[self._count % len(self._ring)] = stride.harmonics.reshape(-1)
        self._count += 1
        if self._count < len(self._ring):
            return nan, nan, nan, 0
        scores = fit.rows.dot(self._share.dot(self._ring) - fit.own).tolist()
        half = len(scores) // 2
        right_score, left_score = max(scores[:half]), max(scores[half:])
        right_error, left_error = fit.error_deg[scores.index(right_score)], fit.error_deg[scores.index(left_score)]
        right_score, left_score = max(right_score, 0.0), max(left_score, 0.0)
        side, error_deg = (RIGHT, right_error) if right_score >= left_score else (LEFT, left_error)
        return left_score * left_error, right_score * right_error, error_deg, side
