"""Fuzzing in MicroPython: 100,000 invalid inputs each for the SHTP parser and the control characteristic.

Random bytes; real frames with wrong lengths, types, continuations and timestamps; real commands too short, too long, or
with values out of range. No crash, no hang, no effect of a rejected command, no memory leak.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from virtual_clip.micropython_script import run_compiled

PROBE = Path(__file__).resolve().parent / "on_board" / "fuzz_probe.py"
INPUTS = 100_000


@pytest.mark.slow
def test_a_hundred_thousand_invalid_inputs_are_handled(tmp_path: Path) -> None:
    output = run_compiled(PROBE, INPUTS, INPUTS, 20261124, folder=tmp_path, timeout_s=1800)
    words = {line.split()[0]: list(map(int, line.split()[1:])) for line in output.splitlines()}
    thrown, taken, longest_ms, errors, faults = words["sensor"]
    assert thrown == INPUTS and taken > 0 and errors > 1000 and faults > 1000
    assert longest_ms < 2000
    thrown, *results = words["control"]
    assert thrown == sum(results) == INPUTS
    assert min(results[0], results[1], results[2], results[3], results[10]) > 100
    assert words["grown"][0] < 2000
