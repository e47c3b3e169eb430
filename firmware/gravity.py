# The vertical in sensor axes, for a sensor without a quaternion of its own. The gyro turns it; the specific force,
# whose mean over steps is gravity, corrects it slowly: a complementary filter, linear in force, so that bounded motion
# of the body cancels. The gyro's bias is learned at rest. Whole numbers; allocates nothing.

from array import array

import micropython
import wire
from micropython import const

_MEMORY_S = const(8)  # of the correction; see tests/firmware/test_clip_gravity.py
_UP = const(0)  # three components in 1/2^24
_BIAS = const(3)  # three components in 1/1024 of the gyro's steps
_SHIFTED = const(1 << 26)  # added to both, because viper reads 32 bit memory as unsigned on 64 bit processors
_ONE = const(1 << 24)
_LEARNED = const(9)  # the bias follows with 1/512


@micropython.viper
def _step(state: ptr32, sample: ptr16, turn: int, force: int, memory: int):
    # turn: of a gyro step in a sample, in 1/2^28 rad; force: 2^14 g per acceleration step, in 1/128
    ux = (int(state[0]) - 67108864) >> 10
    uy = (int(state[1]) - 67108864) >> 10
    uz = (int(state[2]) - 67108864) >> 10
    x = int(sample[7]) & 0xFFFF  # also right where this runs as bytecode, which reads them signed
    y = int(sample[8]) & 0xFFFF
    z = int(sample[9]) & 0xFFFF
    x = ((x - ((x & 0x8000) << 1)) << 10) - (int(state[3]) - 67108864)
    y = ((y - ((y & 0x8000) << 1)) << 10) - (int(state[4]) - 67108864)
    z = ((z - ((z & 0x8000) << 1)) << 10) - (int(state[5]) - 67108864)
    x = ((x >> 10) * turn + (((x & 1023) * turn) >> 10)) >> 10  # 1/2^18 rad
    y = ((y >> 10) * turn + (((y & 1023) * turn) >> 10)) >> 10
    z = ((z >> 10) * turn + (((z & 1023) * turn) >> 10)) >> 10
    x = 65535 if x > 65535 else (-65535 if x < -65535 else x)  # a quarter of a radian: products fit 32 bits
    y = 65535 if y > 65535 else (-65535 if y < -65535 else y)
    z = 65535 if z > 65535 else (-65535 if z < -65535 else z)
    dx = ((uy >> 1) * z - (uz >> 1) * y) >> 7
    dy = ((uz >> 1) * x - (ux >> 1) * z) >> 7
    dz = ((ux >> 1) * y - (uy >> 1) * x) >> 7
    off = (268435456 - ux * ux - uy * uy - uz * uz) >> 14
    i = 0
    while i < 3:
        value = int(sample[4 + i]) & 0xFFFF
        value = ((value - ((value & 0x8000) << 1)) * force) >> 7
        up = int(state[i]) - 67108864
        up += ((value << 10) - up) // memory
        if i == 0:
            up += dx + ((ux * off) >> 5)
        elif i == 1:
            up += dy + ((uy * off) >> 5)
        else:
            up += dz + ((uz * off) >> 5)
        up = 20971520 if up > 20971520 else (-20971520 if up < -20971520 else up)  # 1.25: squares fit 32 bits
        state[i] = up + 67108864
        i += 1


class Gravity:
    """add() every sample; x, y, z: the vertical in sensor axes, in 1/4096."""

    def __init__(self, sensor):
        _, acc_scale, self._gyr_scale, _, _, _ = wire.SENSORS[sensor]
        self.x = self.y = self.z = 0
        self._force = round(128 * 16384 / (9.80665 * acc_scale))
        self._turn = 0
        self._memory = 1
        self._count = 0
        self._state = array("i", [_SHIFTED] * 6)

    def begin(self, rate_hz):
        """Start again at this rate, with the bias that is known."""
        self._turn = round((1 << 28) / (self._gyr_scale * rate_hz))
        self._memory = _MEMORY_S * rate_hz
        self._count = 0

    def add(self, sample, periods, still):
        """Add a sample in wire order, `periods` after the one before; still: the sensor did not move before."""
        state = self._state
        if periods > self._memory:
            self._count = 0
        self._count = min(self._count + periods, self._memory)
        if still:
            for i in range(3):
                bias = state[_BIAS + i]
                state[_BIAS + i] = bias + (((sample[7 + i] << 10) + _SHIFTED - bias) >> _LEARNED)
        if self._count == periods:  # the first one
            for i in range(3):
                up = sample[4 + i] * self._force << 3
                state[i] = min(max(up, -_ONE), _ONE) + _SHIFTED
        else:
            _step(state, sample, self._turn * min(periods, 6), self._force, self._count)
        self.x = (min(max(state[0] - _SHIFTED, -_ONE), _ONE)) >> 12
        self.y = (min(max(state[1] - _SHIFTED, -_ONE), _ONE)) >> 12
        self.z = (min(max(state[2] - _SHIFTED, -_ONE), _ONE)) >> 12
