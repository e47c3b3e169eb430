"""The short form of `make fuzz`: cases that failed once, and some new ones for every reader that is written in Python.

A file of corpus/ is a case: its name begins with its target's.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("the limits of time and memory are POSIX's", allow_module_level=True)

from tests.fuzz.__main__ import alike
from tests.fuzz.target import Tally, Target, attempt, case_of, run_cases
from tests.fuzz.targets import TARGETS, shares_of, target_of

from untuck.errors import UntuckError

CORPUS = sorted((Path(__file__).resolve().parent / "corpus").iterdir())
CASES = 12_000  # of all targets together
ACCEPTED = {  # the outcome of a reader that has accepted a case, and the least share of it
    "packets": ("samples", 0.8),
    "commands": ("result 0", 0.2),
    "status": ("status", 0.2),
    "order": ("taken", 0.5),
    "runs": ("packets", 0.4),
    "sessions": ("strides", 0.1),
    "config": ("settings", 0.1),
    "profiles": ("profile", 0.05),
    "command texts": ("Lap", 0.05),
    "blocks": ("packets", 0.1),
    "archives": ("imported", 0.05),
    "fit": ("watch", 0.2),
    "tables": ("samples", 0.05),
}


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_what_failed_once_does_not_fail_again(path: Path) -> None:
    _, violation = attempt(target_of(path.name.partition("-")[0]), path.read_bytes())
    assert not violation


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_hostile_input_is_handled(name: str) -> None:
    tally = run_cases(target_of(name), 17, range(max(shares_of(CASES, None)[name], 20)))
    assert not tally.failures, "\n".join(what for what, _ in alike(tally.failures))
    outcome, least = ACCEPTED.get(name, ("", 0.0))
    assert tally.outcomes[outcome] >= least * tally.cases, tally.outcomes  # deeper than the first check
    assert tally.grown_mb < 400


def test_a_case_is_the_same_each_time() -> None:
    for name in ("packets", "config", "fit", "archives"):
        assert case_of(target_of(name), 4, 9) == case_of(target_of(name), 4, 9) != case_of(target_of(name), 4, 10)


class _Raises(Target):
    name = "raises"

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def run(self, case: bytes) -> str:
        raise self._error


@pytest.mark.parametrize(
    ("error", "violates"),
    [
        (UntuckError("one line: do this."), False),
        (UntuckError("two\nlines"), True),
        (UntuckError(""), True),
        (ValueError("x"), True),
        (MemoryError(), True),
        (RecursionError(), True),
    ],
)
def test_only_own_errors_of_one_line_are_no_violation(error: BaseException, violates: bool) -> None:
    assert bool(attempt(_Raises(error), b"")[1]) is violates


def test_a_reader_that_hangs_is_a_violation(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hangs(Target):
        def run(self, case: bytes) -> str:
            while True:
                pass

    monkeypatch.setattr("tests.fuzz.target.MOST_S", 0.1)
    assert "takes longer" in attempt(Hangs(), b"")[1]


def test_failures_at_one_place_are_counted_together() -> None:
    tally = Tally(
        failures=[(3, "ValueError: a at x.py:1"), (5, "ValueError: b at x.py:1"), (6, "KeyError: b at x.py:1")]
    )
    assert [numbers for _, numbers in alike(tally.failures)] == [[3, 5], [6]]
