"""The process that acts as the board: MicroPython with a limited heap, and the compiled firmware in read-only memory.

    python -m virtual_clip.board_process IMAGE HEAP [SCRIPT ARGUMENT ...]

On the board code is executed from flash. Here the image, a ROMFS, is memory outside the heap; clip.py builds it.
UNTUCK_SENSOR selects the sensor, instead of the constant in board.py.
Without a script the firmware's main runs.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_BOOT = """
import sys, uctypes, vfs
vfs.mount(vfs.VfsRom(uctypes.bytearray_at({address}, {size})), '/rom')
sys.path[:] = ['/rom', {folder!r}, '.frozen']
sys.argv[:] = {arguments!r}
import board
board.SENSOR = {sensor!r} or board.SENSOR
import {module}
"""


def main(image_path: str, heap: str, script: str = "main", *arguments: str) -> int:
    """Run the firmware, or a script that may import it; returns MicroPython's exit code."""
    import micropython_run

    image = Path(image_path).read_bytes()
    flash = ctypes.create_string_buffer(image, len(image))
    code = _BOOT.format(
        address=ctypes.addressof(flash),
        size=len(image),
        folder=str(Path(script).parent),
        arguments=[script, *arguments],
        module=Path(script).stem,
        sensor=os.environ.get("UNTUCK_SENSOR", ""),
    )
    return int(micropython_run.run_main(["micropython", "-X", f"heapsize={heap}", "-c", code]))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
