"""Samples packed into wire packets as by the firmware, to test the host without a radio.

Samples are grouped as in the firmware's stream.py: a packet ends when it is full or where the even spacing ends.
wire.py defines the layout.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from untuck import wire
from untuck.errors import SamplesError
from untuck.model import GRAVITY_M_S2
from untuck.samples import Samples

CLIPPED = {  # values of acceleration and rate from which a packet is flagged
    wire.SENSOR_BNO085: (int(8 * GRAVITY_M_S2 * wire.ACC_SCALE), int(np.radians(2000.0) * wire.GYR_SCALE))
}


def pack(samples: Samples, rate_hz: int, stream_id: int = 1, sensor: int = wire.SENSOR_BNO085) -> list[bytes]:
    """The packets of a clip with this sensor that streams these samples at rate_hz, with sequence numbers from 0.

    Raises SamplesError if the clip does not have this rate, time is negative, or a value does not fit 16 bits.
    """
    if rate_hz not in wire.RATES_HZ:
        raise SamplesError(f"The clip does not stream at {rate_hz} Hz: use one of {wire.RATES_HZ}.")
    if len(samples) == 0:
        return []
    if samples.time_s[0] < 0:
        raise SamplesError("Time on the wire cannot be negative: shift time_s to start at 0 or later.")
    rows = _rows(samples, sensor)
    time_us = np.rint(samples.time_s * 1e6).astype(np.int64)
    full = wire.SAMPLES_PER_PACKET[rate_hz]
    breaks = np.flatnonzero(np.diff(time_us) > 1.5e6 / rate_hz) + 1
    bounds = [0, *breaks.tolist(), len(rows)]
    packets: list[bytes] = []
    for begin, end in pairwise(bounds):
        for first in range(begin, end, full):
            gap = wire.FLAG_GAP if first == begin and begin > 0 else 0
            part = slice(first, min(first + full, end))
            packets.append(_packet(rows[part], time_us[part], gap, sensor, (stream_id, len(packets), rate_hz)))
    return packets


def _rows(samples: Samples, sensor: int) -> np.ndarray:
    """(N,10) integers in the wire's order and scales."""
    quat = np.zeros((len(samples), 4)) if samples.quat is None else samples.quat
    _, acc_scale, gyr_scale, *_ = wire.SENSORS[sensor]
    values = np.hstack([quat * wire.QUAT_SCALE, samples.acc_m_s2 * acc_scale, samples.gyr_rad_s * gyr_scale])
    rows = np.rint(values).astype(np.int64)
    if np.abs(rows).max() > 32767:
        row = int(np.argmax(np.abs(rows).max(axis=1)))
        raise SamplesError(f"Sample {row} does not fit the wire's 16 bits: clip it to the sensor's range.")
    return rows


def _packet(rows: np.ndarray, time_us: np.ndarray, flags: int, sensor: int, stream: tuple[int, int, int]) -> bytes:
    """stream: its id, the packet's sequence number, and the rate in Hz."""
    stream_id, sequence, rate_hz = stream
    acc_end, gyr_end = CLIPPED.get(sensor, wire.SENSORS[sensor][3:5])
    count = len(rows)
    buffer = bytearray(wire.packet_size(count))
    if (np.abs(rows[:, 4:7]) >= acc_end).any() or (np.abs(rows[:, 7:]) >= gyr_end).any():
        flags |= wire.FLAG_CLIPPED
    if not rows[:, :4].any(axis=1).all():
        flags |= wire.FLAG_NO_QUAT
    period_us = round(int(time_us[-1] - time_us[0]) / (count - 1)) if count > 1 else 1_000_000 // rate_hz
    start_us = int(time_us[0])
    head = flags, stream_id, sequence, start_us // 1_000_000, start_us % 1_000_000, period_us, count, sensor
    wire.pack_header(buffer, *head)
    for index, row in enumerate(rows.tolist()):
        wire.pack_sample(buffer, index, *row)
    wire.seal(buffer, count)
    return bytes(buffer)
