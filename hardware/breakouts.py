"""The sensor breakouts that fit: printed pins, jumpers, axes and size of each.

Read from the makers' board files where those are public; `checked` says where they are not. Owns these facts.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Breakout:
    """One breakout, as it lies when worn: seen from behind the runner, chip side towards the viewer.

    `top` and `bottom` are the printed pins of the upper and lower row, from left to right. `spi` and `i2c` name the
    printed pin of each signal. Sizes are in mm. `turn_deg` turns the board, counter-clockwise, from its printed names
    upright to this position.
    """

    key: str
    name: str
    number: str
    chip: str
    wide_mm: float
    high_mm: float
    top: tuple[str, ...]
    bottom: tuple[str, ...]
    spi: dict[str, str]
    i2c: dict[str, str]
    address: int
    turn_deg: int
    up: str  # which edge is up when worn
    to_spi: str
    to_i2c: str
    regulator: str
    idle_ma: float  # what the board takes besides the chip: regulator and power light
    spi_pulls_ma: float  # into pull-downs of PS0 and PS1, while the bus is SPI
    checked: str


ADAFRUIT = Breakout(
    key="adafruit",
    name="Adafruit 4754",
    number="4754",
    chip="BNO085",
    wide_mm=25.4,
    high_mm=22.9,
    top=("BT", "P0", "P1", "RST", "DI", "CS"),
    bottom=("VIN", "3Vo", "GND", "SCL", "SDA", "INT"),
    spi={
        "3V3": "VIN",
        "GND": "GND",
        "int": "INT",
        "rst": "RST",
        "wake": "P0",
        "PS1": "P1",
        "cs": "CS",
        "sck": "SCL",
        "miso": "SDA",
        "mosi": "DI",
    },
    i2c={"3V3": "VIN", "GND": "GND", "int": "INT", "rst": "RST", "sda": "SDA", "scl": "SCL"},
    address=0x4A,
    turn_deg=0,
    up="the row with BT, P0, P1",
    to_spi="P1 to 3V3 (a wire to 3Vo does it), or close jumper PS1 on the back",
    to_i2c="nothing to do",
    regulator="3.3 V on the board, from VIN; 3Vo is an output",
    idle_ma=0.055 + 0.13,  # AP2112K, typical quiescent current; green light through 10 kOhm
    spi_pulls_ma=2 * 3.3 / 10,
    checked="maker's board file, github.com/adafruit/Adafruit-BNO085-PCB",
)
SPARKFUN = Breakout(
    key="sparkfun",
    name="SparkFun SEN-22857",
    number="SEN-22857",
    chip="BNO086",
    wide_mm=30.5,
    high_mm=25.4,
    top=("GND", "3V3", "SCK", "SO", "SI", "CS", "WAK", "RST"),
    bottom=("PS0", "PS1", "GND", "3V3", "SDA", "SCL", "RST", "INT"),
    spi={
        "3V3": "3V3",
        "GND": "GND",
        "int": "INT",
        "rst": "RST",
        "wake": "WAK",
        "PS1": "PS1",
        "cs": "CS",
        "sck": "SCK",
        "miso": "SO",
        "mosi": "SI",
    },
    i2c={"3V3": "3V3", "GND": "GND", "int": "INT", "rst": "RST", "sda": "SDA", "scl": "SCL"},
    address=0x4B,
    turn_deg=90,
    up="the row with SCK, SO, SI",
    to_spi="PS1 to 3V3 (it has two), or close jumper PS1 on the back",
    to_i2c="set I2C_ADDRESS = 0x4B, or close jumper ADR on the back",
    regulator="none: 3.3 V only, never 5 V or the cell",
    idle_ma=0.32,  # red light through 4.7 kOhm; jumper LED cuts it
    spi_pulls_ma=2 * 3.3 / 10,
    checked="maker's board file and guide, github.com/sparkfun/SparkFun_VR_IMU_Breakout_BNO086_QWIIC",
)
GENERIC = Breakout(
    key="generic",
    name="GY-BNO08X and similar",
    number="none",
    chip="BNO080, BNO085 or BNO086",
    wide_mm=26.0,
    high_mm=15.0,
    top=("VCC", "GND", "SCL", "SDA", "AD0", "CS", "INT", "RST", "PS1", "PS0"),
    bottom=(),
    spi={
        "3V3": "VCC",
        "GND": "GND",
        "int": "INT",
        "rst": "RST",
        "wake": "PS0",
        "PS1": "PS1",
        "cs": "CS",
        "sck": "SCL",
        "miso": "SDA",
        "mosi": "AD0",
    },
    i2c={"3V3": "VCC", "GND": "GND", "int": "INT", "rst": "RST", "sda": "SDA", "scl": "SCL"},
    address=0x4A,
    turn_deg=0,
    up="as the chip says: its writing upright, its dot at the top left",
    to_spi="PS1 to 3V3; cut or open whatever ties PS0 and PS1 to ground",
    to_i2c="PS0 and PS1 to ground; if no answer, I2C_ADDRESS = 0x4B",
    regulator="differs: use 3.3 V",
    idle_ma=0.2,
    spi_pulls_ma=2 * 3.3 / 10,
    checked="not verified; names as in wiring lists of several builders. Order of the pins, jumpers and size differ",
)
ICM = Breakout(
    key="icm45686",
    name="ICM-45686 module, 15.2 x 12.7 mm",
    number="JYTech ICM45686",
    chip="ICM-45686",
    wide_mm=15.2,
    high_mm=12.7,
    top=("VIN", "GND", "AD0", "SDA", "SCL", "CS"),
    bottom=("ASD", "ASL", "INT1", "INT2"),
    spi={"3V3": "VIN", "GND": "GND", "int": "INT1", "cs": "CS", "sck": "SCL", "miso": "AD0", "mosi": "SDA"},
    i2c={"3V3": "VIN", "GND": "GND", "int": "INT1", "sda": "SDA", "scl": "SCL"},
    address=0x68,
    turn_deg=0,
    up="as the chip says: its writing upright, its dot at the top left",
    to_spi="nothing to do",
    to_i2c="CS to 3V3, AD0 to ground",
    regulator="3.3 V on the board, from VIN",
    idle_ma=0.08 + 0.13,  # MIC5205, typical ground current; light through 10 kOhm
    spi_pulls_ma=0.0,
    checked="its open design, github.com/sheemia/ICM45686-Module; how the chip lies on it was not verified",
)
BREAKOUTS = (ADAFRUIT, SPARKFUN, GENERIC, ICM)
BNO08X = (ADAFRUIT, SPARKFUN, GENERIC)
