"""Recordings of Alcantara et al. as samples: a real sacral accelerometer, one man, flat and slopes, force plates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bench.lib.recordings import data_dir
from untuck.model import CONTACT_DTYPE, GRAVITY_M_S2
from untuck.samples import Samples

STAND_S = 3.0


def alcantara_samples(row: int) -> tuple[Samples, NDArray[np.void], float]:
    """Samples at 100 Hz of one trial after 3 s of standing, its contacts, and its start in s.

    The set has vertical and fore-aft acceleration only: gyro and sideways acceleration are zero, so there is no side.
    Its mean is 1.2 g, which is impossible over a whole trial: each trial is scaled to a mean of 1 g.
    """
    with np.load(data_dir() / "alcantara" / "alcantara.npz") as file:
        vertical, fore_aft, rate_hz = file["acc_vert"][row].astype(float), file["acc_ap"][row], float(file["fs"])
        times = file[f"contacts_{row}"]
    scale = GRAVITY_M_S2 / vertical.mean()
    time_s = np.arange(0, STAND_S + (len(vertical) - 1) / rate_hz, 0.01)
    at_s = time_s - STAND_S
    source_s = np.arange(len(vertical)) / rate_hz
    acc = np.zeros((len(time_s), 3))
    acc[:, 1] = np.where(at_s < 0, GRAVITY_M_S2, np.interp(at_s, source_s, vertical * scale))
    acc[:, 2] = np.where(at_s < 0, 0.0, -np.interp(at_s, source_s, (fore_aft - fore_aft.mean()) * scale))
    contacts = np.zeros(len(times), CONTACT_DTYPE)
    contacts["time_s"], contacts["toe_off_s"] = (times + STAND_S).T
    return Samples(time_s, np.zeros((len(time_s), 3)), acc), contacts, STAND_S
