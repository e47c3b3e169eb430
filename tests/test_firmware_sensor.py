"""The firmware's sensor driver, in a real MicroPython with a heap of 100 kB, against the simulated BNO085.

Every sample has random values, so that a report lost, repeated, reordered or joined to another's shows at once.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.virtual_board import sensor_hub as hub
from tests.virtual_board.bno085_sim import Bno085Sim
from tests.virtual_board.bus_server import BusServer
from tests.virtual_board.clock import TICKS_PERIOD_US, Clock
from tests.virtual_board.in_micropython import run
from tests.virtual_board.motion_feed import Motion

from untuck import Samples, wire

PROBE = Path(__file__).parent / "on_board" / "sensor_probe.py"
BOTH = pytest.mark.parametrize("bus", ["spi", "i2c"])
STAMP_STEP_US = 100
AFTER_BREAK = wire.FLAG_RESET | wire.FLAG_GAP


def noise(count: int, rate_hz: float, seed: int = 1) -> Samples:
    """`count` samples and half a second more that have nothing to do with each other."""
    count += round(rate_hz / 2)
    random = np.random.default_rng(seed)
    quat = random.normal(size=(count, 4))
    quat /= np.linalg.norm(quat, axis=1)[:, None]
    gyr, acc = random.normal(size=(count, 3)) * 5, random.normal(size=(count, 3)) * 10
    return Samples(np.arange(count) / rate_hz, gyr, acc, quat)


class Delivered:
    """What the driver delivered: granted_mhz, time_us (N,), flags (N,), values (N,10), and its own counters."""

    def __init__(self, output: str) -> None:
        lines = output.splitlines()
        self.granted_mhz = int(lines[0])
        rows = np.array([line.split() for line in lines[1:-1]], dtype=np.int64).reshape(-1, 13)
        self.time_us = rows[:, 0] * 1_000_000 + rows[:, 1]
        self.flags = rows[:, 2]
        self.values = rows[:, 3:]
        words = lines[-1].split(maxsplit=7)
        self.resets, self.errors, self.present = int(words[1]), int(words[3]), words[5] == "True"


def deliver(
    sim: Bno085Sim, bus: str, rate_hz: int, count: int, *, poll_ms: int = 5, speed: int = 4, ticks_start_us: int = 0
) -> Delivered:
    """Let the firmware take at least `count` samples, asking every `poll_ms`; 0: at each interrupt."""
    with BusServer(sim, Clock(speed, ticks_start_us)) as server:
        output = run(PROBE, rate_hz, count, poll_ms, bus, "print", environment=server.environment)
    return Delivered(output)


def follow(got: Delivered, sim: Bno085Sim) -> np.ndarray:
    """For every sample the number of the measurement that it carries, (N,), after checking values and times.

    Values are those of the three sensors at that time, to the bit; times differ from the true ones by one and the same
    offset, within the steps of the chip's stamps, and increase.
    """
    measured: dict[int, dict[tuple[int, ...], int]] = {report: {} for report in hub.REPORT_SIZES}
    for report, time_us, values in sim.log.reports:
        measured[report].setdefault(values, time_us)
    truth = measured[hub.GYR]
    rows = [tuple(row) for row in got.values.tolist()]
    assert all(row in truth for row in rows), "a sample that was never measured"
    assert all(measured[report][row] == truth[row] for report in measured for row in rows)
    true_us = np.array([truth[row] for row in rows])
    offset_us = got.time_us - true_us
    assert np.ptp(offset_us) <= 2 * STAMP_STEP_US, f"times jump by {np.ptp(offset_us)} us"
    assert (np.diff(got.time_us) > 0).all()
    order = {time_us: number for number, time_us in enumerate(truth.values())}
    return np.array([order[time_us] for time_us in true_us.tolist()])


def assert_whole(got: Delivered, sim: Bno085Sim, count: int) -> None:
    """Every measurement from the first on, once, in order, `count` or more, with nothing to remark."""
    numbers = follow(got, sim)
    assert len(numbers) >= count
    assert numbers.tolist() == list(range(len(numbers)))
    assert not got.flags.any()
    assert (got.resets, got.errors, got.present) == (0, 0, True)
    assert sim.log.sequence_errors == 0


@BOTH
@pytest.mark.parametrize("rate_hz", wire.RATES_HZ)
def test_no_sample_is_lost_or_changed(bus: str, rate_hz: int) -> None:
    count = 3 * rate_hz
    sim = Bno085Sim(Motion.of(noise(count, rate_hz)))
    got = deliver(sim, bus, rate_hz, count)
    assert got.granted_mhz == 1000 * rate_hz
    assert_whole(got, sim, count)


@BOTH
def test_no_sample_is_lost_when_woken_by_the_interrupt(bus: str) -> None:
    sim = Bno085Sim(Motion.of(noise(400, 100)))
    assert_whole(deliver(sim, bus, 100, 400, poll_ms=0), sim, 400)


@BOTH
def test_no_sample_is_lost_or_mistimed_when_polled_late(bus: str) -> None:
    sim = Bno085Sim(Motion.of(noise(600, 200)))
    assert_whole(deliver(sim, bus, 200, 600, poll_ms=150, speed=1), sim, 600)


def test_times_go_on_when_the_ticks_wrap() -> None:
    sim = Bno085Sim(Motion.of(noise(400, 100)))
    got = deliver(sim, "spi", 100, 400, ticks_start_us=TICKS_PERIOD_US - 2_000_000)
    assert_whole(got, sim, 400)


@BOTH
def test_cargos_in_fragments_are_put_together(bus: str) -> None:
    sim = Bno085Sim(Motion.of(noise(300, 100)))
    sim.faults.fragment_bytes = 23
    assert_whole(deliver(sim, bus, 100, 300, speed=2), sim, 300)


@BOTH
def test_cargos_longer_than_the_driver_reads_at_once_are_put_together(bus: str) -> None:
    sim = Bno085Sim(Motion.of(noise(400, 200)), cargo_bytes=900)
    assert_whole(deliver(sim, bus, 200, 400, poll_ms=200, speed=1), sim, 400)


def test_rebased_time_stamps_are_followed() -> None:
    sim = Bno085Sim(Motion.of(noise(300, 100)))
    sim.faults.rebase = True
    assert_whole(deliver(sim, "spi", 100, 300, poll_ms=50, speed=2), sim, 300)


def test_the_granted_rate_is_told_not_the_asked_one() -> None:
    grant = {(report, 10000): 8000 for report in hub.REPORT_SIZES}
    sim = Bno085Sim(Motion.of(noise(400, 125)), grant=grant)
    got = deliver(sim, "spi", 100, 400)
    assert got.granted_mhz == 125000
    assert_whole(got, sim, 400)


@pytest.mark.parametrize("how", ["faster", "shifted"])
def test_sensors_that_measure_at_other_times_are_joined_at_the_gyros_time(how: str) -> None:
    time_s = np.arange(2000) / 500
    swing = 20 * np.sin(2 * np.pi * 2 * time_s)[:, None] * [1.0, -0.5, 0.25]
    half = 0.4 * np.sin(2 * np.pi * 1.5 * time_s)
    quat = np.stack([np.cos(half), np.sin(half), 0 * half, 0 * half], axis=1)
    alternating = quat * np.where(np.arange(2000) % 2, 1, -1)[:, None]  # the same rotations
    gyr = np.stack([2 * time_s, 0 * half, 0 * half], axis=1)  # tells the time
    sim = Bno085Sim(
        Motion.of(Samples(time_s, gyr, swing, alternating)),
        grant={(hub.ACC, 10000): 8000} if how == "faster" else {},
        skew_us={hub.ACC: 3000, hub.GAME_QUAT: 4000} if how == "shifted" else {},
    )
    got = deliver(sim, "spi", 100, 300)
    assert got.granted_mhz == 100000
    times_us = {values[7]: time_us for report, time_us, values in sim.log.reports if report == hub.GYR}
    true_us = np.array([times_us[row] for row in got.values[:, 7].tolist()])
    assert np.ptp(got.time_us - true_us) <= 2 * STAMP_STEP_US
    assert (np.diff(true_us) == 10000).all()
    at_s = (true_us - sim.origin_us) / 1e6
    acc = np.stack([np.interp(at_s, time_s, column) for column in swing.T], axis=1)
    assert np.abs(got.values[:, 4:7] / wire.ACC_SCALE - acc).max() < 0.06  # a line between points 10 ms apart: 0.04
    true_quat = np.stack([np.interp(at_s, time_s, column) for column in quat.T], axis=1)
    got_quat = got.values[:, :4] / wire.QUAT_SCALE
    error = np.minimum(np.abs(got_quat - true_quat).max(axis=1), np.abs(got_quat + true_quat).max(axis=1))
    assert error.max() < 0.001
    assert not got.flags.any()
