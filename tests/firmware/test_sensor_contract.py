"""Every driver gives what the rest of the firmware needs, on both buses, and board.py loads no other driver."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.firmware.sensor_driver import noise
from virtual_clip.bus_server import BusServer
from virtual_clip.clip import new_chip
from virtual_clip.clock import Clock
from virtual_clip.micropython_script import ScriptError, run_compiled

from untuck import wire

PROBE = Path(__file__).resolve().parent / "on_board" / "contract_probe.py"
MODULES = {"bno085": "bno085", "icm45686": "icm45686"}  # a driver's first module, by its name in board.py


@pytest.mark.parametrize("bus", ["spi", "i2c"])
@pytest.mark.parametrize("sensor", MODULES)
def test_a_driver_gives_what_the_firmware_needs(sensor: str, bus: str) -> None:
    with BusServer(new_chip(sensor, noise(3000, 100)), Clock(4)) as server:
        environment = {**server.environment, "UNTUCK_SENSOR": sensor}
        *broken, modules, last = run_compiled(PROBE, bus, environment=environment).splitlines()
    assert broken == []
    name, number = last.rsplit(" ", 1)
    assert wire.SENSORS[int(number)][0] == name
    others = [module for other, module in MODULES.items() if other != sensor]
    assert MODULES[sensor] in modules.split() and not set(others) & set(modules.split())


def test_an_unknown_sensor_in_the_board_file_is_named() -> None:
    with BusServer(new_chip("bno085", noise(100, 100)), Clock(4)) as server:
        environment = {**server.environment, "UNTUCK_SENSOR": "bmi270"}
        with pytest.raises(ScriptError, match=r"no driver for SENSOR = 'bmi270'"):
            run_compiled(PROBE, "spi", environment=environment)
