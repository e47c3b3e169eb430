"""Limits of everything that is read from outside, in one place: sizes, counts and times that no recording reaches.

A file is rejected by what it claims before its content is unpacked, and reading stops where it holds more than it
claims. On Linux a limit of the system's stands behind that, for libraries that trust a file. docs/data.md lists them.
"""

from __future__ import annotations

import struct
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

# Tables of other sensors
MOST_VALUES_BYTES = 2 << 30  # of all values of a file; a day of six axes and time at 400 Hz
MOST_TEXT_BYTES = 512 << 20  # of tables in text; reading takes nine times as much memory
MOST_TEXT_RATIO, FREE_TEXT_BYTES = 50, 32 << 20  # of packed text, and up to where any compression is believed
FREE_BYTES = 256 << 20  # up to here any compression is believed,
MOST_RATIO = 100  # and beyond it no more than this: noise of a sensor shrinks to a third
MOST_COLUMNS = 4096
MOST_LINE = 1 << 20  # characters
_BASE_BYTES, _PER_BYTE = 3 << 30, 40  # of memory for one reading, with what allocators reserve; and a byte of the file

# A watch's FIT file
MOST_FIT_BYTES = 100_000_000  # ten times a day's recording
MOST_FIT_MESSAGES = 1_000_000  # a day has about 300,000
MOST_FIT_FILES = 100  # of a chain
MOST_FIT_LAYOUT_BYTES = 1_000_000  # of different layouts of messages; a watch has a few kB

# Archives of sessions
MOST_ARCHIVE_BYTES = 512 << 20  # unpacked: a day and a half at 200 Hz
MOST_IMPORT_BYTES = 4 << 30  # unpacked, of all archives of one import
MOST_ARCHIVE_RATIO, FREE_ARCHIVE_BYTES = 20, 1 << 20  # packets shrink by a fifth
MOST_PARTS = 100_000  # of a zip file: a part of an archive is a second
MOST_PART_BYTES = 1 << 24
MOST_FACTS_BYTES = 1 << 24  # session.json: its summary has a row for each cue
MOST_COMMANDS = 10_000
MOST_TAGS = 100
MOST_TEXT = 10_000  # characters of a name, note or command
MOST_SESSION_S = 14 * 86400.0

MOST_PROFILE_BYTES = 1 << 20  # of a runner's profile: a baseline has 3 kB for each pace
UNIX_S = (0.0, 2.0**32)  # 1970 to 2106: seconds of 32 bits, as on the clip and in FIT

_DIRECTORY_ENTRY, _DIRECTORY_END, _DIRECTORY_END_64 = 64, 22, 56
_COMMENT = 65_535


class LimitError(ValueError):
    """More than any recording has; the text goes on from the name of the file."""


def check_size(size: int, packed: int) -> None:
    """Raise LimitError if a file of `packed` bytes claims more bytes of numbers than a recording has."""
    if size > MOST_VALUES_BYTES:
        raise LimitError(f"claims to hold {in_words(size)} of numbers, more than any recording: it is damaged.")
    if size > max(FREE_BYTES, MOST_RATIO * packed):
        raise LimitError(f"has {in_words(packed)} but claims to hold {in_words(size)} of numbers: it is damaged.")


def size_of(path: Path) -> int:
    """Size of a file, or of the files in a folder; 0 if there is none."""
    try:
        return sum(each.stat().st_size for each in path.iterdir()) if path.is_dir() else path.stat().st_size
    except OSError:
        return 0


def check_file(path: Path) -> None:
    """Raise LimitError for a file that is larger than any recording."""
    if (size := size_of(path)) > MOST_VALUES_BYTES:
        raise LimitError(f"has {in_words(size)}; up to {in_words(MOST_VALUES_BYTES)} are read: cut it into parts.")


def check_text(size: int, packed: int | None = None) -> None:
    """Raise LimitError if text is too long, or a packed file claims far more of it than text shrinks by."""
    if size > MOST_TEXT_BYTES or (packed is not None and size > max(FREE_TEXT_BYTES, MOST_TEXT_RATIO * packed)):
        raise LimitError(
            f"holds {in_words(size)} of text; up to {in_words(MOST_TEXT_BYTES)} are read, packed at most "
            f"{MOST_TEXT_RATIO} times: cut it into parts."
        )


def in_words(size: float) -> str:
    """A size in bytes, in the largest unit that gives at least 1."""
    for unit, factor in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            return f"{size / factor:,.3g} {unit}" if size < 1e15 else f"over 1,000 {unit}"
    return f"{size:.0f} bytes"


def read_bytes(path: Path, most: int) -> bytes:
    """The bytes of a file, of a pipe or device too. Raises LimitError if there are more than `most`, and OSError."""
    with path.open("rb") as file:
        data = file.read(most + 1) if path.stat().st_size <= most else None
    if data is None or len(data) > most:
        raise LimitError(f"has more than {in_words(most)}, more than any recording: it is another file.")
    return data


def check_zip(file: BinaryIO) -> None:
    """Raise LimitError if a zip file has too many parts: its directory is read as a whole."""
    file.seek(0, 2)
    size = file.tell()
    file.seek(max(size - _COMMENT - _DIRECTORY_END - _DIRECTORY_END_64 - 20, 0))
    tail = file.read()
    largest, at = 0, tail.find(b"PK\5\6")
    while at >= 0:
        if at + _DIRECTORY_END <= len(tail):
            largest = max(largest, struct.unpack_from("<I", tail, at + 12)[0])
        if tail[at - 20 : at - 16] == b"PK\6\7" and at >= 20 + _DIRECTORY_END_64:
            largest = max(largest, struct.unpack_from("<Q", tail, at - 20 - _DIRECTORY_END_64 + 40)[0])
        at = tail.find(b"PK\5\6", at + 1)
    file.seek(0)
    if largest > min(size, MOST_PARTS * _DIRECTORY_ENTRY):
        raise LimitError(f"has more than {MOST_PARTS:,} parts, or its directory is damaged.")


def read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> bytes:
    """A part of a zip file. Raises LimitError if it has more than `most` bytes, whatever it claims."""
    if member.file_size > most:
        raise LimitError(f"{member.filename[:80]!r} in it has {in_words(member.file_size)}: too large.")
    with archive.open(member) as file:
        return file.read(member.file_size + 1)  # with a count: without one, more than claimed is unpacked


def most_memory(packed: int) -> int:
    """Bytes that reading a file of `packed` bytes may take."""
    return _BASE_BYTES + _PER_BYTE * min(packed, MOST_VALUES_BYTES)


_lock = threading.Lock()
_allowed: list[int] = []
_before: list[tuple[int, int]] = []


@contextmanager
def memory(packed: int) -> Iterator[None]:
    """Let this process take no more memory than a file of `packed` bytes can need; MemoryError beyond it.

    Only on Linux, which counts what is written to, and not the address space that threads reserve.
    """
    allowed = most_memory(packed)
    _limit(allowed, 1)
    try:
        yield
    finally:
        _limit(allowed, -1)


def _limit(allowed: int, change: int) -> None:
    used = _data_bytes()
    if used is None:
        return
    import resource

    with _lock:
        if change > 0:
            _allowed.append(allowed)
            if not _before:
                _before.append(resource.getrlimit(resource.RLIMIT_DATA))
        else:
            _allowed.remove(allowed)
        soft, hard = _before[0]
        if not _allowed:
            resource.setrlimit(resource.RLIMIT_DATA, _before.pop())
            return
        most = used + sum(_allowed)
        if soft == resource.RLIM_INFINITY or most < soft:
            resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def _data_bytes() -> int | None:
    """Memory of this process that RLIMIT_DATA counts; None where it is not known."""
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as file:
            return next((1024 * int(line.split()[1]) for line in file if line.startswith("VmData:")), None)
    except (OSError, ValueError, IndexError):
        return None
