"""Judging outside a steady pace: intervals, earlier baselines, quick, short and slow tucks, both hips at once.

Semi-synthetic runs of recorded runners with a worn clip; the whole table is `python -m bench judging`.
"""

from __future__ import annotations

import pytest
from bench.lib.judging_cases import JudgingCase
from bench.lib.judging_counts import Judged, judge

from conftest import data_dir

pytestmark = [pytest.mark.data, pytest.mark.slow]


def judged(name: str, minutes: float = 5.0, runner: str = "RBDS001") -> Judged:
    data_dir("fukuchi", "fukuchi_T35.npz")
    return judge(JudgingCase(name, runner, "T35", minutes, "worn", seed=7))


@pytest.mark.parametrize(
    ("name", "tucks", "pullbacks"),
    [
        ("intervals 2.5 and 4.5 m/s", (1, 1), (2, 2)),
        ("baseline of 2.5 m/s", (2, 2), (2, 2)),
        ("stands 2.5 deg further forward", (2, 2), (2, 2)),
        ("stands 2.5 deg further back", (2, 2), (2, 2)),
        ("tucks within 0.3 s", (4, 4), (0, 0)),
        ("tuck and pullback at once", (4, 4), (4, 4)),
    ],
)
def test_faults_are_found_on_the_right_side_and_nothing_else(
    name: str, tucks: tuple[int, int], pullbacks: tuple[int, int]
) -> None:
    found = judged(name)
    assert found.hits == {"tuck": tucks, "pullback": pullbacks}
    assert (found.wrong, found.false) == (0, 0)


def test_both_hips_at_once_are_both_named() -> None:
    found = judged("both hips at once")
    assert found.hits["pullback"][0] >= 7, "of eight"
    assert (found.wrong, found.false) == (0, 0)


def test_a_short_tuck_is_not_decided_after_it_has_ended() -> None:
    assert judged("tucks of 4-6 strides").late == 0


def test_another_standing_is_noticed_and_said() -> None:
    assert "moved" in judged("stands 2.5 deg further forward").said
    assert "moved" not in judged("baseline of 2.5 m/s").said


def test_a_baseline_recorded_tucked_is_questioned() -> None:
    assert {"tucked", "rejected"} & set(judged("baseline tucked by 6 deg").said)
    assert not {"tucked", "rejected"} & set(judged("clean").said)


def test_a_slow_fall_is_one_finding_and_said_to_be_slow() -> None:
    found = judged("slow fall of 6 deg")
    assert found.findings == 1
    assert "slow" in found.said
