# The BNO085 on I2C: moves one SHTP transfer at a time. See shtp.py.

from time import ticks_us

from micropython import const

from shtp import ROOM, Window

_CONTINUATION = const(0x80)


class I2cLink:
    """The header is read for the length, then header and payload together.

    The chip stretches the clock, at times for longer than the ESP32 waits. Such a read fails and is repeated.
    """

    def __init__(self, i2c, address):
        self.window = Window(ROOM)
        self.begun_us = 0
        self.read_payload = self.resumed = False
        self._i2c = i2c
        self._address = address
        self._first_sequence = 0
        self._unread = -1  # the size of a cargo whose header was read, and whose payload was not
        self._unread_channel = 0
        self._unread_mark = 0

    def idle(self):
        """Nothing to do on I2C."""

    def receive(self):
        """Read one cargo, or a fragment of it, into the window; returns payload_size()."""
        window = self.window
        header = window.header
        self.read_payload = False
        self._i2c.readfrom_into(self._address, header)
        size = window.payload_size()
        self._first_sequence = header[3]
        if size <= 0:
            return size
        channel = header[2]
        whole = window.cargo_size()
        # The chip marks what it sends after a lone header as a continuation; the cargo's own mark is in that header.
        self.resumed = whole == self._unread and channel == self._unread_channel and header[1] >= _CONTINUATION
        if not self.resumed:
            self._unread = whole
            self._unread_channel = channel
            self._unread_mark = header[1] & _CONTINUATION
        self.read_payload = True
        self.begun_us = ticks_us()
        self._i2c.readfrom_into(self._address, window.view(size))
        self._unread = -1
        if header[2] != channel or window.cargo_size() != whole:
            return -1
        header[1] = header[1] & ~_CONTINUATION & 0xFF | self._unread_mark
        return size

    def first_sequence(self):
        """The sequence number of the first transfer of the last `receive`: that of the header alone."""
        return self._first_sequence

    def send(self, data):
        """Write a cargo. The chip sends nothing meanwhile: returns 0."""
        header = self.window.header
        header[0] = header[1] = 0
        self._i2c.writeto(self._address, data)
        return 0
