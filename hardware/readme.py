"""Writes the tables of hardware/README.md between its markers, from parts, pins, breakouts, checks and power budget.

A block begins with `<!-- made by hardware.readme: NAME -->` and ends with `<!-- end -->`.
"""

from __future__ import annotations

import re
from pathlib import Path

from hardware import electrical, parts, power
from hardware.breakouts import BNO08X, BREAKOUTS, ICM
from hardware.pins import I2C_SIGNALS, ICM_SIGNALS, OUTPUT_SIGNALS, SPI_SIGNALS, gpio, printed
from hardware.pins import board as board_module

README = Path(__file__).with_name("README.md")
_BLOCK = re.compile(r"(<!-- made by hardware\.readme: ([\w ]+) -->\n)(?:(?!<!--).)*(<!-- end -->)", re.DOTALL)
_OUTPUTS = {
    "button": "button, to ground",
    "vibration": "gate of the motor's transistor",
    "battery": "middle of the two 220 kOhm",
    "buzzer": "220 Ohm, then the buzzer to ground",
}


def breakout_table() -> str:
    """The breakouts: chip, jumpers, address and supply; then how far the facts were checked."""
    rows: dict[str, list[str]] = {
        "": [each.name for each in BREAKOUTS],
        "chip": [each.chip for each in BREAKOUTS],
        "size in mm": [f"{each.wide_mm:g} x {each.high_mm:g}" for each in BREAKOUTS],
        "supply": [each.regulator for each in BREAKOUTS],
        "for SPI": [each.to_spi for each in BREAKOUTS],
        "for I2C": [each.to_i2c for each in BREAKOUTS],
        "I2C address": [f"0x{each.address:02X}" for each in BREAKOUTS],
    }
    lines = [f"| {name} | {' | '.join(cells)} |" for name, cells in rows.items()]
    lines.insert(1, f"|---|{'---|' * len(BREAKOUTS)}")
    facts = [f"- {each.name}: {each.checked}." for each in BREAKOUTS]
    return "\n".join([*lines, "", "Facts from:", "", *facts])


def wiring_table(board: str) -> str:
    """All wires of a board on SPI: signal, GPIO, print on the board, pin of each breakout; then the outputs."""
    names = " | ".join([*(each.name for each in BNO08X), "ICM-45686 module"])
    lines = [f"| signal | GPIO | on the board | {names} |", f"|---|---|---|{'---|' * (len(BNO08X) + 1)}"]
    for signal, pin in (("3.3 V", "3V3"), ("ground", "GND")):
        lines.append(f"| {signal} | | {pin} | {' | '.join(each.spi[pin] for each in (*BNO08X, ICM))} |")
    for signal in SPI_SIGNALS:
        last = ICM.spi[signal] if signal in ICM_SIGNALS else "-"
        cells = [each.spi[signal] for each in BNO08X] + [last]
        lines.append(f"| {signal} | {gpio(board, signal)} | {printed(board, signal)} | {' | '.join(cells)} |")
    lines.append(f"| SPI select | | 3V3 | {' | '.join(each.spi['PS1'] for each in BNO08X)} | - |")
    return "\n".join(lines)


def outputs_table(board: str) -> str:
    """Button, motor, battery, buzzer, light of a board."""
    lines = ["| signal | GPIO | on the board | to |", "|---|---|---|---|"]
    light = f"the light, on when {'high' if board_module().LED_ON[board] else 'low'}"
    for signal in OUTPUT_SIGNALS:
        lines.append(f"| {signal} | {gpio(board, signal)} | {printed(board, signal)} | {_OUTPUTS.get(signal, light)} |")
    return "\n".join(lines)


def i2c_table() -> str:
    """The wires on I2C, for both boards."""
    names = " | ".join([*(each.name for each in BNO08X), "ICM-45686 module"])
    lines = [f"| I2C | XIAO | devkit | {names} |", f"|---|---|---|{'---|' * (len(BNO08X) + 1)}"]
    for signal in I2C_SIGNALS:
        cells = [each.i2c[signal] for each in BNO08X] + [ICM.i2c.get(signal, "-")]
        xiao, devkit = printed("xiao_esp32s3", signal), printed("esp32_devkit", signal)
        lines.append(f"| {signal} | {xiao} | {devkit} | {' | '.join(cells)} |")
    return "\n".join(lines)


def price_line(build: str) -> str:
    """One sentence with the sum of a build's price bands."""
    low, high = parts.sum_usd(build)
    return f"Together about {low} to {high} US$, with the whole bag where parts are sold in tens."


BLOCKS = {
    "parts worn": lambda: f"{parts.table('worn')}\n\n{price_line('worn')}",
    "parts bench": lambda: f"{parts.table('bench')}\n\n{price_line('bench')}",
    "breakouts": breakout_table,
    "wiring xiao": lambda: wiring_table("xiao_esp32s3"),
    "outputs xiao": lambda: outputs_table("xiao_esp32s3"),
    "wiring devkit": lambda: wiring_table("esp32_devkit"),
    "outputs devkit": lambda: outputs_table("esp32_devkit"),
    "i2c": i2c_table,
    "checks": electrical.table,
    "power": power.consumer_table,
    "hours": power.hours_table,
}


def filled(text: str) -> str:
    """The page with every block rendered again."""
    return _BLOCK.sub(lambda found: f"{found[1]}{BLOCKS[found[2]]()}\n{found[3]}", text)


def names(text: str) -> list[str]:
    """Names of the blocks of a page, in order."""
    return [found[2] for found in _BLOCK.finditer(text)]


def write(path: Path = README) -> None:
    """Render the blocks of the page again."""
    path.write_text(filled(path.read_text("utf-8")), "utf-8")
