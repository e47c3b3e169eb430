"""The firmware's sensor driver, in a real MicroPython with a heap of 100 kB, against the simulated BNO085.

Every sample has random values, so that a report lost, repeated, reordered or joined to another's shows at once.
"""

from __future__ import annotations

from collections.abc import Callable
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
    """`count` samples and five seconds more that have nothing to do with each other."""
    count += round(5 * rate_hz)
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
    sim: Bno085Sim,
    bus: str,
    rate_hz: int,
    count: int,
    *,
    poll_ms: int = 5,
    speed: int = 4,
    ticks_start_us: int = 0,
    pause: str = "",
) -> Delivered:
    """Let the firmware take at least `count` samples, asking every `poll_ms`; 0: at each interrupt."""
    with BusServer(sim, Clock(speed, ticks_start_us)) as server:
        environment = {**server.environment, "UNTUCK_PAUSE": pause}
        output = run(PROBE, rate_hz, count, poll_ms, bus, "print", environment=environment)
    return Delivered(output)


def follow(got: Delivered, sim: Bno085Sim, tolerance_us: int = 2 * STAMP_STEP_US) -> np.ndarray:
    """For every sample the row of the motion that it carries, (N,), after checking values and times.

    Values are those of the three sensors at that time, to the bit; times differ from the true ones by one and the same
    offset, within the steps of the chip's stamps (or `tolerance_us`), and increase.
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
    assert np.ptp(offset_us) <= tolerance_us, f"times jump by {np.ptp(offset_us)} us"
    assert (np.diff(got.time_us) > 0).all()
    assert sim.origin_us is not None
    return np.rint((true_us - sim.origin_us) / sim.motion.period_us).astype(int)


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
@pytest.mark.parametrize("pause", ["12:40000", "13:40000", "14:40000", "8:250000", "41:3000"])
def test_interrupts_noticed_late_do_not_move_the_times(bus: str, pause: str) -> None:
    """Garbage collections of 40, 250 and 3 ms; one of the first three is in the way of the first sample."""
    sim = Bno085Sim(Motion.of(noise(400, 100)))
    got = deliver(sim, bus, 100, 400, pause=pause)
    numbers = follow(got, sim, tolerance_us=1500)
    assert (np.diff(numbers) == 1).all()
    assert not got.flags.any()


def test_a_chip_whose_clock_is_off_by_four_per_cent_is_believed_over_its_word() -> None:
    grant = {(report, 10000): 10400 for report in hub.REPORT_SIZES}
    sim = Bno085Sim(Motion.of(noise(400, 1e6 / 10400)), grant=grant)
    sim.faults.told_us = 10000
    sim.at(3.0, lambda: sim.faults.missed.update(dict.fromkeys(hub.REPORT_SIZES, 6)))
    got = deliver(sim, "spi", 100, 400, pause="50:30000")
    assert got.granted_mhz == 100000
    assert gaps(follow(got, sim, tolerance_us=1500), got.flags, wire.FLAG_GAP).tolist() == [6]


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


def gaps(numbers: np.ndarray, flags: np.ndarray, wanted: int) -> np.ndarray:
    """Where samples are missing; each such place must carry `wanted` flags, and no other sample may."""
    after = np.flatnonzero(np.diff(numbers) != 1) + 1
    assert (np.diff(numbers) >= 1).all(), "repeated or reordered"
    assert (flags[after] & wanted == wanted).all()
    others = np.delete(flags, after)
    assert not (others & wanted).any()
    return np.diff(numbers)[after - 1] - 1


def test_a_lost_cargo_is_flagged() -> None:
    sim = Bno085Sim(Motion.of(noise(300, 100)))
    sim.at(1.0, lambda: sim.faults.missed.update(dict.fromkeys(hub.REPORT_SIZES, 2)))
    got = deliver(sim, "spi", 100, 300)
    assert gaps(follow(got, sim), got.flags, wire.FLAG_GAP).tolist() == [2]
    assert got.resets == 0


def test_a_cargo_that_was_numbered_but_never_came_is_flagged() -> None:
    sim = Bno085Sim(Motion.of(noise(300, 100)))
    sim.at(1.0, sim.lose_cargo)
    got = deliver(sim, "spi", 100, 300)
    assert (np.diff(follow(got, sim)) == 1).all()
    assert np.count_nonzero(got.flags & wire.FLAG_GAP) == 1


@pytest.mark.parametrize("report", [hub.ACC, hub.GYR])
def test_a_sample_without_acceleration_or_gyro_is_a_gap_not_an_invention(report: int) -> None:
    sim = Bno085Sim(Motion.of(noise(300, 100)))
    sim.at(1.0, lambda: sim.faults.missed.update({report: 3}))
    got = deliver(sim, "spi", 100, 300)
    assert gaps(follow(got, sim), got.flags, wire.FLAG_GAP).tolist() == [3]


@pytest.mark.parametrize("missing", [3, 40])
def test_a_sample_without_quaternion_says_so_and_keeps_the_rest(missing: int) -> None:
    sim = Bno085Sim(Motion.of(noise(300, 100)))
    sim.at(1.0, lambda: sim.faults.missed.update({hub.GAME_QUAT: missing}))
    got = deliver(sim, "spi", 100, 300)
    bare = np.flatnonzero(got.flags & wire.FLAG_NO_QUAT)
    assert len(bare) == missing
    assert (np.diff(bare) == 1).all()
    assert not got.values[bare, :4].any()
    rest = [values for report, _, values in sim.log.reports if report == hub.GYR][: len(got.values)]
    assert (got.values[:, 4:] == np.array(rest)[:, 4:]).all()
    assert not (got.flags & wire.FLAG_GAP).any()


STRANGE: dict[str, Callable[[Bno085Sim], None]] = {
    "unknown report": lambda sim: sim.say(hub.INPUT, b"\xfb\x04\0\0\0\x7e" + bytes(20)),
    "known report not asked for": lambda sim: sim.say(hub.INPUT, b"\xfb\x04\0\0\0\x04" + bytes(9)),
    "cargo whose header was spoilt": lambda sim: sim.say(hub.INPUT, b"\xfb\x04\0\0\0\x04" + bytes(9), length=2),
    "unknown control report": lambda sim: sim.say(hub.CONTROL, b"\x77" + bytes(7)),
    "unknown channel": lambda sim: sim.say(5, bytes(14)),
    "empty cargo": lambda sim: sim.say(hub.INPUT, b""),
    "report cut short": lambda sim: sim.say(hub.INPUT, b"\xfb\x04\0\0\0\x02\x01\x03"),
    "time stamp of years": lambda sim: sim.say(hub.INPUT, b"\xfb\xff\xff\xff\x7f\x02" + bytes(9)),
    "header longer than the cargo": lambda sim: sim.say(hub.INPUT, b"\xfb\x04\0\0\0", length=90),
    "header shorter than the cargo": lambda sim: sim.say(hub.CONTROL, bytes(40), length=12),
    "header shorter than itself": lambda sim: sim.say(hub.INPUT, bytes(10), length=2),
    "header of all ones": lambda sim: sim.say(hub.INPUT, bytes(10), length=0x7FFF),
}


@BOTH
@pytest.mark.parametrize("what", STRANGE)
def test_strange_cargos_cost_no_sample(bus: str, what: str) -> None:
    sim = Bno085Sim(Motion.of(noise(150, 100)))
    for number in range(5):
        sim.at(0.3 + 0.2 * number, lambda: STRANGE[what](sim))
    got = deliver(sim, bus, 100, 150)
    assert follow(got, sim).tolist() == list(range(len(got.values)))
    assert not (got.flags & ~wire.FLAG_GAP).any()
    assert (got.resets, got.present) == (0, True)


BREAKS: dict[str, Callable[[Bno085Sim], object]] = {
    "chip resets itself": lambda sim: sim.reset_itself(),
    "reports go off without a word": lambda sim: sim.forget(),
    "chip falls silent until reset": lambda sim: setattr(sim.faults, "silent", True),
    "bus hangs until reset": lambda sim: setattr(sim.faults, "hung", True),
}
LONGEST_BREAK_S = {
    "chip resets itself": 0.8,
    "reports go off without a word": 2.5,
    "chip falls silent until reset": 5.0,
    "bus hangs until reset": 4.0,
}


@BOTH
@pytest.mark.parametrize("what", BREAKS)
def test_the_sensor_comes_back_flagged_and_counted(bus: str, what: str) -> None:
    sim = Bno085Sim(Motion.of(noise(800, 100)))
    sim.at(1.003, lambda: BREAKS[what](sim))
    got = deliver(sim, bus, 100, 500, speed=2)
    numbers = follow(got, sim)
    assert numbers[0] == 0
    missing = gaps(numbers, got.flags, AFTER_BREAK)
    hole_s = np.diff(got.time_us).max() / 1e6
    assert len(missing) == 1
    assert hole_s < LONGEST_BREAK_S[what]
    assert got.resets >= 1
    assert got.present


@BOTH
def test_a_missing_sensor_is_told(bus: str) -> None:
    sim = Bno085Sim(Motion.of(noise(10, 100)))
    sim.faults.absent = True
    with BusServer(sim, Clock(8)) as server:
        output = run(PROBE, 100, 0, 5, bus, "print", environment=server.environment)
    assert output.splitlines()[0] == "0"


@BOTH
def test_a_sensor_that_goes_away_is_told_and_taken_back(bus: str) -> None:
    sim = Bno085Sim(Motion.of(noise(2000, 100)))
    sim.at(1.0, lambda: setattr(sim.faults, "absent", True))
    sim.at(9.0, lambda: setattr(sim.faults, "absent", False))
    got = deliver(sim, bus, 100, 400)
    assert len(gaps(follow(got, sim), got.flags, AFTER_BREAK)) == 1
    assert np.diff(got.time_us).max() > 7.9e6
    assert got.present


def test_a_chip_that_insists_on_calibrating_itself_is_flagged() -> None:
    sim = Bno085Sim(Motion.of(noise(100, 100)))
    sim.faults.calibration_status = 1
    got = deliver(sim, "spi", 100, 100)
    assert (got.flags == wire.FLAG_CALIBRATING).all()


def test_the_chip_is_told_not_to_calibrate_its_accelerometer() -> None:
    sim = Bno085Sim(Motion.of(noise(100, 100)))
    deliver(sim, "i2c", 100, 100)
    commands = [command[: 1 + size] for command in sim.log.commands for size in (17, 12) if command[1] in (0xFD, 0xF2)]
    assert any(command[1] == 0xF2 and command[3] == 7 and tuple(command[4:8]) == (0, 1, 0, 0) for command in commands)
    assert {command[2] for command in commands if command[1] == 0xFD} == {hub.ACC, hub.GYR, hub.GAME_QUAT}


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


def test_starting_again_at_another_rate() -> None:
    sim = Bno085Sim(Motion.of(noise(1000, 200)))
    for rate_hz in (100, 200):
        got = deliver(sim, "spi", rate_hz, 100)
        assert got.granted_mhz == 1000 * rate_hz
        assert (np.diff(follow(got, sim)) == 200 // rate_hz).all()


@BOTH
def test_ten_thousand_samples_leave_the_heap_as_it_was(bus: str) -> None:
    for _ in range(3):  # a machine that stops for 0.1 s looks like a silent chip at this speed: setting it up allocates
        sim = Bno085Sim(Motion.of(noise(12000, 200)))
        with BusServer(sim, Clock(8)) as server:
            output = run(PROBE, 200, 10000, 5, bus, "heap", environment=server.environment)
        granted_mhz, growth, resets = map(int, output.split())
        if not resets:
            break
    assert (granted_mhz, growth, resets) == (200000, 0, 0)
