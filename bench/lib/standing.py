"""Poses before and between runs: standing with slight sway, three hip hinges, and a simple model of walking.

A pose is (N,6), as in `recordings.Recording`: heading, pitch, roll in radians, sacrum x, y, z in metres.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from bench.lib.stride_chain import slow_noise
from untuck.model import Floats

STAND_S = 6.0
HINGE_S = 3.6  # down and up again, slowly
HINGE_EVERY_S = 4.6
HINGES = 3
LAST_STAND_S = 2.2
PREFIX_S = STAND_S + HINGES * HINGE_EVERY_S + LAST_STAND_S

SWAY_DEG = np.array([0.15, 0.1, 0.1])  # quiet standing
SWAY_M = np.array([0.002, 0.002, 0.0002])
SWAY_TAU_S = 2.5
HIP_BELOW_SACRUM_M = 0.08  # the pelvis rotates about the hips
HIP_BEFORE_SACRUM_M = 0.09

WALK_STEP_HZ = 1.85
WALK_SPEED_M_S = 1.4


def stand(count: int, rate_hz: float, height_m: float, rng: np.random.Generator) -> Floats:
    """(count,6) quiet standing at the standing zero, sacrum at height_m."""
    pose = np.zeros((count, 6))
    for k in range(3):
        pose[:, k] = np.radians(SWAY_DEG[k]) * slow_noise(count, rate_hz, SWAY_TAU_S, rng)
        pose[:, 3 + k] = SWAY_M[k] * slow_noise(count, rate_hz, SWAY_TAU_S, rng)
    pose[:, 5] += height_m
    return pose


def prefix(rate_hz: float, height_m: float, rng: np.random.Generator) -> Floats:
    """(N,6) 6 s of standing, three slightly different and not quite planar hip hinges of 35-50 deg, 2 s of standing."""
    count = round(PREFIX_S * rate_hz)
    pose = stand(count, rate_hz, height_m, rng)
    time_s = np.arange(count) / rate_hz
    for k in range(HINGES):
        u = np.clip((time_s - STAND_S - k * HINGE_EVERY_S) / (HINGE_S * rng.uniform(0.9, 1.1)), 0, 1)
        down = gaussian_filter1d(np.sin(np.pi * u) ** 2, 0.1 * rate_hz)
        angle = np.radians(rng.uniform(35, 50)) * down
        pose[:, 1] += angle
        pose[:, 0] += np.radians(rng.normal(0, 1.0)) * down  # real hinges are not planar
        pose[:, 2] += np.radians(rng.normal(0, 1.0)) * down
        pose[:, 3] += HIP_BELOW_SACRUM_M * np.sin(angle) + HIP_BEFORE_SACRUM_M * (1 - np.cos(angle)) - 0.10 * down
        pose[:, 5] += HIP_BEFORE_SACRUM_M * np.sin(angle) - HIP_BELOW_SACRUM_M * (1 - np.cos(angle)) - 0.02 * down
    return pose


def walk(count: int, rate_hz: float, height_m: float, rng: np.random.Generator) -> Floats:
    """(count,6) walking as sines at step and stride frequency, slowly varying, with published ranges of motion."""
    pace = WALK_STEP_HZ * (1 + 0.03 * slow_noise(count, rate_hz, 6.0, rng))
    step = 2 * np.pi * np.cumsum(pace) / rate_hz
    pose = stand(count, rate_hz, height_m, rng)
    pose[:, 0] += np.radians(4.0) * np.sin(step / 2)
    pose[:, 1] += np.radians(1.0 + 1.5 * np.sin(step + 0.6))
    pose[:, 2] += np.radians(4.0) * np.sin(step / 2 + 0.9)
    pose[:, 3] += 0.0125 * np.sin(step + 1.9)  # slowest when highest
    pose[:, 4] += 0.018 * np.sin(step / 2 + 0.4)
    pose[:, 5] += 0.020 * np.sin(step) + 0.003 * np.sin(2 * step + 0.5)
    return pose
