"""Checks the session store: SQLite's own checks, every block and packet, and every text that is read as JSON.

Nothing is changed. repair.py saves what can be read of a store in which something was found.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from untuck.errors import SettingsError, StoreError
from untuck.session_commands import from_text
from untuck.store import codec, schema
from untuck.store.block_rows import blocks_of
from untuck.store.blocks import Damage, damage_words, read_block
from untuck.store.profiles import KINDS
from untuck.store.session import Settings, is_time, tags_of

_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR", "SQLITE_MISMATCH")
_WRITE_FORMAT_AT = 18  # in the file: 1 or 2, else SQLite takes the file for one that must not be written
_MOST_LINES = 20  # of what SQLite finds
CheckText = Callable[[str], object]  # raises StoreError if a text cannot be read


@dataclass(frozen=True)
class Problem:
    """What is wrong, as a sentence without its end; session: its number, None for the whole store."""

    session: int | None
    text: str


@dataclass
class StoreCheck:
    """What a check has read and found."""

    sessions: int = 0
    blocks: int = 0
    packets: int = 0
    problems: list[Problem] = field(default_factory=list)


def check_store(path: Path, check_summary: CheckText | None = None) -> StoreCheck:
    """Check a store. check_summary: reads the JSON of a summary. Raises StoreError if it cannot be opened at all."""
    database, version = schema.open_read_only(path)
    found = StoreCheck()
    with closing(database):
        if version == 0 and not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            return found  # of a program that ended while it created the store
        with path.open("rb") as file:
            head = file.read(_WRITE_FORMAT_AT + 1)
        if version == 0 or head[-1] not in (1, 2):
            found.problems.append(Problem(None, "the beginning of the file is damaged"))
        version = version or schema.SCHEMA_VERSION
        for check in (_structure, _sessions, _commands, _kept):
            try:
                for problem in check(database, version, found, check_summary or _no_check):
                    found.problems.append(problem)
            except sqlite3.DatabaseError as error:
                if not is_damage(error):
                    with schema.translated(path):
                        raise
                found.problems.append(Problem(None, "a part of the file cannot be read"))
    found.problems = list(dict.fromkeys(found.problems))
    return found


def is_damage(error: BaseException | None) -> bool:
    """Whether an error says that the file is damaged, and not that it is in use or the disk has failed."""
    name = str(getattr(error, "sqlite_errorname", ""))
    return isinstance(error, sqlite3.Error) and name.startswith(_DAMAGED)


def is_kept(kind: str, data: str) -> bool:
    """Whether an entry of a runner's profile can be read."""
    try:
        codec.from_json(KINDS.get(kind, str), data)
    except StoreError:
        return False
    return True


def is_command(kind: str, value: str, time_s: float) -> bool:
    """Whether a stored command can be read."""
    try:
        from_text(kind, value, time_s)
    except (SettingsError, ValueError, TypeError):
        return False
    return True


def _no_check(text: str) -> None:
    pass


def _structure(database: sqlite3.Connection, version: int, found: StoreCheck, _: CheckText) -> Iterator[Problem]:
    lines = [row[0] for row in database.execute(f"PRAGMA integrity_check({_MOST_LINES})")]
    if lines != ["ok"]:
        yield Problem(None, "the structure of the file is damaged")
    orphans = {row[0] for row in database.execute("PRAGMA foreign_key_check")}
    for table in sorted(orphans):
        yield Problem(None, f"rows of the table {table} belong to no session")


def _sessions(
    database: sqlite3.Connection, version: int, found: StoreCheck, check_summary: CheckText
) -> Iterator[Problem]:
    tags = "tags" if version >= 3 else "'[]'"
    query = f"SELECT id, started_unix_s, ended_unix_s, settings, summary, {tags} FROM session ORDER BY id"
    for number, started, ended, settings, summary, words in database.execute(query).fetchall():
        found.sessions += 1
        if not is_time(started) or not (ended is None or is_time(ended)):
            yield Problem(number, "its date cannot be read")
        if not _reads(lambda text: codec.from_json(Settings, text), settings):
            yield Problem(number, "its settings cannot be read")
        if summary is not None and not _reads(check_summary, summary):
            yield Problem(number, "its summary cannot be read")
        if words != "[]" and not tags_of(words):
            yield Problem(number, "its tags cannot be read")
        yield from _packets(database, version, found, number)


def _reads(check: CheckText, text: str) -> bool:
    try:
        check(text)
    except StoreError:
        return False
    return True


def _packets(database: sqlite3.Connection, version: int, found: StoreCheck, session: int) -> Iterator[Problem]:
    damages: list[Damage] = []
    begin_s, due = math.nan, 0
    for block in blocks_of(database, session, has_checksums=version >= 4):
        begin_s = block.first_arrival_s if math.isnan(begin_s) else begin_s
        packets, damage = read_block(block)
        damages += [] if damage is None else [damage]
        found.blocks += 1
        found.packets += len(packets)
        if block.number != due:
            yield Problem(session, "a part of it is missing")
        elif damage is None and len(packets) != block.count:
            yield Problem(session, "the number of its packets is wrong")
        due = block.number + 1
    if damages:
        yield Problem(session, damage_words(damages, begin_s).removesuffix(".").replace("This recording", "it", 1))


def _commands(database: sqlite3.Connection, version: int, found: StoreCheck, _: CheckText) -> Iterator[Problem]:
    if version < 2:
        return
    query = "SELECT session_id, kind, value, time_s FROM steer"
    for session, kind, value, time_s in database.execute(query).fetchall():
        if not is_command(kind, value, time_s):
            yield Problem(session, "a command of it cannot be read")


def _kept(database: sqlite3.Connection, version: int, found: StoreCheck, _: CheckText) -> Iterator[Problem]:
    if version < 2:
        return
    for runner, kind, data in database.execute("SELECT runner, kind, data FROM kept").fetchall():
        if not is_kept(kind, data):
            yield Problem(None, f"the saved {kind} of {runner or 'the default runner'} cannot be read")
