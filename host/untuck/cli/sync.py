"""`untuck sync`: stores the runs that the clip recorded while no computer was connected as sessions."""

from __future__ import annotations

import time
from typing import Any

import click

from untuck.cli import interrupt, output
from untuck.cli.options import adapter_option, as_json, clip_config, own_clip_option, runner_option
from untuck.errors import LinkError
from untuck.vocabulary import Role, clock


@click.command()
@runner_option
@own_clip_option
@adapter_option
@click.option("--list", "list_only", is_flag=True, help="Only list the runs on the clip.")
@click.option(
    "--keep", is_flag=True, help="Leave the runs on the clip; it deletes fetched ones first when it needs space."
)
@click.option(
    "--stop", is_flag=True, help="End the run that the clip records now; without it the clip goes on recording."
)
@as_json
def sync(
    runner: str | None,
    address: str | None,
    adapter: str | None,
    list_only: bool,
    keep: bool,
    stop: bool,
    as_json: bool,
) -> None:
    """Fetch what the clip recorded by itself: a run without a computer, or parts of a run that a computer missed.

    A part completes its session. A whole run becomes a session of the runner, is analysed with the runner's calibration
    and baseline, and counts in the trend. Begin such a run with 5 s of standing still, as any other. What a second clip
    on the upper back recorded is joined to the session of the same run. If one clip is not found, the other's runs are
    fetched all the same.
    """
    from untuck.session.kept_runs import fetch_runs
    from untuck.session.request import with_own_clip
    from untuck.sources.stack import Backend
    from untuck.store.profiles import Profiles

    config = clip_config(runner, address=address, adapter=adapter)
    config = with_own_clip(config, Profiles().open(config.name))
    clip, backend = config.clip, Backend(adapter=config.clip.adapter)
    options: dict[str, Any] = {"list_only": list_only, "keep": keep, "stop": stop, "backend": backend, "config": config}
    addresses = [clip.address, *([clip.trunk_address] if clip.trunk_address and not address else [])]
    rows: list[dict[str, Any]] = []
    failures: list[LinkError] = []
    for each in addresses:
        try:
            rows += interrupt.run(fetch_runs(each or None, output.note, **options))
        except LinkError as error:
            failures.append(error)
    if len(failures) == len(addresses):
        raise failures[0]
    if as_json:
        output.print_json("sync", {"runs": rows})
    elif not rows:
        output.echo("There are no runs on the clip.")
    else:
        for row in rows:
            output.echo(_text(row))
    if failures:
        raise failures[0]


def _text(row: dict[str, Any]) -> str:
    started = row["started_unix_s"]
    date = time.strftime("%Y-%m-%d %H:%M", time.localtime(started)) if started else "unknown date"
    of = " of the upper back" if row["role"] == Role.TRUNK else ""
    head = f"Run {row['run']}{of}, {date}, {row['bytes'] / 1e6:.2f} MB"
    if row["session"] is not None:
        return f"{head}: session {row['session']}, {_new_text(row)}"
    state = "being recorded" if row["recording"] else "fetched before" if row["fetched"] else "on the clip"
    return f"{head}: {state}"


def _new_text(row: dict[str, Any]) -> str:
    length = clock(row["duration_s"])
    if not row["new_packets"]:
        return f"{length}, all of it was stored before"
    share = row["new_packets"] / row["packets"]
    return length if share == 1 else f"{length}, {share:.0%} of it new"
