"""Fetches the runs that the clip recorded while no computer was connected, and stores each as a session.

A run is deleted on the clip only after it is stored here and the clip has computed the same checksum. A part that was
fetched before a connection broke is kept in the data folder, and the next call continues from there.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from untuck import wire
from untuck.errors import StoreError, UntuckError, reason
from untuck.model import Packet
from untuck.session.reanalysis import SYNC_MODE, reanalyse
from untuck.session.request import SessionRequest, session_settings
from untuck.sources.ble import Backend
from untuck.sources.ble_runs import ClipRuns, KeptRun
from untuck.sources.run_decoder import decode_run
from untuck.store import Store, codec, edits
from untuck.store.config import Config
from untuck.store.paths import data_folder
from untuck.store.profiles import Profiles

Note = Callable[[str], None]

_log = logging.getLogger(__name__)


async def fetch_runs(
    address: str | None,
    note: Note,
    *,
    list_only: bool = False,
    keep: bool = False,
    backend: Backend | None = None,
    config: Config | None = None,
) -> list[dict[str, Any]]:
    """Fetch the runs on the clip; returns one row for each, oldest first, with `session` None if none was stored.

    note: receives lines of progress; keep: do not delete runs on the clip; backend: a radio other than the platform's;
    config: the settings of the runner to whom the runs belong: analysed with their calibration and baseline, and part
    of their trend. Raises LinkError or StoreError, whose text says what to do; runs fetched before the error are
    stored.
    """
    note("looking for the clip ...")
    rows = []
    async with ClipRuns(address, backend) as clip:
        for run in await clip.list():
            row = {
                "run": run.run,
                "bytes": run.bytes,
                "started_unix_s": run.started_unix_s,
                "recording": run.recording,
                "fetched": run.fetched,
                "session": None,
            }
            if not (list_only or run.recording or (keep and run.fetched) or run.bytes == 0):
                row |= await _fetch(clip, run, note, keep=keep, config=config or Config())
            rows.append(row)
        status = clip.status
    if status is not None and status.dropped_runs:
        note(f"the clip deleted {status.dropped_runs} runs before they were fetched: sync more often")
    return rows


async def _fetch(clip: ClipRuns, run: KeptRun, note: Note, *, keep: bool, config: Config) -> dict[str, Any]:
    partial = _partial_path(clip.name, run)
    try:
        data = await _download(clip, run, partial, note)
    except OSError as error:
        raise StoreError(f"{partial} cannot be written: {reason(error)}.") from error
    packets, damaged = decode_run(data)
    session, duration_s = _store(clip, run, packets, config)
    await clip.confirm(run, data, delete=not keep)
    _log.info("run %d: %d packets stored as session %s, %d damaged", run.run, len(packets), session, damaged)
    if damaged:
        note(f"run {run.run}: {damaged} damaged records, about a second each, are left out")
    if session is not None:
        note(f"session {session}: analysing")
        await asyncio.to_thread(_analyse, session, config.name, note)
    return {"session": session, "duration_s": duration_s, "packets": len(packets), "damaged": damaged, "fetched": True}


async def _download(clip: ClipRuns, run: KeptRun, partial: Path, note: Note) -> bytes:
    """All bytes of a run; what is received is appended to the file `partial`, which is deleted at the end."""
    have = partial.read_bytes()[: run.bytes] if partial.exists() else b""
    note(f"run {run.run}: {run.bytes / 1e6:.2f} MB, of which {len(have) / 1e6:.2f} MB are fetched already")
    partial.parent.mkdir(parents=True, exist_ok=True)
    with partial.open("ab") as file:

        def save(part: bytes) -> None:
            file.write(part)
            file.flush()

        data = await clip.fetch(run, have, save)
    partial.unlink()  # in any case: a run with a wrong checksum is fetched from its beginning next time
    return data


def _store(clip: ClipRuns, run: KeptRun, packets: list[bytes], config: Config) -> tuple[int | None, float]:
    """Record the packets as a session; returns its number and length. Sensor time replaces the time of arrival."""
    if not packets:
        return None, 0.0
    times_s = [head[4] + head[5] * 1e-6 for head in map(wire.unpack_header, packets)]
    period_us = wire.unpack_header(packets[0])[6]
    rate_hz = min(wire.RATES_HZ, key=lambda rate: abs(rate - 1e6 / period_us))
    firmware = clip.status.firmware if clip.status is not None else ""
    profile = Profiles().open(config.name)
    settings = session_settings(SessionRequest(config, mode=SYNC_MODE), profile, firmware)
    settings = replace(settings, rate_hz=rate_hz, notes=f"kept by the clip as run {run.run}")
    started = float(run.started_unix_s) or time.time()
    with Store().record(f"clip {clip.name}", SYNC_MODE, settings, started) as recording:
        for packet, time_s in zip(packets, times_s, strict=True):
            recording.append(Packet(packet, time_s))
    return recording.id, times_s[-1] - times_s[0]


def _analyse(number: int, runner: str, note: Note) -> None:
    """Summarise a session and keep the baseline that it took; if that fails, the stored packets remain."""
    store = Store()
    session = store.open(number)
    try:
        found = reanalyse(session)
        edits.summarise(store, number, codec.to_json(found.summary))
        if found.own_baseline and found.run.baseline is not None:
            Profiles().keep(runner, found.run.baseline, number)
    except UntuckError as error:
        note(f"session {number} is stored but could not be analysed: {error}")


def _partial_path(name: str, run: KeptRun) -> Path:
    """The file of an incomplete run; a later run with the same number has another start time and so another file."""
    return data_folder() / "partial" / f"{name}-{run.run}-{run.started_unix_s}.part"
