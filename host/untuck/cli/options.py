"""Options and arguments that several commands share, with their help texts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from untuck import wire
from untuck.cli.usage import RunnerName

if TYPE_CHECKING:
    from untuck.store.config import Config

as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as one line of JSON.")
runner_option = click.option(
    "--runner", type=RunnerName(), metavar="NAME", help="The runner; by default the one that the settings name."
)
address_option = click.option(
    "--address", metavar="ADDRESS", help="The clip to pair with; by default the one whose button was held."
)
own_clip_option = click.option(
    "--address", metavar="ADDRESS", help="The clip to use, which must be paired; by default as set, or the paired one."
)
adapter_option = click.option(
    "--adapter",
    metavar="NAME",
    help="Of this computer, such as hci1 (Linux); by default as set, or the one that is paired with the clip.",
)
rate_option = click.option(
    "--rate",
    "rate_hz",
    type=click.Choice([str(rate) for rate in wire.RATES_HZ]),
    help="Samples a second; by default as set, 100.",
)
lsl_option = click.option("--lsl", is_flag=True, help="Stream samples, strides and cues over Lab Streaming Layer.")
session_argument = click.argument("session_id", metavar="[SESSION]", type=click.IntRange(1), required=False)


def clip_config(
    runner: str | None, rate_hz: str | None = None, address: str | None = None, adapter: str | None = None
) -> Config:
    """The runner's settings, with what the command line says of the clip where it is given."""
    from untuck.store.config_file import read_config

    config = read_config(runner)
    clip = config.clip
    clip = replace(
        clip,
        rate_hz=int(rate_hz or clip.rate_hz),
        address=clip.address if address is None else address,
        adapter=clip.adapter if adapter is None else adapter,
    )
    return replace(config, clip=clip)
