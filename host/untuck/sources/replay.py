"""A recorded session as a source of packets: as fast as they are consumed, or with their original timing.

It accepts any packets, so it does not depend on the store.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable

from untuck.model import Packet


class ReplaySource:
    """Yields the given packets in order, each with its recorded arrival time.

    speed: 1 reproduces the original timing, 10 is ten times as fast; 0 does not wait.
    """

    buzz = None  # a recording has no buzzer,
    keeper = None  # and is stored already

    def __init__(self, packets: Iterable[Packet], speed: float = 0.0) -> None:
        self._packets = packets
        self._speed = speed

    async def packets(self) -> AsyncIterator[Packet]:
        """The packets; other tasks can run between them."""
        first_arrival_s: float | None = None
        begin_s = time.monotonic()
        for packet in self._packets:
            wait_s = 0.0
            if self._speed > 0:
                first_arrival_s = packet.arrival_s if first_arrival_s is None else first_arrival_s
                due_s = begin_s + (packet.arrival_s - first_arrival_s) / self._speed
                wait_s = max(0.0, due_s - time.monotonic())
            await asyncio.sleep(wait_s)
            yield packet
