"""Floors of a second clip's accuracy, on simulated runners with two badly worn clips.

The whole table is `python -m bench trunk`.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from bench.lib.trunk_runs import KINDS, TrunkScore, score_clean, score_faults

pytestmark = pytest.mark.slow

SEEDS = (0, 3)


@cache
def scored(size_deg: float) -> TrunkScore:
    return score_faults(size_deg, SEEDS, "bad")


def test_lean_and_its_change_and_that_of_the_lumbar_spine() -> None:
    lean, change, lumbar, lumbar_change = scored(6.0).rmse_deg()
    assert 0.0 < lean < 1.0 and change < 0.3
    assert lumbar < 1.0 and lumbar_change < 0.5
    assert scored(6.0).unmeasured <= 0.02 * scored(6.0).strides


@pytest.mark.parametrize("size_deg", [6.0, 4.0])
def test_arch_and_tuck_are_told_apart(size_deg: float) -> None:
    share_pct, count = scored(size_deg).share_pct("arch", "tuck")
    assert (share_pct, count) == (100.0, 2 * len(SEEDS))


def test_every_kind_of_6_deg_is_found_as_it_is_and_soon() -> None:
    share_pct, count = scored(6.0).share_pct(*KINDS)
    assert share_pct >= 90.0 and count == len(KINDS) * len(SEEDS)
    delays = scored(6.0).delays
    assert np.median(delays["arch"]) <= np.median(delays["tuck"]) + 1.0 <= 8.0


def test_nothing_is_found_in_clean_running() -> None:
    score = score_clean(4.0, SEEDS, "shirt")
    assert score.hours > 0.1 and sum(score.false.values()) == 0
