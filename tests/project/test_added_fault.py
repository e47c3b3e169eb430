"""A fault that nobody has built: one more row in the table and one more rule, and everything carries it.

The row and the rule exist only in this test. The demo finds the fault and cues it; then every view, sound, report and
export is asked for it, in the data folder of that demo.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from untuck import vocabulary, wire
from untuck.cli.main import cli
from untuck.cli.views import plain, terminal
from untuck.events import CueDecided, CueSuppressed, FindingChanged
from untuck.model import Cue, Finding, Progress, SuppressedCue
from untuck.motion.form import detectors
from untuck.motion.form.detectors import Compared
from untuck.motion.form.latch import Latch
from untuck.motion.params import Params
from untuck.session.live_state import LiveState
from untuck.vocabulary import FaultFacts, Side

SWAY = "sway"
ROW = FaultFacts(
    name="hip sway",
    cued=True,
    advice="keep the belt level",
    sides=True,
    tone="roll",
    sound_words="soft roll",
    phrases={Side.LEFT: "Keep the left side of the belt level."},
    clip_patterns={Side.LEFT: wire.CUE_RIGID},
    colours={Side.LEFT: "left", Side.RIGHT: "right"},
)


class SwayDetector:
    """Finds sway on the left in strides 2 to 12 after the baseline, whatever they are like."""

    def __init__(self, params: Params, ids: Iterator[int]) -> None:
        self._latch = Latch(SWAY, Side.LEFT, 1, 1, ids)
        self._count = 0
        self.strides = 1

    @property
    def latches(self) -> tuple[Latch, ...]:
        return (self._latch,)

    def averages(self) -> dict[str, int]:
        return {}

    def clear(self) -> None:
        pass

    def push(self, seen: Compared) -> list[Finding | None]:
        self._count += 1
        on = 2 <= self._count <= 12
        return [self._latch.push(on, not on, 4.5, float(seen.stride.record["start_s"]), seen.now_s)]


@pytest.fixture(autouse=True)
def added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(vocabulary.FAULTS, SWAY, ROW)
    monkeypatch.setattr(detectors, "OTHERS", [*detectors.OTHERS, SwayDetector])


@pytest.fixture(scope="module")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("added-fault")


@pytest.fixture
def demo(demo_home: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The result of the demo with the fault; run once, its session stays in the data folder."""
    monkeypatch.setenv("UNTUCK_HOME", str(demo_home))
    kept = demo_home / "demo.json"
    if not kept.exists():
        kept.write_text(untuck("demo", "--fast", "--json").splitlines()[-1])
    found: dict[str, Any] = json.loads(kept.read_text())
    return found


def untuck(*arguments: str) -> str:
    """What a command prints; it must end well."""
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


def test_the_demo_finds_and_cues_it(demo: dict[str, Any]) -> None:
    (finding,) = [each for each in demo["findings"] if each["fault"] == SWAY]
    assert finding["side"] == Side.LEFT and finding["depth_deg"] == 4.5 and finding["ended"] == "corrected"
    cues = [each for each in demo["cues"] if each["fault"] == SWAY]
    assert [cue["finding_id"] for cue in cues] == [finding["id"]]
    assert {each["fault"] for each in demo["findings"]} == {SWAY, "tuck", "pullback"}  # the others as ever


@pytest.mark.usefixtures("demo")
def test_the_terminal_names_it_live_and_afterwards() -> None:
    lines = untuck("replay")
    assert "found: left hip sway since" in lines and "cue: left hip sway (soft roll)" in lines
    assert "left hip sway" in untuck("summary") and "Left hip sway once" in untuck("summary").replace("\n    ", " ")
    assert "hip sway" in untuck("sessions", "--json") or untuck("trend")  # lists name no faults, and do not fail


@pytest.mark.usefixtures("demo")
def test_page_and_paper_carry_it(tmp_path: Path) -> None:
    untuck("summary", "--html", str(tmp_path / "run.html"), "--pdf", str(tmp_path / "run.pdf"))
    page = (tmp_path / "run.html").read_text()
    assert page.lower().count("left hip sway") >= 3  # answers, legend, cues
    assert "left pullback or left hip sway" in page  # its colour is its side's
    assert (tmp_path / "run.pdf").stat().st_size > 10_000


@pytest.mark.usefixtures("demo")
def test_every_export_carries_it(tmp_path: Path) -> None:
    untuck("export", "-o", str(tmp_path))
    for table in ("findings", "cues"):
        with next(tmp_path.glob(f"*-{table}.csv")).open() as file:
            assert SWAY in [row["fault"] for row in csv.DictReader(file)], table
    for kind in ("parquet", "fit", "npz"):
        untuck("export", "--format", kind, "-o", str(tmp_path / kind))
        assert list((tmp_path / kind).iterdir())


def test_live_views_show_it() -> None:
    finding = Finding(SWAY, Side.LEFT, 60.0, nan, 4.5, 65.0, id=1)
    state = LiveState()
    cue = Cue(SWAY, Side.LEFT, 65.0, 1, 4.5)
    suppressed = SuppressedCue(SWAY, Side.RIGHT, 66.0, "cooldown", 1, 4.5)
    events = (FindingChanged(65.0, finding), CueDecided(65.0, cue), CueSuppressed(66.0, suppressed))
    for event in events:
        state.take(event)
    assert [plain.describe(event) for event in events] == [
        "found: left hip sway since 1:00, 4.5 deg",
        "cue: left hip sway (soft roll)",
        "no cue for right hip sway: cooldown",
    ]
    from rich.console import Console

    console = Console(width=78, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(terminal.drawing(state, "clip", terminal.Reception(), []))
    assert console.export_text().count("left hip sway") == 2


def test_it_is_heard_and_spoken() -> None:
    from untuck.sound.mixer import Hearing, Mixer
    from untuck.sound.phrases import cue_phrase, phrases
    from untuck.sound.tones import has_sound

    assert has_sound(SWAY) and phrases()[cue_phrase(SWAY, Side.LEFT)].startswith("Keep the left side")
    for cues in ("tones", "speech"):  # its clip is not rendered: the tone stands in
        mixer = Mixer(Hearing(cues=cues))
        mixer.play(SWAY, Side.LEFT)
        assert np.abs(mixer.read(48_000)).max() > 1000


def test_the_clip_and_other_programs_get_it() -> None:
    from untuck.report.lsl import _marker

    assert (vocabulary.facts(SWAY).clip_patterns or {})[Side.LEFT] == wire.CUE_RIGID
    assert json.loads(_marker(Cue(SWAY, Side.LEFT, 65.0, 1, 4.5)))["fault"] == SWAY


def test_the_settings_let_it_be_chosen(own_home: Path) -> None:
    from untuck.session_commands import ChooseFaults
    from untuck.store.config import parse_config

    assert SWAY in Params().cue_faults and SWAY in ChooseFaults((SWAY,)).faults
    assert parse_config(f'[cues]\nfaults = ["{SWAY}"]', None, "here").cues.faults == (SWAY,)


def test_the_coachs_window_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("PySide6.QtWidgets")
    from PySide6.QtWidgets import QApplication

    from untuck.coach.button_bar import ButtonBar
    from untuck.coach.readings import state_label
    from untuck.coach.runner_data import RunnerData
    from untuck.coach.session_feed import Batch, Snapshot
    from untuck.vocabulary import Moving

    app = QApplication.instance() or QApplication([])
    assert ButtonBar().faults[SWAY].text() == "Cue hip sway"
    runner = RunnerData("Ada")
    finding = Finding(SWAY, Side.LEFT, 60.0, nan, 4.5, 65.0, id=1)
    lasting = Progress(active=(finding,), now_deg=(4.5,), easing=(False,))
    snapshot = Snapshot(moving=Moving.RUNNING, calibrated=True, findings=lasting)
    events = [FindingChanged(65.0, finding), CueDecided(65.0, Cue(SWAY, Side.LEFT, 65.0, 1, 4.5))]
    runner.take(Batch(events=events, arrivals_s=[1.0], snapshot=snapshot))
    shown = state_label(runner, 1.1)
    assert (shown.word, shown.text) == ("LEFT HIP SWAY", "keep the belt level")
    assert [mark.text for mark in runner.marks] == ["left hip sway"]
    assert app is not None
