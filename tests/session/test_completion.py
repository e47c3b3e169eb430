"""A session that its runner stops can be completed from the clip: nothing that follows the stop counts as cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from untuck.cli.views.plain import PlainView
from untuck.model import Packet
from untuck.motion.params import Params
from untuck.session.live_state import LiveState
from untuck.session.packet_loop import run_packets
from untuck.session.packet_pipeline import PacketPipeline
from untuck.store import Settings


class Endless:
    """A source that sends nothing."""

    keeper = None
    buzz = None

    async def packets(self) -> AsyncIterator[Packet]:
        await asyncio.Event().wait()
        yield Packet(b"", 0.0)


async def test_a_stop_ends_the_session_and_cancels_nothing_after_it() -> None:
    async def session() -> int:
        await run_packets(Endless(), PacketPipeline(Settings()), PlainView(print, LiveState(Params())))
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    task = asyncio.create_task(session())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    assert await task == 0
