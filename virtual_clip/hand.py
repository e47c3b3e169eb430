"""A hand that moves the clip as `untuck doctor --clip` asks: motion for the simulated sensor.

Poses are rotations from sensor to earth, reached along the shortest arc and held. Sensor axes: x right, y up, z
backward on the runner, which is the outer side of the clip.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation, Slerp

from untuck.samples import Samples

RATE_HZ = 100
MOVE_S = 1.2
FLAT = Rotation.identity()  # outer side up
UPRIGHT = Rotation.from_euler("x", 90, degrees=True)  # arrow up, forward is away from the hand
ARROW_DOWN = Rotation.from_euler("x", -90, degrees=True)


def tipped(forward_deg: float) -> Rotation:
    """The upright clip, its upper edge tipped forward."""
    return UPRIGHT * Rotation.from_euler("x", -forward_deg, degrees=True)


def turned(left_deg: float) -> Rotation:
    """The upright clip, turned to the left as seen from above."""
    return Rotation.from_euler("z", left_deg, degrees=True) * UPRIGHT


# one round: pose, and how long it is held in s
ROUND = (
    *((FLAT, 5.0), (UPRIGHT, 4.0), (tipped(45), 4.0), (UPRIGHT, 3.0)),
    *((turned(50), 0.0), (turned(100), 3.0), (turned(50), 0.0), (UPRIGHT, 1.0)),
)


def hand_motion(poses: tuple[tuple[Rotation, float], ...] = ROUND, rounds: int = 1, seed: int = 1) -> Samples:
    """Samples of the clip in a hand, with the noise of a sensor; the last pose is held for as long as anybody looks."""
    times_s, marks = [0.0], [poses[0][0]]
    for pose, hold_s in poses * rounds:
        times_s += [times_s[-1] + MOVE_S, times_s[-1] + MOVE_S + max(hold_s, 0.01)]
        marks += [pose, pose]
    grid_s = np.arange(round(times_s[-1] * RATE_HZ)) / RATE_HZ
    turns = Slerp(times_s, Rotation.concatenate(marks))(grid_s)
    rng = np.random.default_rng(seed)
    rates = (turns[:-1].inv() * turns[1:]).as_rotvec() * RATE_HZ
    gyr_rad_s = np.vstack([rates[:1], rates]) + rng.normal(scale=0.005, size=(len(grid_s), 3))
    acc_m_s2 = turns.inv().apply([0.0, 0.0, 9.80665]) + rng.normal(scale=0.05, size=(len(grid_s), 3))
    x, y, z, w = turns.as_quat().T
    return Samples(grid_s, gyr_rad_s, acc_m_s2, np.column_stack([w, x, y, z]))


def with_axes(samples: Samples, matrix: NDArray[np.float64]) -> Samples:
    """The same motion, as a sensor measures it whose axes are wired or mounted by this matrix (3,3); no quaternion."""
    return Samples(
        samples.time_s, samples.gyr_rad_s @ matrix.T, samples.acc_m_s2 @ matrix.T, np.zeros((len(samples.time_s), 4))
    )
