"""The loop of a session: packets from a source to recorder, pipeline, sound and view, until the source ends.

Needs nothing but an event loop: no thread, no file, no sound device. Owns what a source, a recorder, a view and a voice
have to offer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Protocol

from untuck.errors import UntuckError
from untuck.events import Event
from untuck.model import Packet
from untuck.session.event_log import log_event
from untuck.session.packet_pipeline import PacketPipeline
from untuck.session_commands import SessionCommand

REMAINING_S = 5.0  # how long a stop waits for what was measured before it

Buzz = Callable[[str, int], Awaitable[None]]  # a cue on the clip's own buzzer: fault and side

_log = logging.getLogger(__name__)


class Keeper(Protocol):
    """Keeps packets until it is reported that they are stored."""

    def stored(self, packet: Packet) -> None:
        """This packet and all before it are stored, or need not be."""

    def remaining(self) -> AsyncIterator[Packet]:
        """Stop measuring; the packets that were measured before and have not been yielded."""


class Source(Protocol):
    """Where packets come from: the clip, the simulated runner, a recorded session."""

    def packets(self) -> AsyncIterator[Packet]:
        """Packets in order of their sequence numbers, each once."""

    @property
    def keeper(self) -> Keeper | None:
        """What keeps packets until they are stored: the clip; None where the packets exist already."""

    @property
    def buzz(self) -> Buzz | None:
        """Sounds a cue, given fault and side, on the clip's own buzzer; None where there is none."""


class View(Protocol):
    """What the user sees during a session."""

    def show(self, events: list[Event], packets: PacketPipeline) -> None:
        """Called after each packet with the events that it caused."""

    def say(self, text: str) -> None:
        """Show one line of text, such as "no sound device" or "recording stopped"."""


class PacketRecorder(Protocol):
    """Stores a session's packets and commands; it reports what is stored to the source's keeper."""

    def keep(self, commands: list[SessionCommand], packet: Packet | None = None) -> None:
        """Take commands and a packet to be stored; returns at once."""


class SessionVoice(Protocol):
    """What sounds a session's events: voice.Voice, or one that can fall silent."""

    def take(self, events: list[Event], packets: PacketPipeline) -> None:
        """Sound what these events cause."""

    def speak(self, phrase: str) -> None:
        """Speak a phrase of sound.phrases, if this session has guidance."""

    def close(self) -> None:
        """Let sounds end, then release the device."""


async def run_packets(
    source: Source,
    packets: PacketPipeline,
    view: View,
    recorder: PacketRecorder | None = None,
    *,
    voice: SessionVoice | None = None,
    on_event: Callable[[Event], bool] | None = None,
) -> UntuckError | None:
    """Analyse packets until the source ends, on_event returns True, or the task is cancelled.

    After a cancellation, what was measured until then still comes. Returns the error that ended it, or None.
    """

    def take(packet: Packet) -> bool:
        if recorder is not None:
            recorder.keep(packets.take_commands(), packet)
        events = packets.push(packet)
        if recorder is None and source.keeper is not None:
            source.keeper.stored(packet)
        _distribute(events, packets, view, voice)
        return on_event is not None and any([on_event(event) for event in events])

    failure: UntuckError | None = None
    ending = "the source has ended"
    try:
        async for packet in source.packets():
            if take(packet):
                ending = "its purpose is reached"
                break
    except asyncio.CancelledError:
        ending = "stopped"
        view.say("stopped")
        if source.keeper is not None:
            with suppress(asyncio.CancelledError, TimeoutError, UntuckError):
                async with asyncio.timeout(REMAINING_S):
                    async for packet in source.keeper.remaining():
                        take(packet)
        _forget_cancellation()
    except UntuckError as error:
        failure, ending = error, type(error).__name__
    if recorder is not None:
        recorder.keep(packets.take_commands())
    _distribute(packets.finish(), packets, view, voice)
    d, trunk = packets.decoder, packets.trunk_decoder
    _log.info("session ended: %s; %d packets, %d lost, %d corrupt", ending, d.packets, d.lost, d.corrupt)
    if trunk is not None:
        _log.info("of the trunk %d packets, %d lost, %d corrupt", trunk.packets, trunk.lost, trunk.corrupt)
    return failure


def _forget_cancellation() -> None:
    """It has ended the session, and what follows is not cancelled: the rest of it may be fetched from the clip."""
    task = asyncio.current_task()
    while task is not None and task.cancelling():
        task.uncancel()


def _distribute(events: list[Event], packets: PacketPipeline, view: View, voice: SessionVoice | None) -> None:
    for event in events:
        log_event(event)
    if voice is not None:
        voice.take(events, packets)
    view.show(events, packets)
