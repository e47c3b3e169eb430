"""The firmware's radio and bonds against a stack that behaves as MicroPython's NimBLE, in every order of its events.

on_board/radio_cases.py has the cases; each runs in a new interpreter, in a folder that stands for the clip's flash.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from virtual_clip.micropython_script import run_script

CASES = Path(__file__).resolve().parent / "on_board" / "radio_cases.py"
NAMES = re.findall(r"^def case_(\w+)", CASES.read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", NAMES)
def test_radio_in_micropython(name: str, tmp_path: Path) -> None:
    output = run_script(CASES, name, folder=tmp_path)
    assert output.splitlines()[-1] == f"ok {name}"
