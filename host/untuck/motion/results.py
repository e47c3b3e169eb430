"""What a run's results are made of: events kept as they come, and put together as a Run.

Strides and contacts are most of it, 2 MB an hour; those of long sessions can go to a file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from untuck.events import (
    CommandTaken,
    ContactFound,
    CueDecided,
    CueSuppressed,
    Event,
    FindingChanged,
    StandingMeasured,
    StrideMeasured,
    Warned,
)
from untuck.model import CONTACT_DTYPE, STRIDE_DTYPE, Cue, Finding, StandingCheck, SuppressedCue
from untuck.session_commands import SessionCommand

_BLOCK_ROWS = 512
_BLOCKS_IN_MEMORY = 10  # before a file is used: the strides of an hour

OpenFile = Callable[[], BinaryIO]


class Rows:
    """Rows of a structured array, in blocks; the first ones in memory, later ones in a file if there is one.

    open_file: opens an empty file to write and read; called once, when it is needed. If it cannot be written, the rows
    stay in memory.
    """

    def __init__(self, dtype: np.dtype[np.void]) -> None:
        self.open_file: OpenFile | None = None
        self._dtype = dtype
        self._block = np.empty(_BLOCK_ROWS, dtype)
        self._used = 0  # rows in _block
        self._first: list[bytes] = []
        self._file: BinaryIO | None = None
        self._in_file = 0  # bytes
        self._last: list[bytes] = []  # after the file failed

    def __len__(self) -> int:
        held = sum(map(len, self._first)) + self._in_file + sum(map(len, self._last))
        return held // self._dtype.itemsize + self._used

    def append(self, row: np.void) -> None:
        """Add a row at the end."""
        self._block[self._used] = row
        self._used += 1
        if self._used == _BLOCK_ROWS:
            self._put_away(self._block.tobytes())
            self._used = 0

    def _put_away(self, data: bytes) -> None:
        if len(self._first) < _BLOCKS_IN_MEMORY or self.open_file is None or self._last:
            (self._last if self._last or self._in_file else self._first).append(data)
            return
        try:
            self._file = self._file or self.open_file()
            self._file.seek(self._in_file)
            self._file.write(data)
            self._file.flush()
            self._in_file += len(data)
        except OSError:
            self._last.append(data)

    def array(self) -> NDArray[np.void]:
        """(N,) all rows. Raises OSError if the file cannot be read."""
        parts = [*self._first]
        if self._file is not None:
            self._file.seek(0)
            parts.append(self._file.read(self._in_file))
        parts += [*self._last, self._block[: self._used].tobytes()]
        return np.frombuffer(bytearray(b"".join(parts)), self._dtype)


class Results:
    """Hands events out, in order, and keeps what Run has of each; findings once they have ended."""

    def __init__(self) -> None:
        self.contacts = Rows(CONTACT_DTYPE)
        self.strides = Rows(STRIDE_DTYPE)
        self.findings: list[Finding] = []
        self.cues: list[Cue] = []
        self.suppressed: list[SuppressedCue] = []
        self.commands: list[SessionCommand] = []
        self.standings: list[StandingCheck] = []
        self.warnings: list[str] = []
        self._events: list[Event] = []

    def emit(self, event: Event) -> None:
        """Hand an event out, and keep what `fields` needs of it; a warning is given once."""
        if isinstance(event, Warned) and event.text in self.warnings:
            return
        self._events.append(event)
        self.keep(event)

    def publish(self, events: list[Event]) -> None:
        """Hand events out in order."""
        for event in events:
            self.emit(event)

    def take_events(self) -> list[Event]:
        """What was handed out since the last call."""
        events, self._events = self._events, []
        return events

    def spill_to(self, open_file: OpenFile) -> None:
        """Keep the contacts and strides of long runs in files."""
        self.contacts.open_file = self.strides.open_file = open_file

    def keep(self, event: Event) -> None:
        """Take in an event."""
        match event:
            case ContactFound(contact=contact):
                self.contacts.append(contact)
            case StrideMeasured(stride=stride):
                self.strides.append(stride)
            case FindingChanged(finding=finding):
                if not finding.active:
                    self.findings.append(finding)
            case CueDecided(cue=cue):
                self.cues.append(cue)
            case CueSuppressed(cue=suppressed):
                self.suppressed.append(suppressed)
            case CommandTaken(command=command):
                self.commands.append(command)
            case StandingMeasured(standing=standing):
                self.standings.append(standing)
            case Warned(text=text):
                self.warnings.append(text)
            case _:
                pass

    def fields(self) -> dict[str, Any]:
        """The fields of run_results.Run that are kept here."""
        return {
            "contacts": self.contacts.array(),
            "strides": self.strides.array(),
            "findings": tuple(sorted(self.findings, key=lambda finding: finding.start_s)),
            "cues": tuple(self.cues),
            "suppressed_cues": tuple(self.suppressed),
            "commands": tuple(self.commands),
            "standings": tuple(self.standings),
            "warnings": tuple(self.warnings),
        }
