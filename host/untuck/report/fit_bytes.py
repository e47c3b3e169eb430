"""Splits FIT files into messages as bytes, and writes them again with developer fields added.

Unknown messages keep their bytes; a library that decodes and encodes would drop what its profile does not know. Reads
only the container, by the FIT protocol: headers, definitions, sizes, checksums and time stamps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from untuck.errors import ReportError
from untuck.limits import MOST_FIT_FILES, MOST_FIT_LAYOUT_BYTES, MOST_FIT_MESSAGES, LimitError

FILE_ID, SESSION, RECORD, EVENT, FIELD_DESCRIPTION, DEVELOPER_DATA_ID = 0, 18, 20, 21, 206, 207
TIMESTAMP_FIELD = 253
EPOCH_UNIX_S = 631065600  # 1989-12-31, the epoch of FIT time
_DEFINITION, _DEVELOPER, _COMPRESSED = 0x40, 0x20, 0x80
_CRC_POLYNOMIAL = 0xA001
_MOST_FIELDS = 255  # of a message: their count is a byte
_PROTOCOL_2 = 0x20  # the first with developer fields


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


@dataclass(frozen=True, slots=True)
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

    def data(self, global_number: int) -> list[Message]:
        """The data messages of one kind."""
        return [m for m in self.messages if m.definition.global_number == global_number and not m.is_definition]


def read(data: bytes, name: str) -> FitFile:
    """Split a FIT file. Raises ReportError, which names the file, if it is not a FIT file or is damaged."""
    if not begins(data):
        raise ReportError(f"{name} is not a FIT file: export the activity from your watch in its original format.")
    size = int.from_bytes(data[4:8], "little")
    end = data[0] + size
    if len(data) < end + 2:
        raise ReportError(f"{name} is truncated: {len(data)} of {end + 2} bytes. Export it from the watch again.")
    if crc(data[: end + 2]) != 0:
        raise ReportError(f"{name} is damaged: its checksum is wrong. Export it from the watch again.")
    try:
        messages = tuple(_messages(data, data[0], end))
    except LimitError as error:
        raise ReportError(f"{name} {error}") from error
    except (IndexError, KeyError) as error:
        raise ReportError(
            f"{name} is damaged: a message in it cannot be read. Export it from the watch again."
        ) from error
    return FitFile(data[:12], messages, data[end + 2 :])


def begins(data: bytes) -> bool:
    """Whether a FIT file begins here."""
    return len(data) >= 14 and data[8:12] == b".FIT" and data[0] in (12, 14)


def read_chain(data: bytes, name: str) -> list[FitFile]:
    """The files of a chain, each with only its own bytes; what follows that is no FIT file stays with the last.

    Raises ReportError, which names the file and its place in the chain, for one that is damaged.
    """
    files = [read(data, name)]
    while begins(files[-1].rest):
        if len(files) == MOST_FIT_FILES:
            raise ReportError(f"{name} is a chain of more than {MOST_FIT_FILES} FIT files: split it and choose one.")
        after = read(files[-1].rest, f"{name}, file {len(files) + 1} of the chain,")
        files[-1] = FitFile(files[-1].header, files[-1].messages, b"")
        files.append(after)
        if sum(len(each.messages) for each in files) > MOST_FIT_MESSAGES:
            raise ReportError(f"{name} has more than {MOST_FIT_MESSAGES:,} messages: it is no recording of a run.")
    return files


def write(fit: FitFile) -> bytes:
    """The bytes of a FIT file, with new sizes and checksums."""
    body = b"".join(message.data for message in fit.messages)
    head = bytearray(fit.header)
    head[4:8] = len(body).to_bytes(4, "little")
    if head[0] == 14:
        head += crc(bytes(head)).to_bytes(2, "little")
    whole = bytes(head) + body
    return whole + crc(whole).to_bytes(2, "little") + fit.rest


def _messages(data: bytes, at: int, end: int) -> Iterator[Message]:
    definitions: dict[int, Definition] = {}
    layouts: dict[bytes, Definition] = {}  # each is kept once: as objects they take twenty times their bytes
    clock_s: int | None = None
    count = layout_bytes = 0
    while at < end:
        if (count := count + 1) > MOST_FIT_MESSAGES:
            raise LimitError(f"has more than {MOST_FIT_MESSAGES:,} messages: it is no recording of a run.")
        head = data[at]
        if head & _DEFINITION and not head & _COMPRESSED:
            definition, after = _definition(data, at, bool(head & _DEVELOPER))
            key = bytes([head & _DEVELOPER]) + data[at + 1 : after]
            layout_bytes += len(key) if key not in layouts else 0
            if layout_bytes > MOST_FIT_LAYOUT_BYTES:
                raise LimitError("has more layouts of messages than a recording: it is damaged.")
            definition = layouts.setdefault(key, definition)
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

    intro: the messages that describe the fields, as layout and body, inserted after file_id, which is the first data
    message; fields: as (number, size, developer data index); values: the bytes for one record. A layout may use the
    fields only after they are described: those of records that come before are repeated. Otherwise only sizes,
    checksums and the protocol's version change.
    """
    out: list[Message] = []
    introduced = False
    live: dict[int, Message] = {}
    for message in fit.messages:
        if not message.is_definition and not introduced:
            introduced = True
            first_is_record = message.definition.global_number == RECORD
            before = [] if first_is_record else [message]
            out += [*before, *_introduction(intro, message.local, live[message.local], fields)]
            wide = {k: m for k, m in live.items() if m.definition.global_number == RECORD and k != message.local}
            out += [_widened(each, fields, values) for each in wide.values()]
            if not first_is_record:
                continue
        if message.is_definition:
            live[message.local] = message
        if message.definition.global_number == RECORD and introduced:
            message = _widened(message, fields, values)
        out.append(message)
    header = bytearray(fit.header)
    header[1] = max(header[1], _PROTOCOL_2)
    return FitFile(bytes(header), tuple(out), fit.rest)


def _introduction(
    intro: Sequence[tuple[Definition, bytes]], local: int, before: Message, fields: tuple[tuple[int, int, int], ...]
) -> list[Message]:
    """The describing messages under a local number in use, and then that number's own definition again."""
    out: list[Message] = []
    current: Definition | None = None
    for definition, body in intro:
        if definition != current:
            out.append(Message(definition_bytes(local, definition), local, definition, True, None))
            current = definition
        out.append(Message(bytes([local]) + body, local, definition, False, None))
    again = before.definition.global_number == RECORD
    return [*out, _widened(before, fields, lambda _: b"") if again else before]


def _widened(message: Message, fields: tuple[tuple[int, int, int], ...], values: Callable[[Message], bytes]) -> Message:
    old = message.definition
    if len(old.developer) + len(fields) > _MOST_FIELDS:
        raise ReportError(
            f"its records have {len(old.developer)} fields of other apps, and there is no room for {len(fields)} more: "
            "export the activity without them."
        )
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


def _crc_table() -> NDArray[np.uint16]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (_CRC_POLYNOMIAL if value & 1 else 0)
        table.append(value)
    return np.array(table, np.uint16)


_CRC_TABLE = _crc_table()


def crc(data: bytes) -> int:
    """FIT's 16-bit checksum; it is 0 for a file that includes its checksum.

    Rows of equal length are summed side by side. The checksum of joined rows is that of the first, advanced over the
    length of the second, combined with that of the second by exclusive or, because it is linear and starts at 0.
    """
    length = max(int(len(data) ** 0.5), 1)
    rows = np.frombuffer(data[: len(data) // length * length], np.uint8).reshape(-1, length)
    sums = _crc_advance(np.zeros(len(rows), np.uint16), rows)
    bits = _crc_advance((1 << np.arange(16)).astype(np.uint16), np.zeros((16, length), np.uint8)).tolist()
    value = 0
    for each in sums.tolist():
        ahead = 0
        for bit in range(16):
            ahead ^= bits[bit] if value >> bit & 1 else 0
        value = ahead ^ each
    tail = np.frombuffer(data[rows.size :], np.uint8).reshape(1, -1)
    return int(_crc_advance(np.array([value], np.uint16), tail)[0])


def _crc_advance(value: NDArray[np.uint16], rows: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """The checksums (N,) after the bytes of each row (N, L)."""
    for byte in rows.T:
        value = (value >> 8) ^ _CRC_TABLE[(value ^ byte) & 0xFF]
    return value
