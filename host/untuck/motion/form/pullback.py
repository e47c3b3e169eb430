"""Pullback of one hip: how large a backward bump, on which side, has been added to the runner's own rotation.

The mean rotation of some strides less the baseline's is compared with bumps of a quarter stride at several phases of
either side, in the first harmonics. What has no pullback in it scatters as well, much more in some directions than in
others: `rotation_scatter` has how, fitted on clean runs, and the baseline says how much this runner scatters. Against
that scatter each bump gets a score (a matched filter), and the sides are compared by likelihood. The pelvis is one
rigid body: a bump of one side and of the other differ in even harmonics only.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import nan, sqrt

import numpy as np

from untuck.model import LEFT, RIGHT, Baseline, Floats
from untuck.motion.form.baseline import harmonics
from untuck.motion.form.reference import Usual
from untuck.motion.form.rotation_scatter import SCATTER_DEG2
from untuck.motion.params import Params
from untuck.motion.strides.phase_grid import HARMONICS, PHASE
from untuck.motion.strides.stride import Stride

_CENTRES = np.arange(0.55, 0.91, 0.05)  # phase of that side's own stride at which the bump is deepest
_WIDTHS = (0.25, 0.5)  # of a stride, from foot to foot of the bump
_OWN_SHARE, _OWN_SHIFT = 0.1, 0.02  # SD of the own swing's size, as a share, and of its phase, in rad of the stride
_GAIN = 3.0  # variance of ten strides about the baseline, of that within the baseline
_SHAPE_DEG = 0.2  # in each harmonic: no bump has quite the shape of these, which matters for its depth
_FOUND = 2.0  # a bump this many SE above its threshold is found in nine of ten natural joggers
_SCATTER_LEVELS = 1.2  # factor between scatters for which the bumps are made ready


def bump(centre: float, width: float) -> Floats:
    """A backward bump (phases,) of unit depth: one period of a cosine, `width` of a stride from foot to foot."""
    off = (PHASE - centre + 0.5) % 1.0 - 0.5
    return np.where(abs(off) < width / 2, -0.5 * (1 + np.cos(2 * np.pi * off / width)), 0.0)


class _Bumps:
    """Bumps of one baseline bin made ready: `rows` @ difference in rad is the score of each, right ones first.

    depths: the same for the depth of each in degrees; own (2 H,): harmonics of the baseline's rotation in rad;
    error_deg (B,): SE of each bump's depth; overlap (R, L): correlation of right scores with left ones.
    """

    def __init__(self, baseline: Baseline, at: int, left_phase: float, scatter: float) -> None:
        own = harmonics(baseline.rotation_deg[at]).ravel()
        order = np.repeat(np.arange(1, HARMONICS + 1), 2)
        shifted = np.column_stack([own[1::2], -own[0::2]]).ravel() * order  # derivative by phase
        noise = SCATTER_DEG2 * scatter
        noise = noise + np.outer(own, own) * _OWN_SHARE**2 + np.outer(shifted, shifted) * _OWN_SHIFT**2
        shapes = [bump(centre, width) for centre, width in product(_CENTRES, _WIDTHS)]
        shapes += [-bump(centre + left_phase, width) for centre, width in product(_CENTRES, _WIDTHS)]
        templates = np.array([harmonics(shape).ravel() for shape in shapes])
        weighted = np.linalg.solve(noise, templates.T).T
        gain = np.sqrt((weighted * templates).sum(axis=1))
        self.own = np.radians(own)
        self.rows = np.degrees(weighted / gain[:, None])
        even = np.linalg.solve(noise + _SHAPE_DEG**2 * np.eye(len(noise)), templates.T).T
        self.depths = np.degrees(even / (even * templates).sum(axis=1)[:, None])
        self.error_deg = 1.0 / gain
        half = len(gain) // 2
        self.overlap = ((weighted @ templates.T) / np.outer(gain, gain))[:half, half:]


def own_scatter(baseline: Baseline, at: int) -> float:
    """How much the mean rotation of this runner scatters, as a multiple of the usual: half the runner's, half usual."""
    own = float(np.mean(baseline.rotation_sd_deg[at].ravel() ** 2 / np.diag(SCATTER_DEG2)))
    return sqrt(max(_GAIN * own, 1e-6))


@dataclass(frozen=True, slots=True)
class Pulled:
    """Depth left and right, its SE and the smallest that is promised in degrees, NaN at first; sides that are on."""

    left_deg: float
    right_deg: float
    error_deg: float
    promised_deg: float
    sides: tuple[int, ...]


_NOTHING = Pulled(nan, nan, nan, nan, ())


class PullbackMeter:
    """Follows the depth of pullback on either side, in degrees, over the last strides."""

    def __init__(self, params: Params) -> None:
        self._ring = np.zeros((params.pullback_strides, 2 * HARMONICS))
        self._share = np.full(params.pullback_strides, 1.0 / params.pullback_strides)
        self._count = 0
        self._bumps: dict[tuple[int, int], _Bumps] = {}
        self._baseline: Baseline | None = None  # that they are of

    def clear(self) -> None:
        """Forget the strides seen so far."""
        self._count = 0

    def push(self, stride: Stride, baseline: Baseline, usual: Usual, params: Params) -> Pulled:
        """Take in a stride; nothing is known until there are enough."""
        at = usual.bin_number
        if baseline is not self._baseline:  # a new bin, or today's rotation in an earlier one
            self._bumps.clear()
            self._baseline = baseline
        scatter = own_scatter(baseline, at) * usual.rotation_scatter
        level = round(float(np.log(scatter) / np.log(_SCATTER_LEVELS)))
        bumps = self._bumps.get((at, level))
        if bumps is None:
            bumps = self._bumps[at, level] = _Bumps(baseline, at, stride.left_phase, _SCATTER_LEVELS**level)
        self._ring[self._count % len(self._ring)] = stride.harmonics.reshape(-1)
        self._count += 1
        if self._count < len(self._ring):
            return _NOTHING
        return _read(bumps, self._share.dot(self._ring) - bumps.own, params)


def _read(bumps: _Bumps, difference: Floats, params: Params) -> Pulled:
    """Depths and sides from the harmonics (2 H,) of rotation less the baseline's, in rad."""
    scores = bumps.rows.dot(difference)
    half = len(scores) // 2
    right, left = int(scores[:half].argmax()), half + int(scores[half:].argmax())
    right_score, left_score = max(float(scores[right]), 0.0), max(float(scores[left]), 0.0)
    right_error, left_error = float(bumps.error_deg[right]), float(bumps.error_deg[left])
    right_deg = max(float(bumps.depths[right].dot(difference)), 0.0)
    left_deg = max(float(bumps.depths[left].dot(difference)), 0.0)
    margin = 0.5 * (right_score**2 - left_score**2)  # log likelihood ratio of the sides
    best = max(right_score, left_score)
    sides: tuple[int, ...] = ()
    if best >= params.pullback_score:
        both = _both(bumps, scores, best, params)
        if both is not None:
            left_deg, right_deg, sides = both[0], both[1], (LEFT, RIGHT)
        elif abs(margin) >= params.pullback_side_margin:
            side, depth = (RIGHT, right_deg) if margin > 0.0 else (LEFT, left_deg)
            sides = (side,) if depth >= params.pullback_on_deg else ()
    error = right_error if margin >= 0.0 else left_error
    promised = max(params.pullback_on_deg, params.pullback_score * error) + _FOUND * error
    return Pulled(left_deg, right_deg, error, promised, sides)


def _both(bumps: _Bumps, scores: Floats, best: float, params: Params) -> tuple[float, float] | None:
    """Depths left and right where both sides together explain much more than the better one alone."""
    half = len(scores) // 2
    right, left, r = scores[:half, None], scores[None, half:], bumps.overlap
    free = 1.0 - r**2 + 1e-9
    right_part, left_part = (right - r * left) / free, (left - r * right) / free
    fits = 0.5 * (right * right_part + left * left_part)
    fits = np.where((right_part > 0.0) & (left_part > 0.0), fits, 0.0)
    at = np.unravel_index(int(fits.argmax()), fits.shape)
    alone = 0.5 * best**2
    if fits[at] - alone < max(params.pullback_both_margin, params.pullback_both_gain * alone):
        return None
    left_deg = float(left_part[at] * bumps.error_deg[half + at[1]])
    right_deg = float(right_part[at] * bumps.error_deg[at[0]])
    small, large = sorted((left_deg, right_deg))
    # a small one on the other side is what the shape of a single bump leaves over
    return (left_deg, right_deg) if small >= max(params.pullback_on_deg, params.pullback_both_share * large) else None
