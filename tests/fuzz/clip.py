"""Targets that run in MicroPython: the sensor's parser and the control characteristic, many cases in one process.

tests/firmware/on_board/fuzz_probe.py makes the cases itself, from the seed: a case cannot be repeated alone.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.fuzz.target import Tally

PROBE = Path(__file__).resolve().parents[1] / "firmware" / "on_board" / "fuzz_probe.py"
MOST_GROWN = 2000  # bytes of heap


def run_on_clip(sensor: int, control: int, seed: int) -> dict[str, Tally]:
    """So many transfers of the sensor chip and writes to the control characteristic. Needs MicroPython."""
    from virtual_clip.micropython_script import ScriptError, run_compiled

    begin_s = time.perf_counter()
    tallies = {"sensor": Tally(cases=sensor), "control": Tally(cases=control)}
    try:
        with tempfile.TemporaryDirectory() as folder:
            output = run_compiled(PROBE, sensor, control, seed, folder=Path(folder), timeout_s=7200)
    except ScriptError as error:
        tallies["sensor"].failures.append((0, str(error)[-600:]))
        return tallies
    words = {line.split()[0]: list(map(int, line.split()[1:])) for line in output.splitlines()}
    _, taken, longest_ms, errors, faults = words["sensor"]
    tallies["sensor"].outcomes = Counter({"samples": taken, "errors": errors, "faults": faults})
    tallies["sensor"].slowest_s = longest_ms / 1e3
    tallies["control"].outcomes = Counter({f"result {k}": count for k, count in enumerate(words["control"][1:])})
    tallies["control"].slowest_s = (time.perf_counter() - begin_s) / max(sensor + control, 1)
    if words["grown"][0] > MOST_GROWN:
        tallies["control"].failures.append((0, f"the heap grew by {words['grown'][0]} bytes"))
    return tallies
