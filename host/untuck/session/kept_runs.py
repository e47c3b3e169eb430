"""Fetches kept runs into the computer's store: run_fetching.py has the order of things, this the store.

The store and the analysis work in threads; what was fetched before a connection broke is a file in the data folder.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, BinaryIO

from untuck.errors import StoreError, UntuckError, reason
from untuck.model import Calibration
from untuck.session.joined_runs import NOT_JOINED, join_run
from untuck.session.reanalysis import SYNC_MODE, reanalyse
from untuck.session.run_fetching import (
    Fetching,
    Note,
    Placed,
    as_received,
    fetch_into,
    settings_of,
    started_unix_s,
)
from untuck.sources.ble import Backend
from untuck.sources.ble_runs import ClipRuns, KeptRun
from untuck.store import Store, codec, edits, private
from untuck.store.config import Config
from untuck.store.merging import Added, add_to_session
from untuck.store.paths import data_folder
from untuck.store.profiles import Profiles
from untuck.store.streams import by_stream
from untuck.vocabulary import Role


async def fetch_runs(
    address: str | None,
    note: Note,
    *,
    list_only: bool = False,
    keep: bool = False,
    stop: bool = False,
    since_unix_s: float = 0.0,
    backend: Backend | None = None,
    config: Config | None = None,
) -> list[dict[str, Any]]:
    """Fetch the runs on the clip into the store; see run_fetching.fetch_into and Fetching.

    config: the settings of the runner to whom runs belong that are no part of a session: analysed with their
    calibration and baseline, and part of their trend.
    """
    what = Fetching(list_only, keep, stop, since_unix_s)
    return await fetch_into(_StoreLibrary(config or Config()), address, note, what, backend)


class _StoreLibrary:
    def __init__(self, config: Config) -> None:
        self._config = config

    async def part(self, name: str, size: int) -> _FilePart:
        return _FilePart(part_path(name), size)

    async def forget(self, name: str) -> None:
        part_path(name).unlink(missing_ok=True)

    async def place(self, clip: ClipRuns, run: KeptRun, packets: list[bytes]) -> Placed:
        return await asyncio.to_thread(self._place, clip, run, packets)

    async def analyse(self, number: int, note: Note) -> None:
        await asyncio.to_thread(_analyse, number, note)

    def _place(self, clip: ClipRuns, run: KeptRun, packets: list[bytes]) -> Placed:
        changed: list[int] = []
        session, new, refused = None, 0, ""
        for part in by_stream(packets):
            added = add_to_session(Store(), f"clip {clip.name}", part, clip.role)
            if added.session is None and clip.role == Role.TRUNK:
                added = join_run(Store(), f"clip {clip.name}", part, run.started_unix_s, _trunk_calibration)
                refused = refused or (NOT_JOINED if added.session is None else "")
            elif added.session is None:
                added = Added(self._new_session(clip, run, part), len(part))
            session, new = added.session or session, new + added.new
            if added.new and added.session is not None:
                changed.append(added.session)
        return Placed(tuple(changed), session, new, refused)

    def _new_session(self, clip: ClipRuns, run: KeptRun, packets: list[bytes]) -> int:
        """Record the packets as a session; returns its number."""
        settings = settings_of(clip, run, packets, self._config, Profiles().open(self._config.name))
        with Store().record(f"clip {clip.name}", SYNC_MODE, settings, started_unix_s(run)) as recording:
            for packet in as_received(packets):
                recording.append(packet)
        return recording.id


class _FilePart:
    """A file in the data folder, to which what is received is appended."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        try:
            self.data = path.read_bytes()[:size] if path.exists() else b""
            private.make_folder(path.parent)
            private.create(path)
            private.tighten(path)
            self._file = path.open("ab")
        except OSError as error:
            raise self._failed(error) from error

    def append(self, data: bytes) -> None:
        assert self._file is not None
        try:
            self._file.write(data)
            self._file.flush()
        except OSError as error:
            raise self._failed(error) from error

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _failed(self, error: OSError) -> StoreError:
        return StoreError(f"{self._path} cannot be written: {reason(error)}.")


def _trunk_calibration(runner: str) -> Calibration | None:
    return Profiles().open(runner).trunk_calibration


def _analyse(number: int, note: Note) -> None:
    """Summarise a session and keep the baseline that it took; if that fails, the stored packets remain."""
    store = Store()
    session = store.open(number)
    try:
        found = reanalyse(session)
        edits.summarise(store, number, codec.to_json(found.summary))
        if found.own_baseline and found.run.baseline is not None:
            Profiles().keep(session.runner, found.run.baseline, number)
    except UntuckError as error:
        note(f"session {number} is stored but could not be analysed: {error}")


def part_path(name: str) -> Path:
    """The file of an incomplete run, whose name is of run_fetching.part_name."""
    return data_folder() / "partial" / name
