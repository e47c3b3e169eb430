"""The power budget: currents with sources, and how long a cell lasts.

A consumer has a low and a high current in each state, in mA at 3.3 V. The cell's current is taken as the same: the
XIAO's buck converter gives 3.3 V from 3.7 V with about 90 %. Nothing was measured on a clip. Owns these figures.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from hardware.breakouts import ADAFRUIT, ICM, Breakout

CELL_MAH = 400
USABLE = 0.8  # of the capacity: ageing, cold, and the last per cent below 3.5 V
STATES = ("host connected", "alone, to flash", "asleep")
CSV = Path(__file__).with_name("power.csv")
S3_TABLE = "Espressif, ESP32-S3 data sheet 2.2, table 5-9"


@dataclass(frozen=True)
class Consumer:
    """What draws current: (low, high) in mA for each of `STATES`."""

    name: str
    ma: tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
    source: str


@dataclass(frozen=True)
class Build:
    """Board, sensor, and how MicroPython was built."""

    name: str
    consumers: tuple[Consumer, ...]
    on_cell: bool = True

    def sum_ma(self, state: int) -> tuple[float, float]:
        """(low, high) of all consumers, in mA."""
        return sum(each.ma[state][0] for each in self.consumers), sum(each.ma[state][1] for each in self.consumers)

    def hours(self, state: int, cell_mah: float = CELL_MAH) -> tuple[float, float]:
        """(shortest, longest) time on a cell of which `USABLE` is used, in hours."""
        low_ma, high_ma = self.sum_ma(state)
        return cell_mah * USABLE / high_ma, cell_mah * USABLE / low_ma


def _awake(name: str, low_ma: float, high_ma: float, source: str, asleep_ma: float = 0.0) -> Consumer:
    running = (low_ma, high_ma)
    return Consumer(name, (running, running, (asleep_ma, asleep_ma)), source)


S3 = Consumer(
    "ESP32-S3 at 160 MHz, waiting; asleep: the XIAO as a whole",
    ((27.6, 42.3), (27.6, 42.3), (0.014, 0.03)),
    f"{S3_TABLE}: without and with all peripherals clocked; asleep: Seeed 14 uA, users up to 30 uA",
)
S3_80_MHZ = Consumer(
    "ESP32-S3 at 80 MHz, waiting", ((22.0, 36.1), (22.0, 36.1), (0.014, 0.03)), f"{S3_TABLE}; as above"
)
PROGRAM = _awake(
    "program, 30 to 100 % of a core", 0.3 * 12.3, 12.3, f"{S3_TABLE}: 12.3 mA more when busy; share: estimate"
)
PROGRAM_80_MHZ = _awake(
    "program, 60 to 100 % of a core", 0.6 * 6.4, 6.4, f"{S3_TABLE}: 6.4 mA more when busy; share: estimate"
)
RADIO_AWAKE = _awake(
    "Bluetooth awake between packets: MicroPython as downloaded",
    52.0,
    52.0,
    "measured by others on an ESP32-C3: 77 mA, and 25 mA with modem sleep (arduino-esp32 issue 5909); "
    "ESP-IDF leaves modem sleep off on the S3 unless a build turns it on",
)
RADIO_ASLEEP = _awake(
    "Bluetooth asleep between packets: own build with modem sleep", 2.0, 4.0, "estimate: 20 packets a second of 0.4 ms"
)
FLASH = Consumer("flash, 1 kB/s written", ((0, 0), (1, 1), (0, 0)), "estimate: 2 erases a second of 45 ms at 15 mA")
OUTPUTS = _awake("light, buzzer, motor", 0.2, 0.4, "one cue of 0.5 s in 3 min at 60 to 90 mA; light 1 to 3 %")
DIVIDER = _awake("battery divider, 440 kOhm", 0.01, 0.01, "Ohm's law", asleep_ma=0.01)
ESP32 = Consumer(
    "ESP32 at 160 MHz, waiting to busy, with Bluetooth modem sleep",
    ((27.0, 44.0), (27.0, 44.0), (0.01, 0.01)),
    "Espressif, ESP32 data sheet, power modes: 27 to 44 mA; ESP-IDF has modem sleep on for the ESP32",
)
DEVKIT = _awake(
    "devkit: regulator, USB chip, power light", 10.0, 25.0, "estimate; not meant for a cell", asleep_ma=10.0
)


def bno085(breakout: Breakout) -> tuple[Consumer, ...]:
    """The BNO085 and its breakout on SPI."""
    chip = _awake(
        "BNO085, 100 Hz", 11.0, 11.0, "CEVA, BNO08X data sheet 1.16, figure 6-17; asleep: significant motion", 0.54
    )
    board_ma = breakout.idle_ma + breakout.spi_pulls_ma
    source = (
        f"{breakout.idle_ma:.2f} mA regulator and light, {breakout.spi_pulls_ma:.2f} mA into two pull-downs of 10 kOhm"
    )
    return chip, _awake(f"its breakout ({breakout.name}), on SPI", board_ma, board_ma, source, board_ma)


def icm45686(breakout: Breakout) -> tuple[Consumer, ...]:
    """The ICM-45686 and its breakout."""
    chip = _awake(
        "ICM-45686, low-noise mode",
        0.42,
        0.42,
        "TDK, data sheet DS-000489 1.1, table 3, at 1.8 V; asleep: accelerometer only, 50 Hz",
        0.067,
    )
    return chip, _awake("its breakout", breakout.idle_ma, breakout.idle_ma, "regulator and light", breakout.idle_ma)


_REST = (FLASH, OUTPUTS, DIVIDER)
WORN = Build("XIAO ESP32S3, BNO085", (S3, PROGRAM, RADIO_AWAKE, *bno085(ADAFRUIT), *_REST))
BUILDS = (
    WORN,
    Build("XIAO ESP32S3, ICM-45686", (S3, PROGRAM, RADIO_AWAKE, *icm45686(ICM), *_REST)),
    Build("XIAO ESP32S3, BNO085, own build with modem sleep", (S3, PROGRAM, RADIO_ASLEEP, *bno085(ADAFRUIT), *_REST)),
    Build("XIAO ESP32S3, ICM-45686, own build with modem sleep", (S3, PROGRAM, RADIO_ASLEEP, *icm45686(ICM), *_REST)),
    Build(
        "XIAO ESP32S3, ICM-45686, own build, 80 MHz", (S3_80_MHZ, PROGRAM_80_MHZ, RADIO_ASLEEP, *icm45686(ICM), *_REST)
    ),
    Build("ESP32 devkit, BNO085", (ESP32, DEVKIT, *bno085(ADAFRUIT), *_REST), on_cell=False),
    Build("ESP32 devkit, ICM-45686", (ESP32, DEVKIT, *icm45686(ICM), *_REST), on_cell=False),
)


def span(low: float, high: float, digits: int | None = None) -> str:
    """A range as people read it: "2.7 to 3.4", or one figure if both read the same."""
    places = digits if digits is not None else 2 if high < 1 else 1 if high < 10 else 0
    texts = [f"{value:.{places}f}" for value in (low, high)]
    return texts[0] if texts[0] == texts[1] else " to ".join(texts)


def consumer_table(build: Build = WORN) -> str:
    """Each consumer of a build in each state, with its source, as Markdown."""
    lines = [f"| consumer, mA | {' | '.join(STATES)} | source |", "|---|---|---|---|---|"]
    for each in build.consumers:
        cells = " | ".join(span(*pair) if pair[1] else "0" for pair in each.ma)
        lines.append(f"| {each.name} | {cells} | {each.source} |")
    sums = " | ".join(f"**{span(*build.sum_ma(n))}**" for n in range(len(STATES)))
    return "\n".join([*lines, f"| **sum** | {sums} | |"])


def hours_table() -> str:
    """How long a cell lasts, for each build, as Markdown."""
    head = f"| build | {CELL_MAH} mAh, host connected | alone | asleep | an hour takes |"
    lines = [head, "|---|---|---|---|---|"]
    for build in BUILDS:
        low_ma, high_ma = build.sum_ma(0)
        if not build.on_cell:
            lines.append(f"| {build.name} | by USB | | | {span(low_ma, high_ma)} mAh |")
            continue
        days = span(*(hours / 24 for hours in build.hours(2)))
        spans = f"{span(*build.hours(0))} h | {span(*build.hours(1))} h | {days} days"
        lines.append(f"| {build.name} | {spans} | {span(low_ma, high_ma)} mAh |")
    return "\n".join(lines)


def worn_hours() -> str:
    """The sentence's figure that pages quote: hours of the worn build with a host, e.g. "2.7 to 3.4 h"."""
    return f"{span(*WORN.hours(0))} h"


def table_csv() -> str:
    """All builds, states and consumers as CSV."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("build", "state", "consumer", "low_ma", "high_ma", "source"))
    for build in BUILDS:
        for number, state in enumerate(STATES):
            for each in build.consumers:
                low_ma, high_ma = each.ma[number]
                rows.writerow((build.name, state, each.name, f"{low_ma:.3g}", f"{high_ma:.3g}", each.source))
            low_ma, high_ma = build.sum_ma(number)
            rows.writerow((build.name, state, "sum", f"{low_ma:.3g}", f"{high_ma:.3g}", ""))
            if build.on_cell:
                hours = build.hours(number)
                rows.writerow(
                    (build.name, state, f"hours with {CELL_MAH} mAh", f"{hours[0]:.3g}", f"{hours[1]:.3g}", "")
                )
    return text.getvalue()


if __name__ == "__main__":
    print(consumer_table(), hours_table(), sep="\n\n")
