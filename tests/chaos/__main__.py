"""`make chaos`: schedules of random faults; the last line is one JSON object with the totals.

make chaos ARGS="--schedules 100 --seed 1 --json"
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys

from tests.chaos.account import Account
from tests.chaos.faults import KINDS, draw
from tests.chaos.rig import Outcome, as_line, run_schedule, table, totals


def main() -> int:
    """Run the schedules; exit code 1 if a sample is missing silently or stored twice."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--schedules", type=int, default=10, help="how many (10)")
    parser.add_argument("--seed", type=int, default=1, help="of the first; each later one adds 1 (1)")
    parser.add_argument("--seconds", type=float, default=60.0, help="of the clip's time in each, about (60)")
    parser.add_argument("--speed", type=int, default=2, help="times as fast as real time, at most (2)")
    parser.add_argument(
        "--each", action="store_true", help="schedules of one kind of fault each, in turn; then a table"
    )
    parser.add_argument("--clips", type=int, choices=(1, 2), default=1, help="2: also one on the upper back (1)")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each schedule")
    parser.add_argument("--verbose", action="store_true", help="also what the computer's program said")
    options = parser.parse_args()
    outcomes: list[Outcome] = []
    for seed in range(options.seed, options.seed + options.schedules):
        kinds = list(KINDS)
        kinds = [kinds[(seed - options.seed) % len(kinds)]] if options.each else kinds
        plan = draw(random.Random(seed), options.seconds, kinds, options.clips)
        schedule = {"plan": plan, "seconds": options.seconds, "speed": options.speed, "clips": options.clips}
        outcome = asyncio.run(run_schedule(seed, **schedule))
        outcomes.append(outcome)
        if options.verbose:
            print("\n".join(outcome.said))
        print(as_line(outcome.row()) if options.json else _text(outcome), flush=True)
    if options.each:
        print(table(outcomes))
    sums = totals(outcomes)
    print(as_line(sums))
    return int(bool(sums["silent"] or sums["doubled"]))


def _text(outcome: Outcome) -> str:
    head = f"seed {outcome.seed}, {outcome.took_s:.0f} s; {'; '.join(outcome.plan)}"
    return "\n".join([head, *(_account_text(found) for found in outcome.accounts())])


def _account_text(found: Account) -> str:
    causes = ", ".join(f"{count} {cause}" for cause, count in found.reported.items()) or "none"
    return (
        f"  {found.produced} samples, {found.stored} stored, {found.on_clip} on the clip, reported {causes}; "
        f"silent {found.silent}, doubled {found.doubled}" + "".join(f"\n    {line}" for line in found.missing)
    )


if __name__ == "__main__":
    sys.exit(main())
