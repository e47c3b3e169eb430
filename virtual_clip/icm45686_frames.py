"""What a simulated ICM-45686 measures: its 20 bit values, the frames of its FIFO, and the packet's values of them.

Pure functions. Owns the chip's scales and frame layout: data sheet DS-000489 1.1, chapter 5.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import ArrayLike, NDArray

ACC_PER_G = 16384  # of 20 bits, the lowest always 0: 32 g
GYR_PER_DPS = 131.072  # of 20 bits: 4000 deg/s
END = (1 << 19) - 2
FRAME = 20
NO_DATA = b"\x78" + b"\x00\x80" * 6
_G = 9.80665


def raw_values(gyr_rad_s: ArrayLike, acc_m_s2: ArrayLike, quat: ArrayLike) -> NDArray[np.int64]:
    """(N,10) four zeros, acceleration and rate as 20 bit integers, from (N,3), (N,3) and an ignored quaternion."""
    acc = 2 * np.round(np.asarray(acc_m_s2) / _G * ACC_PER_G / 2)
    gyr = np.round(np.degrees(np.asarray(gyr_rad_s)) * GYR_PER_DPS)
    values = np.clip(np.hstack([acc, gyr]), -END, END)
    return np.hstack([np.zeros((len(values), 4)), values]).astype(np.int64)


def packet_values(raw: NDArray[np.int64]) -> NDArray[np.int64]:
    """(N,10) the values in a packet of these, 1/128 m/s^2 and 1/1024 rad/s, in the driver's own whole numbers."""
    acc = (raw[:, 4:7] // 2 * 5021 + (1 << 14)) >> 15
    gyr = (raw[:, 7:] * 2234 + (1 << 13)) >> 14
    return np.clip(np.hstack([raw[:, :4], acc, gyr]), -32767, 32767)


def frame(values: tuple[int, ...], stamp: int, changed: bool) -> bytes:
    """A frame with 20 bit values; changed: the first one at this rate."""
    high = struct.pack("<6h", *(value >> 4 for value in values[4:]))
    low = bytes((values[4 + i] & 0xF) << 4 | values[7 + i] & 0xF for i in range(3))
    return bytes((0x7B if changed else 0x78,)) + high + struct.pack("<hH", 0, stamp & 0xFFFF) + low


def empty_frame(stamp: int) -> bytes:
    """A frame from before the gyro has started."""
    return (NO_DATA + struct.pack("<hH", 0, stamp & 0xFFFF)).ljust(FRAME, b"\0")
