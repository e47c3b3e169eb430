"""After a run: the report's sentences and facts, and three charts that hold the run's numbers and can be read."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from tests.phone.browser import chromium

import untuck
from untuck.model import Floats
from untuck.motion.pipeline import Pipeline
from untuck.outside_text import printable
from untuck.phone.app import svg_axes
from untuck.phone.app.review import review
from untuck.report.metrics import metrics_of
from untuck.report.sentences import answers
from untuck.report.summary import DISCLAIMER, Signal, Summary, summarise, unheard
from untuck.run_results import Run
from untuck.session.themes import THEMES, contrast
from untuck.session_commands import Lap
from untuck.simulate.runner import simulate
from untuck.simulate.scenario import Phase, Scenario
from untuck.vocabulary import RECOVERED

CSS = (Path(untuck.__file__).parent / "phone" / "page" / "charts.css").read_text("utf-8")
VARIABLES = {"text", "dim", "line", "good", "band", "fault", "left", "right", "trace", "background"}
SIGNAL = Signal(143.0, packets=1000, samples=14300, lost=3)
PHONE_PX, TABLET_PX = 328, 800


def analysed(samples: untuck.Samples, laps: tuple[float, ...] = ()) -> Run:
    pipeline = Pipeline(None, None, keep_samples=True)
    for at_s in laps:
        pipeline.command(Lap("<b>", time_s=at_s))
    pipeline.push(samples)
    pipeline.finish()
    return pipeline.run()


@pytest.fixture(scope="module")
def run() -> Run:
    """The example: a tuck and a pullback of the right hip, with a lap."""
    return analysed(untuck.example(), laps=(75.0,))


@pytest.fixture(scope="module")
def summary(run: Run) -> Summary:
    return summarise(run, SIGNAL)


@pytest.fixture(scope="module")
def shown(run: Run, summary: Summary) -> dict[str, Any]:
    return review(run, summary, "Ada")


def drawings(value: dict[str, Any]) -> dict[str, ET.Element]:
    return {chart["name"]: ET.fromstring(chart["svg"].replace(' xmlns="', ' data-ns="')) for chart in value["charts"]}


def of_class(svg: ET.Element, name: str) -> list[ET.Element]:
    return [each for each in svg.iter() if each.get("class") == name]


def lasting(run: Run, times: int) -> Run:
    """The run so many times in a row, with pauses between."""
    length_s = float(run.time_s[-1]) + 10.0
    shifts = [length_s * k for k in range(times)]
    strides = np.concatenate([run.strides] * times)
    strides["start_s"] += np.repeat(shifts, len(run.strides))

    def shifted(each: Any, by_s: float) -> Any:
        names = {"start_s", "end_s", "time_s"} & {field.name for field in dataclasses.fields(each)}
        return dataclasses.replace(each, **{name: getattr(each, name) + by_s for name in names})

    return dataclasses.replace(
        run,
        strides=strides,
        findings=tuple(shifted(each, by_s) for by_s in shifts for each in run.findings),
        cues=tuple(shifted(each, by_s) for by_s in shifts for each in run.cues),
        commands=tuple(shifted(each, by_s) for by_s in shifts for each in run.commands),
    )


def test_sentences_are_those_of_the_report(shown: dict[str, Any], summary: Summary) -> None:
    said = [list(pair) for pair in answers(summary, metrics_of(0, 0.0, summary), ())]
    assert shown["sentences"] == [*said, *(["", text] for text in (*summary.warnings, DISCLAIMER))]
    assert "Tuck once (at 1:11" in str(said)


def test_facts_have_units_and_no_blanks(shown: dict[str, Any]) -> None:
    facts = dict(shown["facts"])
    assert facts["Running"] == "1:59, 167 strides"
    assert facts["In good form"] == "34 % of 107 judged strides"
    assert facts["Cadence"] == "169 steps/min"
    assert facts["Lost"].startswith("3 of 1003 packets")
    assert not re.search(r"nan|inf\b|None", " ".join(facts.values()))
    assert all(value.strip("- ") for value in facts.values())


def test_a_hostile_title_is_one_line_of_plain_text(run: Run, summary: Summary) -> None:
    title = "<script>\u202e\n" + "x" * 20
    assert review(run, summary, title)["title"] == printable(title)
    assert "<script" not in "".join(chart["svg"] for chart in review(run, summary, title)["charts"])


def test_charts_keep_to_the_policy_of_the_page(shown: dict[str, Any]) -> None:
    found = drawings(shown)
    assert list(found) == ["tilt", "stride", "pullback"]
    assert all(chart["text"] and chart["title"] for chart in shown["charts"])
    for name, svg in found.items():
        assert {each.tag for each in svg.iter()} <= {"svg", "title", "desc", "path", "rect", "text"}
        assert not {key for each in svg.iter() for key in each.attrib if key.startswith(("on", "style", "href"))}
        labels = {each.get("id"): each.text for each in svg.iter() if each.get("id")}
        assert [bool(labels[at]) for at in str(svg.get("aria-labelledby")).split()] == [True, True]
        assert svg.get("role") == "img" and svg.get("viewBox", "").startswith("0 0 360 "), name
        assert "nan" not in ET.tostring(svg, encoding="unicode")


def test_every_class_has_its_look_from_the_pages_variables(run: Run, summary: Summary) -> None:
    value = review(lasting(run, 2), summary, "")
    used = {each.get("class") for svg in drawings(value).values() for each in svg.iter() if each.get("class")}
    used -= {None} | {f"chart-drawing {name}" for name in drawings(value)}
    assert {"dot", "mean", "band", "usual", "pause", "lap", "shade-fault", "shade-right", "mark-fault"} <= used
    for name in used - {"key"}:  # a text as all are
        assert f".{name}" in CSS or re.search(rf'\[class\^="{name.split("-")[0]}-"\]', CSS), name
    assert set(re.findall(r"var\(--(\w+)\)", CSS)) <= VARIABLES
    assert not re.search(r"#[0-9a-f]{3}|rgb|hsl", CSS)


@pytest.mark.parametrize("theme", THEMES.values(), ids=list(THEMES))
def test_texts_and_lines_can_be_seen(theme: Any) -> None:
    for role in ("text", "dim", "fault", "left", "right"):  # labels have an outline of the background's colour
        assert contrast(getattr(theme, role), theme.background) >= 4.5, role
    for role in ("good", "left", "right", "text"):  # lines lie on the band too
        for behind in (theme.background, theme.band):
            assert contrast(getattr(theme, role), behind) >= 3.0, role


def scale(svg: ET.Element, anchor: str, read: Any) -> Any:
    """A function from the drawing's units to values, from the first two ticks of an axis."""
    ticks = [each for each in of_class(svg, "tick") if each.get("text-anchor") == anchor][:2]
    axis, shift = ("x", 0.0) if anchor == "middle" else ("y", -4.0)
    (a, at_a), (b, at_b) = ((read(each.text), float(each.get(axis, "")) + shift) for each in ticks)
    return lambda at: a + (at - at_a) * (b - a) / (at_b - at_a)


def seconds(text: str) -> float:
    minutes, rest = text.split(":")
    return 60.0 * int(minutes) + int(rest)


def degrees(text: str) -> float:
    return float(text.replace("\u2212", "-"))


def points(path: ET.Element) -> Floats:
    return np.array([[float(x), float(y)] for x, y in re.findall(r"([\d.]+) ([\d.]+)", path.get("d", ""))])


def test_the_chart_of_tilt_holds_the_runs_numbers(shown: dict[str, Any], run: Run) -> None:
    svg = drawings(shown)["tilt"]
    time_s, deg = scale(svg, "middle", seconds), scale(svg, "end", degrees)
    clean = run.strides[run.strides["valid"]]
    dots = points(of_class(svg, "dot")[0])
    assert len(dots) >= 0.99 * len(clean)
    at = np.searchsorted(clean["start_s"], time_s(dots[:, 0]) - 0.2)
    assert np.abs(clean["tilt_deg"][at] - deg(dots[:, 1])).max() < 0.15
    spans = [("shade-fault", run.findings[0]), ("shade-right", run.findings[1])]
    for name, finding in spans:
        rect = of_class(svg, name)[0]
        left, width = float(rect.get("x", "")), float(rect.get("width", ""))
        assert time_s(left) == pytest.approx(finding.start_s, abs=0.3)
        assert time_s(left + width) == pytest.approx(finding.end_s, abs=0.3)
    sounded = [cue.time_s for cue in run.cues if cue.fault != RECOVERED]
    marks = [points(each)[:, 0] for name in ("mark-fault", "mark-right") for each in of_class(svg, name)]
    assert [time_s((x.min() + x.max()) / 2) for x in marks] == pytest.approx(sounded, abs=0.5)
    lap = float(re.findall(r"M([\d.]+)", of_class(svg, "lap")[0].get("d", ""))[0])
    assert time_s(lap) == pytest.approx(75.0, abs=0.3)
    assert [each.text for each in of_class(svg, "lap-word")] == ["lap 1"]
    assert [each.text for each in of_class(svg, "word-fault")] == ["tuck 7.1°"]


def test_the_chart_of_pullback_rises_where_the_hip_stays_back(shown: dict[str, Any], run: Run) -> None:
    svg = drawings(shown)["pullback"]
    time_s, deg = scale(svg, "middle", seconds), scale(svg, "end", degrees)
    curve = points(max(of_class(svg, "curve-right"), key=lambda each: len(each.get("d", ""))))
    highest = curve[np.argmin(curve[:, 1])]
    assert run.findings[1].start_s < time_s(highest[0]) < run.findings[1].end_s
    assert deg(highest[1]) == pytest.approx(run.findings[1].depth_deg, abs=0.5)
    assert not of_class(svg, "shade-fault"), "a tuck is not of this chart"


def test_the_mean_stride_has_both_sides_and_the_baseline_in_three_panels(shown: dict[str, Any]) -> None:
    svg = drawings(shown)["stride"]
    for name, more in (("curve-left", 1), ("curve-right", 1), ("band", 1), ("sd-left", 0), ("sd-right", 0)):
        assert len(of_class(svg, name)) == 3 + more, name  # more: in the key


def test_screen_readers_get_the_findings_and_cues(shown: dict[str, Any]) -> None:
    words = next(each.text for each in drawings(shown)["tilt"].iter("desc"))
    assert "tuck from 1:11 to 1:35, 7.1 deg at worst; right pullback from 1:46" in str(words)
    assert "Cues at 1:14, 1:52." in str(words) and "Laps at 1:15." in str(words)


def test_small_differences_look_small() -> None:
    low, high = svg_axes.at_least((5.0, 5.2), 4.0)
    assert (low, high) == pytest.approx((3.1, 7.1))
    assert svg_axes.at_least((0.0, 9.0), 4.0) == (0.0, 9.0)


@pytest.mark.parametrize("most", [5, 6, 7])
def test_ticks_are_round_few_and_inside(most: int) -> None:
    for low, span in np.random.default_rng(1).uniform((-50.0, 0.5), (50.0, 200.0), (200, 2)):
        ticks = svg_axes.value_ticks((low, low + span), most)
        assert 2 <= len(ticks) <= most
        assert low <= ticks[0] and ticks[-1] <= low + span
        times = svg_axes.time_ticks((abs(low), abs(low) + 60.0 * span), most)
        assert len(times) <= most and all(time % 5 == 0 for time in times)


def test_of_a_long_run_the_charts_stay_small_and_readable(run: Run, summary: Summary) -> None:
    value = review(lasting(run, 40), summary, "")  # 95 minutes
    assert sum(len(chart["svg"]) for chart in value["charts"]) < 120_000
    svg = drawings(value)["tilt"]
    spans = [(float(word.get("x", "")), len(word.text or "")) for word in of_class(svg, "word-fault")]
    assert 1 <= len(spans) < 40, "labels that would overlap are left out"
    assert len(of_class(svg, "shade-fault")) == 40 + 1, "findings are not; one is in the key"
    assert all(str(word.text).isdigit() for word in of_class(svg, "lap-word"))


def test_cues_that_nobody_heard_are_called_so(run: Run, summary: Summary) -> None:
    value = review(run, unheard(summary), "")
    texts = [each.text for each in drawings(value)["tilt"].iter("text")]
    assert "cue, not heard" in texts and "cue" not in texts
    assert "Cues that nobody heard" in value["charts"][0]["svg"]


def test_a_run_without_a_baseline_shows_what_was_measured() -> None:
    scenario = Scenario((Phase("stand", 7.0), Phase("run", 20.0)))
    run = analysed(simulate(scenario, 3, 100).samples)
    value = review(run, summarise(run, SIGNAL), "")
    assert list(drawings(value)) == ["tilt", "stride"]
    svg = drawings(value)["tilt"]
    assert not of_class(svg, "band")
    deg = scale(svg, "end", degrees)
    assert deg(0.0) - deg(150.0) >= 3.99, "strides that differ little look so: 150 is the height of the axes"
    assert {"In good form", "Left pullback"}.isdisjoint(dict(value["facts"]))
    assert "Not judged" in value["sentences"][0][1]


def test_a_run_without_strides_has_no_charts() -> None:
    run = analysed(simulate(Scenario((Phase("stand", 10.0),)), 3, 100).samples)
    value = review(run, summarise(run, SIGNAL), "")
    assert value["charts"] == [] and "no running stride was found" in value["sentences"][0][1]


PAGE = "<!doctype html><link rel=icon href=data:,><style>:root{{{}}} body{{margin:0;width:{}px}}{}</style>{}"
BOXES = """[...document.querySelectorAll("svg")].map(svg => ({
  outer: svg.getBoundingClientRect().toJSON(),
  texts: [...svg.querySelectorAll("text")].map(text => ({
    is: text.textContent, kind: text.getAttribute("class"), box: text.getBoundingClientRect().toJSON(),
    px: parseFloat(getComputedStyle(text).fontSize) * svg.getBoundingClientRect().width / 360}))}))"""


def overlapping(texts: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for k, one in enumerate(texts):
        for other in texts[:k]:
            a, b = one["box"], other["box"]
            across = min(a["right"], b["right"]) - max(a["left"], b["left"])
            down = min(a["bottom"], b["bottom"]) - max(a["top"], b["top"])
            if across > 1.0 and down > 3.0:  # boxes are higher than digits
                yield one["is"], other["is"]


@pytest.mark.parametrize("width_px", [PHONE_PX, TABLET_PX])
async def test_texts_can_be_read(tmp_path: Path, run: Run, summary: Summary, width_px: int) -> None:
    theme = THEMES["dark"]
    colours = ";".join(f"--{name}:{getattr(theme, name)}" for name in sorted(VARIABLES))
    charts = [chart for times in (1, 25) for chart in review(lasting(run, times), summary, "")["charts"]]
    body = "".join(f'<figure class="chart">{chart["svg"]}</figure>' for chart in charts)
    async with chromium(tmp_path / "profile", size=(width_px, 640)) as browser:
        tab = await browser.tab()
        await tab.page.set_content(PAGE.format(colours, width_px, CSS, body))
        found = await tab.evaluate(BOXES)
        assert len(found) == 6
        for drawn in found:
            assert not list(overlapping(drawn["texts"]))
            for text in drawn["texts"]:
                assert text["px"] >= 11.0, text
                assert text["box"]["left"] >= drawn["outer"]["left"] - 1.0, text
                assert text["box"]["right"] <= drawn["outer"]["right"] + 1.0, text
                assert text["box"]["bottom"] <= drawn["outer"]["bottom"] + 1.0, text
