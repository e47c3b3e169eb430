"""The ICM-45686's driver in MicroPython against the simulated chip: every frame once, at its time, despite faults."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.firmware.emulate_32bit import rewrite, run_32bit
from tests.firmware.sensor_driver import PROBE, Delivered, deliver, gaps, noise
from virtual_clip.bno085_motion import Motion
from virtual_clip.bus_server import BusServer
from virtual_clip.clock import Clock
from virtual_clip.icm45686_frames import packet_values, raw_values
from virtual_clip.icm45686_sim import Icm45686Sim
from virtual_clip.micropython_script import run_compiled

from untuck import wire

_G = 9.80665
BOTH = pytest.mark.parametrize("bus", ["spi", "i2c"])
COUNT = 300
FRAMES = PROBE.with_name("icm45686_probe.py")


def chip(rate_hz: float = 100, count: int = COUNT, skew: float = 0.0) -> Icm45686Sim:
    return Icm45686Sim(Motion.of(noise(count, rate_hz), raw_values), skew=skew)


def follow(got: Delivered, sim: Icm45686Sim, tolerance_us: int = 1000) -> np.ndarray:
    """(N,) the row of the motion in each sample, after checking values and times.

    Times differ from the true ones by one offset, to what an interrupt may be late without being noticed as late.
    """
    raw = np.array([values for _, _, values in sim.log.frames])
    wanted = {tuple(row): number for number, row in enumerate(packet_values(raw).tolist())}
    rows = [tuple(row) for row in got.values.tolist()]
    assert all(row in wanted for row in rows), "a sample that was not measured"
    found = [sim.log.frames[wanted[row]] for row in rows]
    offset_us = got.time_us - np.array([time_us for time_us, _, _ in found])
    assert np.ptp(offset_us) <= tolerance_us, f"times jump by {np.ptp(offset_us)} us"
    assert (np.diff(got.time_us) > 0).all()
    assert sim.log.newest_reads == 0
    return np.array([number for _, number, _ in found])


def assert_whole(got: Delivered, sim: Icm45686Sim, tolerance_us: int = 1000) -> None:
    numbers = follow(got, sim, tolerance_us)
    assert len(numbers) >= COUNT and numbers.tolist() == list(range(len(numbers)))
    assert (got.flags == wire.FLAG_NO_QUAT).all()
    assert (got.resets, got.errors, got.present) == (0, 0, True)


def test_the_packets_whole_numbers_are_the_chips_values() -> None:
    """To 0.6 of a step: rounding, and the constants' 0.002 % at the ends of the ranges."""
    rng = np.random.default_rng(1)
    acc, gyr = rng.uniform(-250, 250, (1000, 3)), rng.uniform(-31, 31, (1000, 3))
    got = packet_values(raw_values(gyr, acc, ()))
    assert np.abs(got[:, 4:7] / 128 - acc).max() < 0.6 / 128 + _G / 8192
    assert np.abs(got[:, 7:] / 1024 - gyr).max() < 0.6 / 1024 + np.radians(1 / 131) + 31 * 2e-5


@BOTH
@pytest.mark.parametrize(("rate_hz", "poll_ms"), [(100, 5), (200, 2), (50, 0), (100, 90)])
def test_every_frame_arrives_once_and_on_time(bus: str, rate_hz: int, poll_ms: int) -> None:
    sim = chip(rate_hz)
    got = deliver(sim, bus, rate_hz, COUNT, poll_ms=poll_ms)
    assert got.granted_mhz == 1000 * rate_hz
    assert_whole(got, sim)


@pytest.mark.parametrize("skew", [-0.02, 0.02])
def test_times_follow_interrupts_and_not_the_chips_clock(skew: float) -> None:
    sim = chip(skew=skew)
    got = deliver(sim, "spi", 100, COUNT)
    assert_whole(got, sim, 3000)  # while the period is being learnt, in the first second
    true_us = np.array([time_us for time_us, _, _ in sim.log.frames])[100 : len(got.time_us)]
    assert np.ptp(got.time_us[100:] - true_us) <= 1000
    assert np.diff(got.time_us).mean() == pytest.approx(10_000 * (1 + skew), rel=5e-4)


def test_late_interrupts_do_not_move_times() -> None:
    sim = chip()
    assert_whole(deliver(sim, "spi", 100, COUNT, pause="7:40000", speed=2), sim)


def test_ticks_wrap() -> None:
    sim = chip()
    assert_whole(deliver(sim, "spi", 100, COUNT, ticks_start_us=(1 << 30) - 2_000_000), sim)


def test_values_at_the_end_of_the_range_are_flagged() -> None:
    samples = noise(COUNT, 100)
    samples.acc_m_s2[100] = 300.0, -300.0, 1.0
    samples.gyr_rad_s[200] = 60.0, -60.0, 1.0
    sim = Icm45686Sim(Motion.of(samples, raw_values))
    got = deliver(sim, "spi", 100, COUNT, speed=1)
    numbers = follow(got, sim)
    assert numbers[got.flags & wire.FLAG_CLIPPED > 0].tolist() == [100, 200]
    assert got.values[100, 4:6].tolist() == [32767, -32767] == got.values[200, 7:9].tolist()


FAULTS: dict[str, tuple[Callable[[Icm45686Sim], object], int]] = {
    "it resets itself": (lambda sim: sim.reset_itself(), wire.FLAG_RESET | wire.FLAG_GAP),
    "it falls silent": (lambda sim: setattr(sim.faults, "silent", True), wire.FLAG_RESET | wire.FLAG_GAP),
    "frames are missing": (lambda sim: setattr(sim.faults, "missed", 3), wire.FLAG_GAP),
}


@BOTH
@pytest.mark.parametrize("what", FAULTS)
def test_recovers_and_flags_when(bus: str, what: str) -> None:
    act, flags = FAULTS[what]
    sim = chip()
    sim.at(1.0, lambda: act(sim))
    got = deliver(sim, bus, 100, COUNT, speed=1)
    numbers = follow(got, sim, 2000)
    (missing,) = gaps(numbers, got.flags, flags)
    assert missing <= (100 if "silent" in what else 40)  # half a second and less, and what a busy machine adds
    assert got.resets == bool(flags & wire.FLAG_RESET)


def test_noise_on_the_bus_is_no_sample() -> None:
    sim = chip()
    sim.at(1.0, lambda: setattr(sim.faults, "noise", 6))
    got = deliver(sim, "spi", 100, COUNT, speed=1)  # faster, a busy machine delays reads by several periods
    numbers = follow(got, sim, 2000)
    assert (np.diff(numbers) >= 1).all() and got.errors >= 1


def test_failing_transfers_on_i2c_lose_no_frame() -> None:
    sim = chip()
    sim.at(1.0, lambda: setattr(sim.faults, "timeouts", 5))
    got = deliver(sim, "i2c", 100, COUNT, speed=1)
    numbers = follow(got, sim)
    assert numbers.tolist() == list(range(len(numbers))) and got.resets == 0


@BOTH
def test_without_a_chip_no_rate_is_granted(bus: str) -> None:
    sim = chip()
    sim.faults.absent = True
    got = deliver(sim, bus, 100, 0)
    assert got.granted_mhz == 0 and not got.present


def test_a_chip_that_comes_back_is_used_again() -> None:
    sim = chip(count=2000)
    sim.at(1.0, lambda: setattr(sim.faults, "absent", True))
    sim.at(4.0, lambda: setattr(sim.faults, "absent", False))
    got = deliver(sim, "spi", 100, 200, speed=8)
    numbers = follow(got, sim, 2000)
    assert np.diff(numbers).max() > 200 and got.present


@pytest.mark.slow
def test_ten_thousand_samples_leave_the_heap_as_it_was() -> None:
    for _ in range(3):  # a machine that stalls for 0.4 s makes the chip seem silent: set-up allocates
        sim = chip(200, 12000)
        with BusServer(sim, Clock(8)) as server:
            environment = {**server.environment, "UNTUCK_SENSOR": "icm45686"}
            output = run_compiled(PROBE, 200, 10000, 5, "spi", "heap", environment=environment)
        granted_mhz, growth, resets = map(int, output.split())
        if not resets:
            break
    assert (granted_mhz, growth, resets) == (200_000, 0, 0)


@pytest.mark.parametrize("rate_hz", wire.RATES_HZ)
def test_frames_become_samples_without_allocation_and_with_integers_of_32_bits(rate_hz: int, tmp_path: Path) -> None:
    """The same results in the arithmetic of a 32-bit board; floats only where a stream begins."""
    arguments = 2000, rate_hz, (1 << 30) - 5_000_000
    grown, checksum = run_compiled(FRAMES, *arguments, folder=tmp_path).split()
    assert grown == "0"
    rewrite(tmp_path)
    found = run_32bit(tmp_path, "icm45686_probe", *arguments)
    assert found.too_large == {} and found.output.split()[1] == checksum
    places = {place.partition(":")[0] for place in found.floats}
    assert places <= {"gait.begin", "gravity.__init__", "gravity.begin"}
