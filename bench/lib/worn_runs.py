"""What a clip that moves as a measured one does costs: the same semi-synthetic runs with the bad and the worn clip.

Motion, faults, noise and mount are equal; only the clip's motion against the pelvis differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

import untuck
from bench.lib.accuracy_cases import FAULT_PLANS, Case
from bench.lib.accuracy_runs import WEARINGS
from bench.lib.scoring import FalseScore, FaultScore, rms, score_false, score_faults, tilt_errors
from bench.lib.semisynthetic import RunTruth, trials_of
from untuck.model import Floats
from untuck.motion.strides.phase_grid import PHASE
from untuck.motion.strides.stride import LINE_WEIGHTS
from untuck.run_results import Run

KINDS = ("clean", "tuck", "pullback")


@dataclass
class WornScore:
    """Scores of all runs of one wearing; false_by_runner counts clean running only."""

    false: FalseScore = field(default_factory=FalseScore)
    false_by_runner: dict[str, FalseScore] = field(default_factory=dict)
    faults: list[FaultScore] = field(default_factory=list)
    tilt_deg: list[Floats] = field(default_factory=list)
    change_deg: list[Floats] = field(default_factory=list)
    range_deg: list[Floats] = field(default_factory=list)
    judged: int = 0
    no_baseline: int = 0

    def hits_pct(self, fault: str, depth_deg: float) -> float:
        """Per cent found, with the correct side."""
        hits = [s.hit for s in self.faults if s.injected.fault == fault and s.injected.depth_deg == depth_deg]
        return 100 * float(np.mean(hits)) if hits else float("nan")

    def wrong_side_pct(self) -> float:
        """Per cent of pullbacks with a finding on the other side."""
        wrong = [s.wrong_side for s in self.faults if s.injected.fault == "pullback"]
        return 100 * float(np.mean(wrong)) if wrong else float("nan")

    def worst(self, fault: str) -> tuple[str, float]:
        """The runner with most false findings an hour, and how many."""
        return max(((r, s.per_hour(fault)) for r, s in self.false_by_runner.items()), key=lambda pair: pair[1])


def rotation_range_errors(run: Run, truth: RunTruth) -> Floats:
    """(n,) error of the range of rotation of each valid stride, in deg."""
    strides = run.strides[run.strides["valid"]]
    at_s = strides["start_s"][:, None] + strides["duration_s"][:, None] * PHASE
    curves = np.interp(at_s, truth.time_s, truth.rotation_deg)
    true: Floats = np.ptp(curves - (curves @ LINE_WEIGHTS)[:, None] * PHASE, axis=1)
    error: Floats = strides["rotation_range_deg"] - true
    return error


def cases(runners: Sequence[str], trials: Sequence[str], minutes: float, wearing: str, seed: int) -> Iterator[Case]:
    """Clean running, tucks and pullbacks of each runner at each speed."""
    for kind in KINDS:
        for runner in runners:
            for trial in (t for t in trials_of(runner) if t in trials):
                rng = np.random.default_rng([seed, sum(map(ord, kind + runner + trial))])
                faults = FAULT_PLANS[kind](minutes, rng) if kind in FAULT_PLANS else ()
                yield Case(kind, runner, (trial,), minutes, faults, (), wearing, seed)


def score(chosen: Iterator[Case], note: Callable[[str], None]) -> WornScore:
    """Scores of the cases."""
    total = WornScore()
    for case in chosen:
        note(f"{case.wearing} clip: {case.kind} {case.runner} {case.trials[0]}")
        samples, truth = case.make()
        run = untuck.analyse(samples)
        error, change = tilt_errors(run.strides["start_s"], run.strides["tilt_deg"], truth)
        total.tilt_deg.append(error)
        total.change_deg.append(change)
        total.range_deg.append(rotation_range_errors(run, truth))
        if run.baseline is None:
            total.no_baseline += 1
            continue
        total.faults += score_faults(run, truth)
        if case.kind == "clean":
            false = score_false(run, truth)
            total.false.add(false)
            total.false_by_runner.setdefault(case.runner, FalseScore()).add(false)
    return total


def rows(bad: WornScore, worn: WornScore) -> list[tuple[str, str, str]]:
    """Name, and the figures with the bad and with the worn clip."""

    def row(name: str, value: Callable[[WornScore], str]) -> tuple[str, str, str]:
        return name, value(bad), value(worn)

    out = [
        row("hours clean", lambda s: f"{s.false.hours:.2f}"),
        row("runs without baseline", lambda s: str(s.no_baseline)),
    ]
    for fault in ("tuck", "pullback"):
        out.append(row(f"false {fault}s an hour", lambda s, f=fault: f"{s.false.per_hour(f):.1f}"))  # type: ignore[misc]
        out.append(row("  worst runner", lambda s, f=fault: "{} {:.0f}".format(*s.worst(f))))  # type: ignore[misc]
    for fault, depths in (("tuck", (4.0, 5.0, 6.0)), ("pullback", (3.0, 4.0, 5.0))):
        for deg in depths:
            out.append(row(f"{fault} hits at {deg:g} deg, %", lambda s, f=fault, d=deg: f"{s.hits_pct(f, d):.0f}"))  # type: ignore[misc]
    out.append(row("pullback wrong side, %", lambda s: f"{s.wrong_side_pct():.0f}"))
    out.append(row("stride tilt RMSE, deg", lambda s: f"{rms(np.concatenate(s.tilt_deg)):.2f}"))
    out.append(row("change of stride tilt RMSE, deg", lambda s: f"{rms(np.concatenate(s.change_deg)):.2f}"))
    out.append(row("rotation range, mean error, deg", lambda s: f"{np.concatenate(s.range_deg).mean():+.2f}"))
    out.append(row("rotation range, RMSE, deg", lambda s: f"{rms(np.concatenate(s.range_deg)):.2f}"))
    return out


def compare(
    runners: Sequence[str], trials: Sequence[str], minutes: float, seed: int, note: Callable[[str], None]
) -> dict[str, WornScore]:
    """Scores by wearing."""
    return {w: score(cases(runners, trials, minutes, w, seed), note) for w in WEARINGS}
