"""Runs a script in a real MicroPython whose heap is as small as the clip's.

The script can import the firmware, the wire protocol and the shims of the board's modules.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

HEAP = "122k"  # it starts with 118; a word has 8 bytes here, 4 on the board; shims/bluetooth.py takes 4.5 kB
_START = "import sys, micropython_unix; sys.exit(micropython_unix.main())"  # `-m` would lose the exit code
_CHECKOUT = Path(__file__).resolve().parents[1]
_FOLDERS = ("virtual_clip/shims", "firmware", "host/untuck")


class ScriptError(Exception):
    """The script ended with an error; the text is what it printed."""


def run_script(
    script: Path,
    *arguments: object,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    first: Path | None = None,
    heap: str = HEAP,
    timeout_s: float = 90,
) -> str:
    """Run a script with the firmware's sources on its path, and before them the folder `first`.

    folder: the clip's file system. Returns what the script prints. Raises ScriptError.
    """
    folders = [*([first] if first else []), *(_CHECKOUT / each for each in _FOLDERS)]
    path = ":".join([*map(str, folders), ".frozen"])
    command = ["-c", _START, "-X", f"heapsize={heap}", str(script), *map(str, arguments)]
    return _run(command, folder, {**(environment or {}), "MICROPYPATH": path}, timeout_s)


def run_compiled(
    script: Path,
    *arguments: object,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    timeout_s: float = 600,
    heap: str = HEAP,
) -> str:
    """Run a script with the compiled firmware, whose code is outside the heap; `folder` is the clip's file system.

    Returns what the script prints. Raises ScriptError.
    """
    from virtual_clip.clip import build

    image = str(Path(build().name, "rom"))
    command = ["-m", "virtual_clip.board_process", image, heap, str(script), *map(str, arguments)]
    return _run(command, folder, {**(environment or {}), "PYTHONPATH": str(_CHECKOUT)}, timeout_s)


def _run(command: list[str], folder: Path | None, environment: Mapping[str, str], timeout_s: float) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        env={**os.environ, **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=timeout_s,
    )
    if done.returncode:
        raise ScriptError(done.stderr + done.stdout[-2000:])
    return done.stdout
