"""`untuck run`: the clip's samples over Bluetooth, judged and cued while the runner runs.

Connecting and warming up the analysis go on at the same time. Ctrl-C ends the run with its summary.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from untuck import wire
from untuck.cli import output

if TYPE_CHECKING:
    from untuck.cli.live import Outcome
    from untuck.sources.ble import Backend


@click.command()
@click.option("--rate", "rate_hz", type=click.Choice([str(rate) for rate in wire.RATES_HZ]), default="100",
              show_default=True, help="Samples a second.")  # fmt: skip
@click.option("--address", help="The clip to use; by default the first one heard.")
@output.as_json
def run(rate_hz: str, address: str | None, as_json: bool) -> None:
    """Run with the clip: cues while you run, a summary at the end.

    Stand still for 5 s, hinge three times at the hips, then run. Ctrl-C ends the run.
    """
    title, session_id, outcome = asyncio.run(follow_clip(int(rate_hz), address, as_json))
    output.finish(outcome, title, as_json, session=session_id)


async def follow_clip(
    rate_hz: int, address: str | None, as_json: bool, backend: Backend | None = None
) -> tuple[str, int | None, Outcome]:
    """Record and follow a clip until the task is cancelled or the clip is gone; returns title, session and outcome.

    backend: another radio than the platform's own. Raises LinkError if no clip can be had, StoreError if nothing can be
    recorded.
    """
    from untuck.cli.warmup import warm_up
    from untuck.sources.ble import BleSource
    from untuck.store import Settings, Store

    output.note("looking for the clip ...")
    warming = asyncio.create_task(asyncio.to_thread(warm_up, output.note))
    async with BleSource(rate_hz, address, backend) as source:
        await warming
        from untuck.cli.live import attend

        firmware = source.status.firmware if source.status is not None else ""
        settings = Settings(rate_hz=rate_hz, firmware=firmware)
        name = f"clip {source.name}"
        with (
            Store().record(name, "run", settings) as recording,
            output.live_view(f"{name}, {rate_hz} Hz", settings.params, as_json) as view,
        ):
            outcome = await attend(source, settings, view, recording)
    return f"Session {recording.id}: {name}", recording.id, outcome
