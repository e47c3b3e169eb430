"""The even clock: good stamps pass, however it is set, jitter is taken out, gaps stay, and chunks do not matter."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from bench.lib.injections import stamps_with_jitter
from hypothesis import given, settings
from hypothesis import strategies as st

from untuck.model import Floats
from untuck.motion.clock import CLOCK_STATE_SIZE, STEP_S, even_stamps

RATES_HZ = (50.0, 100.0, 200.0)
SETTLED = 200
UNCHANGED_S = 1.01 * STEP_S  # half a step of the first stamp and of each, and the rounding of a million seconds


def evened(stamps_s: Floats, cuts: tuple[int, ...] = ()) -> Floats:
    state, out = np.zeros(CLOCK_STATE_SIZE), np.empty(len(stamps_s))
    edges = [0, *sorted(cuts), len(stamps_s)]
    for first, end in pairwise(edges):
        even_stamps(state, stamps_s[first:end], out[first:end])
    return out


def ticks(count: int, rate_hz: float, gaps: list[tuple[int, int]], start_s: float = 0.0) -> Floats:
    """Even times with `missing` samples left out before sample `at`, for each of `gaps`."""
    step = np.ones(count)
    for at, missing in gaps:
        step[at] += missing
    return start_s + np.cumsum(step) / rate_hz


@given(
    st.sampled_from(RATES_HZ),
    st.lists(st.tuples(st.integers(8, 399), st.integers(1, 60)), max_size=6),
    st.floats(0.0, 0.2),
    st.floats(-1e3, 1e6),
    st.integers(0, 9),
)
def test_good_stamps_pass_unchanged(
    rate_hz: float, gaps: list[tuple[int, int]], jitter: float, start_s: float, seed: int
) -> None:
    """Jitter up to a fifth of a period, a clock 200 ppm off, and lost samples, once the period is known."""
    true_s = ticks(400, rate_hz * 1.0002, gaps, start_s)
    stamps_s = true_s + np.random.default_rng(seed).uniform(-jitter, jitter, 400) * 0.5 / rate_hz
    assert np.abs(evened(stamps_s) - stamps_s).max() < UNCHANGED_S


@given(
    st.sampled_from(RATES_HZ),
    st.lists(st.tuples(st.integers(1, 399), st.integers(1, 60)), max_size=6),
    st.floats(-1e6, 1e6),
)
def test_intervals_do_not_depend_on_how_the_clock_is_set(
    rate_hz: float, gaps: list[tuple[int, int]], shift_s: float
) -> None:
    true_s = ticks(400, rate_hz, gaps)
    np.testing.assert_array_equal(np.diff(evened(true_s + shift_s)), np.diff(evened(true_s)))


@given(st.lists(st.floats(1e-9, 1e-3), min_size=2, max_size=50), st.floats(-1e3, 1e3))
def test_time_increases_also_where_stamps_differ_by_less_than_a_step(intervals_s: list[float], start_s: float) -> None:
    stamps_s = start_s + np.cumsum(intervals_s)
    assert np.diff(evened(stamps_s)).min() >= STEP_S


@given(st.sampled_from(RATES_HZ), st.lists(st.tuples(st.integers(1, 7), st.integers(1, 60)), max_size=4))
def test_gaps_before_the_period_is_known_are_forgotten(rate_hz: float, gaps: list[tuple[int, int]]) -> None:
    true_s = ticks(200, rate_hz, gaps)
    out_s = evened(true_s)
    assert np.diff(out_s).min() > 0.0
    assert np.abs(out_s - true_s)[60:].max() < UNCHANGED_S


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("share", [0.3, 0.45])
@pytest.mark.parametrize("seed", range(3))
def test_large_jitter_is_taken_out(rate_hz: float, share: float, seed: int) -> None:
    true_s = ticks(4000, rate_hz, [])
    stamps_s = stamps_with_jitter(true_s, share / rate_hz, np.random.default_rng(seed))
    out_s = evened(stamps_s)
    raw, left = (stamps_s - true_s)[SETTLED:], (out_s - true_s)[SETTLED:]
    assert left.std() < 0.6 * raw.std()
    assert np.diff(out_s).min() > 0.0
    assert np.diff(out_s[SETTLED:]).max() < 2.2 / rate_hz, "a gap where there is none"
    assert np.diff(stamps_s[SETTLED:]).max() > 2.2 / rate_hz, "the stamps themselves look like gaps"


@pytest.mark.parametrize("share", [0.0, 0.2, 0.45])
def test_gaps_stay_gaps(share: float) -> None:
    true_s = ticks(3000, 100.0, [(700, 5), (1500, 10), (2200, 30)])
    stamps_s = stamps_with_jitter(true_s, share / 100.0, np.random.default_rng(1))
    out_s = evened(stamps_s)
    for at, missing in ((700, 5), (1500, 10), (2200, 30)):
        assert out_s[at] - out_s[at - 1] == pytest.approx((missing + 1) / 100.0, abs=0.02)
    assert (np.abs(out_s - true_s) < 0.02).all()


def test_the_period_may_change() -> None:
    """A clip that is set from 100 to 200 samples a second, with jitter."""
    true_s = np.concatenate([ticks(500, 100.0, []), 5.0 + ticks(2000, 200.0, [])])
    out_s = evened(stamps_with_jitter(true_s, 0.001, np.random.default_rng(2)))
    assert np.abs(out_s - true_s).max() < 0.012
    assert np.diff(out_s).min() > 0.0


@settings(max_examples=30)
@given(st.lists(st.integers(0, 600), max_size=5), st.integers(0, 5))
def test_chunks_do_not_matter(cuts: list[int], seed: int) -> None:
    stamps_s = stamps_with_jitter(ticks(600, 100.0, [(300, 5)]), 0.0045, np.random.default_rng(seed))
    np.testing.assert_array_equal(evened(stamps_s, tuple(cuts)), evened(stamps_s))
