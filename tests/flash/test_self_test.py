"""What the board's test of itself means in words, and the test itself in MicroPython."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from untuck.flash.self_test import SelfTest, judge, parse

GOOD = SelfTest(
    firmware="0.3.0",
    micropython="1.28.0",
    board="xiao_esp32s3",
    bus="spi",
    bus_hz=2_000_000,
    sensor="bno085",
    sensor_version=(3, 2, 13),
    rate_hz=100.0,
    samples=20,
    up_m_s2=(0.1, 9.8, 0.2),
    battery_mv=3900,
    address="F0:F1:F2:F3:A4:B5",
    flash_kb=6144,
    flash_free_kb=5976,
    runs=0,
    heap_free=100_000,
)
FAILED = {"radio": "OSError: [Errno 5] EIO", "sensor": "OSError: [Errno 116] ETIMEDOUT", "clip": "ImportError: x"}


def test_all_is_well() -> None:
    parts = judge(GOOD)
    assert [part.name for part in parts] == ["Program", "Sensor", "Up", "Battery", "Radio", "Flash"]
    assert all(part.ok for part in parts)
    assert parts[1].text == "BNO085 version 3.2.13 on SPI at 2 MHz, 100 samples a second"
    assert parts[2].text == "the sensor's +y points up (as it is worn)"


@pytest.mark.parametrize(
    ("change", "name", "ok", "words"),
    [
        ({"rate_hz": 0.0, "samples": None, "up_m_s2": None}, "Sensor", False, "does not answer on SPI at 2 MHz"),
        ({"rate_hz": None, "errors": FAILED}, "Sensor", False, "(OSError: [Errno 116] ETIMEDOUT): check its power"),
        ({"samples": 0}, "Sensor", False, "PS0 and PS1"),
        (
            {"samples": 0, "sensor": "icm45686"},
            "Sensor",
            False,
            "the ICM-45686 does not answer on SPI at 2 MHz: check its power, CS",
        ),
        ({"bus": "i2c", "bus_hz": 400_000}, "Sensor", True, "I2C at 400 kHz"),
        ({"up_m_s2": (0.0, -9.8, 0.0)}, "Up", True, "-y points up (worn it must be +y)"),
        ({"up_m_s2": (0.0, 6.9, 6.9)}, "Up", True, "between axes"),
        ({"up_m_s2": (0.0, 19.0, 0.0)}, "Up", False, "hold the clip still"),
        ({"up_m_s2": None}, "Up", False, "unknown"),
        ({"battery_mv": 180}, "Battery", False, "0.18 V: no cell"),
        ({"battery_mv": 3100}, "Battery", False, "3.10 V: charge it"),
        ({"battery_mv": 5100}, "Battery", False, "check the divider's resistors"),
        ({"battery_mv": None, "errors": {"battery": "E: x"}}, "Battery", False, "cannot be read (E: x)"),
        ({"address": None, "errors": FAILED}, "Radio", False, "Bluetooth does not start (OSError"),
        ({"flash_free_kb": 40, "runs": 3}, "Flash", False, "3 recorded runs not fetched: `untuck sync`"),
        ({"firmware": None, "errors": FAILED}, "Program", False, "it does not start (ImportError: x)"),
    ],
)
def test_each_part_says_what_to_do(change: dict[str, object], name: str, ok: bool, words: str) -> None:
    part = next(part for part in judge(replace(GOOD, **change)) if part.name == name)  # type: ignore[arg-type]
    assert part.ok is ok and words in part.text


@pytest.mark.parametrize("text", ['{"up_m_s2": "up"}', '{"bus": 3}', "[]", '{"errors": 3}', '{"samples": {"a": 1}}'])
def test_another_format_is_an_error(text: str) -> None:
    with pytest.raises((ValueError, TypeError, AttributeError)):
        parse(json.loads(text))


def test_unknown_fields_of_newer_firmware_are_left_out() -> None:
    assert parse({"firmware": "9.9.9", "new": 1, "errors": {}}) == SelfTest(firmware="9.9.9")


def test_the_boards_own_test_in_micropython(tmp_path: Path) -> None:
    """Without an answer of the sensor: the other parts are still tested. tests/flash_board has one that answers."""
    pytest.importorskip("micropython_run", reason="no MicroPython for this computer")
    from virtual_clip.board_parts import BoardParts
    from virtual_clip.micropython_script import run_compiled

    script = tmp_path / "probe.py"
    script.write_text("import self_test\nself_test.run()\n")
    with BoardParts() as parts:
        parts.sim.faults.absent = True
        printed = run_compiled(script, folder=tmp_path, environment=parts.environment)
    found = parse(json.loads(printed.splitlines()[-1]))
    assert found.address == "F0:F1:F2:F3:A4:B5" and found.battery_mv == 3900 and found.firmware
    assert found.rate_hz == 0 and found.up_m_s2 is None
    assert [part.name for part in judge(found) if not part.ok] == ["Sensor", "Up"]
