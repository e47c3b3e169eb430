"""`untuck sync`: stores the runs that the clip recorded while no computer was connected as sessions."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import click

from untuck.cli import output
from untuck.cli.options import adapter_option, address_option, as_json, clip_config
from untuck.vocabulary import clock


@click.command()
@address_option
@adapter_option
@click.option("--list", "list_only", is_flag=True, help="Only list the runs on the clip.")
@click.option(
    "--keep", is_flag=True, help="Leave the runs on the clip; it deletes fetched ones first when it needs space."
)
@as_json
def sync(address: str | None, adapter: str | None, list_only: bool, keep: bool, as_json: bool) -> None:
    """Fetch the runs that the clip recorded by itself; each becomes a session."""
    from untuck.session.kept_runs import fetch_runs
    from untuck.sources.stack import Backend

    backend = Backend(adapter=clip_config(None, adapter=adapter).clip.adapter)
    rows = asyncio.run(fetch_runs(address, output.note, list_only=list_only, keep=keep, backend=backend))
    if as_json:
        click.echo(json.dumps(rows))
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
