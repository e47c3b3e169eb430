"""Packets as a clip sends them, with numbers of the test's choice."""

from __future__ import annotations

import struct

from untuck import wire


def packet(
    number: int, time_s: float = 0.0, period_us: int = 10_000, count: int = 5, micro_s: int | None = None
) -> bytes:
    """Packet of this sequence number: count samples of zeros that begin at time_s plus 50 ms a packet; sealed."""
    data = bytearray(wire.packet_size(count))
    whole, micro = divmod(round(1e6 * (time_s + 0.05 * number)), 1_000_000)
    header = (1, 0, 7, number, whole, micro if micro_s is None else micro_s, period_us, count, 0)
    struct.pack_into(wire.HEADER_FORMAT, data, 0, *header)
    wire.seal(data, count)
    return bytes(data)
