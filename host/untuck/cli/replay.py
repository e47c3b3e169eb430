"""`untuck replay`: a recorded session again, computed from its raw packets with the settings of the run."""

from __future__ import annotations

from dataclasses import replace

import click

from untuck.cli import interrupt, output
from untuck.cli.options import as_json, lsl_option, session_argument


@click.command()
@session_argument
@click.option(
    "--speed",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    help="1: as slowly as it was recorded, with sound; 0: as fast as possible.",
)
@lsl_option
@as_json
def replay(session_id: int | None, speed: float, lsl: bool, as_json: bool) -> None:
    """Analyse a session again from its raw packets: the same strides, findings and cues as live."""
    from untuck.store import Store

    session = Store().open(session_id)
    from untuck.cli.views.live import live_view
    from untuck.cli.views.lsl import streamed
    from untuck.session import live_kernels
    from untuck.session.damage import with_damage
    from untuck.session.earlier_sessions import title_of
    from untuck.session.live import run_session
    from untuck.session.warmup import warm_up
    from untuck.sources.replay import ReplaySource

    settings = session.settings()
    live_kernels.start() if speed > 0 else warm_up(output.note)
    source = ReplaySource(session.packets(), speed)
    with streamed(live_view, lsl)(f"session {session.id}", settings.params, as_json) as view:
        outcome = interrupt.run(run_session(source, settings, view, audible=speed > 0, commands=session.commands()))
    outcome = replace(outcome, summary=with_damage(outcome.summary, session))
    output.finish(outcome, title_of(session), as_json, session=session.id)
