"""`untuck demo`: a simulated runner through the complete analysis, no hardware needed.

The packets are recorded, analysed and cued like those of a clip; at the end the simulated faults are listed for
comparison with the findings.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from untuck.cli import interrupt, output
from untuck.cli.options import as_json, lsl_option
from untuck.vocabulary import clock, named

if TYPE_CHECKING:
    from untuck.motion.params import Params
    from untuck.session.outcome import Outcome
    from untuck.session.packet_loop import View
    from untuck.simulate.runner import RunnerTruth
    from untuck.simulate.source import RunnerSource
    from untuck.store import Settings

RATE_HZ = 100
SOURCE = "simulated runner"


@click.command()
@click.option("--fast", is_flag=True, help="Do not run in real time: seconds instead of minutes.")
@click.option(
    "--minutes",
    type=click.FloatRange(0, 600, min_open=True),
    metavar="MINUTES",
    help="Stretch the scenario to this length.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    metavar="NUMBER",
    default=0,
    show_default=True,
    help="Another number, another run.",
)
@click.option(
    "--clips",
    type=click.IntRange(1, 2),
    default=1,
    show_default=True,
    help="2: with a second clip, on the upper back.",
)
@click.option("--coach", is_flag=True, help="Show it in the coach's window.")
@lsl_option
@as_json
def demo(fast: bool, minutes: float | None, seed: int, clips: int, coach: bool, lsl: bool, as_json: bool) -> None:
    """Show everything with a simulated runner.

    The runner stands, hinges, runs, tucks for a while, recovers, pulls the right hip back for a while and recovers;
    with two clips he also arches the back, bends the trunk over a tucked pelvis, and runs upright.
    With --json the last line is one object with strides, findings, cues and the simulated faults ("truth").
    """
    output.note(f"simulated runner, seed {seed}: this is not a recording of a person.")
    if coach:
        from untuck.cli.views.window import show_window
        from untuck.session.starts import SimulatedStart

        return show_window([SimulatedStart(seed, minutes, fast, clips=clips)], as_json=as_json)
    from untuck.cli.views.live import live_view
    from untuck.cli.views.lsl import streamed
    from untuck.session import live_kernels
    from untuck.session.warmup import INTERPRETED, can_cache, warm_up
    from untuck.simulate.scenario import Scenario
    from untuck.simulate.source import RunnerSource
    from untuck.store import Settings, Store

    Store().check_writable()
    warm_up(output.note) if fast else live_kernels.start()
    if not fast and not can_cache():
        output.note(INTERPRETED)
    scenario = Scenario.default(minutes, clips=clips)
    if minutes is not None and scenario.duration_s > minutes * 60 + 1:
        output.note(f"the scenario takes at least {clock(scenario.duration_s)} min.")
    source = RunnerSource(scenario, seed=seed, rate_hz=RATE_HZ, realtime=not fast, clips=clips)
    settings = Settings(rate_hz=RATE_HZ, notes=f"simulated, seed {seed}", trunk=clips == 2)
    outcome, number = interrupt.run(_recorded(source, settings, partial(streamed(live_view, lsl), as_json=as_json)))
    truth = _until(replace(source.run.truth, faults=source.faults), outcome.summary.signal.duration_s)
    title = output.session_title(number, f"{SOURCE}, seed {seed}")
    output.finish(outcome, title, as_json, _truth_text(truth, clips == 2), session=number, truth=_truth_json(truth))


async def _recorded(
    source: RunnerSource, settings: Settings, make_view: Callable[[str, Params], AbstractContextManager[View]]
) -> tuple[Outcome, int | None]:
    """Record and run the session; returns its number as well, None if it was not kept."""
    from untuck.session.live import run_session
    from untuck.store import Store

    with (
        Store().record(SOURCE, "demo", settings, trunk_source=SOURCE if settings.trunk else "") as recording,
        make_view(f"{SOURCE}, {RATE_HZ} Hz", settings.params) as view,
    ):
        outcome = await run_session(source, settings, view, recording)
    return outcome, recording.id if outcome.kept else None


def _until(truth: RunnerTruth, played_s: float) -> RunnerTruth:
    """What the runner did in the time that was played: of a demo that was stopped, not what would have come."""
    begun = [fault for fault in truth.faults if fault.start_s < played_s]
    faults = tuple(fault._replace(end_s=min(fault.end_s, played_s)) for fault in begun)
    rights = truth.contacts["time_s"][truth.contacts["side"] > 0]
    strides = min(truth.strides, max(0, int((rights <= played_s).sum()) - 1))
    return replace(truth, faults=faults, strides=strides)


def _truth_json(truth: RunnerTruth) -> dict[str, Any]:
    return {"strides": truth.strides, "faults": [fault._asdict() for fault in truth.faults]}


def _truth_text(truth: RunnerTruth, trunk: bool) -> str:
    rows = [
        f"  {clock(f.start_s):>5} - {clock(f.end_s):<6}{named(f.fault, f.side, trunk):<16}{f.depth_deg:4.1f} deg"
        for f in truth.faults
    ]
    return "\n".join(["", "", f"What the simulated runner really did: {truth.strides} strides", *rows])
