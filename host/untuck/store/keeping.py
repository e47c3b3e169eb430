"""What the user does with recorded sessions: name, note and tag them, delete them.

The recording itself, its packets and what steered its analysis, is never changed. Changes to kept sessions live here.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager

from untuck.errors import StoreError
from untuck.store import schema
from untuck.store.sessions import Store


def rename(store: Store, session_id: int, name: str) -> None:
    """Give a session a name, "" for none. Raises StoreError if there is no such session."""
    _set(store, session_id, "name", name.strip())


def note(store: Store, session_id: int, text: str) -> None:
    """Keep a note with a session, "" for none. Raises StoreError if there is no such session."""
    _set(store, session_id, "note", text.strip())


def tag(store: Store, session_id: int, add: Iterable[str], remove: Iterable[str] = ()) -> tuple[str, ...]:
    """Add and remove tags; returns those the session has then. Raises StoreError if there is no such session."""
    tags = set(store.open(session_id).tags) | {word.strip() for word in add if word.strip()}
    kept = tuple(sorted(tags - set(remove)))
    _set(store, session_id, "tags", json.dumps(kept, ensure_ascii=False))
    return kept


def delete(store: Store, session_id: int) -> None:
    """Remove a session with its packets and steers for good. Raises StoreError if there is no such session."""
    store.open(session_id)
    with _changing(store) as database:
        database.execute("DELETE FROM session WHERE id = ?", (session_id,))


def _set(store: Store, session_id: int, column: str, value: str) -> None:
    store.open(session_id)
    with _changing(store) as database:
        database.execute(f"UPDATE session SET {column} = ? WHERE id = ?", (value, session_id))


@contextmanager
def _changing(store: Store) -> Iterator[sqlite3.Connection]:
    if not store.path.exists():
        raise StoreError("no session is recorded yet: there is nothing to change.")
    with closing(schema.connect(store.path)) as database, schema.translated(store.path):
        yield database
