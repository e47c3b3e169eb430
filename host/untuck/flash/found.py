"""Looks at the board that is connected: which one it is, and what runs on it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from untuck.errors import FlashError
from untuck.flash import loader, waits
from untuck.flash.boards import BOARDS, Board, board_of_chip, board_of_machine
from untuck.flash.firmware import CHOICE, INSTALLED, Abi, abi_of, parse_choice, program_names
from untuck.flash.image import files_at
from untuck.flash.ports import ESPRESSIF, Port, find_port, wait_for
from untuck.flash.repl import Repl, is_gps

Show = Callable[[str], None]


@dataclass(frozen=True)
class Request:
    """What the user asked for. erase: the whole flash first."""

    port: str | None = None
    board: str | None = None
    sensor: str | None = None
    bus: str | None = None
    image: Path | None = None
    erase: bool = False


@dataclass(frozen=True)
class Found:
    """What is on the board. version: MicroPython's sys.version, "" if none answers; chip: as the boot loader says.

    number: the chip's MAC address. choice: what board_choice.py says. own: files that are neither the program's nor
    MicroPython's.
    """

    port: Port
    board: Board
    chip: str
    version: str = ""
    abi: Abi | None = None
    files_at: int | None = None
    free_bytes: int = 0
    runs: int = 0
    frozen: str = ""
    number: str = ""
    hashes: dict[str, str] = field(default_factory=dict)
    installed: Any = None
    choice: dict[str, str] = field(default_factory=dict)

    @property
    def own(self) -> tuple[str, ...]:
        """Names of the files that belong to the clip's owner."""
        return tuple(sorted(self.hashes.keys() - program_names() - {"boot.py"}))


def look(request: Request, show: Show) -> Found:
    """Find the board and what runs on it. Its program is interrupted. Raises FlashError."""
    port = find_port(request.port)
    with Repl(port) as repl:
        if repl.enter(waits.ANSWER_S):
            return _look_inside(repl, request)
        heard = repl.heard(waits.SETTLE_S)
    if is_gps(heard):
        raise FlashError(f"{port.name} is a GPS receiver: name the board's port with --port.")
    show(f"no MicroPython answers on {port.name}: asking the chip's boot loader")
    port, chip = enter_loader(port, software=False)
    board = board_of_chip(chip.name)
    check_flash(chip, board)
    table = loader.read_table(port)
    return Found(port, _named(request, board), chip.name, files_at=files_at(table), number=chip.mac)


def _look_inside(repl: Repl, request: Request) -> Found:
    inside = repl.look()
    if inside.platform != "esp32":
        raise FlashError(f"the board on {repl.port.name} is a {inside.machine}: the clip needs an ESP32-S3 or ESP32.")
    board = _named(request, board_of_machine(inside.machine))
    hashes = repl.hashes()
    return Found(
        port=repl.port,
        board=board,
        chip=board.chip,
        version=inside.version.partition("; ")[2] or inside.version,
        abi=abi_of(inside.mpy),
        files_at=inside.files_at,
        free_bytes=inside.free_bytes,
        runs=inside.runs,
        frozen=inside.frozen,
        number=inside.number,
        hashes=hashes,
        installed=repl.read_json(INSTALLED),
        choice=parse_choice(repl.read(CHOICE)) if CHOICE in hashes else {},
    )


def _named(request: Request, board: Board) -> Board:
    """The board that the user named, if its chip is the one found."""
    if request.board is None:
        return board
    named = BOARDS[request.board]
    if named.chip != board.chip:
        raise FlashError(
            f"the board has the chip {board.chip}, the {named.title} has the chip {named.chip}: "
            f"leave out --board, or give --board {board.name}."
        )
    return named


def enter_loader(port: Port, software: bool) -> tuple[Port, loader.Chip]:
    """Bring the board into its boot loader. Its USB device disappears for a moment and may get another name."""
    if software:
        with Repl(port) as repl:
            if repl.enter(waits.ANSWER_S):
                repl.leave("import machine\nmachine.bootloader()")
        time.sleep(waits.SETTLE_S)
        port = wait_for(port, waits.PORT_S) or port
        return port, loader.probe(port, reset=False)
    try:
        return port, loader.probe(port, reset=True)
    except FlashError:
        if port.maker != ESPRESSIF:
            raise
    time.sleep(waits.SETTLE_S)  # MicroPython's USB stack obeys the lines, and then disappears
    port = wait_for(port, waits.PORT_S) or port
    return port, loader.probe(port, reset=False)


def check_flash(chip: loader.Chip, board: Board) -> None:
    if chip.flash_mb and chip.flash_mb < board.flash_mb:
        raise FlashError(
            f"the board has {chip.flash_mb} MB of flash, the clip needs {board.flash_mb} MB: use another board."
        )
