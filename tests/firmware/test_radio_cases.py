"""The firmware's radio and bonds against a stack that behaves as MicroPython's NimBLE, in every order of its events.

The cases are in on_board; each runs in a new interpreter, in a folder that stands for the clip's flash.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from virtual_clip.micropython_script import run_script

ON_BOARD = Path(__file__).resolve().parent / "on_board"
SCRIPTS = [ON_BOARD / name for name in ("radio_cases.py", "link_cases.py", "advertising_cases.py")]
CASES = [
    pytest.param(script, name, id=name)
    for script in SCRIPTS
    for name in re.findall(r"^def case_(\w+)", script.read_text(), re.MULTILINE)
]


@pytest.mark.parametrize(("script", "name"), CASES)
def test_radio_in_micropython(script: Path, name: str, tmp_path: Path) -> None:
    output = run_script(script, name, folder=tmp_path, heap="1M")  # the heap is tested elsewhere
    assert output.splitlines()[-1] == f"ok {name}"
