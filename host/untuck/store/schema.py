"""The tables of the session store, and SQLite's errors as messages for the user.

One file in WAL mode. A session is a row; its raw packets are blobs of about a second. `user_version` is the schema's
number: a file of an older version is updated, one of a newer version is rejected. Owns the SQL that creates tables.
"""

from __future__ import annotations

import logging
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from untuck.errors import StoreError, reason
from untuck.store import private

_log = logging.getLogger(__name__)
_SCHEMA_1 = """
CREATE TABLE IF NOT EXISTS session (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    started_unix_s REAL NOT NULL,
    ended_unix_s REAL,           -- NULL while recording, or if the recording was cut off
    source TEXT NOT NULL,
    mode TEXT NOT NULL,
    settings TEXT NOT NULL,      -- JSON of store.session.Settings: all settings of the analysis
    summary TEXT                 -- JSON of report.summary.Summary; a replay computes it again
);
CREATE TABLE IF NOT EXISTS packets (
    session_id INTEGER NOT NULL REFERENCES session(id) ON DELETE CASCADE,
    number INTEGER NOT NULL,     -- 0, 1, 2 ... within the session
    count INTEGER NOT NULL,      -- packets in the blob
    first_arrival_s REAL NOT NULL,
    last_arrival_s REAL NOT NULL,
    data BLOB NOT NULL,          -- store.blocks.pack
    PRIMARY KEY (session_id, number)
);
"""

_SCHEMA_2 = """
ALTER TABLE session ADD COLUMN runner TEXT NOT NULL DEFAULT '';
CREATE TABLE steer (
    session_id INTEGER NOT NULL REFERENCES session(id) ON DELETE CASCADE,
    number INTEGER NOT NULL,     -- 0, 1, 2 ... within the session, in order
    time_s REAL NOT NULL,        -- sensor time of the sample after which it took effect
    kind TEXT NOT NULL,          -- kind and value as of session_commands.to_text
    value TEXT NOT NULL,
    PRIMARY KEY (session_id, number)
);
CREATE TABLE kept (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    runner TEXT NOT NULL,
    kind TEXT NOT NULL,          -- as in store.profiles; the newest of a runner is in use
    made_unix_s REAL NOT NULL,
    session_id INTEGER REFERENCES session(id) ON DELETE SET NULL,
    data TEXT NOT NULL           -- JSON of model.Calibration, model.Baseline, or an address
);
"""

_SCHEMA_3 = """
ALTER TABLE session ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN note TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN tags TEXT NOT NULL DEFAULT '[]'; -- JSON list of words, sorted
"""

_SCHEMA_4 = """
ALTER TABLE packets ADD COLUMN crc32 INTEGER; -- of data; NULL in rows of older versions
"""

_SCHEMA_5 = """
ALTER TABLE packets ADD COLUMN trunk INTEGER NOT NULL DEFAULT 0; -- packets of the second clip, of count
ALTER TABLE session ADD COLUMN trunk_source TEXT NOT NULL DEFAULT ''; -- of the second clip's packets
"""

# The steps from each schema to the next; their count is the newest schema's number. Append only.
_STEPS = (_SCHEMA_1, _SCHEMA_2, _SCHEMA_3, _SCHEMA_4, _SCHEMA_5)
SCHEMA_VERSION = len(_STEPS)
_NO_SHARED_MEMORY = ("SQLITE_IOERR_SHM", "SQLITE_PROTOCOL", "SQLITE_CANTOPEN", "SQLITE_READONLY")
_WAIT_S = 5.0  # for other programs that write
_AGAIN_S = 0.02
_COMMENT = re.compile(r"--.*")


def connect(path: Path) -> sqlite3.Connection:
    """Open the store for writing; creates folder, file and tables if missing. Raises StoreError."""
    try:
        private.make_folder(path.parent)
    except OSError as error:
        raise StoreError(
            f"the data folder {path.parent} cannot be created: {reason(error)}. "
            "Or set UNTUCK_HOME to a folder you can write to."
        ) from error
    private.create_store(path)
    with translated(path):
        database = _open_to_write(path)
        try:
            # FULL syncs each commit: a power cut loses the last second, not everything since the last checkpoint
            database.execute("PRAGMA synchronous = FULL")
            database.execute("PRAGMA foreign_keys = ON")
            _update(database, path)
        except BaseException:
            database.close()
            raise
    return database


def _open_to_write(path: Path) -> sqlite3.Connection:
    """Open with SQLite's log, with which others read while one writes; where it is not possible, its older journal.

    The log needs memory that programs share, which most network drives do not have.
    """
    uri = f"{path.absolute().as_uri()}?mode=rwc"
    database = _opened(uri)
    try:
        _choose_log(database)
        database.execute("BEGIN IMMEDIATE")  # the first use of the shared memory
        database.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        database.close()
        if not str(error.sqlite_errorname).startswith(_NO_SHARED_MEMORY):
            raise
        database = _opened(uri)
        database.execute("PRAGMA locking_mode = EXCLUSIVE")  # then it needs none
        database.execute("PRAGMA journal_mode = TRUNCATE")
        database.execute("PRAGMA locking_mode = NORMAL")
        database.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the lock ends with this
        _log.warning("%s is on a drive without shared memory: programs wait for each other", path)
    except BaseException:
        database.close()
        raise
    return database


def _choose_log(database: sqlite3.Connection) -> None:
    """Switch a new file to SQLite's log. For this alone SQLite does not wait for other programs with the file open."""
    give_up_s = time.monotonic() + _WAIT_S
    while not database.execute("PRAGMA page_count").fetchone()[0]:  # else it stays as it was chosen
        try:
            database.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > give_up_s:
                raise
            time.sleep(_AGAIN_S)


def _update(database: sqlite3.Connection, path: Path) -> None:
    """Update an empty or older file to the newest schema in one transaction: another program may do the same."""
    if _version(database, path) == SCHEMA_VERSION:
        return
    with transaction(database):
        before = _version(database, path)
        for step in _STEPS[before:]:
            for statement in _COMMENT.sub("", step).split(";"):
                database.execute(statement)
        database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    if before == 0:
        _log.info("session store created, schema %d", SCHEMA_VERSION)
    elif before < SCHEMA_VERSION:
        _log.info("session store updated from schema %d to %d", before, SCHEMA_VERSION)


def connect_to_read(path: Path) -> sqlite3.Connection | None:
    """Open the store for reading, also on a read-only disk; None if there is no store yet. Raises StoreError."""
    try:
        if not path.exists():
            return None
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {reason(error)}.") from error
    private.tighten_store(path)
    database, version = open_read_only(path)
    if version == SCHEMA_VERSION:
        return database
    database.close()
    if version == 0:
        return None
    connect(path).close()  # updates an older file
    return connect_to_read(path)


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """Commit all changes of the block, or none of them."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:  # SQLite itself has rolled back after some errors
            database.execute("ROLLBACK")
        raise


def open_read_only(path: Path) -> tuple[sqlite3.Connection, int]:
    """Open a file as it is; returns it with its schema, which may be an older one. Raises StoreError."""
    with translated(path):
        database = _opened(f"{path.absolute().as_uri()}?mode=ro")
        try:
            version = _version(database, path)
        except sqlite3.OperationalError as error:
            database.close()
            if not str(error.sqlite_errorname).startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY")):
                raise
            # reading in WAL mode needs a second file; where it cannot be created, no program writes either
            database = _opened(f"{path.absolute().as_uri()}?immutable=1")
            version = _version(database, path)
        except BaseException:
            database.close()
            raise
    return database, version


def _opened(uri: str) -> sqlite3.Connection:
    database = sqlite3.connect(uri, uri=True, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)
    database.text_factory = _text  # a damaged byte in a name does not hide the session
    return database


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _version(database: sqlite3.Connection, path: Path) -> int:
    version = int(database.execute("PRAGMA user_version").fetchone()[0])
    if version > SCHEMA_VERSION:
        _log.warning("session store rejected: schema %d is newer than %d", version, SCHEMA_VERSION)
        raise StoreError(f"{path} was written by a newer Untuck (schema {version}): update Untuck to read it.")
    return version


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into StoreErrors that say what to do, and log them."""
    try:
        yield
    except sqlite3.Error as error:
        _log.warning("session store: %s", getattr(error, "sqlite_errorname", type(error).__name__))
        raise StoreError(_explain(path, error)) from error


def _explain(path: Path, error: sqlite3.Error) -> str:
    name = str(getattr(error, "sqlite_errorname", ""))
    for prefix, advice in _ADVICE.items():
        if name.startswith(prefix):
            return f"{path} {advice}"
    return f"{path} cannot be used ({error}): check the disk, or set UNTUCK_HOME to another folder."


_ADVICE = {
    "SQLITE_FULL": "cannot grow, the disk is full: free some space; what was recorded so far is kept.",
    "SQLITE_READONLY": "cannot be written to: set UNTUCK_HOME to a folder you can write to.",
    "SQLITE_CANTOPEN": "cannot be opened: check its permissions, or set UNTUCK_HOME to a folder you can write to.",
    "SQLITE_PERM": "cannot be opened: check its permissions, or set UNTUCK_HOME to a folder you can write to.",
    "SQLITE_CORRUPT": "is damaged: `untuck doctor --store --repair` saves what can be read.",
    "SQLITE_NOTADB": "is not a session store, or is damaged at its beginning: move it away to start a new one.",
    "SQLITE_BUSY": "is in use by another program: close that program and try again. "
    "On a network drive, set UNTUCK_HOME to a folder on this computer.",
    "SQLITE_IOERR_LOCK": "is on a drive that rejects locks: set UNTUCK_HOME to a folder on this computer.",
    "SQLITE_IOERR": "cannot be read or written, the disk reports an error: free some space and check the disk; "
    "what was recorded so far is kept.",
}
