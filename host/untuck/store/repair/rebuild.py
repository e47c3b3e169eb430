"""Saves what can be read of a damaged store into a new file, which takes its place; the damaged one is kept beside it.

What cannot be read is replaced by what a reader accepts (no summary, default settings), or left out: salvage.py. The
new file is complete, checked and synced before it takes the name.
"""

from __future__ import annotations

import logging
import mmap
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from untuck.errors import StoreError, reason
from untuck.store import claims, schema
from untuck.store.block_rows import INSERT
from untuck.store.repair.carve import find_blocks
from untuck.store.repair.check import CheckText, StoreCheck, check_store, is_damage
from untuck.store.repair.salvage import copy_table

_log = logging.getLogger(__name__)
_HEADER_BYTES = 24  # at the beginning of a file: the same in every store
_SIDES = ("-wal", "-shm")
_PARENTS_FIRST = ("session", "packets", "steer", "kept")


def repair_store(path: Path, check_summary: CheckText) -> tuple[StoreCheck, Path]:
    """Save what can be read; returns what the new store holds, and where the damaged one is kept.

    Raises StoreError if a session is being recorded now, nothing can be read, or the disk is full; the store is then
    as before.
    """
    if claims.is_any_claimed(path):
        raise StoreError(f"a session is being recorded in {path}: end it, then repair.")
    new = path.with_name(f"{path.name}-repairing")
    try:
        _remove_store(new)
        _copy(path, new, check_summary)
        found = check_store(new, check_summary)
        if found.problems:
            raise StoreError(f"{path} cannot be repaired: nothing of it can be read. Restore it from a backup.")
        kept = _keep(path)
        os.replace(new, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise StoreError(f"{path} cannot be repaired: {reason(error)}; it is as before.") from error
    finally:
        _remove_store(new)
    _log.info("session store repaired: %d sessions, %d packets", found.sessions, found.packets)
    return found, kept


def _keep(path: Path) -> Path:
    """Copy the damaged store with its log, then remove the log, which would be applied to the new file."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    kept = path.with_name(f"{path.stem}-damaged-{stamp}{path.suffix}")
    number = 1
    while kept.exists():
        number += 1
        kept = kept.with_name(f"{path.stem}-damaged-{stamp}-{number}{path.suffix}")
    for side in ("", "-wal"):
        source = path.with_name(path.name + side)
        if source.exists():
            shutil.copy2(source, kept.with_name(kept.name + side))
    _sync_folder(kept.parent)
    for side in _SIDES:
        path.with_name(path.name + side).unlink(missing_ok=True)
    return kept


def _copy(path: Path, new: Path, check_summary: CheckText) -> None:
    with closing(schema.connect(new)) as target, schema.translated(new), _opened(path, new) as source:
        target.execute("BEGIN IMMEDIATE")
        for table in (*_PARENTS_FIRST, *sorted(_tables(target) - set(_PARENTS_FIRST))):
            copy_table(table, source, target, check_summary)
        _add_unreachable(path, target)
        _close_gaps(target)
        try:  # the number of a session that is lost is not given again
            (highest,) = source.execute("SELECT seq FROM sqlite_sequence WHERE name = 'session'").fetchone() or (0,)
            target.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'session'", (highest,))
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
        target.execute("COMMIT")


def _add_unreachable(path: Path, target: sqlite3.Connection) -> None:
    """Add blocks of known sessions that are in the file and in no tree; of deleted sessions nothing comes back."""
    (page_bytes,) = target.execute("PRAGMA page_size").fetchone()
    known = {row[0] for row in target.execute("SELECT id FROM session")}
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for row in find_blocks(data, page_bytes):
            if row["session_id"] in known:
                target.execute(INSERT.replace("INSERT", "INSERT OR IGNORE", 1), row)


def _close_gaps(target: sqlite3.Connection) -> None:
    """Number the blocks of each session 0, 1, 2 ... again, in their order."""
    due: dict[int, int] = {}
    for session, number in target.execute("SELECT session_id, number FROM packets ORDER BY 1, 2").fetchall():
        due[session] = due.get(session, -1) + 1
        if number != due[session]:
            query = "UPDATE packets SET number = ? WHERE session_id = ? AND number = ?"
            target.execute(query, (due[session], session, number))


@contextmanager
def _opened(path: Path, sound: Path) -> Iterator[sqlite3.Connection]:
    """The damaged store; if SQLite does not even know it as such, a copy with the header of a sound store."""
    copy = path.with_name(f"{path.name}-repairing-copy")
    try:
        with closing(_open(path, copy, sound)) as database:
            yield database
    finally:
        _remove_store(copy)


def _open(path: Path, copy: Path, sound: Path) -> sqlite3.Connection:
    try:
        return schema.open_read_only(path)[0]
    except StoreError as error:
        if not is_damage(error.__cause__):
            raise
        data = bytearray(path.read_bytes())
        data[:_HEADER_BYTES] = sound.read_bytes()[:_HEADER_BYTES]
        copy.write_bytes(data)
        return schema.open_read_only(copy)[0]


def _tables(database: sqlite3.Connection) -> set[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    return {row[0] for row in database.execute(query)}


def _remove_store(path: Path) -> None:
    for side in ("", *_SIDES):
        path.with_name(path.name + side).unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make the names in a folder last over a power cut; Windows does so by itself."""
    if os.name == "nt":
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
