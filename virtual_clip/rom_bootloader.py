"""The boot loader in an ESP32's ROM, and esptool's stub once it is uploaded: esptool's serial protocol, bytes to bytes.

Frames are SLIP; a request is direction 0, command, u16 size, u32 checksum, data; an answer is direction 1, command,
u16 size, u32 value, data and the status (four bytes from the ROM, two from the stub). The protocol is documented by
Espressif in "Serial Protocol". Only what esptool sends to read the chip's kind and to write its flash.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

from virtual_clip.rom_registers import OPTION, Registers

FLASH_BEGIN, FLASH_DATA, FLASH_END = 0x02, 0x03, 0x04
MEM_BEGIN, MEM_END, MEM_DATA = 0x05, 0x06, 0x07
SYNC, WRITE_REG, READ_REG = 0x08, 0x09, 0x0A
SPI_SET_PARAMS, SPI_ATTACH, CHANGE_BAUDRATE = 0x0B, 0x0D, 0x0F
DEFL_BEGIN, DEFL_DATA, DEFL_END = 0x10, 0x11, 0x12
FLASH_MD5, SECURITY_INFO = 0x13, 0x14
ERASE_FLASH, ERASE_REGION, READ_FLASH, RUN_USER_CODE = 0xD0, 0xD1, 0xD2, 0xD3

SECTOR = 0x1000
_CHECKSUM = 0xEF
_INVALID, _FAILED, _BAD_SUM, _DEFLATE = 0x05, 0x06, 0x07, 0x0B
_END, _ESCAPE = b"\xc0", b"\xdb"


class Flash(Protocol):
    """A NOR flash: erased bytes are 0xFF."""

    size: int

    def read(self, at: int, count: int) -> bytes:
        """`count` bytes."""

    def write(self, at: int, data: bytes) -> None:
        """Program these bytes."""

    def erase(self, at: int, count: int) -> None:
        """Erase whole sectors."""


class CommandError(Exception):
    """A request that the loader answers with an error; the argument is its reason."""


def to_slip(frame: bytes) -> bytes:
    """A frame between two ends."""
    return _END + frame.replace(_ESCAPE, b"\xdb\xdd").replace(_END, b"\xdb\xdc") + _END


class Slip:
    """Frames from a stream of bytes that comes in pieces."""

    def __init__(self) -> None:
        self._pending = b""

    def frames(self, data: bytes) -> Iterator[bytes]:
        """The frames completed by these bytes."""
        *done, self._pending = (self._pending + data).split(_END)
        for frame in done:
            if frame:
                yield frame.replace(b"\xdb\xdc", _END).replace(b"\xdb\xdd", _ESCAPE)


class RomBootloader:
    """The loader of one chip, from its start until it restarts the chip.

    chip: "esp32" or "esp32s3". restart: called when esptool has the chip restart, with whether the boot loader comes
    again. forced: the program asked for the loader. data_blocks: blocks of the image that came so far, for tests that
    unplug the cable.
    """

    def __init__(
        self, chip: str, flash: Flash, mac: bytes, restart: Callable[[bool], None], forced: bool = False
    ) -> None:
        self.registers = Registers(chip, flash.size, mac, forced)
        self.data_blocks = 0
        self._chip = chip
        self._flash = flash
        self._restart = restart
        self._slip = Slip()
        self._stub = False
        self._at = 0
        self._inflate = zlib.decompressobj()
        self._reading: tuple[int, int, int] | None = None  # address, size and acknowledged bytes of a read

    def take(self, data: bytes) -> bytes:
        """What the loader answers to these bytes."""
        return b"".join(self._answers(frame) for frame in self._slip.frames(data))

    def _answers(self, frame: bytes) -> bytes:
        if self._reading is not None and len(frame) == 4:
            return self._continue_read(frame)
        if len(frame) < 8 or frame[0] != 0:
            return b""
        _, command, size, checksum = struct.unpack_from("<BBHI", frame)
        data = frame[8:]
        try:
            if len(data) != size:
                raise CommandError(_INVALID)
            return self._run(command, data, checksum)
        except CommandError as error:
            return self._answer(command, status=bytes((1, error.args[0])))

    def _answer(self, command: int, value: int = 0, data: bytes = b"", status: bytes = b"\0\0") -> bytes:
        tail = data + (status if self._stub else status + b"\0\0")
        return to_slip(struct.pack("<BBHI", 1, command, len(tail), value) + tail)

    def _run(self, command: int, data: bytes, checksum: int) -> bytes:
        if command == SYNC:
            return self._answer(command, 0 if self._stub else 0x20120707) * 8
        if command == READ_REG:
            return self._answer(command, self.registers.read(struct.unpack("<I", data)[0]))
        if command == WRITE_REG:
            for at in range(0, len(data), 16):
                self.registers.write(*struct.unpack_from("<II", data, at))
            if self.registers.watchdog_bites:
                self.registers.watchdog_bites = False
                self._restart(bool(self.registers.read(OPTION) & 1))
            return self._answer(command)
        if command == SECURITY_INFO:
            if self._chip == "esp32":  # it has no such command
                raise CommandError(_INVALID)
            return self._answer(command, 0, struct.pack("<IB7BII", 0, 0, *bytes(7), 9, 0))
        if command in (MEM_BEGIN, MEM_DATA, MEM_END):
            return self._load(command, data, checksum)
        if command in (SPI_ATTACH, SPI_SET_PARAMS, CHANGE_BAUDRATE):
            return self._answer(command)
        return self._use_flash(command, data, checksum)

    def _load(self, command: int, data: bytes, checksum: int) -> bytes:
        """Take a program into memory. The only one esptool uploads is its stub, whose greeting follows its start."""
        if command == MEM_DATA:
            self._check(data[16:], checksum)
        answer = self._answer(command)
        if command == MEM_END and struct.unpack("<II", data)[1]:
            self._stub = True
            answer += to_slip(b"OHAI")
        return answer

    def _use_flash(self, command: int, data: bytes, checksum: int) -> bytes:
        if command in (FLASH_BEGIN, DEFL_BEGIN):
            size, _, _, self._at = struct.unpack_from("<IIII", data)
            self._inflate = zlib.decompressobj()
            if self._at + size > self._flash.size:
                raise CommandError(_FAILED)
            self._flash.erase(self._at, -(-size // SECTOR) * SECTOR)
        elif command in (FLASH_DATA, DEFL_DATA):
            self._check(data[16:], checksum)
            self._write(data[16:], command == DEFL_DATA)
        elif command in (FLASH_END, DEFL_END):
            if data == bytes(4):
                return self._leave(command)
        elif command == FLASH_MD5:
            digest = hashlib.md5(self._flash.read(*struct.unpack_from("<II", data)))
            return self._answer(command, 0, digest.digest() if self._stub else digest.hexdigest().encode())
        elif command == ERASE_FLASH and self._stub:
            self._flash.erase(0, self._flash.size)
        elif command == ERASE_REGION and self._stub:
            self._flash.erase(*struct.unpack("<II", data))
        elif command == READ_FLASH and self._stub:
            at, size, _, _ = struct.unpack("<IIII", data)
            self._reading = at, size, 0
            return self._answer(command) + to_slip(self._flash.read(at, min(SECTOR, size)))
        elif command == RUN_USER_CODE:
            self._restart(bool(self.registers.read(OPTION) & 1))
        else:
            raise CommandError(_INVALID)
        return self._answer(command)

    def _leave(self, command: int) -> bytes:
        """The stub returns to the ROM's loader; the ROM starts the program."""
        answer = self._answer(command)
        if self._stub:
            self._stub = False
        else:
            self._restart(bool(self.registers.read(OPTION) & 1))
        return answer

    def _continue_read(self, acknowledged: bytes) -> bytes:
        assert self._reading is not None
        at, size, _ = self._reading
        (done,) = struct.unpack("<I", acknowledged)
        if done < size:
            self._reading = at, size, done
            return to_slip(self._flash.read(at + done, min(SECTOR, size - done)))
        self._reading = None
        return to_slip(hashlib.md5(self._flash.read(at, size)).digest())

    def _write(self, data: bytes, compressed: bool) -> None:
        if compressed:
            try:
                data = self._inflate.decompress(data)
            except zlib.error as error:
                raise CommandError(_DEFLATE) from error
        self.data_blocks += 1
        data = data[: max(self._flash.size - self._at, 0)]
        self._flash.write(self._at, data)
        self._at += len(data)

    @staticmethod
    def _check(data: bytes, checksum: int) -> None:
        found = _CHECKSUM
        for byte in data:
            found ^= byte
        if found != checksum & 0xFF:
            raise CommandError(_BAD_SUM)
