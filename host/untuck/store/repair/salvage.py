"""Rows of a damaged store: what can be read of each table, and each row made into one that every reader accepts.

Row by row and column by column, because one damaged page makes a whole query fail.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

from untuck.errors import StoreError
from untuck.store import codec
from untuck.store.block_rows import as_row
from untuck.store.blocks import Block, read_block
from untuck.store.repair.check import CheckText, is_command, is_damage, is_kept
from untuck.store.session import Settings, is_time, tags_of

Row = dict[str, Any]
_TEXTS = ("source", "mode", "runner", "name", "note", "trunk_source")
_MOST_TRIED = 1_000_000  # row numbers between two that can be read


def copy_table(table: str, source: sqlite3.Connection, target: sqlite3.Connection, check_summary: CheckText) -> None:
    """Copy the readable rows of a table into an empty one; parents come first. Raises sqlite3.Error."""
    mend = _MENDS.get(table)
    columns = _columns(source, table)
    shared = [each for each in _columns(target, table) if each in columns]
    for row in _rows(source, table, shared) if shared else ():
        mended = row if mend is None else mend(row, target, check_summary)
        if mended is not None:
            names, places = ", ".join(mended), ", ".join("?" * len(mended))
            target.execute(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({places})", tuple(mended.values()))


def _columns(database: sqlite3.Connection, table: str) -> list[str]:
    try:
        return [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
    except sqlite3.DatabaseError:
        return []


def _rows(database: sqlite3.Connection, table: str, columns: list[str]) -> Iterator[Row]:
    """The rows that can be read, each alone; a blob that cannot is empty."""
    for number in _row_numbers(database, table):
        row: Row = {}
        for column in columns:
            found = _read(database, f"SELECT {column} FROM {table} WHERE rowid = ?", number)
            row[column] = found[0][0] if found else None
        if any(value is not None for value in row.values()):
            yield row


def _row_numbers(database: sqlite3.Connection, table: str) -> list[int]:
    """Numbers of rows, searched from both ends: one damaged page stops each way. Between them every number is tried."""
    up = [row[0] for row in _read(database, f"SELECT rowid FROM {table} NOT INDEXED ORDER BY rowid")]
    down = [row[0] for row in _read(database, f"SELECT rowid FROM {table} NOT INDEXED ORDER BY rowid DESC")]
    last_up, first_down = max(up, default=0), min(down, default=0)
    between = range(last_up + 1, min(first_down, last_up + _MOST_TRIED))
    return sorted({*up, *down, *between})


def _read(database: sqlite3.Connection, query: str, *values: int) -> list[tuple[Any, ...]]:
    """The rows of a query until one cannot be read. Raises sqlite3.Error for anything but damage."""
    rows = []
    try:
        for row in database.execute(query, values):
            rows.append(row)
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
    return rows


def _session(row: Row, target: sqlite3.Connection, check_summary: CheckText) -> Row | None:
    """A session whose parts are replaced where they cannot be read."""
    if not isinstance(row.get("id"), int):
        return None
    row |= {name: str(row[name] or "") for name in _TEXTS if name in row}
    if not is_time(row["started_unix_s"]):
        row["started_unix_s"] = 0.0
    if not is_time(row["ended_unix_s"]):
        row["ended_unix_s"] = None
    if not _is_read(lambda text: codec.from_json(Settings, text), row["settings"]):
        row["settings"] = codec.to_json(Settings())
    if row["summary"] is not None and not _is_read(check_summary, row["summary"]):
        row["summary"] = None
    if "tags" in row:
        row["tags"] = json.dumps(tags_of(row["tags"]), ensure_ascii=False)
    return row


def _is_read(check: Callable[[str], object], text: Any) -> bool:
    try:
        check(text)
    except StoreError:
        return False
    return True


def _block(row: Row, target: sqlite3.Connection, _: CheckText) -> Row | None:
    """A block with the packets that can be read, under its number if that is free."""
    session, data = row["session_id"], row["data"]
    if not isinstance(session, int) or not isinstance(data, bytes):
        return None
    facts: Row = {name: row[name] if isinstance(row[name], int | float) else 0 for name in _BLOCK_FACTS}
    checksum = row.get("crc32")
    packets, _damage = read_block(Block(**facts, data=data, crc32=checksum))
    if not packets:
        return None
    _ensure_session(target, session, packets[0].arrival_s)
    taken = target.execute("SELECT number FROM packets WHERE session_id = ?", (session,)).fetchall()
    number = facts["number"]
    if number < 0 or (number,) in taken:
        number = max(taken, default=(-1,))[0] + 1
    return {"number": number, **as_row(session, packets)}


def _command(row: Row, target: sqlite3.Connection, _: CheckText) -> Row | None:
    exists = target.execute("SELECT 1 FROM session WHERE id = ?", (row["session_id"],)).fetchone()
    sound = exists and isinstance(row["time_s"], float) and is_command(row["kind"], row["value"], row["time_s"])
    return row if sound else None


def _entry(row: Row, target: sqlite3.Connection, _: CheckText) -> Row | None:
    exists = target.execute("SELECT 1 FROM session WHERE id = ?", (row["session_id"],)).fetchone()
    if not isinstance(row["data"], str) or not is_kept(str(row["kind"]), row["data"]):
        return None
    return row | {"session_id": row["session_id"] if exists else None, "runner": str(row["runner"] or "")}


def _ensure_session(target: sqlite3.Connection, session: int, arrival_s: float) -> None:
    """A row for packets whose session cannot be read."""
    target.execute(
        "INSERT OR IGNORE INTO session (id, started_unix_s, source, mode, settings) VALUES (?, 0, 'unknown', 'run', ?)",
        (session, codec.to_json(Settings())),
    )


_BLOCK_FACTS = ("number", "count", "first_arrival_s", "last_arrival_s")
_MENDS: dict[str, Callable[[Row, sqlite3.Connection, CheckText], Row | None]] = {
    "session": _session,
    "packets": _block,
    "steer": _command,
    "kept": _entry,
}
