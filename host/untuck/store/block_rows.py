"""Blocks of packets as rows of the store's table `packets`: written, and read one at a time.

Owns the SQL of this table; the layout of a block is in blocks.py.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator, Sequence

from untuck.model import Packet
from untuck.store.blocks import Block, pack
from untuck.vocabulary import Role

INSERT = """
INSERT INTO packets (session_id, number, count, first_arrival_s, last_arrival_s, data, crc32, trunk)
VALUES (:session_id, :number, :count, :first_arrival_s, :last_arrival_s, :data, :crc32, :trunk)
"""  # of as_row and a number
_FACTS = "SELECT number, count, first_arrival_s, last_arrival_s FROM packets WHERE session_id = ? ORDER BY number"
_DATA = "SELECT data, {checksum} FROM packets WHERE session_id = ? AND number = ?"


def as_row(session_id: int, part: Sequence[Packet]) -> dict[str, int | float | bytes]:
    """The values of a row of the table `packets`, except its number."""
    data = pack(part)
    return {
        "session_id": session_id,
        "count": len(part),
        "first_arrival_s": part[0].arrival_s,
        "last_arrival_s": part[-1].arrival_s,
        "data": data,
        "crc32": zlib.crc32(data),
        "trunk": sum(packet.role == Role.TRUNK for packet in part),
    }


def blocks_of(database: sqlite3.Connection, session_id: int, *, has_checksums: bool = True) -> Iterator[Block]:
    """The blocks of a session, in order; one that SQLite cannot read has no data. Raises sqlite3.Error.

    has_checksums: False for a store before schema 4.
    """
    query = _DATA.format(checksum="crc32" if has_checksums else "NULL")
    for number, *facts in database.execute(_FACTS, (session_id,)).fetchall():
        try:
            found = database.execute(query, (session_id, number)).fetchone()
        except sqlite3.DatabaseError as error:
            if not str(getattr(error, "sqlite_errorname", "")).startswith("SQLITE_CORRUPT"):
                raise
            found = (b"", 1)  # a checksum that is wrong: that of no bytes is 0
        if found is not None:  # the session may be deleted meanwhile
            yield Block(number, *facts, *found)
