"""The table of `make test-bluez`: what was expected of each step, how long it took, what was lost, what was said."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import pytest
from tests.bluez.guest import Command

HEAD = "| scenario | result | s | lost | said |\n|---|---|---:|---:|---|"


@dataclass(frozen=True)
class Row:
    """One step. wrong: expectations that do not hold; took_s: to the end, or until data is fresh again."""

    scenario: str
    wrong: list[str]
    took_s: float | None
    lost: int | None
    said: str

    def __str__(self) -> str:
        result = f"WRONG: {', '.join(self.wrong)}" if self.wrong else "ok"
        took = "" if self.took_s is None else f"{self.took_s:.1f}"
        lost = "" if self.lost is None else str(self.lost)
        return f"| {self.scenario} | {result} | {took} | {lost} | {self.said.replace('|', '/')} |"


class Table:
    """The rows of one test, reported also when it fails."""

    def __init__(self, report: Callable[[str, str], None]) -> None:
        self._report = report
        self._rows: list[Row] = []

    def add(
        self,
        scenario: str,
        right: dict[str, bool],
        *,
        of: Command | None = None,
        took_s: float | None = None,
        lost: int | None = None,
        said: str = "",
    ) -> None:
        """Add a row. right: what is expected, and whether it holds; of: a command that gives time and last line."""
        wrong = [name for name, holds in right.items() if not holds]
        if of is not None:
            took_s, said = took_s or of.took_s, said or of.last_line
        row = Row(scenario, wrong, took_s, lost, said)
        self._rows.append(row)
        self._report("row", json.dumps(asdict(row)))

    def check(self) -> None:
        """Fail if any row is wrong."""
        wrong = [str(row) for row in self._rows if row.wrong]
        assert not wrong, "\n".join(wrong)


def rows_of(reports: list[Any]) -> list[Row]:
    """The rows in pytest's reports, test after test."""
    called = [report for report in reports if isinstance(report, pytest.TestReport) and report.when == "call"]
    called.sort(key=lambda report: (report.location[0], report.location[1] or 0, report.nodeid))
    return [Row(**json.loads(str(value))) for each in called for name, value in each.user_properties if name == "row"]
