"""How a worn clip turns against the pelvis while its runner runs: drawn per person, for `virtual_imu(clip_turn_deg=)`.

A sum of harmonics of the stride about three axes: one part repeats and differs between people, one changes from stride
to stride, and the mean drifts. The sizes are measured: `python -m bench worn` fits them again and shows the difference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline, PchipInterpolator
from scipy.ndimage import gaussian_filter1d

from untuck.model import LEFT, RIGHT, Floats

__all__ = ["ClipMotion", "clip_turn_deg", "draw_clip_motion", "stride_phase"]

# Axes of all tables: forward, up, right of the pelvis. Phase 0 is the middle of a right contact. Measured on the nine
# running trials (17 strides) of five people in Grouvel et al. 2023, Scientific Data, 10.1038/s41597-023-02077-3: a
# rigid cluster of markers on a sensor strapped to the sacrum, against the markers on the four iliac spines.

# What people share, as harmonic: (cosine, sine) in deg. Without a preferred side, the motion of the mirrored runner is
# the same half a stride later: only odd harmonics about forward and up, and even ones about right, can be shared.
SHARED_DEG: tuple[dict[int, tuple[float, float]], ...] = (
    {1: (-0.22, -3.68), 3: (-0.71, -0.08)},
    {1: (-0.47, -1.13)},
    {2: (-1.26, -1.24), 4: (1.03, 0.55)},
)
# SD between people of each cosine and sine, harmonics 1 to 6, in deg: the mean square is that of the five people.
PERSONAL_DEG = (
    (0.73, 0.24, 0.22, 0.21, 0.31, 0.06),
    (0.99, 0.25, 0.32, 0.10, 0.23, 0.07),
    (0.65, 1.49, 0.21, 0.84, 0.19, 0.63),
)
# SD from stride to stride, in deg: of the mean, and of the first harmonic's cosine and sine; those of harmonic k are
# smaller by sqrt(k). Successive strides are independent: in walking, where there are up to ten trials a person, trials
# differ by no more than their strides do.
VARYING_MEAN_DEG = (0.15, 0.30, 0.20)
VARYING_FIRST_DEG = (0.19, 0.44, 0.28)
VARYING_HARMONICS = 10
VARYING_SPREAD = (0.1, 0.5, 0.3)  # between people, SD of the logarithm; a restless clip is restless about every axis

# Of the measured difference, the share that the clip is given. Skin also moves under the markers of the pelvis. Nobody
# has measured both against bone in running; if they are independent and equal, each is the square root of a half.
CLIP_SHARE = 0.7

# The trials last 2 s and cannot show drift: a judgement. Stride tilt of 37 recordings of joggers wanders by 0.9-1.2 deg
# (SisFall, Sucerquia et al. 2017), runner and clip together.
DRIFT_DEG = 0.5
DRIFT_STRIDES = 90.0

POINTS_PER_STRIDE = 10  # of the random numbers, which are then interpolated
STRIDE_WIDTH = 0.3  # strides, SD of the kernel that smooths them: correlation of neighbouring strides 0.06


@dataclass(frozen=True, eq=False)
class ClipMotion:
    """One person's clip. repeating_deg (3,6,2), varying_deg (3,11) by harmonic from 0, drift_deg; axes as above."""

    repeating_deg: Floats
    varying_deg: Floats
    drift_deg: float


def draw_clip_motion(rng: np.random.Generator, share: float = CLIP_SHARE) -> ClipMotion:
    """A person drawn at random; `share` of the measured motion is the clip's, 1 reproduces the measurement."""
    personal = np.array(PERSONAL_DEG)
    repeating = personal[:, :, None] * rng.normal(size=(*personal.shape, 2))
    for axis, shared in enumerate(SHARED_DEG):
        for harmonic, pair in shared.items():
            repeating[axis, harmonic - 1] += pair
    restless = np.exp(np.array(VARYING_SPREAD) * rng.normal())
    harmonics = np.arange(1, VARYING_HARMONICS + 1)
    varying = np.column_stack([VARYING_MEAN_DEG, np.outer(VARYING_FIRST_DEG, harmonics**-0.5)])
    return ClipMotion(share * repeating, share * restless[:, None] * varying, DRIFT_DEG)


def stride_phase(time_s: Floats, contacts: NDArray[np.void]) -> Floats:
    """(N,) phase in strides: whole in the middle of right contacts, a half later in that of left ones.

    contacts: CONTACT_DTYPE with sides, at least two. Extrapolated before the first and after the last contact; across a
    break the phase advances by about the median stride.
    """
    sided = contacts[np.isin(contacts["side"], (LEFT, RIGHT))]
    middle_s = (sided["time_s"] + sided["toe_off_s"]) / 2
    half = np.where(sided["side"] == RIGHT, 0.0, 0.5)
    stride_s = 2 * float(np.median(np.diff(middle_s)))
    step = half[1:] - half[:-1]
    step += np.maximum(np.rint(np.diff(middle_s) / stride_s - step), np.where(step > 0, 0, 1))
    phase = half[0] + np.concatenate([[0.0], np.cumsum(step)])
    ends_s = np.array([min(time_s[0], middle_s[0]) - stride_s, max(time_s[-1], middle_s[-1]) + stride_s])
    ends = phase[[0, -1]] + (ends_s - middle_s[[0, -1]]) / stride_s
    at_s = np.concatenate([ends_s[:1], middle_s, ends_s[1:]])
    smooth: Floats = PchipInterpolator(at_s, np.concatenate([ends[:1], phase, ends[1:]]))(time_s)
    return smooth


def _noise(phase: Floats, columns: int, width: float, rng: np.random.Generator) -> Floats:
    """(N, columns) smooth Gaussian noise of SD 1, a function of phase; `width` in strides."""
    points = POINTS_PER_STRIDE / max(1.0, width)  # per stride
    sigma = width * points
    margin = int(4 * sigma) + 2
    count = int(np.ceil((phase.max() - phase.min()) * points)) + 2 * margin
    drawn = gaussian_filter1d(rng.normal(size=(count, columns)), sigma, axis=0) * np.sqrt(2 * np.sqrt(np.pi) * sigma)
    noise: Floats = CubicSpline(np.arange(count), drawn)(margin + (phase - phase.min()) * points)
    return noise


def clip_turn_deg(
    motion: ClipMotion, phase: Floats, running: Floats, rng: np.random.Generator, strides_vary: bool = True
) -> Floats:
    """(N,3) rotation of the clip about the pelvis's forward, up and right axes, in deg.

    phase (N,) of `stride_phase`; running (N,) weight from 0 at rest to 1: at rest the clip is still. With strides_vary
    false only the part that repeats.
    """
    turn = np.zeros((len(phase), 3))
    for k in range(VARYING_HARMONICS + 1):
        angle = 2 * np.pi * k * phase[:, None]
        waves = (np.cos(angle), np.sin(angle))[: 1 if k == 0 else 2]
        for which, wave in enumerate(waves):
            if 1 <= k <= motion.repeating_deg.shape[1]:
                turn += wave * motion.repeating_deg[:, k - 1, which]
            if strides_vary:
                turn += wave * motion.varying_deg[:, k] * _noise(phase, 3, STRIDE_WIDTH, rng)
    if strides_vary:
        turn += motion.drift_deg * _noise(phase, 3, DRIFT_STRIDES, rng)
    return turn * running[:, None]
