"""The clip without a host: steps, cadence, standing and its own tuck cue, in MicroPython.

Recorded runners stand still, run, tuck (a known tilt added to real motion: semi-synthetic), and recover.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation, Slerp
from virtual_clip.bno085_motion import chip_values
from virtual_clip.icm45686_frames import packet_values, raw_values
from virtual_clip.micropython_script import run_script

import untuck
from conftest import data_dir
from untuck import wire
from untuck.samples import Samples
from untuck.simulate.imu import fill_gaps
from untuck.simulate.runner import TYPICAL_NOISE, simulate
from untuck.simulate.scenario import Phase, Scenario
from untuck.simulate.sensor_noise import Noise

PROBE = Path(__file__).resolve().parent / "on_board" / "tuck_cue_probe.py"
RATE_HZ = 100
SENSORS = pytest.mark.parametrize("sensor", range(len(wire.SENSORS)), ids=[each[0] for each in wire.SENSORS])
TUCKED_DEG = {"RBDS001": 10.2, "RBDS014": 4.6, "RBDS026": 14.2}  # 4 deg below their own tilt in running


@dataclass
class Outcome:
    """The clip's cues as (seconds, cue), steps, mean cadence, bytes allocated after 10 s, standing."""

    cues: list[tuple[float, int]]
    steps: int
    cadence_spm: int
    grown: int
    standing: tuple[int, ...]


def alone(rows: np.ndarray, folder: Path, threshold_deg: float, warm_up_s: int = 5, sensor: int = 0) -> Outcome:
    """rows (N,10) in wire order at 100 Hz, of a sensor with this id."""
    records = b"".join(struct.pack("<I10h", 10 * i, *row) for i, row in enumerate(rows.tolist()))
    (folder / "samples").write_bytes(records)
    threshold = round(100 * threshold_deg)
    arguments = folder / "samples", RATE_HZ, threshold, warm_up_s, folder / "settings", sensor
    lines = run_script(PROBE, *arguments).splitlines()
    words = lines[-1].split()
    cues = [(int(line.split()[1]) / 1000, int(line.split()[2])) for line in lines[:-1]]
    return Outcome(cues, int(words[1]), int(words[3]), int(words[5]), tuple(map(int, words[7:10])))


def rows_of(samples: Samples) -> np.ndarray:
    if samples.quat is None:
        return packet_values(raw_values(samples.gyr_rad_s, samples.acc_m_s2, ()))
    return chip_values(samples.gyr_rad_s, samples.acc_m_s2, samples.quat)


def simulated(*phases: Phase, sensor: int = 0) -> np.ndarray:
    return rows_of(simulate(Scenario(phases), seed=3, rate_hz=RATE_HZ, noise=TYPICAL_NOISE.on(sensor)).samples)


def turn(before: np.ndarray, after: np.ndarray, sensor: int) -> np.ndarray:
    """(50,10) half a second that turns from one true orientation to another, so that the gyro misses nothing."""
    key = Rotation.from_quat(np.vstack([before, after]), scalar_first=True)
    way = Slerp([0.0, 0.5], key)(np.arange(50) / RATE_HZ)
    gyr = np.tile(2 * (key[0].inv() * key[1]).as_rotvec(), (50, 1))
    quat = way.as_quat(scalar_first=True) if sensor == wire.SENSOR_BNO085 else None
    return rows_of(Samples(np.arange(50) / RATE_HZ, gyr, way.inv().apply([0.0, 0.0, 9.81]), quat))


def recorded(runner: str, trial: str, tuck_deg: float, sensor: int = 0) -> tuple[np.ndarray, int, float]:
    """7 s standing, then the recording unchanged, tucked, unchanged: (N,10); contacts on the plates; steps a minute."""
    fields = np.load(data_dir("fukuchi", f"fukuchi_{trial}.npz"))
    quat, place = fill_gaps(
        fields[f"{runner}/pelvis_quat"], fields[f"{runner}/sacrum_pos_mm"] / 1000, fields[f"{runner}/pelvis_gap"]
    )[:2]
    standing = simulate(Scenario((Phase("stand", 7.0),)), seed=3, rate_hz=RATE_HZ, noise=TYPICAL_NOISE.on(sensor))
    parts, last = [rows_of(standing.samples)], standing.truth.imu.quat[-1]
    for depth_deg in (0.0, tuck_deg, 0.0):
        tucked = Rotation.from_quat(quat, scalar_first=True) * Rotation.from_euler("z", np.deg2rad(depth_deg))
        samples, truth = untuck.virtual_imu(
            tucked.as_quat(scalar_first=True), place, 150.0, output_rate_hz=RATE_HZ, noise=Noise().on(sensor)
        )
        if sensor != wire.SENSOR_BNO085:
            parts.append(turn(last, truth.quat[0], sensor))
        parts.append(rows_of(samples))
        last = truth.quat[-1]
    return (
        np.vstack(parts),
        3 * len(fields[f"{runner}/fs_t"]),
        60 / float(np.median(np.diff(fields[f"{runner}/fs_t"]))),
    )


@SENSORS
def test_standing_is_measured_and_a_tuck_and_its_end_are_cued(tmp_path: Path, sensor: int) -> None:
    phases = Phase("stand", 7.0), Phase("run", 30.0), Phase("run", 25.0, tuck_deg=8.0), Phase("run", 20.0)
    found = alone(simulated(*phases, sensor=sensor), tmp_path, threshold_deg=1.5, sensor=sensor)
    (measured_s, done), (tuck_s, tuck), (back_s, back) = found.cues
    assert done == wire.CUE_RECOVERED and 5 <= measured_s < 7.2
    assert tuck == wire.CUE_TUCK and 37 < tuck_s < 37 + 11
    assert back == wire.CUE_RECOVERED and 62 < back_s < 62 + 9
    assert np.linalg.norm(found.standing) == pytest.approx(16384, rel=0.01)
    assert found.grown == 0


def test_nothing_is_cued_before_warm_up_or_without_a_tuck(tmp_path: Path) -> None:
    rows = simulated(Phase("stand", 7.0), Phase("run", 20.0), Phase("run", 20.0, tuck_deg=8.0))
    assert [cue for _, cue in alone(rows, tmp_path, 1.5, warm_up_s=180).cues] == [wire.CUE_RECOVERED]
    assert [cue for _, cue in alone(rows, tmp_path, -30.0).cues] == [wire.CUE_RECOVERED]


def test_a_lasting_tuck_is_cued_once_in_thirty_seconds_and_four_times_in_ten_minutes(tmp_path: Path) -> None:
    found = alone(simulated(Phase("stand", 7.0), Phase("run", 240.0, tuck_deg=8.0)), tmp_path, threshold_deg=1.5)
    times = [time_s for time_s, cue in found.cues if cue == wire.CUE_TUCK]
    assert len(times) == 4 and min(np.diff(times)) >= 30


def test_walking_and_standing_are_no_running_steps(tmp_path: Path) -> None:
    found = alone(simulated(Phase("stand", 10.0), Phase("walk", 30.0, speed_m_s=1.4)), tmp_path, threshold_deg=1.5)
    assert found.steps == 0 and found.cadence_spm == 0


@pytest.mark.data
@SENSORS
@pytest.mark.parametrize(("runner", "trial"), [("RBDS001", "T25"), ("RBDS014", "T35"), ("RBDS026", "T45")])
def test_recorded_runners_steps_are_counted_and_their_tuck_is_cued(
    runner: str, trial: str, tmp_path: Path, sensor: int
) -> None:
    rows, contacts, cadence_spm = recorded(runner, trial, 0.0, sensor)
    clean = alone(rows, tmp_path, threshold_deg=-30.0, sensor=sensor)
    print(f"{runner} {trial}: {clean.steps} steps, the plates {contacts}; {clean.cadence_spm} a minute")
    # Without a chip quaternion some steps are missed in the first seconds, until the vertical has settled.
    assert abs(clean.steps - contacts) <= (0.03 if sensor == wire.SENSOR_BNO085 else 0.05) * contacts
    assert clean.cadence_spm == pytest.approx(cadence_spm, rel=0.06)
    assert clean.grown == 0
    rows, _, _ = recorded(runner, trial, 8.0, sensor)
    found = alone(rows, tmp_path, threshold_deg=TUCKED_DEG[runner], sensor=sensor)
    (tuck_s, tuck), *later = found.cues[1:]
    assert tuck == wire.CUE_TUCK and 37 < tuck_s < 37 + 11
    assert later[-1][1] == wire.CUE_RECOVERED and 67 < later[-1][0] < 67 + 9
