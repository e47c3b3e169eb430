"""Intake of samples: their clock is evened, they get their orientation, and the steps in them are detected.

Compiled loops do the work per sample, over each part of a chunk. Parts end where blocks of the absolute sample
number end, so that feedback from strides to the loops does not depend on chunks.
"""

from __future__ import annotations

from math import degrees, isfinite, isnan

import numpy as np

from untuck.model import GRAVITY_M_S2, Floats
from untuck.motion.clock import CLOCK_STATE_SIZE, even_stamps
from untuck.motion.history import History
from untuck.motion.orientation import layout
from untuck.motion.orientation.bias_watch import BiasChange, BiasWatch
from untuck.motion.orientation.driver import FilterInputs, orient_aided
from untuck.motion.orientation.filter import RATE_MAX_HZ, RATE_MIN_HZ, OrientationParams, OrientationState
from untuck.motion.params import Params
from untuck.motion.strides import kernels
from untuck.motion.strides.contacts import hump_edges_s, track_params
from untuck.samples import Samples

BLOCK_SAMPLES = 50  # the orientation gets a new speed at the start of such a block
_NO_CHIP = np.empty((0, 4))
_RATE_SAMPLES = 65  # at the start, from which the rate is measured
_RATE_SLACK = 1.2  # clocks deviate, and chips round the requested rate
_ACC_ENDS_M_S2 = 1.2 * GRAVITY_M_S2, 76.0  # a flat top between these is the end of a range below 8 g
_GYR_ENDS_RAD_S = 2.0, 30.0
_FLAT_MIN, _FLAT_SHARE = 10, 5e-4  # number and share of neighbouring samples at the same maximum


def rate_problem(time_s: Floats) -> str:
    """Why the rate of samples at time_s (n,) is not usable, "" if it is: the filters work from 50 to 1000 Hz."""
    if len(time_s) < 2:
        return ""
    rate_hz = 1.0 / float(np.median(np.diff(time_s)))
    if RATE_MIN_HZ / _RATE_SLACK <= rate_hz <= RATE_MAX_HZ * _RATE_SLACK:
        return ""
    return (
        f"The sample rate is {rate_hz:.3g} Hz, but {RATE_MIN_HZ:.0f} to {RATE_MAX_HZ:.0f} Hz are needed: "
        "check that time_s is in seconds, then record at another rate or resample."
    )


def range_problem(samples: Samples) -> str:
    """A warning where the sensor's range is too small for running, so that peaks are cut off; "" if it is not.

    Clipping at 8 g is no problem: the orientation filter allows for it, and steps are timed below it.
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
            if flat >= max(_FLAT_MIN, _FLAT_SHARE * len(samples)):
                return (
                    f"The {name}'s range ends at {scale * top:.3g} {unit}, which running exceeds: peaks are cut off, "
                    "and results that depend on them have an unknown error. Record with a wider range."
                )
    return ""


class Intake:
    """Processes samples in parts that do not cross the end of a block.

    last_s: time of the last sample, -inf before the first; stamp_s: its time stamp as given, which may have jitter;
    tilt_variance: of tilt in rad^2 at the block's start;
    bias_change: of the gyro, found at the block's start, usually None;
    problem: why the sample rate is not usable, "" if it is or is not known yet.
    """

    def __init__(self, params: Params, keep_samples: bool) -> None:
        self.history = History(keep_samples)
        self.last_s = self.stamp_s = -np.inf
        self._clock = np.zeros(CLOCK_STATE_SIZE)
        self.tilt_variance = np.nan
        self._dt_s = np.nan
        self.problem = ""
        self._orient_params = OrientationParams().as_array()
        self._orientation = OrientationState()
        self._bias_watch = BiasWatch()
        self.bias_change: BiasChange | None = None
        self._stored, self._speed = Samples([], np.empty((0, 3)), np.empty((0, 3))), np.empty(0)
        self._time_s = np.empty(0)  # of the stored samples, by the even clock
        self._taken, self._shift = 0, 0  # stored samples that are processed; their first row in the history's arrays
        self._track_params = track_params(params)
        self._track_state = np.zeros(kernels.TRACK_STATE_SIZE)
        each = int(params.reset_gap_s / params.refractory_s) + 1  # most steps that one sample can end
        self._steps = np.empty((each * BLOCK_SAMPLES + 1, kernels.STEP_COLUMNS))

    @property
    def chip_error_deg(self) -> float:
        """RMS angle between the chip's vertical and the filter's so far; NaN without a chip's quaternion."""
        return self._orientation.chip_error_deg

    def left_in_block(self) -> int:
        """Largest number of samples in the next part."""
        return BLOCK_SAMPLES - self.history.end % BLOCK_SAMPLES

    def begin_block(self, speed_m_s: float, forward: Floats) -> None:
        """Start a block: speed in m/s, NaN where unknown, and forward (3,) in sensor coordinates, from here on."""
        first = self._taken
        self._speed[first : first + BLOCK_SAMPLES] = speed_m_s
        self._orient_params[-3:] = forward
        if isnan(self._dt_s) and self.history.end >= _RATE_SAMPLES:
            self._dt_s = self.nominal_dt_s(_RATE_SAMPLES)
            self.problem = rate_problem(self.history.time(0, _RATE_SAMPLES))
        self.tilt_variance = 0.5 * self._orientation.tilt_variance  # one axis of two
        if isfinite(self.tilt_variance) and self._bias_watch.due(self.last_s):
            self.bias_change = self._bias_watch.push(self.last_s, *self._orientation.bias_estimate)
        else:
            self.bias_change = None

    def nominal_dt_s(self, number: int) -> float:
        """Usual time between samples, from the samples up to `number`, which is not the first."""
        count = min(number + 1, _RATE_SAMPLES)
        if count == _RATE_SAMPLES and not isnan(self._dt_s):
            return self._dt_s
        return float(np.median(np.diff(self.history.time(0, count))))

    def store(self, samples: Samples) -> float:
        """Store samples for `take`; all earlier ones must have been taken. Returns the time of the first in s."""
        history, self._time_s = self.history, np.empty(len(samples))
        even_stamps(self._clock, samples.time_s, self._time_s)
        self.stamp_s = samples.time_s.item(-1)
        history.store(self._time_s, samples.gyr_rad_s, samples.acc_m_s2)
        if samples.acc_end_m_s2 is not None:
            self._orient_params[layout.CLIP_M_S2] = samples.acc_end_m_s2
        speed = np.full(len(samples), self._speed[-1] if len(self._speed) else np.nan)
        self._stored, self._speed = samples, speed
        self._taken, self._shift = 0, history.end - history.base
        return self._time_s.item(0)

    def take(self, count: int) -> Floats:
        """Process samples; returns the step rows (n, STEP_COLUMNS) that they complete, valid until the next call."""
        first, end, shift, h = self._taken, self._taken + count, self._shift, self.history
        samples, state = self._stored, self._orientation.values
        time_s, acc, chip = self._time_s, samples.acc_m_s2, _NO_CHIP if samples.quat is None else samples.quat
        _, quat, earth, _ = h.until(h.end)
        inputs = FilterInputs(time_s, samples.gyr_rad_s, acc, chip, self._speed, past=h.past())
        orient_aided(self._orient_params, state, inputs, first, end, quat_out=quat, shift=shift)
        tracked = self._track_params, self._track_state, first, end, time_s, acc, quat, earth, shift, h.base
        found = kernels.track_chunk(*tracked, self._steps)
        self._taken = end
        h.end += count
        self.last_s = time_s.item(end - 1)
        return self._steps[:found]

    def finish(self) -> Floats:
        """Step rows (0 or 1, STEP_COLUMNS) unfinished at the recording's end, if the foot has left the ground."""
        row, last = self._steps[:1], self.history.end - 1
        known = isfinite(self.last_s) and kernels.last_step(self._track_params, self._track_state, last, row[0])
        return row if known and hump_edges_s(row[0])[1] <= self.last_s else row[:0]
