"""`untuck pair`: makes this computer and the clip known to each other, once, and remembers the clip.

The connection itself pairs where it has to; here the user is told what to do with the clip, and what was found.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from untuck.cli import output
from untuck.cli.config import runner_option

if TYPE_CHECKING:
    from untuck.sources.ble import Backend, Timeouts


@dataclass(frozen=True)
class Paired:
    """A clip that answers this computer."""

    name: str
    address: str
    firmware: str
    battery_pct: int | None
    rssi_dbm: int


@click.command()
@runner_option
@click.option("--address", help="The clip to pair with; by default the first one heard.")
@output.as_json
def pair(runner: str | None, address: str | None, as_json: bool) -> None:
    """Pair with the clip: hold its button for 3 s until its light blinks fast, then start this within a minute.

    The clip is remembered for the runner, so that another one nearby is not taken by mistake.
    """
    from untuck.sources.clip_setup import WEAK_DBM
    from untuck.store.config import read_config
    from untuck.store.profiles import Profiles

    config = read_config(runner)
    output.note("looking for the clip: hold its button for 3 s until its light blinks fast ...")
    paired = asyncio.run(pair_clip(address))
    Profiles().keep_clip(config.name, paired.address)
    if as_json:
        click.echo(json.dumps(paired.__dict__))
        return
    battery = "" if paired.battery_pct is None else f", battery {paired.battery_pct} %"
    click.echo(f"Paired with {paired.name} ({paired.address}), firmware {paired.firmware}{battery}.")
    weak = ": weak, wear the clip on the side of the computer" if paired.rssi_dbm < WEAK_DBM else ""
    click.echo(f"Signal {paired.rssi_dbm} dBm{weak}. Next: untuck calibrate, or untuck run.")


async def pair_clip(address: str | None, backend: Backend | None = None, timeouts: Timeouts | None = None) -> Paired:
    """Connect, pair if need be, and read the clip's status. Raises LinkError, whose text says what to do."""
    from untuck.sources.ble_link import Backend, Link, Timeouts

    link = Link(backend or Backend(), timeouts or Timeouts(), lambda packet: None, lambda: None)
    clip = await link.find(address)
    try:
        status = await link.open()
    finally:
        await link.close()
    return Paired(clip.name, clip.address, status.firmware, status.battery_pct, clip.rssi_dbm)
