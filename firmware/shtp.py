# SHTP, the BNO085's transport protocol: a 4 byte header (length, channel, sequence) before each transfer, on SPI or
# I2C. A link moves one transfer into preallocated memory; Shtp checks the header and tracks sequence numbers. Payloads
# are not interpreted here. Receiving allocates nothing.

from time import sleep_us, ticks_us

from micropython import const

COMMAND = const(0)
EXECUTABLE = const(1)
CONTROL = const(2)
INPUT = const(3)

RECEIVED = const(1)
NOTHING = const(0)
FAULT = const(-1)

ROOM = const(20)  # bytes before the header, for the start of a report that was split between two fragments
_HEADER = const(4)
_START = const(24)  # ROOM + _HEADER: where a payload starts
_PAYLOAD_MAX = const(288)  # the longest cargo is the advertisement, 272; longer ones are read in fragments
_GRAIN = const(16)
_CHANNELS = const(6)
_CONTINUATION = const(0x80)
_WAKE_TRIES = const(200)  # of 50 us each: the chip answers WAKE within 10 ms


class Window:
    """Memory of one transfer. Payloads are read in multiples of 16 bytes (the chip pads), so that few views suffice."""

    def __init__(self, first):
        self.buffer = bytearray(_START + _PAYLOAD_MAX)
        self._all = memoryview(self.buffer)
        self.header = self._all[ROOM:_START]
        self._views = [self._all[first : _START + size] for size in range(0, _PAYLOAD_MAX + 1, _GRAIN)]

    def view(self, size):
        """Memory from `first` (start of header or payload) to the end of a payload, rounded up to 16 bytes."""
        return self._views[(size + _GRAIN - 1) // _GRAIN]

    def part(self, start, end):
        """Memory between two offsets counted from the header. Allocates."""
        return self._all[ROOM + start : ROOM + end]

    def payload_size(self):
        """Payload bytes in this transfer, from the header: 0 if there is no cargo, -1 if the header is invalid."""
        low = self.header[0]
        high = self.header[1] & 0x7F
        if not low and not high:
            return 0
        size = (low | high << 8) - _HEADER
        if size < 0 or size == 0x7FFF - _HEADER or self.header[2] >= _CHANNELS:
            return -1
        return min(size, _PAYLOAD_MAX)


class SpiLink:
    """The chip on SPI, mode 3. Chip select stays low from header to payload: one transfer per cargo."""

    def __init__(self, spi, cs_pin, wake_pin, int_pin):
        self.window = Window(_START)
        self.begun_us = 0
        self._spi = spi
        self._cs = cs_pin
        self._wake = wake_pin
        self._int = int_pin

    def receive(self):
        """Read one transfer into the window; returns payload_size()."""
        window = self.window
        self.begun_us = ticks_us()
        self._cs.value(0)
        try:
            self._spi.readinto(window.header, 0)
            size = window.payload_size()
            if size > 0:
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
        self.begun_us = ticks_us()
        self._cs.value(0)
        try:
            self._spi.write_readinto(data, window.part(0, size))
            heard = window.payload_size()
            if heard > size - _HEADER:
                self._spi.readinto(window.part(size, _HEADER + heard), 0)
        finally:
            self._cs.value(1)
            self._wake.value(1)
        return heard

    def _wake_chip(self):
        self._wake.value(0)
        for _ in range(_WAKE_TRIES):
            if not self._int.value():
                return True
            sleep_us(50)
        self._wake.value(1)
        return False


class I2cLink:
    """The chip on I2C: the header is read for the length, then header and payload together."""

    def __init__(self, i2c, address):
        self.window = Window(ROOM)
        self.begun_us = 0
        self._i2c = i2c
        self._address = address
        self._first_sequence = 0

    def receive(self):
        """Read one cargo, or a fragment of it, into the window; returns payload_size()."""
        window = self.window
        self._i2c.readfrom_into(self._address, window.header)
        size = window.payload_size()
        self._first_sequence = window.header[3]
        if size <= 0:
            return size
        continued = window.header[1] & _CONTINUATION
        channel = window.header[2]
        self.begun_us = ticks_us()
        self._i2c.readfrom_into(self._address, window.view(size))
        if window.header[2] != channel or window.payload_size() != size:
            return -1
        if not continued:  # the second read is marked as a continuation, because the header was read before
            window.header[1] &= ~_CONTINUATION & 0xFF
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


class Shtp:
    """Cargos from and to the chip. After RECEIVED: buffer[start:end] is the payload; see also `channel`, `continued`.

    faults: transfers with an invalid header, and bus errors. lost: transfers missing in the sequence numbers. held: a
    cargo arrived during send() and waits for receive().
    """

    def __init__(self, link):
        self.buffer = link.window.buffer
        self.start = _START
        self.end = _START
        self.channel = 0
        self.continued = False
        self.held = False
        self.faults = 0
        self.lost = 0
        self._link = link
        self._header = link.window.header
        self._expected = bytearray(_CHANNELS)
        self._known = bytearray(_CHANNELS)  # 1: a transfer was received on this channel since the chip's reset
        self._sent = bytearray(_CHANNELS)

    def restart(self):
        """The chip was reset: sequence numbers start from 0."""
        self.held = False
        for channel in range(_CHANNELS):
            self._known[channel] = 0
            self._sent[channel] = 0

    def begun_us(self):
        """ticks_us at the start of the last transfer; an earlier interrupt does not announce the next one."""
        return self._link.begun_us

    def receive(self):
        """Read one transfer: RECEIVED, NOTHING or FAULT."""
        if self.held:
            self.held = False
            return RECEIVED
        try:
            size = self._link.receive()
        except OSError:
            size = -1
        return self._accept(size)

    def send(self, channel, payload):
        """Send a payload as one cargo; False if the bus failed or the chip did not wake up. Allocates."""
        size = _HEADER + len(payload)
        data = bytearray(size)
        data[0] = size
        data[2] = channel
        data[3] = self._sent[channel]
        data[_HEADER:] = payload
        try:
            heard = self._link.send(data)
        except OSError:
            heard = None
            self.faults += 1
        if heard is None:
            return False
        self._sent[channel] = (self._sent[channel] + 1) & 0xFF
        self.held = self._accept(heard) == RECEIVED
        return True

    def _accept(self, size):
        if size < 0:
            self.faults += 1
            return FAULT
        header = self._header
        if size == 0 and not header[0]:
            return NOTHING
        channel = header[2]
        if self._known[channel]:
            self.lost += (self._link.first_sequence() - self._expected[channel]) & 0xFF
        self._known[channel] = 1
        self._expected[channel] = (header[3] + 1) & 0xFF
        self.channel = channel
        self.continued = header[1] >= _CONTINUATION
        self.end = _START + size
        return RECEIVED
