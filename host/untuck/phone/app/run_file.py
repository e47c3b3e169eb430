"""The layout of a recorded run on the phone: a first line of JSON, then records; only ever appended to.

A record is a mark, a kind, the payload's size and a CRC-32 of both kind and payload. Its payload is a block of packets
as in the computer's store (store.blocks.pack), or a command as JSON. A page that is killed leaves a torn end, which is
cut; damage inside costs what it hit. Pure: bytes in, values out. Owns the layout.
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from untuck.errors import SettingsError, StoreError
from untuck.model import Packet
from untuck.session_commands import SessionCommand, from_text, to_text
from untuck.store.blocks import Block, pack, read_block
from untuck.store.values import checked, loads

FORMAT = 1
_MARK = b"\xf5UTR"
_HEAD = struct.Struct("<4sBII")  # mark, kind, size of the payload, CRC-32 of kind and payload
_PACKETS, _COMMAND = 1, 2
_FACTS = {"source": str, "mode": str, "started_unix_s": float, "settings": str, "runner": str}
_MOST_BYTES = 1 << 24  # of a payload


@dataclass
class RunContent:
    """What a run's file holds.

    facts: source, mode, started_unix_s, settings (JSON of store Settings), runner; blocks: of packets, in order,
    also damaged ones; end: where the last whole record ends, in bytes; tail: what follows it.
    """

    facts: dict[str, Any]
    blocks: list[Block] = field(default_factory=list)
    commands: list[SessionCommand] = field(default_factory=list)
    end: int = 0
    tail: bytes = b""

    def packets(self) -> Iterator[Packet]:
        """The packets, in order."""
        for block in self.blocks:
            yield from read_block(block)[0]


def first_line(facts: dict[str, Any]) -> bytes:
    """The begin of a file. facts: as in RunContent."""
    plain = {"untuck run": FORMAT, **{name: facts[name] for name in _FACTS}}
    return json.dumps(plain, ensure_ascii=True).encode() + b"\n"


def packets_record(packets: Sequence[Packet]) -> bytes:
    """A record of packets."""
    return _record(_PACKETS, pack(packets))


def command_record(command: SessionCommand) -> bytes:
    """A record of a session command."""
    kind, value = to_text(command)
    return _record(_COMMAND, json.dumps([kind, repr(command.time_s), value]).encode())


def read_run(data: bytes) -> RunContent | None:
    """The content of a file; None if its first line is not whole: nothing was recorded.

    Raises StoreError for a file of a newer version, or one that is no run.
    """
    line, newline, _ = data.partition(b"\n")
    if not newline:
        return None
    content = RunContent(_facts(line), end=len(line) + 1)
    at = content.end
    while at < len(data):
        found = _next(data, at)
        if found is None:
            break
        begin, kind, payload = found
        if begin > at:
            content.blocks.append(_damaged(len(content.blocks), data[at:begin]))
        at = begin + _HEAD.size + len(payload)
        content.end = at
        if kind == _PACKETS:
            content.blocks.append(_block(len(content.blocks), payload))
        else:
            content.commands += _command(payload)
    content.tail = data[content.end :]
    return content


def salvaged(tail: bytes) -> list[Packet]:
    """The packets in a torn or damaged part that their own checksums prove."""
    return read_block(_block_of(0, tail, None))[0]


def _record(kind: int, payload: bytes) -> bytes:
    return _HEAD.pack(_MARK, kind, len(payload), _sum(kind, payload)) + payload


def _sum(kind: int, payload: bytes) -> int:
    return zlib.crc32(payload, kind)


def _facts(line: bytes) -> dict[str, Any]:
    try:
        plain = loads(line)
        version = checked(int, plain["untuck run"])
        facts = {name: checked(kind, plain[name]) for name, kind in _FACTS.items()}
    except (ValueError, TypeError, KeyError) as error:
        raise StoreError("a file in the runs is damaged at its beginning.") from error
    if version > FORMAT:
        raise StoreError("a run was recorded by a newer Untuck: reload this page while it is online.")
    return facts


def _next(data: bytes, at: int) -> tuple[int, int, bytes] | None:
    """The next whole record from `at`: where it begins, its kind, its payload; None if there is none."""
    while (begin := data.find(_MARK, at)) >= 0:
        if begin + _HEAD.size <= len(data):
            _, kind, size, checksum = _HEAD.unpack_from(data, begin)
            start = begin + _HEAD.size
            if kind in (_PACKETS, _COMMAND) and size <= min(_MOST_BYTES, len(data) - start):
                payload = data[start : start + size]
                if _sum(kind, payload) == checksum:
                    return begin, kind, payload
        at = begin + 1
    return None


def _block(number: int, payload: bytes) -> Block:
    """A block whose checksum was right."""
    block = _block_of(number, payload, zlib.crc32(payload))
    packets = read_block(block)[0]
    first_s, last_s = (packets[0].arrival_s, packets[-1].arrival_s) if packets else (0.0, 0.0)
    return replace(block, count=len(packets), first_arrival_s=first_s, last_arrival_s=last_s)


def _damaged(number: int, data: bytes) -> Block:
    """Damaged bytes as a block: its readers search it, and report the damage."""
    return _block_of(number, data, zlib.crc32(data) ^ 1)


def _block_of(number: int, data: bytes, crc32: int | None) -> Block:
    """A block whose number of packets and arrivals are not known."""
    return Block(number=number, count=0, first_arrival_s=-math.inf, last_arrival_s=math.inf, data=data, crc32=crc32)


def _command(payload: bytes) -> list[SessionCommand]:
    try:
        kind, time_s, value = loads(payload)
        return [from_text(checked(str, kind), checked(str, value), float(time_s))]
    except (ValueError, TypeError, SettingsError):
        return []  # of a newer version
