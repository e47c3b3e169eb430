"""The session store: records packets as they arrive, and reads sessions back.

Packets are committed about once a second, so that a crash of the program or the machine loses at most a second.
The tables are in schema.py, the values in session.py.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from untuck import __version__, wire
from untuck.errors import SettingsError, StoreError
from untuck.model import Packet
from untuck.session_commands import SessionCommand, from_text, to_text
from untuck.store import codec, paths, schema
from untuck.store.session import Settings, StoredSession, pack

_log = logging.getLogger(__name__)
COMMIT_EVERY_S = 1.0
COMMIT_EVERY_PACKETS = 512  # bounds the memory with a source that does not run in real time

_SELECT = """
SELECT session.id, source, mode, started_unix_s, ended_unix_s, total(count), max(last_arrival_s) - min(first_arrival_s),
       settings, summary, runner, name, note, tags
FROM session LEFT JOIN packets ON packets.session_id = session.id {where} GROUP BY session.id ORDER BY session.id
"""
_NEWEST_FIRST = """
SELECT id, (SELECT count(*) FROM packets WHERE session_id = session.id), summary FROM session ORDER BY id DESC
"""


class Recording:
    """A session that is being recorded; created by Store.record and used in a with statement.

    Leaving the statement ends the session, also after an exception; one that an exception ends before its first packet
    is removed.
    """

    def __init__(
        self, path: Path, source: str, mode: str, settings: Settings, started_unix_s: float | None = None
    ) -> None:
        self._path = path
        self._uncommitted: list[Packet] = []
        self._packets = self._blobs = self._commands = 0
        self._ended = False
        self.mode = mode
        self._database = schema.connect(path)
        started = time.time() if started_unix_s is None else started_unix_s
        row = (started, source, mode, codec.to_json(settings), settings.runner)
        try:
            with schema.translated(path):
                self.id = self._database.execute(
                    "INSERT INTO session (started_unix_s, source, mode, settings, runner) VALUES (?, ?, ?, ?, ?)", row
                ).lastrowid
        except StoreError:
            self._database.close()
            raise
        _log.info("recording of session %d begun: mode %s, %d Hz", self.id, mode, settings.rate_hz)

    def append(self, packet: Packet) -> None:
        """Add a packet; commits about once a second. Raises StoreError if the disk is full or missing."""
        self._uncommitted.append(packet)
        span_s = packet.arrival_s - self._uncommitted[0].arrival_s
        if span_s >= COMMIT_EVERY_S or len(self._uncommitted) >= COMMIT_EVERY_PACKETS:
            self.flush()

    def command(self, command: SessionCommand) -> None:
        """Store a session command at once. Raises StoreError if the disk is full or missing."""
        row = (self.id, self._commands, command.time_s, *to_text(command))
        with schema.translated(self._path):
            self._database.execute("INSERT INTO steer VALUES (?, ?, ?, ?, ?)", row)
        self._commands += 1

    def flush(self) -> None:
        """Commit the packets in memory. Raises StoreError if the disk is full or missing; earlier commits stay."""
        packets, self._uncommitted = self._uncommitted, []
        if not packets:
            return
        first_s, last_s = packets[0].arrival_s, packets[-1].arrival_s
        row = (self.id, self._blobs, len(packets), first_s, last_s, pack(packets))
        with schema.translated(self._path):
            self._database.execute("INSERT INTO packets VALUES (?, ?, ?, ?, ?, ?)", row)
        self._blobs += 1
        self._packets += len(packets)

    def end(self, summary_json: str | None = None) -> None:
        """Commit the rest and mark the session as ended, with its summary; does nothing once it has ended.

        Raises StoreError if the disk is full or missing.
        """
        if self._ended:
            return
        self._ended = True
        try:
            self.flush()
            with schema.translated(self._path):
                self._database.execute(
                    "UPDATE session SET ended_unix_s = ?, summary = ? WHERE id = ?",
                    (time.time(), summary_json, self.id),
                )
        finally:
            self._database.close()
            counts = (self._packets, self._blobs, self._commands)
            _log.info("recording of session %d ended: %d packets in %d blobs, %d commands", self.id, *counts)

    def discard(self) -> None:
        """End the recording and remove it from the store. Raises StoreError if the disk is full or missing."""
        self._ended, self._uncommitted = True, []
        try:
            with schema.translated(self._path):
                self._database.execute("DELETE FROM session WHERE id = ?", (self.id,))
        finally:
            self._database.close()
            _log.info("recording of session %d discarded", self.id)

    def __enter__(self) -> Recording:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        never_began = error is not None and not (self._ended or self._packets or self._uncommitted)
        try:
            self.discard() if never_began else self.end()
        except StoreError:
            if error is None:
                raise


class Store:
    """The sessions in one file, by default that in the data folder; it is opened for each call."""

    def __init__(self, path: Path | str | None = None) -> None:
        self.path = paths.sessions_path() if path is None else Path(path)

    def record(self, source: str, mode: str, settings: Settings, started_unix_s: float | None = None) -> Recording:
        """Begin a recording. source: of the packets; mode: the command that records; started_unix_s: None for now.

        Raises StoreError if the store cannot be written to.
        """
        stamped = dataclasses.replace(
            settings, package_version=__version__, protocol_version=int(wire.PROTOCOL_VERSION)
        )
        return Recording(self.path, source, mode, stamped, started_unix_s)

    def check_writable(self) -> None:
        """Raise StoreError if no session could be recorded now; creates the store if there is none."""
        with closing(schema.connect(self.path)) as database, schema.translated(self.path):
            database.execute("BEGIN IMMEDIATE")
            database.execute("ROLLBACK")

    def sessions(self) -> list[StoredSession]:
        """All sessions, oldest first. Raises StoreError if the store cannot be read."""
        return self._select("")

    def open(self, session_id: int | None = None) -> StoredSession:
        """The session of this number, or the newest with a stride. Raises StoreError if there is none.

        One that has no summary yet counts once it has packets; where no session has a stride, the newest of all counts.
        """
        number = self._newest() if session_id is None else session_id
        found = [] if number is None else self._select("WHERE session.id = ?", number)
        if found:
            return found[0]
        if session_id is None:
            raise StoreError("no session is recorded yet: `untuck run` records one, `untuck demo` a simulated one.")
        raise StoreError(f"there is no session {session_id}: `untuck sessions` lists all sessions.")

    def _select(self, where: str, *values: int) -> list[StoredSession]:
        return [self._session(row) for row in self._rows(_SELECT.format(where=where), *values)]

    def _newest(self) -> int | None:
        newest = None
        for number, count, summary in self._rows(_NEWEST_FIRST):
            newest = newest or number
            if count and (summary is None or json.loads(summary).get("strides") != 0):
                return int(number)
        return newest

    def _session(self, row: tuple[Any, ...]) -> StoredSession:
        """The session of a row of _SELECT."""
        number, source, mode, started, ended, count, duration, settings, summary, runner, name, note, tags = row
        return StoredSession(
            id=number,
            source=source,
            mode=mode,
            started_unix_s=started,
            ended_unix_s=ended,
            packet_count=int(count),
            duration_s=duration or 0.0,
            settings_json=settings,
            summary=summary,
            runner=runner,
            name=name,
            note=note,
            tags=tuple(json.loads(tags)),
            read_blobs=partial(self._blobs, number),
            read_commands=partial(self._commands, number),
        )

    def _blobs(self, session_id: int) -> Iterator[bytes]:
        for (data,) in self._rows("SELECT data FROM packets WHERE session_id = ? ORDER BY number", session_id):
            yield data

    def _commands(self, session_id: int) -> Iterator[SessionCommand]:
        query = "SELECT kind, time_s, value FROM steer WHERE session_id = ? ORDER BY number"
        for kind, time_s, value in self._rows(query, session_id):
            try:
                yield from_text(kind, value, time_s)
            except SettingsError as error:
                raise StoreError(f"a command of session {session_id} cannot be read: {error}") from error

    def _rows(self, query: str, *values: int) -> Iterator[tuple[Any, ...]]:
        database = schema.connect_to_read(self.path)
        if database is None:
            return
        with closing(database), schema.translated(self.path):
            yield from database.execute(query, values)
