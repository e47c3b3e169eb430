"""`untuck merge WATCH.fit`: the session's developer fields in a copy of the runner's own watch recording."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

from untuck.cli import output
from untuck.errors import ReportError
from untuck.store import Store


@click.command()
@click.argument("watch", metavar="WATCH.fit", type=click.Path(path_type=Path))
@click.option("--session", "session_id", type=click.IntRange(1), help="The session; by default the newest.")
@click.option("-o", "--output", "path", type=click.Path(dir_okay=False, path_type=Path),
              help="The file to write; by default WATCH-untuck.fit.")  # fmt: skip
@click.option("--offset", "offset_s", type=float, help="Watch clock less session clock in seconds, where you know it.")
@output.as_json
def merge(watch: Path, session_id: int | None, path: Path | None, offset_s: float | None, as_json: bool) -> None:
    """Add a session to the watch's own recording of the same run: tilt, lean, pullback, cues and more.

    The result is a new file; WATCH.fit is only read. The two are laid over each other by their clocks and then by
    cadence; where they do not match, nothing is written.
    """
    path = path or watch.with_name(f"{watch.stem}-untuck.fit")
    try:
        data = watch.read_bytes()
        if path.exists() and path.samefile(watch):
            raise ReportError(f"{watch} is the watch's own recording, it is never changed: choose another output.")
    except OSError as error:
        raise ReportError(f"{watch} cannot be read ({error.strerror}).") from error
    session = Store().open(session_id)
    from untuck.cli.export import unix_zero_s
    from untuck.report.fit_merge import merge as merge_into
    from untuck.session.reanalysis import reanalyse
    from untuck.session.warmup import warm_up

    warm_up(output.note)
    found = reanalyse(session)
    merged = merge_into(data, str(watch), found.run, unix_zero_s(session, found), offset_s)
    try:
        path.write_bytes(merged.data)
    except OSError as error:
        raise ReportError(f"{path} cannot be written ({error.strerror}).") from error
    match = merged.match
    if as_json:
        told = {"file": str(path), "session": session.id, "records": merged.records, "filled": merged.filled}
        click.echo(json.dumps(told | dataclasses.asdict(match)))
    else:
        click.echo(f"{path}: {merged.filled} of {merged.records} records carry session {session.id}; {match.text}")
