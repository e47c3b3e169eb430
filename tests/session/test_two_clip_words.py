"""What runner and coach see and hear with a second clip: a simulated pair through the pipeline, words and sounds."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from untuck.cli.views import terminal
from untuck.cli.views.plain import PlainView, describe
from untuck.events import Event, FindingChanged, MovingChanged, StrideMeasured, TrunkChanged
from untuck.motion.pipeline import Pipeline
from untuck.samples import Samples
from untuck.session import connection_watch
from untuck.session.form_state import FormTracker, State, state_of
from untuck.session.form_words import labelled, state_text
from untuck.session.guidance import Guide
from untuck.session.live import SessionHooks, run_session
from untuck.session.live_state import SWAPPED, LiveState
from untuck.session.packet_loop import Buzz
from untuck.session.voice import Voice
from untuck.simulate.runner import Phase, Scenario
from untuck.simulate.source import RunnerSource
from untuck.simulate.trunk import SimulatedPair, simulate_pair
from untuck.sound.mixer import Mixer
from untuck.store import Settings
from untuck.store.config import SoundConfig
from untuck.vocabulary import Role

CHUNK_S = 0.05
BEFORE = (Phase("stand", 7), Phase("hinge", 10.5), Phase("stand", 7), Phase("run", 56))
FAULTY = (
    *(Phase("run", 24, tuck_deg=-6.0), Phase("run", 20)),  # arch
    *(Phase("run", 24, lean_deg=-6.0), Phase("run", 20)),  # lean lost
    *(Phase("run", 24, tuck_deg=4.0, lean_deg=4.0), Phase("stand", 3)),  # bent
)
GAP = (150.0, 6.0)  # while lean is lost


@dataclass(frozen=True)
class Moment:
    """A chunk of a session. shown: word, text and line of the second clip; said: phrases; drawn: in the terminal."""

    time_s: float
    events: tuple[Event, ...]
    state: State
    shown: tuple[str, str, str]
    said: tuple[str, ...]
    drawn: str


def drawn(state: LiveState) -> str:
    console = Console(width=80, file=io.StringIO(), force_terminal=False)
    console.print(terminal.drawing(state, "two clips", "", []))
    assert isinstance(console.file, io.StringIO)
    return " ".join(console.file.getvalue().replace("│", " ").split())


def followed(pelvis: Samples, trunk: Samples) -> list[Moment]:
    """A session with two clips, chunk by chunk, as the live views follow it."""
    pipeline, state, form = Pipeline(trunk=True), LiveState(), FormTracker()
    state.begin(pipeline.calibration, pipeline.baseline, pipeline.trunk_calibration)
    guide = Guide(pipeline.params, None, None)
    clips = {Role.TRUNK: trunk, Role.PELVIS: pelvis}
    at = dict.fromkeys(clips, 0)
    moments = []
    for time_s in np.arange(CHUNK_S, float(pelvis.time_s[-1]), CHUNK_S):
        events: list[Event] = []
        for role, samples in clips.items():
            end = int(np.searchsorted(samples.time_s, time_s))
            events += pipeline.push(samples[at[role] : end], role) if end > at[role] else []
            at[role] = end
        said: list[str] = []
        for event in events:
            state.take(event)
            said += guide.take(event)
            match event:
                case StrideMeasured(stride=stride):
                    form.stride(stride)
                case MovingChanged():
                    form.restart()
                case FindingChanged(finding=finding):
                    form.finding(finding)
                case _:
                    pass
        state.take_progress(pipeline.progress)
        form.progress(pipeline.progress, pipeline.baseline is not None)
        verdict = form.verdict(state.params)
        kind = state_of(state.moving, state.calibrating, verdict)
        label = labelled(kind, verdict, state_text(kind, verdict, state.ask()))
        shown = label.word, label.text, state.trunk_problem
        moments.append(Moment(time_s, tuple(events), kind, shown, tuple(said), drawn(state) if events else ""))
    return moments


def pair_of(*phases: Phase, gaps: Sequence[tuple[float, float]] = ()) -> SimulatedPair:
    return simulate_pair(Scenario((*BEFORE, *phases)), seed=5, gaps=gaps)


@cache
def session() -> list[Moment]:
    pair = pair_of(*FAULTY, gaps=(GAP,))
    return followed(pair.pelvis.samples, pair.trunk)


def said(moments: list[Moment]) -> list[str]:
    return [phrase for moment in moments for phrase in moment.said]


def events_of(moments: list[Moment], kind: str) -> list[Event]:
    return [event for moment in moments for event in moment.events if event.kind == kind]


def lines(moments: list[Moment]) -> list[str]:
    return [text for moment in moments for event in moment.events if (text := describe(event))]


def test_each_fault_has_its_word_and_its_advice() -> None:
    faults = {moment.shown[:2] for moment in session() if moment.state == State.FAULT}
    assert {
        ("ARCH", "grow tall: the lower back is arched"),
        ("LEAN LOST", "lean from the ankles"),
        ("LEAN LOST +1", "lean from the ankles"),  # which also arches the back: the advice of the lean goes first
        ("BENT", "grow tall, and let the belt tip forward"),
    } <= faults
    assert {word.split(" +")[0] for word, _ in faults} == {"ARCH", "LEAN LOST", "BENT"}
    assert any("TRUNK LEAN" in moment.drawn.upper() and ", lumbar " in moment.drawn for moment in session())


def test_what_may_become_a_finding_is_named_first() -> None:
    texts = [moment.shown[1] for moment in session() if moment.state == State.CHECKING]
    assert "arch? It counts if it lasts" in texts  # lean is lost within fewer strides than decide
    assert not any("over-tip" in text for text in texts)


def test_each_fault_is_cued_with_a_sound_of_its_own() -> None:
    cues = [event.value.fault for event in events_of(session(), "cue")]
    assert [fault for fault in dict.fromkeys(cues) if fault != "recovered"] == ["arch", "upright", "bent"]
    mixer, heard = Mixer(), set()
    for fault in ("arch", "upright", "bent"):
        mixer.play(fault, 0)
        assert not mixer.idle
        heard.add(mixer.read(48_000).tobytes())
    assert len(heard) == 3
    assert "cue: arch (fast high trill)" in lines(session())


def test_without_samples_it_says_no_trunk_at_once_and_names_what_ends() -> None:
    begins, ends = GAP[0], sum(GAP)
    changes = [event for moment in session() for event in moment.events if isinstance(event, TrunkChanged)]
    assert [event.present for event in changes] == [True, False, True]
    lost = next(moment for moment in session() if any(event is changes[1] for event in moment.events))
    assert begins < lost.time_s < begins + 0.5 + 2 * CHUNK_S  # merging waits for 0.5 s at most
    assert lost.shown[2].startswith("no trunk") and "check the second clip" in lost.drawn
    during = [moment for moment in session() if lost.time_s <= moment.time_s < ends]
    assert all(moment.shown[2].startswith("no trunk") for moment in during)
    assert not events_of(during, "cue")
    ended = [line.split(",")[0] for line in lines(during) if line.startswith("ended")]
    assert sorted(ended) == ["ended: arch", "ended: lean lost"]
    assert not next(moment for moment in session() if moment.time_s > ends + 3.0).shown[2]


def test_the_runner_is_sent_off_with_the_quality_of_both() -> None:
    assert said(session()) == ["hinge", "calibrated", "baseline", "baseline taken"]
    standing = [moment.shown[1] for moment in session() if moment.state == State.STANDING]
    assert any("deg (belt) and " in text and text.endswith("deg (upper back)") for text in standing)
    assert any(line.startswith("upper back calibrated from stand+hinges, within about") for line in lines(session()))


def test_the_clip_that_saw_no_hinges_is_named() -> None:
    pelvis = pair_of(Phase("stand", 1)).pelvis.samples
    still = simulate_pair(Scenario((Phase("stand", 24.5),)), seed=6).trunk
    moments = [each for each in followed(pelvis[:2450], still) if each.time_s < 24.0]
    assert said(moments) == ["hinge", "hinge trunk"]
    last = moments[-1]
    assert last.state == State.CALIBRATING
    assert last.shown[1].endswith("upper back 0 of 3; keep the back straight")


def test_hinges_with_a_round_back_are_repeated() -> None:
    twice = (Phase("stand", 7), Phase("hinge", 10.5)) * 2
    pair = simulate_pair(Scenario((*twice, Phase("stand", 8), Phase("run", 8))), seed=5, hinge_share=1.8)
    moments = followed(pair.pelvis.samples, pair.trunk)
    assert said(moments) == ["hinge", "hinge straight"] * 2 + ["hinge"]
    assert sum("the spine bent" in line for line in lines(moments)) >= 1
    before = [moment for moment in moments if moment.time_s < 42.0]
    assert before[-1].state == State.CALIBRATING
    strides = [event.value for event in events_of(moments, "stride")]
    assert strides and not strides[-1]["trunk_reason"], "what was found is used"


def test_swapped_clips_are_said_with_the_remedy() -> None:
    pair = simulate_pair(Scenario(BEFORE), seed=5)
    moments = followed(pair.trunk, pair.pelvis.samples)
    assert said(moments).count("swapped") == 1 and lines(moments).count(SWAPPED) == 1
    after = [moment for moment in moments if "swapped" in moment.said or moment is moments[-1]]
    assert all(moment.shown[2] == SWAPPED for moment in after)
    assert "swapped" not in said(session())


def test_nothing_asks_an_arched_back_to_tip_forward() -> None:
    pair = pair_of(Phase("run", 30, tuck_deg=4.5, lean_deg=-11.0), Phase("stand", 3))
    moments = followed(pair.pelvis.samples, pair.trunk)
    found = {event.value.fault for event in events_of(moments, "finding")}
    assert {"tuck", "arch"} <= found
    assert "tuck" not in {event.value.fault for event in events_of(moments, "cue")}
    both = False
    lasting: set[str] = set()
    for moment in moments:
        for event in events_of([moment], "finding"):
            (lasting.add if event.value.active else lasting.discard)(event.value.fault)
        both = both or {"tuck", "arch"} <= lasting
        if "arch" in lasting:
            assert "belt tip forward" not in moment.shown[1]
    assert both


def test_with_one_clip_the_words_are_those_of_the_pelvis() -> None:
    state = LiveState()
    assert "Pelvic lean" in drawn(state) and "runk" not in drawn(state) and state.trunk_problem == ""


@pytest.mark.parametrize("columns", [40, 64])
def test_a_small_terminal_says_no_trunk(columns: int) -> None:
    state = LiveState()
    state.take(TrunkChanged(1.0, True))
    state.take(TrunkChanged(2.0, False))
    console = Console(width=columns, file=io.StringIO(), force_terminal=False)
    console.print(terminal.small_drawing(state, "two clips", "", [], width=columns))
    assert isinstance(console.file, io.StringIO)
    assert ("no trunk" in console.file.getvalue()) == (columns >= 40)


class Ears:
    """What the runner hears, as the voice's output."""

    backend = "ears"

    def __init__(self) -> None:
        self.heard: list[str] = []

    def play(self, fault: str, side: int) -> bool:
        self.heard.append(f"{fault} {side:+d}" if side else fault)
        return True

    def say(self, phrase: str) -> bool:
        self.heard.append(f"say {phrase}")
        return True

    def hum(self, beyond_deg: float) -> None:
        pass

    def wait(self, timeout_s: float = 2.0) -> None:
        pass

    def close(self) -> None:
        pass


async def test_a_session_with_two_clips_is_heard_from_standing_to_the_end() -> None:
    ears, written = Ears(), list[str]()

    def make_voice(say: Callable[[str], None], sound: SoundConfig, guide: Guide | None, buzz: Buzz | None) -> Voice:
        return Voice(say, sound, guide, buzz, make_output=lambda *_: ears)

    source = RunnerSource(seed=0, realtime=False, clips=2)
    hooks = SessionHooks(guided=True, make_voice=make_voice)
    view = PlainView(written.append, LiveState())
    outcome = await run_session(source, Settings(rate_hz=100, trunk=True), view, hooks=hooks)
    assert outcome.failure is None
    before = ["say stand", "say hinge", "say calibrated", "say baseline", "say baseline taken"]
    assert ears.heard[:5] == before and ears.heard[-1] == "say finished"
    first = dict.fromkeys(each for each in ears.heard[5:-1] if not each.startswith(("say", "recovered")))
    assert list(first) == ["tuck", "arch", "bent", "upright", "pullback +1"]
    arched = [finding for finding in outcome.summary.findings if finding.fault == "arch"]
    tucks = [cue for cue in outcome.summary.cues if cue.fault == "tuck"]
    assert arched and not any(each.start_s <= cue.time_s <= each.end_s for each in arched for cue in tucks)
    assert any(" deg, lean " in line for line in written) and not any("no trunk" in line for line in written)


async def test_a_trunk_that_falls_silent_is_spoken_once_and_its_return_too() -> None:
    said: list[tuple[str, str]] = []

    class Both:
        def say(self, text: str) -> None:
            said.append(("shown", text))

        def speak(self, phrase: str) -> None:
            said.append(("spoken", phrase))

    packets = SimpleNamespace(
        decoder=SimpleNamespace(packets=0, low_battery=False),
        trunk_decoder=SimpleNamespace(low_battery=False),
        pipeline=SimpleNamespace(trunk_present=False),
    )
    watching = connection_watch._TrunkWatch()
    looks = round(connection_watch.NO_DATA_S / connection_watch.CHECK_EVERY_S)
    for present, count in ((True, 3), (False, looks), (False, 1), (False, 40), (True, 2), (False, 3), (True, 1)):
        packets.pipeline.trunk_present = present
        for _ in range(count):
            watching.look(packets, Both(), Both())  # type: ignore[arg-type]
    assert [word for how, word in said if how == "spoken"] == ["no trunk", "trunk again"]
    assert said[0] == ("shown", "no data from the clip on the upper back for 3 s: lean is not measured")
    packets.trunk_decoder = None
    watching.look(packets, Both(), Both())  # type: ignore[arg-type]
    assert len(said) == 4
