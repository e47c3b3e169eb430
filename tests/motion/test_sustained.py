"""A drop of tilt must last: dips of two strides are none, large drops are found sooner than small ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from untuck.motion.form.baseline import Bin
from untuck.motion.form.reference import Usual
from untuck.motion.form.sustained import Drop, SustainedDrop
from untuck.motion.params import Params

P = Params()
OWN = Bin(170.0, 60, 240.0, 6.0, 0.4, 8.0, 8.0, 0.0, 1.0)
USUAL = Usual(bin_number=0, own=OWN, tilt_deg=6.0, tilt_se_deg=0.0, rotation_scatter=1.0)
WANDER_DEG = 0.5


def drops(below_deg: list[float], wander_deg: float = WANDER_DEG) -> list[Drop]:
    test = SustainedDrop(P)
    return [test.push(each, USUAL, 0.2, wander_deg, P) for each in below_deg]


def decided(depth_deg: float) -> int:
    """Strides from the onset of a drop to the first that says on; 99 for none within 40."""
    on = [drop.on for drop in drops([0.0] * 30 + [depth_deg] * 40)][30:]
    return on.index(True) + 1 if any(on) else 99


@given(st.lists(st.floats(0.0, 15.0), min_size=1, max_size=2), st.integers(6, 40))
def test_dips_of_two_strides_are_no_drop(dip: list[float], every: int) -> None:
    below = ([0.0] * every + dip) * 6
    assert not any(drop.on for drop in drops(below))


def test_large_drops_are_found_sooner_and_small_ones_never() -> None:
    assert decided(8.0) <= 5
    assert decided(5.0) <= 10
    assert decided(4.0) <= 20
    assert decided(8.0) <= decided(5.0) <= decided(4.0)
    assert decided(0.9 * P.tuck_on_deg) == 99


def test_what_a_restless_runner_does_by_chance_is_no_drop() -> None:
    rng = np.random.default_rng(3)
    wandering = np.convolve(rng.normal(0.0, 1.6, 4000), np.exp(-np.arange(20) / 4.0), "valid") / 2.0
    assert sum(drop.on for drop in drops(list(wandering), wander_deg=1.0)) < 0.002 * len(wandering)


def test_the_promised_depth_is_larger_than_the_least_and_grows_with_wandering() -> None:
    calm, restless = drops([0.0] * 30)[-1], drops([0.0] * 30, wander_deg=1.5)[-1]
    assert P.tuck_on_deg <= calm.least_deg < calm.promised_deg < restless.promised_deg


def test_a_drop_that_has_ended_is_not_on_although_the_long_medians_still_see_it() -> None:
    after = drops([0.0] * 30 + [6.0] * 14 + [0.0] * 6)[-6:]
    assert not any(drop.on for drop in after[1:])


def test_a_slow_drop_is_said_to_be_slow_and_must_be_larger() -> None:
    ramp = drops(list(np.linspace(0.0, 6.0, 600)))
    first = next(k for k, drop in enumerate(ramp) if drop.on)
    assert ramp[first].slow
    assert ramp[first].below_deg == pytest.approx(P.slow_ratio * ramp[0].least_deg, abs=0.2)
    assert not drops([0.0] * 60 + [6.0] * 10)[-1].slow
