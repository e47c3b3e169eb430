"""`untuck sync`: runs that the clip has kept while no computer listened become sessions here.

A run is deleted on the clip only when it is stored here and the clip has found the same checksum. What was fetched
before a connection broke is kept in the data folder, and the next sync goes on from there.
"""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from untuck import wire
from untuck.cli import output
from untuck.vocabulary import clock

if TYPE_CHECKING:
    from untuck.sources.ble import Backend
    from untuck.sources.ble_runs import ClipRuns, KeptRun


@click.command()
@click.option("--address", help="The clip to use; by default the first one heard.")
@click.option("--list", "list_only", is_flag=True, help="Only list what is on the clip.")
@click.option(
    "--keep", is_flag=True, help="Leave the runs on the clip; it drops fetched ones first when it needs space."
)
@output.as_json
def sync(address: str | None, list_only: bool, keep: bool, as_json: bool) -> None:
    """Fetch the runs that the clip recorded by itself, each into a session of its own."""
    rows = asyncio.run(fetch_runs(address, list_only, keep))
    if as_json:
        click.echo(json.dumps(rows))
    elif not rows:
        click.echo("The clip has kept no runs.")
    for row in [] if as_json else rows:
        click.echo(_line(row))


async def fetch_runs(
    address: str | None, list_only: bool = False, keep: bool = False, backend: Backend | None = None
) -> list[dict[str, Any]]:
    """One row for each run on the clip, oldest first; `session` is None where none was made.

    backend: another radio than the platform's own. Raises LinkError or StoreError, whose text says what to do; runs
    fetched before that are stored.
    """
    from untuck.sources.ble_runs import ClipRuns

    output.note("looking for the clip ...")
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
                row |= await _fetch(clip, run, keep)
            rows.append(row)
        status = clip.status
    if status is not None and status.dropped_runs:
        output.note(f"the clip dropped {status.dropped_runs} runs unfetched since it was switched on: sync more often")
    return rows


async def _fetch(clip: ClipRuns, run: KeptRun, keep: bool) -> dict[str, Any]:
    from untuck.sources.run_decoder import decode_run

    partial = _partial(clip.name, run)
    have = partial.read_bytes()[: run.bytes] if partial.exists() else b""
    output.note(f"run {run.run}: {run.bytes / 1e6:.2f} MB, {len(have) / 1e6:.2f} MB of it here already")
    partial.parent.mkdir(parents=True, exist_ok=True)
    with partial.open("ab") as file:

        def save(part: bytes) -> None:
            file.write(part)
            file.flush()

        data = await clip.fetch(run, have, save)
    partial.unlink()  # whatever comes of it: a run with another checksum is fetched from its beginning next time
    packets, damaged = decode_run(data)
    session, duration_s = _store(clip, run, packets)
    await clip.confirm(run, data, delete=not keep)
    if damaged:
        output.note(f"run {run.run}: {damaged} records are damaged, about a second each; they are left out")
    return {"session": session, "duration_s": duration_s, "packets": len(packets), "damaged": damaged, "fetched": True}


def _store(clip: ClipRuns, run: KeptRun, packets: list[bytes]) -> tuple[int | None, float]:
    """Record the packets as a session; returns its number and length. Sensor time stands in for time of arrival."""
    from untuck.model import Packet
    from untuck.store import Settings, Store

    if not packets:
        return None, 0.0
    times_s = [head[4] + head[5] * 1e-6 for head in map(wire.unpack_header, packets)]
    period_us = wire.unpack_header(packets[0])[6]
    rate_hz = min(wire.RATES_HZ, key=lambda rate: abs(rate - 1e6 / period_us))
    firmware = clip.status.firmware if clip.status is not None else ""
    settings = Settings(rate_hz=rate_hz, firmware=firmware, notes=f"kept by the clip as run {run.run}")
    started = float(run.started_unix_s) or time.time()
    with Store().record(f"clip {clip.name}", "sync", settings, started) as recording:
        for packet, time_s in zip(packets, times_s, strict=True):
            recording.append(Packet(packet, time_s))
    return recording.id, times_s[-1] - times_s[0]


def _partial(name: str, run: KeptRun) -> Path:
    """Where the first part of a run is kept until it is whole; another run of the same number has another name."""
    from untuck.store.folder import data_folder

    return data_folder() / "partial" / f"{name}-{run.run}-{run.started_unix_s}.part"


def _line(row: dict[str, Any]) -> str:
    started = row["started_unix_s"]
    date = time.strftime("%Y-%m-%d %H:%M", time.localtime(started)) if started else "date not known"
    head = f"Run {row['run']}, {date}, {row['bytes'] / 1e6:.2f} MB"
    if row["session"] is not None:
        return f"{head}: session {row['session']}, {clock(row['duration_s'])}"
    return f"{head}: " + (
        "being recorded" if row["recording"] else "fetched before" if row["fetched"] else "on the clip"
    )
