"""Builds a file like the official MicroPython images: boot loader, partition table and application.

The application is no program: usb_board.py starts MicroPython of this computer where it finds one in the flash. Layouts
are Espressif's: image header, application description (esp_app_desc_t), partition table.
"""

from __future__ import annotations

import hashlib
import struct

CHIP_IDS = {"esp32": 0, "esp32s3": 9}
OFFSETS = {"esp32": 0x1000, "esp32s3": 0}
TABLE_AT, APP_AT = 0x8000, 0x10000
_MAGIC, _APP_MAGIC, _ENTRY_MAGIC, _SUM_MAGIC = 0xE9, 0xABCD5432, b"\xaa\x50", b"\xeb\xeb" + b"\xff" * 14
_CHECKSUM = 0xEF
_FLASH_SIZES = {2: 1, 4: 2, 8: 3, 16: 4}
PARTITIONS = (  # as MicroPython's 4MiBplus table; the rest of the flash is the file system
    ("nvs", 1, 2, 0x9000, 0x6000),
    ("phy_init", 1, 1, 0xF000, 0x1000),
    ("factory", 0, 0, 0x10000, 0x1F0000),
)
Partition = tuple[str, int, int, int, int]


def program(chip: str, body: bytes, flash_mb: int) -> bytes:
    """One program with header, a single segment, checksum and hash."""
    header = struct.pack("<BBBBI", _MAGIC, 1, 2, _FLASH_SIZES[flash_mb] << 4, 0x40080000)
    header += struct.pack("<B3sH9sB", 0xEE, bytes(3), CHIP_IDS[chip], bytes(9), 1)
    body += bytes(-len(body) % 4)
    data = header + struct.pack("<II", 0x3C000020, len(body)) + body
    checksum = _CHECKSUM
    for byte in body:
        checksum ^= byte
    data += bytes(-(len(data) + 1) % 16) + bytes((checksum,))
    return data + hashlib.sha256(data).digest()


def starts(data: bytes) -> bool:
    """Whether the boot loader would start this program: complete, and with the right hash."""
    if len(data) < 32 or data[0] != _MAGIC:
        return False
    end = 32 + struct.unpack_from("<I", data, 28)[0]
    end += 16 - end % 16
    return hashlib.sha256(data[:end]).digest() == data[end : end + 32]


def app_description() -> bytes:
    """esp_app_desc_t, with which the application's first segment begins; MicroPython leaves name and version empty."""
    texts = struct.pack("<32s32s16s16s32s", b"", b"", b"00:00:00", b"Jan  1 2026", b"v5.5.1")
    return struct.pack("<IIII", _APP_MAGIC, 0, 0, 0) + texts + bytes(32 + 80)


def partition_table(partitions: tuple[Partition, ...] = PARTITIONS) -> bytes:
    """The table with its checksum."""
    rows = b"".join(
        _ENTRY_MAGIC + struct.pack("<BBII16sI", kind, subtype, at, size, name.encode(), 0)
        for name, kind, subtype, at, size in partitions
    )
    return (rows + _SUM_MAGIC + hashlib.md5(rows).digest()).ljust(0xC00, b"\xff")


def make_image(
    chip: str,
    version: str,
    size: int = 400_000,
    flash_mb: int = 4,
    partitions: tuple[Partition, ...] = PARTITIONS,
    board: str = "Generic ESP32S3 module with ESP32S3",
) -> bytes:
    """An image of about `size` bytes for this chip; it is written at OFFSETS[chip].

    version: such as "v1.28.0"; board: MicroPython's name of the board. Both are texts in its program.
    """
    filler = hashlib.shake_128(version.encode()).digest(size)  # does not compress, as a program does not
    texts = f"3.4.0; MicroPython {version} on 2026-01-01\0{board}\0".encode()
    app = program(chip, app_description() + texts + filler, flash_mb)
    start = OFFSETS[chip]
    loader = program(chip, b"bootloader" * 100, flash_mb)
    head = loader.ljust(TABLE_AT - start, b"\xff") + partition_table(partitions)
    return head.ljust(APP_AT - start, b"\xff") + app
