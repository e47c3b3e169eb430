"""A figure of a bench (a number with its peers and its goal), as a row of a table or as JSON.

A figure has a value for DEV runners and one for JUDGE runners, or one for all. JUDGE (or all) decides whether the goal
is met.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

GROUPS = ("dev", "judge", "all")


@dataclass(frozen=True)
class Figure:
    """values and counts by group ("dev", "judge", "all"); goal (">=" or "<=", value) or None; peers by name."""

    section: str
    name: str
    unit: str
    values: dict[str, float]
    counts: dict[str, int] = field(default_factory=dict)
    goal: tuple[str, float] | None = None
    peers: dict[str, float | str] = field(default_factory=dict)

    @property
    def met(self) -> bool | None:
        """Whether the value of "judge" (without it, of "all") meets the goal; None without a goal."""
        value = self.values.get("judge", self.values.get("all", math.nan))
        if self.goal is None:
            return None
        sense, limit = self.goal
        return bool(value >= limit if sense == ">=" else value <= limit)

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON; NaN becomes None."""
        return {
            "section": self.section,
            "name": self.name,
            "unit": self.unit,
            "values": {key: _plain(value) for key, value in self.values.items()},
            "counts": self.counts,
            "goal": None if self.goal is None else f"{self.goal[0]} {self.goal[1]:g}",
            "met": self.met,
            "peers": {key: _plain(value) for key, value in self.peers.items()},
        }


def _plain(value: float | str) -> float | str | None:
    if isinstance(value, str):
        return value
    return None if math.isnan(value) else round(float(value), 4)


def _shown(value: float | str | None) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if math.isnan(value):
        return "-"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def _cell(figure: Figure, group: str) -> str:
    if group not in figure.values:
        return ""
    count = f" ({figure.counts[group]})" if group in figure.counts else ""
    return _shown(figure.values[group]) + count


def table(figures: Iterable[Figure]) -> str:
    """A table in plain text: one line per figure, grouped by section, counts in brackets."""
    rows = [("figure", "unit", *GROUPS, "goal", "met", "peers")]
    sections = [""]
    for figure in figures:
        goal = "" if figure.goal is None else f"{figure.goal[0]} {figure.goal[1]:g}"
        met = {None: "", True: "yes", False: "NO"}[figure.met]
        peers = ", ".join(f"{name} {_shown(value)}" for name, value in figure.peers.items())
        rows.append((figure.name, figure.unit, *(_cell(figure, g) for g in GROUPS), goal, met, peers))
        sections.append(figure.section)
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines, section = [], ""
    for row, this in zip(rows, sections, strict=True):
        if this != section:
            lines.append(f"\n{this}")
            section = this
        lines.append("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return "\n".join(lines)
