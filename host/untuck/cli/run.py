"""`untuck run`: a run with the clip, with cues while the runner runs and a summary at the end.

Voice and screen guide the runner. Ctrl-C, key q, or a stop by the system end the session with its summary.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from untuck.cli import interrupt, output
from untuck.cli.logs import command_log
from untuck.cli.options import (
    adapter_option,
    as_json,
    clip_config,
    lsl_option,
    own_clip_option,
    rate_option,
    runner_option,
)

if TYPE_CHECKING:
    from untuck.session.request import SessionRequest


@click.command()
@runner_option
@click.option(
    "--minutes",
    type=click.FloatRange(0, 600),
    metavar="MINUTES",
    default=0.0,
    help="Planned length: the last fifth is then without cues, to see what was learnt.",
)
@click.option("--recalibrate", is_flag=True, help="Recalibrate even if a calibration is saved.")
@click.option("--new-baseline", is_flag=True, help="Take a new baseline even if one is saved.")
@click.option("--sonify", is_flag=True, help="Hum while tilt is outside the baseline band, for treadmill drills.")
@rate_option
@own_clip_option
@click.option(
    "--clips",
    type=click.IntRange(1, 2),
    default=2,
    show_default=True,
    help="2: use a second clip on the upper back too, if one is paired; 1: leave it out.",
)
@adapter_option
@click.option("--coach", is_flag=True, help="Open the coach's window as well; closing it ends the run.")
@lsl_option
@click.option(
    "--unattended",
    is_flag=True,
    help="Wait for the clip, and after a run for the next one, until stopped: for a computer without a screen.",
)
@as_json
def run(
    runner: str | None,
    minutes: float,
    recalibrate: bool,
    new_baseline: bool,
    sonify: bool,
    rate_hz: str | None,
    address: str | None,
    clips: int,
    adapter: str | None,
    coach: bool,
    lsl: bool,
    unattended: bool,
    as_json: bool,
) -> None:
    """Run with the clip: cues while you run, a summary at the end.

    A voice guides you: stand still for 5 s, hinge three times at the hips (not if the clip sits as it did last time),
    run easily for a baseline the first time, then run. Keys: b new baseline, m mute, l lap, z set the zero, q finish.
    Ctrl-C finishes as well. With --json every event is a line of JSON; the summary is the last one.
    """
    from untuck.session.request import SessionRequest

    def read_request() -> SessionRequest:
        config = clip_config(runner, rate_hz, address, adapter)
        if sonify:
            config = replace(config, sound=replace(config.sound, sonify=True))
        return SessionRequest(config, minutes, recalibrate=recalibrate, new_baseline=new_baseline, clips=clips)

    if unattended:
        if coach or lsl or as_json:
            raise click.UsageError("--unattended goes with neither --coach nor --lsl nor --json.")
        return _run_unattended(read_request)
    request = read_request()
    if coach:
        from untuck.cli.views.window import show_window
        from untuck.session.starts import ClipStart

        return show_window([ClipStart.of(request)], as_json=as_json)
    from untuck.cli.views.live import run_clip

    ended = interrupt.run(run_clip(request, as_json, lsl))
    output.finish(ended.outcome, ended.title, as_json, session=ended.session_id)


def _run_unattended(read_request: Callable[[], SessionRequest]) -> None:
    """Run until stopped, with messages for the system's journal: without names, addresses and motion."""
    from untuck.cli.views.unattended import journal_note, journal_view
    from untuck.session import service_manager
    from untuck.session.unattended import Surroundings, run_unattended

    def write(text: str) -> None:
        output.note(text)
        service_manager.report(STATUS=text)

    note = journal_note(command_log(click.get_current_context()).redactor, write)
    interrupt.run(run_unattended(read_request, Surroundings(journal_view(note), note)))
