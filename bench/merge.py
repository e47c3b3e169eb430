"""`python -m bench merge`: how often `untuck merge` accepts a watch's file of the same run, and of another's run.

Synthetic walk-run sessions (bench/lib/merge_runs.py). True pairs: one run, recorded by a clip and a watch. Wrong pairs:
two people's runs, unrelated or hard: after the same plan, at the same cadence, or side by side. The constants of
`report/fit_match.py` were chosen with seeds below HELD; the figures in the documents come from seeds from HELD on.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass

from bench.lib import merge_runs
from untuck.errors import ReportError
from untuck.report.fit_match import find_offset

HELD = 100_000
PAIRS = 40
WRONG_S = 5.0  # an offset further off counts as wrong


@dataclass
class Count:
    """Pairs of one kind; accepted: of these; misplaced: accepted with a wrong offset."""

    kind: str
    pairs: int = 0
    accepted: int = 0
    misplaced: int = 0

    def add(self, pair: merge_runs.Pair) -> None:
        """Search the offset of one pair and count the outcome."""
        self.pairs += 1
        try:
            match = find_offset(pair.session, pair.unix_zero_s, pair.watch_s, pair.watch_spm)
        except ReportError:
            return
        self.accepted += 1
        self.misplaced += abs(match.offset_s - pair.offset_s) > WRONG_S


def count(kind: str, make: Callable[[int], merge_runs.Pair], seeds: range) -> Count:
    """Outcomes of the pairs that `make` makes from seeds."""
    found = Count(kind)
    for seed in seeds:
        found.add(make(seed))
    return found


def main(arguments: list[str]) -> int:
    """Print a line per kind of pairs and the sums, or one JSON object."""
    parser = argparse.ArgumentParser(
        prog="python -m bench merge", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines of text")
    parser.add_argument("--pairs", type=int, default=PAIRS, help=f"pairs of each kind (default {PAIRS})")
    parser.add_argument("--seed", type=int, default=HELD, help=f"the first seed (default {HELD}: held aside)")
    options = parser.parse_args(arguments)
    seeds = range(options.seed, options.seed + options.pairs)
    same = [count(kind, lambda seed, k=kind: merge_runs.true_pair(seed, k), seeds) for kind in merge_runs.KINDS]
    other = [
        count(f"{wrong}: {kind}", lambda seed, k=kind, w=wrong: merge_runs.wrong_pair(seed, k, w), seeds)
        for wrong in merge_runs.WRONG
        for kind in merge_runs.KINDS
        if kind == "steady" or not wrong.startswith("steady")
    ]
    if options.json:
        print(
            json.dumps({"same run": [asdict(each) for each in same], "another run": [asdict(each) for each in other]})
        )
        return 0
    for title, counts in (("the same run", same), ("another person's run", other)):
        print(title)
        for each in counts:
            print(f"  {each.kind:40} {each.accepted:5} of {each.pairs} accepted, {each.misplaced} misplaced")
        pairs, accepted = sum(each.pairs for each in counts), sum(each.accepted for each in counts)
        print(f"  {'all':40} {accepted:5} of {pairs} accepted, {accepted / pairs:.2%}")
    return 0
