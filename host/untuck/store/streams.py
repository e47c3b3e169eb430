"""Completes a session's packets with those that the clip kept of the same stream, in the order of the measurement.

A packet is known by its clip, its stream and its sequence number: the clip draws a new stream id whenever it starts to
measure, and counts packets from 0. A stream id can come again, after 65535 streams on average, so the sensor's clock
has to agree as well. Pure: packets in, packets out.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import groupby

from untuck import wire
from untuck.model import Packet
from untuck.vocabulary import Role

LATE_S = 10.0  # how late packets count that came after the last one: no cue was given on them
_AGREE_S = 60.0  # of the sensor's clock, extrapolated from another packet of the stream


def by_stream(packets: Sequence[bytes]) -> Iterator[list[bytes]]:
    """The packets of each stream, in order."""
    for _, part in groupby(packets, lambda packet: wire.unpack_header(packet)[2]):
        yield list(part)


def completed(stored: Sequence[Packet], packets: Sequence[bytes], role: Role = Role.PELVIS) -> list[Packet] | None:
    """The stored packets of a session with those of one stream that are new, in order; None if it has no such stream.

    packets: valid ones of one stream of the clip with this role, in any order; those that are stored already are
    dropped, and a new one gets the arrival of its successor, or LATE_S where there is none; one of the trunk's that
    which it would have had: the pelvis is analysed without waiting for it. Stored packets stay as they are, to the bit.
    """
    first = Packet(packets[0], 0.0, role)
    if not any(is_same_stream(packet.data, first.data) and _is_of(packet, first) for packet in stored):
        return None
    return _in_order(stored, packets, first)


def in_order_of_arrival(stored: Sequence[Packet], packets: Sequence[Packet]) -> list[Packet]:
    """Stored packets, in their order, with those of another clip, in order of arrival."""
    waiting, merged = deque(packets), list[Packet]()
    for packet in stored:
        while waiting and waiting[0].arrival_s <= packet.arrival_s:
            merged.append(waiting.popleft())
        merged.append(packet)
    return [*merged, *waiting]


def earlier_by_s(stored: Sequence[Packet], merged: Sequence[Packet]) -> float:
    """How much earlier a session begins after it was completed, by the clock of the pelvis's sensor."""
    before, after = (next((each for each in packets if each.role == Role.PELVIS), None) for packets in (stored, merged))
    return 0.0 if before is None or after is None else max(0.0, _time_s(before.data) - _time_s(after.data))


def is_same_stream(head: bytes, packet: bytes) -> bool:
    """Whether a stored packet, of which only the header is needed, and another are of the same stream."""
    if len(head) < wire.HEADER_SIZE or head[0] != wire.PACKET_VERSION:
        return False
    _, _, stream, sequence, time_s, _, _, _ = wire.unpack_header(head)
    _, _, other_stream, other_sequence, other_time_s, _, period_us, count = wire.unpack_header(packet)
    expected_s = (other_sequence - sequence) * count * period_us * 1e-6
    slack_s = _AGREE_S + 0.1 * abs(expected_s)  # packets before a gap are shorter
    return stream == other_stream and abs(other_time_s - time_s - expected_s) < slack_s


def _in_order(stored: Sequence[Packet], packets: Sequence[bytes], first: Packet) -> list[Packet]:
    """The stored packets and those that are new, of the stream of `first`, which get a time of arrival, in order."""
    of_stream = [packet for packet in stored if _is_of(packet, first)]
    known = {_sequence(packet.data) for packet in of_stream}
    new = deque(sorted((packet for packet in packets if _sequence(packet) not in known), key=_sequence))
    merged: list[Packet] = []
    last: Packet | None = None  # of the stream
    coming = deque(of_stream)
    for packet in stored:
        if _is_of(packet, first):
            while new and _sequence(new[0]) < _sequence(packet.data):
                merged.append(Packet(new.popleft(), packet.arrival_s, first.role))  # it would have come with this one
            last = coming.popleft()
        elif first.role == Role.TRUNK and last is not None:
            end = _sequence(coming[0].data) if coming else math.inf  # one that came late is before all that follow it
            while new and _sequence(new[0]) < end and (due_s := _due_s(last, new[0])) <= packet.arrival_s:
                merged.append(Packet(new.popleft(), due_s, first.role))
        merged.append(packet)
        if packet is of_stream[-1] and first.role == Role.PELVIS:
            merged += [Packet(data, _due_s(packet, data) + LATE_S) for data in new]
            new.clear()
    if new and last is not None:
        merged += [Packet(data, _due_s(last, data), first.role) for data in new]
    return merged


def _due_s(before: Packet, packet: bytes) -> float:
    """When a packet would have come, from one before it in its stream."""
    return before.arrival_s + _time_s(packet) - _time_s(before.data)


def _is_of(packet: Packet, other: Packet) -> bool:
    """Whether a stored packet is valid and of the stream of another, of the same clip."""
    if packet.role != other.role or wire.check(packet.data):
        return False
    return bool(wire.unpack_header(packet.data)[2] == wire.unpack_header(other.data)[2])


def _sequence(packet: bytes) -> int:
    return wire.unpack_header(packet)[3]


def _time_s(packet: bytes) -> float:
    head = wire.unpack_header(packet)
    return head[4] + head[5] * 1e-6
