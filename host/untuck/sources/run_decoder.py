"""Decompresses kept runs to packets: the exact inverse of firmware/run_encoder.py.

A run consists of chunks of records. Each record has a checksum and can be decoded alone, so damage loses a second.
Pure: bytes in, packets out. wire_runs.py has the layout.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from untuck import wire, wire_runs
from untuck.errors import PacketError

_TIME, _CHANGE = 10, 11
_ESCAPE, _ESCAPED_BITS = 12, 20


@dataclass
class RunHeader:
    """Header of a kept run: its number on the clip and its start (Unix seconds, 0: unknown)."""

    run: int
    started_unix_s: int


def run_header(data: bytes) -> RunHeader:
    """The header of a kept run. Raises PacketError if these bytes are not a kept run."""
    if len(data) < wire_runs.CHUNK_HEADER_SIZE:
        raise PacketError("The kept run is empty: the clip recorded nothing in it.")
    _, _, run, _, started_unix_s = struct.unpack_from(wire_runs.CHUNK_FORMAT, data)
    if _sensor(data) is None:
        raise PacketError("The kept run has another format: update untuck, or the clip's firmware.")
    return RunHeader(run, started_unix_s)


def _sensor(chunk: bytes) -> int | None:
    """The id of the sensor whose packets a chunk has; None if this is no chunk, or no known sensor."""
    sensor = chunk[3] - wire_runs.CHUNK_KIND if chunk[:3] == wire_runs.CHUNK_MAGIC and len(chunk) > 3 else -1
    return sensor if 0 <= sensor < len(wire.SENSORS) else None


def decode_run(data: bytes) -> tuple[list[bytes], int]:
    """(packets in order, damaged records) of a kept run, whose chunks follow each other in `data`."""
    packets: list[bytes] = []
    damaged = 0
    for start in range(0, len(data), wire_runs.CHUNK_BYTES):
        chunk = data[start : start + wire_runs.CHUNK_BYTES]
        sensor = _sensor(chunk)
        if sensor is None:
            damaged += 1
            continue
        for payload in _records(chunk):
            try:
                packets.extend([] if payload is None else list(_Record(payload).packets(sensor)))
            except (ValueError, struct.error):  # damage that the checksum did not detect
                payload = None
            damaged += payload is None
    return packets, damaged


def _records(chunk: bytes) -> Iterator[bytes | None]:
    """The payloads; None for a damaged one. The unused end of a chunk is 0xFF."""
    at = wire_runs.CHUNK_HEADER_SIZE
    while at + wire_runs.RECORD_HEADER_SIZE <= len(chunk):
        size, checksum = struct.unpack_from(wire_runs.RECORD_FORMAT, chunk, at)
        at += wire_runs.RECORD_HEADER_SIZE
        if size == 0xFFFF:
            return
        payload = chunk[at : at + size]
        at += size
        valid = len(payload) == size > wire_runs.PAYLOAD_HEADER_SIZE and wire.checksum(payload, size) == checksum
        yield payload if valid else None


class _Record:
    """Decodes one record: its bits, and the state of the coder."""

    def __init__(self, payload: bytes) -> None:
        head = struct.unpack_from(wire_runs.PAYLOAD_FORMAT, payload)
        self._stream_id, self._sequence, self._time_s, self._time_us, self._period_us, self._packets, sizes = head
        self._means = [16 << size for size in sizes]
        body = payload[wire_runs.PAYLOAD_HEADER_SIZE :]
        self._text = bin(int.from_bytes(b"\x01" + body, "big"))[3:]  # bits as text, because searching text is fast
        self._at = 0
        self._last: list[int] | None = None
        self._before: list[int] = []

    def packets(self, sensor: int) -> Iterator[bytes]:
        """The packets of the record, in order; sensor: the id for their headers."""
        flags = count = 0
        due_us = self._time_s * 1_000_000 + self._time_us
        period_us = self._period_us
        for sequence in range(self._sequence, self._sequence + self._packets):
            same = self._take(2)
            flags = flags if same & 2 else self._take(8)
            count = count if same & 1 else self._take(8)
            if count == 0:
                raise ValueError("a packet without samples")
            due_us += self._coded(_TIME)
            period_us += self._coded(_CHANGE)
            packet = bytearray(wire.packet_size(count))
            time_s, time_us = divmod(due_us, 1_000_000)
            head = flags, self._stream_id, sequence, time_s, time_us, period_us, count, sensor
            wire.pack_header(packet, *head)
            step = (period_us * 512 + 62500) // 125000
            for index in range(count):
                wire.pack_sample(packet, index, *self._sample(step))
            wire.seal(packet, count)
            yield bytes(packet)
            due_us += count * period_us

    def _take(self, bits: int) -> int:
        start = self._at
        self._at += bits
        return int(self._text[start : self._at], 2)

    def _coded(self, which: int) -> int:
        mean = self._means[which]
        start = self._at
        zero = self._text.find("0", start, start + _ESCAPE)
        if zero < 0:
            self._at = start + _ESCAPE
            value = self._take(_ESCAPED_BITS)
        else:
            k = max((mean >> 4).bit_length() - 1, 0)
            self._at = zero + 1
            value = (zero - start) << k | (self._take(k) if k else 0)
        self._means[which] = mean + value - (mean >> 4)
        return -((value + 1) >> 1) if value & 1 else value >> 1

    def _sample(self, step: int) -> list[int]:
        if self._last is None:
            first = [self._take(16) for _ in range(10)]
            self._last = self._before = [value - ((value & 0x8000) << 1) for value in first]
            return self._last
        last, before = self._last, self._before
        line = [self._coded(i) + 2 * last[i] - before[i] for i in range(4, 10)]
        turned = _turned(last, [line[3 + i] + last[7 + i] for i in range(3)], step)
        sample = [self._coded(i) + turned[i] for i in range(4)] + line
        self._last, self._before = sample, last
        return sample


def _turned(last: list[int], gyr_sum: list[int], step: int) -> list[int]:
    """The quaternion after one step, in the clip's integer arithmetic; step: the period in 1/4096 s."""
    w, x, y, z = (value >> 2 for value in last[:4])
    gx, gy, gz = gyr_sum
    turns = (
        -x * gx - y * gy - z * gz,
        w * gx + y * gz - z * gy,
        w * gy - x * gz + z * gx,
        w * gz + x * gy - y * gx,
    )
    return [value + (((turn >> 12) * step + 256) >> 9) for value, turn in zip(last, turns, strict=False)]
