"""Tables of a run as columns, and from there as a pyarrow table or a data frame of pandas or polars.

Only `Run.to_arrow` and `Run.to_frame` use it. Tables with units for other programs are written by report/tables.py.
"""

from __future__ import annotations

import typing
from dataclasses import fields
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from untuck.errors import MissingExtraError, UntuckError
from untuck.extras import extra_for
from untuck.model import Cue, Finding, SuppressedCue
from untuck.run_results import Run, trunk_columns

if TYPE_CHECKING:
    import pyarrow

LIBRARIES = ("pandas", "polars")
TABLES = ("strides", "contacts", "findings", "cues", "suppressed_cues", "traces", "trunk")
_ROWS: dict[str, Any] = {"findings": Finding, "cues": Cue, "suppressed_cues": SuppressedCue}
_KINDS: tuple[tuple[type, Any], ...] = ((str, object), (bool, np.bool_), (int, np.int64), (float, np.float64))

Columns = dict[str, NDArray[Any]]


def columns_of(run: Run, table: str) -> Columns:
    """One of TABLES as arrays by column; text as objects, what is not known as NaN."""
    if table not in TABLES:
        raise UntuckError(f"{table!r} is no table of a run: use one of {', '.join(TABLES)}.")
    if table == "traces":
        quat = {f"quat_{part}": run.quat[:, k] for k, part in enumerate("wxyz")}
        angles = {name: getattr(run, name) for name in ("tilt_deg", "obliquity_deg", "rotation_deg")}
        return {"time_s": run.time_s} | quat | angles
    if table == "trunk":
        return trunk_columns(run.trunk)
    if table in _ROWS:
        return _from_dataclasses(_ROWS[table], getattr(run, table))
    rows = getattr(run, table)
    return {name: _plain(rows[name]) for name in rows.dtype.names}


def to_arrow(run: Run, table: str) -> pyarrow.Table:
    """One of TABLES as a pyarrow table; NaN becomes null."""
    with extra_for("to_arrow"):
        import pyarrow as pa

    columns = columns_of(run, table)
    kinds = {name: pa.string() if values.dtype == object else None for name, values in columns.items()}
    return pa.table({name: pa.array(v, type=kinds[name], from_pandas=True) for name, v in columns.items()})


def to_frame(run: Run, table: str, library: str | None) -> Any:
    """One of TABLES as a data frame of `library`; None: of the first of LIBRARIES that is installed."""
    if library not in (None, *LIBRARIES):
        raise UntuckError(f"library is {library!r}: use one of {', '.join(LIBRARIES)}.")
    columns = columns_of(run, table)
    name = library or next((each for each in LIBRARIES if find_spec(each)), LIBRARIES[0])
    try:
        frames: Any = import_module(name)
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"to_frame needs {name}: pip install {name}, or use to_arrow", name=name) from error
    if name == "pandas":
        return frames.DataFrame(columns)
    texts = {name: frames.String for name, values in columns.items() if values.dtype == object}
    return frames.DataFrame(columns, schema_overrides=texts, nan_to_null=True)


def _from_dataclasses(kind: type, rows: tuple[Any, ...]) -> Columns:
    """Fields of dataclasses that are numbers or texts, as columns; typed by annotation, so that no rows will do."""
    hints = typing.get_type_hints(kind)
    found = {}
    for name in (field.name for field in fields(kind)):
        hint = hints[name]
        dtype = next((dtype for base, dtype in _KINDS if isinstance(hint, type) and issubclass(hint, base)), None)
        if dtype is not None:
            values = [getattr(row, name) for row in rows]
            found[name] = np.array([str(v) for v in values] if dtype is object else values, dtype)
    return found


def _plain(values: NDArray[Any]) -> NDArray[Any]:
    return values.astype(object) if values.dtype.kind == "U" else values
