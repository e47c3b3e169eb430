"""Writes host/untuck/simulate/example.npz, the recording that `untuck.example()` returns, from the simulated runner.

Numbers are stored as the wire carries them, 16-bit integers, so that nothing is lost and the file stays small.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from untuck.samples import Samples
from untuck.simulate.example import PATH
from untuck.simulate.runner import simulate
from untuck.simulate.scenario import Scenario
from untuck.wire import ACC_SCALE, GYR_SCALE, QUAT_SCALE

SEED, RATE_HZ = 0, 100


def example_samples() -> Samples:
    """The default scenario: stand, three hinges, run, tuck, recover, pull the right hip back, recover, stand."""
    return simulate(Scenario.default(), SEED, RATE_HZ).samples


def write(path: Path = PATH) -> None:
    """Write the recording."""
    samples = example_samples()
    assert samples.quat is not None
    parts = {
        "gyr": (samples.gyr_rad_s, GYR_SCALE),
        "acc": (samples.acc_m_s2, ACC_SCALE),
        "quat": (samples.quat, QUAT_SCALE),
    }
    stored = {name: np.rint(values * scale).astype(np.int16) for name, (values, scale) in parts.items()}
    np.savez_compressed(path, rate_hz=np.int64(RATE_HZ), **stored)


if __name__ == "__main__":
    write()
