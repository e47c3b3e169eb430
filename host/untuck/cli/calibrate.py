"""`untuck calibrate`: finds how the clip sits on the runner, and saves it for the next run."""

from __future__ import annotations

import click

from untuck.cli import interrupt, output
from untuck.cli.options import adapter_option, as_json, clip_config, own_clip_option, rate_option, runner_option
from untuck.errors import CalibrationError


@click.command()
@runner_option
@rate_option
@own_clip_option
@adapter_option
@as_json
def calibrate(runner: str | None, rate_hz: str | None, address: str | None, adapter: str | None, as_json: bool) -> None:
    """Measure how the clip sits: stand still for 5 s, then hinge three times at the hips.

    The result is saved in the runner's profile; a later run checks it while you stand. The same hinges calibrate a
    second clip, on the upper back: keep the back straight.
    """
    from untuck.cli.views.live import run_clip
    from untuck.session.calibration_watch import PLACES, CalibrationWatch
    from untuck.session.request import calibration_request, has_trunk_clip
    from untuck.store.profiles import Profiles

    config = clip_config(runner, rate_hz, address, adapter)
    watch = CalibrationWatch(has_trunk_clip(config, Profiles().open(config.name)))
    ended = interrupt.run(run_clip(calibration_request(config, watch), as_json))
    if ended.outcome.failure is not None:
        raise ended.outcome.failure
    if watch.missing:
        which = "" if len(watch.roles) == 1 else f" ({' and '.join(PLACES[role] for role in watch.missing)})"
        why = " ".join(ended.outcome.summary.warnings) or "stand still for 5 s, then hinge three times."
        raise CalibrationError(f"Not calibrated{which}: {why}")
    output.print_calibration(watch.found, as_json)
