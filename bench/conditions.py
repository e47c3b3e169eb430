"""`python -m bench conditions`: what a track, lost packets, jitter or a turned clip take away, per speed.

Semi-synthetic runs with tucks of 4-8 deg and pullbacks of 3-5 deg, and clean ones. Delays are counted to the decision.
A condition under which nothing may be judged is right if nothing was found and nobody was cued.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from bench.lib.condition_cases import CONDITIONS, Condition, ConditionCase
from bench.lib.condition_counts import Counts, count
from bench.lib.recordings import data_dir, has_data
from bench.lib.run_tables import cell, chosen_runners, line, run_options, without_path
from bench.lib.scoring import rms
from bench.lib.semisynthetic import trials_of

PAGE = """# Conditions outside the laboratory, as measured

Written by `python -m bench conditions{command}`. Semi-synthetic runs of recorded runners, with tucks of 4-8 deg,
with pullbacks of 3-5 deg, and clean. A *bad* clip sits askew and wobbles; a *worn* one moves about all three axes as
measured on five people ([algorithms](algorithms.md)).

- **judged**: valid strides, in per cent. Where nothing may be judged, those until the clip's direction is known.
- **tucks**, **pullbacks**: found / put in. **wrong**: pullbacks found on the wrong side as well or instead.
- **false/h**: findings of either fault outside those put in, an hour. **cues**: all that sounded.
- **tilt**: RMS error of stride tilt in degrees. **worst**: the runner with the fewest faults found.

```text
{table}
```
"""
KINDS = ("tuck", "pullback", "clean")
HEAD = (
    "condition",
    "clip",
    "speed",
    "judged",
    "tucks",
    "pullbacks",
    "wrong",
    "false/h",
    "cues",
    "tilt",
    "worst",
)


def cases(options: argparse.Namespace, condition: Condition, wearing: str, trial: str) -> Iterator[ConditionCase]:
    """The runs of one row of the table."""
    for runner in chosen_runners(options):
        if trial in trials_of(runner):
            for kind in KINDS if condition.sided else ("pullback",):
                yield ConditionCase(
                    name=condition.name,
                    kind=kind,
                    runner=runner,
                    trial=trial,
                    minutes=options.minutes,
                    wearing=wearing,
                    seed=options.seed,
                )


def _share(parts: Iterable[tuple[int, int]]) -> tuple[int, int]:
    pairs = list(parts)
    return sum(a for a, _ in pairs), sum(b for _, b in pairs)


def row(condition: Condition, wearing: str, trial: str, found: list[Counts]) -> dict[str, object]:
    """One row of the table, as plain values."""
    by_runner = {
        each.runner: _share(hit for c in found if c.runner == each.runner for hit in c.hits.values()) for each in found
    }
    worst = min(by_runner, key=lambda name: by_runner[name][0] / max(1, by_runner[name][1])) if condition.sided else ""
    if not condition.sided:
        worst = max(found, key=lambda each: each.cues).runner
    hours = sum(each.hours for each in found)
    return {
        "condition": condition.name,
        "clip": wearing,
        "speed": f"{int(trial[1:]) / 10:g}",
        "judged": 100.0 * sum(each.judged for each in found) / max(1, sum(each.strides for each in found)),
        **{f"{kind}s": _share(each.hits.get(kind, (0, 0)) for each in found) for kind in KINDS[:2]},
        "wrong": sum(each.wrong for each in found),
        "false/h": sum(each.false for each in found) / hours if hours else float("nan"),
        "cues": sum(each.cues for each in found),
        "tilt": rms(np.array([error for each in found for error in each.tilt_deg])),
        "worst": worst + (" {}/{}".format(*by_runner[worst]) if condition.sided else ""),
    }


def _cells(values: dict[str, object]) -> list[str]:
    return [cell(values[name]) for name in HEAD]


def main(arguments: list[str]) -> int:
    """Print the table, or one JSON object; 1 where the recordings are absent."""
    parser = run_options("conditions", __doc__, 10.0, "bad")
    parser.add_argument("--only", help="conditions whose name contains this")
    options = parser.parse_args(arguments)
    if not has_data():
        print(f"No recordings in {data_dir()}: set UNTUCK_DATA to the folder that holds them.", file=sys.stderr)
        return 1
    rows, lines = [], [list(HEAD)]
    with ProcessPoolExecutor() as pool:
        for condition in CONDITIONS:
            if options.only and options.only not in condition.name:
                continue
            for wearing in options.wearing:
                for trial in options.trials:
                    found = list(pool.map(count, cases(options, condition, wearing, trial)))
                    rows.append(row(condition, wearing, trial, found))
                    lines.append(_cells(rows[-1]))
                    if not options.json:
                        _print_line(lines)
    if options.markdown:
        table = "\n".join(line(cells, WIDTHS) for cells in lines)
        options.markdown.write_text(PAGE.format(command=without_path(arguments), table=table), "utf-8")
    if options.json:
        print(json.dumps({"seed": options.seed, "minutes": options.minutes, "runners": options.runners, "rows": rows}))
    return 0


WIDTHS = (29, 5, 5, 6, 8, 9, 5, 7, 5, 5, 0)


def _print_line(lines: list[list[str]]) -> None:
    """Print the last row, and the head before the first one."""
    for cells in lines[-1:] if len(lines) > 2 else lines:
        print(line(cells, WIDTHS), flush=True)
