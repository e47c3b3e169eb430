"""`untuck analyse FILE...`: samples of other sensors or programs through the same analysis, many files at once.

One file prints its summary; more than one, a line each. Reading lives in sources/files.py, the parallel map in
report/batch.py.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from untuck.cli import output
from untuck.errors import ReportError, SamplesError
from untuck.report.batch import BACKENDS

if TYPE_CHECKING:
    from untuck.report.batch import FileResult


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--column", "columns", multiple=True, metavar="OURS=THEIRS",
              help="What a table calls one of our columns, e.g. acc_x_m_s2=ax; once for each.")  # fmt: skip
@click.option("--rate", "rate_hz", type=click.FloatRange(0, min_open=True), help="Samples a second, without time.")
@click.option("-o", "--output", "folder", type=click.Path(file_okay=False, path_type=Path),
              help="Write runs, strides and findings of all files as Parquet to this folder.")  # fmt: skip
@click.option("--jobs", type=click.IntRange(-1), default=-1, help="Files at once; by default one a core.")
@click.option("--backend", type=click.Choice(BACKENDS), default="loky", show_default=True,
              help="Where files are analysed: processes, threads, a Dask or a Ray cluster.")  # fmt: skip
@click.option("--scheduler", metavar="ADDRESS", help="The cluster's address, e.g. tcp://host:8786.")
@output.as_json
def analyse(
    files: tuple[Path, ...], columns: tuple[str, ...], rate_hz: float | None, folder: Path | None, jobs: int,
    backend: str, scheduler: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Analyse recordings of other sensors: numpy archives (.npz), .csv or .parquet.

    An archive holds time_s (N,) or rate_hz, gyr_rad_s (N,3), acc_m_s2 (N,3) and perhaps quat (N,4), w x y z; a table
    one column each, as docs/data.md has them. As clipped on the back of the waistband: x right, y up, z backward.
    Begin with 5 s of standing and three hip hinges.
    """
    from untuck.report.batch import analyse_files, write_results
    from untuck.session.warmup import TEXT, is_cached
    from untuck.sources.files import column_map, read_samples

    read = partial(read_samples, columns=column_map(columns), rate_hz=rate_hz)
    if not is_cached():
        output.note(TEXT)
    results = []
    with click.progressbar(length=len(files), label="untuck: analysing", file=sys.stderr,
                           hidden=len(files) == 1) as bar:  # fmt: skip
        for result in analyse_files(files, read, jobs, backend, scheduler):
            results.append(result)
            bar.update(1)
    if folder is not None:
        try:
            for path in write_results(results, folder):
                output.note(f"wrote {path}")
        except OSError as error:
            raise ReportError(f"{folder} cannot be written ({error.strerror}).") from error
    _print(results, files, as_json)


def _print(results: list[FileResult], files: tuple[Path, ...], as_json: bool) -> None:
    """The summary of one file, or a line for each of several; raises what went wrong."""
    by_name = {result.file: result for result in results}
    failed = [result for result in results if result.summary is None]
    for path in files:
        result = by_name[str(path)]
        if result.summary is None:
            if len(files) > 1:
                output.note(result.error)
        elif len(files) == 1 or as_json:
            output.print_summary(result.summary, result.file, as_json, file=result.file)
        else:
            s = result.summary
            tilt = s.medians["tilt_deg"]
            told = "" if tilt is None else f", tilt {tilt:.1f} deg"
            click.echo(f"{result.file}: {s.clean_strides} of {s.strides} strides{told}, {len(s.findings)} findings")
    if len(failed) == 1 and len(files) == 1:
        raise SamplesError(failed[0].error)
    if failed:
        raise SamplesError(f"{len(failed)} of {len(files)} files could not be analysed.")
