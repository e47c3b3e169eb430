"""The messages that a BNO085 sends: advertisement, product ids, answers, input reports with timestamps.

Pure functions from values to payloads without header. Owns the simulated chip's report numbers and layouts.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

COMMAND, EXECUTABLE, CONTROL, INPUT, WAKE_INPUT = range(5)
CHANNELS = 6

ACC, GYR, GAME_QUAT = 0x01, 0x02, 0x08
REPORT_SIZES = {ACC: 10, GYR: 10, GAME_QUAT: 12}
SIGNIFICANT_MOTION = 0x12  # reported once, on the wake channel; then it is disabled
MOTION_PERIOD_US = 100_000
STEP_US = 100  # unit of all timestamps
DELAY_STEPS_MAX = 0x3FFF

Report = tuple[int, int, int, tuple[int, ...]]  # report id, its sequence number, time_us, ten values in wire order


def advertisement() -> bytes:
    """The cargo on channel 0 after a reset: tags, lengths, values."""
    tags = (
        (0x01, struct.pack("<I", 0)),
        (0x80, b"1.0.0\0"),
        (0x02, struct.pack("<H", 256)),  # longest cargo from the host, with header
        (0x03, struct.pack("<H", 0x7FFF)),  # longest cargo to the host
        (0x04, struct.pack("<H", 256)),  # longest transfer from the host
        (0x05, struct.pack("<H", 0x7FFF)),  # longest transfer to the host: it alone decides where a cargo is split
        (0x08, b"SHTP\0"),
        (0x06, b"\x00"),
        (0x09, b"control\0"),
        (0x01, struct.pack("<I", 1)),
        (0x08, b"executable\0"),
        (0x06, b"\x01"),
        (0x09, b"device\0"),
        (0x01, struct.pack("<I", 2)),
        (0x08, b"sensorhub\0"),
        (0x06, b"\x02"),
        (0x09, b"control\0"),
        (0x06, b"\x03"),
        (0x09, b"inputNormal\0"),
        (0x07, b"\x04"),
        (0x09, b"inputWake\0"),
        (0x06, b"\x05"),
        (0x09, b"inputGyroRv\0"),
        (0x81, bytes(REPORT_SIZES)),
    )
    return b"\x00" + b"".join(bytes((tag, len(value))) + value for tag, value in tags)


def product_ids(reset_cause: int) -> list[bytes]:
    """The four answers to a request for product ids."""
    parts = (
        (10003608, 370, (3, 2, 13)),
        (10003606, 230, (1, 2, 4)),
        (10003254, 6, (4, 4, 3)),
        (10003171, 5, (5, 0, 0)),
    )
    return [
        struct.pack("<BBBBIIHH", 0xF8, reset_cause, version[0], version[1], part, build, version[2], 0)
        for part, build, version in parts
    ]


def feature_response(report: int, interval_us: int) -> bytes:
    """FC: the period of a feature; 0: it is disabled."""
    return struct.pack("<BBBHIII", 0xFC, report, 0, 0, interval_us, 0, 0)


def command_response(sequence: int, command: int, command_sequence: int, values: Sequence[int]) -> bytes:
    """F1: answer to a command, or an unsolicited one; up to eleven values."""
    return bytes((0xF1, sequence, command, command_sequence, 0, *values)).ljust(16, b"\0")


def input_payload(reports: Sequence[Report], interrupt_us: int, rebase: bool) -> bytes:
    """A cargo of input reports: FB with the first report's age at the interrupt, then each report's delay.

    FA moves the base where a delay does not fit, and with `rebase` before every second report.
    """
    base_steps = max(0, round((interrupt_us - reports[0][2]) / STEP_US))
    payload = struct.pack("<BI", 0xFB, base_steps)
    reference = -base_steps
    for number, (report, sequence, time_us, values) in enumerate(reports):
        steps = round((time_us - interrupt_us) / STEP_US) - reference
        if not 0 <= steps <= DELAY_STEPS_MAX or (rebase and number % 2):
            payload += struct.pack("<Bi", 0xFA, steps)
            reference += steps
            steps = 0
        head = struct.pack("<BBBB", report, sequence, (steps >> 8) << 2 | 3, steps & 0xFF)
        payload += head + _report_values(report, values)
    return payload


def significant_motion() -> bytes:
    """A cargo for the wake channel: motion since the report was enabled."""
    return struct.pack("<BI", 0xFB, 0) + struct.pack("<BBBBH", SIGNIFICANT_MOTION, 0, 0, 0, 1)


def _report_values(report: int, values: tuple[int, ...]) -> bytes:
    if report == GAME_QUAT:
        return struct.pack("<4h", *values[1:4], values[0])
    return struct.pack("<3h", *(values[4:7] if report == ACC else values[7:10]))
