"""The full path on real motion: recorded runner -> virtual IMU -> simulated BNO085 -> firmware -> radio -> pipeline.

Strides, contacts and sides are compared with the treadmill's force plates, every sample with the virtual IMU's. One
runner at each speed, and a simulated one; UNTUCK_ALL_RUNNERS=1 runs all 13 at all three speeds.
"""

from __future__ import annotations

import asyncio
import os

import numpy as np
import pytest
from numpy.typing import NDArray
from virtual_clip.clip import VirtualClip
from virtual_clip.stream_checks import QUICK

import untuck
from conftest import data_dir
from untuck import wire
from untuck.model import LEFT, RIGHT
from untuck.motion.decode import Decoder
from untuck.run_results import Run
from untuck.samples import Samples
from untuck.simulate.imu import fill_gaps
from untuck.simulate.runner import simulate
from untuck.simulate.scenario import HINGE_S, Phase, Scenario
from untuck.sources.ble import BleSource
from virtual_clip import stream_checks

RATE_HZ = 100
SPEED = 4  # times as fast as the clock, at most
MARKER_HZ = 150.0
LONGEST_S = 900.0  # of the clock for one recording: beyond it something hangs
FEW = (("RBDS001", "T25"), ("RBDS014", "T35"), ("RBDS026", "T45"))
RUNNERS = tuple(
    f"RBDS0{number}" for number in ("01", "10", "12", "14", "16", "18", "20", "22", "24", "26", "28", "4", "8")
)
ALL = tuple((runner, trial) for trial in ("T25", "T35", "T45") for runner in RUNNERS)
CASES = ALL if os.environ.get("UNTUCK_ALL_RUNNERS") else FEW
NEAR_S = 0.08  # a contact within this of the plate's is that contact
FIRST_STEPS_S = 0.8  # of a simulated run, whose plates record only full steps: two of them
EDGE_S = 0.5  # so near the ends a contact cannot be detected: no flight before it, or no push-off after it


async def carry(fed: Samples) -> tuple[Samples, Run]:
    """Samples as the host receives them, and their live analysis, packet by packet."""
    untuck.analyse(fed)  # compiles now: later it would stop the simulated sensor's bus
    decoder, pipeline = Decoder(), untuck.Pipeline(keep_samples=True)
    parts: list[Samples] = []
    stopped = False
    async with (
        asyncio.timeout(LONGEST_S),
        VirtualClip(fed, speed=SPEED) as clip,
        BleSource(RATE_HZ, backend=clip.backend, timeouts=QUICK) as source,
    ):
        async for packet in source.packets():
            part = decoder.push([packet.data])[: len(fed) - sum(map(len, parts))]
            parts.append(part)
            pipeline.push(part)
            if decoder.samples >= len(fed) and not stopped:
                stopped = True
                await source.stop()
        assert (source.lost, source.corrupt, source.reconnects) == (0, 0, 0)
    assert (decoder.corrupt, decoder.lost, decoder.gaps, decoder.resets, decoder.overruns) == (0, 0, 0, 0, 0)
    pipeline.finish()
    fields = [np.concatenate([getattr(part, name) for part in parts]) for name in ("time_s", "gyr_rad_s", "acc_m_s2")]
    quats = [part.quat for part in parts if part.quat is not None]
    return Samples(*fields, np.concatenate(quats) if quats else None, parts[-1].acc_end_m_s2), pipeline.run()


def assert_carried(received: Samples, fed: Samples) -> None:
    """No sample is lost or changed, beyond rounding to the chip's integers; time is as even as the chip's stamps."""
    want = stream_checks.fed(fed)
    has_quat = want[:, :4].any()
    _, acc_scale, gyr_scale, *_ = wire.SENSORS[wire.SENSOR_BNO085 if has_quat else wire.SENSOR_ICM45686]
    assert (received.quat is not None) == has_quat
    quat = np.zeros((len(received), 4)) if received.quat is None else received.quat
    scaled = [quat * wire.QUAT_SCALE, received.acc_m_s2 * acc_scale, received.gyr_rad_s * gyr_scale]
    np.testing.assert_array_equal(np.hstack(scaled), want)
    drift_s = (received.time_s - received.time_s[0]) - (fed.time_s - fed.time_s[0])
    assert np.abs(drift_s - drift_s.mean()).max() < 0.001


def assert_same(live: Run, batch: Run) -> None:
    """Equal to the bit."""
    for name in ("time_s", "quat", "tilt_deg", "obliquity_deg", "rotation_deg", "contacts", "strides"):
        a, b = getattr(live, name), getattr(batch, name)
        assert a.tobytes() == b.tobytes(), name
    assert live.findings == batch.findings and live.cues == batch.cues and live.warnings == batch.warnings


def assert_as_on_the_plates(run: Run, times_s: NDArray[np.float64], sides: NDArray[np.int64], end_s: float) -> None:
    """Every contact away from the ends is found, once, on its side; the number of strides is that of the plates."""
    found_s = run.contacts["time_s"] - run.time_s[0]
    nearest = np.abs(times_s[None, :] - found_s[:, None]).argmin(axis=1)
    near = np.abs(times_s[nearest] - found_s) < NEAR_S
    recorded = (found_s > times_s[0]) | (found_s < times_s[0] - FIRST_STEPS_S)
    assert _at_the_ends(found_s[~near & recorded], end_s), "contacts that the plates did not see"
    assert len(set(nearest[near].tolist())) == near.sum()
    assert (sides[nearest] == run.contacts["side"])[near].all()
    missed = np.setdiff1d(np.arange(len(times_s)), nearest[near])
    assert _at_the_ends(times_s[missed], end_s), "contacts of the plates that were not found"
    right_s = found_s[run.contacts["side"] == RIGHT]
    assert len(run.strides) == len(right_s) - 1
    inner = (times_s >= right_s[0] - NEAR_S) & (times_s <= right_s[-1] + NEAR_S) & (sides == RIGHT)
    cut = int((~near[run.contacts["side"] == RIGHT]).sum())  # at an end, where the plates' own record is cut
    assert len(run.strides) == int(inner.sum()) + cut - 1


def _at_the_ends(times_s: NDArray[np.float64], end_s: float) -> bool:
    return bool(((times_s < EDGE_S) | (times_s > end_s - EDGE_S)).all())


@pytest.mark.data
@pytest.mark.parametrize(("runner", "trial"), CASES)
async def test_recorded_runner_through_the_whole_line(runner: str, trial: str) -> None:
    fields = np.load(data_dir("fukuchi", f"fukuchi_{trial}.npz"))
    quat, place = fill_gaps(
        fields[f"{runner}/pelvis_quat"], fields[f"{runner}/sacrum_pos_mm"] / 1000, fields[f"{runner}/pelvis_gap"]
    )[:2]
    fed, _ = untuck.virtual_imu(quat, place, MARKER_HZ, output_rate_hz=RATE_HZ)
    received, live = await carry(fed)
    assert_carried(received, fed)
    assert_same(live, untuck.analyse(received))
    sides = np.where(fields[f"{runner}/side"] == 1, RIGHT, LEFT)
    assert_as_on_the_plates(live, fields[f"{runner}/fs_t"], sides, fed.time_s[-1])
    plates = int((sides == RIGHT).sum()) - 1
    print(
        f"{runner} {trial}: {len(fed)} samples, {len(live.contacts)} contacts, {len(live.strides)} strides ({plates})"
    )


async def test_simulated_runner_through_the_whole_line() -> None:
    scenario = Scenario((Phase("stand", 7.0), Phase("hinge", 3 * HINGE_S), Phase("stand", 2.0), Phase("run", 25.0)))
    simulated = simulate(scenario, seed=5, rate_hz=RATE_HZ)
    received, live = await carry(simulated.samples)
    assert_carried(received, simulated.samples)
    assert_same(live, untuck.analyse(received))
    assert live.calibration.source == "stand+hinges"
    truth = simulated.truth
    assert_as_on_the_plates(live, truth.contacts["time_s"], truth.contacts["side"], simulated.samples.time_s[-1])
