"""A recorded session as a source: the stored packets again, as fast as they are taken or at the pace they came.

It takes any packets, so that nothing here knows of the store. Replaying lives here and nowhere else.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable

from untuck.model import Packet


class ReplaySource:
    """Yields given packets in order, each with the arrival that was recorded.

    speed: 1 waits as long between packets as it took when they came, 10 a tenth of that; 0 does not wait.
    """

    buzz = None  # a recording has no buzzer

    def __init__(self, packets: Iterable[Packet], speed: float = 0.0) -> None:
        self._packets = packets
        self._speed = speed

    async def packets(self) -> AsyncIterator[Packet]:
        """The packets; lets other tasks run between them."""
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
