"""Box, big number, colour and advice of the window agree with each other and with the judge, stride by stride."""

from __future__ import annotations

import math
from collections import deque
from itertools import pairwise
from statistics import median

import hypothesis
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from untuck.coach import review
from untuck.coach.coach_view import CoachView
from untuck.coach.readings import Reading, main_reading, state_label
from untuck.coach.runner_data import RunnerData
from untuck.coach.session_feed import Feed
from untuck.events import MovingChanged, StrideMeasured
from untuck.model import Packet
from untuck.report.numbers import UNKNOWN
from untuck.session.form_state import UNJUDGED_STRIDES, State
from untuck.session.form_words import LOOKS, StateLabel
from untuck.session.live_state import LiveState
from untuck.session.packet_pipeline import PacketPipeline
from untuck.simulate.packets import pack
from untuck.simulate.runner import Phase, Scenario, simulate
from untuck.store import Settings
from untuck.vocabulary import FAULTS, NOT_JUDGED_WORDS, Fault, NotJudged, facts, named, not_judged_advice

STANDING = (Phase("stand", 7.0), *[Phase("hinge", 3.5)] * 3, Phase("stand", 2.5))
FAULTS_COMING_AND_GOING = (
    *STANDING,
    Phase("run", 50.0),
    Phase("run", 14.0, tuck_deg=7.0),
    Phase("run", 12.0, tuck_deg=3.5),  # follows the advice half way
    Phase("run", 12.0),
    Phase("run", 14.0, pullback_deg=5.0, side=-1),
    Phase("run", 10.0),
    Phase("run", 8.0, turn_deg_s=40.0),  # a bend: not judged
    Phase("run", 12.0, tuck_deg=6.0, pullback_deg=5.0),
    Phase("run", 8.0, tuck_deg=6.0, turn_deg_s=40.0),  # a tuck into a bend
    Phase("run", 12.0, swing=0.4),
    Phase("stand", 4.0),
    Phase("run", 15.0),
    Phase("run", 12.0, tuck_deg=-8.0),  # tipped over
    Phase("run", 8.0),
)


class Watched:
    """A session packet by packet; `strides` holds what the window says after each one, beside the judge's results."""

    def __init__(self, scenario: Scenario, seed: int = 0) -> None:
        packets, feed, self.runner = PacketPipeline(Settings()), Feed(), RunnerData("Ada")
        view = CoachView(LiveState(), feed)
        self.labels: list[StateLabel] = []
        self.seen: set[State] = set()
        self._below: deque[float] = deque(maxlen=packets.pipeline.params.tuck_strides)
        self._unjudged = 0
        for number, data in enumerate(pack(simulate(scenario, seed=seed).samples, 100)):
            events = packets.push(Packet(data, number * 0.05))
            view.show(events, packets)
            self.runner.take(feed.take())
            strides = [event.stride for event in events if isinstance(event, StrideMeasured)]
            if any(isinstance(event, MovingChanged) for event in events):
                self._below.clear()
                self._unjudged = 0
            for stride in strides[-1:]:
                self._check(stride, packets)

    def _check(self, stride: np.void, packets: PacketPipeline) -> None:
        label = state_label(self.runner, self.runner.heard_s)
        number = main_reading(self.runner, label)
        judged = bool(stride["valid"]) and not stride["reason"]
        self._unjudged = 0 if judged else self._unjudged + 1
        if judged:
            self._below.append(float(stride["tilt_usual_deg"] - stride["tilt_deg"]))
        elif self._unjudged == packets.pipeline.params.forget_strides:  # the judge starts again too
            self._below.clear()
        if label.state in (State.STANDING, State.WALKING):  # the stride before the stop
            return
        self.seen.add(label.state)
        self.labels.append(label)
        progress = packets.pipeline.progress
        findings = {finding.id: finding for finding in progress.active}
        easing = dict(zip(findings, progress.easing, strict=True))
        now = dict(zip(findings, progress.now_deg, strict=True))
        check_look(label, number)
        verdict = self.runner.verdict
        if label.state in (State.FAULT, State.COMING_BACK):
            (shown,) = (f for f in findings.values() if (f.fault, f.side) == (verdict.fault, verdict.side))
            assert easing[shown.id] == (label.state == State.COMING_BACK)
            assert label.state == State.FAULT or all(easing.values())
            assert self._unjudged < UNJUDGED_STRIDES
            check_number(number, str(shown.fault), shown.side, now[shown.id], stride if judged else None)
        elif label.state == State.GOOD:
            assert judged and not findings
            assert number.value == f"{-median(self._below):+.1f}°"
            assert -median(self._below) > -float(stride["tuck_least_deg"])
            for side in ("left", "right"):
                assert not stride[f"pullback_{side}_deg"] >= stride["pullback_least_deg"]
        elif label.state == State.CHECKING:
            assert judged and not findings
        else:
            assert label.state in (State.NOT_JUDGED, State.BASELINE)
            assert not judged and (not findings or self._unjudged >= UNJUDGED_STRIDES)
            assert number.caption == "Tilt" and "not judged" in f"{label.word} {label.text}".lower()


def check_look(label: StateLabel, number: Reading) -> None:
    """Colours are those of the state, advice is given in a fault only, and nothing unknown is shown as NaN."""
    look = LOOKS[label.state]
    assert (label.symbol, label.colour, number.colour) == (look.symbol, look.colour, look.number)
    given = {row.advice for row in FAULTS.values() if row.advice and row.advice in label.text}
    assert bool(given) == (label.state == State.FAULT)
    assert label.state in (State.FAULT,) or ("TUCK" not in label.word and "PULLBACK" not in label.word)
    assert "nan" not in f"{label.text} {number.value} {number.below}".lower()
    assert (number.colour == "fault") == (label.colour == "fault") and (number.colour == "good") == (
        label.word == "GOOD FORM"
    )


def check_number(number: Reading, fault: str, side: int, now_deg: float, stride: np.void | None) -> None:
    """The number is that of the finding; of a pullback the stride's own measure of that side."""
    if fault in (Fault.TUCK, Fault.ARCH):
        assert number.caption == "Tilt against usual"
        if fault == Fault.TUCK:
            assert number.value == f"{-now_deg:+.1f}°"
        assert number.colour != "fault" or number.value.startswith("-" if fault == Fault.TUCK else "+")
    elif facts(fault).degrees:
        assert number.caption.lower() == named(fault, side)
        assert number.value == f"{now_deg:.1f}°"
        if fault == Fault.PULLBACK and stride is not None:
            assert now_deg == pytest.approx(float(stride["pullback_left_deg" if side < 0 else "pullback_right_deg"]))
    else:
        assert number.caption == "Hip rotation" and number.value.startswith("-")


@pytest.fixture(scope="module")
def watched() -> Watched:
    return Watched(Scenario(FAULTS_COMING_AND_GOING))


def test_everything_agrees_on_every_stride_while_faults_come_and_go(watched: Watched) -> None:
    assert len(watched.labels) > 200
    wanted = {State.NOT_JUDGED, State.BASELINE, State.GOOD, State.FAULT, State.COMING_BACK}
    assert wanted <= watched.seen
    words = {label.word for label in watched.labels if label.state == State.FAULT}
    assert {"TUCK", "LEFT PULLBACK", "RIGID", "OVER-TIP"} <= {word.partition(" +")[0] for word in words}


def test_advice_ends_when_it_is_followed(watched: Watched) -> None:
    states = [label.state for label in watched.labels]
    for number, (before, after) in enumerate(pairwise(states)):
        if (before, after) == (State.FAULT, State.GOOD):
            pytest.fail(f"stride {number}: from a fault to good form without coming back")
    assert (State.FAULT, State.COMING_BACK) in set(pairwise(states))


@settings(max_examples=3, deadline=None, phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate))  # each is slow
@given(
    st.integers(0, 5),
    st.lists(
        st.builds(
            Phase,
            st.just("run"),
            st.floats(5.0, 14.0),
            tuck_deg=st.sampled_from([0.0, 3.0, 5.0, 8.0]),
            pullback_deg=st.sampled_from([0.0, 3.0, 6.0]),
            side=st.sampled_from([-1, 1]),
            swing=st.sampled_from([1.0, 1.0, 0.4]),
            turn_deg_s=st.sampled_from([0.0, 0.0, 40.0]),
        ),
        min_size=3,
        max_size=6,
    ),
)
def test_everything_agrees_in_any_order_of_faults(seed: int, phases: list[Phase]) -> None:
    assert Watched(Scenario((*STANDING, Phase("run", 50.0), *phases)), seed).labels


def test_the_past_is_shown_as_it_was_judged_then(watched: Watched) -> None:
    runner = watched.runner
    rows = [row for row in runner.strides.all if review.moving_at(runner, float(row["time_s"])) == "running"]
    assert len(rows) > 200
    for row in rows[::7]:
        at_s = float(row["time_s"]) + 0.01
        label = state_label(runner, math.nan, at_s)
        number = main_reading(runner, label, at_s)
        assert label.past and label.state == State(int(row["state"]))
        assert number.colour == LOOKS[label.state].number and "nan" not in number.value
        assert not any(fact.advice and fact.advice in label.text for fact in FAULTS.values())
    assert {label.state for label in watched.labels} == {State(int(row["state"])) for row in rows}


@pytest.mark.parametrize("reason", [each for each in NOT_JUDGED_WORDS if each != NotJudged.BASELINE])
def test_a_stride_that_is_not_judged_says_why_and_what_to_do(reason: str) -> None:
    text = not_judged_advice(reason)
    assert text.startswith(NOT_JUDGED_WORDS[reason].text + "; ") and len(text) > len(NOT_JUDGED_WORDS[reason].text) + 5


def test_a_runner_without_a_stride_is_not_in_good_form() -> None:
    runner = RunnerData("Ada")
    assert runner.verdict.state in (State.NOT_JUDGED, State.BASELINE)
    label = state_label(runner, 0.0)
    assert label.word == "READY" and main_reading(runner, label).value == UNKNOWN
