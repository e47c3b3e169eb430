"""`python -m bench slips`: share of the clip's slips that are detected, and false slips in tucks and clean runs.

Semi-synthetic runs of recorded runners with a badly worn clip: sudden and slow slips of 5-9 deg, tucks of 4-8 deg that
ease in over two strides, and controls.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np

import untuck
from bench.lib.accuracy_cases import Case, control_cases, fault_cases, runners
from bench.lib.figures import Figure, table
from bench.lib.recordings import data_dir, has_data
from bench.lib.scoring import score_faults
from bench.lib.semisynthetic import RunTruth, trials_of
from untuck.run_results import Run

SEEN_WITHIN_S = 5.0
MINUTES = 4.0
SLIPPED, DOUBT, CREPT = "seems to have slipped", "changed suddenly", "decreased slowly"
CONTROLS = ("turns", "gaps", "slopes", "speed", "breaks")


def slip_cases(kind: str, quick: bool, seed: int) -> Iterator[Case]:
    """Every runner at every speed with one slip midway."""
    for runner in runners(quick):
        for trial in trials_of(runner):
            yield Case(kind, runner, (trial,), MINUTES, (), (kind,), "bad", seed + 3)


def _slips(run: Run, truth: RunTruth) -> Iterator[str]:
    yield "slips"
    at_s = next(control.start_s for control in truth.controls if control.kind.endswith("slip"))
    held_s = run.strides["start_s"][run.strides["reason"] == "slip"]
    warnings = " ".join(run.warnings)
    if len(held_s) and 0.0 < held_s[0] - at_s < SEEN_WITHIN_S:
        yield "seen"
    elif DOUBT in warnings:
        yield "doubted"
    if any(finding.fault == "tuck" for finding in run.findings):
        yield "false tuck"
        if CREPT in warnings:
            yield "crept"


def _tucks(run: Run, truth: RunTruth) -> Iterator[str]:
    if run.baseline is None:
        return
    held_s = run.strides["start_s"][run.strides["reason"] == "slip"]
    for score in score_faults(run, truth):
        fault = score.injected
        yield "tucks"
        if not score.hit and ((held_s >= fault.start_s) & (held_s < fault.end_s)).any():
            yield "lost"


def _clean(run: Run, truth: RunTruth) -> Iterator[str]:
    yield from ("false slip" for text in run.warnings if SLIPPED in text)


def _count(cases: Iterable[Case], name: str) -> tuple[dict[str, Counter[str]], dict[str, float]]:
    """Counts, and hours of running, by group."""
    outcomes = {"slip": _slips, "slow_slip": _slips, "tuck": _tucks}.get(name, _clean)
    counts, hours = {"dev": Counter[str](), "judge": Counter[str]()}, {"dev": 0.0, "judge": 0.0}
    for case in cases:
        samples, truth = case.make()
        counts[case.group].update(outcomes(untuck.analyse(samples), truth))
        hours[case.group] += float(np.diff(truth.running, axis=1).sum()) / 3600
    return counts, hours


def _share(section: str, name: str, counts: dict[str, Counter[str]], part: str, whole: str) -> Figure:
    values = {g: 100.0 * c[part] / c[whole] if c[whole] else float("nan") for g, c in counts.items()}
    return Figure(section, name, "%", values, {g: c[whole] for g, c in counts.items()})


def figures(quick: bool, seed: int) -> Iterator[Figure]:
    """Sudden slips, slow slips, tucks, and controls."""
    counts, _ = _count(slip_cases("slip", quick, seed), "slip")
    for name, part in (
        ("detected", "seen"),
        ("reported as in doubt", "doubted"),
        ("false tuck", "false tuck"),
    ):
        yield _share("Sudden slips of 5-9 deg, 0.4 s", name, counts, part, "slips")
    counts, _ = _count(slip_cases("slow_slip", quick, seed), "slow_slip")
    for name, part in (("detected", "seen"), ("false tuck", "false tuck")):
        yield _share("Slow slips of 5-9 deg, 180 s", name, counts, part, "slips")
    yield _share("Slow slips of 5-9 deg, 180 s", "false tucks reported as slow", counts, "crept", "false tuck")
    counts, _ = _count(fault_cases("tuck", quick, seed), "tuck")
    yield _share("Tucks of 4-8 deg, eased over two strides", "lost to a slip", counts, "lost", "tucks")
    for control in CONTROLS:
        counts, hours = _count(control_cases(control, quick, seed), control)
        values = {g: counts[g]["false slip"] / hours[g] for g in counts}
        yield Figure("False slips an hour", control, "1/h", values, {g: counts[g]["false slip"] for g in counts})


def main(arguments: list[str]) -> int:
    """Print the table, or one JSON object; 1 where the recordings are absent."""
    parser = argparse.ArgumentParser(prog="python -m bench slips", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("--quick", action="store_true", help="4 runners")
    parser.add_argument("--seed", type=int, default=0, help="of runs, slips and sensor errors (default 0)")
    options = parser.parse_args(arguments)
    if not has_data():
        print(f"No recordings in {data_dir()}: set UNTUCK_DATA to the folder that holds them.", file=sys.stderr)
        return 1
    found = list(figures(options.quick, options.seed))
    if options.json:
        print(json.dumps({"seed": options.seed, "figures": [figure.to_json() for figure in found]}))
    else:
        print(table(found))
    return 0
