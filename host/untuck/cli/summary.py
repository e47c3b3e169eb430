"""`untuck summary`: the results of a session, in the terminal, as a page or on paper.

The text is made from the summary that was stored when the session ended; pages with figures analyse it again.
"""

from __future__ import annotations

from pathlib import Path

import click

from untuck.cli import output
from untuck.cli.options import as_json, session_argument
from untuck.report.summary import Summary
from untuck.session.damage import with_damage
from untuck.session.earlier_sessions import compared_sessions, title_of
from untuck.store import Store, StoredSession, codec

_path = click.Path(dir_okay=False, path_type=Path)


@click.command()
@session_argument
@click.option("--html", "html", type=_path, help="Write a page for the browser: one file, no script, prints well.")
@click.option("--pdf", "pdf", type=_path, help="Write the same figures as A4 pages.")
@as_json
def summary(session_id: int | None, html: Path | None, pdf: Path | None, as_json: bool) -> None:
    """Show the results of a session; by default the newest.

    How was the pelvis, when did the form fail, did the cues help, how does it compare with earlier sessions.
    """
    store = Store()
    session = store.open(session_id)
    if html or pdf:
        from untuck.session.report_files import write_pages

        results = write_pages(store, session, html, pdf, output.note)
    elif session.summary is None:  # it did not end normally: the packets received are analysed now
        results = _analysed(session)
    else:
        results = with_damage(codec.from_json(Summary, session.summary), session)
    now, earlier = compared_sessions(store, session, results)
    output.print_summary(results, title_of(session), as_json, now=now, earlier=earlier, session=session.id)


def _analysed(session: StoredSession) -> Summary:
    from untuck.session.reanalysis import reanalyse
    from untuck.session.warmup import warm_up

    warm_up(output.note)
    return reanalyse(session).summary
