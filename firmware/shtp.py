# SHTP, the BNO085's transport protocol: a 4 byte header (length, channel, sequence) before each transfer, on SPI or
# I2C. A link (spi_link.py, i2c_link.py) moves one transfer into preallocated memory; Shtp checks the header and tracks
# sequence numbers and fragments. Payloads are not interpreted here. Receiving allocates nothing.

from array import array
from time import sleep_ms

from micropython import const

COMMAND = const(0)
EXECUTABLE = const(1)
CONTROL = const(2)
INPUT = const(3)
WAKE_INPUT = const(4)

RECEIVED = const(1)
NOTHING = const(0)  # the chip had nothing to send, which is no fault
FAULT = const(-1)  # the bus failed, or the header is invalid
DROPPED = const(-2)  # a continuation whose start is missing

ROOM = const(20)  # bytes before the header, for the start of a report that was split between two fragments
_HEADER = const(4)
START = const(24)  # ROOM + _HEADER: where a payload starts
_PAYLOAD_MAX = const(288)  # the longest cargo is the advertisement, 272; longer ones are read in fragments
_GRAIN = const(16)
_CHANNELS = const(6)
_CONTINUATION = const(0x80)
_RESET_MS = const(10)  # as in CEVA's own driver
_UNREAD = const(1)  # a transfer failed before any of its payload was read: the chip will send all of it
_TORN = const(2)  # a transfer failed after a part of its payload was read


class Window:
    """Memory of one transfer. Payloads are read in multiples of 16 bytes (the chip pads), so that few views suffice.

    longest: most payload bytes in a transfer, a multiple of 16. The chip sends the rest of a longer cargo in
    continuations: it splits a cargo only where the host stops reading (its advertisement allows transfers of 32 kB).
    """

    def __init__(self, first):
        self.longest = _PAYLOAD_MAX
        self.buffer = bytearray(START + _PAYLOAD_MAX)
        self._all = memoryview(self.buffer)
        self.header = self._all[ROOM:START]
        self._views = [self._all[first : START + size] for size in range(0, _PAYLOAD_MAX + 1, _GRAIN)]

    def view(self, size):
        """Memory from `first` (start of header or payload) to the end of a payload, rounded up to 16 bytes."""
        return self._views[(size + _GRAIN - 1) // _GRAIN]

    def part(self, start, end):
        """Memory between two offsets counted from the header. Allocates."""
        return self._all[ROOM + start : ROOM + end]

    def cargo_size(self):
        """Payload bytes left of this cargo, from the header: 0 if there is no cargo, -1 if the header is invalid."""
        low = self.header[0]
        high = self.header[1] & 0x7F
        if not low and not high:
            return 0
        size = (low | high << 8) - _HEADER
        if size < 0 or size == 0x7FFF - _HEADER or self.header[2] >= _CHANNELS:
            return -1
        return size

    def payload_size(self):
        """Payload bytes in this transfer: cargo_size(), as far as there is memory."""
        return min(self.cargo_size(), self.longest)


class Shtp:
    """Cargos from and to the chip. After RECEIVED: buffer[start:end] is the payload; see also `channel`, `continued`.

    continued: the payload follows that of the channel's last transfer, without a hole. repeated: the transfer before
    failed, and its interrupt announced this payload. held: a cargo arrived during send() and waits for receive().
    faults: transfers with an invalid header, and bus errors. lost: transfers missing in the sequence numbers, and
    cargos without their start or end.
    """

    def __init__(self, link):
        self.buffer = link.window.buffer
        self.start = START
        self.end = START
        self.channel = 0
        self.continued = False
        self.repeated = False
        self.held = False
        self.faults = 0
        self.lost = 0
        self._link = link
        self._header = link.window.header
        self._failed = 0  # _UNREAD or _TORN: the last transfer failed
        self._expected = bytearray(_CHANNELS)
        self._known = bytearray(_CHANNELS)  # 1: a transfer was received on this channel since the chip's reset
        self._rest = array("H", bytes(2 * _CHANNELS))  # payload bytes expected in the channel's next continuation
        self._sent = bytearray(_CHANNELS)

    def reset(self, rst_pin):
        """Reset the chip; the bus gets its idle state meanwhile."""
        rst_pin.value(0)
        self._link.idle()
        sleep_ms(_RESET_MS)
        rst_pin.value(1)
        self.restart()

    def restart(self):
        """The chip was reset: sequence numbers start from 0."""
        self.held = False
        self._failed = 0
        for channel in range(_CHANNELS):
            self._known[channel] = 0
            self._rest[channel] = 0
            self._sent[channel] = 0

    def begun_us(self):
        """ticks_us at the start of the last transfer; an earlier interrupt does not announce the next one."""
        return self._link.begun_us

    def receive(self):
        """Read one transfer: RECEIVED, NOTHING, FAULT or DROPPED."""
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
        """Check the header of a transfer of which `size` bytes of payload were read."""
        if size < 0:
            self.faults += 1
            self._failed = max(self._failed, _TORN if self._link.read_payload else _UNREAD)
            return FAULT
        header = self._header
        if size == 0 and not header[0]:
            return NOTHING
        channel = header[2]
        nothing_read = self._failed == _UNREAD or (self._failed and self._link.resumed)
        if self._known[channel] and not nothing_read:
            self.lost += (self._link.first_sequence() - self._expected[channel]) & 0xFF
        self._known[channel] = 1
        self._expected[channel] = (header[3] + 1) & 0xFF
        left = (header[0] | (header[1] & 0x7F) << 8) - _HEADER
        follows = header[1] >= _CONTINUATION and left == self._rest[channel]
        starts = header[1] < _CONTINUATION or (nothing_read and not follows)
        self.lost += not follows and (self._rest[channel] > 0 or not starts)
        self._rest[channel] = left - size if follows or starts else 0
        self.repeated = bool(nothing_read)
        self._failed = 0
        self.channel = channel
        self.continued = follows
        self.end = START + size
        return RECEIVED if follows or starts else DROPPED
