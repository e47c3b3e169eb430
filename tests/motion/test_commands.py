"""Steering a session: what each thing asked for does, and that chunks and replays change nothing of it.

A simulated runner with a tuck and a pullback goes through the pipeline; steers come at fixed sensor times.
"""

from __future__ import annotations

import math

import pytest

from untuck import Pipeline, Samples
from untuck.errors import SettingsError
from untuck.model import Event, Packet, Run, Steer
from untuck.motion.commands import TUNABLE, check
from untuck.motion.params import Params
from untuck.session.live import PacketPipeline
from untuck.session.live_state import LiveState
from untuck.simulate.packets import pack
from untuck.simulate.runner import Phase, Scenario, SimulatedRun, simulate
from untuck.store import Settings, Store

RATE_HZ = 100
STORY = Scenario(
    (
        *(Phase("stand", 7.0), Phase("hinge", 3.5), Phase("hinge", 3.5), Phase("hinge", 3.5), Phase("stand", 2.5)),
        *(Phase("run", 52.0), Phase("run", 22.0, tuck_deg=7.0), Phase("run", 18.0), Phase("stand", 8.0)),
    )
)
TUCK_S = 72.0


@pytest.fixture(scope="module")
def simulated() -> SimulatedRun:
    return simulate(STORY, rate_hz=RATE_HZ)


def steered(samples: Samples, *steers: Steer, chunk: int = 5) -> tuple[list[Event], Run]:
    """Events and results of a run with these steers, given before the first sample."""
    pipe = Pipeline()
    for steer in steers:
        pipe.steer(steer)
    events = [e for at in range(0, len(samples), chunk) for e in pipe.push(samples[at : at + chunk])]
    return [*events, *pipe.finish()], pipe.run()


def held_reasons(run: Run) -> set[str]:
    return {cue.reason for cue in run.suppressed_cues}


def test_without_steering_the_tuck_is_cued_and_its_recovery_heard(simulated: SimulatedRun) -> None:
    _, run = steered(simulated.samples)
    assert [cue.fault for cue in run.cues] == ["tuck", "recovered"]
    cue, recovered = run.cues
    assert cue.finding is not None and cue.finding.fault == "tuck" and math.isnan(cue.finding.end_s)
    assert recovered.finding is not None and recovered.finding.ended == "corrected"
    assert recovered.finding.start_s == cue.finding.start_s


@pytest.mark.parametrize(
    ("steer", "reason"),
    [
        (Steer("mute", 30.0, "on"), "muted"),
        (Steer("cues", 30.0, "off"), "block"),
        (Steer("stale", 30.0, "on"), "stale"),
        (Steer("faults", 30.0, "pullback,rigid"), "not chosen"),
    ],
)
def test_cues_are_held_with_their_reason_and_finding(simulated: SimulatedRun, steer: Steer, reason: str) -> None:
    _, run = steered(simulated.samples, steer)
    assert not run.cues and held_reasons(run) == {reason}
    (held,) = run.suppressed_cues
    assert held.finding is not None and held.finding.fault == "tuck"


def test_unmuted_in_time_the_cue_is_heard(simulated: SimulatedRun) -> None:
    _, run = steered(simulated.samples, Steer("mute", 30.0, "on"), Steer("mute", 85.0, "off"))
    tuck = next(cue for cue in run.cues if cue.fault == "tuck")
    assert 85.0 <= tuck.time_s < 87.0


def test_a_threshold_changes_what_is_found(simulated: SimulatedRun) -> None:
    _, run = steered(simulated.samples, Steer("threshold", 30.0, "tuck_on_deg=12"))
    assert not run.findings
    _, run = steered(simulated.samples, Steer("threshold", 30.0, "tuck_on_deg=1.0"))
    assert [f.fault for f in run.findings] == ["tuck"]  # refused: a tuck ends at 2.0
    assert any("tuck_on_deg stays" in text for text in run.warnings)


def test_a_new_baseline_is_taken_at_once_and_the_old_one_forgotten(simulated: SimulatedRun) -> None:
    events, run = steered(simulated.samples, Steer("baseline", 85.0))
    taken = [e.time_s for e in events if e.kind == "baseline"]
    assert len(taken) == 1 and taken[0] < 70.0  # the first; not enough strides are left for another
    assert run.baseline is None
    assert [(f.fault, f.end_s, f.ended) for f in run.findings] == [("tuck", 85.0, "stopped")]


def test_zero_is_set_at_the_next_standing_whatever_it_differs_by(simulated: SimulatedRun) -> None:
    events, run = steered(simulated.samples, Steer("zero", 100.0))
    (standing,) = [e.value for e in events if e.kind == "standing" and e.time_s > 100.0]
    assert standing.zeroed and standing.difference_deg < 1.5
    assert any("as asked" in text for text in run.warnings)


def test_calibration_can_be_asked_for_again(simulated: SimulatedRun) -> None:
    shift = Samples(simulated.samples.time_s + 200.0, simulated.samples.gyr_rad_s, simulated.samples.acc_m_s2)
    first = simulated.samples[: 22 * RATE_HZ]
    pipe = Pipeline()
    found = [e for e in pipe.push(Samples(first.time_s, first.gyr_rad_s, first.acc_m_s2)) if e.kind == "calibrated"]
    assert len(found) == 1
    pipe.steer(Steer("calibrate", 30.0))
    again = [e for e in pipe.push(shift[: 22 * RATE_HZ]) if e.kind == "calibrated"]
    assert again and again[-1].value.source == "stand+hinges"


def test_a_search_tells_how_far_it_is_and_can_be_left(simulated: SimulatedRun) -> None:
    samples, pipe = simulated.samples, Pipeline()
    seen: list[tuple[float, int] | None] = []
    for at in range(0, 20 * RATE_HZ, 10):
        pipe.push(samples[at : at + 10])
        search = pipe.progress.search
        seen.append(None if search is None else (search.standing_s, search.hinges))
    told = [each for each in seen if each is not None]
    assert told == sorted(told) and told[0][0] <= 0.3 and told[-1][0] == 5.0
    assert sorted({hinges for _, hinges in told}) == [0, 1, 2] and seen[-1] is None
    found = pipe.calibration
    pipe.steer(Steer("calibrate", 19.0))
    pipe.push(samples[20 * RATE_HZ : 21 * RATE_HZ])
    assert pipe.progress.search is not None
    pipe.steer(Steer("calibrate", 20.5, "off"))
    events = pipe.push(samples[21 * RATE_HZ :])
    assert pipe.progress.search is None and pipe.calibration is found
    assert not any(event.kind == "calibrated" for event in events)


def test_leaving_the_search_without_a_calibration_leaves_nothing(simulated: SimulatedRun) -> None:
    events, run = steered(simulated.samples, Steer("calibrate", 3.0, "off"))
    assert run.calibration.source == "stand+hinges" and any(event.kind == "calibrated" for event in events)


def test_strides_of_the_warm_up_are_not_gathered(simulated: SimulatedRun) -> None:
    pipe = Pipeline(params=Params(baseline_warmup_s=20.0))
    state = LiveState(pipe.params)
    asked: list[str] = []
    for at in range(0, 75 * RATE_HZ, 50):
        for event in pipe.push(simulated.samples[at : at + 50]):
            state.take(event)
        state.look(pipe.progress)
        asked.append(state.ask())
        assert state.share == 0.0 or not asked[-1].startswith("run easily")
    assert "run easily: the baseline begins after 20 s" in asked
    (begins,) = (n for n, text in enumerate(asked) if "baseline 1 of" in text and "baseline 1 of" not in asked[n - 1])
    assert 40.0 <= 0.5 * begins <= 48.0  # running begins at 20 s, its first strides get up to speed


STEERS = (
    *(Steer("note", -math.inf, "new shoes"), Steer("lap", 40.003, "one"), Steer("mute", 75.0, "on")),
    *(Steer("mute", 82.0, "off"), Steer("threshold", 82.0, "tuck_off_deg=1.5"), Steer("baseline", 98.0)),
    *(Steer("zero", 105.5), Steer("lap", 1e6)),
)


@pytest.mark.parametrize("chunk", [1, 7, 50, 100_000])
def test_chunks_change_nothing(simulated: SimulatedRun, chunk: int) -> None:
    events, run = steered(simulated.samples, *STEERS)
    others, other = steered(simulated.samples, *STEERS, chunk=chunk)
    assert [(e.kind, e.time_s) for e in events] == [(e.kind, e.time_s) for e in others]
    assert run.strides.tobytes() == other.strides.tobytes() and run.contacts.tobytes() == other.contacts.tobytes()
    assert repr((run.findings, run.cues, run.suppressed_cues, run.warnings, run.steers)) == repr(
        (other.findings, other.cues, other.suppressed_cues, other.warnings, other.steers)
    )
    assert [steer.kind for steer in run.steers] == [steer.kind for steer in STEERS[:-1]]


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("colour", "", "cannot be asked for in a session: one of lap, note"),
        ("mute", "perhaps", "neither on nor off"),
        ("faults", "tuck,held", "'held' cannot be cued"),
        ("threshold", "stand_s=3", "cannot change in a session: one of tuck_on_deg"),
        ("threshold", "tuck_on_deg=much", "write tuck_on_deg=NUMBER"),
        ("threshold", "tuck_on_deg=99", "out of range: 1 to 15"),
        ("threshold", "tuck_on_deg=nan", "out of range"),
        ("zero", "now", "nothing is to be said"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(kind: str, value: str, text: str) -> None:
    with pytest.raises(SettingsError, match=text):
        check(Steer(kind, 0.0, value))


def test_every_tunable_threshold_can_be_set() -> None:
    for name, (low, high) in TUNABLE.items():
        for number in (low, high):
            check(Steer("threshold", 0.0, f"{name}={number!r}"))


def test_a_steered_session_replays_to_the_bit(simulated: SimulatedRun) -> None:
    """Keys pressed between packets, one connection stalled for a while: the stored session gives the same results."""
    asked = {800: ("note", "new shoes"), 1502: ("mute", "on"), 1640: ("mute", "off"), 1900: ("lap", "")}
    asked[2100] = ("zero", "")
    live = PacketPipeline(Settings())
    with Store().record("simulated", "run", Settings()) as recording:
        for n, data in enumerate(pack(simulated.samples, RATE_HZ)):
            if n in asked:
                live.steer(*asked[n])
            for steer in live.take_asked():
                recording.steer(steer)
            late_s = 3.0 if 1700 <= n < 1740 else 0.0
            packet = Packet(data, n / 20 + late_s)
            recording.append(packet)
            live.push(packet)
    live.finish()
    session = Store().open()
    again = PacketPipeline(session.settings(), session.steers())
    for packet in session.packets():
        again.push(packet)
    again.finish()
    one, other = live.pipeline.run(), again.pipeline.run()
    assert one.strides.tobytes() == other.strides.tobytes()
    assert repr((one.findings, one.cues, one.suppressed_cues, one.steers)) == repr(
        (other.findings, other.cues, other.suppressed_cues, other.steers)
    )
    assert [steer.kind for steer in other.steers] == ["note", "mute", "mute", "lap", "zero"]


def test_data_that_come_late_are_not_cued(simulated: SimulatedRun) -> None:
    line = PacketPipeline(Settings())
    for n, data in enumerate(pack(simulated.samples, RATE_HZ)):
        line.push(Packet(data, n / 20 + (2.0 if n > 1400 else 0.0)))
        assert (line.age_s > 1.0) == (n > 1400)
    line.finish()
    run = line.pipeline.run()
    assert not run.cues and held_reasons(run) == {"stale"}


def test_a_clip_that_starts_anew_is_not_late_for_ever(simulated: SimulatedRun) -> None:
    line = PacketPipeline(Settings())
    packets = pack(simulated.samples[: 10 * RATE_HZ], RATE_HZ)
    again = pack(simulated.samples[: 10 * RATE_HZ], RATE_HZ, stream_id=2)
    for n, data in enumerate(packets):
        line.push(Packet(data, n / 20))
    for n, data in enumerate(again):
        line.push(Packet(data, 60.0 + n / 20))
        assert line.age_s < 0.1
    assert line.decoder.restarts == 1
