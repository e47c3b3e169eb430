# The BNO085 on SPI, mode 3: moves one SHTP transfer at a time. See shtp.py.

from time import sleep_us, ticks_us

from micropython import const

from shtp import START, Window

_HEADER = const(4)
_WAKE_TRIES = const(200)  # of 50 us each: the chip answers WAKE within 10 ms


class SpiLink:
    """Chip select stays low from header to payload: one transfer per cargo, or per as much of it as there is memory."""

    def __init__(self, spi, cs_pin, wake_pin, int_pin):
        self.window = Window(START)
        self.begun_us = 0
        self.read_payload = False  # the last transfer has read payload
        self.resumed = False  # the last transfer is all of one whose payload could not be read before
        self._spi = spi
        self._cs = cs_pin
        self._wake = wake_pin
        self._int = int_pin

    def idle(self):
        """Give SCK its idle level, which it has only after a first transfer: read a byte that is not for the chip."""
        self._spi.readinto(self.window.part(0, 1), 0)

    def receive(self):
        """Read one transfer into the window; returns payload_size()."""
        window = self.window
        self.read_payload = False
        self.begun_us = ticks_us()
        self._cs.value(0)
        try:
            self._spi.readinto(window.header, 0)
            size = window.payload_size()
            if size > 0:
                self.read_payload = True
                self._spi.readinto(window.view(size), 0)
        finally:
            self._cs.value(1)
        return size

    def first_sequence(self):
        """The sequence number of the first transfer of the last `receive`."""
        return self.window.header[3]

    def send(self, data):
        """Write a cargo. Returns the size of the payload that the chip sent meanwhile, None if it did not wake up."""
        if not self._wake_chip():
            return None
        window = self.window
        size = len(data)
        self.read_payload = True
        self.begun_us = ticks_us()
        self._cs.value(0)
        self._wake.value(1)  # if WAKE was still low after the transfer, the chip would request another one
        try:
            self._spi.write_readinto(data, window.part(0, size))
            heard = window.payload_size()
            if heard > size - _HEADER:
                self._spi.readinto(window.part(size, _HEADER + heard), 0)
        finally:
            self._cs.value(1)
        return heard

    def _wake_chip(self):
        self._wake.value(0)
        for _ in range(_WAKE_TRIES):
            if not self._int.value():
                return True
            sleep_us(50)
        self._wake.value(1)
        return False
