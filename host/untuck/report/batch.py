"""Analyses many recordings in parallel with joblib, one task for each file, and gathers the results as tables.

A task takes a path and returns small arrays, so that it runs in another process or on a cluster that joblib supports;
the workers must be able to read the files. An unreadable file becomes an error in its row and does not stop the others.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from untuck.errors import ReportError, UntuckError
from untuck.model import judged
from untuck.report.dictionary import FINDINGS, STRIDES, Column
from untuck.report.summary import MEDIANS, Signal, Summary, summarise, unheard
from untuck.report.tables import Columns, as_array, as_arrow, table
from untuck.samples import Samples
from untuck.vocabulary import Sides

_log = logging.getLogger(__name__)
Read = Callable[[Path], Samples]
BACKENDS = ("loky", "threading", "dask", "ray")
_FILE = Column("file", "text", "", "the recording")
_UNITS = {column.name: column for column in STRIDES}
_UNKNOWN: dict[str, Any] = {"number": np.nan, "whole": 0, "text": ""}
RUNS = (
    _FILE,
    Column("error", "text", "", "why it could not be analysed, empty if it could"),
    Column("source", "text", "", "what was understood of the file: units, rate, format"),
    Column("trunk_file", "text", "", "the recording of the upper back, empty without one"),
    Column("trunk_source", "text", "", "what was understood of it"),
    Column("strides", "whole", "", "strides found"),
    Column("clean_strides", "whole", "", "clean strides"),
    Column("running_s", "number", "s", "time in strides"),
    Column("in_form_pct", "number", "%", "clean strides without a finding"),
    Column("judged", "whole", "", "strides that were compared with the runner's baseline"),
    Column("calibration", "text", "", "how the mount was found: stand+hinges, stand, or nominal (assumed)"),
    Column("sides", "text", "", "what shows left and right: hinges or running; empty if nothing does"),
    Column("warnings", "text", "", "what is wrong with the recording and what to do, one a line"),
    *(
        Column(name, "number", _UNITS[name].unit, f"median of clean strides: {_UNITS[name].meaning}")
        for name in MEDIANS
    ),
)


@dataclass(frozen=True)
class TrunkFile:
    """Where the recording of the second sensor is, on the upper back, on the same clock; path: None: in the same file.

    read: reads its samples; it is pickled, as for the pelvis.
    """

    read: Read
    path: Path | None = None


@dataclass(frozen=True, eq=False)
class FileResult:
    """The result for one file: summary and tables, or the error; judged: strides; sides: of vocabulary.Sides."""

    file: str
    error: str
    summary: Summary | None
    strides: Columns
    findings: Columns
    judged: int = 0
    sides: str = ""
    source: str = ""  # what was understood of the file: units, rate, format
    trunk_file: str = ""
    trunk_source: str = ""


def analyse_file(path: Path, read: Read, trunk: TrunkFile | None = None) -> FileResult:
    """Analyse one file; whatever goes wrong with it becomes its error, so that the others are analysed."""
    from untuck.motion.analyse import analyse

    try:
        samples = read(path)
        second = None if trunk is None else trunk.read(trunk.path or path)
        run = analyse(samples, trunk=second)
    except UntuckError as error:
        return FileResult(str(path), " ".join(str(error).split()), None, {}, {})
    except (ArithmeticError, LookupError, MemoryError, TypeError, ValueError) as error:
        _log.exception("analysis of %s", path)
        text = f"{path} could not be analysed ({type(error).__name__}): please report it, with --log untuck.log."
        return FileResult(str(path), text, None, {}, {})
    summary = unheard(summarise(run, _signal(samples), None if second is None else _signal(second)))
    strides, findings = (table(name, run, samples, summary) for name in ("strides", "findings"))
    if run.sides == Sides.UNKNOWN:
        summary = replace(summary, medians=_without_sides(summary.medians), spreads=_without_sides(summary.spreads))
        strides |= {name: np.full(len(values), np.nan) for name, values in strides.items() if _is_sided(name)}
    count = int(judged(run.strides).sum())
    facts = {"sides": run.sides, "source": getattr(samples, "source", "")}
    if trunk is not None:
        facts |= {"trunk_file": str(trunk.path or path), "trunk_source": getattr(second, "source", "")}
    return FileResult(str(path), "", summary, strides, findings, judged=count, **facts)


def _signal(samples: Samples) -> Signal:
    return Signal(duration_s=float(samples.time_s[-1] - samples.time_s[0]), samples=len(samples))


def _is_sided(name: str) -> bool:
    """Whether a column of strides is of one side, or compares them; a standard error is not."""
    return "left" in name or "right" in name or name.startswith("travel")


def _without_sides(values: dict[str, float | None]) -> dict[str, float | None]:
    return {name: None if _is_sided(name) else value for name, value in values.items()}


def analyse_files(
    paths: Sequence[Path],
    read: Read,
    jobs: int = -1,
    backend: str = "loky",
    scheduler: str | None = None,
    trunk: TrunkFile | None = None,
) -> Iterator[FileResult]:
    """Analyse files in parallel; yields results as they finish. jobs: number in parallel, -1 for one a core.

    backend: of BACKENDS; scheduler: address of a Dask or Ray cluster; trunk: the second sensor of each file. Raises
    ReportError if the backend is not available.
    """
    if len(paths) == 1 or jobs == 1:
        yield from (analyse_file(path, read, trunk) for path in paths)
        return
    import joblib

    closing = _connect(backend, scheduler)
    try:
        with joblib.parallel_config(backend=backend, n_jobs=min(jobs, len(paths))):
            tasks = (joblib.delayed(analyse_file)(path, read, trunk) for path in paths)
            yield from joblib.Parallel(return_as="generator_unordered")(tasks)
    finally:
        closing()


def _connect(backend: str, scheduler: str | None) -> Callable[[], object]:
    """Connect joblib to the cluster; returns the function that disconnects."""
    try:
        if backend == "dask":
            from distributed import Client

            client: Any = Client  # has no types
            return client(scheduler or os.environ.get("DASK_SCHEDULER_ADDRESS"), timeout="10s").close  # type: ignore[no-any-return]
        if backend == "ray":
            import ray
            from ray.util.joblib import register_ray

            register_ray()
            ray.init(address=scheduler, ignore_reinit_error=True)
            return ray.shutdown  # type: ignore[no-any-return]
    except ImportError as error:
        raise ReportError(f"the {backend} backend is not installed ({error.name}): pip install {backend}.") from error
    except (OSError, ConnectionError) as error:
        raise ReportError(f"no {backend} cluster at {scheduler}: {error}.") from error
    return lambda: None


def write_results(results: Sequence[FileResult], folder: Path) -> list[Path]:
    """Write runs.parquet, strides.parquet and findings.parquet, ordered by file name. Raises OSError."""
    import pyarrow as pa
    import pyarrow.parquet

    folder.mkdir(parents=True, exist_ok=True)
    ordered = sorted(results, key=lambda result: result.file)
    good = [result for result in ordered if result.summary is not None]
    made = {"runs": as_arrow(RUNS, _runs(ordered))}
    for name, described in (("strides", STRIDES), ("findings", FINDINGS)):
        parts = [as_arrow((_FILE, *described), _with_file(result, getattr(result, name))) for result in good]
        empty: Any = {column.name: np.empty(0) for column in (_FILE, *described)}
        made[name] = pa.concat_tables(parts) if parts else as_arrow((_FILE, *described), empty)
    paths = []
    for name, rows in made.items():
        paths.append(folder / f"{name}.parquet")
        pyarrow.parquet.write_table(rows, paths[-1], compression="zstd")
    return paths


def _with_file(result: FileResult, columns: Columns) -> Columns:
    count = len(next(iter(columns.values())))
    return {"file": np.full(count, result.file, object)} | columns


def _runs(results: Sequence[FileResult]) -> Columns:
    rows = [_run_row(result) for result in results]
    return {column.name: as_array(column, [row[column.name] for row in rows]) for column in RUNS}


def _run_row(result: FileResult) -> dict[str, Any]:
    s = result.summary
    if s is None:
        unknown = {column.name: _UNKNOWN[column.kind] for column in RUNS}
        return unknown | {"file": result.file, "error": result.error}
    found = {"running_s": s.running_s, "in_form_pct": s.in_form_pct} | s.medians
    numbers = {name: np.nan if value is None else value for name, value in found.items()}
    found_by = {"calibration": s.calibration, "sides": result.sides, "warnings": "\n".join(s.warnings)}
    counts = {"strides": s.strides, "clean_strides": s.clean_strides, "judged": result.judged}
    understood = {name: getattr(result, name) for name in ("file", "source", "trunk_file", "trunk_source")}
    return {"error": "", **understood, **counts, **found_by, **numbers}
