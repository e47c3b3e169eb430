"""`untuck doctor --clip`: the first light of a clip, step by step; its figures for a hardware report."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from untuck.cli import interrupt, output
from untuck.cli.results import ClipCheckResult, ClipStep, to_line
from untuck.errors import UntuckError, reason

if TYPE_CHECKING:  # it loads the radio
    from untuck.session.first_light.check import ClipCheck
    from untuck.sources.ble import Backend, Timeouts
    from untuck.store.config import Config


def check_first_light(config: Config, limit_s: float | None, report: Path | None, as_json: bool) -> None:
    """Walk through the first light. Raises UntuckError if a step failed, or if the report cannot be written."""
    from untuck.sources.stack import Backend

    if report is not None:
        _write(report, "")  # before somebody has gone through all steps
    check = interrupt.run(walk_through(config, limit_s, as_json, Backend(adapter=config.clip.adapter)))
    result = result_of(check)
    if as_json:
        output.print_json("clip_check", result)
    if report is not None:
        _write(report, to_line("clip_check", result) + "\n")
        output.note(f"written: {report}. Attach it to a hardware report; it has no address and nothing of a runner.")
    if check.failed:
        raise UntuckError(f"failed: {', '.join(check.failed)}. docs/bring-up.md says what to look at, in order.")
    if check.ended:
        raise UntuckError("ended before the last step.")
    if not as_json:
        output.echo("The clip is ready. Next: untuck run")


async def walk_through(
    config: Config,
    limit_s: float | None,
    as_json: bool,
    backend: Backend | None = None,
    timeouts: Timeouts | None = None,
) -> ClipCheck:
    """The walk with its view and keys; key q and Ctrl-C end it with what is known by then."""
    from untuck.cli.views.first_light import answering, check_view
    from untuck.session.first_light.check import Walk, check_clip, report_of

    task = asyncio.current_task()
    assert task is not None
    with check_view(partial(output.echo, err=as_json), as_json) as view:
        walk = Walk(view, limit_s)
        with answering(walk, task.cancel), contextlib.suppress(asyncio.CancelledError):
            return await check_clip(walk, config.name, config.clip.address or None, backend, timeouts)
    task.uncancel()
    return report_of(walk, ended=True)


def result_of(check: ClipCheck) -> ClipCheckResult:
    """The check as it is printed."""
    steps = [ClipStep(each.name, str(each.outcome), each.text, each.took_s, each.figures) for each in check.steps]
    return ClipCheckResult(
        tuple(steps),
        passed=not check.failed and not check.ended,
        untuck=check.untuck,
        python=check.python,
        system=check.system,
        bleak=check.bleak,
        firmware=check.firmware,
        protocol=check.protocol,
    )


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise UntuckError(f"{path} cannot be written: {reason(error)}.") from error
