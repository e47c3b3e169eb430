"""A run that is being recorded on the phone: stored as it comes, and acknowledged to the clip once it is flushed.

`runs/NUMBER.run` is only appended to (run_file.py has its layout); runs.py has the list of runs. A run can begin while
there is no space: recording waits, and the clip keeps what is not acknowledged.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from untuck.errors import StoreError
from untuck.model import Packet
from untuck.phone.app.files import Files, OpenFile
from untuck.phone.app.run_file import command_record, first_line, packets_record
from untuck.session.unstored import Unstored
from untuck.session_commands import SessionCommand
from untuck.store.blocks import in_seconds

FOLDER = "runs"
FLUSH_EVERY_S = 0.75  # a page that is killed loses less than a second
RETRY_S = 2.0
FINISH_S = 4.0  # how long the end of a run waits for space
REMIND_S = 60.0  # a failure that lasts is said again
MOST_WAITING = 36_000  # packets in memory: half an hour, 6 MB; later ones stay on the clip


class Recording:
    """The file of a run that is being recorded. begin() makes it, so that a run can begin while there is no space."""

    def __init__(self, files: Files, number: int, facts: dict[str, Any]) -> None:
        self.number = number
        self.facts = facts
        self.packets = 0
        self.first_s = self.last_s = 0.0  # arrival of the first and the last packet
        self._files = files
        self._file: OpenFile | None = None
        self._end = 0

    async def begin(self) -> None:
        """Make the file, if that is not done. Raises StoreError."""
        if self._file is None:
            file = await self._files.open(path_of(self.number))
            try:
                self._end = append(file, 0, first_line(self.facts))
            except BaseException:
                file.close()
                await self._files.delete(path_of(self.number))
                raise
            self._file = file

    def command(self, command: SessionCommand) -> None:
        """Store a command. Raises StoreError."""
        self._write(command_record(command))

    def write(self, packets: Sequence[Packet]) -> None:
        """Store packets, all or none. Raises StoreError."""
        self._write(b"".join(map(packets_record, in_seconds(packets))))
        if self.packets == 0:
            self.first_s = packets[0].arrival_s
        self.packets += len(packets)
        self.last_s = packets[-1].arrival_s

    def close(self) -> None:
        """Close the file; without facts in the list the run counts as cut off."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, data: bytes) -> None:
        assert self._file is not None
        self._end = append(self._file, self._end, data)


class Recorder:
    """Stores a session's packets and commands in a task; made in the event loop.

    say: receives a line when storing fails, and when it works again; on_stored: the last packet of each write: it and
    all before it survive the end of the page.
    """

    def __init__(self, recording: Recording, say: Callable[[str], None], on_stored: Callable[[Packet], None]) -> None:
        self._unstored = Unstored(MOST_WAITING)
        self._recording = recording
        self._say = say
        self._on_stored = on_stored
        self._ending = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    @property
    def failure(self) -> StoreError | None:
        """Why packets cannot be stored, None while they can."""
        return self._unstored.failure

    @property
    def waiting(self) -> int:
        """Packets that are not stored."""
        return self._unstored.waiting

    def keep(self, commands: list[SessionCommand], packet: Packet | None = None) -> None:
        """Take commands and a packet to be stored; returns at once."""
        self._unstored.keep(commands, packet)

    async def finish(self) -> None:
        """Store the rest. Begins no attempt after FINISH_S: then `failure` is set and `waiting` above zero."""
        self._ending.set()
        await self._task

    async def _run(self) -> None:
        give_up_s: float | None = None
        said_s = 0.0
        while True:
            ending = self._ending.is_set()
            if ending and give_up_s is None:
                give_up_s = time.monotonic() + FINISH_S
            failure = await self._attempt()
            text = self._unstored.outcome(failure)
            if failure is not None and not text and time.monotonic() - said_s >= REMIND_S:
                text = f"recording waits: {failure}"
            if text:
                self._say(text)
                said_s = time.monotonic()
            if ending and (failure is None or (give_up_s is not None and time.monotonic() >= give_up_s)):
                return
            pause_s = FLUSH_EVERY_S if failure is None else RETRY_S
            if ending:
                await asyncio.sleep(pause_s)
            else:
                await _wait(self._ending, pause_s)

    async def _attempt(self) -> StoreError | None:
        try:
            await self._recording.begin()
            for packet in self._unstored.store(self._recording):
                self._on_stored(packet)
        except StoreError as error:
            return error
        return None


def path_of(number: int) -> str:
    """Of a run's packets and commands."""
    return f"{FOLDER}/{number:06d}.run"


def append(file: OpenFile, at: int, data: bytes) -> int:
    """Write and flush; returns the new end. After an error nothing of it remains."""
    try:
        file.write(data, at)
        file.flush()
    except StoreError:
        file.truncate(at)
        raise
    return at + len(data)


async def _wait(event: asyncio.Event, longest_s: float) -> None:
    """Return when the event is set, after longest_s at the latest."""
    try:
        async with asyncio.timeout(longest_s):
            await event.wait()
    except TimeoutError:
        pass
