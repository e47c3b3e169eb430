"""`untuck trend`: a runner's sessions over weeks, from the summaries that were stored when they ended."""

from __future__ import annotations

import time
from pathlib import Path

import click

from untuck.cli import output
from untuck.cli.options import as_json
from untuck.cli.results import TrendResult
from untuck.cli.usage import RunnerName
from untuck.errors import ReportError, StoreError, reason
from untuck.outside_text import printable
from untuck.report.numbers import counted
from untuck.report.trend import DAY_S, to_text
from untuck.session.earlier_sessions import metrics_of_runner
from untuck.store import Store, StoredSession, private


@click.command()
@click.option(
    "--runner", type=RunnerName(), metavar="NAME", help="The runner; by default the runner of the newest session."
)
@click.option("--weeks", type=click.IntRange(1), metavar="WEEKS", default=12, show_default=True, help="How far back.")
@click.option("--html", "html", type=click.Path(dir_okay=False, path_type=Path), help="Write a page for the browser.")
@as_json
def trend(runner: str | None, weeks: int, html: Path | None, as_json: bool) -> None:
    """Show tilt, pullback, cues, time to correct and what is retained, over weeks."""
    store = Store()
    newest = _newest(store, runner)
    since_s = newest.started_unix_s - weeks * 7 * DAY_S
    rows = [row for row in metrics_of_runner(store, newest) if since_s <= row.started_unix_s <= newest.started_unix_s]
    rows.sort(key=lambda row: row.started_unix_s)
    whose = f" of {newest.runner}" if newest.runner else ""
    title = printable(f"Progress{whose}" + (" (simulated runner)" if newest.mode == "demo" else ""))
    if html is not None:
        from untuck.report.trend_page import to_html

        subtitle = (
            f"{counted(len(rows), 'session')}, to {time.strftime('%Y-%m-%d', time.localtime(newest.started_unix_s))}"
        )
        try:
            private.create(html)
            html.write_text(to_html(rows, title, subtitle), "utf-8")
        except OSError as error:
            raise ReportError(f"{html} cannot be written: {reason(error)}.") from error
        output.note(f"wrote {html}")
    if as_json:
        output.print_json("trend", TrendResult(tuple(rows)))
    else:
        output.echo(to_text(rows, title))


def _newest(store: Store, runner: str | None) -> StoredSession:
    sessions = [session for session in store.sessions() if runner is None or session.runner == runner]
    if not sessions:
        whose = "" if runner is None else f" of {runner}"
        raise StoreError(f"no session{whose} is recorded yet: `untuck run` records one.")
    past = [session for session in sessions if session.started_unix_s <= time.time() + DAY_S]
    return max(past or sessions, key=lambda session: session.started_unix_s)  # one of a wrong clock hides no others
