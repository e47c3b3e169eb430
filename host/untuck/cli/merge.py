"""`untuck merge WATCH.fit`: adds a session's developer fields to a copy of the watch's recording of the same run."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from untuck import limits
from untuck.cli import output
from untuck.cli.options import as_json
from untuck.errors import ReportError, reason
from untuck.store import Store, StoredSession, private


@click.command()
@click.argument("watch", metavar="WATCH.fit", type=click.Path(path_type=Path))
@click.option("--session", "session_id", type=click.IntRange(1), help="The session; by default the newest.")
@click.option(
    "-o",
    "--output",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; by default WATCH-untuck.fit.",
)
@click.option("--offset", "offset_s", type=float, help="Watch clock minus session clock in seconds, if you know it.")
@as_json
def merge(watch: Path, session_id: int | None, path: Path | None, offset_s: float | None, as_json: bool) -> None:
    """Add a session to the watch's own recording of the same run: tilt, pelvic lean, pullback, cues and more.

    The result is a new file; WATCH.fit, which may be packed with gzip or zip, is only read. The two are aligned by
    their clocks, by starts and stops and by the variation of cadence. If it is not sure that they are the same run,
    nothing is written.
    """
    path = path or watch.with_name(f"{watch.name.split('.fit')[0] if '.fit' in watch.name else watch.stem}-untuck.fit")
    data = _read(watch, path)
    session = Store().open(session_id)
    if offset_s is None:
        _check_dates(data, str(watch), session)  # before the session is analysed: that takes seconds
    from untuck.report.fit_merge import merge as merge_into
    from untuck.session.reanalysis import reanalyse, unix_zero_s
    from untuck.session.warmup import warm_up

    warm_up(output.note)
    found = reanalyse(session)
    merged = merge_into(data, str(watch), found.run, unix_zero_s(session, found), offset_s)
    try:
        private.create(path)
        path.write_bytes(merged.data)
    except OSError as error:
        raise ReportError(f"{path} cannot be written: {reason(error)}.") from error
    match = merged.match
    if as_json:
        result = {"file": str(path), "session": session.id, "records": merged.records, "filled": merged.filled}
        result |= {"part": merged.part, "parts": merged.parts, "notes": merged.notes}
        output.print_json("merge", result | dataclasses.asdict(match))
    else:
        for note in merged.notes:
            output.echo(note)
        output.echo(f"{path}: {merged.filled} of {merged.records} records carry session {session.id}; {match.text}")


def _check_dates(data: bytes, name: str, session: StoredSession) -> None:
    """Raise ReportError if no activity in the file is near the session's date."""
    from untuck.report.fit_merge import check_dates

    check_dates(data, name, session.started_unix_s, session.started_unix_s + session.duration_s)


def _read(watch: Path, path: Path) -> bytes:
    """The watch's recording. Raises ReportError if it cannot be read or would be overwritten."""
    try:
        data = limits.read_bytes(watch, limits.MOST_FIT_BYTES)
        if path.exists() and path.samefile(watch):
            raise ReportError(f"{watch} is the watch's own recording and is never changed: choose another output.")
    except limits.LimitError as error:
        raise ReportError(f"{watch} {error}") from error
    except OSError as error:
        raise ReportError(f"{watch} cannot be read: {reason(error)}.") from error
    return data
