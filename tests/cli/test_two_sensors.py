"""`untuck analyse` of two sensors: in two files, in one, and a batch of such files; each is said to be what it is."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pyarrow.parquet
import pytest
from click.testing import CliRunner, Result

import untuck
from untuck.cli.main import cli
from untuck.report.tables import write_npz
from untuck.samples import Samples
from untuck.simulate.runner import Phase, Scenario
from untuck.simulate.trunk import SimulatedPair, simulate_pair

PHASES = (Phase("stand", 7), Phase("hinge", 10.5), Phase("stand", 2.5), Phase("run", 20), Phase("stand", 3))


@pytest.fixture(scope="module")
def pair() -> SimulatedPair:
    return simulate_pair(Scenario(PHASES), seed=3)


def write_sensors(path: Path, **sensors: Samples) -> Path:
    """An HDF5 file as that of APDM, with the sensors by their labels."""
    with h5py.File(path, "w") as file:
        file.attrs["FileFormatVersion"] = 5
        for key, (label, samples) in enumerate(sensors.items(), 100):
            group = file.create_group(f"Sensors/{key}")
            group["Accelerometer"], group["Gyroscope"] = samples.acc_m_s2, samples.gyr_rad_s
            group["Time"] = np.round(samples.time_s * 1e6).astype(np.uint64)
            group.create_group("Configuration").attrs["Label 0"] = np.bytes_(label)
    return path


def analyse(*words: object) -> Result:
    return CliRunner().invoke(cli, ["analyse", *map(str, words)])


def test_both_files_are_said_and_the_pelvis_s_sensor_is_not_looked_for_in_the_trunk_s(
    pair: SimulatedPair, tmp_path: Path
) -> None:
    pelvis = write_sensors(tmp_path / "pelvis.h5", one=pair.pelvis.samples, two=pair.trunk)
    trunk = tmp_path / "trunk.npz"
    write_npz(pair.trunk, trunk)
    done = analyse(pelvis, "--sensor", "one", "--trunk", trunk)
    assert done.exit_code == 0, done.stderr
    assert f"untuck: {pelvis}: acceleration in m/s^2" in done.stderr and "sensor one" in done.stderr
    assert f"untuck: {trunk}: acceleration in m/s^2, gyro in rad/s, 100 Hz, Untuck" in done.stderr
    result = json.loads(analyse(pelvis, "--sensor", "one", "--trunk", trunk, "--json").stdout)
    assert result["trunk_file"] == str(trunk) and result["trunk_source"].endswith("Untuck")
    assert result["medians"]["trunk_lean_deg"] is not None
    done = analyse(pelvis, "--sensor", "one", "--trunk", trunk, "--trunk-sensor", "two")
    assert done.exit_code == 1 and f"{trunk}: it has no sensor 'two': it has one, without a name." in done.stderr


def test_one_file_holds_both(pair: SimulatedPair, tmp_path: Path) -> None:
    both = write_sensors(tmp_path / "both.h5", A=pair.pelvis.samples, B=pair.trunk)
    done = analyse(both, "--sensor", "A", "--trunk-sensor", "B")
    assert done.exit_code == 0 and "trunk lean" in done.stdout, done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith(f"untuck: {both}: ")]
    assert ["sensor A" in said[0], "sensor B" in said[1]] == [True, True]
    assert "trunk lean" not in analyse(both, "--sensor", "A").stdout
    pelvis, back = (untuck.load(both, sensor=name) for name in "AB")
    strides = untuck.analyse(pelvis, trunk=back).strides
    assert f"trunk lean   {np.nanmedian(strides['lean_deg'][strides['valid']]):.1f} " in done.stdout
    done = analyse(both, "--trunk", both)
    assert done.exit_code == 1 and "(A, B): give the one at the pelvis with --sensor NAME" in done.stderr


def test_a_batch_of_files_with_both(pair: SimulatedPair, tmp_path: Path) -> None:
    files = [write_sensors(tmp_path / f"{name}.h5", Pelvis=pair.pelvis.samples, Back=pair.trunk) for name in ("a", "b")]
    done = analyse(*files, "--trunk-sensor", "Back", "--jobs", "1", "-o", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    runs = pyarrow.parquet.read_table(tmp_path / "out" / "runs.parquet").to_pydict()
    assert runs["trunk_file"] == list(map(str, files)) and all("sensor Back" in each for each in runs["trunk_source"])
    assert all(lean_deg is not None for lean_deg in runs["trunk_lean_deg"])
