"""Reads tables in text (CSV, TXT and their like) of any layout that sniff.py recognises."""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np

from untuck.errors import SamplesError
from untuck.sources.files.sniff import EMPTY, Layout, decode, is_whole, sniff
from untuck.sources.files.table import Column, Table

_RATE = re.compile(r"(?:rate|frequency)[^\d\n]{0,20}([\d.]+)\s*hz", re.IGNORECASE)
_OWN_TIME = re.compile(r"time series|^x(?: \d+)?$|^x ?\[s\]", re.IGNORECASE)
_NULLS = sorted({form for word in EMPTY for form in (word, word.upper(), word.capitalize(), "NaN")})


def read_text(data: bytes, part: str = "") -> Table:
    """The table in these bytes. Raises SamplesError if there is none."""
    import pyarrow.csv  # first, so that a missing extra is named whatever the file is

    text = decode(data)
    lines = text.splitlines()
    if not any(line.strip() for line in lines):
        raise SamplesError("it is empty")
    layout = sniff(lines)
    if text[-1] not in "\r\n" and len(lines) > layout.start + 1 and not is_whole(lines[-1], layout):
        lines.pop()
    arrays = _parse(pyarrow.csv, lines[layout.start :], layout)
    columns: list[Column] = []
    for index, values in enumerate(arrays):
        if values.dtype.kind in "f" and np.isnan(values).all() and not layout.names[index].strip():
            continue
        column = Column(layout.names[index], values, layout.units[index], part, layout.sensors[index])
        if index and columns and _OWN_TIME.search(columns[-1].name) and not _OWN_TIME.search(column.name):
            column.time = columns[-1]
        if not layout.raw[index]:
            columns.append(column)
    named = [column for column in columns if not (column.name.startswith("column ") and _is_blank(column))]
    rate = _RATE.search(layout.preamble)
    return Table(named, layout.preamble, layout.header, float(rate[1]) if rate else None)


def _is_blank(column: Column) -> bool:
    return column.values.dtype.kind == "f" and bool(np.isnan(column.values).all())


def _parse(arrow: Any, lines: list[str], layout: Layout) -> list[np.ndarray]:
    width = len(layout.names)
    separator = layout.separator
    if separator == " ":
        separator, lines = "\t", ["\t".join(line.split()) for line in lines]
    lines = [line for line in lines if line.strip()]
    usual = lines[0].count(separator)
    while len(lines) > 1 and lines[-1].count(separator) < usual:
        lines.pop()  # cut in the middle of a row
    if any(f" {separator}" in line or f"{separator} " in line for line in lines[:20]):
        lines = [separator.join(cell.strip() for cell in line.split(separator)) for line in lines]
    lines = [_fitted(line, separator, width) for line in lines]
    text = ("\n".join(lines) + "\n").encode()
    names = [str(index) for index in range(width)]
    table = arrow.read_csv(
        io.BytesIO(text),
        read_options=arrow.ReadOptions(column_names=names, block_size=len(text) + 1),
        parse_options=arrow.ParseOptions(delimiter=separator, ignore_empty_lines=True),
        convert_options=arrow.ConvertOptions(
            decimal_point=layout.decimal, null_values=_NULLS, strings_can_be_null=True
        ),
    )
    return [_array(table[name]) for name in names]


def _array(column: object) -> np.ndarray:
    array = column.to_numpy()  # type: ignore[attr-defined]
    if array.dtype.kind == "O" and all(value is None for value in array[:1000]) and all(v is None for v in array):
        return np.full(len(array), np.nan)
    return np.asarray(array)


def _fitted(line: str, separator: str, width: int) -> str:
    """The line without cells beyond the header's, and with blanks for those that it lacks at its end."""
    count = line.count(separator) + 1
    if count == width or '"' in line:
        return line
    return separator.join(line.split(separator)[:width]) if count > width else line + separator * (width - count)
