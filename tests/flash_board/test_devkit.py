"""An ESP32 devkit: another offset in the flash, and a USB chip whose lines DTR and RTS enter the boot loader."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from tests.flash_board.conftest import VERSION, Flash
from virtual_clip.board_image import APP_AT, make_image, starts
from virtual_clip.usb_board import UsbBoard

from untuck.flash import loader
from untuck.flash.ports import Port
from untuck.flash.repl import Repl


@pytest.fixture
def devkit_image(tmp_path: Path) -> Path:
    file = tmp_path / f"ESP32_GENERIC-20260406-{VERSION}.bin"
    file.write_bytes(make_image("esp32", VERSION, size=60_000, board="Generic ESP32 module with ESP32"))
    return file


def test_an_empty_devkit_with_buttons(tmp_path: Path, devkit_image: Path, small_program: Path, flash: Flash) -> None:
    """Without the lines the user presses the buttons: BOOT before, EN afterwards."""
    board = UsbBoard(tmp_path / "board", "esp32", flash_mb=4)
    board.plug(boot_button=True)

    def press_reset() -> None:
        while not starts(board.flash.read(APP_AT, 0x100000)):
            time.sleep(0.05)
        time.sleep(2.0)  # until esptool has verified it
        board.restart()

    presser = threading.Thread(target=press_reset, daemon=True)
    presser.start()
    try:
        done = flash("--image", str(devkit_image), "--yes")
        assert done.exit_code == 0, done.output
        assert "ESP32 devkit on" in done.stdout and board.flash.read(0x1000, 1) == b"\xe9"
        assert board.flash.read(0, 0x1000) == b"\xff" * 0x1000
        with Repl(Port(board.url)) as repl:
            assert repl.enter(3.0)
            assert repl.run("import board_choice\nprint(board_choice.BOARD)").strip() == "esp32_devkit"
    finally:
        board.unplug()


def test_a_board_with_less_flash_is_rejected(tmp_path: Path, devkit_image: Path, flash: Flash) -> None:
    board = UsbBoard(tmp_path / "board", "esp32", flash_mb=2)
    board.plug(boot_button=True)
    done = flash("--image", str(devkit_image), "--yes")
    board.unplug()
    assert done.exit_code == 1 and "2 MB of flash, the clip needs 4 MB" in done.stderr
    assert not starts(board.flash.read(0x1000, 0x7000))


def test_the_lines_enter_the_boot_loader(tmp_path: Path, devkit_image: Path) -> None:
    """Over RFC 2217, which has DTR and RTS: esptool resets a running board into its boot loader."""
    board = UsbBoard(tmp_path / "board", "esp32", flash_mb=4, rfc2217=True)
    board.flash.write(0x1000, devkit_image.read_bytes())
    with board:
        time.sleep(0.5)
        assert board.starts == 1 and not board.boots
        chip = loader.probe(Port(board.url), reset=True)
        assert board.boots and (chip.name, chip.flash_mb) == ("ESP32", 4)
