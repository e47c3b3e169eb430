"""What a check found: a value beside the limit that it must keep."""

from __future__ import annotations

from dataclasses import dataclass

FACETS_MM = 0.02  # round faces are measured on a mesh of flat ones


@dataclass(frozen=True)
class Finding:
    """check and part name what was measured, value and limit in this unit; least: the limit is the lowest allowed."""

    check: str
    part: str
    value: float
    limit: float
    unit: str
    least: bool

    @property
    def ok(self) -> bool:
        margin = FACETS_MM if self.unit == "mm" else 1e-3
        return self.value >= self.limit - margin if self.least else self.value <= self.limit + margin

    def __str__(self) -> str:
        word, bound = "ok  " if self.ok else "FAIL", "at least" if self.least else "at most"
        return f"{word} {self.check:<12} {self.part:<32} {self.value:8.2f} {self.unit:<6} ({bound} {self.limit:g})"


def at_least(check: str, part: str, value: float, limit: float, unit: str) -> Finding:
    """A value that must not be smaller."""
    return Finding(check=check, part=part, value=float(value), limit=limit, unit=unit, least=True)


def at_most(check: str, part: str, value: float, limit: float, unit: str) -> Finding:
    """A value that must not be larger."""
    return Finding(check=check, part=part, value=float(value), limit=limit, unit=unit, least=False)
