"""Checks of the circuit by calculation: levels, currents, strapping pins, and the supply while the motor starts.

Each check has a value, a limit and the source of the limit. Values are worst cases. Owns these checks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from hardware.pins import NAMES, SPI_SIGNALS, board, gpio

SUPPLY_V = 3.3
PIN_MA = 20.0  # MicroPython, ESP32 quick reference: a pin whose drive strength is not set (DRIVE_2)
SPI_HZ = float(board().SPI_HZ)
LOW_CELL_V = 3.3  # firmware/standalone.py calls this 0 %
RTC_PINS = {
    "xiao_esp32s3": frozenset(range(22)),
    "esp32_devkit": frozenset((0, 2, 4, *range(12, 16), *range(25, 28), *range(32, 40))),
}
# Read at reset, with what the chip needs there; GPIO3 of the S3 only selects JTAG, and only if a fuse was burnt.
STRAPPING = {
    "xiao_esp32s3": {0: "high", 3: "any", 45: "low", 46: "low"},
    "esp32_devkit": {0: "high", 2: "low", 12: "low", 15: "any", 5: "any"},
}
LEVEL_AT_RESET = {
    "cs": "high",
    "led": "low",
    "wake": "low",
    "button": "high",
    "vibration": "low",
}  # what is wired gives


@dataclass(frozen=True)
class Check:
    """A value that must not exceed its limit, or must reach it (`at_least`)."""

    what: str
    value: float
    limit: float
    unit: str
    source: str
    at_least: bool = False

    @property
    def passes(self) -> bool:
        """Whether the value is within its limit."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def row(self) -> str:
        """A line of the table in hardware/README.md."""
        sign = "at least" if self.at_least else "at most"
        return f"| {self.what} | {self.value:.3g} {self.unit} | {sign} {self.limit:.3g} {self.unit} | {self.source} |"


def buzzer(series_ohm: float = 220.0, coil_ohm: float = 0.0) -> Check:
    """Peak current of the buzzer's pin: a piezo is a capacitor behind its resistor, a magnetic one a coil."""
    peak_ma = SUPPLY_V / (series_ohm + coil_ohm) * 1000
    return Check(
        "buzzer: peak current of its pin", peak_ma, PIN_MA, "mA", "MicroPython, ESP32 quick reference: drive of a pin"
    )


def transistor(threshold_v: float = 1.45) -> Check:
    """Gate voltage above the highest threshold of the transistor, at the lowest level of a high pin."""
    high_v = 0.8 * SUPPLY_V
    source = "AO3400A: threshold at most 1.45 V, and specified at 2.5 V; 1 V of margin"
    return Check("motor: gate voltage above the threshold", high_v - threshold_v, 1.0, "V", source, at_least=True)


def bipolar(base_ohm: float = 1e3, gain: float = 160.0) -> Check:
    """Current that a BC337-25 switches in place of the MOSFET, with its resistor from pin to base."""
    switched_ma = (0.8 * SUPPLY_V - 0.8) / base_ohm * gain * 1000
    source = "start current of the motor; BC337-25: gain at least 160"
    return Check("motor: BC337-25 with 1 kOhm instead, current", switched_ma, 180.0, "mA", source, at_least=True)


def motor_off_at_reset(pull_ohm: float = 10e3, leak_ua: float = 1.0) -> Check:
    """Gate voltage while the pin floats: leakage through the pull-down."""
    volt = pull_ohm * leak_ua * 1e-6
    return Check("motor: gate voltage while the pin floats", volt, 0.65, "V", "AO3400A: threshold at least 0.65 V")


def motor_ma(rated_ma: float = 90.0) -> Check:
    """Current while the motor starts: stalled, it takes about twice its rated current, and the diode takes it over."""
    source = "1N4148: 200 mA on average; start current about twice the rated one"
    return Check("motor: start current, then in the diode", 2 * rated_ma, 200.0, "mA", source)


def divider(cell_v: float = 4.2, upper_ohm: float = 220e3, lower_ohm: float = 220e3) -> Check:
    """Voltage at the ADC with a full cell."""
    volt = cell_v * lower_ohm / (upper_ohm + lower_ohm)
    return Check(
        "battery: voltage at the pin, full cell", volt, 2.45, "V", "ESP32 data sheet: ADC range with 12 dB; S3: 2.9 V"
    )


def lowest_supply(cell_ohm: float = 0.25, wire_ohm: float = 0.1, motor_ma: float = 180.0) -> Check:
    """3.3 V supply of an empty cell while radio and motor start together.

    The XIAO's converter passes the cell through once the cell is below 3.3 V: its switch adds 0.2 Ohm (estimate).
    """
    load_a = (335.0 + 55.0 + 12.0 + motor_ma) / 1000  # radio at its highest power, processor, sensor
    volt = LOW_CELL_V - load_a * (cell_ohm + wire_ohm + 0.2)
    source = "ESP-IDF: an S3 restarts below about 2.44 V; BNO08X data sheet: 2.4 V; 0.3 V of margin"
    return Check("supply: cell at 3.3 V, radio and motor start together", volt, 2.74, "V", source, at_least=True)


def i2c_rise(pull_ohm: float = 5e3, pf: float = 60.0) -> Check:
    """Rise time of SDA and SCL: 0.85 R C, with the breakout's pull-ups and 10 cm of wire."""
    source = "I2C specification: 300 ns at 400 kHz; Adafruit 4754: 10 kOhm on both sides of its level shifter"
    return Check("I2C: rise time", 0.8473 * pull_ohm * pf * 1e-3, 300.0, "ns", source)


def miso_level(clock_hz: float = SPI_HZ, pull_ohm: float = 10e3, pf: float = 40.0) -> Check:
    """MISO behind the Adafruit 4754's level shifter when the board reads it, half a clock after its edge.

    The transistor's diode lifts the line to 0.75 V below the supply at once; the pull-up does the rest.
    """
    rest = math.exp(-0.5 / clock_hz / (pull_ohm * pf * 1e-12))
    source = "Espressif data sheets: high is 0.75 of the supply; 0.2 V of margin"
    return Check("SPI: MISO when it is read", SUPPLY_V - 0.75 * rest, 0.75 * SUPPLY_V + 0.2, "V", source, at_least=True)


def level_at_ear_db(at_10_cm_db: float, distance_m: float = 0.9) -> float:
    """Sound level at the ear of a clip on the back of the waistband, in free air, in dB."""
    return at_10_cm_db - 20 * math.log10(distance_m / 0.1)


def checks() -> list[Check]:
    """All calculated checks, with the parts of bom.csv."""
    motor = [transistor(), bipolar(), motor_off_at_reset(), motor_ma()]
    return [buzzer(), *motor, divider(), lowest_supply(), miso_level(), i2c_rise()]


def pin_faults(name: str) -> list[str]:
    """What is wrong with the pins of a board, one sentence each: shared pins, boot levels, wake-up, input-only pins."""
    pins = board().PINS[name]
    faults = []
    used = [signal for signal in pins if signal not in ("sda", "scl")]
    for signal in used:
        if [pins[other] for other in used].count(pins[signal]) > 1:
            faults.append(f"{signal} shares GPIO {pins[signal]} with another signal")
        needed = STRAPPING[name].get(pins[signal], "any")
        if needed != "any" and LEVEL_AT_RESET.get(signal) != needed:
            faults.append(f"{signal} on GPIO {pins[signal]}: the chip needs it {needed} at reset")
    faults += [f"{signal} cannot wake the board" for signal in ("int", "button") if pins[signal] not in RTC_PINS[name]]
    if name == "esp32_devkit":
        outputs = [s for s in used if s in (*SPI_SIGNALS, "vibration", "buzzer", "led") and s not in ("int", "miso")]
        faults += [f"{signal} is an output on an input-only pin" for signal in outputs if pins[signal] >= 34]
        faults += [f"{s} needs a pull-up, which the pin has not" for s in ("int", "button") if pins[s] >= 34]
    adc1 = range(1, 11) if name == "xiao_esp32s3" else range(32, 40)
    if gpio(name, "battery") not in adc1:
        faults.append("battery is not on the first ADC")
    return faults


def table() -> str:
    """All checks as Markdown."""
    head = ["| check, worst case | value | limit | source of the limit |", "|---|---|---|---|"]
    return "\n".join([*head, *(check.row() for check in checks())])


if __name__ == "__main__":
    print(table(), *(fault for name in NAMES for fault in pin_faults(name)), sep="\n")
