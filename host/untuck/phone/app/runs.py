"""The runs on the phone: listed, opened, completed, renamed and deleted.

`runs/NUMBER.run` has settings, packets and commands (recording.py); `runs/NUMBER.json` has what the list shows, written
at the end. A run without the latter was cut off: when the page opens it again, its torn end is cut.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from untuck import __version__, wire
from untuck.errors import StoreError
from untuck.model import Packet
from untuck.phone.app.files import Files, FullError
from untuck.phone.app.recording import FOLDER, Recording, append, path_of
from untuck.phone.app.reviews import Reviews
from untuck.phone.app.run_file import RunContent, command_record, first_line, packets_record, read_run, salvaged
from untuck.store import codec
from untuck.store.blocks import in_seconds
from untuck.store.session import Settings, StoredSession

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunFacts:
    """What the list of runs shows of one, without opening its packets.

    ended_unix_s: None for a run that was cut off; duration_s: between first and last arrival; summary: JSON of
    report.summary.Summary, None if it is not known yet; settings: JSON of store Settings.
    """

    number: int
    source: str
    mode: str
    started_unix_s: float
    ended_unix_s: float | None
    packets: int
    duration_s: float
    settings: str
    summary: str | None
    runner: str
    name: str = ""
    note: str = ""

    @property
    def cut_off(self) -> bool:
        """Whether the page ended before the run did."""
        return self.ended_unix_s is None


class Runs:
    """All runs in the page's storage. Every method may raise StoreError."""

    def __init__(self, files: Files) -> None:
        self.reviews = Reviews(files)
        self._files = files
        self._facts: dict[int, RunFacts] = {}
        self._next = 1
        self._recording: int | None = None  # the number of the run that is being recorded

    async def load(self) -> None:
        """Read the list; runs that were cut off get their facts, and lose their torn ends."""
        names = await self._files.names(FOLDER)
        numbers = sorted({int(name[:-4]) for name in names if name.endswith(".run") and name[:-4].isdigit()})
        for number in numbers:
            self._next = max(self._next, number + 1)
            facts = await self._read_facts(number)
            if facts is None and number != self._recording:
                facts = await self._recover(number)
            if facts is not None:
                self._facts[number] = facts

    def list(self) -> list[RunFacts]:
        """The facts of all runs, newest first."""
        return sorted(self._facts.values(), key=lambda each: (each.started_unix_s, each.number), reverse=True)

    def facts(self, number: int) -> RunFacts:
        """The facts of one run. Raises StoreError if there is none of this number."""
        if number not in self._facts:
            raise StoreError("this run is not on the phone any longer.")
        return self._facts[number]

    def record(self, source: str, mode: str, settings: Settings, started_unix_s: float | None = None) -> Recording:
        """A new run; nothing is written before its begin()."""
        settings = dataclasses.replace(
            settings, package_version=__version__, protocol_version=int(wire.PROTOCOL_VERSION)
        )
        facts = {
            "source": source,
            "mode": mode,
            "started_unix_s": time.time() if started_unix_s is None else started_unix_s,
            "settings": codec.to_json(settings),
            "runner": settings.runner,
        }
        self._recording = number = self._next
        self._next += 1
        return Recording(self._files, number, facts)

    async def end(self, recording: Recording, summary: str | None) -> None:
        """End a run with its summary. After a StoreError it is listed; after the page's end it counts as cut off."""
        recording.close()
        self._recording = None
        facts = RunFacts(
            recording.number,
            ended_unix_s=time.time(),
            packets=recording.packets,
            duration_s=recording.last_s - recording.first_s,
            summary=summary,
            **recording.facts,
        )
        self._facts[facts.number] = facts
        await self._keep(facts)

    async def discard(self, recording: Recording) -> None:
        """End a recording and remove it."""
        recording.close()
        self._recording = None
        await self.delete(recording.number)

    async def delete(self, number: int) -> None:
        """Remove a run."""
        self._facts.pop(number, None)
        await self._files.delete(path_of(number))
        await self._files.delete(_facts_path(number))
        await self.reviews.delete(number)

    async def rename(self, number: int, name: str) -> None:
        """Set the name of a run, one line."""
        await self._keep(dataclasses.replace(self.facts(number), name=name))

    async def summarise(self, number: int, summary: str) -> None:
        """Set the summary of a run. After a StoreError it is known until the page ends."""
        self._facts[number] = facts = dataclasses.replace(self.facts(number), summary=summary)
        await self._keep(facts)

    async def content(self, number: int) -> RunContent:
        """Settings, packets and commands of a run."""
        data = await self._files.read(path_of(number))
        content = None if data is None else read_run(data)
        if content is None:
            raise StoreError("this run is not on the phone any longer.")
        return content

    async def open(self, number: int) -> StoredSession:
        """A run as a session of the computer's store, for analysis and for export."""
        facts, content = self.facts(number), await self.content(number)
        return StoredSession(
            id=number,
            source=facts.source,
            mode=facts.mode,
            started_unix_s=facts.started_unix_s,
            ended_unix_s=facts.ended_unix_s,
            packet_count=facts.packets,
            duration_s=facts.duration_s,
            settings_json=facts.settings,
            summary=facts.summary,
            runner=facts.runner,
            name=facts.name,
            note=facts.note,
            tags=(),
            read_blocks=partial(iter, content.blocks),
            read_commands=partial(iter, content.commands),
        )

    async def rewrite(self, number: int, packets: Sequence[Packet], started_unix_s: float) -> None:
        """Replace the packets of a run by more, and forget its summary: all of it or nothing."""
        content = await self.content(number)
        facts = dataclasses.replace(
            self.facts(number),
            started_unix_s=started_unix_s,
            packets=len(packets),
            duration_s=packets[-1].arrival_s - packets[0].arrival_s,
            summary=None,
        )
        records = [*map(command_record, content.commands), *map(packets_record, in_seconds(packets))]
        line = first_line({**content.facts, "started_unix_s": started_unix_s})
        await self._keep(dataclasses.replace(self.facts(number), summary=None))  # it is of fewer packets
        await self.reviews.delete(number)
        await self._files.replace(path_of(number), line + b"".join(records))
        await self._keep(facts)

    async def _keep(self, facts: RunFacts) -> None:
        await self._files.replace(_facts_path(facts.number), codec.to_json(facts).encode())
        self._facts[facts.number] = facts

    async def _read_facts(self, number: int) -> RunFacts | None:
        data = await self._files.read(_facts_path(number))
        try:
            return None if data is None else codec.from_json(RunFacts, data.decode())
        except (StoreError, UnicodeDecodeError):
            return None  # the run itself has them too, without name and summary

    async def _recover(self, number: int) -> RunFacts | None:
        """The facts of a run that was cut off; None if nothing was recorded, then it is removed."""
        file = await self._files.open(path_of(number))
        try:
            content = read_run(file.read())
            if content is not None and content.tail:
                _log.warning("run %d: its end is torn, %d bytes", number, len(content.tail))
                packets = salvaged(content.tail)
                file.truncate(content.end)
                if packets:
                    with suppress(FullError):
                        append(file, content.end, packets_record(packets))
                content = read_run(file.read())
        except StoreError as error:
            _log.warning("run %d: %s", number, error)  # of a newer version, perhaps: it stays
            return None
        finally:
            file.close()
        packets = [] if content is None else list(content.packets())
        if content is None or not packets:
            await self.delete(number)
            return None
        duration_s = packets[-1].arrival_s - packets[0].arrival_s
        facts = RunFacts(
            number,
            ended_unix_s=None,
            packets=len(packets),
            duration_s=duration_s,
            summary=None,
            **content.facts,
        )
        with suppress(FullError):  # the page must start, so that runs can be shared and deleted
            await self._keep(facts)
        return facts


def _facts_path(number: int) -> str:
    return f"{FOLDER}/{number:06d}.json"
