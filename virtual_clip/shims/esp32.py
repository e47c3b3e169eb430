# MicroPython's `esp32` for the virtual clip: wake-up sources are ignored; the test switches the clip on again.

WAKEUP_ALL_LOW = False


def wake_on_ext0(pin, level):
    pass


def wake_on_ext1(pins, level):
    pass
