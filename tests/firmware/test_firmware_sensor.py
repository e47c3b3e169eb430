"""The firmware's sensor driver in MicroPython with a heap of 100 kB: every sample, its values and its time."""

from __future__ import annotations

import numpy as np
import pytest
from tests.firmware.sensor_driver import PROBE, STAMP_STEP_US, assert_whole, deliver, follow, gaps, noise
from virtual_clip.bno085_motion import Motion
from virtual_clip.bno085_sim import Bno085Sim
from virtual_clip.bus_server import BusServer
from virtual_clip.clock import TICKS_PERIOD_US, Clock
from virtual_clip.micropython_script import run_compiled

from untuck import Samples, wire
from virtual_clip import bno085_messages as messages

BOTH = pytest.mark.parametrize("bus", ["spi", "i2c"])


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
@pytest.mark.parametrize("pause", ["12:40000", "13:40000", "14:40000", "8:250000", "41:3000"])
def test_interrupts_noticed_late_do_not_move_the_times(bus: str, pause: str) -> None:
    """Garbage collections of 40, 250 and 3 ms; one of the first three delays the first sample."""
    sim = Bno085Sim(Motion.of(noise(400, 100)))
    got = deliver(sim, bus, 100, 400, pause=pause)
    numbers = follow(got, sim, tolerance_us=1500)
    assert (np.diff(numbers) == 1).all()
    assert not got.flags.any()


def test_the_measured_period_is_used_when_the_reported_one_is_four_per_cent_off() -> None:
    grant = {(report, 10000): 10400 for report in messages.REPORT_SIZES}
    sim = Bno085Sim(Motion.of(noise(400, 1e6 / 10400)), grant=grant)
    sim.faults.reported_us = 10000
    sim.at(3.0, lambda: sim.faults.missed.update(dict.fromkeys(messages.REPORT_SIZES, 6)))
    got = deliver(sim, "spi", 100, 400, pause="50:30000")
    assert got.granted_mhz == 100000
    assert gaps(follow(got, sim, tolerance_us=1500), got.flags, wire.FLAG_GAP).tolist() == [6]


@BOTH
def test_fragmented_cargos_are_joined(bus: str) -> None:
    """The firmware reads 32 bytes at once: the chip sends the rest of each longer cargo in continuations."""
    sim = Bno085Sim(Motion.of(noise(300, 100)))
    assert_whole(deliver(sim, bus, 100, 300, speed=2, poll_ms=50, longest=32), sim, 300)


@BOTH
def test_cargos_longer_than_one_read_are_joined(bus: str) -> None:
    sim = Bno085Sim(Motion.of(noise(400, 200)), cargo_bytes=900)
    assert_whole(deliver(sim, bus, 200, 400, poll_ms=200, speed=1), sim, 400)


def test_rebased_time_stamps_are_followed() -> None:
    sim = Bno085Sim(Motion.of(noise(300, 100)))
    sim.faults.rebase = True
    assert_whole(deliver(sim, "spi", 100, 300, poll_ms=50, speed=2), sim, 300)


def test_the_granted_rate_is_reported_not_the_requested_one() -> None:
    grant = {(report, 10000): 8000 for report in messages.REPORT_SIZES}
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
    gyr = np.stack([2 * time_s, 0 * half, 0 * half], axis=1)  # encodes the time
    sim = Bno085Sim(
        Motion.of(Samples(time_s, gyr, swing, alternating)),
        grant={(messages.ACC, 10000): 8000} if how == "faster" else {},
        skew_us={messages.ACC: 3000, messages.GAME_QUAT: 4000} if how == "shifted" else {},
    )
    got = deliver(sim, "spi", 100, 300)
    assert got.granted_mhz == 100000
    times_us = {values[7]: time_us for report, time_us, values in sim.log.reports if report == messages.GYR}
    true_us = np.array([times_us[row] for row in got.values[:, 7].tolist()])
    assert np.ptp(got.time_us - true_us) <= 2 * STAMP_STEP_US
    assert (np.diff(true_us) == 10000).all()
    at_s = (true_us - sim.origin_us) / 1e6
    acc = np.stack([np.interp(at_s, time_s, column) for column in swing.T], axis=1)
    assert np.abs(got.values[:, 4:7] / wire.ACC_SCALE - acc).max() < 0.06  # error of interpolation: 0.04
    true_quat = np.stack([np.interp(at_s, time_s, column) for column in quat.T], axis=1)
    got_quat = got.values[:, :4] / wire.QUAT_SCALE
    error = np.minimum(np.abs(got_quat - true_quat).max(axis=1), np.abs(got_quat + true_quat).max(axis=1))
    assert error.max() < 0.001
    assert not got.flags.any()


def test_a_chip_that_rejects_the_calibration_command_is_flagged() -> None:
    sim = Bno085Sim(Motion.of(noise(100, 100)))
    sim.faults.calibration_status = 1
    got = deliver(sim, "spi", 100, 100)
    assert (got.flags == wire.FLAG_CALIBRATING).all()


def test_the_accelerometers_calibration_is_disabled() -> None:
    sim = Bno085Sim(Motion.of(noise(100, 100)))
    deliver(sim, "i2c", 100, 100)
    commands = [command[: 1 + size] for command in sim.log.commands for size in (17, 12) if command[1] in (0xFD, 0xF2)]
    assert any(command[1] == 0xF2 and command[3] == 7 and tuple(command[4:8]) == (0, 1, 0, 0) for command in commands)
    assert {command[2] for command in commands if command[1] == 0xFD} == {
        messages.ACC,
        messages.GYR,
        messages.GAME_QUAT,
    }


def test_values_at_the_end_of_the_range_are_flagged() -> None:
    samples = noise(200, 100)
    acc = np.clip(samples.acc_m_s2, -60, 60)
    acc[50] = [100.0, 0.0, 0.0]
    acc[120] = [0.0, 0.0, -79.0]
    gyr = samples.gyr_rad_s.copy()
    gyr[80] = [0.0, -40.0, 0.0]
    sim = Bno085Sim(Motion.of(Samples(samples.time_s, gyr, acc, samples.quat)))
    got = deliver(sim, "spi", 100, 200)
    assert np.flatnonzero(got.flags).tolist() == [50, 80, 120]
    assert (got.flags[[50, 80, 120]] == wire.FLAG_CLIPPED).all()


@BOTH
def test_starting_again_at_another_rate(bus: str) -> None:
    sim = Bno085Sim(Motion.of(noise(800, 200)))
    got = deliver(sim, bus, 100, 200, mode="again")
    numbers = follow(got, sim)
    assert got.granted_mhz == 100000
    assert (np.diff(numbers) == 2).all()
    assert not got.flags.any()
    assert got.resets == 0


@BOTH
def test_ten_thousand_samples_leave_the_heap_as_it_was(bus: str) -> None:
    for _ in range(3):  # a machine that stalls for 0.1 s makes the chip seem silent: set-up allocates
        sim = Bno085Sim(Motion.of(noise(12000, 200)))
        with BusServer(sim, Clock(8)) as server:
            output = run_compiled(PROBE, 200, 10000, 5, bus, "heap", environment=server.environment)
        granted_mhz, growth, resets = map(int, output.split())
        if not resets:
            break
    assert (granted_mhz, growth, resets) == (200000, 0, 0)
