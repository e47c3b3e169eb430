"""`untuck sessions`, `untuck replay`: what was recorded, and the same once more.

A replay computes everything anew from the raw packets, with the settings of the run.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import click

from untuck.cli import output
from untuck.cli.past import title_of
from untuck.cli.summary import session_argument
from untuck.report.summary import clock
from untuck.store import Store, StoredSession


@click.command()
@output.as_json
def sessions(as_json: bool) -> None:
    """List the recorded sessions, oldest first."""
    found = Store().sessions()
    if as_json:
        click.echo(json.dumps([_row(session) for session in found]))
        return
    if not found:
        click.echo("No session is recorded yet: `untuck run` records one, `untuck demo` a simulated one.")
        return
    click.echo(f"{'session':>7}  {'started':<16}  {'length':>6}  {'packets':>7}  {'mode':<5} source")
    for session in found:
        started = time.strftime("%Y-%m-%d %H:%M", time.localtime(session.started_unix_s))
        cut = "" if session.ended_unix_s is not None else " (cut off, or still recording)"
        click.echo(
            f"{session.id:>7}  {started}  {clock(session.duration_s):>6}  {session.packet_count:>7}  "
            f"{session.mode:<5} {session.source}{cut}"
        )


@click.command()
@session_argument
@click.option("--speed", type=click.FloatRange(0), default=0.0, show_default=True,
              help="1: as slowly as it was recorded, with sound; 0: do not wait.")  # fmt: skip
@output.as_json
def replay(session_id: int | None, speed: float, as_json: bool) -> None:
    """Analyse a session again from its raw packets: the same strides, findings and cues as live."""
    _replay(Store().open(session_id), as_json, speed, log=True)


def _replay(session: StoredSession, as_json: bool, speed: float, log: bool) -> None:
    from untuck.cli.live import attend
    from untuck.cli.warmup import warm_up
    from untuck.sources.replay import ReplaySource

    settings = session.settings()
    warm_up(output.note)
    source = ReplaySource(session.packets(), speed)
    with output.live_view(f"session {session.id}", settings.params, as_json, log) as view:
        outcome = asyncio.run(attend(source, settings, view, audible=speed > 0, steers=session.steers()))
    output.finish(outcome, title_of(session), as_json, session=session.id)


def _row(session: StoredSession) -> dict[str, Any]:
    """What `sessions --json` says of a session; ended_unix_s is null if it was cut off or still records."""
    return {name: getattr(session, name) for name in _COLUMNS}


_COLUMNS = ("id", "source", "mode", "started_unix_s", "ended_unix_s", "duration_s", "packet_count")
