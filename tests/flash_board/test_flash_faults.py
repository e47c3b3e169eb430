"""What goes wrong while a board is flashed: each has a message with what to do, and a second call ends well."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
import serial
from tests.flash_board.conftest import PROGRAM, VERSION, Flash, assert_ok, files_of
from virtual_clip.board_image import PARTITIONS, make_image
from virtual_clip.usb_board import UsbBoard

from untuck.flash.ports import Port
from untuck.flash.repl import Repl

CHECKOUT = Path(__file__).resolve().parents[2]


def when(condition: Any, act: Any) -> threading.Thread:
    """Act in a thread as soon as the condition holds."""

    def watch() -> None:
        end_s = time.monotonic() + 60
        while not condition():
            if time.monotonic() > end_s:
                return
            time.sleep(0.002)
        act()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread


def test_unplugged_while_the_image_is_written(
    empty_board: UsbBoard, tmp_path: Path, small_program: Path, flash: Flash
) -> None:
    big = tmp_path / f"ESP32_GENERIC_S3-20260406-{VERSION}.bin"
    big.write_bytes(make_image("esp32s3", VERSION, size=1_500_000))
    pulled = when(lambda: empty_board.data_blocks > 20, empty_board.unplug)
    done = flash("--image", str(big), "--yes")
    pulled.join()
    assert done.exit_code == 1 and "plug it in again and run the same command" in done.stderr
    empty_board.plug()
    time.sleep(0.3)
    assert not empty_board.boots and empty_board.starts == 0  # half an image does not start
    empty_board.unplug()
    empty_board.plug(boot_button=True)
    done = flash("--image", str(big), "--yes")
    assert done.exit_code == 0, done.output


def test_unplugged_while_files_are_copied(board: UsbBoard, small_program: Path, flash: Flash) -> None:
    """Without main.py, and the rest is copied the next time."""
    assert_ok(flash("--yes"))
    for name in ("one.py", "two.py", "services.py"):
        (small_program / name).write_text((small_program / name).read_text() + "\nCHANGED = 1\n")
    writes = 0
    original = Repl.write

    def write(self: Repl, name: str, data: bytes) -> None:
        nonlocal writes
        writes += 1
        if writes == 3:
            board.unplug()
        original(self, name, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Repl, "write", write)
        done = flash("--yes")
    assert done.exit_code == 1 and "continues where it stopped" in done.stderr
    board.plug()
    assert "main.py" not in files_of(board)
    done = flash("--yes")
    assert done.exit_code == 0, done.output
    assert "copy 3 files" in done.stdout and "main.py" in files_of(board)


def test_a_file_half_written_is_no_file(board: UsbBoard, small_program: Path, flash: Flash) -> None:
    """Power fails between the pieces of a file: the old one stays, and what is left of the new one is removed."""
    assert_ok(flash("--yes"))
    with Repl(Port(board.url)) as repl:
        assert repl.enter(3.0)
        repl.run("f = open('two.mpy.new', 'wb')\nf.write(b'half')\nf.close()")
    assert_ok(flash("--yes"))
    assert "two.mpy.new" not in files_of(board)


def test_a_wrong_image_is_not_written(board: UsbBoard, image: Path, small_program: Path, flash: Flash) -> None:
    before = board.flash.read(0, 0x10000)
    image.write_bytes(make_image("esp32", VERSION, size=60_000))
    done = flash("--image", str(image), "--yes")
    assert done.exit_code == 1 and "is for the chip ESP32, the board has an ESP32-S3" in done.stderr
    assert board.flash.read(0, 0x10000) == before


def test_the_flash_is_full(tmp_path: Path, small_program: Path, flash: Flash) -> None:
    small = make_image("esp32s3", VERSION, size=60_000, partitions=(*PARTITIONS, ("vfs", 1, 129, 0x200000, 0x20000)))
    fill = (
        "f = open('run', 'wb')\nb = bytes(4096)\ntry:\n while 1:\n  f.write(b)\n  f.flush()\nexcept OSError:\n pass\n"
    )
    board = UsbBoard(tmp_path / "board")
    board.flash.write(0, small)
    with board:
        with Repl(Port(board.url)) as repl:
            assert repl.enter(3.0)
            repl.run(fill + "try:\n f.close()\nexcept OSError:\n pass\n")
        done = flash("--yes")
        assert done.exit_code == 1 and "flash is full" in done.stderr and "untuck sync" in done.stderr
        with Repl(Port(board.url)) as repl:
            assert repl.enter(3.0)
            repl.remove("run")
        assert_ok(flash("--yes"))


def test_the_program_does_not_start(board: UsbBoard, small_program: Path, flash: Flash) -> None:
    """A module that cannot be imported: main.py is not written, so that the board does not restart for ever."""
    (small_program / "one.py").write_text("import nothing_of_this_name\n")
    done = flash("--yes")
    assert done.exit_code == 1 and "does not start on this board" in done.stderr
    assert "main.py" not in files_of(board)
    (small_program / "one.py").write_text(PROGRAM["one.py"])
    assert_ok(flash("--yes"))


def test_a_program_that_restarts_for_ever_is_replaced(board: UsbBoard, small_program: Path, flash: Flash) -> None:
    """A main.py as the clip's, which fails and restarts the board after a pause."""
    with Repl(Port(board.url)) as repl:
        assert repl.enter(3.0)
        repl.write("main.py", b"import machine, time\nprint('failed')\ntime.sleep_ms(1500)\nmachine.reset()\n")
        repl.leave()
    time.sleep(0.5)
    assert_ok(flash("--yes"))


def test_the_clips_main_waits_if_a_module_is_absent(board: UsbBoard) -> None:
    """A restart would not help: the board stays at its prompt."""
    modules = {"bonds": "Bonds = object", "losses": "Losses = object"}
    modules |= {"radio": "def Radio(bonds):\n    pass", "ring": "ARENA_BYTES = 1\ndef Ring(losses, size):\n    pass"}
    with Repl(Port(board.url)) as repl:
        assert repl.enter(3.0)
        for name, text in modules.items():
            repl.write(f"{name}.py", text.encode())
        repl.write("main.py", (CHECKOUT / "firmware" / "main.py").read_bytes())
        before = board.starts
        repl.leave()
    time.sleep(4.0)  # main.py restarts a board after 2 s
    assert board.starts == before + 1
    assert "main.py" in files_of(board)


def test_a_board_that_does_not_answer(board: UsbBoard, small_program: Path, flash: Flash) -> None:
    board.deaf = True
    done = flash("--yes")
    assert done.exit_code == 1 and "hold its button B (BOOT)" in done.stderr
    board.deaf = False
    assert_ok(flash("--yes"))


def test_another_program_uses_the_port(board: UsbBoard, small_program: Path, flash: Flash) -> None:
    with serial.Serial(board.url, exclusive=True):
        done = flash("--yes")
    assert done.exit_code == 1 and "another program uses" in done.stderr
    assert flash("--dry-run").exit_code == 0


def test_a_moved_file_system_needs_its_runs_fetched(
    board: UsbBoard, tmp_path: Path, small_program: Path, flash: Flash
) -> None:
    other = other_layout(tmp_path)
    with Repl(Port(board.url)) as repl:
        assert repl.enter(3.0)
        repl.run("import os\nos.mkdir('runs')\nf = open('runs/00001.000', 'wb')\nf.write(b'run')\nf.close()\n")
    done = flash("--image", str(other), "--yes")
    assert done.exit_code == 1 and "not fetched (1) would be lost" in done.stderr and "untuck sync" in done.stderr
    done = flash("--image", str(other), "--yes", "--erase")
    assert done.exit_code == 0, done.output
    assert "lost: 1 recorded run" in done.stdout


def put_files(board: UsbBoard) -> None:
    """Pairings and settings, as the clip writes them."""
    with Repl(Port(board.url)) as repl:
        assert repl.enter(3.0)
        repl.write("bonds", bytes(range(256)) * 3)
        repl.write("settings", b"settings")


def other_layout(tmp_path: Path) -> Path:
    """An image whose file system begins elsewhere."""
    file = tmp_path / "other-v1.29.0.bin"
    moved = (*PARTITIONS[:2], ("factory", 0, 0, 0x10000, 0x2F0000))
    file.write_bytes(make_image("esp32s3", "v1.29.0", size=60_000, partitions=moved))
    return file


def test_pairings_survive_a_moved_file_system(
    board: UsbBoard, tmp_path: Path, small_program: Path, flash: Flash
) -> None:
    put_files(board)
    before = files_of(board)
    done = flash("--image", str(other_layout(tmp_path)), "--yes")
    assert done.exit_code == 0, done.output
    assert "erase the board" in done.stdout and "kept: pairings, settings" in done.stdout
    after = files_of(board)
    assert {name: after[name] for name in before} == before
    assert not list((tmp_path / "home" / "boards").iterdir())


def test_pairings_survive_a_pulled_cable_too(
    board: UsbBoard, tmp_path: Path, small_program: Path, flash: Flash
) -> None:
    """They wait on the computer, for their owner only, until the board has them again."""
    put_files(board)
    before = files_of(board)
    pulled = when(lambda: board.data_blocks > 2, board.unplug)
    done = flash("--image", str(other_layout(tmp_path)), "--yes")
    pulled.join()
    assert done.exit_code == 1 and "plug it in again" in done.stderr
    (kept,) = (tmp_path / "home" / "boards").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    board.plug(boot_button=True)
    done = flash("--image", str(other_layout(tmp_path)), "--yes")
    assert done.exit_code == 0, done.output
    after = files_of(board)
    assert {name: after[name] for name in before} == before and not kept.exists()
