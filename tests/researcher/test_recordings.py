"""`load`, `sessions` and `example`: a stored session gives what was found live; the example can be made again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from tests.exact import exact
from tools.make_example import PATH, example_samples

import untuck
from untuck.errors import MissingExtraError, SamplesError, StoreError
from untuck.run_results import Run
from untuck.wire import ACC_SCALE, GYR_SCALE


def test_a_stored_session_gives_what_was_found_live(recorded: Run) -> None:
    s = untuck.load(1)
    run = untuck.analyse(s, s.calibration, s.baseline, s.params, s.commands)
    assert s.session == 1 and s.calibration is None and [c.kind for c in s.commands] == ["threshold", "mute"]
    assert len(recorded.strides) > 150 and len(recorded.findings) == 2
    assert run.strides.tobytes() == recorded.strides.tobytes()
    for name in ("findings", "cues", "suppressed_cues", "calibration", "baseline"):
        assert exact(getattr(run, name)) == exact(getattr(recorded, name)), name
    assert any(cue.reason == "muted" for cue in run.suppressed_cues)


def test_a_session_loads_by_number_and_from_the_list(recorded: Run) -> None:
    (session,) = untuck.sessions()
    assert repr(session).startswith("StoredSession(1: demo, simulated runner, ")
    by_number, from_list = untuck.load(np.int64(1)), untuck.load(session)
    assert exact(by_number) == exact(from_list) and len(by_number) == len(untuck.example())
    assert type(by_number[:10]) is untuck.Samples


def test_errors_say_what_is_wrong(recorded: Run) -> None:
    with pytest.raises(StoreError, match="there is no session 7"):
        untuck.load(7)
    with pytest.raises(SamplesError, match="stored session needs neither"):
        untuck.load(1, rate_hz=100)  # type: ignore[call-overload]
    with pytest.raises(TypeError):
        untuck.load(1.5)  # type: ignore[call-overload]


def test_files_load_by_their_suffix(tmp_path: Path) -> None:
    s = untuck.example()[:300]
    axes = {"x": 0, "y": 1, "z": 2}
    columns = {"time_s": s.time_s} | {f"gyr_{a}_rad_s": s.gyr_rad_s[:, k] for a, k in axes.items()}
    columns |= {f"a{a}": s.acc_m_s2[:, k] for a, k in axes.items()}
    names = {f"acc_{a}_m_s2": f"a{a}" for a in axes}
    pyarrow.csv.write_csv(pa.table(columns), tmp_path / "s.csv")
    pyarrow.parquet.write_table(pa.table(columns), tmp_path / "s.parquet")
    np.savez(tmp_path / "s.npz", time_s=s.time_s, gyr_rad_s=s.gyr_rad_s, acc_m_s2=s.acc_m_s2)
    npz = untuck.load(tmp_path / "s.npz")
    csv, parquet = (untuck.load(str(tmp_path / f"s.{kind}"), columns=names) for kind in ("csv", "parquet"))
    assert exact(csv) == exact(parquet) == exact(npz)
    assert npz.acc_m_s2.tobytes() == s.acc_m_s2.tobytes()


def test_a_table_without_pyarrow_names_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    (tmp_path / "s.csv").write_text("time_s\n0\n")
    with pytest.raises(MissingExtraError, match=r"needs the 'report' extra: pip install 'untuck\[report\]'"):
        untuck.load(tmp_path / "s.csv")


def test_the_example_is_small_and_can_be_made_again() -> None:
    assert PATH.stat().st_size < 300_000
    stored, made = untuck.example(), example_samples()
    assert np.array_equal(stored.time_s, made.time_s)
    step = (
        np.abs(stored.gyr_rad_s - made.gyr_rad_s).max() * GYR_SCALE,
        np.abs(stored.acc_m_s2 - made.acc_m_s2).max() * ACC_SCALE,
    )
    assert max(step) <= 1.0  # another machine may round the last step another way


def test_the_example_is_what_its_docstring_says(run: Run) -> None:
    assert [(f.fault, f.side) for f in run.findings] == [("tuck", 0), ("pullback", 1)]
    starts = [finding.start_s for finding in run.findings]
    assert abs(starts[0] - 70) < 3 and abs(starts[1] - 106) < 3
    assert run.calibration.source == "stand+hinges" and not run.warnings
