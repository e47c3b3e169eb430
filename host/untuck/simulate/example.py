"""The example recording that comes with the package: one run of the simulated runner, read without the simulator."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from untuck.samples import Samples
from untuck.wire import ACC_SCALE, GYR_SCALE, QUAT_SCALE

PATH = Path(__file__).with_name("example.npz")  # written by tools/make_example.py
RUN_S = 20.0  # the runner runs from here on


def example() -> Samples:
    """Load the example recording: a simulated runner, no recording of a person.

    The runner stands for 7 s, hinges three times, runs from 20 s on, tucks by 7 degrees from 70 to 90 s, pulls the
    right hip back by 5 degrees from 106 to 126 s, and stands at the end. The clip sits askew and a little loosely, and
    the sensor has the noise of a BNO085 (`virtual_imu` describes both).

    Returns
    -------
    Samples
        143 s at 100 Hz, with the chip's own quaternion.

    Examples
    --------
    >>> import untuck
    >>> untuck.example()
    Samples(14301 at 100 Hz, 0.0 to 143.0 s, with the chip's quaternion)
    """
    with np.load(PATH, allow_pickle=False) as stored:
        gyr, acc = stored["gyr"] / GYR_SCALE, stored["acc"] / ACC_SCALE
        return Samples(np.arange(len(gyr)) / float(stored["rate_hz"]), gyr, acc, stored["quat"] / QUAT_SCALE)
