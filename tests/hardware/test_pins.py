"""README's tables, the wiring diagrams and the circuit have the pins of firmware/board.py, for both boards."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hardware.breakouts import ADAFRUIT, ICM

from hardware import electrical, pins

yaml = pytest.importorskip("yaml", reason="the wiring is YAML")
HARDWARE = Path(__file__).resolve().parents[2] / "hardware"
TEXT = (HARDWARE / "README.md").read_text("utf-8")
SECTIONS = {"xiao_esp32s3": "## 3. Wire it: Seeed XIAO ESP32S3", "esp32_devkit": "## 4. Wire it: ESP32 devkit"}
SOURCES = sorted((HARDWARE / "wiring").glob("*.yml"))
BOARDS = {"xiao": "xiao_esp32s3", "devkit": "esp32_devkit"}
MINUS = "cell -, not GND"
POWER = {"3.3 V", "ground", "cell +", MINUS}


@pytest.mark.parametrize("name", SECTIONS)
def test_the_wiring_table_is_the_boards(name: str) -> None:
    section = TEXT.split(SECTIONS[name])[1].split("\n## ")[0]
    assert f'BOARD = "{name}"' in section
    table = {row[1]: int(row[2]) for row in re.finditer(r"^\| (\w+) \| (\d+) \|", section, re.MULTILINE)}
    assert table == {signal: pin for signal, pin in pins.board().PINS[name].items() if signal not in ("sda", "scl")}


def test_the_table_of_i2c_is_the_boards() -> None:
    section = TEXT.split("## I2C instead of SPI")[1].split("\n## ")[0]
    rows = {row[1]: (row[2], row[3]) for row in re.finditer(r"^\| (\w+) \| (\w+) \| (IO\d+) \|", section, re.MULTILINE)}
    assert set(rows) == set(pins.I2C_SIGNALS)
    for signal, printed in rows.items():
        assert printed == tuple(pins.printed(name, signal) for name in BOARDS.values())


def wires(path: Path) -> dict[str, set[tuple[str, str, str]]]:
    """By signal: (GPIO number or "", print on the board, pin at the other end) of a wiring diagram."""
    source = yaml.safe_load(path.read_text("utf-8"))
    found: dict[str, set[tuple[str, str, str]]] = {}
    for board_end, cable_end, far_end in source["connections"]:
        (board, printed), (far, far_pins) = _only(board_end), _only(far_end)
        (cable, _), connector = _only(cable_end), source["connectors"][board]
        labels = dict(zip(connector["pins"], connector.get("pinlabels", [""] * 99), strict=False))
        assert set(printed) <= set(connector["pins"]) and set(far_pins) <= set(source["connectors"][far]["pins"])
        signals = source["cables"][cable]["wirelabels"]
        assert len(signals) == len(printed) == len(far_pins) == len(source["cables"][cable]["colors"])
        for signal, pin, far_pin in zip(signals, printed, far_pins, strict=True):
            gpio = (re.fullmatch(r"GPIO (\d+)", str(labels[pin])) or [""] * 2)[1]
            found.setdefault(signal, set()).add((gpio, pin, far_pin))
    return found


def _only(mapping: dict[str, Any]) -> tuple[str, Any]:
    ((key, value),) = mapping.items()
    return key, value


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_a_diagram_has_the_pins_of_the_board(path: Path) -> None:
    name = BOARDS[path.stem.split("-")[0]]
    found = wires(path)
    for signal, ends in found.items():
        if signal in POWER:
            continue
        ((gpio, printed, _),) = ends
        assert printed == pins.printed(name, signal)
        assert gpio in ("", str(pins.gpio(name, signal)))
        assert gpio or name == "esp32_devkit", "a XIAO's print does not say its GPIO"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_a_diagram_has_every_wire_and_the_breakouts_pins(path: Path) -> None:
    found = wires(path)
    if path.stem.endswith("-outputs"):
        assert set(found) - POWER == {*pins.OUTPUT_SIGNALS} - {"led"}
        return
    _, sensor, bus = path.stem.split("-")
    breakout = ICM if sensor == "icm45686" else ADAFRUIT
    names = dict(breakout.i2c if bus == "i2c" else breakout.spi)
    names.pop("PS1", None)  # a jumper in the diagrams
    words = {"3V3": "3.3 V", "GND": "ground"}
    assert {signal: {far for *_, far in ends} for signal, ends in found.items()} == {
        words.get(signal, signal): {pin} for signal, pin in names.items()
    }


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_power_goes_to_power(path: Path) -> None:
    found = wires(path)
    assert {pin for _, pin, _ in found["ground"]} <= {"GND"}
    assert {pin for _, pin, _ in found.get("3.3 V", set())} <= {"3V3"}
    assert {pin for _, pin, _ in found.get("cell +", set())} <= {"BAT+"}
    assert {pin for _, pin, _ in found.get(MINUS, set())} <= {"BAT-"}


@pytest.mark.parametrize("board", BOARDS)
def test_outputs_end_where_the_circuit_wants_them(board: str) -> None:
    found = wires(HARDWARE / "wiring" / f"{board}-outputs.yml")
    ends = {
        signal: {far for *_, far in found[signal]} for signal in ("vibration", "3.3 V", "battery", "button", "buzzer")
    }
    battery = "middle" if board == "xiao" else "GND"  # no cell on the bench
    assert ends == {
        "vibration": {"gate"},
        "3.3 V": {"motor +"},
        "battery": {battery},
        "button": {"a"},
        "buzzer": {"in"},
    }


def test_every_combination_that_board_py_allows_is_drawn() -> None:
    asked = {f"{board}-{rest}" for board in BOARDS for rest in ("bno08x-spi", "bno08x-i2c", "icm45686-spi", "outputs")}
    assert {path.stem for path in SOURCES} == asked and set(pins.board().PINS) == set(BOARDS.values()) == set(
        pins.NAMES
    )


@pytest.mark.parametrize("name", SECTIONS)
def test_the_pins_of_a_board_have_no_fault(name: str) -> None:
    assert electrical.pin_faults(name) == []


@pytest.mark.parametrize(
    ("name", "signal", "pin", "fault"),
    [
        ("xiao_esp32s3", "buzzer", 43, "shares GPIO 43"),
        ("xiao_esp32s3", "int", 43, "int cannot wake"),
        ("xiao_esp32s3", "vibration", 0, "needs it high at reset"),
        ("xiao_esp32s3", "battery", 12, "not on the first ADC"),
        ("esp32_devkit", "button", 12, "needs it low at reset"),
        ("esp32_devkit", "buzzer", 35, "output on an input-only pin"),
        ("esp32_devkit", "button", 36, "pull-up, which the pin has not"),
    ],
)
def test_a_bad_pin_is_named(monkeypatch: pytest.MonkeyPatch, name: str, signal: str, pin: int, fault: str) -> None:
    monkeypatch.setitem(pins.board().PINS[name], signal, pin)
    assert any(fault in each for each in electrical.pin_faults(name))


UART0_TX = {"xiao_esp32s3": 43, "esp32_devkit": 1}  # sends the boot log, at every start and wake-up


@pytest.mark.parametrize("name", SECTIONS)
def test_nothing_sounds_or_shakes_at_boot(name: str) -> None:
    board_pins = pins.board().PINS[name]
    for signal in ("buzzer", "vibration"):
        assert board_pins[signal] != UART0_TX[name], f"{signal} plays the boot log"
        assert board_pins[signal] not in electrical.STRAPPING[name], f"{signal} is driven or read at reset"
