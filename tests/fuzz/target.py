"""A target: what makes a case for one reader, and what tries it. A case is bytes, so that it can be kept as a file."""

from __future__ import annotations

import random
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from untuck.errors import UntuckError

MOST_S = 10.0  # for one case
MOST_BYTES = 2 << 30  # address space beyond what the process has at first


class Violated(AssertionError):
    """A reader did something with a case that it must not do."""


class Target:
    """One reader. name: on the command line; share: of all cases, relative to the others."""

    name = ""
    share = 1.0

    def prepare(self) -> None:
        """Make what all cases share: it takes as long as it takes."""

    def make(self, rng: random.Random) -> bytes:
        """A case."""
        raise NotImplementedError

    def run(self, case: bytes) -> str:
        """Give it to the reader; returns the outcome in a word. Raises UntuckError, or anything else: a violation."""
        raise NotImplementedError


@dataclass
class Tally:
    """What came of some cases: outcomes by word, failures by case number, the slowest, and memory at its highest."""

    cases: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[int, str]] = field(default_factory=list)
    slowest_s: float = 0.0
    slowest: int = -1
    grown_mb: float = 0.0


def case_of(target: Target, seed: int, number: int) -> bytes:
    """Case `number` of a seed: the same on every machine."""
    return target.make(random.Random(f"{target.name} {seed} {number}"))


def attempt(target: Target, case: bytes) -> tuple[str, str]:
    """Outcome, and what was violated ("" if nothing)."""
    try:
        with _limited_time():
            return target.run(case), ""
    except UntuckError as error:
        text = str(error)
        if not text or "\n" in text or len(text) > 4000:
            return type(error).__name__, f"{type(error).__name__} is not one line of text: {text[:500]!r}"
        return type(error).__name__, ""
    except BaseException as error:  # a MemoryError and a time limit are violations too
        if isinstance(error, KeyboardInterrupt):
            raise
        last = traceback.extract_tb(error.__traceback__)[-1]
        return "violation", f"{type(error).__name__}: {str(error)[:300]} at {last.filename}:{last.lineno}"


def run_cases(target: Target, seed: int, numbers: range) -> Tally:
    """Try these cases of a seed."""
    tally, before_mb = Tally(), peak_mb()
    for number in numbers:
        begin_s = time.perf_counter()
        try:
            case = case_of(target, seed, number)
        except Exception as error:
            tally.failures.append((number, f"no case could be made: {type(error).__name__}: {error}"))
            continue
        outcome, violation = attempt(target, case)
        took_s = time.perf_counter() - begin_s
        tally.cases += 1
        tally.outcomes[outcome] += 1
        if took_s > tally.slowest_s:
            tally.slowest_s, tally.slowest = took_s, number
        if violation:
            tally.failures.append((number, violation))
    tally.grown_mb = peak_mb() - before_mb
    return tally


def peak_mb() -> float:
    """Highest resident memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def limit_memory() -> None:
    """Let an allocation of gigabytes fail in this process, instead of taking the machine's memory."""
    if sys.platform == "linux":
        with open("/proc/self/statm") as file:
            used = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MOST_BYTES, resource.RLIM_INFINITY))


@contextmanager
def _limited_time() -> Iterator[None]:
    def end(signum: int, frame: FrameType | None) -> None:
        raise Violated(f"takes longer than {MOST_S:.0f} s")

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, MOST_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
