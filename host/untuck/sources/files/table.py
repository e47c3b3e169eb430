"""What a reader finds in a file: named columns with their stated units, before anybody knows which is which.

A column may be a vector, (N, 3) or (N, 4). Columns of one file may have different lengths: each can have its own time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(eq=False)
class Column:
    """One column of a file.

    name: as the file has it, unique in its table; values: (N,) or (N, 3) or (N, 4); unit: as the file states it, ""
    if it does not; part: the member of an archive or the stream it is from; sensor: the device, of several in one file;
    time: its own column of time.
    """

    name: str
    values: NDArray[Any]
    unit: str = ""
    part: str = ""
    sensor: str = ""
    time: Column | None = None

    @property
    def width(self) -> int:
        return 1 if self.values.ndim == 1 else int(self.values.shape[1])


@dataclass(eq=False)
class Table:
    """The columns of a file. preamble: text before the header; rate_hz: where it is stated; facts: metadata."""

    columns: list[Column]
    preamble: str = ""
    header: bool = True
    rate_hz: float | None = None
    facts: dict[str, str] = field(default_factory=dict)

    def find(self, name: str) -> Column | None:
        """The column with this name; else the only one that has it in other letter case or without its unit."""
        exact = [column for column in self.columns if column.name == name]
        wanted = bare(name).lower()
        near = exact or [column for column in self.columns if bare(column.name).lower() == wanted]
        return near[0] if len(near) == 1 else None

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]


_UNIT_AT_END = re.compile(r"^(.*?)\s*[(\[]\s*([^()\[\]]*(?:\([^()]*\)[^()\[\]]*)?)\s*[)\]]\s*$")


def split_unit(name: str) -> tuple[str, str]:
    """("ACC X", "G") of "ACC X (G)"; ("time", "") of "time"."""
    found = _UNIT_AT_END.match(name)
    return (found[1], found[2]) if found and found[1] else (name.strip(), "")


def bare(name: str) -> str:
    """The name without a unit in brackets."""
    return split_unit(name)[0].strip()


def unique(names: list[str]) -> list[str]:
    """The names, with " 2" and so on behind those that were there before, and "column 5" for one without a name."""
    taken, counts = set(names), dict[str, int]()
    made: dict[str, None] = {}
    for index, name in enumerate(names):
        name = name or f"column {index + 1}"
        other = name
        while other in made or (other != name and other in taken):
            counts[name] = counts.get(name, 1) + 1
            other = f"{name} {counts[name]}"
        made[other] = None
    return list(made)


def as_vector(values: NDArray[Any]) -> NDArray[Any] | None:
    """(N,), (N, 3) or (N, 4) of an array that is so, perhaps transposed or with axes of length 1; None of any other."""
    values = np.squeeze(np.asarray(values))
    if values.ndim == 2 and values.shape[0] in (3, 4) and values.shape[1] not in (3, 4):
        values = values.T
    if values.ndim == 1 or (values.ndim == 2 and values.shape[1] in (3, 4)):
        return values
    return None
