"""Natural joggers hear next to nothing, most of their strides are judged, and faults put in are found.

A part of what `python -m bench natural` measures on all recordings.
"""

from __future__ import annotations

from functools import cache

import pytest
from bench.lib.natural import natural_names, natural_run
from bench.lib.natural_faults import faulty_run, natural_fault

import untuck
from conftest import data_dir
from untuck.model import BOTH, LEFT, RIGHT, judged
from untuck.run_results import Run

pytestmark = [pytest.mark.data, pytest.mark.slow]
NAMES = ("D03_SA01", "D03_SA05", "D03_SA11", "D03_SA17", "D03_SE04", "D04_SA01", "D04_SA13", "D04_SE04")


@pytest.fixture(autouse=True)
def _recordings() -> None:
    data_dir("natural", "natural.npz")


@cache
def run_of(name: str) -> Run:
    return untuck.analyse(natural_run(name, straight=True).samples)


def test_the_names_are_recordings() -> None:
    assert set(NAMES) <= set(natural_names())


def test_joggers_hear_next_to_nothing() -> None:
    """Six cues in these eight before wandering was modelled; two of 74 recordings have one now."""
    assert sum(len(run_of(name).cues) for name in NAMES) <= 1


def test_most_strides_are_judged() -> None:
    for name in NAMES:
        strides = run_of(name).strides
        after = strides["reason"] != "baseline"
        assert judged(strides).sum() >= 0.8 * after.sum(), name


@pytest.mark.parametrize(("fault", "side"), [("tuck", BOTH), ("pullback", LEFT), ("pullback", RIGHT)])
def test_what_is_promised_to_a_jogger_is_found(fault: str, side: int) -> None:
    found = []
    for name in NAMES[:4]:
        strides = run_of(name).strides
        least = strides[f"{fault}_least_deg"][judged(strides)]
        put_in = natural_fault(name, True, fault, float(sorted(least)[len(least) // 2]), side)
        findings = untuck.analyse(faulty_run(name, True, [put_in]).samples).findings
        found.append(
            any((f.fault, f.side) == (fault, side) and put_in.start_s < f.decided_s < put_in.end_s for f in findings)
        )
    assert sum(found) >= 3
