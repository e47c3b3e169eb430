"""Finds blocks of packets in the pages of a damaged store to which no other page leads any more.

A page of SQLite's tree that leads to others takes all of them with it when it is damaged. The pages themselves are
sound and have a known layout (sqlite.org/fileformat2.html, sections 1.6 and 2.1); a block is taken only if its checksum
is correct. Pure: bytes in, rows out.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Any

_LEAF_OF_A_TABLE = 13
_FILE_HEADER_BYTES, _PAGE_HEADER_BYTES = 100, 8
_MOST_BLOB_BYTES = 1 << 24
_INTEGER_BYTES = (0, 1, 2, 3, 4, 6, 8)  # of the serial types 0 to 6
_REAL, _ZERO, _ONE, _BLOB = 7, 8, 9, 12
_NAMES = ("session_id", "number", "count", "first_arrival_s", "last_arrival_s", "data", "crc32", "trunk")
_LATER = 1  # of these names, what rows of schema 4 lack


def find_blocks(data: Any, page_bytes: int) -> Iterator[dict[str, Any]]:
    """Rows of the table `packets` in a file's bytes, by column; each with a correct checksum."""
    for start in range(0, len(data) - page_bytes + 1, page_bytes):
        head = start + (_FILE_HEADER_BYTES if start == 0 else 0)
        if data[head] != _LEAF_OF_A_TABLE:
            continue
        (cells,) = struct.unpack_from(">H", data, head + 3)
        for cell in range(min(cells, (page_bytes - _PAGE_HEADER_BYTES) // 2)):
            try:
                (at,) = struct.unpack_from(">H", data, head + _PAGE_HEADER_BYTES + 2 * cell)
                row = _row(_payload(data, start + at, page_bytes))
            except (IndexError, ValueError, struct.error):
                continue  # this cell is damaged, or of another table
            if row is not None:
                yield row


def _payload(data: Any, at: int, page_bytes: int) -> bytes:
    """The bytes of a row, from its page and those that follow. Raises ValueError if they cannot be a row."""
    size, at = _varint(data, at)
    _, at = _varint(data, at)  # the number of the row
    if size > _MOST_BLOB_BYTES:
        raise ValueError("too large")
    least = (page_bytes - 12) * 32 // 255 - 23
    here = least + (size - least) % (page_bytes - 4)
    most = page_bytes - 35
    here = size if size <= most else here if here <= most else least
    parts, left = [bytes(data[at : at + here])], size - here
    following = at + here
    while left > 0:
        (page,) = struct.unpack_from(">I", data, following)
        if page == 0:
            raise ValueError("ends early")
        following = (page - 1) * page_bytes
        parts.append(bytes(data[following + 4 : following + 4 + min(left, page_bytes - 4)]))
        left -= page_bytes - 4
    return b"".join(parts)


def _row(payload: bytes) -> dict[str, Any] | None:
    """The row if it is one of `packets` with a correct checksum."""
    end, at = _varint(payload, 0)
    types = []
    while at < end:
        kind, at = _varint(payload, at)
        types.append(kind)
    if not len(_NAMES) - _LATER <= len(types) <= len(_NAMES):
        return None
    values: list[Any] = []
    for kind in types:
        value, at = _value(payload, kind, at)
        values.append(value)
    row = {"trunk": 0} | dict(zip(_NAMES, values, strict=False))
    sound = isinstance(row["data"], bytes) and row["crc32"] == zlib.crc32(row["data"])
    return row if sound and at == len(payload) else None


def _value(payload: bytes, kind: int, at: int) -> tuple[Any, int]:
    """A value of a serial type, and where the next one begins. Raises ValueError for one that packets do not have."""
    if kind in (_ZERO, _ONE):
        return kind - _ZERO, at
    if kind == _REAL:
        return struct.unpack_from(">d", payload, at)[0], at + 8
    if 0 < kind < _REAL:
        end = at + _INTEGER_BYTES[kind]
        return int.from_bytes(payload[at:end], "big", signed=True), end
    if kind >= _BLOB and kind % 2 == 0:
        end = at + (kind - _BLOB) // 2
        return payload[at:end], end
    raise ValueError("of another table")


def _varint(data: Any, at: int) -> tuple[int, int]:
    """A number of one to nine bytes, and where it ends."""
    value = 0
    for count in range(9):
        byte = data[at + count]
        if count == 8:
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + count + 1
    raise ValueError("no number")
