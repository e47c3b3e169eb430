"""A queue for what the radio delivers: a program that cannot keep up drops the newest notifications and counts them.

A dropped packet is a gap in the sequence numbers, so that it is requested again.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TypeVar

T = TypeVar("T")

MOST_NOTIFICATIONS = 4096  # over two minutes of packets, at most 2 MB

log = logging.getLogger(__name__)


class BoundedQueue(asyncio.Queue[T]):
    """Entries in order of arrival; offer() keeps to the limit, put_nowait() always adds, for the few events of a link.

    dropped: entries that found the queue full.
    """

    def __init__(self, limit: int = MOST_NOTIFICATIONS) -> None:
        super().__init__()
        self._limit = limit
        self._is_dropping = False
        self.dropped = 0

    def offer(self, item: T) -> bool:
        """Add an entry; False if the queue is full: the entry is dropped and counted."""
        if self.qsize() >= self._limit:
            self.dropped += 1
            if not self._is_dropping:
                log.warning("%d notifications wait: dropping further ones", self._limit)
            self._is_dropping = True
            return False
        self._is_dropping = False
        self.put_nowait(item)
        return True
