"""What was not judged is never called good: on every surface, for every way in which a run can stay unjudged."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import untuck
from untuck.cli.main import cli
from untuck.model import Packet
from untuck.report.batch import analyse_files
from untuck.report.metrics import compare, metrics_of
from untuck.report.not_judged import not_judged
from untuck.report.sentences import answers
from untuck.report.summary import Signal, Summary, summarise
from untuck.samples import Samples
from untuck.session.live_state import LiveState
from untuck.session.packet_pipeline import PacketPipeline
from untuck.session.reanalysis import reanalyse
from untuck.simulate.packets import pack
from untuck.simulate.runner import simulate
from untuck.simulate.scenario import HINGE_S, Phase, Scenario
from untuck.store import Settings, Store, codec

SET_UP = (Phase("stand", 7.0), *[Phase("hinge", HINGE_S)] * 3, Phase("stand", 2.5))
CASES = {  # phases after set-up, and what must be said
    "nothing": ((), "no running stride was found"),
    "stopped early": ((Phase("run", 15.0),), "there is no baseline"),
    "in a bend": ((Phase("run", 45.0, turn_deg_s=25.0),), "in a bend"),
}
GOOD = re.compile(r"good form|in form +\d|\b100 %|better:", re.IGNORECASE)


def record(store: Store, phases: tuple[Phase, ...]) -> int:
    samples = simulate(Scenario((*SET_UP, *phases)), 0, 100).samples
    with store.record("simulated runner", "run", Settings(rate_hz=100, runner="Ada")) as recording:
        for number, data in enumerate(pack(samples, 100)):
            recording.append(Packet(data, 100.0 + 0.05 * number))
        recording.flush()
        recording.end(codec.to_json(reanalyse(store.open(recording.id)).summary))
    return recording.id


def said(*arguments: str) -> str:
    done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


@pytest.mark.parametrize("case", CASES)
def test_every_view_of_a_session_says_not_judged_and_why(case: str, own_home: Path, tmp_path: Path) -> None:
    phases, why = CASES[case]
    record(Store(), phases)
    page, trend_page = tmp_path / "run.html", tmp_path / "trend.html"
    views = {
        "text": said("summary"),
        "page": said("summary", "--html", str(page)) and page.read_text(),
        "trend": said("trend"),
        "trend page": said("trend", "--html", str(trend_page)) and trend_page.read_text(),
    }
    for name, text in views.items():
        shown = re.sub(r"<(style|svg).*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL)
        assert not re.search(r"\b(nan|none of the|inf)\b", shown, re.IGNORECASE), name
        claim = GOOD.search(shown.replace("In good form - not judged", "").replace("in good form, evenly", ""))
        assert claim is None or "trend" in name or "Good form: of the judged" in shown, (name, claim)
        assert "Better" not in shown
        if "trend" not in name:
            assert "Not judged: " in shown and why in shown, name
    kept = json.loads(CliRunner().invoke(cli, ["summary", "--json"]).output)
    assert kept["in_form_pct"] is None and why in kept["not_judged"] and not kept["findings"]
    for row in json.loads(CliRunner().invoke(cli, ["trend", "--json"]).output)["sessions"]:
        form = ("in_form_pct", "against_deg", "cues_per_10_min", "retention_pct", "correct_s")
        assert [row[each] for each in form] == [None] * len(form) and not row["silent_end"]


def test_a_batch_says_which_files_were_not_judged() -> None:
    def read(path: Path) -> Samples:
        return simulate(Scenario((*SET_UP, *CASES[path.stem][0])), 0, 100).samples

    for result in analyse_files([Path(name) for name in CASES], read, jobs=1):
        assert result.summary is not None and result.summary.in_form_pct is None
        assert CASES[result.file][1] in result.summary.not_judged


def test_a_share_is_of_the_judged_strides_and_names_the_others() -> None:
    """Held-back strides ("speed", "warm-up", "turning") are not in form."""
    run = untuck.analyse(untuck.example())
    summary = summarise(run, Signal(60.0))
    judged = int((run.strides["valid"] & (run.strides["reason"] == "")).sum())
    text = answers(summary, metrics_of(0, 0.0, summary), ())[0][1]
    assert f"of {judged} judged strides, of {len(run.strides)} in all; not judged: " in text
    assert "part of the baseline" in text


def test_too_few_judged_strides_are_not_compared(own_home: Path) -> None:
    number = record(Store(), (Phase("run", 90.0),))
    kept = Store().open(number).summary
    assert kept is not None
    now = metrics_of(1, 10.0, codec.from_json(Summary, kept))
    assert now.judged and now.in_form_pct is not None
    short = dataclasses.replace(now, session=0, started_unix_s=0.0, judged=12, in_form_pct=56.0)
    assert compare(now, [short], "in_form_pct") is None and compare(short, [now], "in_form_pct") is None
    summary = codec.from_json(Summary, kept)
    assert summary.reliability is not None
    few = dataclasses.replace(summary, findings=(), reliability=dataclasses.replace(summary.reliability, judged=1))
    text = " ".join(answer for _, answer in answers(few, short, ()))
    assert "Hardly judged: only 1 of" in text and "in the few judged strides" in text and "Good form" not in text
    assert compare(dataclasses.replace(now, judged=100), [dataclasses.replace(now, judged=100)], "in_form_pct")


def test_the_live_view_does_not_say_good_form_in_a_bend() -> None:
    state, packets = LiveState(), PacketPipeline(Settings())
    scenario = Scenario((*SET_UP, Phase("run", 60.0), Phase("run", 15.0, turn_deg_s=25.0)))
    for data in pack(simulate(scenario, 0, 100).samples, 100):
        for event in packets.push(Packet(data, 0.0)):
            state.take(event)
    assert state.baseline is not None and state.ask() == "not judged: in a bend; run straight ahead for a minute"
    assert math.isnan(state.against_deg)


@pytest.mark.parametrize(("reason", "words"), [("mount", "clip it to the back"), ("turning", "run straight ahead")])
def test_without_a_baseline_what_most_strides_lacked_is_named(reason: str, words: str) -> None:
    text = not_judged(200, 40, 0, {reason: 160, "baseline": 40}, has_baseline=False)
    assert text.startswith("there is no baseline, as most of 200 strides could not be used: ") and words in text
    assert "could not be used" not in not_judged(200, 120, 0, {reason: 80, "baseline": 120}, has_baseline=False)
