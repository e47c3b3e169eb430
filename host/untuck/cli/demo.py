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
    from untuck.session.live import Outcome, View
    from untuck.simulate.runner import RunnerSource, RunnerTruth
    from untuck.store import Settings

RATE_HZ = 100


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
@click.option("--coach", is_flag=True, help="Show it in the coach's window.")
@lsl_option
@as_json
def demo(fast: bool, minutes: float | None, seed: int, coach: bool, lsl: bool, as_json: bool) -> None:
    """Show everything with a simulated runner.

    The runner stands, hinges, runs, tucks for a while, recovers, pulls the right hip back for a while and recovers.
    With --json the last line is one object with strides, findings, cues and the simulated faults ("truth").
    """
    output.note(f"simulated runner, seed {seed}: this is not a recording of a person.")
    if coach:
        from untuck.cli.views.window import show_window
        from untuck.session.starts import SimulatedStart

        return show_window([SimulatedStart(seed, minutes, fast)], as_json=as_json)
    from untuck.cli.views.live import live_view
    from untuck.cli.views.lsl import streamed
    from untuck.session import live_kernels
    from untuck.session.warmup import INTERPRETED, can_cache, warm_up
    from untuck.simulate.runner import RunnerSource, Scenario
    from untuck.store import Settings, Store

    Store().check_writable()
    warm_up(output.note) if fast else live_kernels.start()
    if not fast and not can_cache():
        output.note(INTERPRETED)
    scenario = Scenario.default(minutes)
    if minutes is not None and scenario.duration_s > minutes * 60 + 1:
        output.note(f"the scenario takes at least {clock(scenario.duration_s)} min.")
    source = RunnerSource(scenario, seed=seed, rate_hz=RATE_HZ, realtime=not fast)
    settings = Settings(rate_hz=RATE_HZ, notes=f"simulated, seed {seed}")
    outcome, number = interrupt.run(_recorded(source, settings, partial(streamed(live_view, lsl), as_json=as_json)))
    truth = _until(source.run.truth, outcome.summary.signal.duration_s)
    title = output.session_title(number, f"simulated runner, seed {seed}")
    output.finish(outcome, title, as_json, _truth_text(truth), session=number, truth=_truth_json(truth))


async def _recorded(
    source: RunnerSource, settings: Settings, make_view: Callable[[str, Params], AbstractContextManager[View]]
) -> tuple[Outcome, int | None]:
    """Record and run the session; returns its number as well, None if it was not kept."""
    from untuck.session.live import run_session
    from untuck.store import Store

    with (
        Store().record("simulated runner", "demo", settings) as recording,
        make_view(f"simulated runner, {RATE_HZ} Hz", settings.params) as view,
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


def _truth_text(truth: RunnerTruth) -> str:
    rows = [
        f"  {clock(f.start_s):>5} - {clock(f.end_s):<6}{named(f.fault, f.side):<16}{f.depth_deg:4.1f} deg"
        for f in truth.faults
    ]
    return "\n".join(["", "", f"What the simulated runner really did: {truth.strides} strides", *rows])
