# Steps, cadence, standing and the vertical direction, sample by sample; integers only, no allocation.
# A step is the time between two upward crossings of the low-passed vertical acceleration. It was run if the pelvis was
# fastest when highest, as on a spring; a walker vaults over the leg and is slowest when highest. The host has the same
# rule. The clip's z axis points backward.

import math
from array import array
from time import ticks_add, ticks_diff

import micropython
import wire
from micropython import const

_G = const(2511)  # 9.80665 m/s^2 in Q8
_CROSSING = const(628)  # 0.25 g above rest
_LIFT_MIN = const(628)  # half the range of a step's vertical acceleration: 0.25 g; below, shuffling
_LIFT_RUN = const(3767)  # 1.5 g: running whatever the direction; the fastest recorded walk has 1.1 g
_LIFT_SURE = const(3139)  # 1.25 g: running without doubt, which shows whether the clip faces backward
_FACING_MOST = const(8)  # steps that agree, in net; half of them decide
_REFRACTORY_MS = const(200)
_LONGEST_STEP_MS = const(600)
_LONG_AGO_MS = const(60000)  # a step before that counts as so long ago: ticks_diff is right for six days
_LONGEST_GAP_MS = const(60)  # shorter ones are interpolated; a longer one may hide half a step
_STEPS = const(8)  # cadence is the mean over these; this many in a row count as running
_STILL_GYR = const(45)  # 5 deg/s in Q9
_STILL_ACC = const(52)  # 0.02 g
_STILL_ACC_RAW = const(154)  # 0.06 g, for a chip that does not calibrate itself: offsets of 20 mg are typical
_MOST_ACC = const(20000)  # 8 g: more is clipped, so that the filter's products stay small integers on a 32-bit board
_CUTOFF_HZ = 4.0
_SHIFT = const(14)
_MOST_SUMMED = const(64)  # more than the longest step has
_SUMS_HZ = const(50)  # at least; the spring is summed over every few samples, which keeps the sums small


class Gait:
    """Call add() for every sample. up_*: vertical in sensor axes, in 1/4096; still: no motion; steps: since begin().

    breaks: how often a step was not run, or was dropped because samples are missing. sensor: its id. Where it has no
    quaternion, the vertical comes from gravity.py.
    Times in ms wrap at 2^30, as ticks_ms on a board: compare them with ticks_diff.
    """

    def __init__(self, sensor=wire.SENSOR_BNO085):
        _, acc_scale, gyr_scale, _, _, has_quat = wire.SENSORS[sensor]
        self._acc_bits = 0  # of the scales, which are powers of two
        while 1 << self._acc_bits < acc_scale:
            self._acc_bits += 1
        self._gyr_bits = 0
        while 1 << self._gyr_bits < gyr_scale:
            self._gyr_bits += 1
        self._gravity = None
        self._still_acc = _STILL_ACC
        if not has_quat:
            self._still_acc = _STILL_ACC_RAW
            from gravity import Gravity

            self._gravity = Gravity(sensor)
        self.steps = 0
        self.breaks = 0
        self.up_x = self.up_y = self.up_z = 0
        self.still = False
        self.turned = False  # inside out, as far as steps have shown
        self._facing = 0
        self.now_ms = 0  # time of the last sample, on the sensor's clock
        self.run_began_ms = -1  # -1: not running
        self._b0 = self._a1 = self._a2 = 0
        self._rate_hz = self._every = 1
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
        self._rate_hz = rate_hz
        self._every = max(1, rate_hz // _SUMS_HZ)
        if self._gravity is not None:
            self._gravity.begin(rate_hz)
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
        passed_ms = ticks_diff(now_ms, self.now_ms)
        self.now_ms = now_ms
        gravity = self._gravity
        w = sample[0] >> 2
        x = sample[1] >> 2
        y = sample[2] >> 2
        z = sample[3] >> 2
        if w or x or y or z:  # else there is no quaternion: keep the last vertical
            self.up_x = (x * z - w * y) >> 11
            self.up_y = (y * z + w * x) >> 11
            self.up_z = 4096 - ((x * x + y * y) >> 11)
        elif gravity is not None:
            gravity.add(sample, max(1, (passed_ms * self._rate_hz + 500) // 1000), self.still)
            self.up_x = gravity.x
            self.up_y = gravity.y
            self.up_z = gravity.z
        ax = (sample[4] << 8) >> self._acc_bits  # Q8
        ay = (sample[5] << 8) >> self._acc_bits
        az = (sample[6] << 8) >> self._acc_bits
        force = (self.up_x * ax + self.up_y * ay + self.up_z * az) >> 12
        vertical = force - _G
        still_acc = self._still_acc
        still_gyr = _STILL_GYR << self._gyr_bits >> 9
        quiet = -still_gyr < sample[7] < still_gyr and -still_gyr < sample[8] < still_gyr
        self.still = quiet and -still_gyr < sample[9] < still_gyr and -still_acc < vertical < still_acc
        if vertical > _MOST_ACC:
            vertical = _MOST_ACC
        elif vertical < -_MOST_ACC:
            vertical = -_MOST_ACC
        fore = (self.up_z * force >> 12) - az  # along the level part of -z
        if fore > _MOST_ACC:
            fore = _MOST_ACC
        elif fore < -_MOST_ACC:
            fore = -_MOST_ACC
        parts = 1
        if not 0 <= passed_ms <= _LONGEST_GAP_MS:
            self._interrupt()
        elif passed_ms * self._rate_hz >= 1500:
            parts = (passed_ms * self._rate_hz + 500) // 1000
        crossed = False
        last_vertical = self._x1
        last_fore = self._u1
        for part in range(1, parts + 1):
            between = last_vertical + (vertical - last_vertical) * part // parts
            if self._filter(between, last_fore + (fore - last_fore) * part // parts):
                crossed = True
        return self._detect_step(crossed, now_ms)

    @micropython.native
    def _filter(self, vertical, fore):
        """Low-pass both and add to the sums of the step; True at an upward crossing."""
        fed = self._b0 * (vertical + 2 * self._x1 + self._x2)
        low = (fed - self._a1 * self._y1 - self._a2 * self._y2) >> 14
        fed = self._b0 * (fore + 2 * self._u1 + self._u2)
        ahead = (fed - self._a1 * self._v1 - self._a2 * self._v2) >> 14
        crossing = low >= _CROSSING > self._y1
        self._x2 = self._x1
        self._x1 = vertical
        self._y2 = self._y1
        self._y1 = low
        self._u2 = self._u1
        self._u1 = fore
        self._v2 = self._v1
        self._v1 = ahead
        self._skip -= 1
        if self._skip <= 0:
            self._skip = self._every
            self._sum(low, ahead)
        return crossing

    def _sum(self, low, ahead):
        if low > self._top:
            self._top = low
        elif low < self._bottom:
            self._bottom = low
        if self._count < _MOST_SUMMED:
            low >>= 6
            self._count += 1
            self._speed += ahead >> 5
            self._sum_low += low
            self._sum_speed += self._speed
            self._sum_both += low * (self._speed >> 2)
            self._sum_late += low * self._count

    def _detect_step(self, crossed, now_ms):
        since_ms = ticks_diff(now_ms, self.last_step_ms)
        if not 0 <= since_ms <= _LONG_AGO_MS:
            since_ms = _LONG_AGO_MS
            self.last_step_ms = ticks_add(now_ms, -_LONG_AGO_MS)
        if self.run_began_ms >= 0 and since_ms > 2000:
            self.run_began_ms = -1
            self._row = 0
        if not crossed:
            return False
        step_ms = ticks_diff(now_ms, self._crossed_ms)
        if 0 <= step_ms < _REFRACTORY_MS and self._measured:
            return False
        running = self._measured and 0 < step_ms < _LONGEST_STEP_MS and self._run()
        self._measured = True
        self._crossed_ms = now_ms
        self._clear_sums()
        if not running:
            self._row = 0
            self.breaks += 1
            return False
        self._row += 1
        self.last_step_ms = now_ms
        self.steps += 1
        self._times_ms[(self.steps - 1) % _STEPS] = now_ms
        if self._row >= _STEPS and self.run_began_ms < 0:
            self.run_began_ms = now_ms
        return self.run_began_ms >= 0

    def _run(self):
        """Whether the step that ends here was run."""
        lift = (self._top - self._bottom) >> 1
        count = self._count
        if lift < _LIFT_MIN or count < 8:
            self._spring = 0
            return False
        # covariance of height (minus the vertical acceleration) and speed, whose trend is removed
        trend = (self._speed << 4) // count
        speed = (self._sum_speed - (trend * (count * (count + 1) >> 1) >> 4)) >> 2
        both = self._sum_both - (trend * (self._sum_late >> 4) >> 2)
        spring = ((self._sum_low << 2) // count * speed >> 2) - both
        if lift >= _LIFT_SURE:
            self._facing = min(_FACING_MOST, self._facing + 1) if spring > 0 else max(-_FACING_MOST, self._facing - 1)
            self.turned = self._facing <= -(_FACING_MOST >> 1)
        if self.turned:
            spring = -spring
        both = spring + self._spring
        self._spring = spring
        return lift >= _LIFT_RUN or both > 0

    def _clear_sums(self):
        self._top = self._bottom = self._y1
        self._skip = self._count = 0
        self._speed = self._sum_low = self._sum_speed = self._sum_both = self._sum_late = 0

    def _interrupt(self):
        """Samples are missing: the step in progress is dropped."""
        self.breaks += 1
        self._x1 = self._x2 = self._y1 = self._y2 = 0
        self._u1 = self._u2 = self._v1 = self._v2 = 0
        self._spring = 0
        self._measured = False  # whether the sums began at a crossing
        self._clear_sums()

    def _forget(self):
        self._interrupt()
        self._crossed_ms = self.now_ms
        self.last_step_ms = ticks_add(self.now_ms, -_LONG_AGO_MS)
        self._row = 0
        self.run_began_ms = -1
