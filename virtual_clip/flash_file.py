"""The flash of a simulated board: a file, in which esptool's images and MicroPython's file system lie together."""

from __future__ import annotations

import re
import struct
from pathlib import Path

from virtual_clip.board_image import APP_AT, TABLE_AT


class FlashFile:
    """A flash of `size` bytes in a file."""

    def __init__(self, path: Path, size: int) -> None:
        self.path, self.size = path, size
        if not path.exists():
            path.write_bytes(b"\xff" * size)

    def read(self, at: int, count: int) -> bytes:
        """`count` bytes."""
        with open(self.path, "rb") as file:
            file.seek(at)
            return file.read(count)

    def write(self, at: int, data: bytes) -> None:
        """Program these bytes."""
        with open(self.path, "r+b") as file:
            file.seek(at)
            file.write(data)

    def erase(self, at: int, count: int) -> None:
        """Erase whole sectors."""
        self.write(at, b"\xff" * min(count, self.size - at))

    def banner(self) -> str:
        """Name and version of the MicroPython that was written."""
        found = re.search(rb"MicroPython v[\d.]+ on [\d-]+", self.read(APP_AT, 4096))
        return found[0].decode() if found else ""

    def file_system(self) -> tuple[int, int] | None:
        """Address and size of the file system, as MicroPython finds it; None without a partition table."""
        end = 0
        for at in range(TABLE_AT, TABLE_AT + 0xC00, 32):
            magic, _, _, start, size, name = struct.unpack("<2sBBII16s", self.read(at, 28))
            if magic != b"\xaa\x50":
                break
            if name.rstrip(b"\0") == b"vfs":
                return start, size
            end = max(end, start + size)
        return (end, self.size - end) if end else None
