"""Registers that esptool reads and writes in the boot loader: fuses, the flash's controller, the watchdog.

All other registers keep what is written and read as 0. Numbers are those of Espressif's technical reference manuals.
"""

from __future__ import annotations

import struct

_MAGIC_AT = 0x40001000  # holds a number that differs between the older chips
_MAGIC = {"esp32": 0x00F01D83, "esp32s3": 0x00000009}
_FUSES = {"esp32": 0x3FF5A000, "esp32s3": 0x60007000}
_MAC_AT = {"esp32": 0x04, "esp32s3": 0x44}
_SPI = {"esp32": 0x3FF42000, "esp32s3": 0x60002000}
_SPI_USR2 = {"esp32": 0x24, "esp32s3": 0x20}
_SPI_W0 = {"esp32": 0x80, "esp32s3": 0x58}
_SPI_START = 1 << 18
_READ_ID = 0x9F
_MAKER_ID = 0x20  # of the flash chip: XMC
_WATCHDOG = 0x60008098  # of the ESP32-S3
_WATCHDOG_ON = 1 << 31
OPTION = 0x6000812C  # of the ESP32-S3; bit 0 starts the boot loader at the next reset
_CLOCK_DIVIDER = {"esp32": 0x3FF40014, "esp32s3": 0x60000014}
_CRYSTAL_HZ = 40_000_000
_BAUD = 115_200


class Registers:
    """The registers of a chip with this size of flash and MAC address; forced: its boot loader was asked for."""

    def __init__(self, chip: str, flash_bytes: int, mac: bytes, forced: bool) -> None:
        high, low = struct.unpack(">HI", mac)
        fuses = _FUSES[chip] + _MAC_AT[chip]
        self._values = {_MAGIC_AT: _MAGIC[chip], fuses: low, fuses + 4: high}
        self._values[_CLOCK_DIVIDER[chip]] = _CRYSTAL_HZ // _BAUD
        self._values[OPTION] = int(forced)
        self._spi = _SPI[chip]
        self._command = self._spi + _SPI_USR2[chip]
        self._word = self._spi + _SPI_W0[chip]
        self._flash_id = _MAKER_ID | 0x40 << 8 | (flash_bytes.bit_length() - 1) << 16
        self.watchdog_bites = False

    def read(self, address: int) -> int:
        """The value of a register."""
        return self._values.get(address, 0)

    def write(self, address: int, value: int) -> None:
        """Set a register; a started command of the flash is done at once."""
        if address == self._spi and value & _SPI_START:
            self._values[self._word] = self._flash_id if self.read(self._command) & 0xFF == _READ_ID else 0
            return
        if address == _WATCHDOG and value & _WATCHDOG_ON:
            self.watchdog_bites = True
        self._values[address] = value
