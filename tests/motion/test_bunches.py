"""Stamps in bunches: named as such and spaced evenly, with their gaps; others are left alone."""

from __future__ import annotations

import numpy as np
import pytest
from bench.lib.injections import stamps_with_jitter

import untuck
from untuck.errors import SamplesError
from untuck.model import Floats
from untuck.motion.bunches import spread_ties, without_bunches
from untuck.samples import Samples
from untuck.simulate.runner import simulate

COUNT = 6000


def samples_at(stamps_s: Floats) -> Samples:
    rows = len(stamps_s)
    return Samples(spread_ties(stamps_s), np.zeros((rows, 3)), np.tile([0.0, 9.81, 0.0], (rows, 1)))


def on_arrival(true_s: Floats, packet_s: float, late_s: float = 0.0, seed: int = 0) -> Floats:
    """Each sample has the time at which its packet arrived, late by an exponential time with this mean."""
    packet = np.floor(true_s / packet_s).astype(int)
    delay_s = np.random.default_rng(seed).exponential(late_s, packet[-1] + 1) if late_s else np.zeros(packet[-1] + 1)
    return np.maximum.accumulate((packet + 1) * packet_s + delay_s[packet])


def error_s(stamps_s: Floats, true_s: Floats) -> Floats:
    """How far evened times are from the true ones, apart from a constant."""
    off = without_bunches(samples_at(stamps_s)).samples.time_s - true_s
    return np.abs(off - np.median(off))


@pytest.mark.parametrize("rate_hz", [50.0, 100.0, 256.0])
@pytest.mark.parametrize("packet_s", [0.04, 0.1, 1.0])
def test_packets_that_are_stamped_on_arrival_are_spaced_evenly(rate_hz: float, packet_s: float) -> None:
    true_s = 0.001 + np.arange(COUNT) / rate_hz
    assert error_s(on_arrival(true_s, packet_s), true_s).max() < 0.25 / rate_hz
    assert error_s(on_arrival(true_s, packet_s, late_s=0.01), true_s).max() < 0.005


def test_what_was_done_is_said_with_numbers() -> None:
    note = without_bunches(samples_at(on_arrival(np.arange(COUNT) / 100, 0.1))).note
    assert "bunches of about 10 samples" in note and "evenly, at 100 Hz" in note


def test_stamps_a_millisecond_apart_within_a_packet() -> None:
    true_s = np.arange(COUNT) / 100
    packet = np.floor(true_s * 10) / 10
    stamps_s = packet + 0.001 * (np.arange(COUNT) - np.searchsorted(packet, packet))
    assert error_s(np.sort(stamps_s), true_s).max() < 1e-3


def test_gaps_stay_gaps() -> None:
    true_s = np.arange(COUNT) / 100
    kept = np.ones(COUNT, bool)
    kept[1500:1550] = kept[4000:4400] = False
    stamps_s = on_arrival(true_s, 0.1, late_s=0.01)[kept]
    assert error_s(stamps_s, true_s[kept]).max() < 0.02
    assert "2 gaps were kept" in without_bunches(samples_at(stamps_s)).note


def test_a_clock_that_drifts_is_followed() -> None:
    true_s = np.arange(COUNT) / 100 * 1.0005
    assert error_s(on_arrival(true_s, 0.1), true_s).max() < 2.5e-3


def test_packets_that_come_too_unevenly_are_refused() -> None:
    with pytest.raises(SamplesError, match=r"bunches.*ms off an even clock.*--rate"):
        without_bunches(samples_at(on_arrival(np.arange(COUNT) / 100, 0.1, late_s=0.5)))


@pytest.mark.parametrize("share", [0.0, 0.2, 0.45])
def test_stamps_with_jitter_are_left_to_the_clock(share: float) -> None:
    stamps_s = stamps_with_jitter(np.arange(COUNT) / 100, share / 100, np.random.default_rng(1))
    found = without_bunches(samples_at(stamps_s))
    assert found.note == ""
    np.testing.assert_array_equal(found.samples.time_s, stamps_s)


def test_equal_stamps_are_spread_and_others_stay() -> None:
    even_s = np.arange(50) / 100
    assert spread_ties(even_s) is even_s
    spread_s = spread_ties(np.array([0.0, 0.0, 0.0, 1.0, 1.0, 2.0]))
    assert (np.diff(spread_s) > 0).all()
    np.testing.assert_allclose(spread_s, [0, 0, 0, 1, 1, 2], atol=1e-4)


def test_faults_are_found_with_stamps_in_bunches() -> None:
    samples = simulate(seed=3).samples
    stamps_s = spread_ties(on_arrival(samples.time_s - samples.time_s[0], 0.1))
    run = untuck.analyse(Samples(stamps_s, samples.gyr_rad_s, samples.acc_m_s2))
    assert [(finding.fault, finding.side) for finding in run.findings] == [("tuck", 0), ("pullback", 1)]
    assert [text.split(":")[0][:11] for text in run.warnings] == ["Time stamps"]
