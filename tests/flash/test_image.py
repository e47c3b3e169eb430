"""Images of MicroPython: which are accepted, where their file system lies, and what is said of all others."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from virtual_clip.board_image import OFFSETS, PARTITIONS, make_image

from untuck.errors import FlashError
from untuck.flash.boards import BOARDS, board_of_chip, board_of_machine
from untuck.flash.image import check_image, files_at, read_image

XIAO, DEVKIT = BOARDS["xiao_esp32s3"], BOARDS["esp32_devkit"]
GOOD = make_image("esp32s3", "v1.28.0", size=60_000)


@pytest.mark.parametrize(("board", "chip"), [(XIAO, "esp32s3"), (DEVKIT, "esp32")])
def test_version_board_and_file_system_are_read(board: object, chip: str) -> None:
    assert isinstance(board, type(XIAO)) and board.offset == OFFSETS[chip]
    image = check_image(make_image(chip, "v1.28.0", size=60_000, board="Some board with ESP32"), "some.bin", board)
    assert (image.version, image.built, image.machine) == ("v1.28.0", "2026-01-01", "Some board with ESP32")
    assert image.banner == "MicroPython v1.28.0 on 2026-01-01"
    assert files_at(image.table) == 0x200000


def test_a_named_file_system_is_found_where_the_table_says() -> None:
    data = make_image("esp32s3", "v1.28.0", size=60_000, partitions=(*PARTITIONS, ("vfs", 1, 129, 0x310000, 0x4F0000)))
    assert files_at(check_image(data, "some.bin", XIAO).table) == 0x310000
    assert files_at(b"\xff" * 0xC00) is None


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda data: make_image("esp32", "v1.28.0", size=60_000), "is for the chip ESP32, the board has an ESP32-S3"),
        (lambda data: data[:-5000], "damaged or cut off"),
        (lambda data: data[:-1], "damaged or cut off"),
        (lambda data: data[:9000], "no complete image"),
        (lambda data: data[:70_000] + b"\0" + data[70_001:], "damaged or cut off"),
        (lambda data: data[:0x8000] + b"\xff" * 0xC00 + data[0x8C00:], "damaged or cut off"),
        (lambda data: b"<html>" + data, "no complete image"),
        (lambda data: make_image("esp32s3", "v1.22.0", size=60_000), "the clip needs 1.27 or newer"),
        (lambda data: make_image("esp32s3", "none", size=60_000), "it is not MicroPython"),
        (lambda data: b"", "no complete image"),
    ],
)
def test_others_are_rejected(tmp_path: Path, damage: Callable[[bytes], bytes], words: str) -> None:
    file = tmp_path / "some.bin"
    file.write_bytes(damage(GOOD))
    with pytest.raises(FlashError, match=words):
        read_image(file, XIAO)


def test_no_cut_of_an_image_is_accepted() -> None:
    """Wherever a download ends early, and whichever byte is wrong."""
    for end in range(0, len(GOOD), 997):
        with pytest.raises(FlashError):
            check_image(GOOD[:end], "some.bin", XIAO)
    for at in range(0x10000, len(GOOD), 4999):
        wrong = bytearray(GOOD)
        wrong[at] ^= 0x55
        with pytest.raises(FlashError):
            check_image(bytes(wrong), "some.bin", XIAO)


def test_esptool_finds_our_made_images_valid(tmp_path: Path) -> None:
    """The images that the tests write are images to esptool too."""
    bin_image = pytest.importorskip("esptool.bin_image", reason="no esptool: pip install 'untuck[flash]'")
    file = tmp_path / "app.bin"
    file.write_bytes(GOOD[0x10000:])
    app = bin_image.LoadFirmwareImage("esp32s3", str(file))
    assert app.chip_id == 9 and app.checksum == app.calculate_checksum()
    assert app.stored_digest == app.calc_digest == hashlib.sha256(GOOD[0x10000:-32]).digest()


def test_a_file_that_is_absent(tmp_path: Path) -> None:
    with pytest.raises(FlashError, match="there is no such file"):
        read_image(tmp_path / "nothing.bin", XIAO)


@pytest.mark.parametrize(
    ("machine", "name"),
    [
        ("Generic ESP32S3 module with ESP32S3", "xiao_esp32s3"),
        ("Seeed XIAO ESP32S3 with ESP32-S3-FN8", "xiao_esp32s3"),
        ("Generic ESP32 module with ESP32", "esp32_devkit"),
        ("Generic ESP32 module with SPIRAM with ESP32", "esp32_devkit"),
        ("TinyPICO with ESP32-PICO-D4", "esp32_devkit"),
        ("Generic ESP32C3 module with ESP32C3", None),
        ("Generic ESP32S2 module with ESP32S2", None),
        ("ESP32-C6 board with ESP32-C6", None),
    ],
)
def test_the_board_follows_from_the_chip(machine: str, name: str | None) -> None:
    if name is None:
        with pytest.raises(FlashError, match="the clip's program runs on ESP32-S3 and ESP32"):
            board_of_machine(machine)
    else:
        assert board_of_machine(machine).name == name


def test_other_chips_are_named() -> None:
    assert board_of_chip("ESP32-S3") is XIAO and board_of_chip("ESP32") is DEVKIT
    with pytest.raises(FlashError, match="the chip ESP32-C3"):
        board_of_chip("ESP32-C3")
