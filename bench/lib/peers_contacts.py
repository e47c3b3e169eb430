"""A published sacral contact detector as a peer: Auvinet et al. 2002, as Kiernan et al. 2023 describe it.

Of 18 methods on 74 runners, Kiernan et al. (Sensors 23, 5022) recommend this one for a sensor on the sacrum. Contact is
midway between the lowest vertical acceleration before its maximum and the instant at which the fore-aft acceleration
begins to fall to its next minimum. Toe-off is where the vertical acceleration first reaches -1 g (free fall) after
its maximum. Departures: earth axes come from our orientation, which is better than theirs; the maxima are those of the
acceleration low-passed at 5 Hz, one for each step; the zero-phase low-pass of the fine signal is at 20 Hz; where -1 g
is not reached, toe-off is the lowest acceleration before the next maximum.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, find_peaks, sosfiltfilt
from scipy.spatial.transform import Rotation

from untuck.model import CONTACT_DTYPE, GRAVITY_M_S2, Floats
from untuck.run_results import Run
from untuck.samples import Samples

LOWPASS_HZ = 20.0
PEAK_HZ = 5.0  # of the vertical maximum, once a step
REFRACTORY_S = 0.25
FREE_FALL_G = -1.0
PEAK_G = 0.4


def auvinet_contacts(samples: Samples, run: Run) -> NDArray[np.void]:
    """CONTACT_DTYPE without sides, from the samples and the orientation of our own analysis of them."""
    rate_hz = 1.0 / float(np.median(np.diff(samples.time_s)))
    time_s = np.arange(samples.time_s[0], samples.time_s[-1], 1.0 / rate_hz)
    turn = Rotation.from_quat(run.quat, scalar_first=True)
    earth = turn.apply(samples.acc_m_s2) / GRAVITY_M_S2 - np.array([0.0, 0.0, 1.0])
    ahead = turn.apply(np.array(run.calibration.sensor_to_pelvis[0]))[:, :2]
    fore = (earth[:, :2] * ahead).sum(axis=1)
    both = np.stack([np.interp(time_s, samples.time_s, values) for values in (earth[:, 2], fore)], axis=1)
    fine = sosfiltfilt(butter(2, min(LOWPASS_HZ, 0.45 * rate_hz), fs=rate_hz, output="sos"), both, axis=0)
    slow = sosfiltfilt(butter(2, PEAK_HZ, fs=rate_hz, output="sos"), both[:, 0])
    peaks, _ = find_peaks(slow, height=PEAK_G, distance=max(1, int(REFRACTORY_S * rate_hz)))
    found = [_events(fine, *(int(peak) for peak in peaks[k : k + 3])) for k in range(len(peaks) - 2)]
    out = np.zeros(len(found), CONTACT_DTYPE)
    if found:
        out["time_s"], out["toe_off_s"] = time_s[np.array(found)].T
    return out


def _events(fine: Floats, before: int, peak: int, after: int) -> tuple[int, int]:
    """Samples of contact and toe-off of the step with the middle one of three maxima."""
    lowest = before + int(np.argmin(fine[before : peak + 1, 0]))
    braking = lowest + int(np.argmin(fine[lowest : peak + 1, 1]))
    while braking > 0 and fine[braking - 1, 1] > fine[braking, 1]:
        braking -= 1
    flight = np.flatnonzero(fine[peak:after, 0] <= FREE_FALL_G)
    off = peak + int(flight[0] if len(flight) else np.argmin(fine[peak:after, 0]))
    return (lowest + braking) // 2, off
