# MicroPython's `esp32` for the virtual clip: what would wake the board is accepted; the test switches it on again.

WAKEUP_ALL_LOW = False


def wake_on_ext0(pin, level):
    pass


def wake_on_ext1(pins, level):
    pass
