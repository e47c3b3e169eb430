"""A session as the page's worker runs it, from packets alone: the events, each as exact text.

Imports only what the page has, so that it runs where nothing else can be imported; as a program it takes packets as
store.blocks writes them.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable

from tests.exact import exact

from untuck.events import Event
from untuck.model import Packet
from untuck.session.packet_loop import run_packets
from untuck.session.packet_pipeline import PacketPipeline
from untuck.session_commands import Lap, Mute, SessionCommand
from untuck.sources.replay import ReplaySource
from untuck.store.blocks import unpack
from untuck.store.session import Settings

TAPS: dict[int, SessionCommand] = {1300: Lap("one"), 1500: Mute(True), 2000: Mute(False)}  # after so many packets


class Page:
    """Screen and recorder of the page, which keep everything."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.packets: list[Packet] = []
        self.commands: list[SessionCommand] = []

    def show(self, events: list[Event], packets: PacketPipeline) -> None:
        self.events += events
        if tap := TAPS.get(len(self.packets)):
            packets.command(tap)

    def say(self, text: str) -> None: ...

    def keep(self, commands: list[SessionCommand], packet: Packet | None = None) -> None:
        self.commands += commands
        self.packets += [] if packet is None else [packet]


async def session(packets: Iterable[Packet], settings: Settings) -> tuple[Page, PacketPipeline]:
    """Run a session to its end."""
    page, pipeline = Page(), PacketPipeline(settings)
    failure = await run_packets(ReplaySource(packets), pipeline, page, page)
    assert failure is None
    return page, pipeline


def run(packets: Iterable[Packet], settings: Settings) -> tuple[Page, PacketPipeline]:
    """`session`, in an event loop of its own."""
    return asyncio.run(session(packets, settings))


if __name__ == "__main__":
    done, _ = run(unpack(sys.stdin.buffer.read()), Settings(rate_hz=100))
    print("\n".join(map(exact, done.events)))
