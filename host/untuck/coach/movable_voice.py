"""The sound of one of several sessions: it can be turned on and off while the session runs, one loudspeaker for all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from untuck.events import Event
from untuck.session.guidance import Guide
from untuck.session.packet_loop import Buzz
from untuck.session.voice import Voice
from untuck.store.config import SoundConfig

if TYPE_CHECKING:
    from untuck.session.packet_pipeline import PacketPipeline


class MovableVoice:
    """A voice that is silent until `hear(True)`, and then holds no device; to be used in the loop of its session."""

    def __init__(self) -> None:
        self._make: Callable[[bool], Voice] | None = None
        self._guide: Guide | None = None
        self._voice: Voice | None = None
        self._on = self._has_begun = False
        self._closing: set[asyncio.Future[None]] = set()

    def attach(
        self, say: Callable[[str], None], sound: SoundConfig, guide: Guide | None, buzz: Buzz | None
    ) -> MovableVoice:
        """Give it what a session's voice needs; the session begins now."""
        self._guide = guide
        self._make = lambda begins: Voice(say, sound, guide, buzz, begins=begins)
        self.hear(self._on)
        self._has_begun = True
        return self

    def hear(self, on: bool) -> None:
        """Sound from now on, or fall silent."""
        self._on = on
        if self._make is None or on == (self._voice is not None):
            return
        if on:
            self._voice = self._make(not self._has_begun)
        elif self._voice is not None:
            closing = asyncio.ensure_future(asyncio.to_thread(self._voice.close))
            self._closing.add(closing)  # asyncio keeps only a weak reference
            closing.add_done_callback(self._closing.discard)
            self._voice = None

    def take(self, events: list[Event], packets: PacketPipeline) -> None:
        """Sound what these events cause; while silent the guide follows them without a word."""
        if self._voice is not None:
            self._voice.take(events, packets)
        elif self._guide is not None:
            for event in events:
                self._guide.take(event)

    def speak(self, phrase: str) -> None:
        """Speak a phrase of sound.phrases, if it sounds and this session has guidance."""
        if self._voice is not None:
            self._voice.speak(phrase)

    def close(self) -> None:
        """Let sounds end, then release the device."""
        if self._voice is not None:
            self._voice.close()
