"""Runs the firmware in MicroPython's WebAssembly port: a 32-bit interpreter whose small integers have 31 bits.

It has no native and viper code (these functions run as bytecode), no single-precision floats, and collects no garbage
while a script runs. `make test` installs it where npm is.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.firmware.emulate_32bit import SOURCES

_CHECKOUT = Path(__file__).resolve().parents[2]
_HERE = Path(__file__).resolve().parent
_INSTALLED = _CHECKOUT / ".venv/npm/node_modules/@micropython/micropython-webassembly-pyscript"
_EMITTERS = re.compile(r"^ *@micropython\.(native|viper)\n", re.MULTILINE)


def prepare(folder: Path) -> None:
    """Put the firmware and the scripts of on_board into `folder`; skips the test where there is no interpreter."""
    if not shutil.which("node") or not _INSTALLED.exists():
        pytest.skip("no 32-bit MicroPython: install node and npm, then `sh tools/setup.sh test`")
    for source in [*SOURCES, *_HERE.glob("on_board/*.py")]:
        (folder / source.name).write_text(_EMITTERS.sub("", source.read_text()))


def run_wasm(folder: Path, script: str, *arguments: object) -> str:
    """Run a script in the folder, which is its file system; returns what it prints. Fails if the script does."""
    command = ["node", _HERE / "wasm_board.mjs", _INSTALLED, folder, script, *arguments]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=90)
    assert not done.returncode, done.stderr[-2000:]
    return done.stdout
