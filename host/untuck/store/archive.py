"""A session as one file, for backup or for another machine: a zip archive.

It holds session.json, with settings, commands and the user's name, note and tags, and the raw packets in blobs as in
the store. Zip's checksums detect damage. An archive is read into a store of its own first; only one that passes every
check, and that the store's readers read there, is copied.
"""

from __future__ import annotations

import json
import logging
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from untuck import limits
from untuck.errors import SettingsError, StoreError, reason
from untuck.store import private, schema
from untuck.store.archive_facts import FACTS, OF_TWO, PacketCheck, check_facts
from untuck.store.archive_writing import ABOUT, blob_name, facts_of, readable_parts, write_parts
from untuck.store.block_rows import INSERT, as_row
from untuck.store.blocks import unpack
from untuck.store.session import StoredSession
from untuck.store.sessions import Store

_log = logging.getLogger(__name__)
_DAMAGED = (
    SettingsError,
    zipfile.BadZipFile,
    zlib.error,
    KeyError,
    ValueError,
    TypeError,
    EOFError,
    RuntimeError,
    NotImplementedError,
    AttributeError,
    OverflowError,
)
_PACKETS = "number, count, first_arrival_s, last_arrival_s, data, crc32, trunk"
_COLUMNS = (*FACTS, OF_TWO)
_COMMANDS = "number, time_s, kind, value"
_Row = dict[str, int | float | bytes]


class Budget:
    """Bytes that one import may still unpack, of all its archives."""

    def __init__(self) -> None:
        self.bytes = limits.MOST_IMPORT_BYTES


def write_archive(session: StoredSession, path: Path) -> None:
    """Write a session to a file, without packets that are damaged. Raises StoreError where that fails."""
    commands = session.commands()
    try:
        private.create(path)
        with path.open("wb") as file:
            write_parts(file, facts_of(session), commands, readable_parts(session))
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {reason(error)}.") from error


def read_archive(store: Store, path: Path, summary_kind: type | None = None, budget: Budget | None = None) -> int:
    """Add the session in a file to the store, completely or not at all; returns its number there.

    summary_kind: the class of summaries, to check that of the archive; budget: of an import of several archives. Raises
    StoreError for a file that is damaged, not an archive, of a newer format, larger than any session, or already in the
    store.
    """
    with _quarantine(store.path) as folder:
        aside = Store(folder / "import.db")
        with _explained(path), path.open("rb") as file:
            limits.check_zip(file)
            with zipfile.ZipFile(file) as archive:
                parts = _parts(archive, path, budget or Budget())
                facts = check_facts(limits.read_member(archive, parts[0], limits.MOST_FACTS_BYTES), summary_kind)
                _reject_duplicate(store, facts)
                _fill(aside, facts, _rows(archive, parts[1:], facts["packets"]))
        with _explained(path):
            _try(aside.open(1))
        return _copied(aside, store)


@contextmanager
def _quarantine(beside: Path) -> Iterator[Path]:
    """A folder on the store's disk that is deleted afterwards."""
    try:
        private.make_folder(beside.parent)
        folder = tempfile.TemporaryDirectory(prefix="import-", dir=beside.parent)
    except OSError as error:
        raise StoreError(f"the data folder {beside.parent} cannot be written to: {reason(error)}.") from error
    with folder as name:
        yield Path(name)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn errors of reading an archive into StoreErrors that name it."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {reason(error)}.") from error
    except limits.LimitError as error:
        raise StoreError(f"{path} {error}") from error
    except StoreError as error:
        text = str(error)
        joint = " " if text.startswith(("was ", "has ")) else ": "
        raise StoreError(text if str(path) in text else f"{path}{joint}{text}") from error
    except (*_DAMAGED, MemoryError) as error:
        raise StoreError(f"{path} is not a session archive, or is damaged: {_words(error)}.") from error


def _words(error: BaseException) -> str:
    """The reason in an error, as one line."""
    text = f"it lacks {error}" if isinstance(error, KeyError) else str(error) or "it cannot be unpacked"
    return " ".join(text.split())[:200].rstrip(".")


def _parts(archive: zipfile.ZipFile, path: Path, budget: Budget) -> list[zipfile.ZipInfo]:
    """session.json and all blobs in order; they must be complete, because zip's checksums do not cover names."""
    members = archive.infolist()
    blobs = sorted((each for each in members if each.filename.startswith("packets/")), key=lambda each: each.filename)
    if [each.filename for each in blobs] != [blob_name(number) for number in range(len(blobs))]:
        raise ValueError("the names of its parts are not in sequence")
    if len(members) != len(blobs) + 1:
        raise ValueError("it must hold session.json once, packets, and nothing else")
    size, packed = sum(each.file_size for each in members), path.stat().st_size
    if size > max(limits.FREE_ARCHIVE_BYTES, limits.MOST_ARCHIVE_RATIO * packed) or size > limits.MOST_ARCHIVE_BYTES:
        raise limits.LimitError(f"holds {limits.in_words(size)} in {limits.in_words(packed)}, which no session does.")
    if any(each.file_size > limits.MOST_PART_BYTES for each in members):
        raise limits.LimitError(f"has a part of more than {limits.in_words(limits.MOST_PART_BYTES)}: it is damaged.")
    budget.bytes -= size
    if budget.bytes < 0:
        most = limits.in_words(limits.MOST_IMPORT_BYTES)
        raise limits.LimitError(f"was not imported: one import reads up to {most}. Import the rest with another one.")
    return [archive.getinfo(ABOUT), *blobs]


def _rows(archive: zipfile.ZipFile, parts: list[zipfile.ZipInfo], packets: int) -> Iterator[_Row]:
    """The rows of the packets, one in memory at a time."""
    check = PacketCheck()
    for number, part in enumerate(parts):
        blob = limits.read_member(archive, part, limits.MOST_PART_BYTES)
        if found := list(unpack(blob)):
            check.push(found)
            yield {**as_row(1, found), "number": number}
    check.finish(packets)


def _reject_duplicate(store: Store, facts: dict[str, Any]) -> None:
    for session in store.sessions():
        same = session.started_unix_s == facts["started_unix_s"] and session.source == facts["source"]
        if same and session.packet_count == facts["packets"]:
            raise StoreError(f"this session is already in the store, as session {session.id}.")


def _fill(aside: Store, facts: dict[str, Any], rows: Iterator[_Row]) -> None:
    """Write a session as number 1 of an empty store."""
    values = [json.dumps(facts[name]) if name == "tags" else facts[name] for name in _COLUMNS]
    query = f"INSERT INTO session ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"
    with closing(schema.connect(aside.path)) as database, schema.translated(aside.path):
        database.execute("PRAGMA synchronous = OFF")  # it is deleted afterwards
        database.execute("BEGIN IMMEDIATE")
        database.execute(query, values)
        database.executemany(INSERT, rows)
        commands = [(k, time_s, kind, value) for k, (kind, time_s, value) in enumerate(facts["steers"])]
        database.executemany(f"INSERT INTO steer (session_id, {_COMMANDS}) VALUES (1, ?, ?, ?, ?)", commands)
        database.execute("COMMIT")


def _try(session: StoredSession) -> None:
    """Read what the store's readers read of a session. Raises what they raise."""
    session.settings()
    session.commands()
    repr(session)


def _copied(aside: Store, store: Store) -> int:
    """Copy session 1 of another store in one transaction; returns its number."""
    columns = ", ".join(_COLUMNS)
    with closing(schema.connect(store.path)) as database, schema.translated(store.path):
        database.execute("ATTACH DATABASE ? AS aside", (str(aside.path),))
        database.execute("BEGIN IMMEDIATE")  # closing without COMMIT rolls back
        query = f"INSERT INTO session ({columns}) SELECT {columns} FROM aside.session"
        number = int(database.execute(query).lastrowid or 0)
        for table, names in (("packets", _PACKETS), ("steer", _COMMANDS)):
            query = f"INSERT INTO {table} (session_id, {names}) SELECT ?, {names} FROM aside.{table}"
            database.execute(query, (number,))
        database.execute("COMMIT")
    _log.info("session %d imported", number)
    return number
