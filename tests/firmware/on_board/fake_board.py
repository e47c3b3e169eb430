# Fakes of bus, radio and pins in MicroPython, and a generator of invalid bytes; deterministic by seed.
# For the fuzzer and the probes with simulated time, where sockets to other processes would be too slow.

import struct

import wire

import shtp
from spi_link import SpiLink

_SIZES = {opcode: struct.calcsize(layout) for opcode, layout in wire._ARGUMENTS.items()}


class RandomBytes:
    """Pseudo-random numbers (a linear congruential generator with small integers), bytes and commands."""

    def __init__(self, seed):
        self._state = seed & 0x3FFFFFFF

    def below(self, limit):
        self._state = (self._state * 1103 + 12345) & 0x3FFFFFFF
        return (self._state >> 9) % limit

    def fill(self, buffer, start, end):
        for i in range(start, end):
            buffer[i] = self.below(256)

    def command(self):
        """A write: random bytes, or a real command with random values, too short or too long."""
        kind = self.below(4)
        if kind == 0:
            data = bytearray(self.below(40))
            self.fill(data, 0, len(data))
            return bytes(data)
        opcode = self.below(14)
        size = 1 + _SIZES.get(opcode, 3) + (self.below(5) - 2 if kind == 1 else 0)
        data = bytearray(max(size, 0))
        self.fill(data, 0, len(data))
        if data:
            data[0] = opcode
        if kind == 3:  # small numbers are more often valid
            for i in range(2, len(data)):
                data[i] = 0 if i % 2 == 0 else self.below(3)
        return bytes(data)


class FakePin:
    """A pin that is low, so that there is always data to read."""

    def value(self, level=None):
        return 0

    def irq(self, handler, trigger):
        pass


class FakeBus:
    """An SPI bus whose chip sends the random data of prepare()."""

    def __init__(self, random):
        self.silent = False
        self._random = random
        self._said = bytearray(1024)
        self._view = memoryview(self._said)
        self._quiet = memoryview(bytes(512))
        self._at = 0

    def link(self, pin):
        return SpiLink(self, pin, pin, pin)

    def prepare(self):
        random = self._random
        said = self._said
        size = random.below(300) + 4
        random.fill(said, 0, 4 + min(size, 40))
        kind = random.below(8)
        if kind < 6:  # a valid header, and a payload that resembles reports
            said[0] = size & 0xFF
            said[1] = size >> 8 | (0x80 if random.below(5) == 0 else 0)
            said[2] = random.below(6) if kind < 2 else shtp.INPUT
            said[4] = (0xFB, 0xFA, 0x01, 0x02, 0x08, 0xFC, 0xF8, 0xF1)[random.below(8)]
            at = 9
            while at < size and kind > 2:
                said[at] = (0x01, 0x02, 0x08, 0x01, 0x02, 0x08, 0xFA, random.below(256))[random.below(8)]
                said[at + 2] = said[at + 3] = 0
                at += 12 if said[at] == 0x08 else 10
        elif kind == 6:
            said[0] = said[1] = random.below(2) * 0xFF
        self._at = 0

    def readinto(self, buffer, write=0):
        start = min(self._at, 1024 - len(buffer))
        buffer[:] = self._quiet[: len(buffer)] if self.silent else self._view[start : start + len(buffer)]
        self._at += len(buffer)

    def write_readinto(self, data, buffer):
        self.readinto(buffer)


class FakeInputs:
    """A button that is never pressed, and a battery."""

    def pressed(self):
        return False

    def battery_mv(self):
        return 3900


class FakeOutputs:
    """Buzzer, motor and LED that do nothing."""

    def buzz(self, tone_hz):
        pass

    def vibrate(self, on):
        pass

    def light(self, on):
        pass


class FakeRadio:
    """A radio that accepts everything."""

    def __init__(self):
        self.mtu = 247
        self.connections = 1
        self.connected = True
        self.frames = 0
        self.bonds = self
        self.open = False
        self.faulty = False

    def fits(self, samples_per_packet):
        return True

    def notify_stream(self, data):
        self.frames += 1
        return True

    def notify_status(self, status):
        return True

    def off(self):
        self.connected = False
