"""The clip's test of itself, run on the board, and what it means: one line for each part."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

from untuck.errors import FlashError
from untuck.flash.boards import SENSORS
from untuck.flash.repl import BoardError, Repl

_GRAVITY = (8.0, 11.6)  # m/s2 that a clip at rest may measure
_LEVEL_SHARE = 0.8  # of gravity along one axis: the clip lies or stands straight
_CELL_MV = (3300, 4250)
_NO_CELL_MV = 2500
_LEAST_FREE_KB = 100
_AXES = ("x", "y", "z")
_WORN = "+y"
_NO_SENSOR = {"bno085": "check its power, PS0 and PS1, RST and INT", "icm45686": "check its power, CS and INT"}
_OTHER = "another chip is chosen with `untuck flash --sensor`"


@dataclass(frozen=True)
class Part:
    """One part: ok, whether the clip works without it, what was found or what to do."""

    name: str
    ok: bool
    needed: bool
    text: str


@dataclass(frozen=True)
class SelfTest:
    """What the board measured; None: that part failed, and `errors` has its message by the name of the part."""

    firmware: str | None = None
    micropython: str | None = None
    board: str | None = None
    bus: str | None = None
    bus_hz: int | None = None
    sensor: str | None = None
    sensor_version: tuple[int, ...] | None = None
    rate_hz: float | None = None
    samples: int | None = None
    up_m_s2: tuple[float, ...] | None = None
    battery_mv: int | None = None
    address: str | None = None
    flash_kb: int | None = None
    flash_free_kb: int | None = None
    runs: int | None = None
    heap_free: int | None = None
    errors: dict[str, str] = field(default_factory=dict)


def run_self_test(repl: Repl) -> SelfTest:
    """Run it on the board. Raises FlashError if the board has no program of ours."""
    try:
        text = repl.run("import self_test\nself_test.run()")
    except BoardError as error:
        if "no module named 'self_test'" in str(error):
            raise FlashError("this board has no program of the clip, or an older one: run `untuck flash`.") from error
        raise FlashError(f"the self-test stopped ({error}): run `untuck flash` again.") from error
    lines = [line for line in text.splitlines() if line.startswith("{")]
    try:
        return parse(json.loads(lines[-1]))
    except (IndexError, ValueError, TypeError) as error:
        raise FlashError(
            "the self-test gave no result: unplug the board, plug it in again, run `untuck flash --check`."
        ) from error


def parse(found: Any) -> SelfTest:
    """The result from what the board printed. Raises ValueError or TypeError if it is another format."""
    names = {each.name for each in fields(SelfTest)}
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in found.items() if name in names
    }
    for each in fields(SelfTest):
        value = values.get(each.name)
        numbers = "int" in str(each.type) or "float" in str(each.type)
        inside = value if isinstance(value, tuple) else () if value is None else (value,)
        if each.name != "errors" and not all(isinstance(one, int | float if numbers else str) for one in inside):
            raise ValueError(each.name)
    errors = {str(name): str(text) for name, text in dict(values.pop("errors", {})).items()}
    return SelfTest(**values, errors=errors)


def judge(found: SelfTest) -> tuple[Part, ...]:
    """What each part's result means."""
    return tuple(look(found) for look in _LOOKS)


def _program(found: SelfTest) -> Part:
    if found.firmware is None:
        return Part("Program", False, True, f"it does not start ({found.errors.get('clip')}): run `untuck flash` again")
    return Part("Program", True, True, f"{found.firmware} on MicroPython {found.micropython}")


def _sensor(found: SelfTest) -> Part:
    name = SENSORS.get(found.sensor or "", "sensor")
    bus = f"{(found.bus or '?').upper()} at {_hz(found.bus_hz)}"
    if not found.rate_hz or not found.samples:
        why = f" ({found.errors['sensor']})" if "sensor" in found.errors else ""
        wires = _NO_SENSOR.get(found.sensor or "", "check its wires")
        return Part("Sensor", False, True, f"the {name} does not answer on {bus}{why}: {wires}; {_OTHER}")
    software = f" version {'.'.join(map(str, found.sensor_version))}" if found.sensor_version else ""
    return Part("Sensor", True, True, f"{name}{software} on {bus}, {found.rate_hz:.0f} samples a second")


def _up(found: SelfTest) -> Part:
    values = found.up_m_s2
    if values is None or len(values) != len(_AXES):
        return Part("Up", False, False, "unknown without a sensor")
    size = sum(value * value for value in values) ** 0.5
    if not _GRAVITY[0] < size < _GRAVITY[1]:
        return Part("Up", False, False, f"{size:.1f} m/s2 in place of 9.8: hold the clip still and test again")
    at = max(range(3), key=lambda axis: abs(values[axis]))
    axis = f"{'+' if values[at] > 0 else '-'}{_AXES[at]}"
    if abs(values[at]) < _LEVEL_SHARE * size:
        return Part("Up", True, False, f"between axes, most along {axis}: stand the clip upright to check it")
    worn = "as it is worn" if axis == _WORN else f"worn it must be {_WORN}"
    return Part("Up", True, False, f"the sensor's {axis} points up ({worn})")


def _battery(found: SelfTest) -> Part:
    millivolts = found.battery_mv
    if millivolts is None:
        return Part("Battery", False, False, f"cannot be read ({found.errors.get('battery')})")
    if millivolts < _NO_CELL_MV:
        return Part("Battery", False, False, f"{millivolts / 1000:.2f} V: no cell, or no divider to the pin")
    ok = _CELL_MV[0] <= millivolts <= _CELL_MV[1]
    advice = "" if ok else ": charge it" if millivolts < _CELL_MV[0] else ": check the divider's resistors"
    return Part("Battery", ok, False, f"{millivolts / 1000:.2f} V{advice}")


def _radio(found: SelfTest) -> Part:
    if found.address is None:
        why = found.errors.get("radio")
        return Part(
            "Radio", False, True, f"Bluetooth does not start ({why}): `untuck flash --erase` writes all of it again"
        )
    return Part("Radio", True, True, f"Bluetooth starts, {found.address}")


def _flash(found: SelfTest) -> Part:
    free = found.flash_free_kb
    if free is None:
        return Part("Flash", False, True, f"cannot be read ({found.errors.get('files')})")
    kept = f", {found.runs} recorded runs not fetched: `untuck sync`" if found.runs else ""
    if free < _LEAST_FREE_KB:
        return Part("Flash", False, False, f"{free} kB free, too little to record a run{kept}")
    return Part("Flash", True, False, f"{free} kB of {found.flash_kb} kB free{kept}")


def _hz(value: int | None) -> str:
    if not value:
        return "unknown speed"
    return f"{value / 1e6:g} MHz" if value >= 1e6 else f"{value / 1e3:g} kHz"


_LOOKS: tuple[Callable[[SelfTest], Part], ...] = (_program, _sensor, _up, _battery, _radio, _flash)
