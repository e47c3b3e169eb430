"""The data behind the coach's window: buffers of fixed size, traces at any zoom, a runner's data from batches."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from untuck.coach import buffers
from untuck.coach.coach_view import CoachView
from untuck.coach.readings import status_text
from untuck.coach.runner_data import STALE_S, RunnerData
from untuck.coach.session_feed import Feed
from untuck.model import LEFT, RIGHT, Packet
from untuck.motion.analyse import analyse
from untuck.session.form_state import State
from untuck.session.live_state import LiveState
from untuck.session.packet_pipeline import PacketPipeline
from untuck.session.pelvis_angles import TILT
from untuck.session_commands import from_text
from untuck.simulate.packets import pack
from untuck.simulate.runner import SimulatedRun, simulate
from untuck.store import Settings

ROW = np.dtype([("time_s", "f8")])


def rows(first: int, count: int) -> np.ndarray:
    return np.array([(float(n),) for n in range(first, first + count)], ROW)


@given(st.lists(st.integers(1, 130), max_size=30))
def test_a_full_buffer_keeps_the_newest_rows_in_order(sizes: list[int]) -> None:
    buffer = buffers.RowBuffer(ROW, 100)
    total = 0
    for size in sizes:
        buffer.add(rows(total, size))
        total += size
    kept = buffer.all["time_s"].tolist()
    assert kept == [float(n) for n in range(total - len(kept), total)]
    assert len(kept) >= min(total, 74) and len(buffer._rows) == 100
    assert buffer.between(total - 5, total + 5)["time_s"].tolist() == kept[-5:] if total > 5 else True


@settings(max_examples=15, deadline=None)
@given(st.integers(5, 400), st.integers(0, 2**32 - 1))
def test_a_coarsely_drawn_trace_keeps_minimum_and_maximum(chunk: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(0, 5, 6000)
    time_s = np.arange(6000) * 0.01
    trace = buffers.TraceBuffer()
    for first in range(0, 6000, chunk):
        trace.add(time_s[first : first + chunk], values[first : first + chunk])
    drawn_s, drawn = trace.drawn(0.0, 60.0, 500)
    assert len(drawn_s) <= 2 * 500 + 4
    assert (np.diff(drawn_s) >= 0).all()
    assert drawn.min() == pytest.approx(values.min(), abs=1e-5)
    assert drawn.max() == pytest.approx(values.max(), abs=1e-5)


def test_samples_dropped_from_the_full_buffer_are_drawn_as_their_range(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buffers, "FULL_SAMPLES", 2000)
    trace = buffers.TraceBuffer()
    time_s = np.arange(9000) * 0.01
    values = np.sin(2 * np.pi * 1.4 * time_s)
    for first in range(0, 9000, 5):
        trace.add(time_s[first : first + 5], values[first : first + 5])
    drawn_s, drawn = trace.drawn(0.0, 90.0, 500)
    assert drawn_s[0] == 0.0 and drawn_s[-1] > 89.0
    assert len(drawn) < 400 and drawn.min() < -0.95 and drawn.max() > 0.95


@pytest.fixture(scope="module")
def simulated() -> SimulatedRun:
    return simulate()


@pytest.fixture(scope="module")
def runner(simulated: SimulatedRun) -> RunnerData:
    """The whole default scenario, packet by packet."""
    packets, feed, made = PacketPipeline(Settings()), Feed(), RunnerData("runner")
    view = CoachView(LiveState(), feed)
    for number, data in enumerate(pack(simulated.samples, 100)):
        view.show(packets.push(Packet(data, number * 0.05)), packets)
        if number % 7 == 0:
            made.take(feed.take())
    view.show(packets.finish(), packets)
    made.take(feed.take())
    return made


def test_the_data_are_the_results_of_the_analysis(runner: RunnerData, simulated: SimulatedRun) -> None:
    run = analyse(simulated.samples)
    assert runner.stride_count == len(run.strides) == len(runner.strides)
    assert runner.contact_count == len(run.contacts)
    assert [f.fault for f in runner.findings] == [f.fault for f in run.findings] == ["tuck", "pullback"]
    assert next(mark.text for mark in runner.marks if mark.kind == "cue") == "tuck"
    assert np.allclose(runner.strides.all["tilt_deg"], run.strides["tilt_deg"], atol=0.2)
    assert runner.baseline is not None and runner.reference is not None


def test_the_status_line_counts_what_either_clip_lost() -> None:
    packets, feed, made = PacketPipeline(Settings(trunk=True)), Feed(), RunnerData("runner")
    assert packets.trunk_decoder is not None
    packets.decoder.lost, packets.trunk_decoder.lost, packets.trunk_decoder.corrupt = 1, 4, 2
    CoachView(LiveState(), feed).show([], packets)
    made.take(feed.take())
    assert "5 packets lost   2 damaged" in status_text(made)


def test_the_live_trace_is_that_of_the_analysis(runner: RunnerData, simulated: SimulatedRun) -> None:
    run = analyse(simulated.samples)
    drawn_s, drawn = runner.tilt.drawn(60.0, 65.0, 1000)
    inside = (run.time_s >= 60.0) & (run.time_s <= 65.0)
    assert len(drawn_s) == inside.sum()
    assert np.abs(drawn - run.tilt_deg[inside]).max() < 0.5


def test_the_reference_stride_is_the_runners_own(runner: RunnerData) -> None:
    assert runner.reference is not None and runner.baseline is not None
    assert runner.reference[TILT].mean() == pytest.approx(float(runner.baseline.tilt_deg[0]), abs=0.3)
    assert np.ptp(runner.reference[1]) == pytest.approx(float(runner.baseline.obliquity_range_deg[0]), rel=0.15)
    assert np.ptp(runner.reference[2]) == pytest.approx(float(runner.baseline.rotation_range_deg[0]), rel=0.15)


def test_a_baseline_of_an_earlier_session_is_shown_from_the_start(runner: RunnerData, simulated: SimulatedRun) -> None:
    packets, feed, again = PacketPipeline(Settings(baseline=runner.baseline)), Feed(), RunnerData("runner")
    view = CoachView(LiveState(), feed)
    *before, last = pack(simulated.samples[:3500], 100)
    for number, data in enumerate(before):
        view.show(packets.push(Packet(data, number * 0.05)), packets)
    again.take(feed.take())
    assert again.baseline is runner.baseline and again.reference is not None
    assert np.isfinite(again.reference).all(axis=1).tolist() == [False, False, True]
    packets.command(from_text("baseline"))
    packets.take_commands()
    view.show(packets.push(Packet(last, 35.0)), packets)
    again.take(feed.take())
    assert again.baseline is None and again.reference is None


def test_missing_data_differ_from_the_end_of_a_session(runner: RunnerData) -> None:
    heard_s = runner.heard_s
    assert runner.state(heard_s + STALE_S - 0.1) == State.STANDING
    assert runner.state(heard_s + STALE_S + 0.1) == State.NO_DATA
    ended = RunnerData("other")
    assert ended.state(0.0) == State.WAITING
    ended.ended = True
    assert ended.state(1e9) == State.ENDED


def test_contacts_alternate(runner: RunnerData) -> None:
    sides = runner.contacts.all["side"]
    assert set(sides.tolist()) == {LEFT, RIGHT}
    assert (np.abs(np.diff(sides)) == 2).mean() > 0.98
