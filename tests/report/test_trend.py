"""The trend over weeks: grouped by week, changes reported only if they are clear, as page and as text."""

from __future__ import annotations

import dataclasses
import json
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from untuck.cli.main import cli
from untuck.report.metrics import SessionMetrics
from untuck.report.trend import BARS, DAY_S, MEASURES, change, shown_measures, sparkline, to_text, weeks_of
from untuck.report.trend_page import to_html

MONDAY = 1_760_306_400.0  # in the middle of a Sunday or Monday, whatever the time zone

FORM = next(measure for measure in MEASURES if measure.field == "in_form_pct")


def session(number: int, day: float, form_pct: float | None = 80.0, silent: bool = True) -> SessionMetrics:
    return SessionMetrics(
        session=number,
        started_unix_s=MONDAY + day * DAY_S,
        running_s=1800.0,
        strides=2400,
        tilt_deg=5.0,
        tilt_sd_deg=0.6,
        against_deg=-0.2,
        pullback_left_deg=0.3,
        pullback_right_deg=0.4,
        in_form_pct=form_pct,
        cues=4,
        cues_per_10_min=2.0,
        correct_s=20.0,
        retention_pct=-1.5,
        silent_end=silent,
    )


@pytest.fixture
def nine_weeks() -> list[SessionMetrics]:
    """Three sessions a week, none in the fifth, form from 60 to 90 %."""
    rng = np.random.default_rng(0)
    days = [7 * week + day for week in range(9) for day in (1.0, 3.0, 5.0) if week != 4]
    return [session(k, day, 60 + 30 * day / 63 + rng.normal(0, 2)) for k, day in enumerate(days)]


def test_weeks_contain_their_sessions_and_empty_weeks_stay(nine_weeks: list[SessionMetrics]) -> None:
    weeks = weeks_of(nine_weeks)
    assert sum(week.sessions for week in weeks) == len(nine_weeks) == 24
    assert len(weeks) in (9, 10) and 0 in [week.sessions for week in weeks]
    assert all(abs(b.start_unix_s - a.start_unix_s - 7 * DAY_S) <= 3600 for a, b in pairwise(weeks))
    for week in weeks:
        inside = [p for p in nine_weeks if week.start_unix_s <= p.started_unix_s < week.start_unix_s + 7 * DAY_S]
        assert week.sessions == len(inside)
        if inside:
            assert week.means["in_form_pct"] == pytest.approx(np.mean([p.in_form_pct for p in inside]))


def test_a_change_is_reported_only_if_it_is_clear(nine_weeks: list[SessionMetrics]) -> None:
    assert change(nine_weeks, FORM).startswith("better (+2")
    worse = [dataclasses.replace(p, in_form_pct=150 - (p.in_form_pct or 0)) for p in nine_weeks]
    assert change(worse, FORM).startswith("worse (-2")
    rng = np.random.default_rng(1)
    still = [dataclasses.replace(p, in_form_pct=70 + rng.normal(0, 5)) for p in nine_weeks]
    assert change(still, FORM).startswith("no clear change")
    assert change(nine_weeks[:5], FORM) == "too few sessions"
    assert change([dataclasses.replace(p, in_form_pct=None) for p in nine_weeks], FORM) == "too few sessions"


@given(st.lists(st.none() | st.floats(-1e6, 1e6), max_size=30))
def test_a_sparkline_has_a_bar_for_every_value(values: list[float | None]) -> None:
    line = sparkline(values)
    assert len(line) == len(values) and [c == " " for c in line] == [v is None for v in values]
    known = [v for v in values if v is not None]
    if len(set(known)) > 1:
        assert line[values.index(min(known))] == BARS[0] and line[values.index(max(known))] == BARS[-1]


def test_the_text_fits_80_columns_and_names_the_change(nine_weeks: list[SessionMetrics]) -> None:
    text = to_text(nine_weeks, "Trend of Ada")
    assert max(map(len, text.splitlines())) <= 80
    assert "24 sessions, 12 h 0 min of running" in text and "better (+2" in text
    assert "In 24 of 24 judged sessions the last fifth of the run was without cues" in text
    assert "No session with strides yet" in to_text([], "Trend")


def test_the_page_is_complete_and_themed(nine_weeks: list[SessionMetrics]) -> None:
    page = to_html([*nine_weeks, session(99, 62.0, None)], "Trend <1>", "to today")
    assert page.count("<svg") == len(shown_measures(nine_weeks)) and "#0100" not in page and "Trend &lt;1&gt;" in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids)) > 50
    assert page.count("<tr>") == len(weeks_of(nine_weeks)) + 1
    assert "No session with strides yet" in to_html([], "Trend", "")


def test_the_command_reads_stored_summaries(own_home: Path, tmp_path: Path) -> None:
    from untuck.store import Settings, Store

    run = CliRunner()
    nothing = run.invoke(cli, ["trend"])
    assert nothing.exit_code == 1 and "no session is recorded yet" in nothing.output
    with Store().record("a", "run", Settings(runner="Ada")) as recording:
        recording.end('{"strides": "of another kind"}')
    done = run.invoke(cli, ["trend", "--runner", "Ada", "--html", str(tmp_path / "trend.html"), "--json"])
    assert done.exit_code == 0 and json.loads(done.stdout.splitlines()[-1])["sessions"] == []
    assert "No session with strides yet" in (tmp_path / "trend.html").read_text()
    assert "no session of Bob" in run.invoke(cli, ["trend", "--runner", "Bob"]).output
