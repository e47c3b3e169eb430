"""The semi-synthetic runs of the accuracy bench: with faults, clean, and with controls.

A case is a runner, speeds, faults, controls, a way of wearing the clip and a seed; `make` gives samples and truth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bench.lib.injections import InjectedFault
from bench.lib.recordings import DEV, JUDGE
from bench.lib.semisynthetic import RunTruth, make_run, trials_of
from bench.lib.standing import PREFIX_S
from untuck.model import BOTH, LEFT, RIGHT
from untuck.samples import Samples

FIRST_FAULT_S = PREFIX_S + 75.0  # after the 60 strides of the baseline
FAULT_S = 28.0
FAULT_EVERY_S = 56.0
TUCK_DEPTHS_DEG = (4.0, 5.0, 6.0, 8.0)
PULLBACK_DEPTHS_DEG = (3.0, 4.0, 5.0)
PHASES_PCT = (55.0, 62.5, 70.0, 77.5, 85.0)
WIDTHS_PCT = (12.5, 18.0, 25.0)  # at half height; 12.5 is a bump that lasts a quarter of a stride
QUICK_CONTROL_MIN = {"slow_slip": 6.0}  # the slip itself takes three
QUICK_DEV, QUICK_JUDGE = DEV[:2], JUDGE[:2]


@dataclass(frozen=True)
class Case:
    """One semi-synthetic run; kind is "tuck", "pullback", "mixed", "clean" or a control."""

    kind: str
    runner: str
    trials: tuple[str, ...]
    minutes: float
    faults: tuple[InjectedFault, ...]
    controls: tuple[str, ...]
    wearing: str
    seed: int

    @property
    def group(self) -> str:
        """ "dev" or "judge"."""
        return "dev" if self.runner in DEV else "judge"

    def make(self) -> tuple[Samples, RunTruth]:
        """Samples and truth, equal for every call."""
        return make_run(
            self.runner, self.trials, self.minutes, self.faults, self.controls, wearing=self.wearing, seed=self.seed
        )


def tucks(minutes: float, rng: np.random.Generator) -> tuple[InjectedFault, ...]:
    """A tuck every 56 s, with each depth in turn."""
    starts = np.arange(FIRST_FAULT_S, PREFIX_S + minutes * 60 - FAULT_S - 5, FAULT_EVERY_S)
    first = int(rng.integers(len(TUCK_DEPTHS_DEG)))
    return tuple(
        InjectedFault(
            "tuck", BOTH, TUCK_DEPTHS_DEG[(first + k) % len(TUCK_DEPTHS_DEG)], float(start), float(start + FAULT_S)
        )
        for k, start in enumerate(starts)
    )


def pullbacks(minutes: float, rng: np.random.Generator) -> tuple[InjectedFault, ...]:
    """A pullback every 56 s, with depths and sides in turn and random phase and width."""
    starts = np.arange(FIRST_FAULT_S, PREFIX_S + minutes * 60 - FAULT_S - 5, FAULT_EVERY_S)
    first = int(rng.integers(6))
    return tuple(
        InjectedFault(
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


def mixed(minutes: float, rng: np.random.Generator) -> tuple[InjectedFault, ...]:
    """Tucks of 6 deg and pullbacks of 4 deg at the same time, the pullback starting 8 s after the tuck."""
    faults: list[InjectedFault] = []
    for k, start in enumerate(np.arange(FIRST_FAULT_S, PREFIX_S + minutes * 60 - FAULT_S - 15, FAULT_EVERY_S + 12)):
        faults.append(InjectedFault("tuck", BOTH, 6.0, float(start), float(start + FAULT_S)))
        pull_s = float(start) + 8.0
        side = (LEFT, RIGHT)[k % 2]
        faults.append(
            InjectedFault("pullback", side, 4.0, pull_s, pull_s + FAULT_S, float(rng.choice(PHASES_PCT)), 18.0)
        )
    return tuple(faults)


FAULT_PLANS = {"tuck": tucks, "pullback": pullbacks, "mixed": mixed}


def runners(quick: bool) -> tuple[str, ...]:
    """The runners of a quick or a full bench."""
    return QUICK_DEV + QUICK_JUDGE if quick else DEV + JUDGE


def fault_cases(kind: str, quick: bool, seed: int, wearing: str = "bad") -> Iterator[Case]:
    """Every runner at every speed with faults of one kind."""
    minutes = 6.0 if quick else 10.0
    for runner in runners(quick):
        for trial in trials_of(runner)[1:2] if quick or kind == "mixed" else trials_of(runner):
            faults = FAULT_PLANS[kind](
                minutes, np.random.default_rng([seed, len(runner), ord(runner[-1]), ord(trial[1])])
            )
            yield Case(kind, runner, (trial,), minutes, faults, (), wearing, seed)


def clean_cases(quick: bool, seed: int, wearing: str = "bad") -> Iterator[Case]:
    """Every runner at every speed without a fault."""
    for runner in runners(quick):
        for trial in trials_of(runner)[1:2] if quick else trials_of(runner):
            yield Case("clean", runner, (trial,), 6.0 if quick else 10.0, (), (), wearing, seed + 1)


def control_cases(control: str, quick: bool, seed: int, wearing: str = "bad") -> Iterator[Case]:
    """Every runner without faults but with a control, something that may look like one; speeds alternate."""
    for k, runner in enumerate(runners(quick)):
        trials = trials_of(runner)
        chosen = trials if control == "speed" else (trials[k % len(trials)],)
        minutes = QUICK_CONTROL_MIN.get(control, 4.0) if quick else 10.0
        yield Case(control, runner, chosen, minutes, (), (control,), wearing, seed + 2)
