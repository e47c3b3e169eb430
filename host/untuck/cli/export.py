"""`untuck export`: a session as tables (CSV, Parquet), as samples (NPZ) or as a FIT activity.

The session is analysed again from its raw packets. What the columns mean is in docs/data.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from untuck.cli import output
from untuck.cli.summary import session_argument
from untuck.errors import ReportError
from untuck.report.dictionary import TABLES
from untuck.store import Store, StoredSession

if TYPE_CHECKING:
    from untuck.session.reanalysis import Reanalysis

FORMATS = ("csv", "parquet", "npz", "fit")


@click.command()
@session_argument
@click.option("--format", "kind", type=click.Choice(FORMATS), default="csv", show_default=True,
              help="Tables (csv, parquet), samples for `untuck analyse` (npz), or an activity (fit).")  # fmt: skip
@click.option("--table", "tables", type=click.Choice(tuple(TABLES)), multiple=True, default=tuple(TABLES),
              help="Which tables; by default all.")  # fmt: skip
@click.option("-o", "--output", "folder", type=click.Path(file_okay=False, path_type=Path), default=Path("."),
              help="The folder to write to; by default this one.")  # fmt: skip
def export(session_id: int | None, kind: str, tables: tuple[str, ...], folder: Path) -> None:
    """Write a session to files that other programs read; by default the newest session.

    Files are called session-N-strides.csv and so on, or session-N.npz and session-N.fit.
    """
    session = Store().open(session_id)
    from untuck.session.reanalysis import reanalyse
    from untuck.session.warmup import warm_up

    warm_up(output.note)
    found = reanalyse(session)
    stem = folder / f"session-{session.id}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in _write(session, found, kind, tables, stem):
            click.echo(str(path))
    except OSError as error:
        raise ReportError(f"{error.filename or folder} cannot be written ({error.strerror}).") from error


def _write(session: StoredSession, found: Reanalysis, kind: str, tables: tuple[str, ...], stem: Path) -> list[Path]:
    from untuck.report.tables import table, write_npz, write_table

    if kind in ("npz", "fit"):
        path = stem.with_name(f"{stem.name}.{kind}")
        if kind == "npz":
            write_npz(found.samples, path)
        else:
            from untuck.report.fit_activity import to_fit

            path.write_bytes(to_fit(found.run, found.summary, unix_zero_s(session, found)))
        return [path]
    paths = []
    for name in dict.fromkeys(tables):
        path = stem.with_name(f"{stem.name}-{name}.{kind}")
        write_table(name, table(name, found.run, found.samples, found.summary), path)
        paths.append(path)
    return paths


def unix_zero_s(session: StoredSession, found: Reanalysis) -> float:
    """Unix time of the session's sensor time 0: recording begins with the first sample, give or take a second."""
    first_s = float(found.samples.time_s[0]) if len(found.samples) else 0.0
    return session.started_unix_s - first_s
