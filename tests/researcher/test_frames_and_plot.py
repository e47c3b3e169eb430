"""Tables of a run as pyarrow, pandas and polars; its plot; its short repr."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import untuck
from untuck.errors import MissingExtraError, UntuckError
from untuck.frames import TABLES
from untuck.model import STRIDE_DTYPE, SuppressedCue
from untuck.run_results import Run

ROWS = {"strides": "strides", "contacts": "contacts", "findings": "findings", "cues": "cues"}


@pytest.mark.parametrize("table", [table for table in TABLES if table != "trunk"])  # of a second clip
def test_every_table_in_every_library(run: Run, table: str) -> None:
    run = replace(run, suppressed_cues=(SuppressedCue("tuck", 0, 66.0, "cap", 1, 4.5),))
    arrow = run.to_arrow(table)
    rows = len(run.time_s) if table == "traces" else len(getattr(run, table))
    assert rows > 0 and arrow.num_rows == rows
    for library in ("pandas", "polars"):
        frame = run.to_frame(table, library)  # type: ignore[arg-type]
        assert type(frame).__module__.startswith(library)
        assert list(frame.columns) == arrow.column_names and len(frame) == rows


@pytest.mark.parametrize("table", ["findings", "cues", "suppressed_cues", "strides", "contacts"])
def test_a_run_without_any_has_the_same_columns(run: Run, table: str) -> None:
    value = () if isinstance(getattr(run, table), tuple) else getattr(run, table)[:0]
    empty = replace(run, **{table: value})
    assert empty.to_arrow(table).schema.equals(run.to_arrow(table).schema)
    assert empty.to_frame(table, "polars").schema == run.to_frame(table, "polars").schema
    assert len(empty.to_frame(table)) == 0


def test_numbers_are_exact_and_the_unknown_is_marked(run: Run) -> None:
    arrow, pandas, polars = run.to_arrow(), run.to_frame(), run.to_frame("strides", "polars")
    assert arrow.column_names == list(STRIDE_DTYPE.names or ())
    unknown = np.isnan(run.strides["pullback_left_deg"])
    assert 0 < unknown.sum() == arrow["pullback_left_deg"].null_count == polars["pullback_left_deg"].null_count()
    assert np.array_equal(pandas["pullback_left_deg"], run.strides["pullback_left_deg"], equal_nan=True)
    assert np.array_equal(polars["tilt_deg"].to_numpy(), run.strides["tilt_deg"])
    assert arrow["reason"].to_pylist() == run.strides["reason"].tolist() == list(pandas["reason"])


def test_wrong_tables_and_libraries_are_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UntuckError, match="'steps' is no table of a run: use one of strides, "):
        run.to_arrow("steps")
    with pytest.raises(UntuckError, match="use one of pandas, polars"):
        run.to_frame("strides", "dask")  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(MissingExtraError, match="pip install polars"):
        run.to_frame("strides", "polars")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"untuck\[report\]"):
        run.to_arrow()


def test_a_plot_shows_tilt_findings_cues_and_pullback(run: Run, tmp_path: Path) -> None:
    before = "matplotlib.pyplot" in sys.modules
    figure = run.plot()
    assert ("matplotlib.pyplot" in sys.modules) == before
    tilt, pullback = figure.axes
    texts = [text.get_text() for axes in (tilt, pullback) for text in axes.texts]
    assert any("tuck" in text for text in texts) and any("right pullback" in text for text in texts)
    labels = tilt.get_legend_handles_labels()[1]
    assert {"stride mean", "baseline at that pace", "cue"} <= set(labels)
    marks = [line for line in tilt.lines if line.get_marker() in ("v", "^") and len(line.get_xdata())]
    assert len(marks) == len(run.cues)
    figure.savefig(tmp_path / "run.png", dpi=50)
    assert (tmp_path / "run.png").stat().st_size > 5000


@pytest.mark.parametrize("seconds", [7, 21, 40])
def test_a_run_without_findings_or_strides_can_be_plotted(seconds: int, tmp_path: Path) -> None:
    short = untuck.analyse(untuck.example()[: 100 * seconds])
    short.plot().savefig(tmp_path / "run.png", dpi=50)
    assert "not judged" in repr(short)


def test_reprs_fit_a_line(run: Run) -> None:
    for value in (untuck.example(), run, run.calibration, run.baseline):
        assert "\n" not in repr(value) and len(repr(value)) < 140
    assert repr(untuck.Samples([], np.empty((0, 3)), np.empty((0, 3)))) == "Samples(0)"
