"""Stores of every older version are updated, also if the program is killed during it, or two programs do it at once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from tests.store.test_store import packets

from untuck.store import Settings, Store, codec, schema
from untuck.store.blocks import pack
from untuck.store.repair.check import check_store

OLD = {  # the SQL as each version wrote it, in its own words: a change of schema.py must not change this
    1: """
        CREATE TABLE session (id INTEGER PRIMARY KEY AUTOINCREMENT, started_unix_s REAL NOT NULL, ended_unix_s REAL,
            source TEXT NOT NULL, mode TEXT NOT NULL, settings TEXT NOT NULL, summary TEXT);
        CREATE TABLE packets (session_id INTEGER NOT NULL REFERENCES session(id) ON DELETE CASCADE,
            number INTEGER NOT NULL, count INTEGER NOT NULL, first_arrival_s REAL NOT NULL,
            last_arrival_s REAL NOT NULL, data BLOB NOT NULL, PRIMARY KEY (session_id, number));
    """,
    2: """
        ALTER TABLE session ADD COLUMN runner TEXT NOT NULL DEFAULT '';
        CREATE TABLE steer (session_id INTEGER NOT NULL REFERENCES session(id) ON DELETE CASCADE,
            number INTEGER NOT NULL, time_s REAL NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL,
            PRIMARY KEY (session_id, number));
        CREATE TABLE kept (id INTEGER PRIMARY KEY AUTOINCREMENT, runner TEXT NOT NULL, kind TEXT NOT NULL,
            made_unix_s REAL NOT NULL, session_id INTEGER REFERENCES session(id) ON DELETE SET NULL,
            data TEXT NOT NULL);
    """,
    3: """
        ALTER TABLE session ADD COLUMN name TEXT NOT NULL DEFAULT '';
        ALTER TABLE session ADD COLUMN note TEXT NOT NULL DEFAULT '';
        ALTER TABLE session ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
    """,
    4: "ALTER TABLE packets ADD COLUMN crc32 INTEGER;",
}
VERSIONS = sorted(OLD)
SENT = packets(40)


def old_store(path: Path, version: int) -> None:
    """A file as a version wrote it, with a session of two blocks, and what else the version could store."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        for step in range(1, version + 1):
            database.executescript(OLD[step])
        row = (5.0, 9.0, "clip", "run", codec.to_json(Settings(rate_hz=100)))
        database.execute(
            "INSERT INTO session (started_unix_s, ended_unix_s, source, mode, settings) VALUES (?, ?, ?, ?, ?)", row
        )
        for number, part in enumerate((SENT[:20], SENT[20:])):
            facts = (number, len(part), part[0].arrival_s, part[-1].arrival_s, pack(part))
            database.execute(
                "INSERT INTO packets (session_id, number, count, first_arrival_s, last_arrival_s, data) "
                "VALUES (1, ?, ?, ?, ?, ?)",
                facts,
            )
        if version >= 2:
            database.execute("UPDATE session SET runner = 'Ada'")
            database.execute("INSERT INTO steer VALUES (1, 0, 1.5, 'lap', 'first')")
            database.execute("INSERT INTO kept VALUES (1, 'Ada', 'clip', 6.0, 1, '\"AA:BB\"')")
        if version >= 3:
            database.execute("""UPDATE session SET name = 'Long run', note = 'wind', tags = '["hot"]'""")
        database.execute(f"PRAGMA user_version = {version}")
        database.commit()


def columns(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as database:
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")]
        return {table: database.execute(f"PRAGMA table_info({table})").fetchall() for table in tables}


def assert_is_whole(path: Path, version: int) -> None:
    session = Store(path).open(1)
    assert list(session.packets()) == SENT and session.settings().rate_hz == 100
    assert session.runner == ("Ada" if version >= 2 else "") and len(session.commands()) == (version >= 2)
    assert (session.name, session.tags) == (("Long run", ("hot",)) if version >= 3 else ("", ()))
    assert check_store(path).problems == []
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (schema.SCHEMA_VERSION,)


@pytest.mark.parametrize("version", VERSIONS)
def test_each_older_version_is_updated(tmp_path: Path, version: int) -> None:
    path, fresh = tmp_path / "old.db", tmp_path / "fresh.db"
    old_store(path, version)
    assert check_store(path).problems == [] and check_store(path).packets == len(SENT)  # before the update, as it is
    assert_is_whole(path, version)
    schema.connect(fresh).close()
    assert columns(path) == columns(fresh)
    with Store(path).record("clip", "run", Settings()) as recording:
        recording.append(SENT[0])
    assert list(Store(path).open(2).packets()) == SENT[:1]


def test_no_version_is_missing_here() -> None:
    assert max(VERSIONS) in (schema.SCHEMA_VERSION, schema.SCHEMA_VERSION - 1)


UPDATE = """
import os, signal, sqlite3, sys
from multiprocessing.synchronize import Barrier
from pathlib import Path
from untuck.store import schema

class Killed(sqlite3.Connection):
    left = int(sys.argv[2])
    def execute(self, *arguments):
        Killed.left -= 1
        if Killed.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().execute(*arguments)

connect = sqlite3.connect
sqlite3.connect = lambda *arguments, **options: connect(*arguments, factory=Killed, **options)
schema.connect(Path(sys.argv[1])).close()
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("version", (0, 1))
def test_an_update_that_is_killed_happens_next_time(tmp_path: Path, checkout: Path, version: int) -> None:
    """Killed before each statement in turn; 0: while the store is created."""
    path, environment = tmp_path / "old.db", {**os.environ, "PYTHONPATH": str(checkout / "host")}
    for statement in range(1, 60):
        for old in tmp_path.iterdir():
            old.unlink()
        if version:
            old_store(path, version)
        done = subprocess.run([sys.executable, "-c", UPDATE, str(path), str(statement)], env=environment)
        if version:
            assert_is_whole(path, version)
        else:
            assert Store(path).sessions() == []
        with Store(path).record("clip", "run", Settings()) as recording:
            recording.append(SENT[0])
        assert list(Store(path).open(recording.id).packets()) == SENT[:1]
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL
    assert done.returncode == 0 and statement > 5  # all were tried


def _open_at(
    path: str, barrier: multiprocessing.synchronize.Barrier, results: multiprocessing.SimpleQueue[str]
) -> None:
    barrier.wait()
    try:
        schema.connect(Path(path)).close()
        results.put("")
    except Exception as error:
        results.put(str(error))


@pytest.mark.parametrize("version", (0, 1))
def test_programs_that_update_at_once(tmp_path: Path, version: int) -> None:
    path = tmp_path / "old.db"
    if version:
        old_store(path, version)
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(4), context.SimpleQueue()
    programs = [context.Process(target=_open_at, args=(str(path), barrier, results)) for _ in range(4)]
    for program in programs:
        program.start()
    assert [results.get() for _ in programs] == [""] * 4
    for program in programs:
        program.join()
    if version:
        assert_is_whole(path, version)
    else:
        assert Store(path).sessions() == []


def test_a_program_that_begins_to_write_delays_the_change_to_the_log(tmp_path: Path) -> None:
    """SQLite refuses the change at once then, without its usual wait."""
    path = tmp_path / "new.db"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        release = threading.Timer(0.3, other.execute, ("COMMIT",))
        release.start()
        try:
            schema.connect(path).close()
        finally:
            release.join()
    assert Store(path).sessions() == []
