"""A hundred thousand wrong inputs for the SHTP parser and for the control characteristic, in MicroPython.

Random bytes, real frames with wrong lengths, types, continuations and stamps; real commands cut, lengthened, with
values out of range. No crash, no hang, nothing changed by what was refused, no memory kept.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from virtual_clip.micropython_script import run_compiled

PROBE = Path(__file__).resolve().parent / "on_board" / "fuzz_probe.py"
INPUTS = 100_000


@pytest.mark.slow
def test_a_hundred_thousand_wrong_inputs_break_nothing(tmp_path: Path) -> None:
    output = run_compiled(PROBE, INPUTS, INPUTS, 20261124, folder=tmp_path, timeout_s=300)
    words = {line.split()[0]: list(map(int, line.split()[1:])) for line in output.splitlines()}
    thrown, taken, longest_ms, errors, faults = words["sensor"]
    assert thrown == INPUTS and taken > 0 and errors > 1000 and faults > 1000
    assert longest_ms < 2000
    thrown, *results = words["control"]
    assert thrown == sum(results) == INPUTS
    assert min(results[0], results[1], results[2], results[3], results[10]) > 100
    assert words["grown"][0] < 2000
