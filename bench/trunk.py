"""`python -m bench trunk`: lean and lumbar extension of a second clip on the upper back, and the faults of the spine.

Simulated runners, because no recording here has a trunk: what lean does within a runner is assumed (simulate/trunk.py).
DEV seeds chose the constants, JUDGE seeds are held out.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.lib.figures import Figure, table
from bench.lib.pair_runs import ALARMS, WRONG, alarms
from bench.lib.run_tables import without_path
from bench.lib.trunk_runs import CLIPS, JUDGE_FROM, KINDS, SPINE, TrunkScore, score_clean, score_faults

ANGLES = (
    ("lean, stride mean", 1.0),
    ("change of lean since the first 60 strides", 0.3),
    ("lumbar extension, stride mean", None),
    ("change of lumbar extension", 0.5),
)
SIZES_DEG = {6.0: 100.0, 4.0: 95.0}  # share of arch and tuck that must be told apart
SMALL_DEG = 4.0  # of which a tuck, too, takes longer
DELAY_GOAL = 7.0  # strides, median, as of a tuck
FALSE_GOAL = 0.5
CLEAN_MIN = 10.0


def _groups(runs: int, seed: int) -> dict[str, range]:
    return {"dev": range(seed, seed + runs), "judge": range(seed + JUDGE_FROM, seed + JUDGE_FROM + runs)}


def figures(runs: int, clean_runs: int, seed: int, worn: tuple[str, ...]) -> Iterator[Figure]:
    """Angles, faults told apart, delays and false findings, for each way of wearing."""
    for clip in worn:
        goals = clip == "bad"
        scores = {
            size: {group: score_faults(size, seeds, clip) for group, seeds in _groups(runs, seed).items()}
            for size in SIZES_DEG
        }
        yield from _angles(clip, scores[6.0], goals)
        for size, least_pct in SIZES_DEG.items():
            yield from _faults(clip, size, scores[size], least_pct if goals else None)
        clean = {g: score_clean(CLEAN_MIN, seeds, clip) for g, seeds in _groups(clean_runs, seed).items()}
        section = f"False findings in running without faults, {clip}"
        for names in (SPINE, ("tuck",)):
            counts = {g: sum(s.false[name] for name in names) for g, s in clean.items()}
            values = {g: counts[g] / s.hours if s.hours else float("nan") for g, s in clean.items()}
            goal = ("<=", FALSE_GOAL) if names == SPINE and goals else None
            yield Figure(section, ", ".join(names), "1/h", values, counts, goal)
        yield Figure(section, "hours", "h", {g: s.hours for g, s in clean.items()})


def _angles(clip: str, scores: dict[str, TrunkScore], goals: bool) -> Iterator[Figure]:
    rmse = {g: s.rmse_deg() for g, s in scores.items()}
    counts = {g: sum(map(len, s.errors_deg)) for g, s in scores.items()}
    for row, (name, limit) in enumerate(ANGLES):
        goal = ("<=", limit) if goals and limit is not None else None
        values = {g: float(each[row]) for g, each in rmse.items()}
        yield Figure(f"Angles, RMSE, both clips {clip}", name, "deg", values, counts, goal)


def _faults(clip: str, size: float, scores: dict[str, TrunkScore], least_pct: float | None) -> Iterator[Figure]:
    section = f"Faults of {size:g} deg told apart, both clips {clip}"
    for kinds in (("arch", "tuck"), *((kind,) for kind in KINDS)):
        shares = {g: s.share_pct(*kinds) for g, s in scores.items()}
        goal = (">=", least_pct) if least_pct is not None and len(kinds) == 2 else None
        values, counts = {g: share for g, (share, _) in shares.items()}, {g: n for g, (_, n) in shares.items()}
        yield Figure(section, " against ".join(kinds), "%", values, counts, goal)
    for kind in ("arch", "tuck", "lean lost", "bent"):
        delays = {g: s.delays.get(kind, []) for g, s in scores.items()}
        values = {g: float(np.median(each)) if each else float("nan") for g, each in delays.items()}
        counts = {g: len(each) for g, each in delays.items()}
        goal = ("<=", DELAY_GOAL) if least_pct is not None and kind == "arch" and size > SMALL_DEG else None
        yield Figure(section, f"{kind}: median strides to the decision", "", values, counts, goal)


def _noticed(seeds: range) -> Iterator[Figure]:
    """Share of the runs in which each alarm was given, by what was wrong."""
    for wrong, counts in alarms(seeds).items():
        for alarm in ALARMS:
            if alarm == WRONG[wrong] or counts[alarm] or wrong == "nothing":
                right = "" if alarm == WRONG[wrong] else " (false)"
                values, runs = {"judge": 100.0 * counts[alarm] / counts["runs"]}, {"judge": counts["runs"]}
                yield Figure("What is noticed, both clips bad", f"{wrong}: {alarm}{right}", "%", values, runs)


def _write(page: Path, part: str, command: str, text: str) -> None:
    """Replace one part of a page, between its two comments."""
    before, _, rest = page.read_text("utf-8").partition(f"<!-- {part}:")
    _, end, after = rest.partition(f"<!-- end of {part} -->")
    if not end:
        raise SystemExit(f"{page} has no part <!-- {part}: ... --> to <!-- end of {part} -->.")
    how = f"<!-- {part}: written by `python -m bench trunk{command}` -->"
    page.write_text(f"{before}{how}\n```text\n{text}\n```\n{end}{after}", "utf-8")


def main(arguments: list[str]) -> int:
    """Print the table, or one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m bench trunk", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("--quick", action="store_true", help="3 runners a group, clips bad only")
    parser.add_argument("--runs", type=int, default=12, help="runners a group (default 12), half of them in clean runs")
    parser.add_argument("--seed", type=int, default=0, help="first seed of DEV; JUDGE begins 200 later (default 0)")
    parser.add_argument("--worn", choices=CLIPS, help="only one way of wearing")
    parser.add_argument(
        "--noticed", action="store_true", help="only exchanged clips, bent backs and slips: who notices"
    )
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table to a page as well")
    options = parser.parse_args(arguments)
    worn = (options.worn,) if options.worn else CLIPS[:1] if options.quick else CLIPS
    runs = 3 if options.quick else options.runs
    if options.noticed:
        found = list(_noticed(_groups(runs, options.seed)["judge"]))
    else:
        found = list(figures(runs, max(1, runs // 2), options.seed, worn))
    if options.json:
        print(json.dumps({"seed": options.seed, "figures": [figure.to_json() for figure in found]}))
        return 0
    text = table(found)
    print(text)
    if options.markdown:
        _write(options.markdown, "noticed" if options.noticed else "figures", without_path(arguments), text)
    return 0
