"""`untuck pair`: pairs this computer with the clip, once, and saves the clip for the runner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from untuck.cli import interrupt, output
from untuck.cli.options import adapter_option, address_option, as_json, clip_config, runner_option
from untuck.vocabulary import Role

if TYPE_CHECKING:
    from untuck.store.config import Config

_PLACES = {Role.PELVIS: "on the waistband", Role.TRUNK: "between the shoulder blades"}


@click.command()
@runner_option
@address_option
@adapter_option
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    help="Where the clip is worn: pelvis, on the waistband, or trunk, between the shoulder blades. "
    "By default as before, at first pelvis.",
)
@as_json
def pair(runner: str | None, address: str | None, adapter: str | None, role: str | None, as_json: bool) -> None:
    """Pair with the clip: hold its button for 3 s until its light blinks fast, then start this within a minute.

    The clip is saved for the runner, so that another clip nearby is not used by mistake. The second clip, which is worn
    on the upper back, is paired with --role trunk; the clip keeps its role.
    """
    from untuck.session.pairing import keep_clip, pair_clip
    from untuck.sources.clip_setup import is_weak
    from untuck.sources.stack import Backend
    from untuck.store.profiles import Profiles

    config = clip_config(runner, adapter=adapter)
    output.note("looking for the clip: hold its button for 3 s until its light blinks fast ...")
    wanted = None if role is None else Role(role)
    paired = interrupt.run(pair_clip(address, Backend(adapter=config.clip.adapter), role=wanted))
    moved_from = keep_clip(Profiles(), config.name, paired)
    if as_json:
        output.print_json("pair", paired)
        return
    battery = "" if paired.battery_pct is None else f", battery {paired.battery_pct} %"
    over = f" over {paired.adapter}" if paired.adapter else ""
    output.echo(f"Paired with {paired.name} ({paired.address}){over}, firmware {paired.firmware}{battery}.")
    change = " `untuck pair --role pelvis` changes that." if wanted is None and paired.role is Role.TRUNK else ""
    output.echo(f"It is the clip of the {paired.role}: wear it {_PLACES[paired.role]}.{change}")
    if moved_from is not None:
        output.echo(f"It was the clip of the {moved_from}: pair another one for it with --role {moved_from}.")
    weak = ": weak, wear the clip on the side of the computer" if is_weak(paired.rssi_dbm) else ""
    output.echo(f"Signal {paired.rssi_dbm} dBm{weak}. {_next(config)}")


def _next(config: Config) -> str:
    """What to do now: without a clip for the waistband neither a run nor a calibration begins."""
    from untuck.session.request import missing_clip, with_paired_clip
    from untuck.store.profiles import Profiles

    config = with_paired_clip(config, Profiles().open(config.name))
    if config.clip.address:
        return "Next: untuck calibrate, or untuck run."
    what, command = missing_clip(config)
    return f"{what}: hold its button for 3 s, then run `{command}` within a minute."
