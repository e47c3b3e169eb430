"""Stores a session's packets and commands in a thread of its own. Only what is stored is acknowledged.

While the store cannot be written to (the disk is full, another program holds the file) packets wait in memory and the
writing is tried again every second. Nothing is acknowledged meanwhile, so the clip saves the same packets to its flash.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from untuck.errors import StoreError
from untuck.model import Packet
from untuck.session.unstored import Unstored
from untuck.session_commands import SessionCommand
from untuck.store import Recording, Settings, Store

COMMIT_EVERY_S = 1.0
RETRY_S = 1.0
FINISH_S = 10.0  # how long the end of a session waits for a store that cannot be written to
MOST_WAITING = 300_000  # packets: three hours, about 100 MB; later ones stay on the clip


async def begin_recording(source: str, mode: str, settings: Settings, trunk_source: str = "") -> Recording:
    """`Store().record` in a thread. If it is cancelled meanwhile, no recording is left. Raises StoreError."""
    record = partial(Store().record, source, mode, settings, trunk_source=trunk_source)
    beginning = asyncio.ensure_future(asyncio.to_thread(record))
    try:
        return await asyncio.shield(beginning)
    except asyncio.CancelledError:
        with suppress(StoreError):
            (await beginning).discard()
        raise


class Recorder:
    """Keeps packets until they are committed; made in the event loop that on_stored and say are called in.

    on_stored: receives each clip's last packet of each commit: it and those before it are on the disk. say: receives a
    line when storing fails, and when it works again.
    """

    def __init__(
        self, recording: Recording, say: Callable[[str], None], on_stored: Callable[[Packet], None] = lambda _: None
    ) -> None:
        self._unstored = Unstored(MOST_WAITING)
        self._recording = recording
        self._say = say
        self._on_stored = on_stored
        self._loop = asyncio.get_running_loop()
        self._wake = threading.Event()
        self._give_up_s: float | None = None  # set at the end
        self._thread = threading.Thread(target=self._run, name="untuck-recorder", daemon=True)
        self._thread.start()

    @property
    def failure(self) -> StoreError | None:
        """Why the store cannot be written to."""
        return self._unstored.failure

    @property
    def waiting(self) -> int:
        """Packets that are not stored."""
        return self._unstored.waiting

    def keep(self, commands: list[SessionCommand], packet: Packet | None = None) -> None:
        """Take commands and a packet to be stored; returns at once."""
        self._unstored.keep(commands, packet)
        if self._unstored.urgent:
            self._wake.set()

    async def finish(self) -> None:
        """Store the rest. Begins no attempt after FINISH_S: then `failure` is set and `waiting` above zero."""
        self._give_up_s = time.monotonic() + FINISH_S
        self._wake.set()
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        while True:
            ending = self._give_up_s is not None
            try:
                for packet in self._unstored.store(self._recording):
                    self._loop.call_soon_threadsafe(self._on_stored, packet)
            except StoreError as error:
                self._report(error)
                if self._give_up_s is not None and time.monotonic() >= self._give_up_s:
                    return
                time.sleep(RETRY_S)
                continue
            self._report(None)
            if ending:
                return
            self._wake.wait(COMMIT_EVERY_S)
            self._wake.clear()

    def _report(self, failure: StoreError | None) -> None:
        if text := self._unstored.outcome(failure):
            self._loop.call_soon_threadsafe(self._say, text)
