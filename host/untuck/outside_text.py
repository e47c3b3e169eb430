"""Text from outside (radio, files, command line, settings): made safe where it is shown or becomes the name of a file.

Control characters could command a terminal, turn the direction of writing or end a line; they are replaced. Programs
that show markup (HTML, Qt, rich) need its escaping as well.
"""

from __future__ import annotations

import re
import unicodedata
import zlib

LONGEST_NAME = 60  # characters of a name of a file: at most 240 bytes

_JOINERS = "\u200c\u200d"  # of words in Persian and Hindi, and of emoji
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)")  # by Windows, with any suffix


def printable(text: str, longest: int = 1000) -> str:
    """The text in one line, without what a screen would obey; longer than `longest` characters it is cut with "...".

    Line breaks and other white space become spaces, control and formatting characters and lone surrogates "?".
    """
    line = "".join(map(_shown, text[: longest + 1]))
    return line if len(line) <= longest else line[: max(0, longest - 3)] + "..."


def printable_lines(text: str) -> str:
    """The text with its line breaks, of any length; each line as `printable` makes it."""
    return (
        text
        if text.isascii() and text.replace("\n", "").isprintable()
        else "\n".join(printable(line, len(line)) for line in text.split("\n"))
    )


def as_file_name(text: str) -> str:
    """A name of a file for this text, on every system; another text almost certainly gets another one."""
    name = unicodedata.normalize("NFC", re.sub(r"[^\w.-]", "_", text[:LONGEST_NAME]))
    name = name.strip("._-")
    if name and name == text and not _RESERVED.match(name):
        return name
    sum_of_text = zlib.crc32(text.encode("utf-8", "surrogatepass"))
    return f"{name[: LONGEST_NAME - 10]}_{sum_of_text:08x}".lstrip("_")


def _shown(character: str) -> str:
    if character.isspace():
        return " "
    kind = unicodedata.category(character)
    return "?" if kind in ("Cc", "Cf", "Cs") and character not in _JOINERS else character
