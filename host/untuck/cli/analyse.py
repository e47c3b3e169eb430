"""`untuck analyse FILE...`: the same analysis for recordings of other sensors or programs, many files at once.

For one file it prints the summary, for several one line each.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from untuck.cli import output
from untuck.cli.options import as_json
from untuck.errors import ReportError, SamplesError, reason
from untuck.report.batch import BACKENDS
from untuck.vocabulary import Role

if TYPE_CHECKING:
    from untuck.report.batch import FileResult
    from untuck.report.summary import Summary
    from untuck.sources.files import Options


@dataclass(frozen=True)
class _Batch:
    """How files are analysed: how many at once, on which backend, and the address of its cluster.

    second: what is said of a second sensor, None without one; trunk: its file, None if it is in the same one.
    """

    jobs: int
    backend: str
    scheduler: str | None
    second: Options | None = None
    trunk: Path | None = None


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="OURS=THEIRS",
    help="The table's name for one of our columns, e.g. acc_x_m_s2=ax; once for each. As --rate, --format, --units and "
    "--axes it is for all files, that of --trunk too.",
)
@click.option(
    "--rate",
    "rate_hz",
    type=click.FloatRange(0, min_open=True),
    help="Samples a second, for files without time or instead of their time.",
)
@click.option(
    "--format",
    "form",
    metavar="NAME",
    default="",
    help="The files' format where it is not recognised, e.g. dot; docs/data.md lists them.",
)
@click.option("--units", metavar="UNITS", default="", help="Units of the file, e.g. acc=g,gyr=deg/s,time=ms.")
@click.option(
    "--axes",
    multiple=True,
    metavar="AXES",
    help='Our x, y and z in the file\'s axes, e.g. "-x,y,-z"; "acc:..." and "gyr:..." for one sensor only.',
)
@click.option(
    "--trunk",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The recording of a second sensor, on the upper back, on the same clock; with one FILE.",
)
@click.option("--sensor", metavar="NAME", default="", help="The sensor at the pelvis, of several in FILE.")
@click.option(
    "--trunk-sensor",
    metavar="NAME",
    default="",
    help="The sensor on the upper back, of several in the file of --trunk; without --trunk it is in FILE itself.",
)
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write runs, strides and findings of all files as Parquet to this folder.",
)
@click.option("--jobs", type=click.IntRange(-1), default=-1, help="Files at once; by default one for each core.")
@click.option(
    "--backend",
    type=click.Choice(BACKENDS),
    default="loky",
    show_default=True,
    help="Where files are analysed: processes, threads, a Dask or a Ray cluster.",
)
@click.option("--scheduler", metavar="ADDRESS", help="The cluster's address, e.g. tcp://host:8786.")
@as_json
def analyse(
    files: tuple[Path, ...],
    columns: tuple[str, ...],
    rate_hz: float | None,
    form: str,
    units: str,
    axes: tuple[str, ...],
    trunk: Path | None,
    sensor: str,
    trunk_sensor: str,
    folder: Path | None,
    jobs: int,
    backend: str,
    scheduler: str | None,
    as_json: bool,
) -> None:
    """Analyse recordings of other sensors, as their apps export them: Movella DOT and MTw, Shimmer, Delsys, Axivity,
    APDM, phyphox, Sensor Logger and other loggers of phones; CSV, Parquet, NPZ, HDF5, MAT, C3D and XDF.

    Columns, units and axes are recognised, and what was understood is printed. Axes as clipped on the back of the
    waistband: x right, y up, z backward. Begin with 5 s of standing and three hip hinges. See docs/data.md.
    """
    from untuck.sources.files import Options, axes_of, column_map, format_key, unit_map

    options = Options(column_map(columns), rate_hz, format_key(form), unit_map(units), axes_of(axes), sensor=sensor)
    if trunk is not None and len(files) > 1:
        raise click.UsageError("--trunk is for one FILE.")
    second = replace(options, sensor=trunk_sensor, role=Role.TRUNK) if trunk or trunk_sensor else None
    results = _analysed(files, options, _Batch(jobs, backend, scheduler, second, trunk))
    if folder is not None:
        _write(results, folder)
    _print(results, files, as_json)


def _analysed(files: tuple[Path, ...], options: Options, batch: _Batch) -> list[FileResult]:
    from untuck.report.batch import TrunkFile, analyse_files
    from untuck.session.warmup import COMPILING, is_cached
    from untuck.sources.files import read_samples

    read = partial(read_samples, options=options)
    trunk = None if batch.second is None else TrunkFile(partial(read_samples, options=batch.second), batch.trunk)
    if not is_cached():
        output.note(COMPILING)
    results = []
    hidden = len(files) == 1
    with click.progressbar(length=len(files), label="untuck: analysing", file=sys.stderr, hidden=hidden) as bar:
        for result in analyse_files(files, read, batch.jobs, batch.backend, batch.scheduler, trunk=trunk):
            results.append(result)
            bar.update(1)
    return results


def _write(results: list[FileResult], folder: Path) -> None:
    from untuck.report.batch import write_results

    try:
        for path in write_results(results, folder):
            output.note(f"wrote {path}")
    except OSError as error:
        raise ReportError(f"{folder} cannot be written: {reason(error)}.") from error


def _print(results: list[FileResult], files: tuple[Path, ...], as_json: bool) -> None:
    """Print the summary of one file, or a line for each of several. Raises SamplesError if any failed."""
    by_name = {result.file: result for result in results}
    failed = [result for result in results if result.summary is None]
    for path in files:
        result = by_name[str(path)]
        if result.summary is None:
            if len(files) > 1:
                output.note(result.error)
            continue
        output.note(f"{result.file}: {result.source}")
        if result.trunk_file:
            output.note(f"{result.trunk_file}: {result.trunk_source}")
        if len(files) == 1 or as_json:
            output.print_summary(result.summary, result.file, as_json, **_understood(result))
        else:
            output.echo(f"{result.file}: {_in_a_line(result.summary)}")
    if len(failed) == 1 and len(files) == 1:
        raise SamplesError(failed[0].error)
    if failed:
        raise SamplesError(f"{len(failed)} of {len(files)} files could not be analysed.")


def _understood(result: FileResult) -> dict[str, Any]:
    """The files of a result and what was understood of them, as fields of its JSON."""
    names = ("file", "source", "trunk_file", "trunk_source") if result.trunk_file else ("file", "source")
    return {name: getattr(result, name) for name in names}


def _in_a_line(summary: Summary) -> str:
    """What a batch says of a file: findings, or why there can be none."""
    from untuck.report.numbers import number
    from untuck.report.summary import why_not_judged

    unjudged = why_not_judged(summary)
    if unjudged:
        return f"not judged: {unjudged}"
    judged = summary.reliability.judged if summary.reliability is not None else 0
    tilt = number(summary.medians["tilt_deg"], 1, "deg")
    return f"{judged} of {summary.strides} strides judged, tilt {tilt}, {len(summary.findings)} findings"
