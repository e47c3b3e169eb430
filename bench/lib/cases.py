"""Which runs the accuracy bench makes: scenarios of faults, clean runs, controls, and the recordings as they are.

A case is a runner, speeds, faults, controls, a clip and a seed; `make` turns it into samples and truth.
How many of what, and in which order faults come, lives here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bench.lib.injections import Injected
from bench.lib.recordings import DEV, JUDGE
from bench.lib.semisynthetic import RunTruth, make_run, trials_of
from bench.lib.standing import PREFIX_S
from untuck.model import BOTH, LEFT, RIGHT, Samples

FIRST_FAULT_S = PREFIX_S + 75.0  # 60 strides of baseline, and some more
FAULT_S = 28.0
FAULT_EVERY_S = 56.0
TUCK_DEPTHS_DEG = (4.0, 5.0, 6.0, 8.0)
PULLBACK_DEPTHS_DEG = (3.0, 4.0, 5.0)
PHASES_PCT = (55.0, 62.5, 70.0, 77.5, 85.0)
WIDTHS_PCT = (12.5, 18.0, 25.0)  # at half height; 12.5: a quarter of a stride from foot to foot of the bump
QUICK_CONTROL_MIN = {"slow_slip": 6.0}  # a slow slip takes three of them
QUICK_DEV, QUICK_JUDGE = DEV[:2], JUDGE[:2]


@dataclass(frozen=True)
class Case:
    """One semi-synthetic run to make and analyse; kind is "tuck", "pullback", "mixed", "clean" or a control."""

    kind: str
    runner: str
    trials: tuple[str, ...]
    minutes: float
    faults: tuple[Injected, ...]
    controls: tuple[str, ...]
    clip: str
    seed: int

    @property
    def group(self) -> str:
        """ "dev" or "judge"."""
        return "dev" if self.runner in DEV else "judge"

    def make(self) -> tuple[Samples, RunTruth]:
        """The samples and the truth; the same every time."""
        return make_run(
            self.runner, self.trials, self.minutes, self.faults, self.controls, clip=self.clip, seed=self.seed
        )


def tucks(minutes: float, rng: np.random.Generator) -> tuple[Injected, ...]:
    """A tuck every 56 s, every depth in turn."""
    starts = np.arange(FIRST_FAULT_S, PREFIX_S + minutes * 60 - FAULT_S - 5, FAULT_EVERY_S)
    first = int(rng.integers(len(TUCK_DEPTHS_DEG)))
    return tuple(
        Injected(
            "tuck", BOTH, TUCK_DEPTHS_DEG[(first + k) % len(TUCK_DEPTHS_DEG)], float(start), float(start + FAULT_S)
        )
        for k, start in enumerate(starts)
    )


def pullbacks(minutes: float, rng: np.random.Generator) -> tuple[Injected, ...]:
    """A pullback every 56 s: depths and sides in turn, phase and width drawn."""
    starts = np.arange(FIRST_FAULT_S, PREFIX_S + minutes * 60 - FAULT_S - 5, FAULT_EVERY_S)
    first = int(rng.integers(6))
    return tuple(
        Injected(
            "pullback",
            (LEFT, RIGHT)[(first + k) % 2],
            PULLBACK_DEPTHS_DEG[(first + k) % 3],
            float(start),
            float(start + FAULT_S),
            float(rng.choice(PHASES_PCT)),
            float(rng.choice(WIDTHS_PCT)),
        )
        for k, start in enumerate(starts)
    )


def mixed(minutes: float, rng: np.random.Generator) -> tuple[Injected, ...]:
    """Tucks of 6 deg and pullbacks of 4 deg at the same time, the pullback starting 8 s after the tuck."""
    faults: list[Injected] = []
    for k, start in enumerate(np.arange(FIRST_FAULT_S, PREFIX_S + minutes * 60 - FAULT_S - 15, FAULT_EVERY_S + 12)):
        faults.append(Injected("tuck", BOTH, 6.0, float(start), float(start + FAULT_S)))
        pull_s = float(start) + 8.0
        side = (LEFT, RIGHT)[k % 2]
        faults.append(Injected("pullback", side, 4.0, pull_s, pull_s + FAULT_S, float(rng.choice(PHASES_PCT)), 18.0))
    return tuple(faults)


STORIES = {"tuck": tucks, "pullback": pullbacks, "mixed": mixed}


def runners(quick: bool) -> tuple[str, ...]:
    """Who runs."""
    return QUICK_DEV + QUICK_JUDGE if quick else DEV + JUDGE


def fault_cases(kind: str, quick: bool, seed: int) -> Iterator[Case]:
    """Every runner at every speed with faults of one kind, worn with a bad clip."""
    minutes = 6.0 if quick else 10.0
    for runner in runners(quick):
        for trial in trials_of(runner)[1:2] if quick or kind == "mixed" else trials_of(runner):
            faults = STORIES[kind](minutes, np.random.default_rng([seed, len(runner), ord(runner[-1]), ord(trial[1])]))
            yield Case(kind, runner, (trial,), minutes, faults, (), "bad", seed)


def clean_cases(quick: bool, seed: int) -> Iterator[Case]:
    """Every runner at every speed without a fault."""
    for runner in runners(quick):
        for trial in trials_of(runner)[1:2] if quick else trials_of(runner):
            yield Case("clean", runner, (trial,), 6.0 if quick else 10.0, (), (), "bad", seed + 1)


def control_cases(control: str, quick: bool, seed: int) -> Iterator[Case]:
    """Every runner without a fault, but with something that might look like one; speeds take turns."""
    for k, runner in enumerate(runners(quick)):
        trials = trials_of(runner)
        chosen = trials if control == "speed" else (trials[k % len(trials)],)
        minutes = QUICK_CONTROL_MIN.get(control, 4.0) if quick else 10.0
        yield Case(control, runner, chosen, minutes, (), (control,), "bad", seed + 2)
