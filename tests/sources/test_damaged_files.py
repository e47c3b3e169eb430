"""Damaged files give samples or a SamplesError of one line, whatever is wrong with them; one never ends a batch."""

from __future__ import annotations

import io
import random
import zipfile
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
from tests.sources.write_formats import WRITTEN, Written, lines

from untuck.errors import SamplesError
from untuck.report.batch import analyse_files, write_results
from untuck.samples import Samples
from untuck.sources.files import read_samples

FORMATS = [pytest.param(each, id=each.id or each.key) for each in WRITTEN]
DAMAGES = 24
HEADER = "time,acc_x,acc_y,acc_z,gyr_x,gyr_y,gyr_z"
ROW = "{t:.6f},{a[0]:.6f},{a[1]:.6f},{a[2]:.6f},{g[0]:.6f},{g[1]:.6f},{g[2]:.6f}"


@pytest.fixture(scope="module")
def recorded() -> Samples:
    import untuck

    return untuck.example()[3600:4200]


def damaged(data: bytes, rng: random.Random) -> bytes:
    """The bytes cut, with other bytes in their head or anywhere, with a hole, or with a huge number."""
    made = bytearray(data)
    kind = rng.randrange(5)
    if kind == 0:
        del made[rng.randrange(len(made)) :]
    elif kind in (1, 2):
        reach = min(len(made), 2048) if kind == 1 else len(made)
        for _ in range(rng.choice([1, 5, 100])):
            made[rng.randrange(reach)] = rng.randrange(256)
    elif kind == 3:
        start = rng.randrange(len(made))
        del made[start : start + rng.randrange(1, 5000)]
    else:
        start = rng.randrange(min(len(made), 4000))
        made[start : start + 4] = b"\xff\xff\xff\x7f"
    return bytes(made)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("written", FORMATS)
def test_damage_gives_samples_or_one_line(recorded: Samples, tmp_path: Path, written: Written) -> None:
    whole, path = tmp_path / written.name, tmp_path / f"damaged{Path(written.name).suffix}"
    written.write(whole, recorded)
    data, rng = whole.read_bytes(), random.Random(written.name)
    for _ in range(DAMAGES if whole.suffix != ".c3d" else 6):  # a process each
        path.write_bytes(damaged(data, rng))
        try:
            assert isinstance(read_samples(path), Samples)
        except SamplesError as error:
            text = str(error)
            assert text.startswith(str(path)) and "\n" not in text and "Error" not in text and len(text) < 3000


def huge_npz() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        head = "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 3), }".ljust(117) + "\n"
        archive.writestr("acc_m_s2.npy", b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head.encode())
    return made.getvalue()


def bad_files(recorded: Samples) -> dict[str, tuple[bytes, str]]:
    """Files by name, with what their error must say."""
    body = lines(recorded, ROW)
    rows = body.splitlines()
    backwards = "\n".join([*rows[:100], *rows[50:]])
    holes = "\n".join(row.replace(row.split(",")[2], "nan") if i == 7 else row for i, row in enumerate(rows))
    with_date = "\n".join(f"2026-13-45 10:00:00,{row.partition(',')[2]}" for row in rows)
    return {
        "empty.csv": (b"", "is no CSV file"),
        "empty.h5": (b"", "is no HDF5 file"),
        "empty.zip": (b"", "is no zip file"),
        "empty.c3d": (b"", "is no C3D file"),
        "empty.parquet": (b"", "is no Parquet file"),
        "header.csv": (HEADER.encode() + b"\n", "is no CSV file"),
        "words.csv": (b"hello\nworld\n" * 100, "is no CSV file"),
        "binary.csv": (bytes(range(256)) * 100, "is no CSV file"),
        "latin.csv": ("Gr\xf6\xdfe;a;b\n1;2;3\n2;3;4\n3;4;5\n".encode("latin-1"), "lacks"),
        "repeated.csv": (
            (
                "time" + ",acc_x,acc_y,acc_z,gyr_x,gyr_y,gyr_z" * 2 + "\n" + lines(recorded, ROW + ",1,2,3,4,5,6")
            ).encode(),
            "'acc_x' more than once",
        ),
        "backwards.csv": (f"{HEADER}\n{backwards}\n".encode(), "time_s does not increase at sample 100"),
        "holes.csv": (f"{HEADER}\n{holes}\n".encode(), "acc_m_s2 is not finite at sample 7"),
        "dates.csv": (f"{HEADER}\n{with_date}\n".encode(), "is no date"),
        "huge.npz": (huge_npz(), "claims|is no numpy archive"),
        "folder.zip": (b"PK\x05\x06" + b"\0" * 18, "holds no CSV tables"),
        "run.xlsx": (b"PK", "can be read; convert it first"),
    }


def test_one_bad_file_never_ends_a_batch(recorded: Samples, tmp_path: Path) -> None:
    import re

    bad = bad_files(recorded)
    for name, (data, _) in bad.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "good.csv").write_text(f"{HEADER}\n{lines(recorded, ROW)}")
    results = {Path(result.file).name: result for result in analyse_files(sorted(tmp_path.iterdir()), read_samples, 1)}
    for name, (_, expected) in bad.items():
        error = results[name].error
        assert re.search(expected, error) and "\n" not in error, (name, error)
    assert results["good.csv"].error == "" and results["good.csv"].summary is not None
    runs = pyarrow.parquet.read_table(write_results(list(results.values()), tmp_path / "out")[0]).to_pylist()
    assert len(runs) == len(bad) + 1 and all(bool(row["error"]) != bool(row["source"]) for row in runs)
    assert next(row["source"] for row in runs if row["file"].endswith("good.csv")).startswith("acceleration in m/s^2")


def test_whatever_the_analysis_raises_is_a_row(
    recorded: Samples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import untuck.motion.analyse

    def broken(samples: Samples, trunk: Samples | None) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(untuck.motion.analyse, "analyse", broken)
    (tmp_path / "good.csv").write_text(f"{HEADER}\n{lines(recorded, ROW)}")
    (result,) = analyse_files([tmp_path / "good.csv"], read_samples, 1)
    assert result.summary is None and "could not be analysed (ZeroDivisionError): please report it" in result.error


def test_a_last_row_that_is_cut_is_left_out(recorded: Samples, tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    body = f"{HEADER}\n{lines(recorded, ROW)}"
    for cut in (body[:-30], body[:-60], body.rstrip("\n").rpartition(",")[0] + ",-"):
        path.write_text(cut)
        samples = read_samples(path)
        assert len(recorded) - 2 <= len(samples) < len(recorded)
        np.testing.assert_allclose(samples.acc_m_s2, recorded.acc_m_s2[: len(samples)], atol=1e-5)
