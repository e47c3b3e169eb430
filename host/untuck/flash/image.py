"""Checks a MicroPython image before it is written: complete, for this chip, which version, where its file system lies.

An image is a boot loader, a partition table at 0x8000 and an application at 0x10000 of the flash. Layouts are those of
Espressif's "App Image Format" and "Partition Tables". MicroPython leaves the version in the application's description
empty, therefore version and board are read from the texts of the program.
"""

from __future__ import annotations

import hashlib
import re
import struct
from dataclasses import dataclass
from pathlib import Path

from untuck.errors import FlashError, reason
from untuck.flash.boards import MIN_MICROPYTHON, MIN_TEXT, Board

MOST_BYTES = 16 << 20
TABLE_AT, TABLE_BYTES, APP_AT = 0x8000, 0xC00, 0x10000
_MAGIC, _ENTRY = 0xE9, b"\xaa\x50"
_HEADER, _SEGMENT, _HASH_BYTES = 24, 8, 32
_ENTRY_BYTES = 32
_FILE_SYSTEMS = (b"vfs", b"ffat")
_VERSION = re.compile(rb"MicroPython (v(\d+)\.(\d+)[-.\w]*) on (\d{4}-\d\d-\d\d)")
_BOARD = re.compile(rb"([\x20-\x7e]{3,60}) with (ESP32[-\w]*)\0")
_CHIPS = {0: "ESP32", 2: "ESP32-S2", 5: "ESP32-C3", 9: "ESP32-S3", 12: "ESP32-C2", 13: "ESP32-C6", 16: "ESP32-H2"}
_AGAIN = "download it again"


@dataclass(frozen=True)
class Image:
    """An image that was checked. version: such as "v1.28.0"; built: its date; files_at: see `files_at`."""

    name: str
    data: bytes
    version: str
    built: str
    machine: str
    table: bytes

    @property
    def banner(self) -> str:
        """What MicroPython's sys.version says once this image runs."""
        return f"MicroPython {self.version} on {self.built}"


def read_image(path: Path, board: Board) -> Image:
    """Read and check a file. Raises FlashError, which says what is wrong with it."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise FlashError(f"{path.name} is no image of MicroPython: it is larger than any board's flash.")
        data = path.read_bytes()
    except OSError as error:
        raise FlashError(f"{path} cannot be read: {reason(error)}.") from error
    return check_image(data, path.name, board)


def check_image(data: bytes, name: str, board: Board) -> Image:
    """Check an image for this board. Raises FlashError, which says what is wrong with it."""
    if len(data) < APP_AT or data[0] != _MAGIC:
        where = f" Choose the file that ends in .bin, from {board.page}" if data[:1] != bytes((_MAGIC,)) else ""
        raise FlashError(f"{name} is no complete image of MicroPython: {_AGAIN}.{where}")
    (chip_id,) = struct.unpack_from("<H", data, 12)
    if chip_id != board.chip_id:
        chip = _CHIPS.get(chip_id, f"number {chip_id}")
        raise FlashError(
            f"{name} is for the chip {chip}, the board has an {board.chip}: use {board.build}, from {board.page}"
        )
    table = data[TABLE_AT - board.offset :][:TABLE_BYTES]
    if table[:2] != _ENTRY or not _is_complete(data, 0) or not _is_complete(data, APP_AT - board.offset):
        raise FlashError(f"{name} is damaged or cut off: {_AGAIN}, from {board.page}")
    if board.offset + len(data) > board.flash_mb << 20:
        raise FlashError(f"{name} is too large for the {board.flash_mb} MB of the {board.title}: use {board.build}.")
    found, machine = _VERSION.search(data), _BOARD.search(data)
    if found is None:
        raise FlashError(f"{name} is for this chip, but it is not MicroPython: use {board.build}, from {board.page}")
    version = found[1].decode()
    if (int(found[2]), int(found[3])) < MIN_MICROPYTHON:
        raise FlashError(f"{name} is MicroPython {version}; the clip needs {MIN_TEXT} or newer: see {board.page}")
    title = f"{machine[1].decode().strip()} with {machine[2].decode()}" if machine else board.chip
    return Image(name, data, version=version, built=found[4].decode(), machine=title, table=table)


def _is_complete(data: bytes, at: int) -> bool:
    """Whether the program here has all its segments, and the hash at its end is right."""
    if len(data) < at + _HEADER or data[at] != _MAGIC:
        return False
    segments, hashed = data[at + 1], data[at + 23]
    end = at + _HEADER
    for _ in range(segments):
        if len(data) < end + _SEGMENT:
            return False
        end += _SEGMENT + struct.unpack_from("<I", data, end + 4)[0]
    end += 16 - (end - at) % 16  # the checksum is the last byte of 16
    if len(data) < end + _HASH_BYTES * hashed:
        return False
    return not hashed or hashlib.sha256(data[at:end]).digest() == data[end : end + _HASH_BYTES]


def files_at(table: bytes) -> int | None:
    """Where the file system begins with this partition table; None if it is no table.

    MicroPython takes a partition "vfs" or "ffat"; without one, all flash behind the last partition (since 1.26).
    """
    end = 0
    for at in range(0, len(table) - _ENTRY_BYTES + 1, _ENTRY_BYTES):
        magic, _, _, start, size, name = struct.unpack_from("<2sBBII16s", table, at)
        if magic != _ENTRY:
            break
        if name.rstrip(b"\0") in _FILE_SYSTEMS:
            return int(start)
        end = max(end, start + size)
    return end or None
