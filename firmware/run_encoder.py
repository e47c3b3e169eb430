# Lossless compression of packets for the flash, to less than half their size: predict each value, code the residual.
# Acceleration and gyro are extrapolated linearly from the last two samples; the quaternion is rotated by the gyro.
# Residuals are Rice coded, with a parameter that follows their mean. host/untuck/sources/run_decoder.py is the inverse;
# wire_runs.py has the layout. Nothing is allocated per packet.

from array import array

import micropython
import wire
import wire_runs
from micropython import const

RECORD_BYTES = const(1536)
_WORST_PACKET = const(440)  # 10 samples of ten escaped values, and a header
_HEAD = wire_runs.RECORD_HEADER_SIZE
_PAYLOAD = wire_runs.RECORD_HEADER_SIZE + wire_runs.PAYLOAD_HEADER_SIZE

# Indices into the state: the output position, then the mean of each of the 12 coded values. 15 to 24 are the values of
# the last sample, 25 to 34 those of the sample before. Values are stored with an offset of 32768, because viper reads
# 32 bit memory as unsigned on 64 bit processors.
_AT = const(0)
_BITS = const(1)
_HELD = const(2)
_MEAN = const(3)  # 12 means in 1/16: the ten values of a sample, the time's error, the period's change
_FLAGS = const(35)
_COUNT = const(36)
_PERIOD = const(37)
_STARTED = const(38)  # the record contains a sample
_STATE = const(39)

_TIME = const(10)
_CHANGE = const(11)


@micropython.viper
def _put(out: ptr8, state: ptr32, value: int, bits: int):
    held = (int(state[2]) << bits) | (value & ((1 << bits) - 1))
    count = int(state[1]) + bits
    at = int(state[0])
    while count >= 8:
        count -= 8
        out[at] = held >> count
        at += 1
    state[0] = at
    state[1] = count
    state[2] = held & ((1 << count) - 1)


@micropython.viper
def _code(out: ptr8, state: ptr32, which: int, residual: int):
    mean = int(state[3 + which])
    size = mean >> 4
    k = 0
    while size > 1:
        size >>= 1
        k += 1
    value = residual << 1
    if residual < 0:
        value = -1 - value
    ones = value >> k
    if ones < 12:
        _put(out, state, (1 << (ones + 1)) - 2, ones + 1)
        if k:
            _put(out, state, value, k)
    else:
        _put(out, state, 0xFFF, 12)
        _put(out, state, value >> 10, 10)
        _put(out, state, value, 10)
    state[3 + which] = mean + value - (mean >> 4)


@micropython.viper
def _signed(buffer: ptr8, at: int) -> int:
    value = int(buffer[at]) | int(buffer[at + 1]) << 8
    return value - ((value & 0x8000) << 1)


@micropython.viper
def _turned(state: ptr32, which: int, gx: int, gy: int, gz: int, step: int) -> int:
    # Quaternion value `which` after one step; gx, gy, gz: sums of the last two gyro values; step: period in 1/4096 s
    w = (int(state[15]) - 32768) >> 2
    x = (int(state[16]) - 32768) >> 2
    y = (int(state[17]) - 32768) >> 2
    z = (int(state[18]) - 32768) >> 2
    if which == 0:
        turn = -x * gx - y * gy - z * gz
    elif which == 1:
        turn = w * gx + y * gz - z * gy
    elif which == 2:
        turn = w * gy - x * gz + z * gx
    else:
        turn = w * gz + x * gy - y * gx
    return int(state[15 + which]) - 32768 + (((turn >> 12) * step + 256) >> 9)


@micropython.viper
def _code_first(out: ptr8, state: ptr32, packet: ptr8, at: int):
    i = 0
    while i < 10:
        value = int(_signed(packet, at + 2 * i))
        _put(out, state, value & 0xFFFF, 16)
        state[15 + i] = value + 32768
        state[25 + i] = value + 32768
        i += 1
    state[38] = 1


@micropython.viper
def _code_sample(out: ptr8, state: ptr32, packet: ptr8, at: int, step: int):
    if not int(state[38]):
        _code_first(out, state, packet, at)
        return
    gx = int(_signed(packet, at + 14)) + int(state[22]) - 32768
    gy = int(_signed(packet, at + 16)) + int(state[23]) - 32768
    gz = int(_signed(packet, at + 18)) + int(state[24]) - 32768
    i = 4
    while i < 10:
        value = int(_signed(packet, at + 2 * i))
        _code(out, state, i, value - 2 * int(state[15 + i]) + int(state[25 + i]) + 32768)
        i += 1
    i = 0
    while i < 4:
        _code(out, state, i, int(_signed(packet, at + 2 * i)) - int(_turned(state, i, gx, gy, gz, step)))
        i += 1
    i = 0
    while i < 10:
        state[25 + i] = state[15 + i]
        state[15 + i] = int(_signed(packet, at + 2 * i)) + 32768
        i += 1


@micropython.viper
def _number(buffer: ptr8, at: int, size: int) -> int:
    value = 0
    while size:
        size -= 1
        value = value << 8 | int(buffer[at + size])
    return value


@micropython.viper
def _checksum(buffer: ptr8, start: int, end: int) -> int:
    # wire.checksum, compiled: interpreted it takes 5 us a byte
    crc = 0xFFFF
    for i in range(start, end):
        byte = (crc >> 8) ^ int(buffer[i])
        byte ^= byte >> 4
        crc = ((crc << 8) ^ (byte << 12) ^ (byte << 5) ^ byte) & 0xFFFF
    return crc


@micropython.viper
def _store(buffer: ptr8, at: int, value: int, size: int):
    while size:
        buffer[at] = value
        value >>= 8
        at += 1
        size -= 1


class RunEncoder:
    """Fills one record at a time in `record`: add() packets until it returns False, close(), write the record, repeat.

    `packets`: number of packets in the record. Each record can be decoded alone; its header has the coding parameters.
    """

    def __init__(self):
        self.record = bytearray(RECORD_BYTES)
        self.packets = 0
        self._state = array("i", bytes(4 * _STATE))
        for i in range(12):
            self._state[_MEAN + i] = 16 << 6
        self._stream_id = 0
        self._next = 0
        self._due_s = self._due_us = 0  # expected time of the next packet

    def add(self, packet):
        """Add a packet; False if it must start a new record, because this one is full or packets are missing."""
        flags = packet[1]
        stream_id = _number(packet, 2, 2)
        sequence = _number(packet, 4, 4)
        time_s = _number(packet, 8, 4)
        time_us = _number(packet, 12, 4)
        period_us = _number(packet, 16, 2)
        count = packet[18]
        state = self._state
        record = self.record
        late_us = 0
        if self.packets:
            away_s = time_s - self._due_s
            if stream_id != self._stream_id or sequence != self._next or not -1 <= away_s <= 1:
                return False
            late_us = away_s * 1000000 + time_us - self._due_us
            if not -200000 < late_us < 200000 or state[_AT] + _WORST_PACKET > RECORD_BYTES or self.packets == 255:
                return False
        else:
            self._begin(stream_id, sequence, time_s, time_us, period_us)
        same = (flags == state[_FLAGS]) << 1 | (count == state[_COUNT])
        _put(record, state, same, 2)
        if not same & 2:
            _put(record, state, flags, 8)
        if not same & 1:
            _put(record, state, count, 8)
        _code(record, state, _TIME, late_us)
        _code(record, state, _CHANGE, period_us - state[_PERIOD])
        state[_FLAGS] = flags
        state[_COUNT] = count
        state[_PERIOD] = period_us
        step = (period_us * 512 + 62500) // 125000
        for i in range(count):
            _code_sample(record, state, packet, wire.HEADER_SIZE + i * wire.SAMPLE_SIZE, step)
        self._next = sequence + 1
        self._due_s = time_s
        self._due_us = time_us + count * period_us
        self.packets += 1
        return True

    def close(self):
        """Complete the record; returns its size in bytes, 0 if it is empty. The next packet starts a new record."""
        if not self.packets:
            return 0
        state = self._state
        if state[_BITS]:
            _put(self.record, state, 0, 8 - state[_BITS])
        end = state[_AT]
        self.record[_HEAD + 16] = self.packets
        _store(self.record, 0, end - _HEAD, 2)
        _store(self.record, 2, _checksum(self.record, _HEAD, end), 2)
        self.packets = 0
        return end

    def _begin(self, stream_id, sequence, time_s, time_us, period_us):
        record = self.record
        state = self._state
        self._stream_id = stream_id
        _store(record, _HEAD, stream_id, 2)
        _store(record, _HEAD + 2, sequence, 4)
        _store(record, _HEAD + 6, time_s, 4)
        _store(record, _HEAD + 10, time_us, 4)
        _store(record, _HEAD + 14, period_us, 2)
        for i in range(12):
            size = state[_MEAN + i] >> 4
            k = 0
            while size > 1:
                size >>= 1
                k += 1
            record[_HEAD + 17 + i] = k
            state[_MEAN + i] = 16 << k
        state[_AT] = _PAYLOAD
        state[_BITS] = state[_HELD] = state[_FLAGS] = state[_COUNT] = state[_STARTED] = 0
        state[_PERIOD] = period_us
