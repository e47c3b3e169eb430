"""Fetches the runs that the clip recorded while no host stored them: parts of sessions, or sessions of their own.

What belongs to a session that is stored here completes it; the rest becomes a session. A run is deleted on the clip
only after it is stored here and the clip has computed the same checksum. A part that was fetched before a connection
broke is kept, and the next call continues from there. Fetching twice stores nothing twice. Where sessions are stored is
another matter: kept_runs.py on the computer, the phone in its own files.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from untuck import wire
from untuck.errors import LinkError
from untuck.model import Packet
from untuck.outside_text import as_file_name
from untuck.session.outcome import Outcome
from untuck.session.reanalysis import SYNC_MODE
from untuck.session.request import SessionRequest, session_settings
from untuck.sources.ble import Backend, BleSource
from untuck.sources.ble_runs import ClipRuns, KeptRun
from untuck.sources.run_decoder import decode_run
from untuck.store.config import Config
from untuck.store.profile import Profile
from untuck.store.session import Settings

Note = Callable[[str], None]
PACKETS_A_S = 20  # at 100 Hz
CLOCKS_DIFFER_S = 10.0  # of clip and host, at most: each session sets the clip's

_log = logging.getLogger(__name__)


class Part(Protocol):
    """What is fetched of a run already. data: its bytes."""

    data: bytes

    def append(self, data: bytes) -> None:
        """Keep more bytes. Raises StoreError."""

    def close(self) -> None:
        """Keep it for the next time."""


@dataclass(frozen=True)
class Placed:
    """Where packets were stored: the sessions that have changed, the session of the last packets, how many were new.

    refused: why the clip has to keep the run, "" if all of it is stored.
    """

    changed: tuple[int, ...]
    session: int | None
    new: int
    refused: str = ""


class Library(Protocol):
    """Where sessions are stored. All methods raise StoreError."""

    async def part(self, name: str, size: int) -> Part:
        """What is fetched of a run. name: of a file for it; size: of the run in bytes."""

    async def forget(self, name: str) -> None:
        """Delete what was fetched of a run."""

    async def place(self, clip: ClipRuns, run: KeptRun, packets: list[bytes]) -> Placed:
        """Store a run's packets in the sessions that they belong to, or in new ones."""

    async def analyse(self, number: int, note: Note) -> None:
        """Summarise a session whose packets have changed; if that fails, its packets remain."""


@dataclass(frozen=True)
class Fetching:
    """What is to be fetched. list_only: nothing; keep: do not delete runs on the clip; stop: end the run that the clip
    records now, else what it has so far is fetched and it goes on; since_unix_s: leave earlier runs on the clip.
    """

    list_only: bool = False
    keep: bool = False
    stop: bool = False
    since_unix_s: float = 0.0


def is_incomplete(source: BleSource, outcome: Outcome) -> bool:
    """Whether the clip may have what is missing here: packets that were lost or not stored, or a link that ended."""
    return bool(source.lost or outcome.unstored or isinstance(outcome.failure, LinkError))


async def fetch_into(
    library: Library, address: str | None, note: Note, what: Fetching | None = None, backend: Backend | None = None
) -> list[dict[str, Any]]:
    """Fetch the runs on the clip; returns one row for each, oldest first, with `session` None if none was stored.

    note: receives lines of progress; backend: a radio other than the platform's. Raises LinkError or StoreError, whose
    text says what to do; runs fetched before the error are stored.
    """
    what = what or Fetching()
    note("looking for the clip ...")
    rows = []
    async with ClipRuns(address, replace(backend or Backend(), pairs=False)) as clip:
        runs = await clip.list()
        if any(run.recording for run in runs) and not what.list_only:
            await (clip.stop() if what.stop else clip.split())
            if not what.stop:
                note("the clip is still recording: what it has so far is fetched; `untuck sync --stop` ends the run")
            runs = await clip.list()
        for run in runs:
            if 0 < run.started_unix_s < what.since_unix_s:
                continue
            row = {
                "role": clip.role,
                "run": run.run,
                "bytes": run.bytes,
                "started_unix_s": run.started_unix_s,
                "recording": run.recording,
                "fetched": run.fetched,
                "session": None,
            }
            if not (what.list_only or run.recording or (what.keep and run.fetched) or run.bytes == 0):
                row |= await _fetch(library, clip, run, note, keep=what.keep)
            rows.append(row)
        for text in clip.refused:
            note(text)
        if not what.list_only:
            await _report_losses(clip, note)
    return rows


def settings_of(clip: ClipRuns, run: KeptRun, packets: Sequence[bytes], config: Config, profile: Profile) -> Settings:
    """The settings of a session from a kept run's packets. config, profile: of the runner to whom it belongs."""
    period_us = wire.unpack_header(packets[0])[6]
    rate_hz = min(wire.RATES_HZ, key=lambda rate: abs(rate - 1e6 / period_us))
    firmware = clip.status.firmware if clip.status is not None else ""
    settings = session_settings(SessionRequest(config, mode=SYNC_MODE), profile, firmware)
    one_clip = replace(settings, trunk=False, trunk_calibration=None)  # the second one's run is joined later
    return replace(one_clip, rate_hz=rate_hz, notes=f"kept by the clip as run {run.run}")


def started_unix_s(run: KeptRun) -> float:
    """When a kept run began; now, if the clip did not know."""
    return float(run.started_unix_s) or time.time()


def as_received(packets: Sequence[bytes]) -> list[Packet]:
    """Packets of a kept run as if they had been received: sensor time replaces the time of arrival."""
    return [Packet(data, _time_s(data)) for data in packets]


async def _report_losses(clip: ClipRuns, note: Note) -> None:
    """Say once what the clip itself has lost."""
    status = clip.status
    if status is None or not (status.dropped_runs or status.lost_packets):
        return
    if status.dropped_runs:
        note(f"the clip had to delete {status.dropped_runs} runs before they were fetched: sync more often")
    if status.lost_packets:
        note(
            f"the clip could not keep {status.lost_packets} packets, about {status.lost_packets / PACKETS_A_S:.0f} s: "
            "its flash was full or failed while no computer stored them"
        )
    await clip.forget_losses(status.lost_packets, status.dropped_runs)


async def _fetch(library: Library, clip: ClipRuns, run: KeptRun, note: Note, *, keep: bool) -> dict[str, Any]:
    name = part_name(clip.name, run)
    part = await library.part(name, run.bytes)
    try:
        note(f"run {run.run}: {run.bytes / 1e6:.2f} MB, of which {len(part.data) / 1e6:.2f} MB are fetched already")
        data = await clip.fetch(run, part.data, part.append)
    finally:
        part.close()
    packets, damaged = decode_run(data)
    placed = await library.place(clip, run, packets)
    if placed.refused:
        note(f"run {run.run} stays on the clip: {placed.refused}")
    else:
        await library.forget(name)
        await clip.confirm(run, data, delete=not keep)
    _log.info("run %d: %d of %d packets are new, %d damaged records", run.run, placed.new, len(packets), damaged)
    if damaged:
        note(f"run {run.run}: {damaged} damaged records, about a second each, are left out")
    for number in placed.changed:
        note(f"session {number}: analysing")
        await library.analyse(number, note)
    return {
        "session": placed.session,
        "duration_s": _time_s(packets[-1]) - _time_s(packets[0]) if packets else 0.0,
        "packets": len(packets),
        "new_packets": placed.new,
        "damaged": damaged,
        "fetched": not placed.refused,
    }


def part_name(clip: str, run: KeptRun) -> str:
    """Name of the file of an incomplete run; a later run with the same number has another start time and so another."""
    return f"{as_file_name(clip)}-{run.run}-{run.started_unix_s}.part"


def _time_s(packet: bytes) -> float:
    head = wire.unpack_header(packet)
    return head[4] + head[5] * 1e-6
