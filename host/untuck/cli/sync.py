"""`untuck sync`: stores the runs that the clip recorded while no computer was connected as sessions."""

from __future__ import annotations

import time
from typing import Any

import click

from untuck.cli import interrupt, output
from untuck.cli.options import adapter_option, as_json, clip_config, own_clip_option, runner_option
from untuck.vocabulary import clock


@click.command()
@runner_option
@own_clip_option
@adapter_option
@click.option("--list", "list_only", is_flag=True, help="Only list the runs on the clip.")
@click.option(
    "--keep", is_flag=True, help="Leave the runs on the clip; it deletes fetched ones first when it needs space."
)
@as_json
def sync(
    runner: str | None, address: str | None, adapter: str | None, list_only: bool, keep: bool, as_json: bool
) -> None:
    """Fetch the runs that the clip recorded by itself; each becomes a session of the runner.

    It is analysed with the runner's calibration and baseline, and counts in the trend. Begin such a run with 5 s of
    standing still, as any other.
    """
    from untuck.session.kept_runs import fetch_runs
    from untuck.session.request import with_paired_clip
    from untuck.sources.stack import Backend
    from untuck.store.profiles import Profiles

    config = clip_config(runner, address=address, adapter=adapter)
    config = with_paired_clip(config, Profiles().open(config.name))
    clip, backend = config.clip, Backend(adapter=config.clip.adapter)
    options: dict[str, Any] = {"list_only": list_only, "keep": keep, "backend": backend, "config": config}
    rows = interrupt.run(fetch_runs(clip.address or None, output.note, **options))
    if as_json:
        output.print_json("sync", {"runs": rows})
    elif not rows:
        click.echo("There are no runs on the clip.")
    else:
        for row in rows:
            click.echo(_text(row))


def _text(row: dict[str, Any]) -> str:
    started = row["started_unix_s"]
    date = time.strftime("%Y-%m-%d %H:%M", time.localtime(started)) if started else "unknown date"
    head = f"Run {row['run']}, {date}, {row['bytes'] / 1e6:.2f} MB"
    if row["session"] is not None:
        return f"{head}: session {row['session']}, {clock(row['duration_s'])}"
    state = "being recorded" if row["recording"] else "fetched before" if row["fetched"] else "on the clip"
    return f"{head}: {state}"
