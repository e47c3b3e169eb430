# A chip with registers, on SPI (mode 3) or I2C: reads and writes bytes from a register on. Allocates nothing.

from micropython import const

_READ = const(0x80)  # SPI: the first bit of the first byte
_LONGEST_WRITE = const(4)


class SpiRegisters:
    """Raises nothing: without a chip everything reads 0x00 or 0xFF."""

    def __init__(self, spi, cs_pin):
        self._spi = spi
        self._cs = cs_pin
        self._head = bytearray(1)
        self._heard = bytearray(1)
        scratch = memoryview(bytearray(_LONGEST_WRITE))
        self._scratch = [scratch[:size] for size in range(_LONGEST_WRITE + 1)]

    def read(self, register, buffer):
        """Fill `buffer` from `register` on."""
        self._head[0] = register | _READ
        self._cs.value(0)
        try:
            self._spi.write_readinto(self._head, self._heard)
            self._spi.readinto(buffer, 0)
        finally:
            self._cs.value(1)

    def write(self, data):
        """Write data[1:] from the register data[0] on, in one transfer."""
        self._cs.value(0)
        try:
            self._spi.write_readinto(data, self._scratch[len(data)])
        finally:
            self._cs.value(1)


class I2cRegisters:
    """Raises OSError where the bus fails, or no chip answers."""

    def __init__(self, i2c, address):
        self._i2c = i2c
        self._address = address
        self._head = bytearray(1)

    def read(self, register, buffer):
        """Fill `buffer` from `register` on."""
        self._head[0] = register
        self._i2c.writeto(self._address, self._head, False)
        self._i2c.readfrom_into(self._address, buffer)

    def write(self, data):
        """Write data[1:] from the register data[0] on, in one transfer."""
        self._i2c.writeto(self._address, data)
