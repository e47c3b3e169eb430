# The protocol between clip and host: packet layout, scales, UUIDs, commands, status.
# CPython and MicroPython both run this file: integers in, integers out, only `struct` and `const`.
# Owns every UUID, scale, opcode, flag and limit (kept runs: wire_runs.py); docs/wire.md explains them byte by byte.

import struct
from array import array

try:
    from micropython import const
except ImportError:

    def const(value: int) -> int:
        return value


try:
    from binascii import crc_hqx

    def checksum(buffer: bytes | bytearray, end: int) -> int:
        """CRC-16 (polynomial 0x1021, start 0xFFFF) of the first `end` bytes."""
        return crc_hqx(memoryview(buffer)[:end], 0xFFFF)

except ImportError:  # MicroPython has no crc_hqx: the same CRC-16 with small integers only, without allocation
    _CRC_TABLE = array("H", bytes(512))
    for _byte in range(256):
        _crc = _byte << 8
        for _ in range(8):
            _crc = ((_crc << 1) ^ 0x1021) & 0xFFFF if _crc & 0x8000 else (_crc << 1) & 0xFFFF
        _CRC_TABLE[_byte] = _crc

    def checksum(buffer: bytes | bytearray, end: int) -> int:
        table = _CRC_TABLE
        crc = 0xFFFF
        for index in range(end):
            crc = ((crc << 8) & 0xFF00) ^ table[(crc >> 8) ^ buffer[index]]
        return crc


PROTOCOL_VERSION = const(3)  # of commands and status
PACKET_VERSION = const(1)  # of packets; stored packets must stay readable

SERVICE_UUID = "9e2f0001-6b1d-4c57-8a3e-5d7c2b90f1a4"
STREAM_UUID = "9e2f0002-6b1d-4c57-8a3e-5d7c2b90f1a4"  # notify: sample packets, and frames about kept runs
CONTROL_UUID = "9e2f0003-6b1d-4c57-8a3e-5d7c2b90f1a4"  # write: commands
STATUS_UUID = "9e2f0004-6b1d-4c57-8a3e-5d7c2b90f1a4"  # read, notify: status
NAME_PREFIX = "Untk"  # advertised name: prefix and four hex digits of the address

RATES_HZ = (50, 100, 200)
SAMPLES_PER_PACKET = {50: 2, 100: 5, 200: 10}  # 20 to 25 packets a second

QUAT_SCALE = const(16384)  # Q14, order w x y z, sensor -> earth

# Sensor chips, by the id in a packet: name; steps of acceleration in a m/s^2 and of rate in a rad/s, powers of two; the
# values of both from which FLAG_CLIPPED is set; whether it has a quaternion. docs/wire.md has the reasons. Add lines,
# but never change one: packets are stored.
SENSOR_BNO085 = const(0)
SENSOR_ICM45686 = const(1)
SENSORS = (
    # its own integers, Q8 and Q9: 7.97 of 8 g, 1992 of 2000 deg/s
    ("BNO085", 256, 512, 20000, 17800, True),
    # the packet's 16 bits end first: 26.1 of 32 g, 1833 of 4000 deg/s
    ("ICM-45686", 128, 1024, 32767, 32767, False),
)
ACC_SCALE = const(256)  # of the BNO085
GYR_SCALE = const(512)

# packet version, flags, stream id, sequence, seconds, microseconds, period in us, count, sensor id
HEADER_FORMAT = "<BBHIIIHBB"
HEADER_SIZE = const(20)
PERIOD_MIN_US = const(1000)  # between samples: RATES_HZ, and sensors that are faster or slower than requested
PERIOD_MAX_US = const(50000)
SENSOR_AT = const(19)  # offset of the sensor id
SAMPLE_FORMAT = "<10h"  # quaternion w x y z, acceleration x y z, gyro x y z
SAMPLE_SIZE = const(20)
CRC_SIZE = const(2)
NOTIFY_OVERHEAD = const(3)  # bytes of the MTU that a notification needs for opcode and handle

FLAG_GAP = const(0x01)  # samples are missing before this packet: the sensor did not deliver them
FLAG_RESET = const(0x02)  # the sensor chip had reset itself before this packet
FLAG_OVERRUN = const(0x04)  # packets before this one were overwritten before they were acknowledged or saved
FLAG_CLIPPED = const(0x08)  # an acceleration or gyro value in this packet is at the end of its range
FLAG_NO_QUAT = const(0x10)  # a quaternion is missing: it reads 0 0 0 0
FLAG_CALIBRATING = const(0x20)  # the sensor chip's accelerometer calibration was enabled
FLAG_LAP = const(0x40)  # the button was pressed
FLAG_LOW_BATTERY = const(0x80)

CMD_START = const(0x01)  # u16 rate in Hz
CMD_STOP = const(0x02)
CMD_ACK = const(0x03)  # u16 stream id, u32 sequence: the host has stored this packet and all before it
CMD_RESEND = const(0x04)  # u16 stream id, u32 sequence: send again from this packet on
CMD_LIST = const(0x05)  # answered by a FRAME_RUN for each kept run, oldest first
CMD_FETCH = const(0x06)  # u16 run, u32 offset, u32 bytes: answered by FRAME_DATA
CMD_CONFIRM = const(0x07)  # u16 run, u32 bytes, u32 CRC-32 of them, u8: 1 delete the run, 0 mark it as fetched
CMD_CUE = const(0x08)  # u8 cue: play it now
CMD_TUCK_CUE = const(0x09)  # u8 outputs, i16 threshold in 1/100 deg above standing, u16 warm-up in s, u16 cooldown in s
CMD_STANDING = const(0x0A)  # i16 x, y, z in Q14: up in sensor axes when standing; 0 0 0: measure it now
CMD_TIME = const(0x0B)  # u32 seconds since 1970: start times of kept runs
CMD_SPLIT = const(0x0C)  # end the run that is being recorded, so that it can be fetched; what follows is another run
CMD_SEEN = const(0x0D)  # u32 lost packets, u16 dropped runs: these counts of the status were read; subtract them
CMD_ROLE = const(0x0E)  # u8: where the clip is worn, 0 on the pelvis, 1 on the trunk; kept over power-off
_ARGUMENTS = {
    CMD_START: "<H",
    CMD_STOP: "<",
    CMD_ACK: "<HI",
    CMD_RESEND: "<HI",
    CMD_LIST: "<",
    CMD_FETCH: "<HII",
    CMD_CONFIRM: "<HIIB",
    CMD_CUE: "<B",
    CMD_TUCK_CUE: "<BhHH",
    CMD_STANDING: "<hhh",
    CMD_TIME: "<I",
    CMD_SPLIT: "<",
    CMD_SEEN: "<IH",
    CMD_ROLE: "<B",
}

CUE_TUCK = const(1)
CUE_PULLBACK_LEFT = const(2)
CUE_PULLBACK_RIGHT = const(3)
CUE_RIGID = const(4)
CUE_RECOVERED = const(5)
CUE_LOST = const(6)  # the sensor does not answer
CUE_FULL = const(7)  # the flash is full or broken: packets could not be saved
CUE_LAST = CUE_FULL
OUT_BUZZER = const(1)  # bits of CMD_TUCK_CUE's outputs
OUT_VIBRATION = const(2)
OUT_ALONE = const(4)  # cue tucks while no host listens
OUT_ALL = const(7)
THRESHOLD_MAX_CDEG = const(3000)  # largest threshold of CMD_TUCK_CUE, either sign

STATE_IDLE = const(0)
STATE_STREAMING = const(1)
STATE_NO_SENSOR = const(2)

RESULT_OK = const(0)
RESULT_UNKNOWN_COMMAND = const(1)
RESULT_BAD_LENGTH = const(2)
RESULT_BAD_RATE = const(3)
RESULT_NO_SENSOR = const(4)
RESULT_MTU_TOO_SMALL = const(5)
RESULT_NOT_KEPT = const(6)  # the requested packets are no longer on the clip
RESULT_WRONG_STREAM = const(7)
RESULT_NO_RUN = const(8)  # no such kept run, or no bytes at that offset
RESULT_WRONG_CHECKSUM = const(9)  # the run on the clip has different bytes: fetch it again
RESULT_BAD_VALUE = const(10)
RESULT_BUSY = const(11)  # the run is being recorded
RESULT_FLASH = const(12)  # the clip's flash failed
RESULT_IN_USE = const(13)  # another host uses the clip

# In the scan response, two bits: may a host pair that the clip does not know?
PAIRING_SHUT = const(0)
PAIRING_OPEN = const(1)  # the button was held, less than a minute ago
PAIRING_FIRST = const(2)  # no host has paired yet, or all bonds are lost
PAIRING_BITS = const(3)
LINK_HOST = const(0x04)  # with it: a host uses the clip
LINK_FULL = const(0x08)  # with it: no connection is free
ROLE_TRUNK = const(0x10)  # with it: the clip is worn on the trunk

COND_PAIRING = const(0x01)  # the pairing window is open
COND_RECORDING = const(0x02)  # packets are being saved to the flash
COND_FULL = const(0x04)  # the flash is full or broken: packets could not be saved
COND_TUCK_CUE = const(0x08)  # the clip can cue tucks without a host: standing is known
COND_STANDING = const(0x10)  # standing is being measured
COND_RUNNING = const(0x20)  # running steps are detected
COND_FAULT = const(0x40)  # an interrupt of the clip's radio has failed since power-on
COND_TRUNK = const(0x80)  # the clip is worn on the trunk: CMD_ROLE

# protocol version, firmware major, minor, patch, state, battery % (255: not measured), rate in Hz (0: idle),
# stream id, oldest sequence available, next sequence, sensor resets, last command, its result,
# conditions, kept runs, runs deleted unfetched, free flash in kB, steps a minute, packets lost: overwritten before they
# were acknowledged or saved. Both counts of losses last until CMD_SEEN.
STATUS_FORMAT = "<BBBBBBHHIIHBBHHHHHI"
STATUS_SIZE = const(36)
STATUS_COMMAND_AT = const(20)  # offset of the last command
STATUS_RESULT_AT = const(21)  # and of its result
BATTERY_UNKNOWN = const(255)


def packet_size(count: int) -> int:
    """Bytes in a packet of `count` samples."""
    return HEADER_SIZE + count * SAMPLE_SIZE + CRC_SIZE


def pack_header(
    buffer: bytearray,
    flags: int,
    stream_id: int,
    sequence: int,
    time_s: int,
    time_us: int,
    period_us: int,
    count: int,
    sensor: int = SENSOR_BNO085,
) -> None:
    """Write the 20 byte header at the start of `buffer`; the time is that of the first sample."""
    struct.pack_into(
        HEADER_FORMAT, buffer, 0, PACKET_VERSION, flags, stream_id, sequence, time_s, time_us, period_us, count, sensor
    )


def pack_sample(
    buffer: bytearray,
    index: int,
    qw: int,
    qx: int,
    qy: int,
    qz: int,
    ax: int,
    ay: int,
    az: int,
    gx: int,
    gy: int,
    gz: int,
) -> None:
    """Write sample number `index`, counted from 0, as ten 16 bit integers."""
    struct.pack_into(SAMPLE_FORMAT, buffer, HEADER_SIZE + index * SAMPLE_SIZE, qw, qx, qy, qz, ax, ay, az, gx, gy, gz)


def seal(buffer: bytearray, count: int) -> int:
    """Write the checksum after the last sample; returns the packet's size in bytes."""
    end = HEADER_SIZE + count * SAMPLE_SIZE
    struct.pack_into("<H", buffer, end, checksum(buffer, end))
    return end + CRC_SIZE


def check(packet: bytes) -> str:
    """The error in a packet: "short", "version", "length" or "crc"; "" if it is valid."""
    if len(packet) < HEADER_SIZE + CRC_SIZE:
        return "short"
    if packet[0] != PACKET_VERSION:
        return "version"
    count = packet[18]
    if count == 0 or len(packet) != packet_size(count):
        return "length"
    end = len(packet) - CRC_SIZE
    if checksum(packet, end) != struct.unpack_from("<H", packet, end)[0]:
        return "crc"
    return ""


def in_range(packet: bytes) -> bool:
    """Whether the time fields of a packet without error (see check) can be right."""
    time_us, period_us, count = struct.unpack_from("<IHB", packet, 12)
    return bool(time_us < 1000000 and (count == 1 or PERIOD_MIN_US <= period_us <= PERIOD_MAX_US))


def unpack_header(packet: bytes) -> tuple[int, ...]:
    """(version, flags, stream_id, sequence, time_s, time_us, period_us, count) of a packet."""
    return struct.unpack_from(HEADER_FORMAT, packet, 0)[:8]


def unpack_sample(packet: bytes, index: int) -> tuple[int, ...]:
    """Sample number `index` of a packet as a tuple of ten integers."""
    return struct.unpack_from(SAMPLE_FORMAT, packet, HEADER_SIZE + index * SAMPLE_SIZE)


def command(opcode: int, *values: int) -> bytes:
    """The bytes of a command: opcode, then values in the order of _ARGUMENTS."""
    return struct.pack("<B" + _ARGUMENTS[opcode][1:], opcode, *values)


def parse_command(data: bytes) -> tuple[int, int, tuple[int, ...]]:
    """(result, opcode, values) of a write to the control characteristic.

    A malformed command gives a result other than RESULT_OK and must not change anything.
    """
    if len(data) < 1:
        return RESULT_BAD_LENGTH, 0, ()
    opcode = data[0]
    arguments = _ARGUMENTS.get(opcode)
    if arguments is None:
        return RESULT_UNKNOWN_COMMAND, opcode, ()
    if len(data) != 1 + struct.calcsize(arguments):
        return RESULT_BAD_LENGTH, opcode, ()
    values = struct.unpack_from(arguments, data, 1)
    return _check_values(opcode, values), opcode, values


def _check_values(opcode: int, values: tuple[int, ...]) -> int:
    if opcode == CMD_START and values[0] not in RATES_HZ:
        return RESULT_BAD_RATE
    if opcode == CMD_CUE and not 1 <= values[0] <= CUE_LAST:
        return RESULT_BAD_VALUE
    if opcode == CMD_TUCK_CUE and (values[0] > OUT_ALL or not -THRESHOLD_MAX_CDEG <= values[1] <= THRESHOLD_MAX_CDEG):
        return RESULT_BAD_VALUE
    if (opcode == CMD_CONFIRM and values[3] > 1) or (opcode == CMD_ROLE and values[0] > 1):
        return RESULT_BAD_VALUE
    if opcode == CMD_STANDING and values != (0, 0, 0):
        length = sum([value * value for value in values])
        if not QUAT_SCALE * QUAT_SCALE * 9 // 10 < length < QUAT_SCALE * QUAT_SCALE * 11 // 10:
            return RESULT_BAD_VALUE
    return RESULT_OK


def pack_status(
    buffer: bytearray,
    firmware: tuple[int, int, int],
    state: int,
    battery_pct: int,
    rate_hz: int,
    stream_id: int,
    oldest_seq: int,
    next_seq: int,
    resets: int,
    command: int,
    result: int,
    conditions: int,
    runs: int,
    dropped_runs: int,
    free_kb: int,
    cadence_spm: int,
    lost_packets: int,
) -> None:
    """Write the status; `firmware` is (major, minor, patch)."""
    struct.pack_into(
        STATUS_FORMAT,
        buffer,
        0,
        PROTOCOL_VERSION,
        firmware[0],
        firmware[1],
        firmware[2],
        state,
        battery_pct,
        rate_hz,
        stream_id,
        oldest_seq,
        next_seq,
        resets,
        command,
        result,
        conditions,
        runs,
        dropped_runs,
        free_kb,
        cadence_spm,
        lost_packets,
    )


def unpack_status(data: bytes) -> tuple[int, ...]:
    """The status as a tuple: version, major, minor, patch, then as in pack_status."""
    return struct.unpack_from(STATUS_FORMAT, data, 0)
