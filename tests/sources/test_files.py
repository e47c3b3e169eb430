"""Reading recordings of other sensors; the formats themselves are tested in tests/motion/test_analyse.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from untuck.errors import SamplesError
from untuck.sources.files import ACC, GYR, column_map, read_samples

RNG = np.random.default_rng(1)
GYR_RAD_S = RNG.normal(size=(200, 3))
ACC_M_S2 = RNG.normal(loc=(0.0, 9.8, 0.0), size=(200, 3))
TIME_S = np.arange(200) / 100


def test_a_column_map_applies_to_single_columns_of_an_archive(tmp_path: Path) -> None:
    columns = {f"g{i}": GYR_RAD_S[:, i] for i in range(3)} | {f"a{i}": ACC_M_S2[:, i] for i in range(3)}
    np.savez(tmp_path / "run.npz", t=TIME_S, **columns)
    pairs = [
        "time_s=t",
        *(f"{name}=g{i}" for i, name in enumerate(GYR)),
        *(f"{name}=a{i}" for i, name in enumerate(ACC)),
    ]
    samples = read_samples(tmp_path / "run.npz", column_map(tuple(pairs)))
    np.testing.assert_array_equal(samples.gyr_rad_s, GYR_RAD_S)
    np.testing.assert_array_equal(samples.acc_m_s2, ACC_M_S2)
    np.testing.assert_array_equal(samples.time_s, TIME_S)


def test_a_column_map_applies_beside_whole_arrays(tmp_path: Path) -> None:
    np.savez(tmp_path / "run.npz", t=TIME_S + 5, gyr_rad_s=GYR_RAD_S, acc_m_s2=ACC_M_S2)
    samples = read_samples(tmp_path / "run.npz", {"time_s": "t"})
    np.testing.assert_array_equal(samples.time_s, TIME_S + 5)
    np.testing.assert_array_equal(samples.gyr_rad_s, GYR_RAD_S)
    with pytest.raises(SamplesError, match="lacks seconds: it has t, gyr_rad_s, acc_m_s2"):
        read_samples(tmp_path / "run.npz", {"time_s": "seconds"})


def test_an_archive_with_a_rate_keeps_it_when_columns_are_mapped(tmp_path: Path) -> None:
    columns = {name: GYR_RAD_S[:, i] for i, name in enumerate(GYR)}
    np.savez(tmp_path / "run.npz", acc_m_s2=ACC_M_S2, rate_hz=50.0, turn=GYR_RAD_S[:, 0] * 2, **columns)
    samples = read_samples(tmp_path / "run.npz", {GYR[0]: "turn"})
    np.testing.assert_array_equal(samples.gyr_rad_s[:, 0], GYR_RAD_S[:, 0] * 2)
    assert samples.time_s[-1] == pytest.approx(199 / 50)


def test_the_chips_quaternion_is_read_from_our_files_only(tmp_path: Path) -> None:
    quat = np.tile([1.0, 0.0, 0.0, 0.0], (200, 1))
    np.savez(tmp_path / "run.npz", time_s=TIME_S, gyr_rad_s=GYR_RAD_S, acc_m_s2=ACC_M_S2, quat=quat)
    read = read_samples(tmp_path / "run.npz")
    assert read.quat is not None and read.source == "acceleration in m/s^2, gyro in rad/s, 100 Hz, Untuck"
    np.testing.assert_array_equal(read.quat, quat)
    np.savez(tmp_path / "run.npz", time_s=TIME_S, gyr=GYR_RAD_S, acc=ACC_M_S2, quat=quat)
    assert read_samples(tmp_path / "run.npz").quat is None
