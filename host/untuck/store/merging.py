"""Adds packets that a clip kept to the session in the store that they belong to, so that one run is one session.

Which packets belong together, and in which order, is in streams.py.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

from untuck import wire
from untuck.model import Packet
from untuck.store import codec, schema
from untuck.store.block_rows import INSERT, as_row, blocks_of
from untuck.store.blocks import ENTRY_SIZE, in_seconds, read_block
from untuck.store.session import Settings
from untuck.store.sessions import Store
from untuck.store.streams import completed, earlier_by_s, in_order_of_arrival, is_same_stream
from untuck.vocabulary import Role

_log = logging.getLogger(__name__)
_OF_PELVIS = "SELECT id FROM session WHERE source = ? ORDER BY id DESC"
_OF_TRUNK = """
SELECT id FROM session WHERE trunk_source IN (?, '')
AND EXISTS (SELECT 1 FROM packets WHERE session_id = session.id AND trunk > 0) ORDER BY id DESC
"""


@dataclass(frozen=True)
class Added:
    """What became of packets of one stream: their session, None if no session has the stream; how many were new."""

    session: int | None
    new: int


def add_to_session(store: Store, source: str, packets: Sequence[bytes], role: Role = Role.PELVIS) -> Added:
    """Add valid packets of one stream to the session that has the stream of this clip; those it has are dropped.

    source: the clip, role: where it is worn. All or none is added. Raises StoreError.
    """
    with closing(schema.connect(store.path)) as database, schema.translated(store.path):
        query = _OF_TRUNK if role == Role.TRUNK else _OF_PELVIS
        candidates = [int(number) for (number,) in database.execute(query, (source,))]
        number = next((each for each in candidates if _has_stream(database, each, packets[0], role)), None)
        if number is None:
            return Added(None, 0)
        new = _change(database, number, lambda stored: completed(stored, packets, role))
    if new is None:  # what had the stream is damaged
        return Added(None, 0)
    _log.info("session %d: %d packets added", number, new)
    return Added(number, new)


def add_second_clip(store: Store, number: int, source: str, packets: Sequence[Packet], settings: Settings) -> int:
    """Add the packets of the trunk's clip, in order, to a session that was recorded without it; how many there are.

    source: the clip; settings: of the session from now on. All or none is added. Raises StoreError.
    """
    with closing(schema.connect(store.path)) as database, schema.translated(store.path):
        new = _change(
            database,
            number,
            lambda stored: in_order_of_arrival(stored, packets),
            ("UPDATE session SET settings = ?, trunk_source = ? WHERE id = ?", codec.to_json(settings), source, number),
        )
    _log.info("session %d: %d packets of the second clip added", number, new or 0)
    return new or 0


def _has_stream(database: sqlite3.Connection, number: int, packet: bytes, role: Role) -> bool:
    """Whether a session has the stream of a packet of the clip with this role."""
    mixed = "SELECT 1 FROM packets WHERE session_id = ? AND trunk > 0 LIMIT 1"
    if database.execute(mixed, (number,)).fetchone() is not None:
        blocks = blocks_of(database, number)
        return any(
            each.role == role and is_same_stream(each.data, packet) for block in blocks for each in read_block(block)[0]
        )
    heads = database.execute(
        "SELECT substr(data, ?, ?) FROM packets WHERE session_id = ? ORDER BY number",
        (ENTRY_SIZE + 1, wire.HEADER_SIZE, number),
    )
    return role == Role.PELVIS and any(is_same_stream(head, packet) for (head,) in heads)


def _change(
    database: sqlite3.Connection,
    number: int,
    merge: Callable[[list[Packet]], list[Packet] | None],
    also: tuple[str, *tuple[object, ...]] | None = None,
) -> int | None:
    """Store what `merge` makes of a session's packets, and carry out one more statement with it; how many are new.

    None if there is nothing to change.
    """
    with schema.transaction(database):
        stored = [packet for block in blocks_of(database, number) for packet in read_block(block)[0]]
        merged = merge(stored)
        if merged is None:
            return None
        if len(merged) > len(stored):
            database.execute("DELETE FROM packets WHERE session_id = ?", (number,))
            rows = [{**as_row(number, part), "number": at} for at, part in enumerate(in_seconds(merged))]
            database.executemany(INSERT, rows)
            update = "UPDATE session SET started_unix_s = started_unix_s - ?, summary = NULL WHERE id = ?"
            database.execute(update, (earlier_by_s(stored, merged), number))
            if also is not None:
                database.execute(also[0], also[1:])
        return len(merged) - len(stored)
