"""Kept runs of the clip, fetched into the phone's own runs: session.run_fetching has the order of things."""

from __future__ import annotations

import logging

from untuck.errors import UntuckError
from untuck.phone.app.analysis import analyse
from untuck.phone.app.files import Files, OpenFile
from untuck.phone.app.profiles import Profiles
from untuck.phone.app.runs import Runs
from untuck.session.reanalysis import SYNC_MODE
from untuck.session.run_fetching import Note, Placed, as_received, settings_of, started_unix_s
from untuck.sources.ble_runs import ClipRuns, KeptRun
from untuck.store.config import Config
from untuck.store.streams import by_stream, completed, earlier_by_s
from untuck.vocabulary import Role

FOLDER = "parts"
TRUNK_ALONE = "it is of the clip on the upper back, which the phone does not take: fetch it on a computer"

_log = logging.getLogger(__name__)


class PhoneLibrary:
    """The phone's runs as session.run_fetching.Library. config: of the runner to whom runs without a session belong."""

    def __init__(self, files: Files, runs: Runs, profiles: Profiles, config: Config) -> None:
        self._files = files
        self._runs = runs
        self._profiles = profiles
        self._config = config

    async def part(self, name: str, size: int) -> _PhonePart:
        """As Library.part."""
        return _PhonePart(await self._files.open(f"{FOLDER}/{name}"), size)

    async def forget(self, name: str) -> None:
        """As Library.forget."""
        await self._files.delete(f"{FOLDER}/{name}")

    async def place(self, clip: ClipRuns, run: KeptRun, packets: list[bytes]) -> Placed:
        """As Library.place."""
        if clip.role == Role.TRUNK:
            return Placed((), None, 0, TRUNK_ALONE)
        changed: list[int] = []
        session, new = None, 0
        for part in by_stream(packets):
            found = await self._complete(f"clip {clip.name}", part)
            if found is None:
                found = await self._new_run(clip, run, part), len(part)
            session, count = found
            new += count
            if count:
                changed.append(session)
        return Placed(tuple(changed), session, new)

    async def analyse(self, number: int, note: Note) -> None:
        """As Library.analyse."""
        try:
            await analyse(self._runs, self._profiles, number)
        except UntuckError as error:
            note(f"run {number} is stored but could not be analysed: {error}")

    async def _complete(self, source: str, packets: list[bytes]) -> tuple[int, int] | None:
        """Add packets of one stream to the run that has it: (its number, how many were new); None if no run has it."""
        for facts in self._runs.list():
            if facts.source != source:
                continue
            stored = list((await self._runs.content(facts.number)).packets())
            merged = completed(stored, packets)
            if merged is not None:
                if len(merged) > len(stored):
                    start_s = facts.started_unix_s - earlier_by_s(stored, merged)
                    await self._runs.rewrite(facts.number, merged, start_s)
                _log.info("run %d: %d packets added", facts.number, len(merged) - len(stored))
                return facts.number, len(merged) - len(stored)
        return None

    async def _new_run(self, clip: ClipRuns, run: KeptRun, packets: list[bytes]) -> int:
        """Record packets as a run; returns its number."""
        profile = self._profiles.open(self._config.name, self._runs.list())
        settings = settings_of(clip, run, packets, self._config, profile)
        recording = self._runs.record(f"clip {clip.name}", SYNC_MODE, settings, started_unix_s(run))
        try:
            await recording.begin()
            recording.write(as_received(packets))
        except BaseException:
            await self._runs.discard(recording)
            raise
        await self._runs.end(recording, None)
        return recording.number


class _PhonePart:
    """A file to which what is received is appended."""

    def __init__(self, file: OpenFile, size: int) -> None:
        self._file = file
        self.data = file.read()[:size]
        self._end = len(self.data)

    def append(self, data: bytes) -> None:
        self._file.write(data, self._end)
        self._file.flush()
        self._end += len(data)

    def close(self) -> None:
        self._file.close()
