"""Files of other people: what is read, what is rejected and why, and many files in parallel, also on a cluster."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pyarrow.csv
import pyarrow.parquet
import pytest
from click.testing import CliRunner, Result

from untuck.cli.main import cli
from untuck.errors import ReportError, SamplesError
from untuck.report.batch import FileResult, analyse_files, write_results
from untuck.report.dictionary import SAMPLES
from untuck.report.tables import as_arrow, write_npz
from untuck.samples import Samples
from untuck.sources.files import COLUMNS, column_map, read_samples
from untuck.store import codec

ROWS = 300


def columns_of(samples: Samples) -> dict[str, np.ndarray]:
    """Samples as a table has them."""
    blocks = np.column_stack([samples.time_s, samples.gyr_rad_s, samples.acc_m_s2])
    return dict(zip(COLUMNS[:7], blocks.T, strict=True))


@pytest.fixture(scope="module")
def recorded() -> Samples:
    from untuck.simulate.runner import simulate

    return simulate(seed=4).samples


@pytest.fixture
def still() -> dict[str, np.ndarray]:
    """Columns of three seconds of standing."""
    samples = Samples(np.arange(ROWS) / 100, np.zeros((ROWS, 3)) + 0.01, np.tile([0.1, 9.8, 0.2], (ROWS, 1)))
    return columns_of(samples)


def write(path: Path, columns: dict[str, np.ndarray]) -> Path:
    table = pyarrow.table(columns)
    (pyarrow.parquet.write_table if path.suffix == ".parquet" else pyarrow.csv.write_csv)(table, path)
    return path


def untuck(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["analyse", *arguments])


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".npz"])
def test_every_format_gives_the_same_samples(recorded: Samples, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"run{suffix}"
    if suffix == ".npz":
        write_npz(recorded, path)
    else:
        write(path, columns_of(recorded))
    again = read_samples(path)
    for name in ("time_s", "gyr_rad_s", "acc_m_s2"):
        np.testing.assert_array_equal(getattr(again, name), getattr(recorded, name))


def test_other_column_names_are_mapped(still: dict[str, np.ndarray], tmp_path: Path) -> None:
    theirs = {"when": still.pop("time_s"), "ax": still.pop("acc_x_m_s2"), **still, "note": np.array(["x"] * ROWS)}
    path = write(tmp_path / "run.csv", theirs)
    assert len(read_samples(path, column_map(("time_s=when", "acc_x_m_s2=ax")))) == ROWS
    assert len(read_samples(path, column_map(("acc_x_m_s2=ax",)), rate_hz=100.0)) == ROWS
    with pytest.raises(SamplesError, match=r"lacks acc_x_m_s2: it has when, ax, .*--column OURS=THEIRS"):
        read_samples(path)
    with pytest.raises(SamplesError, match="lacks zeit"):
        read_samples(path, column_map(("acc_x_m_s2=ax", "time_s=zeit")))
    with pytest.raises(SamplesError, match="lacks time_s or rate_hz"):
        read_samples(path, column_map(("acc_x_m_s2=ax",)))
    for pair in ("ax", "ax=acc_x_m_s2"):
        with pytest.raises(SamplesError, match="OURS is one of"):
            column_map((pair,))


UNITS = {
    "g": ("acc", 1 / 9.80665, "looks like g, not m/s"),
    "mg": ("acc", 1000 / 9.80665, "looks like mg"),
    "no gravity": ("acc", 0.01, "gravity alone is 9.8"),
    "degrees": ("gyr", 180 / np.pi, "rad/s.* of deg/s|looks like deg/s"),
}


@pytest.mark.parametrize("name", UNITS)
def test_other_units_are_detected_and_named(recorded: Samples, tmp_path: Path, name: str) -> None:
    what, factor, expected = UNITS[name]
    columns = {k: v * factor if k.startswith(what) else v for k, v in columns_of(recorded).items()}
    with pytest.raises(SamplesError, match=expected):
        read_samples(write(tmp_path / "run.csv", columns))


def test_files_that_are_not_tables_of_numbers_are_rejected_with_the_reason(
    still: dict[str, np.ndarray], tmp_path: Path
) -> None:
    words = write(tmp_path / "words.csv", {**still, "acc_x_m_s2": np.array(["n/a?"] * ROWS)})
    (tmp_path / "not.parquet").write_bytes(b"PAR0" * 9)
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "run.xlsx").write_text("")
    holes = dict(still)
    holes["acc_x_m_s2"] = np.where(np.arange(ROWS) == 7, np.nan, holes["acc_x_m_s2"])
    for path, expected in (
        (words, "not all numbers"),
        (tmp_path / "not.parquet", "no Parquet file"),
        (tmp_path / "empty.csv", "no CSV file"),
        (tmp_path / "run.xlsx", "convert it first"),
        (tmp_path / "none.csv", "cannot be read"),
        (write(tmp_path / "holes.parquet", holes), "not finite at sample 7"),
    ):
        with pytest.raises(SamplesError, match=expected):
            read_samples(path)


@pytest.fixture(scope="module")
def folder(recorded: Samples, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three files that can be analysed, one that is cut and one that is no recording."""
    path = tmp_path_factory.mktemp("runs")
    for name, part in (("a.npz", recorded), ("b.npz", recorded[:6000]), ("c.npz", recorded[:1000])):
        write_npz(part, path / name)
    (path / "d.npz").write_bytes((path / "a.npz").read_bytes()[:5000])
    (path / "e.npz").write_text("hello")
    return path


def in_order(results: list[FileResult]) -> list[FileResult]:
    return sorted(results, key=lambda result: result.file)


@pytest.fixture(scope="module")
def serial(folder: Path) -> list[FileResult]:
    return in_order(list(analyse_files(sorted(folder.iterdir()), read_samples, jobs=1)))


def same(one: list[FileResult], other: list[FileResult]) -> bool:
    return all(
        (a.file, a.error, codec.to_json(a.summary)) == (b.file, b.error, codec.to_json(b.summary))
        and all(a.strides[name].tobytes() == b.strides[name].tobytes() for name in a.strides)
        for a, b in zip(one, other, strict=True)
    )


@pytest.mark.slow
def test_a_bad_file_does_not_stop_the_others(serial: list[FileResult]) -> None:
    assert [bool(result.error) for result in serial] == [False, False, False, True, True]
    assert "no numpy archive" in serial[3].error and serial[2].summary is not None
    assert serial[0].summary is not None and serial[0].summary.strides > 150


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_in_parallel_the_results_are_the_same(folder: Path, serial: list[FileResult], backend: str) -> None:
    found = in_order(list(analyse_files(sorted(folder.iterdir()), partial(read_samples), jobs=2, backend=backend)))
    assert same(found, serial)


@pytest.mark.slow
def test_a_dask_cluster_gives_the_same_results(folder: Path, serial: list[FileResult]) -> None:
    cluster_of = pytest.importorskip("distributed").LocalCluster

    with cluster_of(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None) as cluster:
        address = cluster.scheduler_address
        found = list(analyse_files(sorted(folder.iterdir()), read_samples, backend="dask", scheduler=address))
    assert same(in_order(found), serial)


def test_a_missing_cluster_is_reported(folder: Path) -> None:
    paths = sorted(folder.iterdir())
    with pytest.raises(ReportError, match="pip install ray"):
        list(analyse_files(paths, read_samples, backend="ray"))


def test_results_are_three_tables(serial: list[FileResult], tmp_path: Path) -> None:
    runs, strides, findings = (pyarrow.parquet.read_table(path) for path in write_results(serial, tmp_path / "out"))
    assert [bool(text) for text in runs["error"].to_pylist()] == [False, False, False, True, True]
    assert strides.num_rows == sum(r.summary.strides for r in serial if r.summary)
    assert findings.num_rows == sum(len(r.summary.findings) for r in serial if r.summary) > 0
    assert strides.schema.field("tilt_deg").metadata[b"unit"] == b"deg"
    assert runs["tilt_deg"].to_pylist()[3] is None


def test_each_run_says_what_its_results_rest_on(serial: list[FileResult], tmp_path: Path) -> None:
    runs = pyarrow.parquet.read_table(write_results(serial, tmp_path / "out")[0]).to_pylist()
    whole, short, standing, broken, _ = runs
    assert (whole["calibration"], whole["sides"], whole["warnings"]) == ("stand+hinges", "hinges", "")
    assert 80 < whole["judged"] < whole["clean_strides"]
    assert "No baseline" in short["warnings"] and short["judged"] == 0
    assert "No hip hinges" in standing["warnings"] or "No baseline" in standing["warnings"]
    assert (broken["calibration"], broken["warnings"], broken["judged"]) == (None, None, 0) or broken[
        "calibration"
    ] == ""


@pytest.mark.slow
def test_without_evidence_of_the_sides_no_column_has_one(recorded: Samples, tmp_path: Path) -> None:
    """A clip that is turned by 90 deg, without hinges."""
    turn = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
    rows = recorded.time_s > recorded.time_s[0] + 20.0
    gyr, acc = recorded.gyr_rad_s[rows] @ turn.T, recorded.acc_m_s2[rows] @ turn.T
    write_npz(Samples(recorded.time_s[rows], gyr, acc), tmp_path / "turned.npz")
    (result,) = analyse_files([tmp_path / "turned.npz"], read_samples)
    assert result.summary is not None and result.summary.strides > 100
    assert not any(finding.side for finding in result.summary.findings)
    for name, values in result.strides.items():
        if "left" in name or "right" in name:
            assert np.isnan(values).all(), name
            assert result.summary.medians.get(name) is None
    row = pyarrow.parquet.read_table(write_results([result], tmp_path / "out")[0]).to_pylist()[0]
    assert (row["calibration"], row["sides"], row["contact_left_ms"]) == ("nominal", "", None)
    assert "turned sideways" in row["warnings"]
    assert row["cadence_spm"] > 150


@pytest.mark.parametrize(
    ("gyr", "acc", "said"),
    [
        (1, -1, "along -y.*Apple.*--axes"),
        (-1, 1, "gyro has the opposite sign.*--axes"),
        (-1, -1, '--axes "gyr:-x,-y,-z"'),
    ],
)
def test_files_with_wrong_signs_are_refused_with_the_flag(
    recorded: Samples, tmp_path: Path, gyr: int, acc: int, said: str
) -> None:
    wrong = Samples(recorded.time_s, gyr * recorded.gyr_rad_s, acc * recorded.acc_m_s2)
    path = write(tmp_path / "run.csv", columns_of(wrong))
    done = untuck(str(path))
    assert done.exit_code != 0
    with pytest.raises(SamplesError, match=said):
        read_samples(path)


def test_the_command_reports_every_file(folder: Path, tmp_path: Path) -> None:
    done = untuck(*(str(folder / f"{name}.npz") for name in "abd"), "--jobs", "1", "-o", str(tmp_path / "out"))
    assert done.exit_code == 1 and "1 of 3 files could not be analysed" in done.output
    assert "a.npz: " in done.output and "findings" in done.output and "no numpy archive" in done.output
    assert (tmp_path / "out" / "strides.parquet").exists()
    assert set(COLUMNS) <= {column.name for column in SAMPLES}
    assert as_arrow(SAMPLES[:1], {"time_s": np.array([1.0])}).num_rows == 1
