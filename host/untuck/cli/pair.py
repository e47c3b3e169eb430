"""`untuck pair`: pairs this computer with the clip, once, and saves the clip for the runner."""

from __future__ import annotations

import click

from untuck.cli import interrupt, output
from untuck.cli.options import adapter_option, address_option, as_json, clip_config, runner_option


@click.command()
@runner_option
@address_option
@adapter_option
@as_json
def pair(runner: str | None, address: str | None, adapter: str | None, as_json: bool) -> None:
    """Pair with the clip: hold its button for 3 s until its light blinks fast, then start this within a minute.

    The clip is saved for the runner, so that another clip nearby is not used by mistake.
    """
    from untuck.session.pairing import pair_clip
    from untuck.sources.clip_setup import WEAK_DBM
    from untuck.sources.stack import Backend
    from untuck.store.profiles import Profiles

    config = clip_config(runner, adapter=adapter)
    output.note("looking for the clip: hold its button for 3 s until its light blinks fast ...")
    paired = interrupt.run(pair_clip(address, Backend(adapter=config.clip.adapter)))
    Profiles().keep_clip(config.name, paired.address)
    if as_json:
        output.print_json("pair", paired)
        return
    battery = "" if paired.battery_pct is None else f", battery {paired.battery_pct} %"
    over = f" over {paired.adapter}" if paired.adapter else ""
    click.echo(f"Paired with {paired.name} ({paired.address}){over}, firmware {paired.firmware}{battery}.")
    weak = ": weak, wear the clip on the side of the computer" if paired.rssi_dbm < WEAK_DBM else ""
    click.echo(f"Signal {paired.rssi_dbm} dBm{weak}. Next: untuck calibrate, or untuck run.")
