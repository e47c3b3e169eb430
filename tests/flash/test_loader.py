"""esptool itself writes to the simulated boot loader of both chips, and finds there what it wrote."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from virtual_clip.board_image import PARTITIONS, make_image, partition_table
from virtual_clip.rom_bootloader import RomBootloader

from untuck.errors import FlashError
from untuck.flash import loader
from untuck.flash.boards import BOARDS, Board
from untuck.flash.image import check_image
from untuck.flash.ports import Port

pytest.importorskip("esptool", reason="no esptool: pip install 'untuck[flash]'")
serial_lines = pytest.importorskip("virtual_clip.serial_lines", reason="no pseudo-terminals on this system")

CHIPS = {"xiao_esp32s3": "esp32s3", "esp32_devkit": "esp32"}
MAC = bytes.fromhex("f412fa112233")


class Memory:
    """A flash that forgets; `worn`: an address whose byte cannot be written."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.worn: int | None = None
        self.data = bytearray(b"\xff" * size)

    def read(self, at: int, count: int) -> bytes:
        return bytes(self.data[at : at + count])

    def write(self, at: int, data: bytes) -> None:
        self.data[at : at + len(data)] = data
        if self.worn is not None:
            self.data[self.worn] = 0

    def erase(self, at: int, count: int) -> None:
        self.data[at : at + count] = b"\xff" * count


class Chip:
    """A boot loader on a pseudo-terminal; restarts: whether each restart would have started it again."""

    def __init__(self, folder: Path, board: Board) -> None:
        self.restarts: list[bool] = []
        self.flash = Memory(board.flash_mb << 20)
        rom = RomBootloader(CHIPS[board.name], self.flash, MAC, self.restarts.append, forced=True)
        self.line = serial_lines.PtyLine(str(folder / "tty"), lambda data: self.line.send(rom.take(data)))
        self.port = Port(self.line.url)


@pytest.fixture(params=BOARDS.values(), ids=lambda board: board.name)
def board(request: pytest.FixtureRequest) -> Board:
    found: Board = request.param
    return found


@pytest.fixture
def chip(tmp_path: Path, board: Board) -> Iterator[Chip]:
    made = Chip(tmp_path, board)
    yield made
    made.line.close()


def test_an_image_is_written_and_verified(chip: Chip, board: Board) -> None:
    found = loader.probe(chip.port, reset=False)
    assert found == loader.Chip(board.chip, board.flash_mb, "f4:12:fa:11:22:33")
    data = make_image(CHIPS[board.name], "v1.28.0", size=60_000)
    loader.write_image(chip.port, check_image(data, "some.bin", board), board)
    assert chip.flash.read(board.offset, len(data)) == data
    assert loader.read_table(chip.port) == partition_table(PARTITIONS)
    if board.chip == "ESP32-S3":
        assert chip.restarts == [False]  # the bit that asks for the boot loader was cleared before


def test_a_worn_flash_is_noticed(tmp_path: Path) -> None:
    board = BOARDS["xiao_esp32s3"]
    chip = Chip(tmp_path, board)
    chip.flash.worn = 0x11000
    data = make_image("esp32s3", "v1.28.0", size=60_000)
    with pytest.raises(FlashError, match="does not hold what was written"):
        loader.write_image(chip.port, check_image(data, "some.bin", board), board)
    chip.line.close()


def test_another_chip_than_the_images(tmp_path: Path) -> None:
    """The last guard, behind those of the image and the chip."""
    made = Chip(tmp_path, BOARDS["esp32_devkit"])
    board = BOARDS["xiao_esp32s3"]
    image = check_image(make_image("esp32s3", "v1.28.0", size=60_000), "some.bin", board)
    with pytest.raises(FlashError, match="the board has the chip ESP32, not ESP32-S3"):
        loader.write_image(made.port, image, board)
    made.line.close()
    assert made.flash.data == b"\xff" * made.flash.size
