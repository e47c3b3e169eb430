"""The live view: what it shows at each stage of a simulated run, within 80 columns.

The state comes from a real pipeline's events; the drawing is read back as text.
"""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace
from itertools import pairwise

import pytest
from rich.console import Console

from untuck.cli.views import terminal
from untuck.cli.views.json_lines import JsonView
from untuck.events import CommandTaken
from untuck.model import Packet
from untuck.motion.mount.calibration import nominal
from untuck.session.live_state import LiveState
from untuck.session.packet_pipeline import PacketPipeline
from untuck.session_commands import Mute
from untuck.simulate.packets import pack
from untuck.simulate.runner import simulate
from untuck.store import Settings
from untuck.vocabulary import RECOVERED, cued_faults, facts

RATE_HZ = 100
STAGES_S = (6.0, 19.0, 50.0, 90.0, 125.0, 150.0)


def drawn(renderable: object, columns: int = 80) -> list[str]:
    console = Console(width=columns, file=io.StringIO(), force_terminal=False)
    console.print(renderable)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.fixture(scope="module")
def stages() -> dict[float, list[str]]:
    """The view as it was drawn when sensor time passed each stage."""
    packets, state = PacketPipeline(Settings()), LiveState()
    seen: dict[float, list[str]] = {}
    for data in pack(simulate().samples, RATE_HZ):
        for event in packets.push(Packet(data, 0.0)):
            state.take(event)
        due = [stage for stage in STAGES_S if stage not in seen and packets.last_s >= stage]
        for stage in due:
            seen[stage] = drawn(terminal.drawing(state, "simulated runner", terminal.Reception(), []))
    seen[STAGES_S[-1]] = drawn(terminal.drawing(state, "simulated runner", terminal.Reception(), []))
    return seen


def test_the_view_keeps_to_80_columns_and_does_not_jump(stages: dict[float, list[str]]) -> None:
    assert all(max(map(len, lines)) <= 80 for lines in stages.values())
    assert all(abs(len(one) - len(other)) <= 3 for one, other in pairwise(stages.values()))


def test_the_view_shows_the_next_step_and_the_findings(stages: dict[float, list[str]]) -> None:
    text = {stage: " ".join(" ".join(lines).replace("│", " ").split()) for stage, lines in stages.items()}
    assert "standing: stand still for 5 s, then hinge three times" in text[6.0]
    assert "standing: run" in text[19.0]
    assert "running: run in good form: baseline" in text[50.0] and "of 60 strides" in text[50.0]
    assert "deg pullback left" in text[90.0]
    assert "found: tuck since" in text[90.0] and "tuck (low double tone)" in text[90.0]
    assert "found: right pullback since" in text[125.0] and "ended: tuck" in text[125.0]
    assert "ended: right pullback" in text[150.0] and "recovered (rising chime)" in text[150.0]
    assert all("receiving" in each for each in text.values())


@pytest.mark.parametrize("columns", [40, 20])
def test_a_small_terminal_gets_what_matters(columns: int) -> None:
    packets, state = PacketPipeline(Settings()), LiveState()
    texts, next_s = set(), 0.0
    for data in pack(simulate().samples, RATE_HZ):
        for event in packets.push(Packet(data, 0.0)):
            state.take(event)
        if packets.last_s >= next_s:
            next_s = packets.last_s + 5.0
            shown = terminal.small_drawing(state, "it", terminal.Reception(), ["a long note " * 9], width=columns)
            lines = drawn(shown, columns)
            assert len(lines) <= terminal.SMALL_ROWS and max(map(len, lines)) <= columns
            texts |= {line[:12].strip() for line in lines}
    assert {"found: tuck", "found: right", "recovered (r", "receiving, d"} <= texts


def test_a_narrow_terminal_gets_a_narrow_view() -> None:
    lines = drawn(terminal.drawing(LiveState(), "simulated runner", terminal.Reception(), [], width=50), columns=50)
    assert max(map(len, lines)) == 50 and any("stand still" in line for line in lines)


@pytest.mark.parametrize(
    ("against_deg", "cell"), [(0.0, 24), (-3.4, 17), (2.0, 28), (-8.0, 8), (-99.0, 0), (99.0, 48), (math.nan, -1)]
)
def test_the_mark_is_at_the_tilt(against_deg: float, cell: int) -> None:
    bar = drawn(terminal.tilt_bar(against_deg, 3.5))[0]
    assert bar.find("█") == cell
    assert set(bar[17:32]) <= set("░│█") and set(bar[:17] + bar[32:49]) <= set("·█")


def test_a_silent_clip_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    signal = terminal.Reception()
    packets = PacketPipeline(Settings())
    packets.decoder.lost, packets.decoder.corrupt = 3, 1
    signal.update(packets)
    assert drawn(signal) == ["receiving, data 0.0 s late, 3 packets lost, 1 damaged"]
    both = PacketPipeline(Settings(trunk=True))
    assert both.trunk_decoder is not None
    both.trunk_decoder.lost = 2
    signal.update(both)
    assert drawn(signal) == ["receiving, data 0.0 s late, upper back: 2 lost"]
    later_s = terminal.time.monotonic() + 7.2
    monkeypatch.setattr(terminal.time, "monotonic", lambda: later_s)
    assert drawn(signal) == ["no data for 7 s"]


def test_every_cue_that_sounds_has_words() -> None:
    from untuck.sound.tones import has_sound

    sounds = (*cued_faults(), RECOVERED)
    assert all(facts(fault).sound_words for fault in sounds) and all(map(has_sound, sounds))


def test_lines_for_other_programs_are_json(stages: dict[float, list[str]]) -> None:
    lines: list[str] = []
    view, packets = JsonView(lines.append, LiveState()), PacketPipeline(Settings())
    for data in pack(simulate().samples, RATE_HZ)[: 60 * 20]:
        view.show(packets.push(Packet(data, 0.0)), packets)
    view.say("stopped")
    events = [json.loads(each, parse_constant=lambda name: pytest.fail(f"{name} is no JSON")) for each in lines]
    assert {"signal", "still", "calibrated", "state", "contact", "stride", "note"} <= {each["event"] for each in events}
    stride = next(each["value"] for each in events if each["event"] == "stride")
    assert stride["valid"] in (True, False) and stride["cadence_spm"] > 100


def test_keys_and_a_saved_profile_are_shown() -> None:
    from untuck.cli.views.keys import HELP

    state = LiveState()
    state.begin(replace(nominal(), source="stand+hinges"), None)
    state.take(CommandTaken(5.0, Mute(True)))
    text = " ".join(drawn(terminal.drawing(state, "clip", terminal.Reception(), [], keys=HELP)))
    assert "q finish" in text and "cues are off" in text and "standing: run" in text
