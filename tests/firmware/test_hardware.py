"""hardware/README.md has the pins of firmware/board.py, for both boards; no pin is used twice."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
TEXT = (CHECKOUT / "hardware" / "README.md").read_text()
SECTIONS = {"xiao_esp32s3": "## Wiring: Seeed XIAO ESP32S3", "esp32_devkit": "## Wiring: ESP32 devkit"}


def board() -> ModuleType:
    spec = importlib.util.spec_from_file_location("firmware_board", CHECKOUT / "firmware" / "board.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", SECTIONS)
def test_the_wiring_table_is_the_boards(name: str) -> None:
    section = TEXT.split(SECTIONS[name])[1].split("\n## ")[0]
    assert f'BOARD = "{name}"' in section
    table = {row[1]: int(row[2]) for row in re.finditer(r"^\| (\w+) \| (\d+) \|", section, re.MULTILINE)}
    i2c = {row[1]: int(row[2]) for row in re.finditer(r"(sda|scl) (?:is )?GPIO (\d+)", section)}
    pins = board().PINS[name]
    assert table | i2c == pins


@pytest.mark.parametrize("name", SECTIONS)
def test_no_pin_is_used_twice_and_those_that_wake_can(name: str) -> None:
    pins = board().PINS[name]
    used = [pin for signal, pin in pins.items() if signal not in ("sda", "scl")]
    assert len(set(used)) == len(used)
    rtc = range(22) if name == "xiao_esp32s3" else (0, 2, 4, *range(12, 16), *range(25, 28), *range(32, 40))
    assert pins["int"] in rtc and pins["button"] in rtc


UART0_TX = {"xiao_esp32s3": 43, "esp32_devkit": 1}  # sends the boot log, at every start and wake-up
STRAPPING = {"xiao_esp32s3": {0, 3, 45, 46}, "esp32_devkit": {0, 2, 5, 12, 15}}  # pulled or read at reset
AUDIBLE = ("buzzer", "vibration")


@pytest.mark.parametrize("name", SECTIONS)
def test_nothing_sounds_or_shakes_at_boot(name: str) -> None:
    pins = board().PINS[name]
    for signal in AUDIBLE:
        assert pins[signal] != UART0_TX[name], f"{signal} plays the boot log"
        assert pins[signal] not in STRAPPING[name], f"{signal} is driven at reset, or decides how the chip starts"


def test_every_board_was_checked() -> None:
    assert set(board().PINS) == set(SECTIONS) == set(UART0_TX) == set(STRAPPING)


def test_the_power_table_adds_up() -> None:
    rows = [line.strip("| ").split("|") for line in TEXT.split("## Power")[1].splitlines() if line.count("|") == 6]
    parts = [row for row in rows if re.search(r"\d", row[1]) and not row[0].startswith(("sum", "400"))]
    total = next(row for row in rows if row[0].startswith("sum"))
    for column in (1, 2, 3):
        asked = sum(float(row[column].split()[0]) for row in parts)
        assert abs(asked - float(total[column].split()[0])) <= 0.6, (column, asked)
