"""Which watch recording is of this run: true pairs are accepted at their offset, other people's runs are rejected.

The pairs are those of `python -m bench merge`, which measures the rates with more of them.
"""

from __future__ import annotations

import dataclasses
import re
import time
import tracemalloc

import numpy as np
import pytest
from bench.lib import merge_runs
from bench.lib.merge_runs import KINDS, WRONG, Pair, Session, true_pair, wrong_pair

from untuck.errors import ReportError
from untuck.report.fit_dates import in_words
from untuck.report.fit_match import Match, find_offset


def found(pair: Pair) -> Match:
    return find_offset(pair.session, pair.unix_zero_s, pair.watch_s, pair.watch_spm)


def accepted(pair: Pair) -> bool:
    try:
        found(pair)
    except ReportError as error:
        assert "nan" not in str(error) and "--offset" in str(error)
        return False
    return True


def test_a_watch_of_the_same_run_is_accepted_at_its_offset() -> None:
    pairs = [true_pair(seed, kind) for kind in KINDS for seed in range(8)]
    matches = [(found(pair), pair) for pair in pairs if accepted(pair)]
    assert len(matches) >= 46  # of 48
    assert all(abs(match.offset_s - pair.offset_s) <= 5.0 for match, pair in matches)
    assert all(re.search(r"less than once in [\d,]+$", match.text) for match, _ in matches)


HARDEST = {"same plan and level": 1, "ran along": 1}  # of 42; the bench counts 0 and 1 of 600 on other seeds


@pytest.mark.parametrize("wrong", WRONG)
def test_another_persons_run_is_rejected(wrong: str) -> None:
    kinds = ["steady"] if wrong.startswith("steady") else KINDS
    wrongly = sum(accepted(wrong_pair(seed, kind, wrong)) for kind in kinds for seed in range(7))
    assert wrongly <= HARDEST.get(wrong, 0)


def recorded_every(every_s: float, **how: object) -> Pair:
    """A walk-run session and a watch that records at this interval, 12 s ahead."""
    rng = np.random.default_rng(8)
    who = dataclasses.replace(merge_runs.person(rng), wander=1.5, wander_s=20.0)
    run = merge_runs.course(rng, who, merge_runs.plan(rng, "free", 1500.0), 1500.0)
    at, spm = merge_runs.records(rng, run, merge_runs.Watch(every_s, **how))  # type: ignore[arg-type]
    return Pair(merge_runs.session(rng, run), at + 12.0 + Pair.unix_zero_s, spm, 12.0, "free")


@pytest.mark.parametrize("every_s", [0, 1, 2, 5, 6, 8, 10])
def test_any_interval_of_recording_will_do(every_s: float) -> None:
    match = found(recorded_every(every_s))
    assert match.offset_s == pytest.approx(12.0, abs=3.0)
    assert match.edges_met >= 0.8 * match.edges > 4


def test_a_watch_that_records_nothing_while_standing_agrees() -> None:
    match = found(recorded_every(1.0, pauses=True))
    assert match.offset_s == pytest.approx(12.0, abs=3.0)
    assert match.edges_met >= 0.8 * match.edges > 4


def test_stops_that_contradict_veto_a_pattern() -> None:
    pair = recorded_every(1.0)
    spm = pair.watch_spm.copy()
    for begin in range(100, 1400, 160):  # stops where the session has none, at other times than its own
        spm[begin : begin + 70] = 0.0
    with pytest.raises(ReportError, match="do not match"):
        find_offset(pair.session, pair.unix_zero_s, pair.watch_s, spm)


def test_steady_runs_without_variation_are_no_evidence() -> None:
    """The same start and cadence, and nothing else to compare."""
    strides = np.zeros(1200, [("start_s", "f8"), ("duration_s", "f8"), ("cadence_spm", "f8")])
    strides["start_s"], strides["duration_s"], strides["cadence_spm"] = 0.7 * np.arange(1200), 0.7, 171.4
    session = Session(np.arange(0, 840, 0.05), strides)
    watch_s, watch_spm = Pair.unix_zero_s + np.arange(0.0, 840.0), np.full(840, 172.0)
    with pytest.raises(ReportError, match="sure") as rejected:
        find_offset(session, Pair.unix_zero_s, watch_s, watch_spm)
    assert "nan" not in str(rejected.value)


@pytest.mark.parametrize(
    ("shift_s", "words"),
    [
        (-365.25 * 86400, "1 year before"),
        (86400 * 3 + 7200, "3 days 2 hours after"),
        (3600 * 2 + 4, "2 hours after this session: they are not the same run, or one of the clocks is set to another"),
        (-9 * 365.25 * 86400, "9 years before"),
        (-25.5 * 365.25 * 86400, "the watch's clock was never set"),
    ],
)
def test_recordings_far_apart_are_rejected_at_once(shift_s: float, words: str) -> None:
    pair = recorded_every(1.0)
    tracemalloc.start()
    begin_s = time.monotonic()
    with pytest.raises(ReportError) as rejected:
        find_offset(pair.session, pair.unix_zero_s, pair.watch_s + shift_s, pair.watch_spm)
    assert time.monotonic() - begin_s < 1.0
    assert tracemalloc.get_traced_memory()[1] < 50e6
    tracemalloc.stop()
    assert words in str(rejected.value)


def test_a_watch_in_another_time_zone_is_rejected_with_the_offset_to_give() -> None:
    rng = np.random.default_rng(4)
    run = merge_runs.course(rng, merge_runs.person(rng), merge_runs.plan(rng, "free", 5400.0), 5400.0)
    at, spm = merge_runs.records(rng, run, merge_runs.Watch())
    session = merge_runs.session(rng, run)
    with pytest.raises(ReportError, match="time zone") as rejected:
        find_offset(session, Pair.unix_zero_s, at + Pair.unix_zero_s + 3607.0, spm)
    given = re.search(r"--offset (-?\d+) does", str(rejected.value))
    assert given is not None and abs(int(given[1]) - 3607) <= 5


def test_stamps_out_of_order_repeated_or_unknown_do_no_harm() -> None:
    pair = recorded_every(1.0)
    rng = np.random.default_rng(0)
    order = np.arange(len(pair.watch_s))
    order[100:110] = order[100:110][::-1]
    order = np.sort(np.concatenate([order, rng.integers(0, len(order), 30)]), kind="stable")
    spm = np.where(rng.random(len(order)) < 0.1, np.nan, pair.watch_spm[order])
    match = find_offset(pair.session, pair.unix_zero_s, pair.watch_s[order], spm)
    assert match.offset_s == pytest.approx(12.0, abs=3.0)
    doubled = find_offset(pair.session, pair.unix_zero_s, pair.watch_s, 2 * pair.watch_spm)  # both legs counted
    assert doubled.offset_s == pytest.approx(12.0, abs=3.0)


def test_a_day_long_recording_is_searched_within_two_seconds() -> None:
    pair = recorded_every(1.0)
    more_s = np.arange(1.0, 80_000.0)
    watch_s = np.concatenate([pair.watch_s, pair.watch_s[-1] + more_s])
    spm = np.concatenate([pair.watch_spm, np.zeros(len(more_s))])
    begin_s = time.process_time()
    assert find_offset(pair.session, pair.unix_zero_s, watch_s, spm).offset_s == pytest.approx(12.0, abs=3.0)
    assert time.process_time() - begin_s < 2.0


def test_distances_in_words() -> None:
    words = {45.0: "45 seconds", 3599.0: "59 minutes 59 seconds", 3605.0: "1 hour", 31536000.0: "1 year"}
    assert {seconds: in_words(seconds) for seconds in words} == words
