"""The simulated trunk compared with its norms and its own truth, and the second clip's clock and gaps."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from untuck.model import RIGHT, Floats
from untuck.simulate.imu import Mount, Noise
from untuck.simulate.runner import Phase, Scenario, simulate
from untuck.simulate.trunk import SHIRT, STRAP, SimulatedPair, TrunkClip, simulate_pair

STEADY = Scenario((Phase("stand", 4), Phase("run", 25, 3.4), Phase("stand", 3)))
CHANGED = Scenario((Phase("stand", 4), Phase("run", 14), Phase("run", 14, tuck_deg=-5.0, lean_deg=3.0)))
IDEAL = TrunkClip(Mount(), Noise.none())


def stride_mean(pair: SimulatedPair, values: Floats, first_s: float, last_s: float) -> Floats:
    """(S,) mean of values (N,) over each stride between two times."""
    contacts, time_s = pair.pelvis.truth.contacts, pair.truth.time_s
    right_s = contacts["time_s"][contacts["side"] == RIGHT]
    right_s = right_s[(right_s > first_s) & (right_s < last_s)]
    return np.array([values[(time_s >= a) & (time_s < b)].mean() for a, b in pairwise(right_s)])


def test_pelvis_is_that_of_a_run_with_one_clip() -> None:
    one, two = simulate(STEADY, seed=3), simulate_pair(STEADY, seed=3)
    for name in ("time_s", "gyr_rad_s", "acc_m_s2"):
        assert getattr(one.samples, name).tobytes() == getattr(two.pelvis.samples, name).tobytes()


def test_lean_has_the_published_mean_and_spread_between_runners() -> None:
    pairs = [simulate_pair(STEADY, seed, clip=IDEAL) for seed in range(24)]
    lean = np.array([stride_mean(pair, pair.truth.lean_deg, 8.0, 27.0).mean() for pair in pairs])
    assert lean.mean() == pytest.approx(7.3, abs=2.0)  # 24 of SD 3.6: SE 0.7
    assert 2.4 < lean.std(ddof=1) < 4.8


def test_trunk_turns_and_bends_against_the_pelvis() -> None:
    for seed in range(4):
        pair = simulate_pair(STEADY, seed, clip=IDEAL)
        truth, pelvis = pair.truth, pair.pelvis.truth
        steady = (truth.time_s > 8.0) & (truth.time_s < 27.0)
        for trunk, hips in (
            (truth.rotation_deg, pelvis.rotation_deg),
            (truth.obliquity_deg, pelvis.obliquity_deg),
        ):
            assert np.corrcoef(trunk[steady], hips[steady])[0, 1] < -0.5
        ranges = [np.ptp(v[steady][:80]) for v in (truth.lean_deg, truth.obliquity_deg, truth.rotation_deg)]
        assert all(least < seen < most for seen, least, most in zip(ranges, (3, 3, 10), (10, 9, 26), strict=True))


def test_change_of_lean_and_tilt_is_the_scenarios() -> None:
    pair = simulate_pair(CHANGED, seed=5, clip=IDEAL)
    before, after = (
        np.array([stride_mean(pair, values, *span).mean() for values in (pair.truth.lean_deg, pair.truth.lumbar_deg)])
        for span in ((7.0, 18.0), (20.0, 32.0))
    )
    assert after - before == pytest.approx([3.0, 2.0], abs=0.7)  # the runner's own wandering is in it


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"tuck_deg": 6.0}, [("tuck", 6.0)]),
        ({"tuck_deg": -6.0}, [("arch", 6.0)]),
        ({"tuck_deg": -6.0, "lean_deg": 6.0}, []),
        ({"tuck_deg": 5.0, "lean_deg": 4.0}, [("bent", 9.0), ("tuck", 5.0)]),
        ({"tuck_deg": 5.0, "lean_deg": -5.0}, [("upright", 5.0), ("tuck", 5.0)]),
    ],
)
def test_faults_of_both_clips(changes: dict[str, float], found: list[tuple[str, float]]) -> None:
    scenario = Scenario((Phase("stand", 4), Phase("run", 9, **changes)))
    assert [(fault.fault, fault.depth_deg) for fault in scenario.faults(trunk=True)] == found


def test_clock_and_gaps_of_the_second_clip() -> None:
    clip = replace(STRAP, offset_s=0.25, drift_ppm=50.0)
    pair = simulate_pair(STEADY, seed=1, clip=clip, gaps=((10.0, 2.0),))
    true_s, stamps = pair.truth.time_s, pair.trunk.time_s
    assert stamps == pytest.approx(0.25 + true_s * (1 + 50e-6))
    assert not ((true_s >= 10.0) & (true_s < 12.0)).any() and len(true_s) == len(pair.pelvis.samples) - 200


def test_shirt_moves_more_than_strap() -> None:
    ways = {}
    for name, clip in (("strap", STRAP), ("shirt", SHIRT)):
        imu = simulate_pair(STEADY, seed=2, clip=clip).truth.imu
        ways[name] = np.degrees(np.ptp(np.unwrap(np.arccos(np.clip(_fixed(imu.quat, imu.pelvis_quat), -1, 1)))[1000:]))
    assert 0.5 < ways["strap"] < ways["shirt"] < 20.0


def _fixed(sensor: Floats, trunk: Floats) -> Floats:
    """(N,) cosine of half the turn of the sensor against the trunk."""
    dot: Floats = np.abs((sensor * trunk).sum(axis=1))
    return dot
