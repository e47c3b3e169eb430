"""`untuck run` and `untuck calibrate`: the clip's samples over Bluetooth, judged and cued while the runner runs.

The runner is led through by voice and screen. Ctrl-C, key q, or a stop from the system end a session with its summary.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click

from untuck import wire
from untuck.cli import output
from untuck.cli.config import runner_option
from untuck.cli.views.keys import Keys, listening
from untuck.cli.views.lsl import lsl_option, streamed
from untuck.errors import CalibrationError

if TYPE_CHECKING:
    from untuck.events import Event
    from untuck.session.clip_session import SessionResult
    from untuck.session.packet_pipeline import PacketPipeline
    from untuck.sources.ble import Backend
    from untuck.store.config import Config

rate_option = click.option("--rate", "rate_hz", type=click.Choice([str(rate) for rate in wire.RATES_HZ]),
                           help="Samples a second; by default as set, 100.")  # fmt: skip
address_option = click.option("--address", help="The clip to use; by default as set, paired, or the first heard.")


@click.command()
@runner_option
@click.option("--minutes", type=click.FloatRange(0, 600), default=0.0,
              help="Planned length: the last fifth is then silent, to see what was learnt.")  # fmt: skip
@click.option("--recalibrate", is_flag=True, help="Stand and hinge anew although a calibration is kept.")
@click.option("--new-baseline", is_flag=True, help="Take a new baseline although one is kept.")
@click.option("--sonify", is_flag=True, help="A hum outside the tilt band, for drills on a treadmill.")
@rate_option
@address_option
@click.option("--coach", is_flag=True, help="Open the coach's window beside the cues; closing it ends the run.")
@lsl_option
@output.as_json
def run(
    runner: str | None,
    minutes: float,
    recalibrate: bool,
    new_baseline: bool,
    sonify: bool,
    rate_hz: str | None,
    address: str | None,
    coach: bool,
    lsl: bool,
    as_json: bool,
) -> None:
    """Run with the clip: cues while you run, a summary at the end.

    You are told what to do: stand still for 5 s, hinge three times at the hips (not if the clip sits as it did last
    time), run easily for a baseline the first time, then run. Keys: b new baseline, m mute, l lap, z set the zero, q
    finish. Ctrl-C finishes as well. With --json every event is a line of JSON; the summary is the last one.
    """
    config = _config(runner, rate_hz, address)
    if sonify:
        config = replace(config, sound=replace(config.sound, sonify=True))
    anew = tuple(name for name, wanted in (("calibration", recalibrate), ("baseline", new_baseline)) if wanted)
    if coach:
        from untuck.cli.coach import show_window
        from untuck.session.clip_session import SessionRequest
        from untuck.session.starts import ClipStart

        return show_window([ClipStart.of(SessionRequest(config, minutes, anew))], as_json=as_json)
    ended = asyncio.run(follow_clip(config, minutes, anew, as_json, lsl=lsl))
    output.finish(ended.outcome, ended.title, as_json, session=ended.session_id)


async def follow_clip(
    config: Config,
    minutes: float = 0.0,
    anew: tuple[str, ...] = (),
    as_json: bool = False,
    backend: Backend | None = None,
    lsl: bool = False,
) -> SessionResult:
    """Record and follow a clip until the task is cancelled or the clip is gone.

    backend: another radio than the platform's own. Raises LinkError if no clip can be had, StoreError if nothing can be
    recorded.
    """
    from untuck.session.clip_session import SessionRequest, run_with_clip

    make_view = streamed(partial(output.live_view, as_json=as_json, live=True), lsl)
    return await run_with_clip(SessionRequest(config, minutes, anew), make_view, output.note, _listen, backend)


@click.command()
@runner_option
@rate_option
@address_option
@output.as_json
def calibrate(runner: str | None, rate_hz: str | None, address: str | None, as_json: bool) -> None:
    """Find out how the clip sits: stand still for 5 s, then hinge three times at the hips.

    The result is kept in the runner's profile; a later run checks it against standing.
    """
    ended = asyncio.run(calibrate_clip(_config(runner, rate_hz, address), as_json))
    if ended.outcome.failure is not None:
        raise ended.outcome.failure
    summary = ended.outcome.summary
    if summary.calibration != "stand+hinges":
        why = " ".join(summary.warnings) or "stand still for 5 s, then hinge three times."
        raise CalibrationError(f"Not calibrated: {why}")
    output.print_calibration(summary, as_json)


async def calibrate_clip(config: Config, as_json: bool = False, backend: Backend | None = None) -> SessionResult:
    """Attend a clip until a calibration is found, which is kept. Raises as follow_clip does."""
    from untuck.events import Calibrated
    from untuck.session.clip_session import SessionRequest, run_with_clip

    def found(event: Event) -> bool:
        return isinstance(event, Calibrated) and event.calibration.source == "stand+hinges"

    wanted = SessionRequest(config, anew=("calibration",), mode="calibrate", until=found)
    make_view = partial(output.live_view, as_json=as_json, live=True)
    return await run_with_clip(wanted, make_view, output.note, _listen, backend)


def _listen(line: PacketPipeline, finish: Callable[[], object]) -> AbstractContextManager[None]:
    return listening(Keys(line.command, finish))


def _config(runner: str | None, rate_hz: str | None, address: str | None) -> Config:
    from untuck.store.config import read_config

    config = read_config(runner)
    clip = config.clip
    clip = replace(clip, rate_hz=int(rate_hz or clip.rate_hz), address=clip.address if address is None else address)
    return replace(config, clip=clip)
