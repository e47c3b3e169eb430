"""`untuck export`: a session as tables (CSV, Parquet), as samples (NPZ) or as a FIT activity.

The session is analysed again from its raw packets. The columns are explained in docs/data.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from untuck.cli import output
from untuck.cli.options import session_argument
from untuck.errors import ReportError, reason
from untuck.report.dictionary import TABLES
from untuck.store import Store, StoredSession, private

if TYPE_CHECKING:
    from untuck.session.reanalysis import Reanalysis

FORMATS = ("csv", "parquet", "npz", "fit")


@dataclass(frozen=True)
class _Files:
    """The files to write: their format, the tables of csv and parquet, and the path without suffix."""

    format: str
    tables: tuple[str, ...]
    stem: Path


@click.command()
@session_argument
@click.option(
    "--format",
    "file_format",
    type=click.Choice(FORMATS),
    default="csv",
    show_default=True,
    help="Tables (csv, parquet), samples for `untuck analyse` (npz), or an activity (fit).",
)
@click.option(
    "--table",
    "tables",
    type=click.Choice(tuple(TABLES)),
    multiple=True,
    help="Which tables; by default all; trunk only of sessions with a second clip.",
)
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("."),
    help="The folder to write to; by default the current one.",
)
def export(session_id: int | None, file_format: str, tables: tuple[str, ...], folder: Path) -> None:
    """Write a session to files that other programs read; by default the newest session.

    Files are called session-N-strides.csv and so on, or session-N.npz and session-N.fit; session-N-trunk.npz has the
    samples of a second clip, on the same clock.
    """
    session = Store().open(session_id)
    from untuck.session.reanalysis import reanalyse
    from untuck.session.warmup import warm_up

    warm_up(output.note)
    found = reanalyse(session)
    if words := session.damage_words():
        output.note(words)
    if "trunk" in tables and found.run.trunk is None:
        raise ReportError(f"session {session.id} has no table trunk: no second clip, on the upper back, took part.")
    files = _Files(file_format, tuple(dict.fromkeys(tables or TABLES)), folder / f"session-{session.id}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in _write(session, found, files):
            output.echo(str(path))
    except OSError as error:
        raise ReportError(f"{error.filename or folder} cannot be written: {reason(error)}.") from error


def _write(session: StoredSession, found: Reanalysis, files: _Files) -> list[Path]:
    if files.format in ("csv", "parquet"):
        names = [name for name in files.tables if name != "trunk" or found.run.trunk is not None]
        return [_write_table(name, found, files) for name in names]
    path = files.stem.with_name(f"{files.stem.name}.{files.format}")
    if files.format == "npz":
        return _write_samples(found, path)
    from untuck.report.fit_activity import to_fit
    from untuck.session.reanalysis import unix_zero_s

    private.create(path)
    path.write_bytes(to_fit(found.run, found.summary, unix_zero_s(session, found)))
    return [path]


def _write_samples(found: Reanalysis, path: Path) -> list[Path]:
    """One file for each clip, as `untuck analyse FILE --trunk FILE` reads them."""
    from untuck.report.tables import write_npz

    paths = {path: found.samples}
    if found.trunk is not None and len(found.trunk):
        paths[path.with_name(f"{path.stem}-trunk{path.suffix}")] = found.trunk
    for each, samples in paths.items():
        private.create(each)
        write_npz(samples, each)
    return list(paths)


def _write_table(name: str, found: Reanalysis, files: _Files) -> Path:
    from untuck.report.tables import table, write_table

    path = files.stem.with_name(f"{files.stem.name}-{name}.{files.format}")
    private.create(path)
    write_table(name, table(name, found.run, found.samples, found.summary), path)
    return path
