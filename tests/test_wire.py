# Tests of the protocol; one file for both interpreters. pytest runs it in CPython, and once more in MicroPython,
# where the file itself calls every test. It uses only what both interpreters have, and checks docs/wire.md too.

import sys
from array import array

MICROPYTHON = sys.implementation.name == "micropython"
if MICROPYTHON:
    import wire
else:
    from untuck import wire

HERE = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
SAMPLES = (
    (11585, 0, 11585, -3, -64, 2514, 12, 5, -256, 1024),
    (11580, 210, 11583, -40, -320, 2601, 128, -12, -300, 980),
)
STREAM = 0x4B1D


def packet(samples=SAMPLES, flags=wire.FLAG_GAP, sequence=1027, time_s=83, time_us=250400, period_us=20000):
    buffer = bytearray(wire.packet_size(len(samples)))
    for index in range(len(samples)):
        wire.pack_sample(buffer, index, *samples[index])
    wire.pack_header(buffer, flags, STREAM, sequence, time_s, time_us, period_us, len(samples))
    assert wire.seal(buffer, len(samples)) == len(buffer)
    return buffer


def documented(kind):
    """The lines of bytes in the hex example of that kind in docs/wire.md."""
    lines = []
    inside = False
    with open(HERE + "/../docs/wire.md") as page:
        for line in page:
            if line.startswith("```"):
                inside = line.strip() == "```hex " + kind
            elif inside:
                lines.append(bytes([int(pair, 16) for pair in line.split()]))
    return lines


def table_rows(first_words):
    """The cells of the rows of docs/wire.md whose first cell is one of `first_words`."""
    rows = []
    with open(HERE + "/../docs/wire.md") as page:
        for line in page:
            first = line[2:].split("|")[0].strip() if line.startswith("| ") else ""
            if first in first_words:
                rows.append([cell.strip() for cell in line.strip().strip("|").split("|")])
    return rows


def test_a_packet_is_unpacked_as_it_was_packed():
    data = packet()
    assert wire.check(data) == ""
    assert wire.unpack_header(data) == (1, wire.FLAG_GAP, STREAM, 1027, 83, 250400, 20000, 2)
    for index in range(2):
        assert wire.unpack_sample(data, index) == SAMPLES[index]


def test_the_largest_and_smallest_numbers_fit():
    lowest, highest = (-32768,) * 10, (32767,) * 10
    data = packet([lowest, highest] * 5, 255, (1 << 32) - 1, (1 << 32) - 1, 999999, 65535)
    assert wire.check(data) == ""
    assert wire.unpack_header(data) == (1, 255, STREAM, (1 << 32) - 1, (1 << 32) - 1, 999999, 65535, 10)
    assert wire.unpack_sample(data, 0) == lowest
    assert wire.unpack_sample(data, 9) == highest


def test_sizes_are_those_of_the_formats():
    import struct

    assert struct.calcsize(wire.HEADER_FORMAT) == wire.HEADER_SIZE
    assert struct.calcsize(wire.SAMPLE_FORMAT) == wire.SAMPLE_SIZE
    assert struct.calcsize(wire.STATUS_FORMAT) == wire.STATUS_SIZE
    assert [wire.packet_size(wire.SAMPLES_PER_PACKET[rate]) for rate in wire.RATES_HZ] == [62, 122, 222]


def test_any_flipped_bit_is_detected():
    data = packet()
    for bit in range(8 * len(data)):
        data[bit // 8] ^= 1 << bit % 8
        assert wire.check(data) != "", bit
        data[bit // 8] ^= 1 << bit % 8
    assert wire.check(data) == ""


def test_any_wrong_length_is_detected():
    data = bytes(packet())
    for size in range(len(data)):
        assert wire.check(data[:size]) in ("short", "length"), size
    assert wire.check(data + b"\0") == "length"
    assert wire.check(b"") == "short"


def test_each_error_has_its_name():
    data = packet()
    data[0] = 2
    assert wire.check(data) == "version"
    data[0] = 1
    data[18] = 0
    assert wire.check(data) == "length"
    data[18] = 2
    data[30] ^= 1
    assert wire.check(data) == "crc"


def test_the_checksum_is_the_one_that_is_documented():
    assert wire.checksum(b"123456789", 9) == 0x29B1  # the check value of CRC-16/IBM-3740
    assert wire.checksum(bytearray(b"123456789xyz"), 9) == 0x29B1


def test_samples_may_come_from_an_array():
    buffer = bytearray(wire.packet_size(1))
    sample = array("h", SAMPLES[0])
    wire.pack_sample(buffer, 0, *sample)
    assert wire.unpack_sample(buffer, 0) == SAMPLES[0]


GOOD = (
    (wire.CMD_START, (100,)),
    (wire.CMD_STOP, ()),
    (wire.CMD_ACK, (STREAM, (1 << 32) - 1)),
    (wire.CMD_RESEND, (65535, 7)),
    (wire.CMD_LIST, ()),
    (wire.CMD_FETCH, (3, 65536, 16384)),
    (wire.CMD_CONFIRM, (3, 5400000, (1 << 32) - 1, 1)),
    (wire.CMD_CUE, (wire.CUE_LAST,)),
    (wire.CMD_TUCK_CUE, (wire.OUT_ALL, -wire.THRESHOLD_MAX_CDEG, 65535, 30)),
    (wire.CMD_STANDING, (0, 0, 0)),
    (wire.CMD_STANDING, (-1200, 16000, 3200)),
    (wire.CMD_TIME, ((1 << 32) - 1,)),
    (wire.CMD_SPLIT, ()),
    (wire.CMD_SEEN, ((1 << 32) - 1, 65535)),
    (wire.CMD_ROLE, (0,)),
    (wire.CMD_ROLE, (1,)),
)


def test_commands_are_parsed_as_they_were_written():
    for opcode, values in GOOD:
        assert wire.parse_command(wire.command(opcode, *values)) == (wire.RESULT_OK, opcode, values)
    for rate_hz in wire.RATES_HZ:
        assert wire.parse_command(wire.command(wire.CMD_START, rate_hz))[0] == wire.RESULT_OK


def test_malformed_commands_are_rejected():
    for rate_hz in (0, 1, 99, 400, 65535):
        assert wire.parse_command(wire.command(wire.CMD_START, rate_hz))[0] == wire.RESULT_BAD_RATE
    bad_values = (
        (wire.CMD_CUE, (0,)),
        (wire.CMD_CUE, (wire.CUE_LAST + 1,)),
        (wire.CMD_TUCK_CUE, (wire.OUT_ALL + 1, 0, 0, 0)),
        (wire.CMD_TUCK_CUE, (0, wire.THRESHOLD_MAX_CDEG + 1, 0, 0)),
        (wire.CMD_CONFIRM, (1, 2, 3, 2)),
        (wire.CMD_ROLE, (2,)),
        (wire.CMD_ROLE, (255,)),
        (wire.CMD_STANDING, (0, 1, 0)),
        (wire.CMD_STANDING, (32767, 32767, 32767)),
    )
    for opcode, values in bad_values:
        assert wire.parse_command(wire.command(opcode, *values))[0] == wire.RESULT_BAD_VALUE, (opcode, values)
    for opcode, values in GOOD:
        good = wire.command(opcode, *values)
        assert wire.parse_command(good + b"\0")[0] == wire.RESULT_BAD_LENGTH
        for size in range(len(good)):
            assert wire.parse_command(good[:size])[0] == wire.RESULT_BAD_LENGTH
    for opcode in [0] + list(range(wire.CMD_ROLE + 1, 256)):  # noqa: RUF005 (MicroPython unpacks only in calls)
        assert wire.parse_command(bytes((opcode, 1, 2)))[:2] == (wire.RESULT_UNKNOWN_COMMAND, opcode)


def test_the_status_is_unpacked_as_it_was_packed():
    buffer = bytearray(wire.STATUS_SIZE)
    fields = (wire.STATE_STREAMING, 87, 200, STREAM, 1 << 31, (1 << 32) - 1, 65535, wire.CMD_RESEND, 7)
    more = (63, 96, 65535, 6000, 182, (1 << 32) - 1)
    wire.pack_status(buffer, (1, 22, 255), *fields, *more)
    assert wire.unpack_status(buffer) == (3, 1, 22, 255) + fields + more  # noqa: RUF005


def test_the_documented_packet_decodes():
    data = b"".join(documented("packet"))
    assert data == bytes(packet())
    rows = table_rows(("0", "1"))
    rows = [row for row in rows if len(row) == 4 and "." in row[1]]
    assert len(rows) == 2
    for row in rows:
        scaled = [value for cell in row[1:] for value in cell.split()]
        sample = wire.unpack_sample(data, int(row[0]))
        scales = [wire.QUAT_SCALE] * 4 + [wire.ACC_SCALE] * 3 + [wire.GYR_SCALE] * 3
        assert scaled == ["%.4f" % (sample[i] / scales[i]) for i in range(10)], row


def test_the_documented_commands_and_status_decode():
    commands = [wire.parse_command(data) for data in documented("commands")]
    assert commands == [
        (0, 1, (100,)),
        (0, 2, ()),
        (0, 3, (STREAM, 1027)),
        (0, 4, (STREAM, 1020)),
        (0, 6, (3, 65536, 16384)),
        (0, 7, (3, 81920, 0x1234ABCD, 1)),
        (0, 9, (7, 150, 180, 30)),
        (0, 14, (1,)),
    ]
    status = wire.unpack_status(documented("status")[0])
    assert status[:8] == (3, 0, 3, 0, wire.STATE_STREAMING, 87, 100, STREAM)
    assert status[8:13] == (1020, 1028, 0, wire.CMD_START, wire.RESULT_OK)
    assert status[13:] == (wire.COND_TUCK_CUE | wire.COND_RUNNING, 2, 0, 4096, 172, 0)


def test_the_documented_arguments_are_those_of_the_code():
    types = {"u8": "B", "i16": "h", "u16": "H", "u32": "I"}
    rows = [row for row in table_rows(["0x%02x" % opcode for opcode in wire._ARGUMENTS]) if row[1].startswith("CMD_")]
    assert len(rows) == len(wire._ARGUMENTS)
    for value, name, arguments, _ in rows:
        parts = arguments.split(", ")
        assert parts[0] == "`" + value[2:] + "`", name
        layout, kind = "<", ""
        for part in parts[1:]:  # "i16 x, y, z": the type holds until the next one
            kind = types.get(part.split()[0], kind)
            layout += kind
        assert layout == wire._ARGUMENTS[getattr(wire, name)], name


def test_every_name_is_documented_with_its_value():
    names = [
        name
        for name in dir(wire)
        if name.split("_")[0] in ("FLAG", "CMD", "STATE", "RESULT", "COND", "CUE", "OUT", "PAIRING", "LINK", "ROLE")
    ]
    names = [name for name in names if name not in ("CUE_LAST", "OUT_ALL", "PAIRING_BITS")]
    values = [str(value) for value in range(14)] + ["0x%02x" % (1 << bit) for bit in range(8)]
    values += ["0x%02x" % opcode for opcode in range(wire.CMD_ROLE + 1)]
    documents = {row[1]: row[0] for row in table_rows(values) if len(row) > 2}
    for name in names:
        assert name in documents, name
        assert int(documents[name], 0) == getattr(wire, name), name
    assert len(names) == 8 + 14 + 3 + 14 + 8 + 7 + 3 + 3 + 2 + 1
    uuids = [row[1].strip("`") for row in table_rows(("service", "stream", "control", "status"))]
    assert uuids == [wire.SERVICE_UUID, wire.STREAM_UUID, wire.CONTROL_UUID, wire.STATUS_UUID]


def test_the_documented_rates_are_those_of_the_code():
    rows = [row for row in table_rows(("50", "100", "200")) if len(row) == 5]
    assert len(rows) == len(wire.RATES_HZ)
    for rate, samples, size, per_second, mtu in [[int(cell) for cell in row] for row in rows]:
        assert wire.SAMPLES_PER_PACKET[rate] == samples
        assert wire.packet_size(samples) == size == mtu - 3
        assert rate == samples * per_second


if MICROPYTHON:
    for name in sorted(globals()):
        if name.startswith("test_"):
            globals()[name]()
            print("ok", name)
else:
    from pathlib import Path

    from virtual_clip.micropython_script import run_script

    def test_all_of_this_in_micropython() -> None:
        passed = run_script(Path(__file__)).split()[1::2]
        here = [name for name in globals() if name.startswith("test_") and name != "test_all_of_this_in_micropython"]
        assert passed == sorted(here)
