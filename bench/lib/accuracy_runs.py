"""Rows of the accuracy table from semi-synthetic runs, with their goals: hits, false findings, error of stride tilt.

Every case of accuracy_cases.py is made, analysed and scored once; VQF gets the same samples and calibration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from importlib.util import find_spec

import numpy as np

import untuck
from bench.lib.accuracy_cases import (
    PULLBACK_DEPTHS_DEG,
    TUCK_DEPTHS_DEG,
    WIDTHS_PCT,
    Case,
    clean_cases,
    control_cases,
    fault_cases,
)
from bench.lib.figures import Figure
from bench.lib.scoring import (
    FalseScore,
    FaultScore,
    rms,
    score_false,
    score_faults,
    score_simple_tuck,
    stride_means,
    tilt_errors,
)
from bench.lib.semisynthetic import CONTROLS, RunTruth
from untuck.errors import UntuckError
from untuck.model import Calibration, Floats
from untuck.run_results import Run
from untuck.samples import Samples

WEARINGS = ("bad", "worn")  # a clip that springs as acceleration drives it; one that moves as a measured one does
RUNS = "Semi-synthetic runs"
FALSE = "False findings an hour"
TILT = "Stride tilt"
TUCK_GOALS = {4.0: 95.0, 5.0: 100.0, 6.0: 100.0, 8.0: 100.0}
PULLBACK_GOALS = {3.0: 93.0, 4.0: 98.0, 5.0: 98.0}
CONTROL_GOALS = {"turns": 1.0, "gaps": 1.0, "slopes": 1.0, "speed": 1.0}
GROUPS = ("dev", "judge")
HAS_VQF = find_spec("vqf") is not None  # a peer, not needed to run the tests


@dataclass
class Tally:
    """Scores of one group's runs of one kind."""

    faults: list[FaultScore] = field(default_factory=list)
    simple: list[FaultScore] = field(default_factory=list)  # tucks, by the simplest rule
    false: FalseScore = field(default_factory=FalseScore)
    runs: int = 0
    failed: list[str] = field(default_factory=list)
    no_baseline: list[str] = field(default_factory=list)
    tilt_deg: list[Floats] = field(default_factory=list)
    change_deg: list[Floats] = field(default_factory=list)
    vqf_tilt_deg: list[Floats] = field(default_factory=list)
    vqf_change_deg: list[Floats] = field(default_factory=list)


Tallies = dict[str, Tally]


def vqf_stride_tilt(samples: Samples, calibration: Calibration, truth: RunTruth) -> Floats:
    """(n,) stride means of tilt from VQF (6-axis, default parameters) with the same mount, bias and gain."""
    from vqf import VQF

    period_s = float(np.median(np.diff(samples.time_s)))
    gyr = np.ascontiguousarray(samples.gyr_rad_s - calibration.gyr_bias_rad_s)
    quat = VQF(period_s).updateBatch(gyr, np.ascontiguousarray(samples.acc_m_s2 * calibration.acc_gain))["quat6D"]
    w, x, y, z = quat.T
    up = np.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], axis=1)
    tilt_deg = -np.degrees(np.arcsin(np.clip(up @ calibration.sensor_to_pelvis[0], -1, 1)))
    return stride_means(samples.time_s, tilt_deg, truth.strides["start_s"], truth.strides["duration_s"])


def _add(tally: Tally, case: Case, samples: Samples, truth: RunTruth, run: Run) -> None:
    if run.baseline is None:
        tally.no_baseline.append(f"{case.runner} {'+'.join(case.trials)}")
    else:
        tally.faults += score_faults(run, truth)
        tally.simple += score_simple_tuck(run, truth)
        tally.false.add(score_false(run, truth))
    if case.kind in ("clean", "tuck"):
        error, change = tilt_errors(run.strides["start_s"], run.strides["tilt_deg"], truth)
        tally.tilt_deg.append(error)
        tally.change_deg.append(change)
    if case.kind in ("clean", "tuck") and HAS_VQF:
        start_s = truth.strides["start_s"]
        error, change = tilt_errors(start_s, vqf_stride_tilt(samples, run.calibration, truth), truth)
        tally.vqf_tilt_deg.append(error)
        tally.vqf_change_deg.append(change)


def tally(cases: Iterable[Case], note: Callable[[str], None]) -> Tallies:
    """Make, analyse and score each case; in a run that cannot be analysed all faults count as missed."""
    tallies = {group: Tally() for group in GROUPS}
    for case in cases:
        note(f"{case.kind} {case.runner} {'+'.join(case.trials)}")
        this = tallies[case.group]
        samples, truth = case.make()
        this.runs += 1
        try:
            run = untuck.analyse(samples)
        except UntuckError as error:
            this.failed.append(f"{case.runner} {'+'.join(case.trials)}: {error}")
            this.faults += [FaultScore(fault, False, float("nan"), False) for fault in truth.faults]
            continue
        _add(this, case, samples, truth, run)
    return tallies


def _share(section: str, name: str, tallies: Tallies, pick: Callable[[FaultScore], bool], **more: object) -> Figure:
    picked = {group: [score.hit for score in t.faults if pick(score)] for group, t in tallies.items()}
    return Figure(
        section,
        name,
        "%",
        {group: 100 * float(np.mean(hits)) if hits else float("nan") for group, hits in picked.items()},
        {group: len(hits) for group, hits in picked.items()},
        **more,  # type: ignore[arg-type]
    )


def _median(strides: list[float]) -> float:
    return float(np.median(strides)) if strides else float("nan")


def _median_strides(fault: str, tallies: Tallies, goal: float) -> Figure:
    strides = {g: [s.strides for s in t.faults if s.injected.fault == fault and s.hit] for g, t in tallies.items()}
    simple = {f"simple rule {g}": _median([s.strides for s in t.simple if s.hit]) for g, t in tallies.items()}
    return Figure(
        RUNS,
        f"{fault} strides to decision, median",
        "",
        {group: _median(values) for group, values in strides.items()},
        {group: len(values) for group, values in strides.items()},
        ("<=", goal),
        simple if fault == "tuck" else {},
    )


def _simple_share(tallies: Tallies, depth_deg: float) -> dict[str, float]:
    hits = {g: [s.hit for s in t.simple if s.injected.depth_deg == depth_deg] for g, t in tallies.items()}
    return {f"simple rule {g}": 100 * float(np.mean(h)) if h else float("nan") for g, h in hits.items()}


def tuck_figures(tallies: Tallies) -> list[Figure]:
    """Hits by depth, and strides to decision."""
    figures = [
        _share(
            RUNS,
            f"tuck hits at {depth:g} deg",
            tallies,
            lambda s, depth=depth: s.injected.fault == "tuck" and s.injected.depth_deg == depth,
            goal=(">=", TUCK_GOALS[depth]),
            peers=_simple_share(tallies, depth),
        )
        for depth in TUCK_DEPTHS_DEG
    ]
    return [*figures, _median_strides("tuck", tallies, 7.0)]


def pullback_figures(tallies: Tallies) -> list[Figure]:
    """Hits by depth and by width of the bump, wrong sides, and strides to decision."""
    pull = {g: [s for s in t.faults if s.injected.fault == "pullback"] for g, t in tallies.items()}
    figures = [
        _share(
            RUNS,
            f"pullback hits at {depth:g} deg",
            tallies,
            lambda s, depth=depth: s.injected.fault == "pullback" and s.injected.depth_deg == depth,
            goal=(">=", PULLBACK_GOALS[depth]),
        )
        for depth in PULLBACK_DEPTHS_DEG
    ]
    figures += [
        _share(
            RUNS,
            f"pullback hits, bump {width:g} % wide at half height",
            tallies,
            lambda s, width=width: s.injected.fault == "pullback" and s.injected.width_pct == width,
        )
        for width in WIDTHS_PCT
    ]
    wrong = {g: 100 * float(np.mean([s.wrong_side for s in p])) if p else float("nan") for g, p in pull.items()}
    counts = {g: len(p) for g, p in pull.items()}
    figures.append(Figure(RUNS, "pullback wrong side", "%", wrong, counts, ("<=", 2.0)))
    return [*figures, _median_strides("pullback", tallies, 11.0)]


def mixed_figures(tallies: Tallies) -> list[Figure]:
    """Hits where tuck and pullback occur at the same time."""
    return [
        _share(RUNS, f"{fault} hits, both faults at once", tallies, lambda s, fault=fault: s.injected.fault == fault)
        for fault in ("tuck", "pullback")
    ]


def _per_hour(name: str, tallies: Tallies, faults: tuple[str, ...], goal: float | None) -> Figure:
    return Figure(
        FALSE,
        name,
        "1/h",
        {group: t.false.per_hour(*faults) for group, t in tallies.items()},
        {group: sum(t.false.found[fault] for fault in faults) for group, t in tallies.items()},
        None if goal is None else ("<=", goal),
    )


def false_figures(kind: str, tallies: Tallies) -> list[Figure]:
    """False tucks and pullbacks an hour; for clean runs and slips also the faults that are shown but not cued."""
    goals = (0.0, 0.5) if kind == "clean" else (CONTROL_GOALS.get(kind),) * 2
    figures = [
        _per_hour(f"{kind}: {fault}", tallies, (fault,), goal)
        for fault, goal in zip(("tuck", "pullback"), goals, strict=True)
    ]
    if kind in ("clean", "slip", "slow_slip"):
        figures.append(_per_hour(f"{kind}: rigid or held (shown only)", tallies, ("rigid", "held"), None))
    return figures


def tilt_figures(many: list[Tallies]) -> list[Figure]:
    """RMSE of stride tilt, and of its change since the baseline, next to VQF's."""
    figures = []
    for name, ours, theirs, goal in (
        ("stride tilt RMSE", "tilt_deg", "vqf_tilt_deg", 0.30),
        ("stride tilt change RMSE", "change_deg", "vqf_change_deg", 0.15),
    ):
        values, counts, peers = {}, {}, {}
        for group in GROUPS:
            errors = [e for tallies in many for e in getattr(tallies[group], ours)]
            peer = [e for tallies in many for e in getattr(tallies[group], theirs)]
            values[group] = rms(np.concatenate(errors)) if errors else float("nan")
            peers[f"VQF {group}"] = rms(np.concatenate(peer)) if peer else float("nan")
            counts[group] = sum(map(len, errors))
        figures.append(Figure(TILT, name, "deg", values, counts, ("<=", goal), peers if HAS_VQF else {}))
    return figures


def bookkeeping(many: dict[str, Tallies]) -> list[Figure]:
    """Numbers of runs, of runs without a baseline (left out of the figures above), and of runs not analysed."""
    figures = []
    for name, pick in (
        ("runs", lambda t: t.runs),
        ("runs without a baseline, not scored", lambda t: len(t.no_baseline)),
        ("runs that could not be analysed", lambda t: len(t.failed)),
    ):
        values = {g: float(sum(pick(tallies[g]) for tallies in many.values())) for g in GROUPS}
        figures.append(Figure("Runs", name, "", values))
    return figures


def run_sections(
    quick: bool, seed: int, note: Callable[[str], None], wearings: Iterable[str] = WEARINGS
) -> Iterator[Figure]:
    """All figures from semi-synthetic runs, for each way of wearing the clip: the runs differ in nothing else."""
    for wearing in wearings:

        def noted(text: str, wearing: str = wearing) -> None:
            note(f"{wearing} clip: {text}")

        for figure in _wearing_figures(quick, seed, noted, wearing):
            yield replace(figure, section=f"{figure.section}, {wearing} clip")


def _wearing_figures(quick: bool, seed: int, note: Callable[[str], None], wearing: str) -> Iterator[Figure]:
    many: dict[str, Tallies] = {}
    for kind, figures in (("tuck", tuck_figures), ("pullback", pullback_figures), ("mixed", mixed_figures)):
        many[kind] = tally(fault_cases(kind, quick, seed, wearing), note)
        yield from figures(many[kind])
    many["clean"] = tally(clean_cases(quick, seed, wearing), note)
    yield from false_figures("clean", many["clean"])
    for control in CONTROLS:
        many[control] = tally(control_cases(control, quick, seed, wearing), note)
        yield from false_figures(control, many[control])
    yield from tilt_figures([many["tuck"], many["clean"]])
    yield from bookkeeping(many)
