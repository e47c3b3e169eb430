"""Runs from BVH files: angles and harmonics of a figure whose motion is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bench.lib.actor_runs import load
from scipy.spatial.transform import Rotation

HEAD = """HIERARCHY
ROOT joint_Root
{
 OFFSET 0 0 0
 CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
 JOINT Hips
 {
  OFFSET 0 90 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Chest
  {
   OFFSET 20 0 0
   CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
   End Site
   {
    OFFSET 10 0 0
   }
  }
 }
}
MOTION
"""
FRAMES, DT_S, STRIDE_S = 90, 1 / 30, 0.72
TILT_DEG, LEAN_DEG, ROLL_DEG, OSCILLATION_CM = 6.0, 14.0, 4.0, 8.0


def euler(up: np.ndarray, ahead: np.ndarray) -> tuple[float, ...]:
    """Angles of a joint whose x axis points along up, for a runner who runs along z."""
    y = ahead - (ahead @ up) * up
    y /= np.linalg.norm(y)
    return tuple(Rotation.from_matrix(np.column_stack([up, y, np.cross(up, y)])).as_euler("ZXY", degrees=True))


def tipped(forward_deg: float, sideways_deg: float) -> np.ndarray:
    up = np.array([-np.tan(np.radians(sideways_deg)), 1.0, np.tan(np.radians(forward_deg))])
    return up / np.linalg.norm(up)


def written(folder: Path) -> None:
    rows, ahead = [], np.array([0.0, 0.0, 1.0])
    for number in range(FRAMES):
        time_s = number * DT_S
        phase = 2 * np.pi * time_s / STRIDE_S
        height = 90 - 0.5 * OSCILLATION_CM * np.cos(2 * phase)
        hips = euler(tipped(TILT_DEG, 0.0), ahead)
        frame = Rotation.from_euler("ZXY", hips, degrees=True)
        chest = Rotation.from_euler("ZXY", euler(tipped(LEAN_DEG, ROLL_DEG * np.sin(phase)), ahead), degrees=True)
        own = (frame.inv() * chest).as_euler("ZXY", degrees=True)
        rows.append([0, 0, 0, 0, 0, 0, 0, height, 300 * time_s, *hips, 20, 0, 0, *own])
    lines = "\n".join(" ".join(f"{value:.6f}" for value in row) for row in rows)
    text = f"{HEAD}Frames: {FRAMES}\nFrame Time: {DT_S}\n{lines}\n"
    (folder / "dataset-2_run_normal_001.bvh").write_text(text, "utf-8")


def test_a_known_figure_is_measured(tmp_path: Path) -> None:
    written(tmp_path)
    (run,) = load(tmp_path)
    assert run.manner == "normal"
    assert run.values["lean_deg"] == pytest.approx(LEAN_DEG, abs=0.1)
    assert run.values["tilt_deg"] == pytest.approx(TILT_DEG, abs=0.1)
    assert run.values["cadence_spm"] == pytest.approx(120 / STRIDE_S, abs=2.0)
    assert run.values["oscillation_m"] == pytest.approx(0.01 * OSCILLATION_CM, abs=0.002)
    assert run.values["chest_roll_deg"] == pytest.approx(ROLL_DEG, abs=0.4)  # a line is taken out of few periods
    assert run.values["chest_pitch_deg"] < 0.2
