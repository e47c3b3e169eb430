"""Removes sessions that were begun and never received a packet, because their program was killed or lost power."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

from untuck.store.claims import is_claimed

_log = logging.getLogger(__name__)
_EMPTY = """
SELECT id FROM session
WHERE ended_unix_s IS NULL AND summary IS NULL AND name = '' AND note = '' AND tags = '[]'
AND NOT EXISTS (SELECT 1 FROM packets WHERE session_id = session.id)
"""


def sweep(database: sqlite3.Connection, path: Path) -> None:
    """Delete sessions without a packet that nobody records now, within a transaction. Raises sqlite3.Error."""
    for (number,) in database.execute(_EMPTY).fetchall():
        if not is_claimed(path, number):
            database.execute("DELETE FROM session WHERE id = ?", (number,))
            _log.info("session %d was begun and has no packet: removed", number)
