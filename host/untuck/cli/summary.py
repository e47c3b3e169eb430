"""`untuck summary`: what a session came to, in the terminal, as a page or on paper.

The terminal page is made from what was kept when the session ended; pages with figures analyse it again.
"""

from __future__ import annotations

from pathlib import Path

import click

from untuck.cli import output
from untuck.report.summary import Summary
from untuck.session.earlier_sessions import beside, title_of
from untuck.store import Store, StoredSession, codec

session_argument = click.argument("session_id", metavar="[SESSION]", type=click.IntRange(1), required=False)
_path = click.Path(dir_okay=False, path_type=Path)


@click.command()
@session_argument
@click.option("--html", "html", type=_path, help="Write a page for the browser: one file, no script, prints well.")
@click.option("--pdf", "pdf", type=_path, help="Write the same figures as pages of A4.")
@output.as_json
def summary(session_id: int | None, html: Path | None, pdf: Path | None, as_json: bool) -> None:
    """What a session came to; by default the newest.

    How was my pelvis, when did it go wrong, did the cues help, am I better than the week before.
    """
    store = Store()
    session = store.open(session_id)
    if html or pdf:
        from untuck.session.report_files import write_pages

        kept = write_pages(store, session, html, pdf, output.note)
    elif session.summary is None:  # cut off before its end: what came is analysed now
        kept = _analysed(session)
    else:
        kept = codec.from_json(Summary, session.summary)
    now, earlier = beside(store, session, kept)
    output.print_summary(kept, title_of(session), as_json, now=now, earlier=earlier, session=session.id)


def _analysed(session: StoredSession) -> Summary:
    from untuck.session.reanalysis import reanalyse
    from untuck.session.warmup import warm_up

    warm_up(output.note)
    return reanalyse(session).summary
