"""Exports have exactly the columns of the dictionary, and read back as written.

`python tests/report/test_export.py` writes the columns into docs/data.md.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pyarrow.csv
import pyarrow.parquet
import pytest

from untuck.model import STRIDE_DTYPE
from untuck.report.dictionary import TABLES, as_markdown
from untuck.report.summary import Summary
from untuck.report.tables import table, write_npz, write_table
from untuck.run_results import Run
from untuck.samples import Samples

DOCS = Path(__file__).resolve().parents[2] / "docs" / "data.md"
UNITS = {
    "_bw": "body weights",
    "_bw_m": "body weights/m",
    "_m_s": "m/s",
    "_deg": "deg",
    "_s": "s",
    "_ms": "ms",
    "_mm": "mm",
    "_pct": "%",
    "_spm": "steps/min",
    "_rad_s": "rad/s",
    "_m_s2": "m/s^2",
    "_deg_s": "deg/s",
}
COLUMNS = re.compile(r"(<!-- columns:.*?-->\n).*?(<!-- end of columns -->)", re.DOTALL)

Reanalysis = tuple[Run, Samples, Summary]


@pytest.fixture(scope="module")
def analysed() -> Reanalysis:
    """A simulated run with standing before and after it, and its summary."""
    import untuck
    from untuck.report.summary import Signal, summarise
    from untuck.simulate.runner import Phase, Scenario, simulate

    scenario = Scenario.default()
    samples = simulate(Scenario((*scenario.phases, Phase("stand", 4.0))), seed=2).samples
    run = untuck.analyse(samples)
    return run, samples, summarise(run, Signal(1.0, samples=len(samples)))


def read_back(path: Path) -> pyarrow.Table:
    if path.suffix == ".parquet":
        return pyarrow.parquet.read_table(path)
    options = pyarrow.csv.ConvertOptions(strings_can_be_null=False, column_types={"reason": pyarrow.string()})
    return pyarrow.csv.read_csv(path, convert_options=options)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("name", [name for name in TABLES if name != "trunk"])  # of a second clip
def test_a_table_has_the_dictionarys_columns(analysed: Reanalysis, tmp_path: Path, name: str, suffix: str) -> None:
    made = table(name, *analysed)
    path = tmp_path / f"{name}{suffix}"
    write_table(name, made, path)
    again = read_back(path)
    assert again.column_names == [column.name for column in TABLES[name]]
    assert again.num_rows == len(next(iter(made.values()))) > 0
    for column in TABLES[name]:
        values, expected = again[column.name].to_pylist(), made[column.name].tolist()
        if column.kind == "number":  # exact to the bit; unknown values are null
            assert [v if v is not None else None for v in values] == [None if e != e else e for e in expected]
        else:
            assert values == expected
        if suffix == ".parquet":
            about = again.schema.field(column.name).metadata
            assert about[b"unit"].decode() == column.unit and about[b"meaning"].decode() == column.meaning


def test_the_dictionary_has_every_field() -> None:
    assert [column.name for column in TABLES["strides"]] == list(STRIDE_DTYPE.names or ())
    for columns in TABLES.values():
        for column in columns:
            assert column.kind in ("number", "whole", "text", "yes/no") and column.meaning
            fitting = [end for end in UNITS if column.name.endswith(end)]
            assert column.unit == (UNITS[max(fitting, key=len)] if fitting else ""), column.name


def test_docs_data_md_agrees_with_the_dictionary() -> None:
    found = COLUMNS.search(DOCS.read_text())
    assert found is not None and as_markdown() in found[0], "run `python tests/report/test_export.py`"


def test_exported_samples_give_the_same_run(analysed: Reanalysis, tmp_path: Path) -> None:
    import untuck
    from untuck.sources.files import read_samples

    run, samples, _ = analysed
    write_npz(samples, tmp_path / "run.npz")
    again: Any = untuck.analyse(read_samples(tmp_path / "run.npz"))
    assert again.strides.tobytes() == run.strides.tobytes()
    assert again.findings == run.findings and again.cues == run.cues


def write_columns() -> None:
    """Write the dictionary into docs/data.md."""
    DOCS.write_text(COLUMNS.sub(lambda found: f"{found[1]}{as_markdown()}{found[2]}", DOCS.read_text()))


if __name__ == "__main__":
    write_columns()
