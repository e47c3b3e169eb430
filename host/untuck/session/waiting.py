"""What an unattended computer waits for: reported once, and spoken at growing intervals while it lasts."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from untuck.errors import UntuckError
from untuck.sources import remedies
from untuck.store.config import SoundConfig

FIRST_S = 60.0  # from the first time it is spoken to the second; each further pause is twice as long
LONGEST_S = 600.0

_log = logging.getLogger(__name__)


class Lacking(Exception):
    """Something that a session needs is missing. phrase: of sound.phrases."""

    def __init__(self, phrase: str, text: str) -> None:
        super().__init__(text)
        self.phrase = phrase


@contextmanager
def lacking(phrase: str) -> Iterator[None]:
    """Raise Lacking with this phrase for an UntuckError inside the context."""
    try:
        yield
    except UntuckError as error:
        unknown = str(error) == remedies.NOT_PAIRED
        raise Lacking("not paired" if unknown else phrase, str(error)) from error


class Waiting:
    """Reports what is missing. note: receives a line when it changes; speak: says a phrase, in a thread; sound: how."""

    def __init__(self, note: Callable[[str], None], speak: Callable[[SoundConfig, str], None]) -> None:
        self.sound = SoundConfig()
        self._note = note
        self._speak = speak
        self._phrase = self._text = ""
        self._pause_s = FIRST_S
        self._spoken_s = 0.0

    async def report(self, missing: Lacking) -> None:
        """Something is missing, still or now."""
        text, now_s = str(missing), time.monotonic()
        if text != self._text:
            self._text = text
            self._note(text)
        if missing.phrase != self._phrase:
            self._phrase, self._pause_s = missing.phrase, FIRST_S
        elif now_s < self._spoken_s + self._pause_s:
            return
        else:
            self._pause_s = min(2 * self._pause_s, LONGEST_S)
        self._spoken_s = now_s
        await asyncio.to_thread(self._speak, self.sound, missing.phrase)

    def over(self) -> None:
        """Nothing is missing: there was a session."""
        self._phrase = self._text = ""
