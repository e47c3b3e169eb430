"""`python -m bench accuracy`: one table of every accuracy figure, beside its peers and its goal.

Semi-synthetic runs, unmodified recordings, and orientation benchmarks; DEV and JUDGE runners in separate columns. The
figures are defined in lib/accuracy_orientation.py, lib/accuracy_recordings.py, lib/accuracy_runs.py and
lib/peers_orientation.py.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench.lib.accuracy_orientation import orientation_sections
from bench.lib.accuracy_recordings import recording_sections
from bench.lib.accuracy_runs import run_sections
from bench.lib.figures import Figure, table
from bench.lib.peers_orientation import peer_sections
from bench.lib.recordings import DEV, JUDGE, data_dir, has_data
from bench.lib.run_tables import without_path
from untuck import wire
from untuck.simulate.sensor_noise import simulate_sensor

NOTE = "Constants are fitted on DEV; JUDGE is held out. Semi-synthetic: faults are added to recorded motion."
PAGE = """# Accuracy, as measured

Written by `python -m bench accuracy{command}`. [algorithms.md](algorithms.md) describes the methods and the figures.
Where a goal is missed the table says NO.

```text
{text}
```
"""
SECTIONS = {
    "orientation": orientation_sections,
    "recordings": recording_sections,
    "runs": run_sections,
    "peers": peer_sections,
}


def all_figures(quick: bool, seed: int, parts: list[str]) -> Iterator[Figure]:
    """Every figure of the requested parts."""
    for name in parts:
        yield from SECTIONS[name](quick, seed, _note)


def _note(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def main(arguments: list[str]) -> int:
    """Print the table, or one JSON object; 1 where the recordings are absent."""
    parser = argparse.ArgumentParser(prog="python -m bench accuracy", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("--quick", action="store_true", help="4 runners at one speed: under a minute")
    parser.add_argument("--seed", type=int, default=0, help="of runs, faults and sensor errors (default 0)")
    parser.add_argument("--only", choices=list(SECTIONS), help="only a part of the table")
    parser.add_argument("--sensor", choices=[each[0] for each in wire.SENSORS], help="simulate runs with this sensor")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table to a page as well")
    options = parser.parse_args(arguments)
    if not has_data():
        print(f"No recordings in {data_dir()}: set UNTUCK_DATA to the folder that holds them.", file=sys.stderr)
        return 1
    if options.sensor:
        simulate_sensor([each[0] for each in wire.SENSORS].index(options.sensor))
    start_s = time.perf_counter()
    parts = [options.only] if options.only else list(SECTIONS)
    figures = list(all_figures(options.quick, options.seed, parts))
    took_s = time.perf_counter() - start_s
    _note("")
    if options.json:
        print(
            json.dumps(
                {
                    "seed": options.seed,
                    "quick": options.quick,
                    "dev": DEV,
                    "judge": JUDGE,
                    "took_s": round(took_s, 1),
                    "figures": [figure.to_json() for figure in figures],
                }
            )
        )
    else:
        text = f"{NOTE}\nDEV {' '.join(DEV)}\nJUDGE {' '.join(JUDGE)}\nseed {options.seed}\n{table(figures)}"
        print(f"{text}\n\n{took_s:.0f} s")
        if options.markdown:
            options.markdown.write_text(PAGE.format(command=without_path(arguments), text=text), "utf-8")
    return 0
