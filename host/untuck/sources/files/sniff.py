"""The layout of a table in text: encoding, preamble, separator, decimal comma, header, units, first row of data.

Looks at the first lines only. Rows of data are those with mostly numbers; what stands above them is header or preamble.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field

from untuck.errors import SamplesError
from untuck.limits import MOST_COLUMNS, MOST_LINE, LimitError
from untuck.sources.files.table import split_unit, unique
from untuck.sources.files.times import DATE
from untuck.sources.files.units import canonical

SEPARATORS = ("\t", ";", ",", "|", " ")
EMPTY = {"", "nan", "na", "n/a", "null", "none", "-", "--", "inf", "-inf"}
_LINES = 200
_NUMBER = re.compile(r"^[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?$")
_COMMA = re.compile(r"^[+-]?\d*,\d+(?:[eE][+-]?\d+)?$")
_COMMENT = re.compile(r"^\s*(?://|#|%)\s?")
_NOTES = re.compile(  # cells of rows between header and data that are no names
    r"^(?:cal|raw|uncal|calibrated|no_units|unitless|n/a|-|[\d.,]+ ?(?:k?hz|s|ms)|[ymdhs/:. -]{6,})$", re.IGNORECASE
)
_MODE = re.compile(r"^sensor mode", re.IGNORECASE)


@dataclass
class Layout:
    """names, units, sensors: one for each column; start: index of the first line of data."""

    separator: str
    decimal: str
    start: int
    names: list[str]
    units: list[str]
    sensors: list[str]
    header: bool
    preamble: str = ""
    raw: list[bool] = field(default_factory=list)


def decode(data: bytes) -> str:
    """Text of UTF-8, UTF-16 or Windows/Latin-1 bytes. Raises SamplesError for binary data."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = data.decode("utf-16", "replace")
    elif data[1:200:2].count(0) > 50 or (len(data) > 3 and data[1:64:2].strip(b"\0") == b""):
        text = data.decode("utf-16-le", "replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", "replace")
    if "\0" in text[:10_000]:
        raise SamplesError("it is no text")
    return text


def sniff(lines: list[str]) -> Layout:
    """The layout of a table. Raises SamplesError if the lines are none."""
    head = lines[:_LINES]
    longest = max(map(len, head), default=0)
    if longest > MOST_LINE:
        raise LimitError(f"has a line of {longest:,} characters: it is no table.")
    best: tuple[int, int, str, int] | None = None
    for separator in SEPARATORS:
        rows = [_cells(line, separator) for line in head]
        found = _data(rows, separator)
        if found is not None:
            start, width = found
            score = (width, -SEPARATORS.index(separator))
            if best is None or score > best[:2]:
                best = (*score, separator, start)
    if best is None:
        raise SamplesError("no rows of numbers were found in it")
    _, _, separator, start = best
    rows = [_cells(line, separator) for line in head]
    cells = [cell for row in rows[start:] for cell in row]
    comma = separator != "," or any(_COMMA.match(cell) for cell in cells)
    decimal = "," if comma and _has_commas(cells) else "."
    return _with_header(rows, head, separator, decimal, start)


def _has_commas(cells: list[str]) -> bool:
    commas = sum(bool(_COMMA.match(cell)) for cell in cells)
    points = sum("." in cell and bool(_NUMBER.match(cell)) for cell in cells)
    return commas > points


def _cells(line: str, separator: str) -> list[str]:
    if separator == " ":
        return line.split()
    if '"' in line:
        try:
            return [cell.strip() for cell in next(csv.reader([line], delimiter=separator), [])]
        except csv.Error:
            return []
    return [cell.strip() for cell in line.rstrip("\r\n").split(separator)]


def is_whole(line: str, layout: Layout) -> bool:
    """Whether the last row of a file without a line end is complete: its last cell may be cut."""
    cells = _cells(line, layout.separator)
    last = cells[-1] if cells else ""
    return last == "" or _is_number(last, layout.separator) or bool(DATE.match(last)) or last.isalpha()


def _is_number(cell: str, separator: str) -> bool:
    return bool(_NUMBER.match(cell)) and not (separator == "," and "," in cell and not _COMMA.match(cell))


def _data(rows: list[list[str]], separator: str) -> tuple[int, int] | None:
    """Index of the first row of data, and the usual count of its numbers."""
    counts = []
    for row in rows:
        known = [cell for cell in row if cell.lower() not in EMPTY]
        numbers = sum(_is_number(cell, separator) or bool(DATE.match(cell)) for cell in known)
        counts.append(numbers if numbers >= 2 and numbers > len(known) / 2 else 0)
    for start, count in enumerate(counts):
        following = [each for each in counts[start : start + 4] if each]
        if count >= 2 and len(following) >= min(3, len(counts) - start) and max(following) <= 2 * count:
            kept = sorted(counts[start:])
            return start, kept[len(kept) // 2]
    return None


def _with_header(rows: list[list[str]], head: list[str], separator: str, decimal: str, start: int) -> Layout:
    width = max((len(row) for row in rows[start : start + 20]), default=0)
    above = start - 1
    notes: list[list[str]] = []
    while above >= 0 and (not any(rows[above]) or _is_notes(rows[above])):
        if any(rows[above]):
            notes.insert(0, rows[above])
        above -= 1
    names: list[str] = []
    if above >= 0:
        text = _COMMENT.sub("", head[above])
        cells = _cells(text, separator)
        if len(cells) >= max(2, width // 2) and sum(map(bool, cells)) >= min(2, width):
            names = cells
    width = max(width, len(names) if names else 0)
    preamble = "\n".join(head[: above if names else above + 1])
    if width > MOST_COLUMNS:
        raise LimitError(f"has {width:,} columns; up to {MOST_COLUMNS:,} are read.")
    names += [""] * (width - len(names))
    units = [_unit(name, [row[index] if index < len(row) else "" for row in notes]) for index, name in enumerate(names)]
    raw = [any(index < len(row) and row[index].lower() == "raw" for row in notes) for index in range(width)]
    repeated = len(set(filter(None, names))) < sum(map(bool, names))
    sensors = (_sensors(rows[: max(above, 0)], width) if repeated else []) or [""] * width
    shown = [name + " raw" if raw[index] and name else name for index, name in enumerate(names)]
    shown = [f"{sensor}: {name}" if sensor and name else name for sensor, name in zip(sensors, shown, strict=True)]
    return Layout(
        separator=separator,
        decimal=decimal,
        start=start,
        names=unique(shown),
        units=units,
        sensors=sensors,
        header=any(names),
        preamble=preamble,
        raw=raw,
    )


def _is_notes(row: list[str]) -> bool:
    """Whether a row above the data has units, rates or marks, not names."""
    known = [cell for cell in row if cell]
    return len(known) >= 2 and all(canonical(cell) or _NOTES.match(cell) for cell in known)


def _unit(name: str, notes: list[str]) -> str:
    stated = next((unit for note in notes if (unit := canonical(note))), "")
    return stated or canonical(split_unit(name)[1])


def _sensors(rows: list[list[str]], width: int) -> list[str]:
    """Names of devices above a header with repeated names: each holds until the next one."""
    for row in reversed(rows):
        known = [cell for cell in row if cell]
        if not known or all(_MODE.match(cell) for cell in known) or len(row) < width // 2:
            continue
        filled, last = [], ""
        for index in range(width):
            last = (row[index] if index < len(row) else "") or last
            filled.append(last)
        return filled
    return []
