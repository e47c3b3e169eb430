"""The session store: records packets as they arrive, and reads sessions back.

Packets are committed about once a second; what a crash leaves uncommitted was not acknowledged, and the clip keeps it.
The tables are in schema.py, the values in session.py.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from untuck import __version__, wire
from untuck.errors import SettingsError, StoreError
from untuck.model import Packet
from untuck.session_commands import SessionCommand, from_text, to_text
from untuck.store import codec, paths, rows, schema
from untuck.store.block_rows import as_row, blocks_of
from untuck.store.blocks import BLOB_S, Block, in_seconds
from untuck.store.claims import Claim
from untuck.store.session import Settings, StoredSession
from untuck.store.sweep import sweep

_log = logging.getLogger(__name__)
COMMIT_EVERY_PACKETS = 512  # bounds the memory with a source that does not run in real time

_SELECT = """
SELECT session.id, source, mode, started_unix_s, ended_unix_s, total(count), max(last_arrival_s) - min(first_arrival_s),
       settings, summary, runner, name, note, tags, trunk_source, total(trunk)
FROM session LEFT JOIN packets ON packets.session_id = session.id {where} GROUP BY session.id ORDER BY session.id
"""
_ALL, _ONE = _SELECT.format(where=""), _SELECT.format(where="WHERE session.id = ?")
_INSERT = """
INSERT INTO packets (session_id, number, count, first_arrival_s, last_arrival_s, data, crc32, trunk)
SELECT :session_id, coalesce(max(number), -1) + 1, :count, :first_arrival_s, :last_arrival_s, :data, :crc32, :trunk
FROM packets WHERE session_id = :session_id
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
        self,
        path: Path,
        source: str,
        mode: str,
        settings: Settings,
        started_unix_s: float | None = None,
        trunk_source: str = "",
    ) -> None:
        self._path = path
        self._uncommitted: list[Packet] = []
        self._packets = self._blobs = self._commands = 0
        self._ended = False
        self.mode = mode
        self._database = schema.connect(path)
        started = time.time() if started_unix_s is None else started_unix_s
        facts = {
            "started_unix_s": started,
            "source": source,
            "mode": mode,
            "settings": codec.to_json(settings),
            "runner": settings.runner,
            "trunk_source": trunk_source,
        }
        try:
            with schema.translated(path), schema.transaction(self._database):
                sweep(self._database, path)
                begin = f"INSERT INTO session ({', '.join(facts)}) VALUES ({', '.join('?' * len(facts))})"
                self.id = self._database.execute(begin, tuple(facts.values())).lastrowid or 0
                self._claim = Claim(path, self.id)  # before others see the session
        except StoreError:
            self._database.close()
            raise
        _log.info("recording of session %d begun: mode %s, %d Hz", self.id, mode, settings.rate_hz)

    def append(self, packet: Packet) -> None:
        """Add a packet; commits about once a second. Raises StoreError if the disk is full or missing."""
        self._uncommitted.append(packet)
        span_s = packet.arrival_s - self._uncommitted[0].arrival_s
        if span_s >= BLOB_S or len(self._uncommitted) >= COMMIT_EVERY_PACKETS:
            self.flush()

    def command(self, command: SessionCommand) -> None:
        """Store a session command at once. Raises StoreError if the disk is full or missing."""
        row = (self.id, self._commands, command.time_s, *to_text(command))
        with schema.translated(self._path):
            self._database.execute("INSERT INTO steer VALUES (?, ?, ?, ?, ?)", row)
        self._commands += 1

    def flush(self) -> None:
        """Commit the packets in memory. Raises StoreError if the disk is full or missing; they then stay in memory."""
        if self._uncommitted:
            self.write(self._uncommitted)
            self._uncommitted = []

    def write(self, packets: Sequence[Packet]) -> None:
        """Commit packets at once, all or none. Raises StoreError if the disk is full or missing, or the file is in use.

        Blobs are numbered by what is in the file: a run fetched from the clip may have been added to this session.
        """
        blobs = list(in_seconds(packets))
        with schema.translated(self._path), schema.transaction(self._database):
            for blob in blobs:
                self._database.execute(_INSERT, as_row(self.id, blob))
        self._blobs += len(blobs)
        self._packets += len(packets)

    def end(self, summary_json: str | None = None) -> None:
        """Commit the rest and mark the session as ended, with its summary; does nothing once it has ended.

        Raises StoreError if the disk is full or missing.
        """
        if self._ended:
            return
        self.flush()
        with schema.translated(self._path):
            self._database.execute(
                "UPDATE session SET ended_unix_s = ?, summary = ? WHERE id = ?", (time.time(), summary_json, self.id)
            )
        self.close()
        counts = (self._packets, self._blobs, self._commands)
        _log.info("recording of session %d ended: %d packets in %d blobs, %d commands", self.id, *counts)

    def close(self) -> None:
        """Leave the session as it is in the store; without end() it counts as cut off."""
        self._ended = True
        self._claim.release()
        self._database.close()

    def discard(self) -> None:
        """End the recording and remove it from the store. Raises StoreError if the disk is full or missing."""
        self._uncommitted = []
        try:
            with schema.translated(self._path):
                self._database.execute("DELETE FROM session WHERE id = ?", (self.id,))
        finally:
            self.close()
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
        finally:
            self.close()


class Store:
    """The sessions in one file, by default that in the data folder; it is opened for each call."""

    def __init__(self, path: Path | str | None = None) -> None:
        self.path = paths.sessions_path() if path is None else Path(path)

    def record(
        self,
        source: str,
        mode: str,
        settings: Settings,
        started_unix_s: float | None = None,
        trunk_source: str = "",
    ) -> Recording:
        """Begin a recording. source: of the packets; mode: the command that records; started_unix_s: None for now;
        trunk_source: of the second clip's packets, "" without one.

        Raises StoreError if the store cannot be written to.
        """
        stamped = dataclasses.replace(
            settings, package_version=__version__, protocol_version=int(wire.PROTOCOL_VERSION)
        )
        return Recording(self.path, source, mode, stamped, started_unix_s=started_unix_s, trunk_source=trunk_source)

    def check_writable(self) -> None:
        """Raise StoreError if no session could be recorded now; creates the store if there is none."""
        with closing(schema.connect(self.path)) as database, schema.translated(self.path):
            database.execute("BEGIN IMMEDIATE")
            database.execute("ROLLBACK")

    def sessions(self) -> list[StoredSession]:
        """All sessions, oldest first; damaged ones with a warning. Raises StoreError if the store cannot be read."""
        return [self._session(row) for row in self._rows(_ALL)]

    def open(self, session_id: int | None = None) -> StoredSession:
        """The session of this number, or the newest with a stride. Raises StoreError if there is none.

        One that has no summary yet counts once it has packets; where no session has a stride, the newest of all counts.
        """
        number = self._newest() if session_id is None else session_id
        found = [] if number is None else list(self._rows(_ONE, number))
        if found:
            return self._session(found[0])
        if session_id is None:
            raise StoreError("no session is recorded yet: `untuck run` records one, `untuck demo` a simulated one.")
        raise StoreError(f"there is no session {session_id}: `untuck sessions` lists all sessions.")

    def has(self, session_id: int) -> bool:
        """Whether there is a session of this number, usable or not. Raises StoreError if the store cannot be read."""
        return any(self._rows("SELECT id FROM session WHERE id = ?", session_id))

    def _newest(self) -> int | None:
        newest = None
        for number, count, summary in self._rows(_NEWEST_FIRST):
            newest = newest or number
            if count and rows.has_strides(summary):
                return int(number)
        return newest

    def _session(self, row: tuple[Any, ...]) -> StoredSession:
        """The session of a row of _SELECT; what is damaged in it is left out, and reported."""
        row, faults = rows.usable(row)
        if faults:
            rows.warn(str(self.path), row[0], ", ".join(faults))
        *facts, trunk_source, trunk_count = row
        number, source, mode, started, ended, count, duration, settings, summary, runner, name, note, tags = facts
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
            tags=tags,
            trunk_source=trunk_source,
            trunk_count=int(trunk_count),
            read_blocks=partial(self._blocks, number),
            read_commands=partial(self._commands, number),
        )

    def _blocks(self, session_id: int) -> Iterator[Block]:
        database = schema.connect_to_read(self.path)
        if database is None:
            return
        with closing(database), schema.translated(self.path):
            yield from blocks_of(database, session_id)

    def _commands(self, session_id: int) -> Iterator[SessionCommand]:
        query = "SELECT kind, time_s, value FROM steer WHERE session_id = ? ORDER BY number"
        for kind, time_s, value in self._rows(query, session_id):
            try:
                yield from_text(kind, value, time_s)
            except SettingsError as error:
                raise StoreError(
                    f"a command of session {session_id} cannot be read: `untuck doctor --store --repair` leaves it out."
                ) from error

    def _rows(self, query: str, *values: int) -> Iterator[tuple[Any, ...]]:
        database = schema.connect_to_read(self.path)
        if database is None:
            return
        with closing(database), schema.translated(self.path):
            yield from database.execute(query, values)
