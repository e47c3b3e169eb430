"""Finds an orientation filter that contradicts its own covariance, and makes it trust the measurements again.

A filter that is consistent has innovations without memory. After a step of the gyro's bias (a reset of the sensor, a
knock) the estimated vertical turns at a constant rate, and the innovations of velocity add up in one direction. Plain
functions on flat float64 arrays, compiled by numba; kalman.py calls them once per block.
"""

from __future__ import annotations

from math import sqrt

from untuck.model import Floats
from untuck.motion.jit import inner
from untuck.motion.orientation import layout as idx

IMPACTS_M_S2 = 12.4  # RMS acceleration of a jogger is 9-12, of a runner 13-17; a swung or walking sensor has 1-7

COMPILED_IN = {"orientation/layout.py": 0x81DB7656}


@inner
def guard(params: Floats, state: Floats, cov: Floats, x: float, y: float, noise: float) -> None:
    """Add a block's innovation of velocity (x, y), with measurement noise `noise`; recover if the sum is too large.

    A block counts as at most `guard_clip` SD: what lasts adds up, a sudden change of speed does not. The sum decays
    with `guard_s` and is compared with the SD that the filter predicts for it, as in the test of innovations
    for whiteness (Mehra, IEEE Trans. Automatic Control 15, 1970). Starts of motion are left out.
    """
    block_s, limit = state[idx.BLOCK_S], params[idx.GUARD_SIGMA]
    keep = params[idx.GUARD_S] / (params[idx.GUARD_S] + block_s)
    predicted = 0.5 * (cov[idx.VELOCITY_AT, idx.VELOCITY_AT] + cov[idx.VELOCITY_AT + 1, idx.VELOCITY_AT + 1])
    size = sqrt(x * x + y * y)
    most = params[idx.GUARD_CLIP] * sqrt(predicted + noise)
    weight = keep if size <= most else keep * most / size
    x, y = keep * state[idx.GUARD] + weight * x, keep * state[idx.GUARD + 1] + weight * y
    variance = keep * keep * (state[idx.GUARD_VARIANCE] + predicted + noise)
    doubt = (x * x + y * y) / (limit * limit * variance)
    if state[idx.MOVING_S] <= 2.0 * params[idx.LAUNCH_S]:
        x = y = variance = 0.0
    elif doubt > 1.0:
        _recover(params, state, cov)
        x = y = variance = 0.0
    else:
        _fade(params, state, cov, doubt)
    state[idx.GUARD], state[idx.GUARD + 1], state[idx.GUARD_VARIANCE] = x, y, variance


@inner
def _fade(params: Floats, state: Floats, cov: Floats, doubt: float) -> None:
    """Increase the variance of tilt, and a little that of the bias, for a sum of innovations below the limit.

    doubt is the squared sum over the squared limit. A fading memory (Xia et al., Automatica 30, 1994) that acts only
    under a runner's impacts; so a small step of the bias costs no more tilt than with a filter of 3 s.
    """
    impacts = state[idx.ACTIVITY2] / (IMPACTS_M_S2 * IMPACTS_M_S2)
    impacts *= impacts
    bias = params[idx.KNOCK_RAD_S] * doubt
    bias *= bias * params[idx.FADE] * impacts / (1.0 + impacts)
    tilt = bias * params[idx.KNOCK_S] * params[idx.KNOCK_S]
    for i in range(2):
        cov[i, i] += tilt
    bias *= params[idx.FADE_BIAS]
    for j in range(idx.BIAS_AT, idx.MATRIX_AT):
        cov[j, j] += bias


@inner
def _recover(params: Floats, state: Floats, cov: Floats) -> None:
    """Increase the covariance as if the bias had changed by `knock_rad_s` (SD, each axis) `knock_s` ago."""
    knock, seconds = params[idx.KNOCK_RAD_S], params[idx.KNOCK_S]
    variance = knock * knock
    for j in range(idx.BIAS_AT, idx.MATRIX_AT):
        cov[j, j] += variance
    for i in range(2):
        cov[i, i] += variance * seconds * seconds
        for j in range(3):
            both = variance * seconds / state[idx.BLOCK_S] * state[idx.BLOCK_LEAN + 12 * i + j]
            cov[i, idx.BIAS_AT + j] += both
            cov[idx.BIAS_AT + j, i] += both
    state[idx.RECOVERIES] += 1.0
