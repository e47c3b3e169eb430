# The hardware: which pins, which bus, how fast. Pick the board and the bus by the two constants below.
# `machine` is imported where a pin is opened, so that tools without one can read the pin numbers.
# Pin numbers, bus speeds and bus addresses live here and nowhere else.

import time

BOARD = "xiao_esp32s3"  # or "esp32_devkit"
BUS = "spi"  # or "i2c", where pins are short; the BNO085 stretches the clock, which some ESP32 drivers fail on

# GPIO numbers. int and button wake the board from deep sleep, which only RTC pins can. wake is the chip's PS0 pin: on
# SPI it wakes the chip when the clip wants to talk.
PINS = {
    "xiao_esp32s3": {
        "int": 2,  # D1
        "rst": 4,  # D3
        "wake": 3,  # D2
        "cs": 44,  # D7
        "sck": 7,  # D8
        "miso": 8,  # D9
        "mosi": 9,  # D10
        "sda": 8,  # D9: on I2C the chip's SDA is its MISO,
        "scl": 7,  # D8: and SCL its SCK
        "button": 1,  # D0
        "vibration": 5,  # D4
        "battery": 6,  # D5
        "buzzer": 43,  # D6
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
LED_ON = {"xiao_esp32s3": 0, "esp32_devkit": 1}  # the level that lights it
BATTERY_DIVIDER = 2  # two equal resistors from the cell to the pin

SPI_ID = 1
SPI_HZ = 2000000  # the chip takes 3 MHz; wires to a breakout are longer than a board's
I2C_ID = 0
I2C_HZ = 400000
I2C_TIMEOUT_US = 200000  # for the chip's clock stretching
I2C_ADDRESS = 0x4A  # 0x4B where the breakout's address jumper is closed

RUNS_FOLDER = "runs"  # of kept runs, on the board's file system
RUNS_BYTES = {"xiao_esp32s3": 6000000, "esp32_devkit": 1800000}  # 8 and 4 MB of flash, less what MicroPython takes
_EPOCH_S = 946684800  # 2000, where an ESP32's clock begins
_UNIX_2025 = 1735689600  # a clock before it was never set


def unix_s():
    """Seconds since 1970, 0 if the clock was not set since the battery was empty."""
    now_s = int(time.time()) + (_EPOCH_S if time.gmtime(0)[0] == 2000 else 0)
    return now_s if now_s > _UNIX_2025 else 0


def set_unix_s(now_s):
    """Set the clock, which runs on through deep sleep."""
    from machine import RTC

    since_epoch_s = now_s - (_EPOCH_S if time.gmtime(0)[0] == 2000 else 0)
    year, month, day, hour, minute, second, weekday = time.gmtime(since_epoch_s)[:7]
    RTC().datetime((year, month, day, weekday, hour, minute, second, 0))


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
        """A tone until the next call; 0: silence."""
        if tone_hz:
            self._buzzer.freq(tone_hz)
        self._buzzer.duty_u16(32768 if tone_hz else 0)

    def vibrate(self, on):
        """The motor runs or stands."""
        self._motor.value(1 if on else 0)

    def light(self, on):
        """The LED is lit or dark."""
        self._led.value(self._led_on if on else 1 - self._led_on)


class Inputs:
    """Button and battery."""

    def __init__(self):
        from machine import ADC, Pin

        pins = PINS[BOARD]
        self._button = Pin(pins["button"], Pin.IN, Pin.PULL_UP)
        self._battery = ADC(Pin(pins["battery"]))

    def pressed(self):
        """Whether the button is held."""
        return not self._button.value()

    def battery_mv(self):
        """Voltage of the cell; near 0 where no divider is fitted."""
        return self._battery.read_uv() * BATTERY_DIVIDER // 1000


def sleep(forever):
    """Deep sleep until the button is pressed or, unless forever, the sensor reports motion; the board starts anew."""
    import esp32
    from machine import Pin, deepsleep

    pins = PINS[BOARD]
    esp32.wake_on_ext1((Pin(pins["button"], Pin.IN, Pin.PULL_UP),), esp32.WAKEUP_ALL_LOW)
    if not forever:
        esp32.wake_on_ext0(Pin(pins["int"], Pin.IN, Pin.PULL_UP), esp32.WAKEUP_ALL_LOW)
    deepsleep()
