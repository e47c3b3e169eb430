"""The pins of firmware/board.py, and what is printed beside them on each board.

Owns the printed names of the boards' pins.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType

CHECKOUT = Path(__file__).resolve().parents[1]
NAMES = {"xiao_esp32s3": "Seeed XIAO ESP32S3", "esp32_devkit": "ESP32 devkit"}
# GPIO -> print. XIAO: MicroPython's ports/esp32/boards/SEEED_XIAO_ESP32S3/pins.csv
XIAO_PRINT = {1: "D0", 2: "D1", 3: "D2", 4: "D3", 5: "D4", 6: "D5", 43: "D6", 44: "D7", 7: "D8", 8: "D9", 9: "D10"}
SPI_SIGNALS = ("int", "rst", "wake", "cs", "sck", "miso", "mosi")
I2C_SIGNALS = ("int", "rst", "sda", "scl")
ICM_SIGNALS = ("int", "cs", "sck", "miso", "mosi")
OUTPUT_SIGNALS = ("button", "vibration", "battery", "buzzer", "led")


@cache
def board() -> ModuleType:
    """firmware/board.py as a module of this Python: its numbers, without `machine`."""
    spec = importlib.util.spec_from_file_location("firmware_board", CHECKOUT / "firmware" / "board.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def gpio(name: str, signal: str) -> int:
    """GPIO number of a signal on a board of `NAMES`."""
    return int(board().PINS[name][signal])


def printed(name: str, signal: str) -> str:
    """What is printed beside the pin of a signal: D8 on a XIAO, IO27 on a devkit (some print D27, G27 or 27)."""
    number = gpio(name, signal)
    if name == "xiao_esp32s3":
        return XIAO_PRINT.get(number, "on the board")
    return "on the board" if signal == "led" else f"IO{number}"
