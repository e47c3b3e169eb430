"""`python -m bench judging`: what is found in intervals, with an earlier baseline, of quick, short and slow tucks.

Semi-synthetic runs of recorded runners. Delays are counted in strides to the decision, not to the onset that it names.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from bench.lib.judging_cases import SITUATIONS, JudgingCase, Situation
from bench.lib.judging_counts import Judged, judge
from bench.lib.recordings import data_dir, has_data
from bench.lib.run_tables import cell, chosen_runners, line, run_options, without_path
from bench.lib.semisynthetic import trials_of

HEAD = ("situation", "clip", "speed", "judged", "tucks", "pullbacks", "wrong", "false/h", "late", "found", "delay")
PAGE = """# Judging outside a steady pace, as measured

Written by `python -m bench judging{command}`. Semi-synthetic runs of recorded runners; the baseline is
of the run's first strides unless the situation says otherwise.

- **judged**: strides compared with the baseline, or part of it, in per cent.
- **tucks**, **pullbacks**: found / put in. **wrong**: pullbacks found on the wrong side as well or instead.
- **false/h**: findings of either fault outside those put in, an hour. **late**: decided after the fault had ended.
- **found**: all findings of the row. **delay**: median strides to the decision.
- **said**, in how many runs: an earlier baseline *moved*, *tucked* or *rejected* baseline, a *slow* onset.

```text
{table}
```
"""
WIDTHS = (31, 5, 5, 6, 8, 9, 5, 7, 4, 5, 5, 0)


def cases(options: argparse.Namespace, situation: Situation, wearing: str, trial: str) -> Iterator[JudgingCase]:
    """The runs of one row of the table."""
    needed = {trial, *(each for each in (*situation.trials, situation.earlier) if each.startswith("T"))}
    for runner in chosen_runners(options):
        if needed <= set(trials_of(runner)):
            yield JudgingCase(situation.name, runner, trial, options.minutes, wearing, options.seed)


def row(situation: Situation, wearing: str, trial: str, found: list[Judged]) -> dict[str, object]:
    """One row of the table, as plain values."""
    hours = sum(each.hours for each in found)
    hits = {kind: tuple(np.sum([each.hits[kind] for each in found], axis=0).tolist()) for kind in ("tuck", "pullback")}
    strides = [value for each in found for value in each.strides]
    said = {name: sum(name in each.said for each in found) for each in found for name in each.said}
    shares = {each.runner: sum(h for h, _ in each.hits.values()) for each in found}
    return {
        "situation": situation.name,
        "clip": wearing,
        "speed": "-" if "same" not in situation.trials else f"{int(trial[1:]) / 10:g}",
        "judged": 100.0 * float(np.mean([each.judged for each in found])),
        "tucks": hits["tuck"],
        "pullbacks": hits["pullback"],
        "wrong": sum(each.wrong for each in found),
        "false/h": sum(each.false for each in found) / hours if hours else float("nan"),
        "late": sum(each.late for each in found),
        "found": sum(each.findings for each in found),
        "delay": float(np.median(strides)) if strides else float("nan"),
        "said": said,
        "worst": min(shares, key=lambda name: shares[name]),
    }


def _cells(values: dict[str, object]) -> list[str]:
    said = values["said"]
    assert isinstance(said, dict)
    return [*(cell(values[name]) for name in HEAD), ", ".join([*(f"{k} {v}" for k, v in said.items())])]


def main(arguments: list[str]) -> int:
    """Print the table, or one JSON object; 1 where the recordings are absent."""
    parser = run_options("judging", __doc__, 8.0, "worn")
    parser.add_argument("--only", nargs="+", default=[""], help="situations whose name contains one of these")
    options = parser.parse_args(arguments)
    if not has_data():
        print(f"No recordings in {data_dir()}: set UNTUCK_DATA to the folder that holds them.", file=sys.stderr)
        return 1
    rows, lines = [], [line([*HEAD, "said"], WIDTHS)]
    print(lines[0], flush=True, file=sys.stderr if options.json else sys.stdout)
    with ProcessPoolExecutor() as pool:
        for situation in SITUATIONS:
            if not any(part in situation.name for part in options.only):
                continue
            trials = options.trials if "same" in situation.trials else options.trials[:1]
            for wearing in options.wearing:
                for trial in trials:
                    found = list(pool.map(judge, cases(options, situation, wearing, trial)))
                    rows.append(row(situation, wearing, trial, found))
                    lines.append(line(_cells(rows[-1]), WIDTHS))
                    if not options.json:
                        print(lines[-1], flush=True)
    if options.markdown:
        options.markdown.write_text(PAGE.format(command=without_path(arguments), table="\n".join(lines)), "utf-8")
    if options.json:
        print(json.dumps({"seed": options.seed, "minutes": options.minutes, "runners": options.runners, "rows": rows}))
    return 0
