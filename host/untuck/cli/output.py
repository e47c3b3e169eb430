"""Where output goes: results on stdout, everything else beside them; the live view that fits the terminal.

With --json stdout carries JSON alone, the result last, and progress goes to stderr.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from untuck.motion.params import Params
from untuck.report.metrics import SessionMetrics
from untuck.report.summary import Summary, to_json
from untuck.report.text import to_text

if TYPE_CHECKING:  # these load the analysis or the terminal drawing
    from untuck.session.live import Outcome, View

as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as one line of JSON.")


def note(text: str) -> None:
    """A line that is no result."""
    click.echo(f"untuck: {text}", err=True)


@contextmanager
def live_view(source: str, params: Params, as_json: bool, log: bool = True, live: bool = False) -> Iterator[View]:
    """A drawn view in a terminal, plain lines elsewhere; no lines unless log.

    live: the runner is here: keys are listened to, so they are shown, and as_json gives lines of JSON on stdout.
    """
    from untuck.session.live_state import LiveState

    state = LiveState(params)
    if sys.stdout.isatty() and not as_json:
        from rich.console import Console

        from untuck.cli.views.keys import HELP
        from untuck.cli.views.terminal import TerminalView

        with TerminalView(Console(), state, source, HELP if live else "") as view:
            yield view
    elif as_json and live:
        from untuck.cli.views.json_lines import JsonView

        yield JsonView(click.echo, state)
    else:
        from untuck.cli.views.plain import PlainView

        yield PlainView(partial(click.echo, err=as_json) if log else _drop, state)


def finish(outcome: Outcome, title: str, as_json: bool, text: str = "", **more: Any) -> None:
    """Print what a session came to, then raise what cut it short. `more` goes beside the summary's fields in JSON."""
    print_summary(outcome.summary, title, as_json, text, **more)
    if outcome.failure is not None:
        raise outcome.failure


def print_calibration(summary: Summary, as_json: bool) -> None:
    """Print how a calibration was found, and how well."""
    error_deg = summary.calibration_error_deg
    if as_json:
        click.echo(json.dumps({"calibration": summary.calibration, "calibration_error_deg": error_deg}))
    else:
        within = "" if error_deg is None else f", its direction within about {error_deg:.1f} deg"
        click.echo(f"Calibrated from standing and hinges{within}; kept for the next run.")


def print_summary(
    summary: Summary,
    title: str,
    as_json: bool,
    text: str = "",
    now: SessionMetrics | None = None,
    earlier: Sequence[SessionMetrics] = (),
    **more: Any,
) -> None:
    """Print a summary, as JSON or as text with `text` behind it, beside the sessions it is compared with."""
    click.echo(to_json(summary, **more) if as_json else "\n" + to_text(summary, title, now, earlier) + text)


def _drop(text: str) -> None:
    """Nobody wants these lines."""
