"""Simulated runs with two clips and known faults of the spine, analysed and scored: angles, faults, delays.

Every seed is another runner with other clips. Seeds from JUDGE_FROM on are held out: they choose no constant. (Those
from 100 on were, until one of them showed that lean which wanders during a tuck was called bent.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

import untuck
from bench.lib.semisynthetic import WEARINGS
from untuck.model import Floats
from untuck.run_results import Run
from untuck.simulate.imu import Mount
from untuck.simulate.scenario import Phase, Scenario, TrueFault
from untuck.simulate.trunk import SHIRT, STRAP, SimulatedPair, TrunkClip, simulate_pair

JUDGE_FROM = 200
SPINE = ("arch", "bent", "upright")
BASELINE_STRIDES = 60
GRACE_S = 3.0  # after a fault's end a decision still counts, because its strides were within the fault
BEFORE = (Phase("stand", 7.0), Phase("hinge", 10.5), Phase("stand", 2.5))
FAULT_S, REST_S, WARM_S = 25.0, 20.0, 55.0
# name, change of tuck and of lean per degree, and what is to be found
KINDS: dict[str, tuple[float, float, frozenset[str]]] = {
    "tuck": (1.0, 0.0, frozenset({"tuck"})),
    "arch": (-1.0, 0.0, frozenset({"arch"})),
    "lean lost": (0.0, -1.0, frozenset({"arch", "upright"})),
    "bent": (0.5, 0.5, frozenset({"bent", "tuck"})),
    "tipped, trunk follows": (-1.0, 1.0, frozenset()),
}
NEEDED = {"lean lost": "upright", "bent": "bent"}  # of several: without it the fault is missed
CLIPS = ("bad", "strap", "shirt")


def clips(name: str, seed: int) -> tuple[TrunkClip, TrunkClip]:
    """The clips of pelvis and trunk: "bad" as in the other benches, or a worn one with a "strap" or a "shirt"."""
    rng = np.random.default_rng([seed, 30])
    bad, worn = WEARINGS["bad"], WEARINGS["worn"]
    if name == "bad":
        pelvis = TrunkClip(bad.mount(rng), bad.noise)
        return pelvis, TrunkClip(_pitched(bad.mount(rng)), bad.noise, offset_s=float(rng.uniform(-0.005, 0.005)))
    pelvis = TrunkClip(worn.mount(rng), worn.noise, worn.clip_share)
    trunk = STRAP if name == "strap" else SHIRT
    return pelvis, replace(trunk, noise=worn.noise, offset_s=float(rng.uniform(-0.005, 0.005)))


def _pitched(mount: Mount) -> Mount:
    """On the slope of the upper back."""
    return replace(mount, pitch_deg=mount.pitch_deg - 18.0)


def fault_scenario(size_deg: float, rng: np.random.Generator, speed_m_s: float) -> tuple[Scenario, list[str]]:
    """Every kind of fault once, in random order, with a rest after each; and their names."""
    names = list(rng.permutation(list(KINDS)))
    phases = [Phase("run", WARM_S, speed_m_s)]
    for name in names:
        tuck, lean, _ = KINDS[name]
        phases.append(Phase("run", FAULT_S, speed_m_s, tuck_deg=tuck * size_deg, lean_deg=lean * size_deg))
        phases.append(Phase("run", REST_S, speed_m_s))
    return Scenario((*BEFORE, *phases, Phase("stand", 3.0))), names


def clean_scenario(minutes: float, speed_m_s: float) -> Scenario:
    """Running without faults, a little faster and slower in turn, as people run."""
    parts = [Phase("run", 120.0, speed_m_s + change) for change in (0.0, 0.1, -0.1)]
    count = max(1, round(minutes / 2.0))
    return Scenario((*BEFORE, *(parts[k % 3] for k in range(count)), Phase("stand", 3.0)))


@dataclass
class TrunkScore:
    """Sums over runs. errors_deg: per stride of lean, its change since the first 60, and the same of lumbar extension.

    told: by kind, events that were found as they are and not as another fault, and all; delays: strides from onset to
    decision, by fault; false: findings outside faults; hours: of running; unmeasured: strides without a trunk.
    """

    errors_deg: list[Floats] = field(default_factory=list)
    told: Counter[tuple[str, bool]] = field(default_factory=Counter)
    delays: dict[str, list[float]] = field(default_factory=dict)
    false: Counter[str] = field(default_factory=Counter)
    hours: float = 0.0
    unmeasured: int = 0
    strides: int = 0

    def share_pct(self, *kinds: str) -> tuple[float, int]:
        """Share of the events of these kinds that were told apart, and their number."""
        good, bad = (sum(self.told[kind, told] for kind in kinds) for told in (True, False))
        return (100.0 * good / (good + bad) if good + bad else float("nan")), good + bad

    def rmse_deg(self) -> Floats:
        """(4,) of lean, change of lean, lumbar extension, its change."""
        squares: Floats = np.sqrt((np.concatenate(self.errors_deg) ** 2).mean(axis=0))
        return squares


def score_faults(size_deg: float, seeds: Sequence[int], clip: str) -> TrunkScore:
    """Runs with every kind of fault of one size."""
    score = TrunkScore()
    for seed in seeds:
        rng = np.random.default_rng([seed, 31])
        scenario, names = fault_scenario(size_deg, rng, float(rng.uniform(2.8, 3.8)))
        pair, run = _analysed(scenario, seed, clip)
        _add(score, pair, run)
        starts = scenario.starts_s()[len(BEFORE) + 1 :: 2]
        for name, start_s in zip(names, starts, strict=False):
            _tell(score, run, TrueFault(name, 0, float(start_s), float(start_s) + FAULT_S, size_deg))
    return score


def score_clean(minutes: float, seeds: Sequence[int], clip: str) -> TrunkScore:
    """Runs without faults."""
    score = TrunkScore()
    for seed in seeds:
        speed_m_s = float(np.random.default_rng([seed, 32]).uniform(2.8, 3.8))
        scenario = clean_scenario(minutes, speed_m_s)
        pair, run = _analysed(scenario, seed, clip)
        _add(score, pair, run)
        score.false.update(finding.fault for finding in run.findings)
        score.hours += float((pair.pelvis.truth.running).mean()) * scenario.duration_s / 3600.0
    return score


def _analysed(scenario: Scenario, seed: int, clip: str) -> tuple[SimulatedPair, Run]:
    pelvis, trunk = clips(clip, seed)
    pair = simulate_pair(scenario, seed, clip=trunk, pelvis=pelvis)
    return pair, untuck.analyse(pair.pelvis.samples, trunk=pair.trunk)


def _add(score: TrunkScore, pair: SimulatedPair, run: Run) -> None:
    good = run.strides[run.strides["valid"]]
    score.strides += len(good)
    score.unmeasured += int((good["trunk_reason"] != "").sum())
    good = good[good["trunk_reason"] == ""]
    if len(good) <= BASELINE_STRIDES:
        return
    error = np.stack(list(_errors_deg(pair, good)))
    change = error - error[:BASELINE_STRIDES].mean(axis=0)
    both = np.stack([error[:, 0], change[:, 0], error[:, 1], change[:, 1]], axis=1)
    score.errors_deg.append(both[BASELINE_STRIDES:])


def _errors_deg(pair: SimulatedPair, strides: np.ndarray) -> Iterator[Floats]:
    """(2,) error of the stride mean of lean and of lumbar extension, stride after stride."""
    time_s, truth = pair.truth.time_s, pair.truth
    for row in strides:
        first, last = np.searchsorted(time_s, [row["start_s"], row["start_s"] + row["duration_s"]])
        true = np.array([truth.lean_deg[first:last].mean(), truth.lumbar_deg[first:last].mean()])
        yield np.array([row["trunk_lean_deg"], row["lumbar_deg"]]) - true


def _tell(score: TrunkScore, run: Run, fault: TrueFault) -> None:
    """Whether what was decided within a fault is what it is."""
    decided = {f.fault: f for f in run.findings if fault.start_s <= f.decided_s <= fault.end_s + GRACE_S}
    expected = KINDS[fault.fault][2]
    needed = {NEEDED.get(fault.fault, next(iter(expected), ""))} - {""}
    found = set(decided) & {"tuck", *SPINE}
    score.told[fault.fault, needed <= found <= expected] += 1
    stride_s = float(np.median(run.strides["duration_s"]))
    for name in needed & found:
        delay = (decided[name].decided_s - fault.start_s) / stride_s
        score.delays.setdefault(fault.fault, []).append(delay)
