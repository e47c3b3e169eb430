"""The boards that the clip's program runs on: chip, official MicroPython build, and how to enter the boot loader."""

from __future__ import annotations

import re
from dataclasses import dataclass

from untuck.errors import FlashError

MIN_MICROPYTHON = (1, 27)
MIN_TEXT = ".".join(map(str, MIN_MICROPYTHON))
BUSES = ("spi", "i2c")
SENSORS = {"bno085": "BNO085", "icm45686": "ICM-45686"}  # of firmware/board.py: as people write them


@dataclass(frozen=True)
class Board:
    """A board.

    name: of firmware/board.py; chip: as esptool names it; chip_id: in an image's header; build: of the official image;
    offset: where in the flash an image begins; flash_mb: the least that it has; boot_loader: how to enter it by hand.
    """

    name: str
    title: str
    chip: str
    chip_id: int
    build: str
    offset: int
    flash_mb: int
    boot_loader: str

    @property
    def page(self) -> str:
        """Where the official images are."""
        return f"https://micropython.org/download/{self.build}/"


BOARDS = {
    board.name: board
    for board in (
        Board(
            name="xiao_esp32s3",
            title="Seeed XIAO ESP32S3",
            chip="ESP32-S3",
            chip_id=9,
            build="ESP32_GENERIC_S3",  # SEEED_XIAO_ESP32S3 uses the PSRAM, where a garbage collection takes 290 ms
            offset=0,
            flash_mb=8,
            boot_loader="unplug it, hold its button B (BOOT) while you plug it in again, then let go",
        ),
        Board(
            name="esp32_devkit",
            title="ESP32 devkit",
            chip="ESP32",
            chip_id=0,
            build="ESP32_GENERIC",
            offset=0x1000,
            flash_mb=4,
            boot_loader="hold its button BOOT, press and release EN (or RST), then let go of BOOT",
        ),
    )
}
ANY_BOOT_LOADER = "; ".join(f"{board.title}: {board.boot_loader}" for board in BOARDS.values())


def board_of_chip(chip: str) -> Board:
    """The board with this chip. Raises FlashError if the clip's program runs on none."""
    for board in BOARDS.values():
        if board.chip.replace("-", "") == chip.upper().replace("-", ""):
            return board
    known = " and ".join(board.chip for board in BOARDS.values())
    raise FlashError(f"the board has the chip {chip}; the clip's program runs on {known}: connect another board.")


def board_of_machine(machine: str) -> Board:
    """The board for MicroPython's own name of it, such as "Generic ESP32S3 module with ESP32S3". Raises FlashError."""
    chip = machine.rpartition(" with ")[2].replace("-", "")
    family = re.match(r"ESP32[SCHP]\d+", chip)  # ESP32-PICO-D4 is an ESP32
    name = family[0] if family else "ESP32" if chip.startswith("ESP32") else chip
    return board_of_chip(name)
