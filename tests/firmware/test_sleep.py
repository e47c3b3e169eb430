"""Deep sleep lasts: INT is high when it begins, and stays high, until there is motion. Every route to sleep.

The levels at that moment count, not the commands before it. The shim of deepsleep() lets pins float that are not held,
and returns at once where a pin that wakes the board is low.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.firmware.sensor_driver import noise
from virtual_clip.bno085_motion import Motion
from virtual_clip.bno085_sim import Bno085Sim
from virtual_clip.bus_server import BusServer
from virtual_clip.clock import Clock
from virtual_clip.icm45686_frames import raw_values
from virtual_clip.icm45686_sim import Icm45686Sim
from virtual_clip.micropython_script import ScriptError, run_compiled

PROBE = Path(__file__).resolve().parent / "on_board" / "sleep_probe.py"
BOTH = pytest.mark.parametrize("bus", ["spi", "i2c"])
ROUTES = pytest.mark.parametrize("before", ["monitor", "stream", "nothing"])


def fall_asleep(
    sim: Bno085Sim | Icm45686Sim, folder: Path, bus: str, until: str, before: str = "monitor"
) -> tuple[str, BusServer]:
    """How the board's deep sleep ends, and the bus afterwards."""
    with BusServer(sim, Clock(4)) as server:
        sensor = "bno085" if isinstance(sim, Bno085Sim) else "icm45686"
        environment = {**server.environment, "UNTUCK_SENSOR": sensor}
        try:
            run_compiled(PROBE, bus, until, before, folder=folder, environment=environment, timeout_s=120)
        except ScriptError as error:
            time.sleep(0.1)  # the chip's time goes on
            return str(error).strip().splitlines()[-1], server
    raise AssertionError("it does not sleep")


@BOTH
@ROUTES
def test_sleep_lasts_until_motion(tmp_path: Path, bus: str, before: str) -> None:
    sim = Bno085Sim(Motion.of(noise(1000, 100)))
    sim.advance(1_000_000)
    assert fall_asleep(sim, tmp_path, bus, "motion", before)[0] == "asleep"
    assert sim.int_level == 1
    assert not sim.reports_enabled
    sim.move()
    sim.advance(sim.now_us + 1_000_000)
    assert sim.int_level == 0


@BOTH
@ROUTES
def test_switched_off_motion_does_not_reach_the_board(tmp_path: Path, bus: str, before: str) -> None:
    sim = Bno085Sim(Motion.of(noise(1000, 100)))
    sim.advance(1_000_000)
    sim.wakes_on_motion = True  # since the last sleep
    assert fall_asleep(sim, tmp_path, bus, "off", before)[0] == "asleep"
    assert not sim.wakes_on_motion and not sim.reports_enabled
    assert sim.int_level == 1


DISTURBANCES: dict[str, Callable[[Bno085Sim], object]] = {
    "commands are lost": lambda sim: setattr(sim.faults, "commands_lost", 3),
    "the chip was reset just now": lambda sim: sim.reset_itself(),
    "the bus fails now and then": lambda sim: setattr(sim.faults, "timeouts", 6),
    "the chip calls without need": lambda sim: setattr(sim.faults, "empty", 30),
    "the bus hangs until a reset": lambda sim: setattr(sim.faults, "hung", True),
    "a report waits": lambda sim: sim.say(3, b"\xfb\0\0\0\0\x7e" + bytes(60)),
}


@BOTH
@pytest.mark.parametrize("what", DISTURBANCES)
def test_sleep_lasts_although(tmp_path: Path, bus: str, what: str) -> None:
    sim = Bno085Sim(Motion.of(noise(1000, 100)))
    sim.advance(1_000_000)
    DISTURBANCES[what](sim)
    assert fall_asleep(sim, tmp_path, bus, "motion", "nothing")[0] == "asleep"
    assert sim.wakes_on_motion and sim.int_level == 1


@BOTH
def test_a_chip_that_does_not_obey_leaves_the_button(tmp_path: Path, bus: str) -> None:
    sim = Bno085Sim(Motion.of(noise(1000, 100)))
    sim.advance(1_000_000)
    sim.faults.deaf = True
    sim.say(3, b"\xfb\0\0\0\0\x7e" + bytes(60))
    assert fall_asleep(sim, tmp_path, bus, "motion", "nothing")[0] == "asleep"


def test_held_pins_are_released_at_the_next_start(tmp_path: Path) -> None:
    sim = Bno085Sim(Motion.of(noise(1000, 100)))
    with BusServer(sim, Clock(4)) as server:
        for _ in range(2):  # a second time it can only sleep if reset, wake and chip select could be driven
            with pytest.raises(ScriptError, match="asleep"):
                run_compiled(PROBE, "spi", "motion", "monitor", folder=tmp_path, environment=server.environment)
            assert sim.wakes_on_motion and sim.int_level == 1
        assert sim.log.resets >= 2


@BOTH
@ROUTES
def test_an_icm45686_wakes_the_board_on_motion_only(tmp_path: Path, bus: str, before: str) -> None:
    sim = Icm45686Sim(Motion.of(noise(1000, 100), raw_values))
    assert fall_asleep(sim, tmp_path, bus, "motion", before)[0] == "asleep"
    assert sim.int_level == 1 and sim.wakes_on_motion and not sim.measuring
    sim.move()
    assert sim.int_level == 0  # until the chip is set up again: the board wakes on a level
    sim.advance(sim.now_us + 1_000_000)
    assert sim.int_level == 0


@BOTH
def test_an_icm45686_that_is_switched_off_stays_silent(tmp_path: Path, bus: str) -> None:
    sim = Icm45686Sim(Motion.of(noise(1000, 100), raw_values))
    assert fall_asleep(sim, tmp_path, bus, "off")[0] == "asleep"
    sim.move()
    assert sim.int_level == 1 and not sim.wakes_on_motion and not sim.measuring


ICM_DISTURBANCES: dict[str, Callable[[Icm45686Sim], object]] = {
    "it moves meanwhile": lambda sim: sim.at(0.0, lambda: sim.move()),
    "the bus fails now and then": lambda sim: setattr(sim.faults, "timeouts", 2),
    "the first transfers read noise": lambda sim: setattr(sim.faults, "noise", 3),
}


@pytest.mark.parametrize("what", ICM_DISTURBANCES)
def test_an_icm45686_sleeps_although(tmp_path: Path, what: str) -> None:
    sim = Icm45686Sim(Motion.of(noise(1000, 100), raw_values))
    ICM_DISTURBANCES[what](sim)
    bus = "i2c" if "bus" in what else "spi"
    assert fall_asleep(sim, tmp_path, bus, "motion", "nothing")[0] == "asleep"
    assert sim.wakes_on_motion and sim.int_level == 1


def test_an_icm45686_that_does_not_obey_leaves_the_button(tmp_path: Path) -> None:
    sim = Icm45686Sim(Motion.of(noise(1000, 100), raw_values))
    sim.faults.deaf = True
    assert fall_asleep(sim, tmp_path, "spi", "motion", "nothing")[0] == "asleep"
    assert not sim.wakes_on_motion
