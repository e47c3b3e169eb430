"""The simulated runner compared with its norms, its own truth, and recorded runners.

Bounds are the published or measured figures of docs/algorithms.md, with the scatter between runners. The analysis of
simulated runs is tested in motion/test_pipeline.py.
"""

import asyncio
import time
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.signal import butter, lfilter
from scipy.spatial.transform import Rotation

from conftest import data_dir
from untuck import wire
from untuck.errors import SamplesError
from untuck.model import LEFT, RIGHT
from untuck.motion.decode import Decoder
from untuck.samples import Samples
from untuck.simulate.imu import Mount, Noise, fill_gaps, virtual_imu
from untuck.simulate.packets import pack
from untuck.simulate.runner import Phase, Scenario, simulate
from untuck.simulate.source import RunnerSource

SEEDS = range(4)
NORMS = {  # m/s: cadence, contact ms, tilt, obliquity range, rotation range
    2.5: (160, 270, 4.3, 10.6, 8.5),
    3.5: (171, 223, 6.0, 12.8, 11.2),
    4.5: (184, 195, 6.7, 15.2, 13.9),
}


def steady(speed_m_s=3.3, seconds=30.0, **changes):
    return Scenario((Phase("stand", 4), Phase("run", seconds, speed_m_s, **changes), Phase("stand", 3)))


def ideal(scenario, seed=0, rate_hz=200):
    return simulate(scenario, seed, rate_hz, Mount(), Noise.none())


def vertical_g(run):
    turn = Rotation.from_quat(run.truth.imu.quat, scalar_first=True)
    return turn.apply(run.samples.acc_m_s2)[:, 2] / 9.80665 - 1


def right_contacts_s(truth, start_s=8.0, end_s=1e9):
    right = truth.contacts[truth.contacts["side"] == RIGHT]["time_s"]
    return right[(right > start_s) & (right < end_s)]


def curves(run, values, start_s=8.0, end_s=33.0):
    """(strides, 100) of values (N,) over each stride, right contact first."""
    right_s = right_contacts_s(run.truth, start_s, end_s)
    phase = np.arange(100) / 100
    return np.array([np.interp(a + phase * (b - a), run.truth.time_s, values) for a, b in pairwise(right_s)])


def detrended(curve):
    line = np.outer(curve[:, -1] - curve[:, 0], np.arange(100) / 99)
    return curve - line - (curve - line).mean(axis=1, keepdims=True)


@pytest.mark.parametrize("speed_m_s", NORMS)
def test_norms_are_met(speed_m_s):
    cadence, contact_ms, tilt, obliquity, rotation = NORMS[speed_m_s]
    found = []
    for seed in SEEDS:
        run = ideal(steady(speed_m_s), seed)
        truth, middle = run.truth, slice(20, -10)
        tilts, sides = curves(run, truth.tilt_deg), curves(run, truth.obliquity_deg)
        turns = detrended(curves(run, truth.rotation_deg))
        found.append(
            [
                120 / np.diff(right_contacts_s(truth, 8, 33)).mean(),
                (truth.contacts["toe_off_s"] - truth.contacts["time_s"])[middle].mean() * 1000,
                tilts.mean(),
                np.ptp(tilts, axis=1).mean(),
                np.ptp(sides, axis=1).mean(),
                np.ptp(turns, axis=1).mean(),
                tilts.mean(axis=1).std(),
            ]
        )
    got = np.mean(found, axis=0)
    assert got[0] == pytest.approx(cadence, rel=0.01)
    assert got[1] == pytest.approx(contact_ms, rel=0.02)
    assert got[2] == pytest.approx(tilt, abs=0.3)
    assert 7.5 < got[3] < 9.6  # tilt's range
    np.testing.assert_allclose(got[4:6], [obliquity, rotation], rtol=0.08)
    assert 0.4 < got[6] < 0.75  # stride-mean tilt scatters by 0.5-0.6 deg


def test_hips_swing_in_phase_with_their_own_strides():
    turns = detrended(curves(run := ideal(steady()), run.truth.rotation_deg)).mean(axis=0)
    assert 1 <= turns.argmin() <= 27  # right hip furthest back, per cent of its stride
    assert 51 <= turns.argmax() <= 77  # furthest forward
    assert 2.7 < turns.max() - turns[-1] < 10.3  # and it retracts before contact


def test_flight_is_free_fall_and_impact_is_hard():
    run = ideal(steady())
    curve = curves(run, vertical_g(run))
    assert curve.shape[0] > 30
    force = np.linalg.norm(run.samples.acc_m_s2, axis=1) / 9.80665
    flight = np.zeros(len(force), bool)
    contacts = run.truth.contacts[20:-10]
    for off, strike in zip(contacts["toe_off_s"][:-1], contacts["time_s"][1:], strict=True):
        flight |= (run.truth.time_s > off + 0.02) & (run.truth.time_s < strike - 0.02)
    assert flight.sum() > 400
    assert np.abs(vertical_g(run)[flight] + 1).max() < 0.25
    assert np.median(force[flight]) < 0.6  # the pelvis still sways fore and aft under a falling body
    assert 2.0 < (curve.max(axis=1) + 1).mean() < 3.5


@pytest.mark.parametrize("speed_m_s", NORMS)
def test_contacts_cross_the_level_as_in_recorded_runners(speed_m_s):
    """The 4 Hz low-pass crosses +0.25 g once a step, 76-98 ms after contact; the stance side is then up."""
    run = ideal(steady(speed_m_s))
    numerator, denominator = butter(2, 4, fs=200)
    slow = lfilter(numerator, denominator, vertical_g(run))
    crossing_s = run.truth.time_s[1:][(slow[1:] >= 0.25) & (slow[:-1] < 0.25)]
    contacts = run.truth.contacts[(run.truth.contacts["time_s"] > 8) & (run.truth.contacts["time_s"] < 33)]
    assert len(contacts) > 60
    for contact in contacts:
        after_s = crossing_s - contact["time_s"]
        assert ((after_s > 0) & (after_s < 0.3)).sum() == 1
        assert 0.06 < after_s[after_s > 0].min() < 0.11
        since = run.truth.time_s - contact["time_s"]
        early = run.truth.obliquity_deg[(since > 0.06) & (since < 0.11)].mean()
        mean = run.truth.obliquity_deg[(since > -1.4) & (since < 0)].mean()
        assert np.sign(early - mean) == contact["side"]


def test_waveforms_resemble_recorded_runners():
    data = np.load(data_dir("fukuchi", "fukuchi_T35.npz"))
    recorded = []
    for name in sorted({key.split("/")[0] for key in data.files if "/" in key}):
        read = {key: data[f"{name}/{key}"] for key in ("pelvis_quat", "sacrum_pos_mm", "pelvis_gap", "fs_t", "side")}
        motion = fill_gaps(read["pelvis_quat"], read["sacrum_pos_mm"] / 1000, read["pelvis_gap"])
        samples, truth = virtual_imu(*motion, 150.0, noise=Noise.none())
        turn = Rotation.from_quat(truth.quat, scalar_first=True)
        channels = (turn.apply(samples.acc_m_s2)[:, 2], truth.tilt_deg, truth.obliquity_deg, truth.rotation_deg)
        right_s = read["fs_t"][read["side"] == 1]
        at_s = right_s[:-1, None] + np.arange(100) / 100 * np.diff(right_s)[:, None]
        at_s = at_s[(np.diff(right_s) > 0.5) & (np.diff(right_s) < 0.95)]
        recorded.append([np.interp(at_s, truth.time_s, channel).mean(axis=0) for channel in channels])
    run = ideal(steady(3.5))
    truth = run.truth
    channels = (vertical_g(run), truth.tilt_deg, truth.obliquity_deg, truth.rotation_deg)
    alike = [
        np.corrcoef(curves(run, channel).mean(axis=0), np.mean(recorded, axis=0)[i])[0, 1]
        for i, channel in enumerate(channels)
    ]
    assert len(recorded) == 13
    assert min(alike) > 0.95, alike


def test_standing_is_still_and_hinges_go_forward():
    run = simulate(Scenario.default(), seed=3)
    still = run.samples.time_s < 6.5
    assert np.degrees(np.abs(run.samples.gyr_rad_s[still])).max() < 5
    force = np.linalg.norm(run.samples.acc_m_s2[still], axis=1)
    assert np.abs(force - force.mean()).max() < 0.02 * 9.80665
    hinging = run.truth.tilt_deg[(run.truth.time_s > 7) & (run.truth.time_s < 17.5)]
    peaks = (hinging[1:-1] > hinging[:-2]) & (hinging[1:-1] >= hinging[2:]) & (hinging[1:-1] > 25)
    assert peaks.sum() == 3 and 30 < hinging.max() < 40


def test_the_truth_of_the_default_scenario():
    run = simulate(seed=1)
    truth, scenario = run.truth, Scenario.default()
    assert 120 < scenario.duration_s < 150
    assert [(fault.fault, fault.side) for fault in truth.faults] == [("tuck", 0), ("pullback", RIGHT)]
    right_s = right_contacts_s(truth, 0)
    assert truth.strides == len(right_s) - 1 > 150
    assert (truth.contacts["side"][1:] == -truth.contacts["side"][:-1]).all()
    assert (truth.contacts["toe_off_s"][:-1] < truth.contacts["time_s"][1:]).all()  # flight after every stance
    assert len(truth.tilt_deg) == len(run.samples) == len(truth.running)
    before_s = truth.faults[0].start_s - right_contacts_s(truth, 0)[0]
    assert before_s / 0.71 > 65  # clean strides enough for a baseline


def test_tuck_tips_the_pelvis_backward_only():
    scenario = Scenario((Phase("run", 20), Phase("run", 20, tuck_deg=7.0), Phase("run", 15)))
    clean = Scenario(tuple(replace(phase, tuck_deg=0.0) for phase in scenario.phases))
    tucked, normal = ideal(scenario, 5), ideal(clean, 5)
    shift = tucked.truth.tilt_deg - normal.truth.tilt_deg
    time_s = tucked.truth.time_s
    np.testing.assert_allclose(shift[(time_s > 22) & (time_s < 39.9)], -7, atol=1e-6)
    np.testing.assert_allclose(shift[(time_s < 19.9) | (time_s > 42)], 0, atol=1e-6)
    np.testing.assert_allclose(tucked.truth.rotation_deg, normal.truth.rotation_deg, atol=1e-6)
    np.testing.assert_allclose(tucked.truth.obliquity_deg, normal.truth.obliquity_deg, atol=1e-6)
    assert tucked.truth.faults == (("tuck", 0, 20.0, 40.0, 7.0),)


@pytest.mark.parametrize("side", [LEFT, RIGHT])
def test_pullback_is_a_backward_bump_late_in_that_sides_swing(side):
    scenario, clean = steady(pullback_deg=5.0, side=side), steady()
    shift = ideal(scenario, 2).truth.rotation_deg - ideal(clean, 2).truth.rotation_deg
    mean = curves(ideal(clean, 2), shift).mean(axis=0) * -side  # backward of that hip is positive
    own = np.roll(mean, 0 if side == RIGHT else 50)
    assert 68 <= own.argmax() <= 72 and own.max() == pytest.approx(5, abs=0.1)
    assert 0.10 < (own > 2.5).mean() < 0.25
    assert own[:40].max() < 0.1


def test_rigid_pelvis_and_turns():
    rigid, free = ideal(steady(swing=0.4)), ideal(steady())
    small, large = (np.ptp(curves(run, run.truth.obliquity_deg), axis=1).mean() for run in (rigid, free))
    assert small / large == pytest.approx(0.4, abs=0.02)
    assert rigid.truth.faults[0].fault == "rigid"
    bend = ideal(steady(turn_deg_s=15.0))
    heading = bend.truth.rotation_deg
    assert np.interp(30, bend.truth.time_s, heading) - np.interp(20, bend.truth.time_s, heading) == pytest.approx(
        150, abs=15
    )


def test_walking_has_no_flight():
    run = ideal(Scenario((Phase("stand", 4), Phase("walk", 30, 1.4), Phase("stand", 3))))
    assert vertical_g(run).min() > -0.7 and vertical_g(run).max() < 1.0
    assert len(run.truth.contacts) == 0 and run.truth.strides == 0 and not run.truth.running.any()
    assert 2 < np.ptp(run.truth.tilt_deg[2000:3000]) < 6


@pytest.mark.parametrize("rate_hz", wire.RATES_HZ)
def test_packets_decode_to_the_samples(rate_hz):
    run = simulate(steady(seconds=10), seed=4, rate_hz=rate_hz)
    packets = pack(run.samples, rate_hz)
    decoder = Decoder()
    decoded = decoder.push(packets)
    np.testing.assert_allclose(decoded.time_s, run.samples.time_s, atol=2e-6)
    for name in ("gyr_rad_s", "acc_m_s2", "quat"):
        np.testing.assert_array_equal(getattr(decoded, name), getattr(run.samples, name))
    assert (decoder.lost, decoder.corrupt, decoder.gaps) == (0, 0, 0)
    assert len(packets[0]) == wire.packet_size(wire.SAMPLES_PER_PACKET[rate_hz])


def test_gaps_are_flagged_and_keep_time():
    run = simulate(replace(steady(seconds=10), gaps=((6.003, 0.12), (9.0, 0.3))), seed=4)
    assert np.diff(run.samples.time_s).max() == pytest.approx(0.31, abs=0.011)
    assert len(run.truth.tilt_deg) == len(run.samples)
    decoder = Decoder()
    decoded = decoder.push(pack(run.samples, 100))
    np.testing.assert_allclose(decoded.time_s, run.samples.time_s, atol=2e-6)
    assert decoder.gaps == 2 and decoder.lost == 0


def test_samples_that_the_wire_cannot_carry_are_rejected():
    samples = Samples([0.0, 0.01], np.zeros((2, 3)), np.full((2, 3), 200.0))
    with pytest.raises(SamplesError, match="16 bits"):
        pack(samples, 100)
    with pytest.raises(SamplesError, match="does not stream at 125 Hz"):
        pack(samples, 125)
    with pytest.raises(SamplesError, match="negative"):
        pack(Samples([-0.1, 0.0], np.zeros((2, 3)), np.zeros((2, 3))), 100)
    clipped = Samples([0.0, 0.01], np.zeros((2, 3)), np.full((2, 3), 8 * 9.80665))
    assert wire.unpack_header(pack(clipped, 100)[0])[1] == wire.FLAG_CLIPPED | wire.FLAG_NO_QUAT


def test_source_yields_the_packets_in_order():
    source = RunnerSource(steady(seconds=5), seed=7, realtime=False)

    async def collect():
        return [packet async for packet in source.packets()]

    packets = asyncio.run(collect())
    assert [packet.data for packet in packets] == pack(source.run.samples, 100)
    assert (np.diff([packet.arrival_s for packet in packets]) > 0).all()


def test_the_source_runs_in_real_time():
    source = RunnerSource(Scenario((Phase("stand", 0.6),)), realtime=True)

    async def collect():
        return [packet async for packet in source.packets()]

    begin_s = time.monotonic()
    packets = asyncio.run(collect())
    assert time.monotonic() - begin_s > 0.55
    assert packets[-1].arrival_s - packets[0].arrival_s == pytest.approx(0.55, abs=0.15)


def test_seed_and_minutes():
    a, b, c = (simulate(steady(seconds=5), seed).samples for seed in (1, 1, 2))
    np.testing.assert_array_equal(a.acc_m_s2, b.acc_m_s2)
    assert np.abs(a.acc_m_s2 - c.acc_m_s2).max() > 1
    assert Scenario.default(5).duration_s == pytest.approx(300)
    assert Scenario.default(1).duration_s == Scenario.default().duration_s
    with pytest.raises(ValueError, match="phase"):
        Phase("hop", 3.0)
