"""Edits of recorded sessions: name, note, tags, a summary made later, a corrected date, and deletion.

Packets, settings and commands of a recording never change.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager

from untuck.errors import StoreError
from untuck.store import schema
from untuck.store.config import checked_text
from untuck.store.sessions import Store

_log = logging.getLogger(__name__)


def rename(store: Store, session_id: int, name: str) -> None:
    """Set a session's name, "" for none. Raises StoreError without such a session, SettingsError for a line break."""
    _set(store, session_id, "name", checked_text(name, "the name"))


def note(store: Store, session_id: int, text: str) -> None:
    """Set a session's note, "" for none. Raises StoreError if there is no such session."""
    _set(store, session_id, "note", checked_text(text, "the note"))


def summarise(store: Store, session_id: int, summary_json: str) -> None:
    """Store the summary of a session that was analysed later. Raises StoreError if there is no such session."""
    _set(store, session_id, "summary", summary_json)


def move(store: Store, session_id: int, began_late_s: float, ended_late_s: float) -> None:
    """Add seconds to when a session began and ended: the clock was wrong. Raises StoreError without such a session."""
    store.open(session_id)
    with _opened(store) as database:
        database.execute(
            "UPDATE session SET started_unix_s = started_unix_s + ?, ended_unix_s = ended_unix_s + ? WHERE id = ?",
            (began_late_s, ended_late_s, session_id),
        )
    _log.info("session %d: moved by %.0f s", session_id, began_late_s)


def tag(store: Store, session_id: int, add: Iterable[str], remove: Iterable[str] = ()) -> tuple[str, ...]:
    """Add and remove tags; returns the session's tags after that. Raises StoreError if there is no such session."""
    tags = set(store.open(session_id).tags) | {checked_text(word, "the tag") for word in add if word.strip()}
    kept = tuple(sorted(tags - set(remove)))
    _set(store, session_id, "tags", json.dumps(kept))
    return kept


def delete(store: Store, session_id: int) -> None:
    """Delete a session, usable or not, with its packets and commands. Raises StoreError if there is no such session."""
    if not store.has(session_id):
        store.open(session_id)  # raises the reason
    with _opened(store) as database:
        database.execute("DELETE FROM session WHERE id = ?", (session_id,))
    _log.info("session %d deleted", session_id)


def _set(store: Store, session_id: int, column: str, value: str) -> None:
    store.open(session_id)
    with _opened(store) as database:
        database.execute(f"UPDATE session SET {column} = ? WHERE id = ?", (value, session_id))
    _log.info("session %d: %s changed", session_id, column)


@contextmanager
def _opened(store: Store) -> Iterator[sqlite3.Connection]:
    if not store.path.exists():
        raise StoreError("no session is recorded yet: there is nothing to change.")
    with closing(schema.connect(store.path)) as database, schema.translated(store.path):
        yield database
