"""A whole `untuck flash`: look at the board, plan, write MicroPython if needed, copy the program, restart, test.

Each step can be interrupted; the next call looks again and does what is left.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from untuck.errors import FlashError
from untuck.flash import download, loader, waits
from untuck.flash.boards import MIN_MICROPYTHON
from untuck.flash.firmware import (
    CHOICE,
    INSTALLED,
    Abi,
    Firmware,
    abi_of,
    compile_firmware,
    compiler_abi,
    frozen_firmware,
)
from untuck.flash.found import Found, Request, Show, check_flash, enter_loader
from untuck.flash.image import Image, files_at, read_image
from untuck.flash.install import Copying, copy_firmware, plan_copying
from untuck.flash.ports import Port, wait_for
from untuck.flash.repl import Repl
from untuck.flash.self_test import SelfTest, run_self_test


class Keeper(Protocol):
    """Keeps a board's own files on this computer while its flash is written; board: its number."""

    def save(self, board: str, files: dict[str, bytes]) -> None:
        """Keep the files."""

    def load(self, board: str) -> dict[str, bytes]:
        """The files that were kept; {} if there are none."""

    def remove(self, board: str) -> None:
        """Forget the files."""


@dataclass(frozen=True)
class Plan:
    """What will be done. image: to write, None if MicroPython stays.

    erases: the whole flash first; the board's own files are kept meanwhile, unless it discards them.
    """

    found: Found
    choice: dict[str, str]
    image: Image | None = None
    erases: bool = False
    discards: bool = False
    firmware: Firmware | None = None
    copying: Copying | None = None


def make_plan(request: Request, found: Found, show: Show) -> Plan:
    """Decide what to do; downloads the image if one is needed and none was given. Raises FlashError."""
    image = _needed_image(request, found, show)
    erases = request.erase or (image is not None and _moves_files(found, image))
    if erases and found.runs and not request.erase:
        raise FlashError(
            f"this image moves the board's file system, recorded runs that are not fetched ({found.runs}) would be "
            "lost: fetch them with `untuck sync`, or discard them with --erase."
        )
    choice = _choice(request, found)
    if image is not None or found.abi is None:
        return Plan(found, choice, image, erases, discards=request.erase)
    firmware = _firmware(found.abi, found.frozen, choice)
    copying = plan_copying(firmware, found.hashes, found.installed)
    return Plan(found, choice, firmware=firmware, copying=copying)


def _moves_files(found: Found, image: Image) -> bool:
    """Whether the file system would lie elsewhere; an empty flash has none, and what else is in it must go."""
    if found.files_at is None:
        return not found.version
    return found.files_at != files_at(image.table)


def _firmware(abi: Abi, frozen: str, choice: dict[str, str]) -> Firmware:
    return frozen_firmware(frozen, choice) if frozen else compile_firmware(abi, choice)


def _needed_image(request: Request, found: Found, show: Show) -> Image | None:
    """The image to write; None if the board has it, or its MicroPython is new enough."""
    if request.image is not None:
        image = read_image(request.image, found.board)
        return None if image.banner in found.version and not request.erase else image
    if found.abi is not None and _is_current(found) and not request.erase:
        return None
    show(f"looking for the newest {found.board.build} on micropython.org")
    return download.download(found.board)


def _is_current(found: Found) -> bool:
    ours = compiler_abi()
    words = found.version.removeprefix("MicroPython ").lstrip("v").split(".")
    new_enough = tuple(int(word) for word in words[:2] if word.isdecimal()) >= MIN_MICROPYTHON
    return (
        new_enough
        and found.abi is not None
        and (found.abi.version, found.abi.sub_version)
        == (
            ours.version,
            ours.sub_version,
        )
    )


def _choice(request: Request, found: Found) -> dict[str, str]:
    """What board_choice.py shall say; {} leaves the board's own."""
    asked = {"BOARD": request.board, "SENSOR": request.sensor, "BUS": request.bus}
    if CHOICE in found.hashes and not any(asked.values()):
        return {}
    usual = {"BOARD": found.board.name, "SENSOR": "bno085", "BUS": "spi"}
    return usual | found.choice | {name: value for name, value in asked.items() if value}


def carry_out(plan: Plan, keeper: Keeper, show: Show) -> Copying:
    """Write, copy and restart. Raises FlashError; the next call continues."""
    port, board = plan.found.port, plan.found.number.replace(":", "")
    if plan.discards:
        keeper.remove(board)
    elif plan.erases and plan.found.own:
        keeper.save(board, _read_own(plan.found))
    if plan.image is not None:
        port = _write(plan, plan.image, show)
    repl = _wait_for_repl(port, show)
    with repl:
        if plan.image is None and plan.firmware is not None and plan.copying is not None:
            firmware, copying, free_bytes = plan.firmware, plan.copying, plan.found.free_bytes
        else:
            inside = repl.look()
            free_bytes = inside.free_bytes
            firmware = _firmware(abi_of(inside.mpy), inside.frozen, plan.choice)
            copying = plan_copying(firmware, repl.hashes(), repl.read_json(INSTALLED))
        _restore(repl, keeper, board)
        copy_firmware(repl, firmware, copying, free_bytes, show)
        repl.leave()
    return copying


def _read_own(found: Found) -> dict[str, bytes]:
    with Repl(found.port) as repl:
        if not repl.enter(waits.ANSWER_S):
            raise FlashError("the board stopped answering: unplug it, plug it in again and run the same command.")
        return {name: repl.read(name) for name in found.own}


def _restore(repl: Repl, keeper: Keeper, board: str) -> None:
    """Bring files back that the board lost when its flash was erased, now or in a call that was interrupted."""
    kept = keeper.load(board)
    there = repl.hashes()
    for name, data in kept.items():
        if name not in there:
            repl.write(name, data)
    keeper.remove(board)


def _write(plan: Plan, image: Image, show: Show) -> Port:
    """Write MicroPython. The board is in its boot loader if no MicroPython answered."""
    port, board = plan.found.port, plan.found.board
    if plan.found.version:
        show("entering the boot loader")
        port, chip = enter_loader(port, software=board.chip != "ESP32")
        if chip.name != board.chip:
            raise FlashError(f"the chip is an {chip.name}, not an {board.chip}: leave out --board.")
        check_flash(chip, board)
    show(f"writing MicroPython {image.version}: do not unplug the board")
    loader.write_image(port, image, board, erase=plan.erases)
    return wait_for(port, waits.PORT_S) or port


def _wait_for_repl(port: Port, show: Show) -> Repl:
    """Connect to MicroPython after a restart. Raises FlashError."""
    end_s = time.monotonic() + waits.START_S
    told = False
    while True:
        port = wait_for(port, waits.PORT_S) or port
        repl = Repl(port)
        try:
            if repl.enter(waits.ANSWER_S):
                return repl
            heard = repl.heard(waits.SETTLE_S)
        except FlashError:  # the USB device has just come or gone
            heard = b""
        repl.close()
        if b"filesystem appears to be corrupted" in heard:
            raise FlashError(
                "the board's file system is damaged. `untuck flash --erase` writes all again; pairings, settings "
                "and recorded runs on it are lost."
            )
        if time.monotonic() > end_s:
            raise FlashError("MicroPython does not start: press the board's RESET button, then run the command again.")
        if not told:
            show("waiting for the board: if nothing happens, press its RESET button (EN on a devkit)")
            told = True


def check(port: Port, show: Show) -> SelfTest:
    """Run the self-test, then let the clip's program start again. Raises FlashError."""
    show("testing")
    with _wait_for_repl(port, show) as repl:
        try:
            return run_self_test(repl)
        finally:
            repl.leave()


def watch_start(port: Port) -> str:
    """Let the program run for a moment; what it printed if it stopped, else ""."""
    current = wait_for(port, waits.PORT_S) or port
    time.sleep(waits.SETTLE_S)
    with Repl(current) as repl:
        text = repl.heard(waits.RUN_S).decode(errors="replace")
    return text.strip().splitlines()[-1] if "Traceback" in text else ""


def let_run(found: Found) -> None:
    """Let the clip's program start again, which `look` interrupted; a board in its boot loader stays there."""
    if found.version:
        with Repl(found.port) as repl:
            if repl.enter(waits.ANSWER_S):
                repl.leave()


def reconnect(port: Port) -> Port:
    """The same board after a restart, whose port may have another name."""
    return wait_for(port, waits.PORT_S) or port
