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

__all__ = ["MEASURED", "ClipMotion", "ClipSizes", "clip_turn_deg", "draw_clip_motion", "stride_phase"]


@dataclass(frozen=True)
class ClipSizes:
    """Sizes in deg, for the axes forward, up, right of the pelvis; phase 0 is the middle of a right contact.

    shared: what people have in common, harmonic: (cosine, sine). Without a preferred side the motion of the mirrored
    runner is the same half a stride later: only odd harmonics about forward and up, and even ones about right, can be
    shared. personal: SD between people of each cosine and sine, harmonics 1 to 6; the mean square is the measured one.
    varying_mean, varying_first: SD from stride to stride of the mean, and of the first harmonic's cosine and sine;
    those of harmonic k are smaller by sqrt(k). spread: SD between people of the logarithm of these; one clip is
    restless about every axis.
    """

    shared: tuple[dict[int, tuple[float, float]], ...]
    personal: tuple[tuple[float, ...], ...]
    varying_mean: tuple[float, float, float]
    varying_first: tuple[float, float, float]
    spread: tuple[float, float, float]


# Nine running trials (17 strides) of five people in Grouvel et al. 2023, Scientific Data, 10.1038/s41597-023-02077-3: a
# rigid cluster of markers on a sensor strapped to the sacrum, against the markers on the four iliac spines.
# bench/lib/worn_fit.py finds these figures. Successive strides are independent: in walking, where there are up to ten
# trials a person, trials differ by no more than their strides do. Acceleration drives no more than the harmonics hold:
# differences between successive strides do not follow those of acceleration in a person left out.
MEASURED = ClipSizes(
    shared=({1: (-0.49, -3.67), 3: (-0.70, 0.10)}, {1: (-0.56, -1.11)}, {2: (-1.44, -1.01), 4: (1.16, 0.22)}),
    personal=(
        (0.74, 0.24, 0.21, 0.21, 0.31, 0.08),
        (0.96, 0.27, 0.31, 0.05, 0.19, 0.10),
        (0.66, 1.50, 0.27, 0.84, 0.17, 0.63),
    ),
    varying_mean=(0.12, 0.24, 0.20),
    varying_first=(0.17, 0.39, 0.31),
    spread=(0.09, 0.46, 0.27),
)
VARYING_HARMONICS = 10

# Of the measured difference, the share that the clip is given. Skin also moves under the markers of the pelvis. Nobody
# has measured both against bone in running; if they are independent and equal, each is the square root of a half.
CLIP_SHARE = 0.7

# The trials last 2 s and cannot show drift: a judgement. In 37 recordings of joggers with a sensor on the belt
# (SisFall, Sucerquia et al. 2017) stride tilt wanders by 0.9-1.2 deg, runner and clip together.
DRIFT_DEG = 0.5
DRIFT_STRIDES = 90.0

POINTS_PER_STRIDE = 10  # of the random numbers, which are then interpolated
STRIDE_WIDTH = 0.3  # strides, SD of the kernel that smooths them: correlation of neighbouring strides 0.06


@dataclass(frozen=True, eq=False)
class ClipMotion:
    """One person's clip: repeating_deg (3,6,2); varying_deg (3,11) by harmonic from 0; drift_deg. Axes: `ClipSizes`."""

    repeating_deg: Floats
    varying_deg: Floats
    drift_deg: float


def draw_clip_motion(rng: np.random.Generator, share: float = CLIP_SHARE, sizes: ClipSizes = MEASURED) -> ClipMotion:
    """A person drawn at random; `share` of the measured motion is the clip's, 1 reproduces the measurement."""
    personal = np.array(sizes.personal)
    repeating = personal[:, :, None] * rng.normal(size=(*personal.shape, 2))
    for axis, shared in enumerate(sizes.shared):
        for harmonic, pair in shared.items():
            repeating[axis, harmonic - 1] += pair
    restless = np.exp(np.array(sizes.spread) * rng.normal())
    harmonics = np.arange(1, VARYING_HARMONICS + 1)
    varying = np.column_stack([sizes.varying_mean, np.outer(sizes.varying_first, harmonics**-0.5)])
    return ClipMotion(share * repeating, share * restless[:, None] * varying, share * DRIFT_DEG)


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
