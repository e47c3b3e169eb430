"""The pages and answers after a run agree with the run, for complete, partial, empty and old sessions.

A simulated run with known faults is analysed once for all tests.
"""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from untuck.model import Packet, judged
from untuck.report.metrics import SessionMetrics, compare, metrics_of, to_compare
from untuck.report.summary import Summary, unheard
from untuck.report.text import to_text
from untuck.session_commands import from_text
from untuck.store import Settings, Store, StoredSession, codec

DAY_S = 86400.0


def record(store: Store, *phases: tuple[str, float], seed: int = 0, name: str = "simulated runner") -> StoredSession:
    """A stored session of a simulated runner, with its summary; without phases the default scenario."""
    from untuck.session.reanalysis import reanalyse
    from untuck.simulate.packets import pack
    from untuck.simulate.runner import Phase, Scenario, simulate

    scenario = Scenario(tuple(Phase(kind, length_s) for kind, length_s in phases)) if phases else Scenario.default()
    samples = simulate(scenario, seed).samples
    with store.record(name, "demo", Settings(rate_hz=100)) as recording:
        for number, data in enumerate(pack(samples, 100)):
            recording.append(Packet(data, 100.0 + 0.05 * number))
        recording.flush()
        recording.end(codec.to_json(reanalyse(store.open(recording.id)).summary))
    return store.open()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the default scenario as session 1."""
    path = tmp_path_factory.mktemp("report") / "sessions.db"
    record(Store(path))
    return path


@pytest.fixture
def summary(home: Path) -> Summary:
    kept = Store(home).open(1).summary
    assert kept is not None
    return codec.from_json(Summary, kept)


def page_of(session: StoredSession, earlier: tuple[SessionMetrics, ...] = ()) -> str:
    from untuck.report.html import to_html
    from untuck.report.page import Report
    from untuck.session.reanalysis import reanalyse

    found = reanalyse(session)
    now = metrics_of(session.id, session.started_unix_s, found.summary)
    report = Report(
        title="<Run> & co",
        subtitle="today",
        run=found.run,
        summary=found.summary,
        now=now,
        earlier=earlier,
        own_baseline=found.own_baseline,
        late_ms=found.late_ms,
    )
    return to_html(report)


class _Checker(HTMLParser):
    """Collects ids and external references, and checks that tags are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.loaded: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.ids += [values["id"]] if values.get("id") else []
        self.loaded += [v for k in ("src", "href", "xlink:href") if (v := values.get(k)) and not v.startswith("#")]
        if tag not in ("meta", "br", "img", "link"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_answers_name_the_faults_of_the_run(summary: Summary) -> None:
    page = to_text(summary, "Session 1")
    assert max(map(len, page.splitlines())) <= 80
    text = " ".join(page.split())
    assert "Tuck once" in text and "right pullback once" in text
    assert "2 of 2 cued faults were corrected" in text and "no earlier session" in text
    assert not re.search(r"injur|risk|heal|diagnos|treat", text.replace("not medical advice", ""), re.IGNORECASE)


def test_what_could_be_found_is_said(summary: Summary) -> None:
    known = summary.reliability
    assert known is not None and known.tuck_least_deg is not None and known.pullback_least_deg is not None
    assert 2.5 < known.tuck_least_deg < 7.0 and 2.0 < known.pullback_least_deg < 5.0
    assert known.judged == summary.strides - sum(summary.rejected.values())
    text = " ".join(to_text(summary, "Session 1").split())
    assert f"A tuck is found from about {known.tuck_least_deg:.1f} deg on" in text
    nothing = replace(known, judged=0, tuck_least_deg=None)
    unjudged = replace(summary, in_form_pct=None, against_deg=None, findings=(), reliability=nothing)
    text = " ".join(to_text(unjudged, "Session 1").split())
    assert "Nothing was judged" in text and "Good form" not in text and "no stride was judged" in text


def test_nobody_hears_cues_of_a_file(summary: Summary) -> None:
    afterwards = unheard(summary)
    text = " ".join(to_text(afterwards, "walk.csv").split())
    assert "Nobody heard any" in text and "corrected after" not in text
    assert not any(entry.correct_s for entry in afterwards.cue_log) and any(
        entry.correct_s for entry in summary.cue_log
    )


def test_parts_add_up_to_the_run(summary: Summary) -> None:
    thirds = {part.name: part for part in summary.parts}
    assert len(thirds) == 5
    assert sum(thirds[n].strides for n in ("first third", "second third", "last third")) == summary.clean_strides
    assert sum(thirds[n].strides for n in ("first four fifths", "last fifth")) == summary.clean_strides
    assert summary.reliability is not None
    judged_s = summary.running_s * summary.reliability.judged / summary.strides
    faulty = sum((f.end_s - f.start_s) for f in summary.findings) / judged_s
    assert summary.in_form_pct == pytest.approx(100 * (1 - faulty), abs=3.0)


def test_every_cue_has_its_outcome(summary: Summary) -> None:
    sounded = [entry for entry in summary.cue_log if entry.sounded]
    assert [(e.fault, e.side) for e in sounded] == [(c.fault, c.side) for c in summary.cues if c.fault != "recovered"]
    for entry in sounded:
        ends = [f.end_s for f in summary.findings if (f.fault, f.side) == (entry.fault, entry.side)]
        assert entry.correct_s == pytest.approx(ends[0] - entry.time_s, abs=1e-9)


def test_the_page_is_self_contained_valid_html(home: Path, summary: Summary) -> None:
    earlier = tuple(dataclasses.replace(metrics_of(k, k * DAY_S, summary), in_form_pct=50.0 + k) for k in range(1, 4))
    page = page_of(Store(home).open(1), earlier)
    checker = _Checker()
    checker.feed(page)
    assert checker.open == [] and len(checker.ids) == len(set(checker.ids)) > 100
    assert checker.loaded == [] and "<script" not in page and "url(http" not in page
    assert "&lt;Run&gt; &amp; co" in page and "prefers-color-scheme: dark" in page and "@media print" in page
    assert page.count("<svg") == 7 and "#0100" not in page  # no placeholder colour is left
    for referred in re.findall(r"url\(#([^)]+)\)", page):
        assert referred in checker.ids
    for word in ("right pullback", "corrected after", "Thirds", "Lost", "Calibration", "not medical advice", "± "):
        assert word in page, word


def test_the_pdf_has_all_pages(home: Path, tmp_path: Path) -> None:
    from untuck.report.page import Report
    from untuck.report.pdf import write_pdf
    from untuck.session.reanalysis import reanalyse

    session = Store(home).open(1)
    found = reanalyse(session)
    now = metrics_of(1, 0.0, found.summary)
    report = Report(
        title="Run",
        subtitle="today",
        run=found.run,
        summary=found.summary,
        now=now,
    )
    write_pdf(report, tmp_path / "run.pdf")
    data = (tmp_path / "run.pdf").read_bytes()
    assert data.startswith(b"%PDF") and len(re.findall(rb"/Type /Page\b", data)) == 3


def test_reanalysis_equals_the_analysis_packet_by_packet(tmp_path: Path) -> None:
    """With late packets during a tuck, the clip's button, and commands."""
    from untuck import wire
    from untuck.session.packet_pipeline import PacketPipeline
    from untuck.session.reanalysis import reanalyse
    from untuck.simulate.packets import pack
    from untuck.simulate.runner import simulate

    store = Store(tmp_path / "s.db")
    with store.record("a", "demo", Settings(rate_hz=100, audio_delay_ms=150.0)) as recording:
        for number, data in enumerate(pack(simulate(seed=0).samples, 100)):
            if number == 1000:
                pressed = bytearray(data)
                pressed[1] |= wire.FLAG_LAP
                wire.seal(pressed, pressed[18])
                data = bytes(pressed)
            late_s = 2.0 if 1460 < number < 1520 else 0.0
            recording.append(Packet(data, 0.05 * number + late_s))
        recording.command(from_text("note", "new shoes", 60.0))
        recording.command(from_text("threshold", "tuck_on_deg=3.5", 61.0))
    session = store.open()
    packets = PacketPipeline(session.settings(), session.commands())
    for packet in session.packets():
        packets.push(packet)
    packets.finish()
    found = reanalyse(session)
    assert codec.to_json(packets.summary()) == codec.to_json(found.summary)
    commands = packets.pipeline.run().commands
    assert {"lap", "note", "threshold"} == {each.kind for each in commands} and found.run.commands == commands
    assert "stale" in found.summary.suppressed and "suppressed: stale" in to_text(found.summary, "Session 1")
    assert found.late_ms is not None and found.late_ms[1] > 1000
    page = page_of(session)
    assert "new shoes" in page and "99 % within" in page


@pytest.mark.parametrize(
    ("phases", "expected"),
    [
        ((("stand", 1.0),), "No running strides"),
        ((("stand", 7.0), ("run", 3.0)), "Not judged: none of"),
        ((("stand", 7.0), ("run", 20.0)), "Not judged: there is no baseline"),
    ],
    ids=["a second", "a few strides", "no baseline"],
)
def test_the_page_of_a_short_session_says_what_is_missing(
    tmp_path: Path, phases: tuple[tuple[str, float], ...], expected: str
) -> None:
    session = record(Store(tmp_path / "s.db"), *phases)
    page = page_of(session)
    _Checker().feed(page)
    assert expected in page


def test_the_page_of_an_empty_session_says_so(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.db")
    with store.record("a", "run", Settings()):
        pass
    assert "No running strides were found." in page_of(store.open())


def test_standing_checks_are_reported_with_the_zero(tmp_path: Path) -> None:
    before = (("stand", 7.0), *[("hinge", 3.5)] * 3, ("stand", 3.0), ("run", 12.0))
    session = record(Store(tmp_path / "s.db"), *before, ("stand", 8.0), ("run", 8.0), ("stand", 8.0))
    assert session.summary is not None
    kept = codec.from_json(Summary, session.summary)
    first, second = kept.standings
    assert first.time_s < second.time_s and first.difference_deg < 1.5 and not first.zeroed
    page = page_of(session)
    assert "Standing checks" in page and page.count("<td>unchanged</td>") == 2
    assert "standing: checked twice, difference up to" in to_text(kept, "a run")
    zeroed = dataclasses.replace(kept, standings=(first, dataclasses.replace(second, zeroed=True)))
    assert "zero set again once" in to_text(zeroed, "a run")
    assert "tanding checks" not in page_of(record(Store(tmp_path / "t.db"), *before))


def test_a_summary_of_the_first_version_can_be_read(summary: Summary) -> None:
    plain = json.loads(codec.to_json(summary))
    for name in ("spreads", "in_form_pct", "parts", "cue_log", "standings"):
        del plain[name]
    old = codec.from_json(Summary, json.dumps(plain))
    text = to_text(old, "an old session")
    assert "this session has no record of their effect" in " ".join(text.split())
    assert metrics_of(1, 0.0, old).tilt_deg == summary.medians["tilt_deg"]


def test_a_session_is_compared_with_the_week_before_or_the_last_five(summary: Summary) -> None:
    now = metrics_of(99, 100 * DAY_S, summary)
    others = [dataclasses.replace(now, session=k, started_unix_s=k * DAY_S) for k in (80, 85, 88, 90, 95, 99, 101)]
    assert [p.session for p in to_compare(now, others)] == [95, 99]
    assert [p.session for p in to_compare(now, others[:4])] == [80, 85, 88, 90]


def test_a_difference_counts_only_beyond_the_scatter_between_sessions(summary: Summary) -> None:
    now = dataclasses.replace(metrics_of(9, 0.0, summary), in_form_pct=90.0)
    near = [dataclasses.replace(now, in_form_pct=v) for v in (84.0, 92.0, 88.0)]
    far = [dataclasses.replace(now, in_form_pct=v) for v in (60.0, 62.0, 64.0)]
    alike = [dataclasses.replace(now, in_form_pct=v) for v in (89.1, 89.2, 89.3)]  # significant but small
    verdicts = [found.verdict for p in (near, far, far[:1], alike) if (found := compare(now, p, "in_form_pct"))]
    assert verdicts == ["no clear difference", "higher", "too few sessions", "no clear difference"]
    assert compare(now, [dataclasses.replace(now, in_form_pct=None)], "in_form_pct") is None


def test_the_baseline_drawn_is_the_one_that_was_used(home: Path, tmp_path: Path) -> None:
    """An earlier baseline, moved to today's standing, was taken for one of this run, at times of another session."""
    from untuck.report.figure_style import Palette
    from untuck.report.figures import distribution
    from untuck.report.run_figure import through_the_run
    from untuck.session.reanalysis import reanalyse
    from untuck.simulate.packets import pack
    from untuck.simulate.runner import simulate

    first = reanalyse(Store(home).open(1))
    assert first.own_baseline and first.run.baseline is not None
    store = Store(tmp_path / "s.db")
    with store.record("a", "demo", Settings(rate_hz=100, baseline=first.run.baseline)) as recording:
        for number, data in enumerate(pack(simulate(seed=1).samples, 100)):
            recording.append(Packet(data, 0.05 * number))
    found = reanalyse(store.open())
    assert found.run.baseline is not first.run.baseline and not found.own_baseline
    assert "The baseline is from another run" in page_of(store.open())
    compared = found.run.strides[judged(found.run.strides)]
    level = next(
        line for line in through_the_run(found.run, Palette(), 8.0).axes[0].lines if line.get_linewidth() == 0.8
    )
    drawn = level.get_ydata()
    assert np.array_equal(drawn[np.isfinite(drawn)], compared["tilt_usual_deg"])
    threshold = np.asarray(distribution(found.run, Palette(), 4.0).axes[0].lines[1].get_xdata())[0]
    assert threshold == pytest.approx(-np.nanmedian(compared["tuck_least_deg"]))
