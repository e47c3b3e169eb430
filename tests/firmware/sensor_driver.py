"""Runs a sensor's driver in MicroPython against the simulated chip, and checks the BNO085's samples.

Every sample has random values, so that lost, repeated, reordered or wrongly joined reports are detected.
test_firmware_sensor.py and test_firmware_faults.py have the cases.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from virtual_clip.bno085_sim import Bno085Sim
from virtual_clip.bus_server import BusServer
from virtual_clip.clock import Clock
from virtual_clip.icm45686_sim import Icm45686Sim
from virtual_clip.micropython_script import run_compiled

from untuck import Samples
from virtual_clip import bno085_messages as messages

PROBE = Path(__file__).resolve().parent / "on_board" / "sensor_probe.py"
STAMP_STEP_US = 100
SPARE_S = 60


def noise(count: int, rate_hz: float, seed: int = 1) -> Samples:
    """`count` samples of random values, and a minute more for the chip to measure while a busy machine stalls."""
    count += round(SPARE_S * rate_hz)
    random = np.random.default_rng(seed)
    quat = random.normal(size=(count, 4))
    quat /= np.linalg.norm(quat, axis=1)[:, None]
    gyr, acc = random.normal(size=(count, 3)) * 5, random.normal(size=(count, 3)) * 10
    return Samples(np.arange(count) / rate_hz, gyr, acc, quat)


class Delivered:
    """The driver's output: granted_mhz, time_us (N,), flags (N,), values (N,10), and its counters."""

    def __init__(self, output: str) -> None:
        lines = output.splitlines()
        self.granted_mhz = int(lines[0])
        rows = np.array([line.split() for line in lines[1:-1]], dtype=np.int64).reshape(-1, 13)
        self.time_us = rows[:, 0] * 1_000_000 + rows[:, 1]
        self.flags = rows[:, 2]
        self.values = rows[:, 3:]
        words = lines[-1].split()
        self.resets, self.errors, self.present = int(words[1]), int(words[3]), words[5] == "True"
        self.faults = int(words[7])


def deliver(
    sim: Bno085Sim | Icm45686Sim,
    bus: str,
    rate_hz: int,
    count: int,
    *,
    poll_ms: int = 5,
    speed: int = 4,
    ticks_start_us: int = 0,
    pause: str = "",
    mode: str = "print",
    longest: int = 0,
) -> Delivered:
    """Let the firmware read at least `count` samples, polling every `poll_ms`; 0: at each interrupt.

    longest: payload bytes that it reads in one transfer, if not as many as it has memory for.
    """
    with BusServer(sim, Clock(speed, ticks_start_us)) as server:
        sensor = "bno085" if isinstance(sim, Bno085Sim) else "icm45686"
        environment = {**server.environment, "UNTUCK_PAUSE": pause, "UNTUCK_SENSOR": sensor}
        output = run_compiled(PROBE, rate_hz, count, poll_ms, bus, mode, longest, environment=environment)
    return Delivered(output)


def follow(got: Delivered, sim: Bno085Sim, tolerance_us: int = 2 * STAMP_STEP_US) -> np.ndarray:
    """The row of the motion in each sample, (N,), after checking values and times.

    Values must equal those of the three sensors at that time; times must increase and differ from the true ones by one
    constant offset, within the resolution of the chip's timestamps (or `tolerance_us`).
    """
    measured: dict[int, dict[tuple[int, ...], int]] = {report: {} for report in messages.REPORT_SIZES}
    for report, time_us, values in sim.log.reports:
        measured[report].setdefault(values, time_us)
    truth = measured[messages.GYR]
    rows = [tuple(row) for row in got.values.tolist()]
    assert all(row in truth for row in rows), "a sample that was not measured"
    assert all(measured[report][row] == truth[row] for report in measured for row in rows)
    true_us = np.array([truth[row] for row in rows])
    assert len(set(rows)) == len(rows), "a sample came twice, or the motion has ended and the chip repeats its last row"
    offset_us = got.time_us - true_us
    assert np.ptp(offset_us) <= tolerance_us, f"times jump by {np.ptp(offset_us)} us"
    assert (np.diff(got.time_us) > 0).all()
    assert sim.origin_us is not None
    return np.rint((true_us - sim.origin_us) / sim.motion.period_us).astype(int)


def assert_whole(got: Delivered, sim: Bno085Sim, count: int) -> None:
    """Every measurement from the first on, once and in order, at least `count`, without flags or errors."""
    numbers = follow(got, sim)
    assert len(numbers) >= count
    assert numbers.tolist() == list(range(len(numbers)))
    assert not got.flags.any()
    assert (got.resets, got.errors, got.present) == (0, 0, True)
    assert sim.log.sequence_errors == 0


def gaps(numbers: np.ndarray, flags: np.ndarray, wanted: int) -> np.ndarray:
    """The size of each gap; the sample after a gap must have the `wanted` flags, and no other sample may."""
    after = np.flatnonzero(np.diff(numbers) != 1) + 1
    assert (np.diff(numbers) >= 1).all(), "repeated or reordered"
    assert (flags[after] & wanted == wanted).all()
    others = np.delete(flags, after)
    assert not (others & wanted).any()
    return np.diff(numbers)[after - 1] - 1
