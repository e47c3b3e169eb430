"""Writes a session as an archive, from its values: the same bytes whether they come from the store or from a phone.

Needs no SQLite. archive.py reads archives; archive_facts.py checks what is in one.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from untuck import __version__
from untuck.model import Packet
from untuck.session_commands import SessionCommand, to_text
from untuck.store.archive_facts import FACTS, FORMAT, OF_TWO
from untuck.store.blocks import pack, read_block
from untuck.store.session import StoredSession
from untuck.vocabulary import Role

SUFFIX = ".untuck"
ABOUT = "session.json"


def write_parts(
    file: BinaryIO,
    facts: Mapping[str, Any],
    commands: Iterable[SessionCommand],
    parts: Iterable[Sequence[Packet]],
) -> int:
    """Write an archive; returns the number of packets in it.

    facts: all of archive_facts.FACTS, with settings and summary (or None) as JSON, and that of two clips if there is
    one; parts: the packets in order, about a second in each, as blocks.in_seconds divides them. One clip's session gets
    the format that older versions read. Raises KeyError for a missing fact, OSError where the file cannot be written.
    """
    about: dict[str, Any] = {"format": 1, "untuck": __version__} | {name: facts[name] for name in _ORDER}
    about |= {"steers": [_command_row(command) for command in commands], "packets": 0}
    if facts.get(OF_TWO):
        about |= {"format": FORMAT, OF_TWO: facts[OF_TWO]}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, packets in enumerate(part for part in parts if part):
            archive.writestr(blob_name(number), pack(packets))
            about["packets"] += len(packets)
            if any(packet.role == Role.TRUNK for packet in packets):
                about["format"] = FORMAT
        archive.writestr(ABOUT, json.dumps(about, indent=1, ensure_ascii=False))
    return int(about["packets"])


def facts_of(session: StoredSession) -> dict[str, Any]:
    """The facts of a session, as write_parts takes them."""
    return {name: getattr(session, "settings_json" if name == "settings" else name) for name in (*FACTS, OF_TWO)}


def readable_parts(session: StoredSession) -> Iterator[list[Packet]]:
    """The packets of a session in parts, without those that are damaged. Raises StoreError for a damaged file."""
    return (read_block(block)[0] for block in session.read_blocks())


def blob_name(number: int) -> str:
    """Name in an archive of the packets of one part."""
    return f"packets/{number:06d}.bin"


def _command_row(command: SessionCommand) -> list[str]:
    kind, value = to_text(command)
    return [kind, repr(command.time_s), value]


_ORDER = (*(name for name in FACTS if name != "settings"), "settings")
