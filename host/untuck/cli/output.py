"""Prints results on stdout and everything else on stderr.

With --json stdout holds JSON alone: the result is the last line, and progress goes to stderr.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

import click

from untuck.cli.results import CalibrationResult, json_value, to_line
from untuck.outside_text import printable, printable_lines
from untuck.report.metrics import SessionMetrics
from untuck.report.summary import Summary
from untuck.report.text import to_text
from untuck.vocabulary import Role

if TYPE_CHECKING:  # it loads the analysis
    from untuck.model import Calibration
    from untuck.session.outcome import Outcome

_log = logging.getLogger(__name__)


def echo(text: str, file: IO[Any] | None = None, nl: bool = True, err: bool = False) -> None:
    """Print text, in which nothing commands the terminal. All that the commands print goes through here."""
    click.echo(printable_lines(text), file, nl, err)


def echo_light_on_dark(text: str) -> None:
    """Print lines of blocks light on dark, whatever the terminal's colours are."""
    for line in text.splitlines():
        click.echo(click.style(printable_lines(line), fg="bright_white", bg="black"))


class Failure(click.ClickException):
    """An error that ends the command: one line on stderr, exit code 1."""

    exit_code = 1

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the line."""
        echo(f"untuck: {printable(' '.join(self.message.split()), len(self.message))}", file=file, err=True)


def note(text: str) -> None:
    """Print a line that is not a result."""
    echo(f"untuck: {printable(text, len(text))}", err=True)
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
        echo("\n" + to_text(summary, title, now, earlier) + text)


def print_json(name: str, fields: Any) -> None:
    """Print a result as one line of JSON; name: of its schema, as results.RESULTS lists them."""
    echo(to_line(name, fields))


def print_calibration(found: Mapping[Role, Calibration], as_json: bool) -> None:
    """Print how the calibration of each clip was found, with its error."""
    errors_deg = {role: each.error_deg if math.isfinite(each.error_deg) else None for role, each in found.items()}
    if as_json:
        pelvis = found[Role.PELVIS]
        print_json("calibration", CalibrationResult(pelvis.source, errors_deg[Role.PELVIS], errors_deg.get(Role.TRUNK)))
        return
    texts = []
    for role, error_deg in errors_deg.items():
        of = f" ({role})" if len(errors_deg) > 1 else ""
        texts += [] if error_deg is None else [f"{error_deg:.1f} deg{of}"]
    within = f", its direction within about {' and '.join(texts)}" if texts else ""
    echo(f"Calibrated from standing and hinges{within}; saved for the next run.")
