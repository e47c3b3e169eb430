# The hardware: pins, bus, speeds, buttons and outputs. `untuck flash --board --sensor --bus` selects board, sensor and
# bus: it writes board_choice.py on the board.
# `machine` is imported where a pin is opened, so that tools without it can read the pin numbers.
# Owns pin numbers, bus speeds and bus addresses.

import time

try:
    import board_choice
except ImportError:
    board_choice = None  # the defaults
BOARD = getattr(board_choice, "BOARD", "xiao_esp32s3")  # or "esp32_devkit"
SENSOR = getattr(board_choice, "SENSOR", "bno085")  # or "icm45686"
# Prefer spi. "i2c" needs fewer pins, but ESP32 drivers fail on the BNO085's clock stretching now and then.
BUS = getattr(board_choice, "BUS", "spi")

# GPIO numbers. int and button wake the board from deep sleep, which only RTC pins can do. wake is the BNO085's PS0
# pin: on SPI it wakes the chip before a command.
PINS = {
    "xiao_esp32s3": {
        "int": 2,  # D1
        "rst": 4,  # D3
        "wake": 3,  # D2
        "cs": 43,  # D6, UART0's TX: the boot log moves it, before the BNO085 is reset
        "sck": 7,  # D8
        "miso": 8,  # D9
        "mosi": 9,  # D10
        "sda": 8,  # D9: on I2C the BNO085's MISO pin is SDA,
        "scl": 7,  # D8: and its SCK pin is SCL
        "button": 1,  # D0
        "vibration": 5,  # D4
        "battery": 6,  # D5
        "buzzer": 44,  # D7, UART0's RX: silent at boot
        "led": 21,
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
        "button": 4,
        "vibration": 33,
        "battery": 34,
        "buzzer": 32,
        "led": 2,
    },
}
LED_ON = {"xiao_esp32s3": 0, "esp32_devkit": 1}  # the level that turns it on
BATTERY_DIVIDER = 2  # two equal resistors from the cell to the pin

SPI_ID = 1
SPI_HZ = 2000000  # the BNO085 allows 3 MHz; wires to a breakout need a margin
I2C_ID = 0
I2C_HZ = 400000
I2C_TIMEOUT_US = 200000  # MicroPython on ESP-IDF 5.5.2 or newer waits 2 ms for a stretched clock, whatever this says
I2C_ADDRESS = 0x4A  # of the BNO085; 0x4B where the breakout's address jumper is closed
ICM45686_ADDRESS = 0x68  # 0x69 where its AD0 pin is high

RUNS_FOLDER = "runs"  # of recorded runs, in the board's file system
RUNS_BYTES = {"xiao_esp32s3": 6000000, "esp32_devkit": 1800000}  # 8 and 4 MB of flash, without MicroPython
_HELD = {"bno085": ("rst", "wake", "cs"), "icm45686": ("cs",)}  # pins at 1 in deep sleep; on I2C only the first
_RELEASE_MS = 50
_EPOCH_S = 946684800  # Unix time of 2000-01-01, the ESP32's epoch
_UNIX_2025 = 1735689600  # an earlier time means that the clock was not set


def unix_s():
    """Seconds since 1970; 0 if the clock has not been set since the battery was empty."""
    now_s = int(time.time()) + (_EPOCH_S if time.gmtime(0)[0] == 2000 else 0)
    return now_s if now_s > _UNIX_2025 else 0


def set_unix_s(now_s):
    """Set the clock; it continues during deep sleep."""
    from machine import RTC

    since_epoch_s = now_s - (_EPOCH_S if time.gmtime(0)[0] == 2000 else 0)
    year, month, day, hour, minute, second, weekday = time.gmtime(since_epoch_s)[:7]
    RTC().datetime((year, month, day, weekday, hour, minute, second, 0))


def new_sensor():
    """The driver of the selected sensor, on the selected bus. Only its modules are loaded."""
    if SENSOR == "bno085":
        from bno085 import Bno085

        return Bno085(*open_sensor())
    if SENSOR == "icm45686":
        return _new_icm45686()
    raise ValueError("no driver for SENSOR = " + repr(SENSOR))


def _new_icm45686():
    from machine import Pin

    from icm45686 import Icm45686
    from registers import I2cRegisters, SpiRegisters

    pins = PINS[BOARD]
    bus = SpiRegisters(_spi(pins), _cs(pins)) if BUS == "spi" else I2cRegisters(_i2c(pins), ICM45686_ADDRESS)
    return Icm45686(bus, Pin(pins["int"], Pin.IN, Pin.PULL_UP))


def open_sensor():
    """(bus, interrupt pin, reset pin) of the BNO085, for `Bno085(*open_sensor())`. Releases pins that sleep() held."""
    from machine import Pin

    pins = PINS[BOARD]
    int_pin = Pin(pins["int"], Pin.IN, Pin.PULL_UP)
    bus = _open_spi(pins, int_pin) if BUS == "spi" else _open_i2c(pins)
    return bus, int_pin, Pin(pins["rst"], Pin.OUT, value=1, hold=False)


def _open_spi(pins, int_pin):
    from machine import Pin

    from spi_link import SpiLink

    return SpiLink(_spi(pins), _cs(pins), Pin(pins["wake"], Pin.OUT, value=1, hold=False), int_pin)


def _open_i2c(pins):
    from i2c_link import I2cLink

    return I2cLink(_i2c(pins), I2C_ADDRESS)


def _spi(pins):
    from machine import SPI, Pin

    return SPI(
        SPI_ID,
        baudrate=SPI_HZ,
        polarity=1,
        phase=1,
        sck=Pin(pins["sck"]),
        mosi=Pin(pins["mosi"]),
        miso=Pin(pins["miso"]),
    )


def _cs(pins):
    from machine import Pin

    return Pin(pins["cs"], Pin.OUT, value=1, hold=False)


def _i2c(pins):
    from machine import I2C, Pin

    return I2C(I2C_ID, scl=Pin(pins["scl"]), sda=Pin(pins["sda"]), freq=I2C_HZ, timeout=I2C_TIMEOUT_US)


class Outputs:
    """Buzzer, vibration motor and LED."""

    def __init__(self):
        from machine import PWM, Pin

        pins = PINS[BOARD]
        self._led_on = LED_ON[BOARD]
        self._buzzer = PWM(Pin(pins["buzzer"], Pin.OUT), freq=440, duty_u16=0)
        self._motor = Pin(pins["vibration"], Pin.OUT, value=0)
        self._led = Pin(pins["led"], Pin.OUT, value=1 - self._led_on)

    def buzz(self, tone_hz):
        """Sound a tone until the next call; 0 stops it."""
        if tone_hz:
            self._buzzer.freq(tone_hz)
        self._buzzer.duty_u16(32768 if tone_hz else 0)

    def vibrate(self, on):
        """Switch the motor on or off."""
        self._motor.value(1 if on else 0)

    def light(self, on):
        """Switch the LED on or off."""
        self._led.value(self._led_on if on else 1 - self._led_on)


class Inputs:
    """Button and battery."""

    def __init__(self):
        from machine import ADC, Pin

        pins = PINS[BOARD]
        self._button = Pin(pins["button"], Pin.IN, Pin.PULL_UP)
        self._battery = ADC(Pin(pins["battery"]))

    def pressed(self):
        """Whether the button is pressed."""
        return not self._button.value()

    def battery_mv(self):
        """Voltage of the cell in mV; near 0 if no divider is fitted."""
        return self._battery.read_uv() * BATTERY_DIVIDER // 1000


def sleep(until_motion):
    """Deep sleep until the button is pressed or, if until_motion, INT is low; then the board restarts.

    Pins float in deep sleep unless they are held, and breakouts pull PS0 (WAKE) to ground, which would keep the BNO085
    awake with INT low.
    A button that is still pressed would wake the board at once: waits until it is released.
    """
    import esp32
    from machine import Pin, deepsleep

    pins = PINS[BOARD]
    button = Pin(pins["button"], Pin.IN, Pin.PULL_UP)
    while not button.value():
        time.sleep_ms(_RELEASE_MS)
    time.sleep_ms(_RELEASE_MS)  # it bounces
    for name in _HELD[SENSOR] if BUS == "spi" else _HELD[SENSOR][:1]:
        Pin(pins[name], Pin.OUT, value=1, hold=True)
    if hasattr(esp32, "gpio_deep_sleep_hold"):  # for pins without RTC function
        esp32.gpio_deep_sleep_hold(True)
    esp32.wake_on_ext1((button,), esp32.WAKEUP_ALL_LOW)
    if until_motion:
        esp32.wake_on_ext0(Pin(pins["int"], Pin.IN, Pin.PULL_UP), esp32.WAKEUP_ALL_LOW)
    deepsleep()
