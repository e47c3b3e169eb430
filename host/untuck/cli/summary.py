"""`untuck summary`: what a session came to, in the terminal, as a page or on paper.

The terminal page is made from what was kept when the session ended; pages with figures analyse it again.
"""

from __future__ import annotations

from pathlib import Path

import click

from untuck.cli import output
from untuck.cli.past import beside, subtitle_of, title_of
from untuck.errors import ReportError
from untuck.report.summary import Summary
from untuck.store import Store, StoredSession, codec
from untuck.store.folder import sessions_path

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
        kept = _write(store, session, html, pdf)
    elif session.summary is None:  # cut off before its end: what came is analysed now
        kept = _analysed(session)
    else:
        kept = codec.from_json(Summary, session.summary)
    now, earlier = beside(store, session, kept)
    output.print_summary(kept, title_of(session), as_json, now=now, earlier=earlier, session=session.id)


def _analysed(session: StoredSession) -> Summary:
    from untuck.cli.again import analyse_again
    from untuck.cli.warmup import warm_up

    warm_up(output.note)
    return analyse_again(session).summary


def write_report(session_id: int) -> Path:
    """Write a session's page into the data folder; its path. Raises ReportError where it cannot be written."""
    path = sessions_path().parent / "reports" / f"session-{session_id}.html"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReportError(f"{path.parent} cannot be made ({error.strerror}).") from error
    store = Store()
    _write(store, store.open(session_id), path, None)
    return path


def _write(store: Store, session: StoredSession, html: Path | None, pdf: Path | None) -> Summary:
    """Write the pages that are asked for. Raises ReportError where a file cannot be written."""
    from untuck.cli.again import analyse_again
    from untuck.cli.warmup import warm_up
    from untuck.report.html import to_html
    from untuck.report.page import Report
    from untuck.report.pdf import write_pdf

    warm_up(output.note)
    found = analyse_again(session)
    now, earlier = beside(store, session, found.summary)
    settings = session.settings()
    report = Report(title_of(session), subtitle_of(session), found.run, found.summary, settings.params, now, earlier,
                    settings.baseline is None, found.late_ms)  # fmt: skip
    try:
        if html is not None:
            html.write_text(to_html(report), "utf-8")
            output.note(f"wrote {html}")
        if pdf is not None:
            write_pdf(report, pdf)
            output.note(f"wrote {pdf}")
    except OSError as error:
        raise ReportError(f"{error.filename or html or pdf} cannot be written ({error.strerror}).") from error
    return found.summary
