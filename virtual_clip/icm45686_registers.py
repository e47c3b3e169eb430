"""The registers of a simulated ICM-45686: values after a reset, indirect access, and what a write may not do.

From the data sheet DS-000489 1.1: chapter 13 (indirect access), chapter 16 (registers). Owns addresses.
"""

from __future__ import annotations

PWR_MGMT0 = 0x10
FIFO_COUNT, FIFO_DATA = 0x12, 0x14
INT1_CONFIG0, INT1_CONFIG1, INT1_CONFIG2 = 0x16, 0x17, 0x18
INT1_STATUS0, INT1_STATUS1 = 0x19, 0x1A
ACCEL_CONFIG0, GYRO_CONFIG0 = 0x1B, 0x1C
FIFO_CONFIG0, FIFO_CONFIG1, FIFO_CONFIG2, FIFO_CONFIG3, FIFO_CONFIG4 = 0x1D, 0x1E, 0x20, 0x21, 0x22
TMST_WOM_CONFIG = 0x23
WHO_AM_I = 0x72
IREG_HIGH, IREG_LOW, IREG_DATA = 0x7C, 0x7D, 0x7E
MISC2 = 0x7F
SMC_CONTROL_0, SREG_CTRL = 0xA258, 0xA267
WOM_THRESHOLDS = range(0xA27E, 0xA281)
GYRO_SRC, ACCEL_SRC = 0xA4A6, 0xA57B

AFTER_RESET = {
    INT1_CONFIG0: 0x80,
    INT1_CONFIG2: 0x04,
    ACCEL_CONFIG0: 0x06,
    GYRO_CONFIG0: 0x06,
    FIFO_CONFIG2: 0x20,
    WHO_AM_I: 0xE9,
    MISC2: 0x01,
}
FAR_AFTER_RESET = {SMC_CONTROL_0: 0x60, SREG_CTRL: 0x00, GYRO_SRC: 0x1B, ACCEL_SRC: 0x14}
_READ_ONLY = {FIFO_COUNT, FIFO_COUNT + 1, FIFO_DATA, INT1_STATUS0, INT1_STATUS1, WHO_AM_I}
_BANNED = ((0x2400, 0x3FFF), (0x8400, 0x9FFF), (0xB000, 0xFFFF))  # access stalls the chip until a reset (AN-000364)


class Registers:
    """near: of one byte's address; far: of two bytes'. stalled: a banned address was used."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """The values after a reset."""
        self.near = bytearray(128)
        for register, value in AFTER_RESET.items():
            self.near[register] = value
        self.far = dict(FAR_AFTER_RESET)
        self.watermark = 0
        self.stalled = False
        self._address = 0

    def store(self, register: int, value: int) -> None:
        """Write a register, with the chip's rules."""
        if register in _READ_ONLY:
            return
        if register == INT1_CONFIG2 and (self.near[INT1_CONFIG0] or self.near[INT1_CONFIG1]):
            return  # polarity and mode: only while all interrupts are disabled
        if register == FIFO_CONFIG0 and self.near[FIFO_CONFIG0] & 0xC0 and value & 0xC0:
            value = self.near[FIFO_CONFIG0] & 0x3F | value & 0xC0  # depth: only while the FIFO is disabled
        if register == IREG_DATA:
            self._store_far(value)
        self.near[register] = value
        if register == FIFO_CONFIG1 + 1:  # the high byte makes both valid
            self.watermark = self.near[FIFO_CONFIG1] | value << 8

    def fetch(self) -> None:
        """The address was written without data: fetch what is there, to be read from IREG_DATA."""
        self._address = self._aim()
        self.near[IREG_DATA] = 0 if self.stalled else self.far.get(self._address, 0)

    def next_far(self) -> None:
        """IREG_DATA was read: the address advances."""
        self._address = self._address + 1 & 0xFFFF
        self.near[IREG_DATA] = self.far.get(self._address, 0)

    def _store_far(self, value: int) -> None:
        address = self._aim()
        if not self.stalled:
            self.far[address] = value
        address = address + 1 & 0xFFFF
        self.near[IREG_HIGH], self.near[IREG_LOW] = address >> 8, address & 0xFF

    def _aim(self) -> int:
        address = self.near[IREG_HIGH] << 8 | self.near[IREG_LOW]
        if any(first <= address <= last for first, last in _BANNED):
            self.stalled = True
        return address
