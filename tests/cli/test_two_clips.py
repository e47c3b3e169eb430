"""`untuck demo --clips 2` against its truth, and its session with every command that reads it: equal to the bit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.cli.test_cli import error_of, untuck

import untuck as untuck_api
from untuck.session.reanalysis import reanalyse
from untuck.store import Store, codec
from untuck.vocabulary import Role


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a demo session of two clips, and what the demo printed in stdout.json."""
    home = tmp_path_factory.mktemp("two")
    done = untuck("demo", "--fast", "--json", "--clips", "2", env={"UNTUCK_HOME": str(home)})
    assert done.returncode == 0, done.stderr
    (home / "stdout.json").write_text(done.stdout)
    return home


@pytest.fixture
def in_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNTUCK_HOME", str(home))
    return home


def demo_result(home: Path) -> dict[str, Any]:
    result: dict[str, Any] = json.loads((home / "stdout.json").read_text().splitlines()[-1])
    return result


def test_the_demo_finds_arch_bent_upright_and_tuck(home: Path) -> None:
    """Each within ten strides of its onset, and nothing that the runner did not do."""
    result = demo_result(home)
    truth = [(each["fault"], each["side"], each["start_s"]) for each in result["truth"]["faults"]]
    assert {fault for fault, _, _ in truth} == {"tuck", "arch", "bent", "upright", "pullback"}
    found = [(each["fault"], each["side"], each["start_s"]) for each in result["findings"]]
    assert sorted(each[:2] for each in found) == sorted(each[:2] for each in truth)
    for fault, side, start_s in found:
        assert any(each[:2] == (fault, side) and -1.0 < start_s - each[2] < 8.0 for each in truth), (fault, start_s)
    assert result["trunk"]["packets"] == result["signal"]["packets"] and result["trunk"]["lost"] == 0


def test_a_replay_and_an_analysis_of_the_whole_equal_live(in_home: Path) -> None:
    replayed = json.loads(untuck("replay", "--json").stdout.splitlines()[-1])
    live = demo_result(in_home)
    assert replayed == {name: value for name, value in live.items() if name != "truth"}
    session = Store().open()
    assert codec.to_json(reanalyse(session).summary) == session.summary


def test_python_loads_both_clips_of_a_session(in_home: Path) -> None:
    s = untuck_api.load(1)
    assert s.trunk is not None and s.trunk_calibration is None
    run = untuck_api.analyse(
        s, s.calibration, s.baseline, s.params, s.commands, trunk=s.trunk, trunk_calibration=s.trunk_calibration
    )
    live = demo_result(in_home)
    assert [(each.fault, each.side) for each in run.findings] == [
        (each["fault"], each["side"]) for each in live["findings"]
    ]
    assert run.strides.tobytes() == reanalyse(Store().open()).run.strides.tobytes()
    tilt, _, trunk = run.plot().axes
    assert any("arch" in each.get_text() for each in trunk.texts) and any(
        "tuck" in each.get_text() for each in tilt.texts
    )


def test_an_archive_replays_the_same_elsewhere(in_home: Path, tmp_path: Path) -> None:
    archive = tmp_path / "one.untuck"
    assert untuck("sessions", "export", "-o", str(archive)).returncode == 0
    there = {"UNTUCK_HOME": str(tmp_path / "there")}
    assert untuck("sessions", "import", str(archive), env=there).returncode == 0
    theirs = json.loads(untuck("replay", "--json", env=there).stdout.splitlines()[-1])
    ours = demo_result(in_home)
    assert {**theirs, "session": 0} == {**{k: v for k, v in ours.items() if k != "truth"}, "session": 0}
    assert "2 clips" in untuck("sessions", env=there).stdout


def test_its_samples_are_analysed_as_two_recordings(in_home: Path, tmp_path: Path) -> None:
    assert untuck("export", "--format", "npz", "-o", str(tmp_path)).returncode == 0
    pelvis, trunk = tmp_path / "session-1.npz", tmp_path / "session-1-trunk.npz"
    done = untuck("analyse", str(pelvis), "--trunk", str(trunk), "--json")
    result = json.loads(done.stdout.splitlines()[-1])
    assert [each["fault"] for each in result["findings"]] == [
        each["fault"] for each in demo_result(in_home)["findings"]
    ]
    alone = json.loads(untuck("analyse", str(pelvis), "--json").stdout.splitlines()[-1])
    assert alone["trunk"] is None and "bent" not in {each["fault"] for each in alone["findings"]}
    with np.load(trunk) as loaded:
        session = reanalyse(Store().open())
        assert session.trunk is not None and np.array_equal(loaded["time_s"], session.trunk.time_s)


def test_the_table_of_the_trunk_needs_a_second_clip(in_home: Path, tmp_path: Path) -> None:
    done = untuck("export", "--table", "trunk", "-o", str(tmp_path))
    assert done.returncode == 0 and done.stdout == f"{tmp_path / 'session-1-trunk.csv'}\n"
    alone = {"UNTUCK_HOME": str(tmp_path / "alone")}
    assert untuck("demo", "--fast", env=alone).returncode == 0
    for more in ([], ["--table", "strides"]):
        done = untuck("export", "--table", "trunk", *more, "-o", str(tmp_path / "none"), env=alone)
        assert error_of(done) == "untuck: session 1 has no table trunk: no second clip, on the upper back, took part."
        assert done.stdout == "" and not (tmp_path / "none").exists()
    done = untuck("export", "-o", str(tmp_path / "all"), env=alone)
    assert done.returncode == 0 and "strides.csv" in done.stdout and "trunk.csv" not in done.stdout


def test_the_data_quality_counts_the_packets_of_both(in_home: Path) -> None:
    signal = demo_result(in_home)["trunk"]
    lost, damaged = signal["lost"], signal["corrupt"]
    text = untuck("summary").stdout
    quality = text.partition("Data quality")[2].partition("Warnings")[0]
    assert f"  of the second clip: {signal['packets']} packets, {lost} lost, {damaged} damaged\n" in quality


def test_two_recordings_are_no_batch(tmp_path: Path) -> None:
    assert "--trunk is for one FILE" in error_of(untuck("analyse", "a.csv", "b.csv", "--trunk", "c.csv"), 2)


def test_packets_of_both_are_stored_as_they_came(in_home: Path) -> None:
    packets = list(Store().open().packets())
    assert [each.arrival_s for each in packets] == sorted(each.arrival_s for each in packets)
    assert sum(each.role == Role.TRUNK for each in packets) == len(packets) / 2
