"""A run with two clips in pages, tables and files: lean, the lumbar spine, and when the trunk was not measured.

One simulated runner arches the back and then sends no samples of the trunk for a while; the same run with one clip
shows that nothing else changes.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from garmin_fit_sdk import Decoder, Stream

import untuck
from untuck.model import STRIDE_DTYPE, Floats
from untuck.report import html, quality, run_figure
from untuck.report.dictionary import TABLES
from untuck.report.figure_style import Palette, styled
from untuck.report.fit_activity import to_fit
from untuck.report.fit_fields import FIELDS, TRUNK_FIELDS
from untuck.report.metrics import SessionMetrics, metrics_of
from untuck.report.page import Report
from untuck.report.pdf import write_pdf
from untuck.report.run_traces import block_means
from untuck.report.spine import GAP_S, trunk_gaps
from untuck.report.summary import Signal, Summary, summarise
from untuck.report.tables import table, write_table
from untuck.report.text import to_text
from untuck.report.trend import shown_measures
from untuck.report.trend import to_text as trend_text
from untuck.report.trend_page import to_html as trend_page
from untuck.run_results import Run
from untuck.simulate.runner import Phase, Scenario
from untuck.simulate.trunk import SimulatedPair, simulate_pair
from untuck.store import codec
from untuck.vocabulary import Fault, NoTrunk

ARCH_DEG, GAP = 6.5, (94.0, 104.0)
BEFORE = (Phase("stand", 7), Phase("hinge", 10.5), Phase("stand", 2.5), Phase("run", 50))
PHASES = (*BEFORE, Phase("run", 20, tuck_deg=-ARCH_DEG), Phase("run", 26), Phase("stand", 3))


@cache
def pair() -> SimulatedPair:
    return simulate_pair(Scenario(PHASES), seed=4)


@cache
def run() -> Run:
    trunk = pair().trunk
    return untuck.analyse(pair().pelvis.samples, trunk=trunk[(trunk.time_s < GAP[0]) | (trunk.time_s > GAP[1])])


@cache
def alone() -> Run:
    return untuck.analyse(pair().pelvis.samples)


def summary(of: Run) -> Summary:
    return summarise(of, Signal(119.0, samples=len(of.time_s)))


def report(of: Run) -> Report:
    found = summary(of)
    return Report("Run", "today", of, found, metrics_of(1, 1e9, found))


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_answers_say_what_the_trunk_did_and_when_nothing_measured_it() -> None:
    page = to_text(summary(run()), "Run")
    assert max(map(len, page.splitlines())) <= 80
    text = words(page)
    assert "What did my trunk do? It leaned" in text
    assert re.search(r"The lower back was on average [\d.]+ \+- [\d.]+ deg more arched than in your baseline", text)
    assert re.search(r"No trunk from 1:3\d to 1:4\d: no samples from the upper back", text)
    assert "Arch once" in text and "an arch from about" in text and "over-tip" not in text
    assert "needs a second clip" not in text and "nan" not in text.lower()


def test_with_one_clip_the_page_says_what_would_measure_lean() -> None:
    one = summary(alone())
    text = words(to_text(one, "Run"))
    assert one.spine is None and one.medians["trunk_lean_deg"] is None
    assert "the lean of the trunk needs a second clip" in text and "my trunk" not in text
    assert not re.search(r"(?<!pelvic )\blean\b(?! of the trunk)", text)
    page = html.to_html(report(alone()))
    assert page.count("needs a second clip") == 1 and "Trunk lean" not in page and "pelvic lean" in page


def test_the_numbers_are_those_of_the_strides() -> None:
    spine = summary(run()).spine
    assert spine is not None
    strides = run().strides
    compared = strides[strides["valid"] & (strides["reason"] == "") & (strides["trunk_reason"] == "")]
    arched = compared["lumbar_deg"] - compared["lumbar_usual_deg"]
    assert spine.lumbar_against_deg == pytest.approx(arched.mean()) and arched.max() > ARCH_DEG - 2.0
    assert spine.lean_usual_deg == pytest.approx(np.median(compared["trunk_lean_usual_deg"]))
    assert spine.measured + sum(spine.missing.values()) == len(strides)
    assert set(spine.missing) <= {str(reason) for reason in NoTrunk}
    (gap,) = spine.gaps
    assert (gap.start_s, gap.end_s) == pytest.approx(GAP, abs=1.5) and gap.reason == NoTrunk.ABSENT


def test_a_stride_is_compared_only_where_both_clips_are_judged() -> None:
    strides = run().strides
    known = np.isfinite(strides["lumbar_usual_deg"])
    assert 40 < known.sum() < len(strides)
    assert not known[strides["trunk_reason"] != ""].any() and not known[strides["reason"] != ""].any()
    assert (strides["lumbar_least_deg"][known] > 2.0).all() and np.isnan(alone().strides["lumbar_usual_deg"]).all()


def rows_without_trunk(spans_s: list[tuple[float, float]]) -> Any:
    strides = np.zeros(100, STRIDE_DTYPE)
    strides["start_s"], strides["duration_s"] = 0.7 * np.arange(100), 0.7
    for start_s, end_s in spans_s:
        strides["trunk_reason"][(strides["start_s"] >= start_s) & (strides["start_s"] < end_s)] = NoTrunk.GAP
    return strides


def test_short_times_without_a_trunk_are_not_listed_and_pauses_divide() -> None:
    strides = rows_without_trunk([(7.0, 7.0 + GAP_S - 1.0), (28.0, 42.0)])
    assert [(g.start_s, g.end_s) for g in trunk_gaps(strides)] == [pytest.approx((28.0, 42.0))]
    strides["start_s"][50:] += 60.0
    assert [g.start_s for g in trunk_gaps(strides)] == pytest.approx([28.0, 95.0])
    assert trunk_gaps(strides[:0]) == ()


def test_the_data_quality_has_what_each_clip_lost() -> None:
    signals = (
        Signal(119.0, packets=500, samples=11900),
        Signal(119.0, packets=480, samples=11400, lost=20, corrupt=3, gaps=2),
    )
    found = summarise(run(), *signals)
    text = to_text(found, "Run").partition("Data quality")[2]
    assert "1:59 recorded, 500 packets, 0 lost, 0 damaged\n" in text
    assert "  of the second clip: 480 packets, 20 lost, 3 damaged\n  2 gaps in the sensor's data" in text
    assert "480 packets, 20 lost, 3 damaged, 2 gaps;" in dict(quality.rows(found, None))["Second clip"]
    assert "second clip" not in to_text(summary(alone()), "Run").partition("Data quality")[2]


def test_a_run_without_any_trunk_stride_says_why() -> None:
    strides = run().strides.copy()
    strides["trunk_reason"] = NoTrunk.NOT_CALIBRATED
    for name in ("trunk_lean_deg", "lumbar_deg", "trunk_lean_usual_deg", "lumbar_usual_deg"):
        strides[name] = math.nan
    text = words(to_text(summary(replace(run(), strides=strides)), "Run"))
    assert "It was not measured: the upper back was not measured in standing" in text and "nan" not in text


def test_findings_of_the_spine_are_lost_form_only_with_a_trunk() -> None:
    assert any(f.fault == Fault.ARCH for f in run().findings)
    one_clip = tuple(replace(finding, trunk=False) for finding in run().findings)
    with_trunk, without = summary(run()), summary(replace(run(), findings=one_clip))
    assert with_trunk.in_form_pct is not None and without.in_form_pct is not None
    assert with_trunk.in_form_pct < without.in_form_pct - 10.0


def test_the_figure_has_lean_and_lumbar_with_error_bars() -> None:
    with styled():
        two, one = (run_figure.through_the_run(each, Palette(), 8.0) for each in (run(), alone()))
    labels = [axes.get_ylabel() for axes in two.axes]
    assert labels == ["tilt above standing, deg", "trunk lean, deg", "lumbar, deg"]
    assert [len(axes.containers) for axes in two.axes] == [0, 1, 1]
    assert [axes.get_ylabel() for axes in one.axes] == ["tilt above standing, deg", "pelvic lean, deg"]
    assert not any(axes.containers for axes in one.axes)


def test_error_bars_hold_the_strides_own_error_and_their_scatter() -> None:
    strides = run().strides
    times, means, errors = block_means(strides, "trunk_lean_deg", "trunk_lean_se_deg")
    measured = strides[strides["valid"] & np.isfinite(strides["trunk_lean_se_deg"])]
    assert len(times) >= 5 and (np.diff(times) > 0).all()
    assert (errors >= measured["trunk_lean_se_deg"].min()).all() and errors.max() < 3.0
    assert means.mean() == pytest.approx(measured["trunk_lean_deg"].mean(), abs=1.0)
    assert not any(GAP[0] + 1.0 < time_s < GAP[1] - 1.0 for time_s in times)


def test_the_page_and_the_pdf_show_both_clips(tmp_path: Path) -> None:
    page = html.to_html(report(run()))
    assert "Trunk lean against baseline" in page and "Arch of the lower back" in page and "trunk lean, deg" in page
    assert "needs a second clip" not in page and not re.search(r"\bnan\b", page, re.IGNORECASE)
    assert "arch or bent or lean lost" in page and "Second clip" in page
    path = tmp_path / "run.pdf"
    write_pdf(report(run()), path)
    assert path.read_bytes().startswith(b"%PDF")


def test_a_summary_is_kept_to_the_bit_and_an_older_one_is_read() -> None:
    found = summary(run())
    text = codec.to_json(found)
    assert codec.to_json(codec.from_json(Summary, text)) == text
    old = json.loads(text)
    del old["spine"]
    for part in old["parts"]:
        del part["means"]["lumbar_deg"], part["errors"]["lumbar_deg"]
    again = codec.from_json(Summary, json.dumps(old))
    assert again.spine is None and "my trunk" not in to_text(again, "Run")


def session(number: int, lumbar_deg: float | None) -> SessionMetrics:
    row = metrics_of(number, 1.76e9 + number * 86400.0, summary(alone()))
    lean_deg = None if lumbar_deg is None else 0.1
    return replace(row, in_form_pct=80.0, judged=2000, lean_against_deg=lean_deg, lumbar_against_deg=lumbar_deg)


def test_the_trend_follows_the_trunk_where_it_was_measured() -> None:
    rows = [session(k, 0.2 * (k % 2) - (2.0 if k > 5 else 0.0)) for k in range(12)]
    text = trend_text(rows, "Progress")
    assert "lean against baseline" in text and re.search(r"arch against baseline.*\n\s+changed \(-1\.9", text)
    assert "Arch against baseline" in trend_page(rows, "Progress", "")
    one = [session(k, None) for k in range(12)]
    assert "trunk" not in trend_text(one, "P") and "Arch" not in trend_page(one, "P", "")
    assert len(shown_measures(rows)) == len(shown_measures(one)) + 2


def by_sdk(data: bytes) -> tuple[list[dict[Any, Any]], list[Any]]:
    """The developer fields by number of each record, and the descriptions."""
    messages, errors = Decoder(Stream.from_byte_array(bytearray(data))).read(convert_datetimes_to_dates=False)
    assert errors == []
    return [record["developer_fields"] for record in messages["record_mesgs"]], messages["field_description_mesgs"]


def test_fit_records_have_trunk_fields_only_with_a_second_clip() -> None:
    records, described = by_sdk(to_fit(run(), summary(run()), 1_760_000_000.0))
    names = [field["field_name"] for field in described]
    assert names[-3:] == [field.name for field in TRUNK_FIELDS] and len(described) == len(FIELDS) + 3
    key = {name: number for number, name in enumerate(names)}
    _, only = by_sdk(to_fit(alone(), summary(alone()), 1_760_000_000.0))
    assert [field["field_name"] for field in only] == [field.name for field in FIELDS]
    assert "pelvic_lean" in names and "trunk_lean" not in [field["field_name"] for field in only]
    lumbar = np.array([record.get(key["lumbar_extension"], math.nan) for record in records], float)
    tilt = np.array([record.get(key["pelvic_tilt"], math.nan) for record in records], float)
    lean = np.array([record.get(key["trunk_lean"], math.nan) for record in records], float)
    both = np.isfinite(lumbar)
    assert 50 < both.sum() < np.isfinite(tilt).sum() - 5, "records without a trunk are invalid, not zero"
    assert np.abs(tilt[both] - lean[both] - lumbar[both]).max() < 0.5


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_the_trunk_is_a_table_of_its_own(tmp_path: Path, suffix: str) -> None:
    import pyarrow.csv
    import pyarrow.parquet

    trunk = run().trunk
    assert trunk is not None
    made = table("trunk", run(), pair().pelvis.samples, summary(run()))
    path = tmp_path / f"trunk{suffix}"
    write_table("trunk", made, path)
    read = pyarrow.parquet.read_table if suffix == ".parquet" else pyarrow.csv.read_csv
    again = read(path)
    assert again.column_names == [column.name for column in TABLES["trunk"]]
    lean_deg: Floats = again["lean_deg"].to_numpy()
    assert np.array_equal(lean_deg, trunk.lean_deg) and len(lean_deg) == len(trunk.time_s)
    assert run().to_frame("trunk").shape == (len(trunk.time_s), 8) and len(alone().to_frame("trunk")) == 0
    assert len(table("trunk", alone(), pair().pelvis.samples, summary(alone()))["lean_deg"]) == 0
