"""The session store: records packets while they come, and gives back what was recorded.

Packets are committed about once a second, so that a crash of the program or the machine loses a second at most.
Queries and commits live here; tables in schema.py, values in session.py.
"""

from __future__ import annotations

import dataclasses
import json
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
from untuck.store import codec, folder, schema
from untuck.store.session import Settings, StoredSession, pack

COMMIT_EVERY_S = 1.0
COMMIT_EVERY_PACKETS = 512  # a source that does not wait for the clock: bounds what is held in memory

_SELECT = """
SELECT session.id, source, mode, started_unix_s, ended_unix_s, total(count), max(last_arrival_s) - min(first_arrival_s),
       settings, summary, runner, name, note, tags
FROM session LEFT JOIN packets ON packets.session_id = session.id {where} GROUP BY session.id ORDER BY session.id
"""


class Recording:
    """A session that is being recorded; made by Store.record and used in a with statement.

    Leaving the statement ends the session; after an exception as well, because what was recorded is whole.
    """

    def __init__(
        self, path: Path, source: str, mode: str, settings: Settings, started_unix_s: float | None = None
    ) -> None:
        self._path = path
        self._held: list[Packet] = []
        self._chunks = 0
        self._ended = False
        self._database = schema.connect(path)
        self._asked = 0
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

    def append(self, packet: Packet) -> None:
        """Keep a packet; commits when a second has gathered. Raises StoreError if the disk is full or gone."""
        self._held.append(packet)
        span_s = packet.arrival_s - self._held[0].arrival_s
        if span_s >= COMMIT_EVERY_S or len(self._held) >= COMMIT_EVERY_PACKETS:
            self.flush()

    def command(self, command: SessionCommand) -> None:
        """Store a session command at once. Raises StoreError if the disk is full or gone."""
        row = (self.id, self._asked, command.time_s, *to_text(command))
        with schema.translated(self._path):
            self._database.execute("INSERT INTO steer VALUES (?, ?, ?, ?, ?)", row)
        self._asked += 1

    def flush(self) -> None:
        """Commit what is held. Raises StoreError if the disk is full or gone; what was committed stays readable."""
        if not self._held:
            return
        first, last = self._held[0].arrival_s, self._held[-1].arrival_s
        row = (self.id, self._chunks, len(self._held), first, last, pack(self._held))
        self._held = []
        with schema.translated(self._path):
            self._database.execute("INSERT INTO packets VALUES (?, ?, ?, ?, ?, ?)", row)
        self._chunks += 1

    def end(self, summary_json: str | None = None) -> None:
        """Commit what is left and mark the session as ended, with what it came to; once ended, this does nothing.

        Raises StoreError if the disk is full or gone.
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

    def __enter__(self) -> Recording:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.end()
        except StoreError:
            if error is None:
                raise


class Store:
    """The sessions in one file, by default the one in the data folder; it is opened when it is needed."""

    def __init__(self, path: Path | str | None = None) -> None:
        self.path = folder.sessions_path() if path is None else Path(path)

    def record(self, source: str, mode: str, settings: Settings, started_unix_s: float | None = None) -> Recording:
        """Begin a session: where the packets come from, the command that records, what steers the analysis.

        started_unix_s: when it began, if that was not just now.
        Raises StoreError if the store cannot be written to.
        """
        stamped = dataclasses.replace(
            settings, package_version=__version__, protocol_version=int(wire.PROTOCOL_VERSION)
        )
        return Recording(self.path, source, mode, stamped, started_unix_s)

    def check_writable(self) -> None:
        """Raises StoreError if no session could be recorded now; makes the store where there is none."""
        with closing(schema.connect(self.path)) as database, schema.translated(self.path):
            database.execute("BEGIN IMMEDIATE")
            database.execute("ROLLBACK")

    def sessions(self) -> list[StoredSession]:
        """All sessions, oldest first. Raises StoreError if the store cannot be read."""
        return self._select("")

    def open(self, session_id: int | None = None) -> StoredSession:
        """One session, or the newest. Raises StoreError if there is none of that number."""
        if session_id is None:
            found = self._select("WHERE session.id = (SELECT max(id) FROM session)")
        else:
            found = self._select("WHERE session.id = ?", session_id)
        if found:
            return found[0]
        if session_id is None:
            raise StoreError("no session is recorded yet: `untuck run` records one, `untuck demo` a simulated one.")
        raise StoreError(f"there is no session {session_id}: `untuck sessions` lists those there are.")

    def _select(self, where: str, *values: int) -> list[StoredSession]:
        return [self._session(row) for row in self._rows(_SELECT.format(where=where), *values)]

    def _session(self, row: tuple[Any, ...]) -> StoredSession:
        """The session in a row of _SELECT."""
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
