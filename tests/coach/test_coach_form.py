"""Banner, big number, colour and advice say the same at every stride: they follow from one value."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

pytest.importorskip("PySide6.QtWidgets", reason="Qt's system libraries are missing", exc_type=ImportError)
from pytestqt.qtbot import QtBot
from tests.coach import scenes
from tests.coach.window_actions import opened

from untuck.coach.form_state import Form, form_of
from untuck.coach.readings import Reading, StateLabel, main_reading, state_label
from untuck.coach.runner_data import RunnerData
from untuck.coach.session_feed import Feed
from untuck.coach.sessions import CoachView
from untuck.model import LEFT, RIGHT, Packet
from untuck.session.live_state import LiveState
from untuck.session.packet_pipeline import PacketPipeline
from untuck.simulate.packets import pack
from untuck.simulate.runner import simulate
from untuck.simulate.scenario import HINGE_S, Phase, Scenario
from untuck.store import Settings
from untuck.vocabulary import FAULTS, facts

RUN = (
    Phase("stand", 7.0),
    *[Phase("hinge", HINGE_S)] * 3,
    Phase("stand", 2.5),
    Phase("run", 60.0),
    Phase("run", 20.0, tuck_deg=7.0),
    Phase("run", 15.0),
    Phase("run", 20.0, pullback_deg=5.0, side=LEFT),
    Phase("run", 15.0),
    Phase("run", 20.0, pullback_deg=5.0, side=RIGHT),
    Phase("run", 12.0),
    Phase("run", 15.0, turn_deg_s=25.0),
    Phase("run", 10.0, tuck_deg=2.5),
    Phase("stand", 5.0),
)


@cache
def moments() -> tuple[tuple[Form, StateLabel, Reading, str, int], ...]:
    """Form, banner and number after each stride of a run with faults that come and go."""
    return tuple(_moments())


def _moments() -> Iterator[tuple[Form, StateLabel, Reading, str, int]]:
    packets, feed, runner = PacketPipeline(Settings()), Feed(), RunnerData("Ada")
    view = CoachView(LiveState(), feed)
    strides = 0
    for number, data in enumerate(pack(simulate(Scenario(RUN), 3, 100).samples, 100)):
        view.show(packets.push(Packet(data, number * 0.05)), packets)
        runner.take(feed.take())
        runner.heard_s = 0.0
        if runner.stride_count > strides and runner.state(0.0) == "running":
            strides = runner.stride_count
            state = form_of(runner)
            yield state.form, state_label(runner, 0.0), main_reading(runner, 0.0), state.fault, state.side


def test_number_and_colour_never_contradict_the_banner() -> None:
    """Seen: "TUCK ... in the band", and "-3.0 deg" in orange over "GOOD FORM"."""
    for form, label, reading, fault, side in moments():
        assert (reading.colour == "fault") == (label.colour == "fault") == (form is Form.FAULT)
        assert (reading.colour == "good") == (label.colour == "good") == (label.word == "GOOD FORM")
        assert "nan" not in f"{label} {reading}".lower()
        if form in (Form.NOT_JUDGED, Form.NO_BASELINE):
            assert reading.below == "above standing"
        elif fault == "pullback":
            assert reading.caption == f"{'Left' if side < 0 else 'Right'} pullback"
        elif form is Form.FAULT:
            assert reading.caption == "Tilt against baseline" and float(reading.value.rstrip("°")) < -1.0


def test_advice_ends_when_it_is_followed() -> None:
    advice = {facts(fault).advice for fault in FAULTS}
    for form, label, _, _, _ in moments():
        assert (label.text in advice) == (form is Form.FAULT)


def test_every_state_occurs_and_a_fault_eases_before_it_ends() -> None:
    seen = [form for form, *_ in moments()]
    assert set(seen) == set(Form)
    ends = [at for at in range(1, len(seen)) if seen[at] is Form.GOOD and seen[at - 1] is not Form.GOOD]
    after_faults = [at for at in ends if Form.FAULT in seen[max(0, at - 12) : at]]
    assert len(after_faults) >= 3 and all(seen[at - 1] in (Form.EASING, Form.CHANGING) for at in after_faults)


@pytest.mark.parametrize(("size", "least_px"), [((1200, 700), 28), ((1920, 1080), 40)], ids=str)
@pytest.mark.parametrize("until_s", [scenes.GOOD_S, scenes.TUCK_S, scenes.PULLBACK_S])
def test_state_and_advice_are_readable_from_three_metres(
    qtbot: QtBot, control: scenes.SceneControl, size: tuple[int, int], least_px: int, until_s: float
) -> None:
    control.slot("Ada", 0, until_s)
    window = opened(qtbot, control, size=size)
    window.grab()
    box = window.state_box
    assert min(box.word_font.pixelSize(), box.text_font.pixelSize()) >= least_px
