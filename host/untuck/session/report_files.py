"""Writes the pages of a stored session to files: analysed again and compared with earlier sessions.

The command line and the coach's window both use it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from untuck.errors import ReportError, reason
from untuck.report.summary import Summary
from untuck.session.earlier_sessions import compared_sessions, subtitle_of, title_of
from untuck.session.reanalysis import reanalyse
from untuck.store import Store, StoredSession, private
from untuck.store.paths import sessions_path

Note = Callable[[str], None]


def write_report(session_id: int, note: Note) -> Path:
    """Write a session's page into the data folder; returns its path. Raises ReportError if it cannot be written."""
    path = sessions_path().parent / "reports" / f"session-{session_id}.html"
    try:
        private.make_folder(path.parent)
    except OSError as error:
        raise ReportError(f"{path.parent} cannot be created: {reason(error)}.") from error
    store = Store()
    write_pages(store, store.open(session_id), path, None, note)
    return path


def write_pages(store: Store, session: StoredSession, html: Path | None, pdf: Path | None, note: Note) -> Summary:
    """Write each page that has a path; `note` receives a line for each. Returns the session's summary.

    Raises ReportError if a file cannot be written.
    """
    from untuck.report.html import to_html
    from untuck.report.page import Report
    from untuck.report.pdf import write_pdf
    from untuck.session.warmup import warm_up

    warm_up(note)
    found = reanalyse(session)
    now, earlier = compared_sessions(store, session, found.summary)
    report = Report(
        title=title_of(session),
        subtitle=subtitle_of(session),
        run=found.run,
        summary=found.summary,
        now=now,
        earlier=earlier,
        own_baseline=found.own_baseline,
        late_ms=found.late_ms,
    )
    try:
        for path in filter(None, (html, pdf)):
            private.create(path)
        if html is not None:
            html.write_text(to_html(report), "utf-8")
            note(f"wrote {html}")
        if pdf is not None:
            write_pdf(report, pdf)
            note(f"wrote {pdf}")
    except OSError as error:
        raise ReportError(f"{error.filename or html or pdf} cannot be written: {reason(error)}.") from error
    return found.summary
