"""What the page shows: one state a stride, the coach's words, and every number in its place."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from phone.scenes import clip, screens
from untuck.coach.coach_view import CoachView
from untuck.coach.readings import main_reading, state_label
from untuck.coach.runner_data import RunnerData
from untuck.coach.session_feed import Feed
from untuck.model import Packet
from untuck.phone.app import screen as screen_module
from untuck.phone.app.screen import PhoneScreen
from untuck.phone.site.page_files import FOLDER
from untuck.session.form_state import State
from untuck.session.form_words import LOOKS
from untuck.session.live_state import LiveState
from untuck.session.packet_pipeline import PacketPipeline
from untuck.session.themes import THEMES, contrast
from untuck.simulate.packets import pack
from untuck.simulate.runner import simulate
from untuck.store.session import Settings

from .scenes import RUN

FORM = {State.GOOD.name, State.CHECKING.name, State.FAULT.name, State.COMING_BACK.name}


def test_every_state_of_a_run_is_seen_and_each_looks_like_its_own() -> None:
    values = screens()
    seen = {value["state"] for value in values}
    assert seen >= {"CALIBRATING", "BASELINE", "GOOD", "FAULT", "COMING_BACK", "NOT_JUDGED", "STANDING"}
    for value in values:
        look = LOOKS[State[value["state"]]]
        assert (value["symbol"], value["colour"]) == (look.symbol, look.colour)
        assert value["word"] and value["text"] and value["word"].isupper()
        assert (value["gauge"] is not None) == (value["state"] in FORM)
        assert "nan" not in str(value).lower() and "inf" not in str(value["number"])


def test_it_says_what_the_coachs_window_says() -> None:
    packets, feed, runner = PacketPipeline(Settings()), Feed(), RunnerData("Ada")
    view, screen = CoachView(LiveState(), feed), PhoneScreen(clip(), packets)
    compared = 0
    for number, data in enumerate(pack(simulate(RUN, seed=3).samples, 100)):
        events = packets.push(Packet(data, number * 0.05))
        view.show(events, packets)
        screen.show(events, packets)
        runner.take(feed.take())
        label, value = state_label(runner, runner.heard_s), screen.value()
        if not events or label.state in (State.CALIBRATING, State.STANDING, State.WALKING):
            continue
        compared += 1
        assert (label.symbol, label.word, label.text, label.colour) == tuple(
            value[name] for name in ("symbol", "word", "text", "colour")
        )
        if value["state"] in FORM:
            reading = main_reading(runner, label)
            assert value["number"]["value"] == reading.value
            assert value["number"]["caption"].lower() == reading.caption.lower()
    assert compared > 150


def test_the_last_cue_is_shown_for_a_while() -> None:
    cues = [value["cue"] for value in screens()]
    assert cues[0] == "" and any(text.startswith("tuck, 0:0") for text in cues)
    assert any("pullback" in text for text in cues)


def test_data_that_stop_are_old_then_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [100.0]
    monkeypatch.setattr(screen_module.time, "monotonic", lambda: now_s[0])
    packets = PacketPipeline(Settings())
    screen = PhoneScreen(clip(None), packets)
    assert screen.value()["state"] == "WAITING" and screen.value()["data"] == "no packet yet"
    first = pack(simulate(RUN, seed=3).samples[:40], 100)[0]
    screen.show(packets.push(Packet(first, 0.0)), packets)
    assert (screen.value()["data"], screen.value()["battery"]) == ("live", "")
    now_s[0] += 2.0
    assert (screen.value()["state"], screen.value()["data"]) != ("NO_DATA", "live")
    now_s[0] += 2.0
    assert (screen.value()["state"], screen.value()["data"]) == ("NO_DATA", "4 s old")


def test_data_that_come_too_late_for_cues_are_said_to_be_late() -> None:
    packets = PacketPipeline(Settings())
    screen = PhoneScreen(clip(None), packets)
    for number, data in enumerate(pack(simulate(RUN, seed=3).samples[:400], 100)):
        screen.show(packets.push(Packet(data, number * 0.05 + (1.2 if number >= 60 else 0.0))), packets)
        assert screen.value()["data"] == ("1.2 s late" if number >= 60 else "live")


def test_traces_hold_the_last_seconds_and_strides() -> None:
    for before, value in pairwise(screen["traces"] for screen in screens()):
        assert len(value["time"]) == len(value["tilt"]) <= 602
        assert len(value["strides"]) <= 60 and len(value["strides"]) - len(before["strides"]) <= 1
    assert value["time"][-1] == 0.0 and -60.1 < value["time"][0] < -59.0
    assert any(not judged for _, judged in value["strides"])
    known = [deg for screen in screens() for deg, _ in screen["traces"]["strides"][-1:] if deg is not None]
    assert min(known) < -3.0 < 0.0 < max(known)


def test_coach_mode_takes_effect_during_a_run() -> None:
    """The strides before are there at once; the trace begins, and goes on after a pause without old lines."""
    packets = PacketPipeline(Settings())
    screen = PhoneScreen(clip(), packets)
    seen = []
    for number, data in enumerate(pack(simulate(RUN, seed=3).samples, 100)):
        screen.coach = 900 <= number < 1200 or number >= 1400
        screen.show(packets.push(Packet(data, number * 0.05)), packets)
        seen.append(screen.value()["traces"])
    assert seen[899] is None and seen[1300] is None
    assert len(seen[900]["strides"]) > 20 and -2.0 < seen[900]["time"][0] <= 0.0
    assert -60.1 < seen[-1]["time"][0] < -59.0


def test_a_notice_is_shown_for_a_while_and_one_that_is_repeated_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [100.0]
    monkeypatch.setattr(screen_module.time, "monotonic", lambda: now_s[0])
    screen = PhoneScreen(clip(), PacketPipeline(Settings()))
    screen.say("recording waits")
    screen.say("the clip is back")
    now_s[0] += 0.6 * screen_module.NOTICE_S
    screen.say("recording waits")
    assert screen.value()["notices"] == ["the clip is back", "recording waits"]
    now_s[0] += 0.6 * screen_module.NOTICE_S
    assert screen.value()["notices"] == ["recording waits"]
    now_s[0] += 0.6 * screen_module.NOTICE_S
    assert screen.value()["notices"] == []


def test_the_styles_colours_are_the_themes() -> None:
    text = (FOLDER / "page.css").read_text()
    for name, theme in THEMES.items():
        block = re.search(rf'\[data-theme="{name}"\] \{{(.*?)\}}', text, re.DOTALL)
        assert block is not None
        found = dict(re.findall(r"--([\w-]+): (#\w{6})", block[1]))
        for role, colour in found.items():
            base = role.removeprefix("on-")
            expected = theme.on(getattr(theme, base)) if role.startswith("on-") else getattr(theme, role)
            assert colour == expected, f"{name}: {role}"
            if role.startswith("on-"):
                assert contrast(colour, getattr(theme, base)) >= 4.5


def test_no_html_is_made_of_text() -> None:
    for path in Path(FOLDER).glob("*.mjs"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", path.read_text()), path
