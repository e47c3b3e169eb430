"""The boot loader in the chip's ROM, through esptool: which chip, how much flash, write an image, read the partitions.

esptool runs as a program of its own: its messages are for developers, and are replaced by what to do.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from untuck.errors import FlashError, MissingExtraError
from untuck.flash.boards import ANY_BOOT_LOADER, Board
from untuck.flash.image import TABLE_AT, TABLE_BYTES, Image
from untuck.flash.ports import Port, port_problem
from untuck.flash.repl import UNPLUGGED

_TIMEOUT_S = 300
_CHIP = re.compile(r"^Chip type:\s+(ESP32(?:-[SCHP]\d+)?)", re.MULTILINE)
_FLASH = re.compile(r"^Detected flash size:\s+(\d+)MB", re.MULTILINE)
_MAC = re.compile(r"^MAC:\s+([0-9a-f:]{17})", re.MULTILINE)
_LOST = ("SerialException", "Input/output error", "Lost connection", "No more data to read", "readiness to read")
_LOST_TOO = ("device disconnected", "write timeout", "Write timeout", "Errno 5", "Errno 19", "ClearCommError")


@dataclass(frozen=True)
class Chip:
    """What the boot loader says. name: such as "ESP32-S3"; flash_mb: 0 if it cannot be read."""

    name: str
    flash_mb: int
    mac: str


def probe(port: Port, reset: bool) -> Chip:
    """Ask the boot loader which chip this is; the board stays in it. reset: enter it by the port's lines first.

    Raises FlashError with how to enter the boot loader by hand if none answers.
    """
    text = _esptool(port, "flash-id", reset=reset, after="no-reset")
    chip, flash, mac = _CHIP.search(text), _FLASH.search(text), _MAC.search(text)
    if chip is None:
        raise FlashError(f"the boot loader does not report its chip: {ANY_BOOT_LOADER}; then run the command again.")
    return Chip(chip[1], int(flash[1]) if flash else 0, mac[1] if mac else "")


def read_table(port: Port) -> bytes:
    """The partition table in the board's flash, while it is in its boot loader."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "table")
        _esptool(port, "read-flash", hex(TABLE_AT), hex(TABLE_BYTES), str(file), after="no-reset")
        return file.read_bytes()


def write_image(port: Port, image: Image, board: Board, erase: bool = False) -> None:
    """Write an image and verify it, while the board is in its boot loader; then restart the board.

    erase: the whole flash first. esptool compares flash and image before it reports success. Raises FlashError.
    """
    chip = board.chip.lower().replace("-", "")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "image.bin")
        file.write_bytes(image.data)
        command = ["write-flash", *(["--erase-all"] if erase else []), hex(board.offset), str(file)]
        text = _esptool(port, *command, chip=chip, after="no-reset" if chip == "esp32s3" else "hard-reset")
    if "Hash of data verified" not in text:
        raise FlashError(f"the image was written but not verified: run the same command again. {_HARMLESS}")
    if chip == "esp32s3":
        # machine.bootloader() leaves a bit set that would start the boot loader again; and after the button BOOT was
        # used, only a reset by the watchdog reads the button again
        _esptool(port, "write-mem", hex(_OPTION), "0", hex(_FORCE_LOADER), chip=chip, after="watchdog-reset")


_OPTION, _FORCE_LOADER = 0x6000812C, 1  # RTC_CNTL_OPTION1 of the ESP32-S3
_HARMLESS = "The boot loader is in the chip's ROM and cannot be overwritten."


def _esptool(port: Port, *command: str, chip: str = "auto", reset: bool = False, after: str) -> str:
    """Run esptool; returns what it prints. Raises FlashError in words for people."""
    if find_spec("esptool") is None:
        raise MissingExtraError("`untuck flash` needs the 'flash' extra: pip install 'untuck[flash]'", name="esptool")
    before = "default-reset" if reset else "no-reset"
    line = [sys.executable, "-m", "esptool", "--chip", chip, "--port", port.name, "--before", before, "--after", after]
    line += ["--connect-attempts", "3", *command]
    try:
        done = subprocess.run(line, capture_output=True, text=True, errors="replace", timeout=_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise FlashError(
            f"the board stopped answering: unplug it and run the same command again. {_HARMLESS}"
        ) from error
    text = f"{done.stdout}\n{done.stderr}"
    if done.returncode:
        raise FlashError(_in_words(text, port.name))
    return text


def _in_words(text: str, port: str) -> str:
    """What esptool's message means, and what to do."""
    if "Could not open" in text:
        return port_problem(port, text)
    if any(word in text for word in (*_LOST, *_LOST_TOO)) and "Connected to" in text:
        return f"{UNPLUGGED} {_HARMLESS}"
    if wrong := re.search(r"This chip is (ESP32[-\w]*), not (ESP32[-\w]*)", text):
        return f"the board has the chip {wrong[1]}, not {wrong[2]}: name the board with --board, or use another image."
    if "MD5 of file does not match" in text or "Write failed" in text:
        return f"the flash does not hold what was written: run the same command again. {_HARMLESS}"
    if "will not fit" in text:
        return "the image is larger than the board's flash: the board has less flash than the clip needs."
    if "Failed to connect" in text or "No serial data" in text or "Wrong boot mode" in text:
        return (
            f"no boot loader answers on {port}. Enter it by hand, then run the same command again. {ANY_BOOT_LOADER}."
        )
    last = [line for line in text.splitlines() if line.strip()][-1:]
    return f"the board could not be written ({' '.join(last).strip()}): run the same command again. {_HARMLESS}"
