# The hardware: which pins, which bus, how fast. Pick the board and the bus by the two constants below.
# `machine` is imported where a pin is opened, so that tools without one can read the pin numbers.
# Pin numbers, bus speeds and bus addresses live here and nowhere else.

BOARD = "xiao_esp32s3"  # or "esp32_devkit"
BUS = "spi"  # or "i2c", where pins are short; the BNO085 stretches the clock, which some ESP32 drivers fail on

# GPIO numbers. wake is the chip's PS0 pin: on SPI it wakes the chip when the clip wants to talk.
PINS = {
    "xiao_esp32s3": {
        "int": 2,  # D1
        "rst": 4,  # D3
        "wake": 3,  # D2
        "cs": 44,  # D7
        "sck": 7,  # D8
        "miso": 8,  # D9
        "mosi": 9,  # D10
        "sda": 5,  # D4
        "scl": 6,  # D5
    },
    "esp32_devkit": {
        "int": 27,
        "rst": 25,
        "wake": 26,
        "cs": 5,
        "sck": 18,
        "miso": 19,
        "mosi": 23,
        "sda": 21,
        "scl": 22,
    },
}

SPI_ID = 1
SPI_HZ = 2000000  # the chip takes 3 MHz; wires to a breakout are longer than a board's
I2C_ID = 0
I2C_HZ = 400000
I2C_TIMEOUT_US = 200000  # for the chip's clock stretching
I2C_ADDRESS = 0x4A  # 0x4B where the breakout's address jumper is closed


def open_sensor():
    """(bus, interrupt pin, reset pin) of the BNO085, for `Bno085(*open_sensor())`."""
    from machine import Pin

    pins = PINS[BOARD]
    int_pin = Pin(pins["int"], Pin.IN, Pin.PULL_UP)
    bus = _open_spi(pins, int_pin) if BUS == "spi" else _open_i2c(pins)
    return bus, int_pin, Pin(pins["rst"], Pin.OUT, value=1)


def _open_spi(pins, int_pin):
    from machine import SPI, Pin

    from shtp import SpiLink

    spi = SPI(
        SPI_ID,
        baudrate=SPI_HZ,
        polarity=1,
        phase=1,
        sck=Pin(pins["sck"]),
        mosi=Pin(pins["mosi"]),
        miso=Pin(pins["miso"]),
    )
    return SpiLink(spi, Pin(pins["cs"], Pin.OUT, value=1), Pin(pins["wake"], Pin.OUT, value=1), int_pin)


def _open_i2c(pins):
    from machine import I2C, Pin

    from shtp import I2cLink

    i2c = I2C(I2C_ID, scl=Pin(pins["scl"]), sda=Pin(pins["sda"]), freq=I2C_HZ, timeout=I2C_TIMEOUT_US)
    return I2cLink(i2c, I2C_ADDRESS)
