"""Packets and commands of a session that are not stored yet, in order. Only what is stored is acknowledged.

Pure: no thread, no clock. recorder.py stores them in a thread on the computer; the phone's page in a task.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Protocol

from untuck.errors import StoreError
from untuck.model import Packet
from untuck.session_commands import SessionCommand

MOST_AT_ONCE = 512  # packets in one write; so many waiting are stored early: a source that does not run in real time

_log = logging.getLogger(__name__)


class Sink(Protocol):
    """What stores; each method returns when its values are durable, or raises StoreError."""

    def command(self, command: SessionCommand) -> None:
        """Store a command."""

    def write(self, packets: Sequence[Packet]) -> None:
        """Store packets, all or none."""


class Unstored:
    """A queue of a session's packets and commands. most: packets that fit; later ones stay on the clip.

    failure: why they cannot be stored, None while they can.
    """

    def __init__(self, most: int) -> None:
        self.failure: StoreError | None = None
        self.most = most
        self._packets: deque[Packet] = deque()
        self._commands: deque[SessionCommand] = deque()
        self._left_out = 0  # packets that did not fit into memory

    @property
    def waiting(self) -> int:
        """Packets that are not stored."""
        return len(self._packets) + self._left_out

    @property
    def urgent(self) -> bool:
        """Whether so many wait that they should be stored now."""
        return len(self._packets) >= MOST_AT_ONCE and self.failure is None

    def keep(self, commands: Sequence[SessionCommand], packet: Packet | None = None) -> None:
        """Take commands and a packet; returns at once."""
        self._commands.extend(commands)
        if packet is not None:
            if self._left_out or len(self._packets) >= self.most:
                self._left_out += 1  # and every later one: an acknowledgement names all packets before it
            else:
                self._packets.append(packet)

    def store(self, sink: Sink) -> Iterator[Packet]:
        """Store all; yields the last packet of each clip in each write. Raises StoreError; the rest then waits."""
        while self._commands:
            sink.command(self._commands[0])
            self._commands.popleft()
        while count := min(len(self._packets), MOST_AT_ONCE):
            part = [self._packets[i] for i in range(count)]
            sink.write(part)
            for _ in part:
                self._packets.popleft()
            yield from {packet.role: packet for packet in part}.values()

    def outcome(self, failure: StoreError | None) -> str:
        """Take the outcome of `store`; what to report to the user, "" if nothing changes."""
        before, self.failure = self.failure, failure
        if failure is not None and before is None:
            _log.info("packets cannot be stored: %s", failure)
            return f"recording waits: {failure}"
        if failure is None and before is not None:
            _log.info("packets are stored again")
            left = f"; {self._left_out} packets are only on the clip" if self._left_out else ": all of it is stored"
            return "recording goes on" + left
        return ""
