"""`untuck run`: a run with the clip, with cues while the runner runs and a summary at the end.

Voice and screen guide the runner. Ctrl-C, key q, or a stop by the system end the session with its summary.
"""

from __future__ import annotations

from dataclasses import replace

import click

from untuck.cli import interrupt, output
from untuck.cli.options import (
    adapter_option,
    as_json,
    clip_config,
    lsl_option,
    own_clip_option,
    rate_option,
    runner_option,
)


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
@adapter_option
@click.option("--coach", is_flag=True, help="Open the coach's window as well; closing it ends the run.")
@lsl_option
@as_json
def run(
    runner: str | None,
    minutes: float,
    recalibrate: bool,
    new_baseline: bool,
    sonify: bool,
    rate_hz: str | None,
    address: str | None,
    adapter: str | None,
    coach: bool,
    lsl: bool,
    as_json: bool,
) -> None:
    """Run with the clip: cues while you run, a summary at the end.

    A voice guides you: stand still for 5 s, hinge three times at the hips (not if the clip sits as it did last time),
    run easily for a baseline the first time, then run. Keys: b new baseline, m mute, l lap, z set the zero, q finish.
    Ctrl-C finishes as well. With --json every event is a line of JSON; the summary is the last one.
    """
    from untuck.session.request import SessionRequest

    config = clip_config(runner, rate_hz, address, adapter)
    if sonify:
        config = replace(config, sound=replace(config.sound, sonify=True))
    request = SessionRequest(config, minutes, recalibrate=recalibrate, new_baseline=new_baseline)
    if coach:
        from untuck.cli.views.window import show_window
        from untuck.session.starts import ClipStart

        return show_window([ClipStart.of(request)], as_json=as_json)
    from untuck.cli.views.live import run_clip

    ended = interrupt.run(run_clip(request, as_json, lsl))
    output.finish(ended.outcome, ended.title, as_json, session=ended.session_id)
