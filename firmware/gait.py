# Steps, cadence, standing and the vertical direction, sample by sample; integers only, no allocation.
# A step is an upward crossing of the low-passed vertical acceleration after a flight phase, as in the host's contact
# detection; walking has no flight phase, so its steps are not counted.

import math
from array import array
from time import ticks_add, ticks_diff

import micropython
from micropython import const

_G = const(2511)  # 9.80665 m/s^2 in Q8
_CROSSING = const(628)  # 0.25 g above rest
_FLIGHT = const(-1758)  # -0.7 g: almost free fall
_REFRACTORY_MS = const(200)
_LONGEST_STEP_MS = const(600)
_LONG_AGO_MS = const(60000)  # a step before that counts as so long ago: ticks_diff is right for six days
_STEPS = const(8)  # cadence is the mean over these; this many in a row count as running
_STILL_GYR = const(45)  # 5 deg/s in Q9
_STILL_ACC = const(52)  # 0.02 g
_MOST_ACC = const(20000)  # 8 g: more is clipped, so that the filter's products stay small integers on a 32-bit board
_CUTOFF_HZ = 4.0
_SHIFT = const(14)


class Gait:
    """Call add() for every sample. up_*: vertical in sensor axes, in 1/4096; still: no motion; steps: since begin().

    Times in ms wrap at 2^30, as ticks_ms on a board: compare them with ticks_diff.
    """

    def __init__(self):
        self.steps = 0
        self.up_x = self.up_y = self.up_z = 0
        self.still = False
        self.now_ms = 0  # time of the last sample, on the sensor's clock
        self.run_began_ms = -1  # -1: not running
        self._b0 = self._a1 = self._a2 = 0
        self._times_ms = array("i", bytes(4 * _STEPS))
        self._forget()

    def begin(self, rate_hz):
        """Set the sample rate and design the low-pass, a second-order Butterworth filter."""
        k = math.tan(math.pi * _CUTOFF_HZ / rate_hz)
        norm = 1 / (1 + math.sqrt(2) * k + k * k)
        one = 1 << _SHIFT
        self._b0 = round(k * k * norm * one)
        self._a1 = round(2 * (k * k - 1) * norm * one)
        self._a2 = 4 * self._b0 - one - self._a1  # gain of 1 at 0 Hz
        self._forget()

    def cadence_spm(self):
        """Steps a minute; 0 while the runner is not running."""
        if self.run_began_ms < 0:
            return 0
        span_ms = ticks_diff(self.last_step_ms, self._times_ms[self.steps % _STEPS])
        return 60000 * (_STEPS - 1) // span_ms if span_ms > 0 else 0

    @micropython.native
    def add(self, sample, time_s, time_us):
        """Add a sample in wire order; True if it completes a running step."""
        # modulo 2^30; time_s * 1000 would be allocated on a board after 12 days
        now_ms = ticks_add((time_s * 125 & 0x7FFFFFF) << 3, time_us // 1000)
        self.now_ms = now_ms
        w = sample[0] >> 2
        x = sample[1] >> 2
        y = sample[2] >> 2
        z = sample[3] >> 2
        if w or x or y or z:  # else there is no quaternion: keep the last vertical
            self.up_x = (x * z - w * y) >> 11
            self.up_y = (y * z + w * x) >> 11
            self.up_z = 4096 - ((x * x + y * y) >> 11)
        ax = sample[4]
        ay = sample[5]
        az = sample[6]
        vertical = ((self.up_x * ax + self.up_y * ay + self.up_z * az) >> 12) - _G
        quiet = -_STILL_GYR < sample[7] < _STILL_GYR and -_STILL_GYR < sample[8] < _STILL_GYR
        self.still = quiet and -_STILL_GYR < sample[9] < _STILL_GYR and -_STILL_ACC < vertical < _STILL_ACC
        return self._detect_step(vertical, now_ms)

    @micropython.native
    def _detect_step(self, vertical, now_ms):
        if vertical > _MOST_ACC:
            vertical = _MOST_ACC
        elif vertical < -_MOST_ACC:
            vertical = -_MOST_ACC
        fed = self._b0 * (vertical + 2 * self._x1 + self._x2)
        low = (fed - self._a1 * self._y1 - self._a2 * self._y2) >> 14
        crossing = low >= _CROSSING > self._y1
        self._x2 = self._x1
        self._x1 = vertical
        self._y2 = self._y1
        self._y1 = low
        if vertical < _FLIGHT:
            self._flew = True
        since_ms = ticks_diff(now_ms, self.last_step_ms)
        if not 0 <= since_ms <= _LONG_AGO_MS:
            since_ms = _LONG_AGO_MS
            self.last_step_ms = ticks_add(now_ms, -_LONG_AGO_MS)
        if self.run_began_ms >= 0 and since_ms > 2000:
            self.run_began_ms = -1
            self._row = 0
        if not crossing or not self._flew or since_ms < _REFRACTORY_MS:
            return False
        self._row = self._row + 1 if since_ms < _LONGEST_STEP_MS else 1
        self._flew = False
        self.last_step_ms = now_ms
        self.steps += 1
        self._times_ms[(self.steps - 1) % _STEPS] = now_ms
        if self._row >= _STEPS and self.run_began_ms < 0:
            self.run_began_ms = now_ms
        return self.run_began_ms >= 0

    def _forget(self):
        self._x1 = self._x2 = self._y1 = self._y2 = 0
        self._flew = False
        self.last_step_ms = ticks_add(self.now_ms, -_LONG_AGO_MS)
        self._row = 0
        self.run_began_ms = -1
