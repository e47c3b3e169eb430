"""How old data are: late data from a queue stay late, a clock that is corrected does not silence the run."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from untuck.model import Floats
from untuck.motion.params import Params
from untuck.sources.data_age import DataAge

PERIOD_S = 0.05  # of packets
STALE_S = Params().cue_stale_s


def ages(delays_s: Iterable[float], lost: Iterable[int] | None = None) -> Floats:
    """Ages of packets every 50 ms with these delays, on a host's clock that began a day earlier."""
    age, delays = DataAge(), list(delays_s)
    counts = [0] * len(delays) if lost is None else list(lost)
    each = enumerate(zip(delays, counts, strict=True))
    return np.array([age.heard(PERIOD_S * k, 86400.0 + PERIOD_S * k + late_s, gone) for k, (late_s, gone) in each])


def jitter_s(count: int, seed: int = 0) -> Floats:
    """Delays of a link with connection events every 50 ms."""
    return np.random.default_rng(seed).uniform(0.01, 0.06, count)


@given(st.floats(-3.0, 3.0), st.floats(0.0, 40.0), st.integers(0, 3))
def test_a_host_clock_that_is_corrected_makes_data_late_for_little_more_than_a_minute(
    by_s: float, within_s: float, seed: int
) -> None:
    time_s = PERIOD_S * np.arange(3000)
    wrong_s = np.interp(time_s, [30.0, 30.0 + max(within_s, 1e-3)], [0.0, by_s])
    late_s = ages(jitter_s(3000, seed) + wrong_s)
    assert late_s.min() >= 0.0
    assert late_s[time_s < 30.0].max() < 0.1
    assert late_s[time_s > 30.0 + within_s + 65.1].max() < 0.1


@pytest.mark.parametrize("waited_s", [1.0, 5.0, 20.0])
@pytest.mark.parametrize("emptied_s", [1.0, 10.0, 60.0, 180.0])
def test_data_are_late_until_the_queue_is_empty(waited_s: float, emptied_s: float) -> None:
    """A radio that stalls, then sends what waited as fast as it can."""
    time_s = PERIOD_S * np.arange(5000)
    queue_s = np.interp(time_s, [30.0, 30.0 + 1e-6, 30.0 + emptied_s], [0.0, waited_s, 0.0])
    late_s = ages(jitter_s(5000) + queue_s)
    assert (late_s >= queue_s - 0.05).all()
    assert late_s[time_s > 30.0 + emptied_s].max() < 0.1


def test_a_full_queue_that_loses_packets_stays_late() -> None:
    """A link that is too slow for good: the clip's memory is full, so that the delay is always the same."""
    time_s = PERIOD_S * np.arange(4000)
    full_s = np.interp(time_s, [30.0, 60.0], [0.0, 7.0])
    lost = np.floor(np.maximum(time_s - 60.0, 0.0) / 4.0).astype(int)
    late_s = ages(jitter_s(4000) + full_s, lost.tolist())
    assert late_s[time_s > 60.0].min() > STALE_S
