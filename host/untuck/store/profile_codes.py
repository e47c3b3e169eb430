"""A profile's text as the texts of QR codes, and back.

A code holds `UNTUCK1:SUM:NUMBER/COUNT:DATA`: characters that QR codes store as alphanumeric. DATA is a part of the
text, compressed by zlib and written in base 32; SUM is the CRC-32 of all that is compressed, in hexadecimal, by which
the codes of one profile are known. They may be read in any order, and more than once.
"""

from __future__ import annotations

import re
import zlib
from base64 import b32decode, b32encode

from untuck import limits
from untuck.errors import StoreError

MOST_CHARACTERS = 440  # of a code: 65 modules wide at the error correction M, which a terminal of 80 columns shows
MOST_CODES = 99
_HEAD = "UNTUCK1:"
_CODE = re.compile(rf"{_HEAD}([0-9A-F]{{8}}):([1-9][0-9]?)/([1-9][0-9]?):([A-Z2-7]+)")
_HEAD_CHARACTERS = len(f"{_HEAD}00000000:99/99:")


def to_codes(text: str, most_characters: int = MOST_CHARACTERS) -> tuple[str, ...]:
    """The texts of the codes, each of up to most_characters. Raises StoreError if MOST_CODES are too few."""
    packed = zlib.compress(text.encode("utf-8"), 9)
    data = b32encode(packed).decode("ascii").rstrip("=")
    count = -(-len(data) // (most_characters - _HEAD_CHARACTERS))
    if count > MOST_CODES:
        raise StoreError(f"this profile needs {count} QR codes: take it as a file instead.")
    size = -(-len(data) // count)  # all alike: the largest one decides how well they are read
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    return tuple(
        f"{_HEAD}{zlib.crc32(packed):08X}:{number}/{len(parts)}:{part}" for number, part in enumerate(parts, 1)
    )


class CodeReader:
    """Collects the codes of a profile as a camera reads them. count: of the codes, 0 before the first."""

    def __init__(self) -> None:
        self.count = 0
        self._sum = ""
        self._parts: dict[int, str] = {}

    @property
    def missing(self) -> tuple[int, ...]:
        """Numbers of the codes that are still to be read."""
        return tuple(number for number in range(1, self.count + 1) if number not in self._parts)

    def take(self, code: str) -> bool:
        """Take the text of a code; returns whether all are there. A code of another profile begins again.

        Raises StoreError for a code that is not of a profile.
        """
        found = _CODE.fullmatch(code) if len(code) <= limits.MOST_TEXT else None
        if found is None or int(found[2]) > int(found[3]):
            newer = re.match(r"UNTUCK\d+:", code) is not None and not code.startswith(_HEAD)
            what = "was written by a newer Untuck: update Untuck to read it" if newer else "is not of an Untuck profile"
            raise StoreError(f"this QR code {what}.")
        total, number, count, part = found[1], int(found[2]), int(found[3]), found[4]
        if (total, count) != (self._sum, self.count):
            self._sum, self.count, self._parts = total, count, {}
        self._parts[number] = part
        return not self.missing

    def text(self) -> str:
        """The profile's text, for profile_file. Raises StoreError if codes are missing or were read wrongly."""
        if self.missing or not self.count:
            words = ", ".join(map(str, self.missing)) or "all"
            raise StoreError(f"QR codes are missing: {words}.")
        data = "".join(self._parts[number] for number in range(1, self.count + 1))
        try:
            packed = b32decode(data + "=" * (-len(data) % 8))
            if f"{zlib.crc32(packed):08X}" != self._sum:
                raise ValueError("its checksum is wrong")
            reader = zlib.decompressobj()
            text = reader.decompress(packed, limits.MOST_PROFILE_BYTES)
            if not reader.eof:
                raise ValueError("it is too large")
            return text.decode("utf-8")
        except (ValueError, zlib.error) as error:
            self.count, self._sum, self._parts = 0, "", {}
            raise StoreError("the QR codes do not fit together: read all of them again.") from error


def from_codes(codes: tuple[str, ...]) -> str:
    """The text of which these are all codes, in any order. Raises StoreError if that is not so."""
    reader = CodeReader()
    for code in codes:
        reader.take(code)
    return reader.text()
