"""Session commands: what each of them does, and that chunks and replays change nothing of it.

A simulated runner with a tuck and a pullback goes through the pipeline; commands come at fixed sensor times.
"""

from __future__ import annotations

import math

import pytest

from untuck import Pipeline, Samples
from untuck.errors import SettingsError
from untuck.events import Event
from untuck.model import Packet
from untuck.motion.params import Params
from untuck.run_results import Run
from untuck.session.live_state import LiveState
from untuck.session.packet_pipeline import PacketPipeline
from untuck.session_commands import TUNABLE, SessionCommand, from_text, to_text
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


def commanded(samples: Samples, *commands: SessionCommand, chunk: int = 5) -> tuple[list[Event], Run]:
    """Events and results of a run with these commands, given before the first sample."""
    pipe = Pipeline()
    for command in commands:
        pipe.command(command)
    events = [e for at in range(0, len(samples), chunk) for e in pipe.push(samples[at : at + chunk])]
    return [*events, *pipe.finish()], pipe.run()


def reasons(run: Run) -> set[str]:
    return {cue.reason for cue in run.suppressed_cues}


def test_without_commands_the_tuck_is_cued_and_its_recovery_heard(simulated: SimulatedRun) -> None:
    _, run = commanded(simulated.samples)
    assert [cue.fault for cue in run.cues] == ["tuck", "recovered"]
    cue, recovered = run.cues
    (finding,) = run.findings
    assert (finding.fault, finding.ended, finding.id) == ("tuck", "corrected", 1)
    assert cue.finding_id == recovered.finding_id == finding.id
    assert 0 < cue.depth_deg <= recovered.depth_deg == finding.depth_deg


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (from_text("mute", "on", 30.0), "muted"),
        (from_text("cues", "off", 30.0), "block"),
        (from_text("stale", "on", 30.0), "stale"),
        (from_text("faults", "pullback,rigid", 30.0), "not chosen"),
    ],
)
def test_cues_are_suppressed_with_their_reason_and_finding(
    simulated: SimulatedRun, command: SessionCommand, reason: str
) -> None:
    _, run = commanded(simulated.samples, command)
    assert not run.cues and reasons(run) == {reason}
    (suppressed,) = run.suppressed_cues
    assert suppressed.fault == "tuck" and suppressed.finding_id == run.findings[0].id


def test_unmuted_in_time_the_cue_is_heard(simulated: SimulatedRun) -> None:
    _, run = commanded(simulated.samples, from_text("mute", "on", 30.0), from_text("mute", "off", 85.0))
    tuck = next(cue for cue in run.cues if cue.fault == "tuck")
    assert 85.0 <= tuck.time_s < 87.0


def test_a_threshold_changes_what_is_found(simulated: SimulatedRun) -> None:
    _, run = commanded(simulated.samples, from_text("threshold", "tuck_on_deg=12", 30.0))
    assert not run.findings
    _, run = commanded(simulated.samples, from_text("threshold", "tuck_on_deg=1.0", 30.0))
    assert [f.fault for f in run.findings] == ["tuck"]  # refused: a tuck ends at 2.0
    assert any("tuck_on_deg stays" in text for text in run.warnings)


def test_a_new_baseline_is_taken_at_once_and_the_old_one_forgotten(simulated: SimulatedRun) -> None:
    events, run = commanded(simulated.samples, from_text("baseline", "", 85.0))
    taken = [e.time_s for e in events if e.kind == "baseline"]
    assert len(taken) == 1 and taken[0] < 70.0  # the first; not enough strides are left for another
    assert run.baseline is None
    assert [(f.fault, f.end_s, f.ended) for f in run.findings] == [("tuck", 85.0, "stopped")]


def test_zero_is_set_at_the_next_standing_whatever_it_differs_by(simulated: SimulatedRun) -> None:
    events, run = commanded(simulated.samples, from_text("zero", "", 100.0))
    (standing,) = [e.value for e in events if e.kind == "standing" and e.time_s > 100.0]
    assert standing.zeroed and standing.difference_deg < 1.5
    assert any("as requested" in text for text in run.warnings)


def test_calibration_can_be_asked_for_again(simulated: SimulatedRun) -> None:
    shift = Samples(simulated.samples.time_s + 200.0, simulated.samples.gyr_rad_s, simulated.samples.acc_m_s2)
    first = simulated.samples[: 22 * RATE_HZ]
    pipe = Pipeline()
    found = [e for e in pipe.push(Samples(first.time_s, first.gyr_rad_s, first.acc_m_s2)) if e.kind == "calibrated"]
    assert len(found) == 1
    pipe.command(from_text("calibrate", "", 30.0))
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
    pipe.command(from_text("calibrate", "", 19.0))
    pipe.push(samples[20 * RATE_HZ : 21 * RATE_HZ])
    assert pipe.progress.search is not None
    pipe.command(from_text("calibrate", "off", 20.5))
    events = pipe.push(samples[21 * RATE_HZ :])
    assert pipe.progress.search is None and pipe.calibration is found
    assert not any(event.kind == "calibrated" for event in events)


def test_leaving_the_search_without_a_calibration_leaves_nothing(simulated: SimulatedRun) -> None:
    events, run = commanded(simulated.samples, from_text("calibrate", "off", 3.0))
    assert run.calibration.source == "stand+hinges" and any(event.kind == "calibrated" for event in events)


def test_strides_of_the_warm_up_are_not_gathered(simulated: SimulatedRun) -> None:
    pipe = Pipeline(params=Params(baseline_warmup_s=20.0))
    state = LiveState(pipe.params)
    asked: list[str] = []
    for at in range(0, 75 * RATE_HZ, 50):
        for event in pipe.push(simulated.samples[at : at + 50]):
            state.take(event)
        state.take_progress(pipe.progress)
        asked.append(state.ask())
        assert state.share == 0.0 or not asked[-1].startswith("run easily")
    assert "run easily: the baseline begins after 20 s" in asked
    (begins,) = (n for n, text in enumerate(asked) if "baseline 1 of" in text and "baseline 1 of" not in asked[n - 1])
    assert 40.0 <= 0.5 * begins <= 48.0  # running begins at 20 s, its first strides get up to speed


COMMANDS = (
    *(from_text("note", "new shoes", -math.inf), from_text("lap", "one", 40.003), from_text("mute", "on", 75.0)),
    *(from_text("mute", "off", 82.0), from_text("threshold", "tuck_off_deg=1.5", 82.0)),
    from_text("baseline", "", 98.0),
    *(from_text("zero", "", 105.5), from_text("lap", "", 1e6)),
)


@pytest.mark.slow
@pytest.mark.parametrize("chunk", [1, 7, 50, 100_000])
def test_chunks_change_nothing(simulated: SimulatedRun, chunk: int) -> None:
    events, run = commanded(simulated.samples, *COMMANDS)
    others, other = commanded(simulated.samples, *COMMANDS, chunk=chunk)
    assert [(e.kind, e.time_s) for e in events] == [(e.kind, e.time_s) for e in others]
    assert run.strides.tobytes() == other.strides.tobytes() and run.contacts.tobytes() == other.contacts.tobytes()
    assert repr((run.findings, run.cues, run.suppressed_cues, run.warnings, run.commands)) == repr(
        (other.findings, other.cues, other.suppressed_cues, other.warnings, other.commands)
    )
    assert [command.kind for command in run.commands] == [command.kind for command in COMMANDS[:-1]]


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("colour", "", "is no session command: use one of lap, note"),
        ("mute", "perhaps", "neither on nor off"),
        ("faults", "tuck,held", "'held' cannot be cued"),
        ("threshold", "stand_s=3", "cannot change in a session: one of tuck_on_deg"),
        ("threshold", "tuck_on_deg=much", "write tuck_on_deg=NUMBER"),
        ("threshold", "tuck_on_deg=99", "out of range: 1 to 15"),
        ("threshold", "tuck_on_deg=nan", "out of range"),
        ("zero", "now", "takes no value"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(kind: str, value: str, text: str) -> None:
    with pytest.raises(SettingsError, match=text):
        from_text(kind, value)


def test_every_tunable_threshold_can_be_set() -> None:
    for name, (low, high) in TUNABLE.items():
        for number in (low, high):
            command = from_text("threshold", f"{name}={number!r}")
            assert to_text(command) == ("threshold", f"{name}={number!r}")


@pytest.mark.slow
def test_a_session_with_commands_replays_to_the_bit(simulated: SimulatedRun) -> None:
    """Keys pressed between packets, one connection stalled for a while: the stored session gives the same results."""
    asked = {800: ("note", "new shoes"), 1502: ("mute", "on"), 1640: ("mute", "off"), 1900: ("lap", "")}
    asked[2100] = ("zero", "")
    live = PacketPipeline(Settings())
    with Store().record("simulated", "run", Settings()) as recording:
        for n, data in enumerate(pack(simulated.samples, RATE_HZ)):
            if n in asked:
                live.command(from_text(*asked[n]))
            for command in live.take_commands():
                recording.command(command)
            late_s = 3.0 if 1700 <= n < 1740 else 0.0
            packet = Packet(data, n / 20 + late_s)
            recording.append(packet)
            live.push(packet)
    live.finish()
    session = Store().open()
    again = PacketPipeline(session.settings(), session.commands())
    for packet in session.packets():
        again.push(packet)
    again.finish()
    one, other = live.pipeline.run(), again.pipeline.run()
    assert one.strides.tobytes() == other.strides.tobytes()
    assert repr((one.findings, one.cues, one.suppressed_cues, one.commands)) == repr(
        (other.findings, other.cues, other.suppressed_cues, other.commands)
    )
    assert [command.kind for command in other.commands] == ["note", "mute", "mute", "lap", "zero"]


def test_data_that_come_late_are_not_cued(simulated: SimulatedRun) -> None:
    line = PacketPipeline(Settings())
    for n, data in enumerate(pack(simulated.samples, RATE_HZ)):
        line.push(Packet(data, n / 20 + (2.0 if n > 1400 else 0.0)))
        assert (line.age_s > 1.0) == (n > 1400)
    line.finish()
    run = line.pipeline.run()
    assert not run.cues and reasons(run) == {"stale"}


def test_a_clip_that_starts_again_is_not_late_for_ever(simulated: SimulatedRun) -> None:
    line = PacketPipeline(Settings())
    packets = pack(simulated.samples[: 10 * RATE_HZ], RATE_HZ)
    again = pack(simulated.samples[: 10 * RATE_HZ], RATE_HZ, stream_id=2)
    for n, data in enumerate(packets):
        line.push(Packet(data, n / 20))
    for n, data in enumerate(again):
        line.push(Packet(data, 60.0 + n / 20))
        assert line.age_s < 0.1
    assert line.decoder.restarts == 1
