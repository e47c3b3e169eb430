"""The clip's own vertical for a sensor without a quaternion, in MicroPython: how far its tilt is off in a run.

Errors are relative to standing, as the clip's tuck cue uses it: an offset of the accelerometer cancels.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation
from virtual_clip.icm45686_frames import packet_values, raw_values
from virtual_clip.micropython_script import run_script

from untuck import wire
from untuck.simulate.runner import simulate
from untuck.simulate.scenario import Phase, Scenario
from untuck.simulate.sensor_noise import Noise

PROBE = Path(__file__).resolve().parent / "on_board" / "gravity_probe.py"
RATE_HZ = 100


def tilt_deg(up: np.ndarray) -> np.ndarray:
    """(N,) tilt of the vertical (N,3) in the nominal mount's sagittal plane, averaged over about a stride."""
    return np.convolve(np.degrees(np.arctan2(-up[:, 2], up[:, 1])), np.ones(70) / 70, "same")


def test_tilt_of_strides_is_right_to_a_degree(tmp_path: Path) -> None:
    phases = Phase("stand", 10.0), Phase("run", 50.0), Phase("run", 30.0, tuck_deg=8.0), Phase("run", 20.0)
    noise = Noise(impact_g=0.4).on(wire.SENSOR_ICM45686)
    run = simulate(Scenario(phases), seed=3, rate_hz=RATE_HZ, noise=noise)
    rows = packet_values(raw_values(run.samples.gyr_rad_s, run.samples.acc_m_s2, ()))
    (tmp_path / "samples").write_bytes(
        b"".join(struct.pack("<I10h", 10 * i, *row) for i, row in enumerate(rows.tolist()))
    )
    *lines, last = run_script(PROBE, tmp_path / "samples", RATE_HZ, 0, heap="1m").splitlines()
    got = np.array([line.split() for line in lines], dtype=float)
    true = Rotation.from_quat(run.truth.imu.quat, scalar_first=True).inv().apply([0.0, 0.0, 1.0])
    error = tilt_deg(got) - tilt_deg(true)
    error -= error[400:900].mean()
    rms = np.sqrt(np.mean(error[2000:-100] ** 2))
    print(f"from 10 s after the start on: {rms:.2f} deg RMS, at most {np.abs(error[2000:-100]).max():.2f}")
    assert rms < 0.6 and np.abs(error[2000:-100]).max() < 1.5
    assert np.abs(np.linalg.norm(got[1000:], axis=1) / 4096 - 1).max() < 0.2
    assert last.split()[0] == "0"  # bytes allocated
