# MicroPython's `esp32` for the virtual clip: which pins wake it from deep sleep, for machine.deepsleep.

WAKEUP_ALL_LOW = False
wake_pins = []
deep_hold = False


def wake_on_ext0(pin, level):
    wake_pins.append(pin)


def wake_on_ext1(pins, level):
    wake_pins.extend(pins)


def gpio_deep_sleep_hold(enable):
    global deep_hold
    deep_hold = enable
