"""Splits FIT files into messages as bytes, and writes them again with developer fields added.

Unknown messages keep their bytes; a library that decodes and encodes would drop what its profile does not know. Reads
only the container, by the FIT protocol: headers, definitions, sizes, checksums and time stamps.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from untuck.errors import ReportError

FILE_ID, RECORD, FIELD_DESCRIPTION, DEVELOPER_DATA_ID = 0, 20, 206, 207
TIMESTAMP_FIELD = 253
EPOCH_UNIX_S = 631065600  # 1989-12-31, the epoch of FIT time
_DEFINITION, _DEVELOPER, _COMPRESSED = 0x40, 0x20, 0x80
_CRC_POLYNOMIAL = 0xA001


@dataclass(frozen=True)
class Definition:
    """Layout of the messages of one local number: fields as (number, size, base type), sizes in bytes."""

    global_number: int
    big_endian: bool
    fields: tuple[tuple[int, int, int], ...]
    developer: tuple[tuple[int, int, int], ...]  # (number, size, developer data index)

    @property
    def size(self) -> int:
        """Bytes of one message without its header."""
        return sum(size for _, size, _ in self.fields) + sum(size for _, size, _ in self.developer)


@dataclass(frozen=True)
class Message:
    """One message as bytes, including its header. definition: its layout; is_definition: it defines that layout.

    time_s: the FIT time stamp, also from a compressed header; None without one.
    """

    data: bytes
    local: int
    definition: Definition
    is_definition: bool
    time_s: int | None

    def field(self, number: int) -> bytes | None:
        """The bytes of one field of a data message, None if it has no such field."""
        at = 1
        for this, size, _ in self.definition.fields:
            if this == number:
                return self.data[at : at + size]
            at += size
        return None

    def unsigned(self, number: int) -> int | None:
        """A field as an unsigned integer; None if it is missing or marked as not valid."""
        raw = self.field(number)
        if raw is None or len(raw) not in (1, 2, 4) or raw == b"\xff" * len(raw):
            return None
        return int.from_bytes(raw, "big" if self.definition.big_endian else "little")


@dataclass(frozen=True)
class FitFile:
    """header: without its checksum; messages: in order; rest: bytes after the file, e.g. chained files."""

    header: bytes
    messages: tuple[Message, ...]
    rest: bytes


def read(data: bytes, name: str) -> FitFile:
    """Split a FIT file. Raises ReportError, which names the file, if it is not a FIT file or is damaged."""
    if len(data) < 14 or data[8:12] != b".FIT" or data[0] not in (12, 14):
        raise ReportError(f"{name} is not a FIT file: export the activity from your watch in its original format.")
    size = int.from_bytes(data[4:8], "little")
    end = data[0] + size
    if len(data) < end + 2:
        raise ReportError(f"{name} is truncated: {len(data)} of {end + 2} bytes. Export it from the watch again.")
    if crc(data[: end + 2]) != 0:
        raise ReportError(f"{name} is damaged: its checksum is wrong. Export it from the watch again.")
    try:
        messages = tuple(_messages(data, data[0], end))
    except (IndexError, KeyError, struct.error) as error:
        raise ReportError(f"{name} is damaged: a message cannot be read ({error!r}). Export it again.") from error
    return FitFile(data[:12], messages, data[end + 2 :])


def write(fit: FitFile) -> bytes:
    """The bytes of a FIT file, with new sizes and checksums."""
    body = b"".join(message.data for message in fit.messages)
    head = bytearray(fit.header)
    head[4:8] = len(body).to_bytes(4, "little")
    if head[0] == 14:
        head += crc(bytes(head)).to_bytes(2, "little")
    return bytes(head) + body + crc(bytes(head) + body).to_bytes(2, "little") + fit.rest


def _messages(data: bytes, at: int, end: int) -> Iterator[Message]:
    definitions: dict[int, Definition] = {}
    clock_s: int | None = None
    while at < end:
        head = data[at]
        if head & _DEFINITION and not head & _COMPRESSED:
            definition, after = _definition(data, at, bool(head & _DEVELOPER))
            definitions[head & 0x0F] = definition
            yield Message(data[at:after], head & 0x0F, definition, True, None)
            at = after
            continue
        local = (head >> 5) & 3 if head & _COMPRESSED else head & 0x0F
        definition = definitions[local]
        after = at + 1 + definition.size
        if after > end:
            raise IndexError("a message is longer than the file")
        message = Message(data[at:after], local, definition, False, None)
        stamp = message.unsigned(TIMESTAMP_FIELD)
        if head & _COMPRESSED and clock_s is not None:
            stamp = clock_s + (((head & 31) - clock_s) & 31)
        clock_s = stamp if stamp is not None else clock_s
        yield Message(message.data, local, definition, False, stamp)
        at = after


def _definition(data: bytes, at: int, developer: bool) -> tuple[Definition, int]:
    big = data[at + 2] == 1
    number = int.from_bytes(data[at + 3 : at + 5], "big" if big else "little")
    fields, after = _triples(data, at + 5)
    more: tuple[tuple[int, int, int], ...] = ()
    if developer:
        more, after = _triples(data, after)
    return Definition(number, big, fields, more), after


def _triples(data: bytes, at: int) -> tuple[tuple[tuple[int, int, int], ...], int]:
    """Fields as (number, size, type), and the offset of their end."""
    end = at + 1 + 3 * data[at]
    if end > len(data):
        raise IndexError("a definition is longer than the file")
    return tuple((data[k], data[k + 1], data[k + 2]) for k in range(at + 1, end, 3)), end


def with_developer_fields(
    fit: FitFile,
    intro: Sequence[tuple[Definition, bytes]],
    fields: tuple[tuple[int, int, int], ...],
    values: Callable[[Message], bytes],
) -> FitFile:
    """The file with developer fields on every record message.

    intro: the messages that describe the fields, as layout and body, inserted after file_id; fields: as (number, size,
    developer data index); values: the bytes for one record. Otherwise only sizes and checksums change.
    """
    out: list[Message] = []
    introduced = False
    live: dict[int, Message] = {}
    for message in fit.messages:
        if message.definition.global_number == RECORD:
            message = _widened(message, fields, values)
        if message.is_definition:
            live[message.local] = message
        out.append(message)
        if not introduced and not message.is_definition:
            introduced = True
            out += _introduction(intro, message.local, live[message.local])
    return FitFile(fit.header, tuple(out), fit.rest)


def _introduction(intro: Sequence[tuple[Definition, bytes]], local: int, before: Message) -> list[Message]:
    """The describing messages under a local number in use, and then that number's own definition again."""
    out: list[Message] = []
    current: Definition | None = None
    for definition, body in intro:
        if definition != current:
            out.append(Message(definition_bytes(local, definition), local, definition, True, None))
            current = definition
        out.append(Message(bytes([local]) + body, local, definition, False, None))
    return [*out, before]


def _widened(message: Message, fields: tuple[tuple[int, int, int], ...], values: Callable[[Message], bytes]) -> Message:
    old = message.definition
    new = Definition(old.global_number, old.big_endian, old.fields, old.developer + fields)
    data = definition_bytes(message.local, new) if message.is_definition else message.data + values(message)
    return Message(data, message.local, new, message.is_definition, message.time_s)


def definition_bytes(local: int, definition: Definition) -> bytes:
    """The message that defines the layout of a local number."""
    order: Literal["big", "little"] = "big" if definition.big_endian else "little"
    head = _DEFINITION | local | (_DEVELOPER if definition.developer else 0)
    out = bytes([head, 0, definition.big_endian]) + definition.global_number.to_bytes(2, order)
    for triples in (definition.fields, definition.developer)[: 2 if definition.developer else 1]:
        out += bytes([len(triples)]) + b"".join(bytes(triple) for triple in triples)
    return out


def _crc_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (_CRC_POLYNOMIAL if value & 1 else 0)
        table.append(value)
    return tuple(table)


_CRC_TABLE = _crc_table()


def crc(data: bytes) -> int:
    """FIT's 16-bit checksum; it is 0 for a file that includes its checksum."""
    value = 0
    for byte in data:
        value = (value >> 8) ^ _CRC_TABLE[(value ^ byte) & 0xFF]
    return value
