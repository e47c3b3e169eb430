"""Blocks of a recording: about a second of packets as one blob, and what can still be read of a damaged one.

A block has a CRC-32. Where it is wrong, or missing in a store of an older version, only packets with a correct checksum
of their own are used: the reader searches the bytes for the next one, so that damage costs what it hit.
Owns the layout of a blob: arrival (f8), size (u16, whose top bit marks a packet of the trunk's clip), bytes; repeated.
Packets of both clips are in one blob, in order of arrival, because a replay has to take them in that order.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from untuck import wire
from untuck.errors import StoreError
from untuck.model import Packet
from untuck.vocabulary import Role, clock

BLOB_S = 1.0  # between the first and the last arrival in a blob
BLOB_PACKETS = 64  # more than two clips send in a second
_ENTRY = struct.Struct("<dH")  # arrival in s on the host's monotonic clock, size and role of the packet that follows
_TRUNK = 0x8000  # in the size: a packet is far smaller
ENTRY_SIZE = _ENTRY.size
_SLACK_S = 0.2  # less than makes data too late for a cue, more than arrivals of a recording are out of order
_LEAST = wire.packet_size(1)
_COUNT_AT, _RESERVED_AT = 18, 19  # in a packet, as of wire.HEADER_FORMAT
_NAMED = 3  # places in a message


@dataclass(frozen=True)
class Block:
    """A block as stored. crc32: of data, None in a block of a store before schema 4."""

    number: int
    count: int
    first_arrival_s: float
    last_arrival_s: float
    data: bytes
    crc32: int | None


@dataclass(frozen=True)
class Damage:
    """What is damaged in a block: packets that cannot be read, and others whose arrival or size was wrong.

    start_s, end_s: arrival of the block's first and last packet.
    """

    block: int
    packets: int
    entries: int
    start_s: float
    end_s: float


def pack(packets: Iterable[Packet]) -> bytes:
    """The blob of some packets."""
    return b"".join(_ENTRY.pack(packet.arrival_s, _size_field(packet)) + packet.data for packet in packets)


def _size_field(packet: Packet) -> int:
    return len(packet.data) | (_TRUNK if packet.role == Role.TRUNK else 0)


def _role(size: int) -> Role:
    """Whose the packet is, from the size in its entry."""
    return Role.TRUNK if size & _TRUNK else Role.PELVIS


def unpack(data: bytes) -> Iterator[Packet]:
    """The packets of a blob that is known to be undamaged. Raises StoreError if it ends early."""
    at = 0
    while at < len(data):
        start = at + ENTRY_SIZE
        arrival_s, size = _ENTRY.unpack_from(data, at) if start <= len(data) else (0.0, 0)
        at = start + (size & ~_TRUNK)
        if at > len(data):
            raise StoreError("a part of this session is damaged: what came before it is readable.")
        yield Packet(data[start:at], arrival_s, _role(size))


def in_seconds(packets: Iterable[Packet]) -> Iterator[list[Packet]]:
    """The packets in parts of about a second, each for one blob."""
    part: list[Packet] = []
    for packet in packets:
        part.append(packet)
        if packet.arrival_s - part[0].arrival_s >= BLOB_S or len(part) >= BLOB_PACKETS:
            yield part
            part = []
    if part:
        yield part


def read_block(block: Block) -> tuple[list[Packet], Damage | None]:
    """The packets of a block, and what is damaged in it; None if nothing is."""
    if _is_sound(block):
        return list(unpack(block.data)), None
    found = list(_search(block.data))
    # without a checksum damage is not certain: arrivals are kept as they are unless they are far out of order
    slack_s = _SLACK_S if block.crc32 is None else 0.0
    bounds_s = (block.first_arrival_s, block.last_arrival_s)
    arrivals, wrong = _mended([packet.arrival_s for packet, _ in found], bounds_s, slack_s)
    packets = _with_roles([packet for packet, _ in found])
    packets = [each._replace(arrival_s=arrival_s) for each, arrival_s in zip(packets, arrivals, strict=True)]
    wrong += sum(not sized for _, sized in found)
    missing = max(block.count - len(packets), 0)
    if block.crc32 is None and missing == wrong == 0:
        return packets, None
    return packets, Damage(block.number, missing, wrong, block.first_arrival_s, block.last_arrival_s)


def find_damage(block: Block) -> Damage | None:
    """What is damaged in a block, None if nothing is."""
    return None if _is_sound(block) else read_block(block)[1]


def _is_sound(block: Block) -> bool:
    return block.crc32 is not None and zlib.crc32(block.data) == block.crc32


def damage_words(damages: Sequence[Damage], begin_s: float) -> str:
    """One sentence about the damage in a session that began at begin_s, as arrival times are; "" if there is none."""
    if not damages:
        return ""
    packets = sum(each.packets for each in damages)
    places = [clock(max(each.start_s - begin_s, 0.0)) for each in damages if math.isfinite(each.start_s - begin_s)]
    where = ", ".join(dict.fromkeys(places[:_NAMED])) + (" and later" if len(places) > _NAMED else "")
    lost = f"{packets} packet{'s' * (packets != 1)} cannot be read" if packets else "no packet is lost"
    return f"This recording is damaged on the disk{f', at {where}' if where else ''}: {lost}; the rest is used."


def _search(data: bytes) -> Iterator[tuple[Packet, bool]]:
    """Each packet in a blob that its own checksum proves, and whether its entry says the same size."""
    at = 0
    while at + ENTRY_SIZE + _LEAST <= len(data):
        arrival_s, size = _ENTRY.unpack_from(data, at)
        start = at + ENTRY_SIZE
        end = start + wire.packet_size(data[start + _COUNT_AT])
        # either of the two sizes may be what is damaged; the rest keeps the search fast
        sized = (size & ~_TRUNK) == end - start
        likely = sized or (data[start] == wire.PACKET_VERSION and data[start + _RESERVED_AT] == 0)
        if likely and end <= len(data) and _is_proven(data[start:end]):
            yield Packet(data[start:end], arrival_s, _role(size)), sized
            at = end
        else:
            at += 1


def _with_roles(packets: list[Packet]) -> list[Packet]:
    """Packets of a damaged block, each with the role of most of its stream: the bit may be what is damaged."""
    votes: dict[int, int] = {}
    for packet in packets:
        stream = wire.unpack_header(packet.data)[2]
        votes[stream] = votes.get(stream, 0) + (1 if packet.role == Role.TRUNK else -1)
    trunks = {stream for stream, vote in votes.items() if vote > 0}
    return [
        packet._replace(role=Role.TRUNK if wire.unpack_header(packet.data)[2] in trunks else Role.PELVIS)
        for packet in packets
    ]


def _is_proven(packet: bytes) -> bool:
    """Whether a packet of any version has a correct checksum."""
    end = len(packet) - wire.CRC_SIZE
    return packet[_COUNT_AT] > 0 and wire.checksum(packet, end) == int.from_bytes(packet[end:], "little")


def _mended(arrivals: list[float], bounds_s: tuple[float, float], slack_s: float) -> tuple[list[float], int]:
    """Arrivals, with those that cannot be right estimated from their neighbours, and the number of these.

    An arrival is wrong by more than slack_s outside its block's, or where those before and after it are in order and it
    is not.
    """
    first_s, last_s = bounds_s
    in_order = first_s <= last_s  # not where the clip restarted in a run that it recorded by itself
    sure = [
        math.isfinite(each) and (not in_order or first_s - slack_s <= each <= last_s + slack_s) for each in arrivals
    ]
    known = [index for index, each in enumerate(sure) if each]
    for before, at, after in zip(known, known[1:], known[2:], strict=False):
        if sure[before] and arrivals[before] <= arrivals[after]:
            sure[at] = arrivals[before] - slack_s <= arrivals[at] <= arrivals[after] + slack_s
    known = [index for index, each in enumerate(sure) if each]
    mended = list(arrivals)
    for index, each in enumerate(sure):
        if not each:
            mended[index] = _between(arrivals, known, index, first_s if math.isfinite(first_s) else 0.0)
    return mended, sure.count(False)


def _between(arrivals: list[float], known: list[int], index: int, otherwise_s: float) -> float:
    """An arrival between those of the nearest known entries, or that of the only one on one side."""
    before = max((each for each in known if each < index), default=None)
    after = min((each for each in known if each > index), default=None)
    if before is None or after is None:
        nearest = before if after is None else after
        return otherwise_s if nearest is None else arrivals[nearest]
    share = (index - before) / (after - before)
    return arrivals[before] + share * (arrivals[after] - arrivals[before])
