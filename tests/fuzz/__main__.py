"""`python -m tests.fuzz`: structured hostile input for every reader; what fails prints the command that repeats it.

No case may raise anything but an UntuckError of one line, give a number that is not finite, take longer than 10 s, or
take 2 GB. The last line is a JSON object. Exit code 1 if a case failed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from tests.fuzz.target import Tally, Target, attempt, case_of, limit_memory, run_cases
from tests.fuzz.targets import CLIP_SHARES, TARGETS, shares_of, target_of

BATCH_S = 2.0  # of a batch, about


def run_batch(name: str, seed: int, first: int, end: int) -> Tally:
    """In a process of the pool: these cases of a target."""
    return run_cases(_mine(name), seed, range(first, end))


_TARGETS: dict[str, Target] = {}


def _mine(name: str) -> Target:
    """The process's own target, which is prepared before memory is limited."""
    if name not in _TARGETS:
        _TARGETS[name] = target_of(name)
        limit_memory()
    return _TARGETS[name]


def fuzz(counts: dict[str, int], seed: int, workers: int) -> dict[str, Tally]:
    """The tally of each target."""
    tallies = {name: Tally() for name in counts}
    sizes = {name: max(1, min(2000, int(BATCH_S * 200 * TARGETS[name].share))) for name in counts}
    batches = [
        (name, first, min(first + sizes[name], count))
        for name, count in counts.items()
        for first in range(0, count, sizes[name])
    ]
    batches.sort(key=lambda batch: (batch[1] / counts[batch[0]], batch[0]))  # all targets advance together
    while batches:
        with ProcessPoolExecutor(workers) as pool:
            batches = _through_pool(pool, batches, seed, tallies, workers)
    return tallies


def _through_pool(
    pool: ProcessPoolExecutor, batches: list[tuple[str, int, int]], seed: int, tallies: dict[str, Tally], workers: int
) -> list[tuple[str, int, int]]:
    """Run batches until all are done, or until a process dies; returns those that are left."""
    left = list(reversed(batches))
    running: dict[Future[Tally], tuple[str, int, int]] = {}
    while left or running:
        while left and len(running) < 2 * workers:
            name, first, end = left.pop()
            running[pool.submit(run_batch, name, seed, first, end)] = (name, first, end)
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            name, first, end = running.pop(future)
            try:
                _add(tallies[name], future.result())
            except BrokenProcessPool:
                return _after_death(tallies, [(name, first, end), *running.values()], left)
    return []


def _after_death(
    tallies: dict[str, Tally], lost: list[tuple[str, int, int]], left: list[tuple[str, int, int]]
) -> list[tuple[str, int, int]]:
    """A process died: halve the batches that ran, until the case that kills it is alone."""
    again = []
    for name, first, end in lost:
        if end - first == 1:
            tallies[name].cases += 1
            tallies[name].failures.append((first, "the process died"))
            continue
        middle = (first + end) // 2
        again += [(name, first, middle), (name, middle, end)]
    return [*again, *reversed(left)]


def _add(to: Tally, more: Tally) -> None:
    to.cases += more.cases
    to.outcomes += more.outcomes
    to.failures += more.failures
    to.grown_mb = max(to.grown_mb, more.grown_mb)
    if more.slowest_s > to.slowest_s:
        to.slowest_s, to.slowest = more.slowest_s, more.slowest


def line_of(name: str, tally: Tally) -> str:
    """A target's tally in one line."""
    outcomes = ", ".join(f"{what} {count}" for what, count in tally.outcomes.most_common(5))
    slowest = f"slowest {1e3 * tally.slowest_s:.0f} ms"
    counts = f"{name:14}{tally.cases:>9} cases  {len(tally.failures):>4} failed"
    return f"{counts}  {slowest}, +{tally.grown_mb:.0f} MB  {outcomes}"


def main() -> int:
    """Fuzz, or repeat one case."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000, help="of all targets together (default 100000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=[*TARGETS, *CLIP_SHARES], help="one target")
    parser.add_argument("--case", type=int, help="with --only: this case alone, with its traceback")
    parser.add_argument("--save", type=Path, help="with --case: write the case to this file, for tests/fuzz/corpus")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", action="store_true", help="the JSON object only")
    options = parser.parse_args()
    if options.case is not None and options.only in TARGETS:
        return repeat(options.only, options.seed, options.case, options.save)
    begin_s = time.monotonic()
    counts = shares_of(options.cases, options.only)
    on_clip = {name: counts.pop(name, 0) for name in CLIP_SHARES}
    tallies = fuzz(counts, options.seed, options.workers)
    if any(on_clip.values()):
        from tests.fuzz.clip import run_on_clip

        tallies |= run_on_clip(on_clip["sensor"], on_clip["control"], options.seed)
    return report(tallies, options, time.monotonic() - begin_s)


def alike(failures: list[tuple[int, str]]) -> list[tuple[str, list[int]]]:
    """What failed at one place for one reason, and the numbers of these cases; the most frequent first."""
    groups: dict[str, tuple[str, list[int]]] = {}
    for number, what in failures:
        key = what.partition(":")[0] + what.rpartition(" at ")[2]
        groups.setdefault(key, (what, []))[1].append(number)
    return sorted(groups.values(), key=lambda group: -len(group[1]))


def report(tallies: dict[str, Tally], options: argparse.Namespace, took_s: float) -> int:
    """Print the tallies; the exit code."""
    for name, tally in tallies.items():
        if not options.json:
            print(line_of(name, tally))
        for what, numbers in alike(tally.failures):
            again = f"python -m tests.fuzz --only '{name}' --seed {options.seed} --case {numbers[0]}"
            print(f"  {len(numbers)} x {what}\n    {again}", file=sys.stderr if options.json else sys.stdout)
    failed = sum(len(tally.failures) for tally in tallies.values())
    result = {
        "cases": sum(tally.cases for tally in tallies.values()),
        "seed": options.seed,
        "failed": failed,
        "seconds": round(took_s, 1),
        "grown_mb": round(max(tally.grown_mb for tally in tallies.values()), 1),
        "targets": {
            name: {
                "cases": tally.cases,
                "failed": len(tally.failures),
                "slowest_ms": round(1e3 * tally.slowest_s, 1),
                "slowest_case": tally.slowest,
                "grown_mb": round(tally.grown_mb, 1),
                "outcomes": dict(tally.outcomes.most_common()),
            }
            for name, tally in tallies.items()
        },
    }
    print(json.dumps(result))
    return int(failed > 0)


def repeat(name: str, seed: int, number: int, save: Path | None) -> int:
    """One case again: its outcome, or its traceback."""
    target = target_of(name)
    case = case_of(target, seed, number)
    if save is not None:
        save.write_bytes(case)
    outcome, violation = attempt(target, case)
    print(f"{name}, seed {seed}, case {number}, {len(case)} bytes: {violation or outcome}")
    if violation:
        target.run(case)
    return int(bool(violation))


if __name__ == "__main__":
    sys.exit(main())
