"""Prints results on stdout and everything else on stderr.

With --json stdout holds JSON alone: the result is the last line, and progress goes to stderr.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Any

import click

from untuck.cli.results import CalibrationResult, json_value, to_line
from untuck.report.metrics import SessionMetrics
from untuck.report.summary import Summary
from untuck.report.text import to_text

if TYPE_CHECKING:  # it loads the analysis
    from untuck.session.live import Outcome

_log = logging.getLogger(__name__)


class Failure(click.ClickException):
    """An error that ends the command: one line on stderr, exit code 1."""

    exit_code = 1

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the line."""
        click.echo(f"untuck: {' '.join(self.message.split())}", file=file, err=True)


def note(text: str) -> None:
    """Print a line that is not a result."""
    click.echo(f"untuck: {text}", err=True)
    _log.debug("%s", text, extra={"shown": True})


def session_title(number: int | None, what: str) -> str:
    """The title of a session; without a number it was not kept."""
    return what if number is None else f"Session {number}: {what}"


def finish(outcome: Outcome, title: str, as_json: bool, text: str = "", **more: Any) -> None:
    """Print a session's summary, then raise the error that ended it early. more: further fields of the JSON."""
    print_summary(outcome.summary, title, as_json, text, **more)
    if not outcome.kept:
        note("the session is not kept: it has no running stride.")
    if outcome.failure is not None:
        raise outcome.failure


def print_summary(
    summary: Summary,
    title: str,
    as_json: bool,
    text: str = "",
    now: SessionMetrics | None = None,
    earlier: Sequence[SessionMetrics] = (),
    **more: Any,
) -> None:
    """Print a summary as JSON, or as text followed by `text`; now, earlier: for the comparison with other sessions."""
    if as_json:
        print_json("summary", {**json_value(summary), **more})
    else:
        click.echo("\n" + to_text(summary, title, now, earlier) + text)


def print_json(name: str, fields: Any) -> None:
    """Print a result as one line of JSON; name: of its schema, as results.RESULTS lists them."""
    click.echo(to_line(name, fields))


def print_calibration(summary: Summary, as_json: bool) -> None:
    """Print how a calibration was found, with its error."""
    error_deg = summary.calibration_error_deg
    if as_json:
        print_json("calibration", CalibrationResult(summary.calibration, error_deg))
    else:
        within = "" if error_deg is None else f", its direction within about {error_deg:.1f} deg"
        click.echo(f"Calibrated from standing and hinges{within}; saved for the next run.")
