"""The intake: samples go into the history, get their orientation, and the steps in them are detected.

All that is done for every sample is done here, by two compiled loops over each part of a chunk; the parts end where
blocks of the absolute sample number end, so that what comes back from strides does not depend on chunks.
What the loops remember between parts, and when feedback reaches them, lives here.
"""

from __future__ import annotations

from math import degrees, isfinite, isnan

import numpy as np

from untuck.model import GRAVITY_M_S2, Floats, Samples
from untuck.motion.history import History
from untuck.motion.orientation.driver import orient_aided
from untuck.motion.orientation.filter import RATE_MAX_HZ, RATE_MIN_HZ, OrientationParams, OrientationState
from untuck.motion.params import Params
from untuck.motion.strides import kernels as k
from untuck.motion.strides.contacts import edges, track_params

BLOCK_SAMPLES = 50  # what strides tell of speed reaches the orientation at the next of these
_NO_CHIP = np.empty((0, 4))
_RATE_SAMPLES = 65  # the first samples tell the rate
_RATE_SLACK = 1.2  # clocks are off, and chips round the rate that they are asked for
_ACC_ENDS_M_S2 = 1.2 * GRAVITY_M_S2, 76.0  # a flat top between these is the end of a range that does not reach 8 g
_GYR_ENDS_RAD_S = 2.0, 30.0
_FLAT_LEAST, _FLAT_SHARE = 10, 5e-4  # pairs of samples at exactly the same top


def rate_problem(time_s: Floats) -> str:
    """What is wrong with the rate of samples at time_s (n,), "" if nothing: the filters work from 50 to 1000 Hz."""
    if len(time_s) < 2:
        return ""
    rate_hz = 1.0 / float(np.median(np.diff(time_s)))
    if RATE_MIN_HZ / _RATE_SLACK <= rate_hz <= RATE_MAX_HZ * _RATE_SLACK:
        return ""
    return (
        f"The samples come at {rate_hz:.3g} Hz, and {RATE_MIN_HZ:.0f} to {RATE_MAX_HZ:.0f} Hz are needed: "
        "is time_s in seconds? If so, record faster, or resample."
    )


def range_problem(samples: Samples) -> str:
    """What is told of a sensor whose range ends below what running brings, "" if nothing: its peaks are cut flat.

    A clip cut at 8 g is no problem: the orientation filter knows, and steps are timed below that.
    """
    for name, values, (least, most), unit, scale in (
        ("accelerometer", samples.acc_m_s2, _ACC_ENDS_M_S2, "g", 1.0 / GRAVITY_M_S2),
        ("gyro", samples.gyr_rad_s, _GYR_ENDS_RAD_S, "deg/s", degrees(1.0)),
    ):
        for column in values.T:
            top = max(column.max(), -column.min())
            if not least < top < most:
                continue
            flat = np.count_nonzero(np.diff(np.flatnonzero(np.abs(column) == top)) == 1)  # pairs of neighbours
            if flat >= max(_FLAT_LEAST, _FLAT_SHARE * len(samples)):
                return (
                    f"The {name} ends at {scale * top:.3g} {unit}, and running goes beyond: peaks are cut off, and "
                    "what rests on them is wrong by an unknown amount. Record with a wider range."
                )
    return ""


class Intake:
    """Takes samples in, in parts that end with a block at the latest.

    last_s: time of the last sample, -inf before any; tilt_variance: of tilt in rad^2 when the block began;
    problem: what is wrong with the rate of samples, "" if nothing, or not known yet.
    """

    def __init__(self, params: Params, keep_samples: bool) -> None:
        self.history = History(keep_samples)
        self.last_s = -np.inf
        self.tilt_variance = np.nan
        self._dt_s = np.nan
        self.problem = ""
        self._orient_params = OrientationParams().as_array()
        self._orientation = OrientationState()
        self._stored, self._speed = Samples([], np.empty((0, 3)), np.empty((0, 3))), np.empty(0)
        self._taken, self._shift = 0, 0  # of those in store; where they begin in the history's arrays
        self._track_params = track_params(params)
        self._track_state = np.zeros(k.TRACK_STATE_SIZE)
        each = int(params.reset_gap_s / params.refractory_s) + 1  # more steps than that no sample can end
        self._steps = np.empty((each * BLOCK_SAMPLES + 1, k.STEP_COLUMNS))

    @property
    def chip_error_deg(self) -> float:
        """RMS angle between the chip's vertical and the filter's so far; NaN without a chip's quaternion."""
        return self._orientation.chip_error_deg

    def left_in_block(self) -> int:
        """How many samples the next part may have at most."""
        return BLOCK_SAMPLES - self.history.end % BLOCK_SAMPLES

    def begin_block(self, speed_m_s: float, forward: Floats) -> None:
        """What is known of speed, and of where forward (3,) points in the sensor, from here on."""
        first = self._taken
        self._speed[first : first + BLOCK_SAMPLES] = speed_m_s
        self._orient_params[-3:] = forward
        if isnan(self._dt_s) and self.history.end >= _RATE_SAMPLES:
            self._dt_s = self.nominal_dt_s(_RATE_SAMPLES)
            self.problem = rate_problem(self.history.time(0, _RATE_SAMPLES))
        self.tilt_variance = 0.5 * self._orientation.tilt_variance  # one axis of two

    def nominal_dt_s(self, number: int) -> float:
        """Usual time between samples, by what is known at sample `number`, which is not the first."""
        count = min(number + 1, _RATE_SAMPLES)
        if count == _RATE_SAMPLES and not isnan(self._dt_s):
            return self._dt_s
        return float(np.median(np.diff(self.history.time(0, count))))

    def store(self, samples: Samples) -> None:
        """Make the samples ready that `take` then takes in; those before must have been taken."""
        history = self.history
        history.store(samples.time_s, samples.gyr_rad_s, samples.acc_m_s2)
        speed = np.full(len(samples), self._speed[-1] if len(self._speed) else np.nan)
        self._stored, self._speed = samples, speed
        self._taken, self._shift = 0, history.end - history.base

    def take(self, count: int) -> Floats:
        """Step rows (n, STEP_COLUMNS) that become known within the next samples, valid until the next call."""
        first, end, shift, h = self._taken, self._taken + count, self._shift, self.history
        samples, state = self._stored, self._orientation.values
        time_s, acc, chip = samples.time_s, samples.acc_m_s2, _NO_CHIP if samples.quat is None else samples.quat
        _, quat, earth, _ = h.until(h.end)
        inputs = time_s, samples.gyr_rad_s, acc, chip, self._speed
        orient_aided(self._orient_params, state, first, end, *inputs, quat, shift)
        tracked = self._track_params, self._track_state, first, end, time_s, acc, quat, earth, shift, h.base
        found = k.track_chunk(*tracked, self._steps)
        self._taken = end
        h.end += count
        self.last_s = time_s.item(end - 1)
        return self._steps[:found]

    def finish(self) -> Floats:
        """Step rows (0 or 1, STEP_COLUMNS) left open by the end of the recording, if the foot has left the ground."""
        row, last = self._steps[:1], self.history.end - 1
        known = isfinite(self.last_s) and k.last_step(self._track_params, self._track_state, last, row[0])
        return row if known and edges(row[0])[1] <= self.last_s else row[:0]
