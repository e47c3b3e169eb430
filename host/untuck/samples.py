"""Samples: what a sensor measured, checked for shape, range and order of time when they are made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from untuck.errors import SamplesError
from untuck.model import GRAVITY_M_S2, Floats

_LARGEST = {  # beyond is another unit, or damage
    "time_s": (1e11, "pass seconds"),  # since 1970 they are 1.7e9; milliseconds would be 1.7e12
    "gyr_rad_s": (100.0, "pass rad/s, which is numpy.radians of deg/s"),  # sensors end at 70
    "acc_m_s2": (1e4, "pass m/s^2"),
    "quat": (4.0, "pass unit quaternions, zeros where missing"),
}


def _numbers(name: str, value: ArrayLike | None) -> Floats:
    """A contiguous array of plain numbers in the range that this field of Samples may have."""
    try:
        array = np.ascontiguousarray(value if value is not None else (), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise SamplesError(f"{name} is no array of plain numbers ({error}).") from error
    limit, advice = _LARGEST[name]
    if array.size and not -limit <= array.min() <= array.max() <= limit:  # what is not finite is not within either
        within = abs(array) <= limit
        row = int(np.argwhere(~within)[0][0])
        number = array[row].flat[int(np.argmin(within[row]))] if array.ndim > 1 else array[row]
        if not np.isfinite(number):
            raise SamplesError(f"{name} is not finite at sample {row}: leave such samples out, gaps are allowed.")
        raise SamplesError(f"{name} is {number:.4g} at sample {row}, which no sensor gives: {advice}.")
    return array


@dataclass(frozen=True, eq=False)
class Samples:
    """Sensor samples in the sensor frame: x to the runner's right, y up, z backward.

    Parameters
    ----------
    time_s : (N,) array, s
        On the sensor's clock, strictly increasing. Gaps are allowed.
    gyr_rad_s : (N, 3) array, rad/s
        Angular rate.
    acc_m_s2 : (N, 3) array, m/s^2
        Specific force: at rest it points up with 9.81 m/s^2.
    quat : (N, 4) array, optional
        The sensor chip's own orientation, unit quaternions w x y z, sensor to earth; rows of zeros where missing.
    acc_end_m_s2 : float, m/s^2, optional
        Where the accelerometer's range ends. A longer acceleration is taken as cut off, None as the end of 8 g.

    Raises
    ------
    SamplesError
        For wrong shapes, for values that are not finite or that no sensor gives (mostly another unit), or for time
        that does not increase.

    Examples
    --------
    Two seconds of a sensor at rest on the back of a waistband, and the second of them:

    >>> import numpy as np, untuck
    >>> time_s = np.arange(200) / 100
    >>> s = untuck.Samples(time_s, np.zeros((200, 3)), np.tile([0.0, 9.81, 0.0], (200, 1)))
    >>> s
    Samples(200 at 100 Hz, 0.0 to 2.0 s)
    >>> s[100:]
    Samples(100 at 100 Hz, 1.0 to 2.0 s)
    """

    time_s: Floats
    gyr_rad_s: Floats
    acc_m_s2: Floats
    quat: Floats | None = None
    acc_end_m_s2: float | None = None

    def __init__(
        self,
        time_s: ArrayLike,
        gyr_rad_s: ArrayLike,
        acc_m_s2: ArrayLike,
        quat: ArrayLike | None = None,
        acc_end_m_s2: float | None = None,
    ) -> None:
        time = _numbers("time_s", time_s)
        if time.ndim != 1:
            raise SamplesError(f"time_s must have one axis, not shape {time.shape}: pass seconds as (N,).")
        object.__setattr__(self, "time_s", time)
        for name, value, width in (("gyr_rad_s", gyr_rad_s, 3), ("acc_m_s2", acc_m_s2, 3), ("quat", quat, 4)):
            array = None if value is None and name == "quat" else _numbers(name, value)
            if array is not None and array.shape != (len(time), width):
                raise SamplesError(f"{name} has shape {array.shape}, but time_s asks for ({len(time)}, {width}).")
            object.__setattr__(self, name, array)
        if acc_end_m_s2 is not None and not acc_end_m_s2 > GRAVITY_M_S2:
            raise SamplesError(f"acc_end_m_s2 is {acc_end_m_s2}: pass the end of the range in m/s^2, above gravity.")
        object.__setattr__(self, "acc_end_m_s2", acc_end_m_s2)
        if len(time) > 1 and not (time[1:] > time[:-1]).all():
            row = int(np.flatnonzero(time[1:] <= time[:-1])[0]) + 1
            raise SamplesError(f"time_s does not increase at sample {row}: sort the samples and drop doubles.")

    def __len__(self) -> int:
        return len(self.time_s)

    def __repr__(self) -> str:
        if len(self) < 2:
            return f"Samples({len(self)})"
        rate_hz = 1.0 / float(np.median(np.diff(self.time_s)))
        quat = "" if self.quat is None else ", with the chip's quaternion"
        return f"Samples({len(self)} at {rate_hz:.4g} Hz, {self.time_s[0]:.1f} to {self.time_s[-1]:.1f} s{quat})"

    def __getitem__(self, part: slice) -> Samples:
        if isinstance(part, slice) and part.step in (None, 1):  # checked already, as a part of these
            same = object.__new__(Samples)
            for name in ("time_s", "gyr_rad_s", "acc_m_s2"):
                object.__setattr__(same, name, getattr(self, name)[part])
            object.__setattr__(same, "quat", None if self.quat is None else self.quat[part])
            object.__setattr__(same, "acc_end_m_s2", self.acc_end_m_s2)
            return same
        return Samples(
            self.time_s[part],
            self.gyr_rad_s[part],
            self.acc_m_s2[part],
            None if self.quat is None else self.quat[part],
            self.acc_end_m_s2,
        )
