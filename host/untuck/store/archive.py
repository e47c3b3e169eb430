"""A session as one file, for backup or for another machine: a zip archive.

It holds session.json, with settings, commands and the user's name, note and tags, and the raw packets in blobs as in
the store. Zip's checksums detect damage.
"""

from __future__ import annotations

import json
import logging
import zipfile
import zlib
from contextlib import closing
from pathlib import Path
from typing import Any

from untuck import __version__
from untuck.errors import SettingsError, StoreError, reason
from untuck.session_commands import SessionCommand, from_text, to_text
from untuck.store import codec, schema
from untuck.store.config import checked_name, checked_text
from untuck.store.session import Settings, StoredSession, unpack
from untuck.store.sessions import Store

_log = logging.getLogger(__name__)
FORMAT = 1
SUFFIX = ".untuck"
_FACTS = ("source", "mode", "started_unix_s", "ended_unix_s", "settings", "summary", "runner", "name", "note", "tags")
_DAMAGED = (SettingsError, zipfile.BadZipFile, zlib.error, KeyError, ValueError, TypeError, EOFError, RuntimeError)
_MOST_BLOB_BYTES = 1 << 24  # a blob holds a second of packets, far less than this


def write_archive(session: StoredSession, path: Path) -> None:
    """Write a session to a file. Raises StoreError where the file cannot be written or the session is damaged."""
    facts = {name: getattr(session, name) for name in _FACTS if name != "settings"}
    commands = [_command_row(command) for command in session.commands()]
    about = {"format": FORMAT, "untuck": __version__, **facts, "settings": session.settings_json}
    about |= {"steers": commands, "packets": session.packet_count}
    try:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("session.json", json.dumps(about, indent=1, ensure_ascii=False))
            for number, blob in enumerate(session.read_blobs()):
                archive.writestr(_blob_name(number), blob)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {reason(error)}.") from error


def read_archive(store: Store, path: Path) -> int:
    """Add the session in a file to the store, completely or not at all; returns its number there.

    Raises StoreError for a file that is damaged, not an archive, of a newer format, or already in the store.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            about = _about(archive, path)
            blobs = [_blob(archive, name) for name in _blob_names(archive)]
            rows = [_row(number, blob) for number, blob in enumerate(blobs) if blob]
            if sum(row[1] for row in rows) != about["packets"]:
                raise ValueError(f"some of its {about['packets']} packets are missing")
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {reason(error)}.") from error
    except _DAMAGED as error:
        raise StoreError(f"{path} is not a session archive, or is damaged: {error}.") from error
    _reject_duplicate(store, about, about["packets"])
    return _insert(store, about, rows)


def _command_row(command: SessionCommand) -> list[str]:
    kind, value = to_text(command)
    return [kind, repr(command.time_s), value]


def _about(archive: zipfile.ZipFile, path: Path) -> dict[str, Any]:
    """session.json, with its fields, settings and commands checked."""
    about = json.loads(archive.read("session.json"))
    if about["format"] > FORMAT:
        raise StoreError(f"{path} was written by a newer Untuck ({about['untuck']}): update Untuck to read it.")
    missing = [name for name in (*_FACTS, "steers", "packets") if name not in about]
    if missing:
        raise ValueError(f"session.json lacks {', '.join(missing)}")
    codec.from_json(Settings, about["settings"])
    about["steers"] = [(kind, float(time_s), value) for kind, time_s, value in about["steers"]]
    for kind, time_s, value in about["steers"]:
        from_text(kind, value, time_s)
    checked_name(about["runner"])
    for what in ("source", "name", "note"):
        checked_text(about[what], f"its {what}")
    for word in about["tags"]:
        checked_text(word, "a tag of it")
    return dict(about)


def _blob_name(number: int) -> str:
    return f"packets/{number:06d}.bin"


def _blob_names(archive: zipfile.ZipFile) -> list[str]:
    """The names of all blobs in order; they must be complete, because zip's checksums do not cover names."""
    names = sorted(name for name in archive.namelist() if name.startswith("packets/"))
    if names != [_blob_name(number) for number in range(len(names))]:
        raise ValueError("the names of its parts are not in sequence")
    return names


def _blob(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > _MOST_BLOB_BYTES:
        raise ValueError(f"{name} is too large")
    return archive.read(name)


def _row(number: int, blob: bytes) -> tuple[int, int, float, float, bytes]:
    packets = list(unpack(blob))
    return number, len(packets), packets[0].arrival_s, packets[-1].arrival_s, blob


def _reject_duplicate(store: Store, about: dict[str, Any], packets: int) -> None:
    for session in store.sessions():
        same = session.started_unix_s == about["started_unix_s"] and session.source == about["source"]
        if same and session.packet_count == packets:
            raise StoreError(f"this session is already in the store, as session {session.id}.")


def _insert(store: Store, about: dict[str, Any], rows: list[tuple[int, int, float, float, bytes]]) -> int:
    values = [json.dumps(about[name]) if name == "tags" else about[name] for name in _FACTS]
    query = f"INSERT INTO session ({', '.join(_FACTS)}) VALUES ({', '.join('?' * len(_FACTS))})"
    with closing(schema.connect(store.path)) as database, schema.translated(store.path):
        database.execute("BEGIN IMMEDIATE")  # closing without COMMIT rolls back
        number = int(database.execute(query, values).lastrowid or 0)
        database.executemany("INSERT INTO packets VALUES (?, ?, ?, ?, ?, ?)", [(number, *row) for row in rows])
        commands = [(number, k, time_s, kind, value) for k, (kind, time_s, value) in enumerate(about["steers"])]
        database.executemany("INSERT INTO steer VALUES (?, ?, ?, ?, ?)", commands)
        database.execute("COMMIT")
    _log.info("session %d imported: %d packets, %d commands", number, about["packets"], len(commands))
    return number
