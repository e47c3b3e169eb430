"""The mean stride: mean and SD of tilt, obliquity and rotation over 0-100 % of each side's own stride.

The left stride begins and ends with a left contact and is mirrored, so that both sides can be compared. For figures;
the features of strides are measured in motion/strides/stride.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from untuck.model import LEFT, RIGHT, Floats
from untuck.run_results import Run

POINTS = 101
MIRROR = {RIGHT: np.array([1.0, 1.0, 1.0]), LEFT: np.array([1.0, -1.0, -1.0])}  # tilt, obliquity, rotation
LONGEST_S = 0.95
MOST_STRIDES = 2000  # more do not change the figure visibly


@dataclass(frozen=True, eq=False)
class MeanStride:
    """right, left (2,3,POINTS): mean and SD of tilt, obliquity, rotation in degrees; count: strides of the right."""

    right: Floats
    left: Floats
    count: int

    def both(self, which: int) -> tuple[Floats, Floats]:
        """Mean and SD (POINTS,) over both sides, for angle 0, 1 or 2."""
        return (self.right[0, which] + self.left[0, which]) / 2, (self.right[1, which] + self.left[1, which]) / 2


def mean_stride(run: Run, first_s: float, end_s: float) -> MeanStride | None:
    """The mean stride of the clean strides that begin in first_s <= t < end_s; None for fewer than three."""
    strides = run.strides[run.strides["valid"]]
    strides = strides[(strides["start_s"] >= first_s) & (strides["start_s"] < end_s)]
    if len(strides) < 3 or len(run.time_s) == 0:
        return None
    strides = strides[:: len(strides) // MOST_STRIDES + 1]
    right = np.column_stack([strides["start_s"], strides["start_s"] + strides["duration_s"]])
    left = _left_of(run, right)
    if len(left) < 3:
        return None
    return MeanStride(_mean(run, right, MIRROR[RIGHT]), _mean(run, left, MIRROR[LEFT]), len(strides))


def _left_of(run: Run, right: Floats) -> Floats:
    """(K,2) times of a left contact and the next one, for strides from right to right contact (S,2)."""
    contacts: NDArray[np.float64] = run.contacts["time_s"][run.contacts["side"] == LEFT]
    at = np.searchsorted(contacts, right[:, 0])
    at = at[at + 1 < len(contacts)]
    left = np.column_stack([contacts[at], contacts[at + 1]])
    return left[left[:, 1] - left[:, 0] <= LONGEST_S]


def _mean(run: Run, spans: Floats, sign: Floats) -> Floats:
    """(2,3,POINTS) mean and SD of the three angles over time spans (K,2)."""
    grid = spans[:, :1] + np.linspace(0, 1, POINTS) * (spans[:, 1:] - spans[:, :1])
    out = np.empty((2, 3, POINTS))
    for k, trace in enumerate((run.tilt_deg, run.obliquity_deg, run.rotation_deg)):
        curves = sign[k] * np.interp(grid, run.time_s, trace)
        if k == 2:
            curves -= curves.mean(axis=1, keepdims=True)
        out[0, k], out[1, k] = curves.mean(axis=0), curves.std(axis=0)
    return out
