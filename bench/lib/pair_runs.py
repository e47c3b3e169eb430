"""What two clips notice about each other and themselves: exchanged clips, a back that bends in the hinges, slips.

Each runner runs for 90 s with bad clips; the same runner without anything wrong shows the false alarms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

import untuck
from bench.lib.trunk_runs import BEFORE, clips
from untuck.run_results import Run
from untuck.simulate.scenario import Phase, Scenario
from untuck.simulate.trunk import HINGE_SHARE, SimulatedPair, TrunkClip, simulate_pair

SLIP_S = 85.0  # after 65 s of running
SLIP_DEG = 7.0, 4.0  # about the right axis, and about the forward one
HINGE_SHARES = {"hinges: back straight": HINGE_SHARE, "hinges: back bent": 1.9, "hinges: chest up, belt tips": 0.5}
ALARMS = {  # part of the warning
    "exchanged": "seem to be swapped",
    "back bent": "the spine bent",
    "trunk slipped": "Upper back: the clip seems to have slipped",
    "pelvis slipped": "The clip seems to have slipped",
}
WRONG = {  # what is wrong, and the alarm that it should give
    "nothing": "",
    "clips exchanged": "exchanged",
    "hinges: back bent": "back bent",
    "hinges: chest up, belt tips": "back bent",
    "trunk's clip slips": "trunk slipped",
    "pelvis's clip slips": "pelvis slipped",
}


def alarms(seeds: Sequence[int]) -> dict[str, Counter[str]]:
    """By what is wrong: how many runs gave each alarm, "runs" how many there were."""
    found: dict[str, Counter[str]] = {wrong: Counter() for wrong in WRONG}
    for seed in seeds:
        for wrong, counts in found.items():
            warnings = _run(wrong, seed).warnings
            counts["runs"] += 1
            counts.update(alarm for alarm, part in ALARMS.items() if any(part in text for text in warnings))
    return found


def _run(wrong: str, seed: int) -> Run:
    speed_m_s = float(np.random.default_rng([seed, 33]).uniform(2.8, 3.8))
    scenario = Scenario((*BEFORE, Phase("run", 90.0, speed_m_s)))
    pelvis, trunk = clips("bad", seed)
    if wrong == "trunk's clip slips":
        trunk = _slipping(trunk, seed)
    if wrong == "pelvis's clip slips":
        pelvis = _slipping(pelvis, seed)
    share = HINGE_SHARES.get(wrong, HINGE_SHARE)
    pair: SimulatedPair = simulate_pair(scenario, seed, clip=trunk, pelvis=pelvis, hinge_share=share)
    first, second = pair.pelvis.samples, pair.trunk
    if wrong == "clips exchanged":
        first, second = second, first
    return untuck.analyse(first, trunk=second)


def _slipping(clip: TrunkClip, seed: int) -> TrunkClip:
    signs = np.random.default_rng([seed, 34]).choice([-1.0, 1.0], 2)
    pitch_deg, roll_deg = signs * SLIP_DEG
    mount = replace(clip.mount, slip_s=SLIP_S, slip_pitch_deg=float(pitch_deg), slip_roll_deg=float(roll_deg))
    return replace(clip, mount=mount)
