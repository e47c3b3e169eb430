"""A run as tables in CSV or Parquet, and its samples as a numpy archive that `untuck analyse` reads.

The columns are those of dictionary.py, in that order; Parquet stores unit and meaning with each column. Unknown values
are empty in CSV and null in Parquet.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from untuck.report.dictionary import TABLES, Column
from untuck.report.summary import Summary
from untuck.run_results import Run, trunk_columns
from untuck.samples import Samples

if TYPE_CHECKING:
    import pyarrow

Columns = dict[str, NDArray[Any]]
_KINDS: dict[str, Any] = {"number": float, "whole": np.int64, "text": object, "yes/no": bool}


def table(name: str, run: Run, samples: Samples, summary: Summary) -> Columns:
    """One table of TABLES as arrays by column. samples: those of the run."""
    makers = {
        "strides": _strides,
        "samples": _samples,
        "trunk": _trunk,
        "findings": _findings,
        "cues": _cues,
        "standings": _standings,
    }
    found = makers[name](run, samples, summary)
    return {column.name: found[column.name] for column in TABLES[name]}


def write_table(name: str, columns: Columns, path: Path) -> None:
    """Write a table as CSV or Parquet, by the file's suffix. Raises OSError if the file cannot be written."""
    import pyarrow.csv
    import pyarrow.parquet

    made = as_arrow(TABLES[name], columns)
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(made, path, compression="zstd")
    else:
        pyarrow.csv.write_csv(made, path, pyarrow.csv.WriteOptions(quoting_style="needed"))


def as_arrow(described: tuple[Column, ...], columns: Columns) -> pyarrow.Table:
    """Columns as an Arrow table with unit and meaning in each field's metadata; NaN becomes null."""
    import pyarrow as pa

    kinds = {"number": pa.float64(), "whole": pa.int64(), "text": pa.string(), "yes/no": pa.bool_()}
    arrays, fields = [], []
    for column in described:
        values = columns[column.name]
        unknown = np.isnan(values) if column.kind == "number" else None
        values = values.tolist() if column.kind == "text" else values
        arrays.append(pa.array(values, type=kinds[column.kind], mask=unknown))
        fields.append(
            pa.field(column.name, kinds[column.kind], metadata={"unit": column.unit, "meaning": column.meaning})
        )
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def write_npz(samples: Samples, path: Path) -> None:
    """Write samples in a form that `untuck analyse` reads. Raises OSError if the file cannot be written."""
    arrays = {"time_s": samples.time_s, "gyr_rad_s": samples.gyr_rad_s, "acc_m_s2": samples.acc_m_s2}
    if samples.quat is not None:
        arrays["quat"] = samples.quat
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # the stubs take a keyword for allow_pickle


def _strides(run: Run, samples: Samples, summary: Summary) -> Columns:
    return {name: run.strides[name] for name in run.strides.dtype.names or ()}


def _samples(run: Run, samples: Samples, summary: Summary) -> Columns:
    chip = np.zeros((len(samples), 4)) if samples.quat is None else samples.quat
    found: Columns = {"time_s": samples.time_s}
    for k, axis in enumerate("xyz"):
        found[f"gyr_{axis}_rad_s"], found[f"acc_{axis}_m_s2"] = samples.gyr_rad_s[:, k], samples.acc_m_s2[:, k]
    for k, part in enumerate("wxyz"):
        found[f"chip_{part}"], found[f"quat_{part}"] = chip[:, k], run.quat[:, k]
    return found | {name: getattr(run, name) for name in ("tilt_deg", "obliquity_deg", "rotation_deg")}


def _trunk(run: Run, samples: Samples, summary: Summary) -> Columns:
    return trunk_columns(run.trunk)


def _findings(run: Run, samples: Samples, summary: Summary) -> Columns:
    return _of(TABLES["findings"], run.findings)


def _cues(run: Run, samples: Samples, summary: Summary) -> Columns:
    return _of(TABLES["cues"], summary.cue_log)


def _standings(run: Run, samples: Samples, summary: Summary) -> Columns:
    return _of(TABLES["standings"], run.standings)


def _of(described: tuple[Column, ...], values: tuple[Any, ...]) -> Columns:
    """Fields of dataclasses as columns."""
    return {c.name: as_array(c, [getattr(value, c.name) for value in values]) for c in described}


def as_array(column: Column, values: list[Any]) -> NDArray[Any]:
    """Values of one column as an array of its kind; None becomes NaN."""
    return np.array([np.nan if value is None else value for value in values], _KINDS[column.kind])
