"""Copies the clip's program to a board that runs MicroPython, so that it can be interrupted at any point.

main.py is removed first and written last, after every other file was verified and imported: a board with half a program
starts MicroPython and nothing else, and takes the rest the next time. Other files on the board stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from untuck.errors import FlashError
from untuck.flash.firmware import INSTALLED, Firmware
from untuck.flash.repl import BoardError, Repl

MAIN = "main.py"
_SHOWN = 10  # one file in so many
_BLOCK = 4096
_SPARE_BLOCKS = 4  # folders, and the copy that is renamed
_CHECK = "import gc, sys\nfor m in {modules!r}:\n    __import__(m)\n    gc.collect()\n"


@dataclass(frozen=True)
class Copying:
    """What changes on the board. write: names, main.py last; remove: of an earlier version; kept: unchanged ones."""

    write: tuple[str, ...]
    remove: tuple[str, ...]
    kept: int
    bytes: int

    @property
    def done(self) -> bool:
        """Whether the board has all of it."""
        return not self.write and not self.remove


def plan_copying(firmware: Firmware, hashes: dict[str, str], earlier: object = None) -> Copying:
    """Compare with what the board has. earlier: the content of its untuck.json, which names the files we wrote."""
    wanted = firmware.hashes()
    write = tuple(name for name in firmware.files if hashes.get(name) != wanted[name])
    named = earlier.get("files", {}) if isinstance(earlier, dict) else {}
    ours = {*named} if isinstance(named, dict) else set()
    partial = {f"{name}.new" for name in wanted}
    remove = tuple(sorted((ours | firmware.replaces | partial) & hashes.keys() - wanted.keys()))
    size = sum(len(firmware.files[name]) for name in write)
    return Copying(write, remove, len(firmware.files) - len(write), size)


def copy_firmware(
    repl: Repl, firmware: Firmware, copying: Copying, free_bytes: int, show: Callable[[str], None]
) -> None:
    """Bring the board to this program. Raises FlashError; the next call continues."""
    if copying.done:
        return
    blocks = sum(-(-len(firmware.files[name]) // _BLOCK) for name in copying.write) + _SPARE_BLOCKS
    if blocks * _BLOCK > free_bytes + len(copying.remove) * _BLOCK:
        raise FlashError(
            f"the board's flash is full: {free_bytes // 1024} kB are free, {blocks * _BLOCK // 1024} kB are needed. "
            "Fetch the recorded runs with `untuck sync`, which makes room, then run the same command again."
        )
    repl.remove(MAIN)
    for name in copying.remove:
        repl.remove(name)
    others = [name for name in copying.write if name not in (MAIN, INSTALLED)]
    for number, name in enumerate(others, start=1):
        if number == 1 or number % _SHOWN == 0:
            show(f"copying {number} of {len(others)}: {name}")
        repl.write(name, firmware.files[name])
    show("verifying the copies")
    _verify(repl, firmware, [name for name in firmware.files if name not in (MAIN, INSTALLED)])
    _import_all(repl, firmware)
    last = [name for name in (INSTALLED, MAIN) if name in firmware.files]
    for name in last:
        repl.write(name, firmware.files[name])
    _verify(repl, firmware, last)


def _verify(repl: Repl, firmware: Firmware, names: list[str]) -> None:
    found, wanted = repl.hashes(), firmware.hashes()
    wrong = [name for name in names if found.get(name) != wanted[name]]
    if wrong:
        raise FlashError(
            f"{', '.join(wrong)} on the board is not what was written: run the same command again; if it happens "
            "twice, the board's flash is worn, use another board."
        )


def _import_all(repl: Repl, firmware: Firmware) -> None:
    """Import every module once, as main.py would: a program that cannot start is not started."""
    modules = [name.removesuffix(".mpy") for name in firmware.files if name.endswith(".mpy")]
    if not repl.enter(5.0):
        raise FlashError("the board stopped answering: unplug it, plug it in again and run the same command.")
    try:
        repl.run(_CHECK.format(modules=modules))
    except BoardError as error:
        if "MemoryError" in str(error):
            raise FlashError(
                "the board has too little memory for copied files: it needs MicroPython with the clip's program in it, "
                "see `Boards with little memory` in docs/flash.md. The board was left without main.py."
            ) from error
        raise FlashError(
            f"the clip's program does not start on this board ({error}); it was left without main.py, so that it can "
            "be flashed again. Please report this."
        ) from error
