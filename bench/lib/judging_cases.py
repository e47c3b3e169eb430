"""Runs that ask for more than a steady pace: intervals, earlier baselines, quick, short and slow tucks, both hips.

Each case makes samples and truth, and an earlier baseline where the runner brings one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

import untuck
from bench.lib.accuracy_cases import FAULT_EVERY_S, FAULT_S, FIRST_FAULT_S, PHASES_PCT, WIDTHS_PCT
from bench.lib.injections import InjectedFault
from bench.lib.run_motion import SPEED_EVERY_S
from bench.lib.semisynthetic import RunTruth, make_run
from bench.lib.standing import PREFIX_S
from untuck.model import BOTH, LEFT, RIGHT, Baseline
from untuck.samples import Samples

Faults = tuple[InjectedFault, ...]
Plan = Callable[[float, np.random.Generator], Faults]
SETTLED_S, INTERVAL_FAULT_S = 26.0, 28.0  # into an interval; until then a new pace is learnt
QUICK_S = 0.3
STANDS_DEG = 2.5  # how differently the runner stands today
BASELINE_MIN = 3.0
SLOW_S = 1200.0


def _starts(minutes: float) -> list[float]:
    return list(np.arange(FIRST_FAULT_S, PREFIX_S + minutes * 60 - FAULT_S - 5, FAULT_EVERY_S))


def _pullback(side: int, depth_deg: float, span_s: tuple[float, float], rng: np.random.Generator) -> InjectedFault:
    phase, width = float(rng.choice(PHASES_PCT)), float(rng.choice(WIDTHS_PCT))
    return InjectedFault("pullback", side, depth_deg, *span_s, phase, width)


def _alternating(minutes: float, rng: np.random.Generator) -> Faults:
    """Tucks of 5 and pullbacks of 4 deg in turn, at one pace."""
    made = []
    for k, at in enumerate(_starts(minutes)):
        span = (at, at + FAULT_S)
        tuck = InjectedFault("tuck", BOTH, 5.0, *span)
        made.append(tuck if k % 2 == 0 else _pullback((LEFT, RIGHT)[k // 2 % 2], 4.0, span, rng))
    return tuple(made)


def _in_intervals(minutes: float, rng: np.random.Generator) -> Faults:
    """The same in every interval but the first, whose strides make the baseline."""
    count = max(2, int(minutes * 60 / SPEED_EVERY_S))
    made = []
    for k in range(1, count):
        at = PREFIX_S + minutes * 60 * k / count + SETTLED_S
        span = (at, at + INTERVAL_FAULT_S)
        tuck = InjectedFault("tuck", BOTH, 5.0, *span)
        made.append(tuck if k // 2 % 2 == 0 else _pullback((LEFT, RIGHT)[k % 2], 4.0, span, rng))
    return tuple(made)


def _quick(minutes: float, rng: np.random.Generator) -> Faults:
    depths = rng.permutation([4.0, 5.0, 6.0, 8.0])
    return tuple(
        InjectedFault("tuck", BOTH, float(depths[k % 4]), at, at + FAULT_S, ease_s=QUICK_S)
        for k, at in enumerate(_starts(minutes))
    )


def _together(minutes: float, rng: np.random.Generator) -> Faults:
    made = []
    for k, at in enumerate(_starts(minutes)):
        span = (at, at + FAULT_S)
        made += [InjectedFault("tuck", BOTH, 6.0, *span), _pullback((LEFT, RIGHT)[k % 2], 4.0, span, rng)]
    return tuple(made)


def _both_hips(minutes: float, rng: np.random.Generator) -> Faults:
    made = []
    for at in _starts(minutes):
        made += [_pullback(side, 4.0, (at, at + FAULT_S), rng) for side in (LEFT, RIGHT)]
    return tuple(made)


def _short(minutes: float, rng: np.random.Generator) -> Faults:
    """Tucks of 6 deg over four to six strides of 0.7 s."""
    strides = rng.permutation([4, 5, 6])
    return tuple(
        InjectedFault("tuck", BOTH, 6.0, at, at + 0.7 * float(strides[k % 3]), ease_s=QUICK_S)
        for k, at in enumerate(_starts(minutes))
    )


def _falling(depth_deg: float) -> Plan:
    def plan(minutes: float, _: np.random.Generator) -> Faults:
        end_s = PREFIX_S + minutes * 60
        return (InjectedFault("tuck", BOTH, depth_deg, FIRST_FAULT_S, end_s + SLOW_S, ease_s=end_s - FIRST_FAULT_S),)

    return plan


def _tucked(minutes: float, _: np.random.Generator) -> Faults:
    return (InjectedFault("tuck", BOTH, 6.0, PREFIX_S - 1.0, PREFIX_S + minutes * 60 + SLOW_S, ease_s=1.0),)


def _none(_: float, __: np.random.Generator) -> Faults:
    return ()


@dataclass(frozen=True)
class Situation:
    """faults; controls and trials of semisynthetic.make_run ("same": the row's); earlier: trial of an earlier baseline.

    stands_deg: how much further forward the pelvis tips in today's standing; slower_pct: how much slower than in the
    baseline the runner is today, by contact time, and cadence a third of it; least_min: length that it takes.
    """

    name: str
    plan: Plan
    controls: tuple[str, ...] = ()
    trials: tuple[str, ...] = ("same",)
    earlier: str = ""
    stands_deg: float = 0.0
    slower_pct: float = 0.0
    least_min: float = 0.0


SITUATIONS = (
    Situation("steady", _alternating),
    Situation("intervals 2.5 and 4.5 m/s", _in_intervals, ("speed",), ("T25", "T45")),
    Situation("baseline of 2.5 m/s", _alternating, earlier="T25"),
    Situation("baseline of 4.5 m/s", _alternating, earlier="T45"),
    Situation("6 % slower than in the baseline", _alternating, earlier="same", slower_pct=6.0),
    Situation("stands 2.5 deg further forward", _alternating, earlier="same", stands_deg=STANDS_DEG),
    Situation("stands 2.5 deg further back", _alternating, earlier="same", stands_deg=-STANDS_DEG),
    Situation("tucks within 0.3 s", _quick),
    Situation("tuck and pullback at once", _together),
    Situation("both hips at once", _both_hips),
    Situation("tucks of 4-6 strides", _short),
    Situation("slow fall of 2 deg", _falling(2.0), least_min=20.0),
    Situation("slow fall of 6 deg", _falling(6.0), least_min=20.0),
    Situation("slopes", _none, ("slopes",)),
    Situation("clean", _none),
    Situation("baseline tucked by 6 deg", _tucked),
)


@dataclass(frozen=True)
class JudgingCase:
    """A run in the situation of that name."""

    name: str
    runner: str
    trial: str
    minutes: float
    wearing: str
    seed: int

    @property
    def situation(self) -> Situation:
        """What is special about the run."""
        return next(each for each in SITUATIONS if each.name == self.name)

    def make(self) -> tuple[Samples, RunTruth]:
        """Samples and truth, equal for every call."""
        situation = self.situation
        minutes = max(self.minutes, situation.least_min)
        rng = np.random.default_rng([self.seed, sum(map(ord, self.runner + self.trial + self.name))])
        trials = tuple(self.trial if trial == "same" else trial for trial in situation.trials)
        faults = situation.plan(minutes, rng)
        return make_run(self.runner, trials, minutes, faults, situation.controls, wearing=self.wearing, seed=self.seed)

    def baseline(self) -> Baseline | None:
        """The earlier baseline that the runner brings, as seen from today's standing; None without."""
        situation = self.situation
        if not situation.earlier:
            return None
        trial = self.trial if situation.earlier == "same" else situation.earlier
        samples, _ = make_run(self.runner, (trial,), BASELINE_MIN, wearing=self.wearing, seed=self.seed + 50)
        baseline = untuck.analyse(samples).baseline
        if baseline is None:
            return None
        faster = 1.0 + situation.slower_pct / 100.0
        return replace(
            baseline,
            tilt_deg=baseline.tilt_deg + situation.stands_deg,
            contact_ms=baseline.contact_ms / faster,
            cadence_spm=baseline.cadence_spm * faster ** (1 / 3),
        )
