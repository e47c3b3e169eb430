"""A runner with an ICM-45686 in the clip: simulated motion -> registers -> firmware -> radio -> pipeline -> cue."""

from __future__ import annotations

import numpy as np
from virtual_clip.clip import VirtualClip
from virtual_clip.icm45686_frames import packet_values, raw_values
from virtual_clip.stream_checks import QUICK, collect, received

from untuck import wire
from untuck.motion.decode import Decoder
from untuck.motion.pipeline import Pipeline
from untuck.simulate.runner import TYPICAL_NOISE, simulate
from untuck.simulate.scenario import Phase, Scenario
from untuck.sources.ble import BleSource

SENSOR = wire.SENSOR_ICM45686
PHASES = Phase("stand", 12.0), Phase("run", 40.0)


async def test_the_clips_samples_are_the_sensors_and_the_host_finds_the_runners_strides() -> None:
    run = simulate(Scenario(PHASES), seed=3, noise=TYPICAL_NOISE.on(SENSOR))
    samples = run.samples
    async with (
        VirtualClip(samples, speed=8, sensor="icm45686") as clip,
        BleSource(100, backend=clip.backend, timeouts=QUICK) as source,
    ):
        packets = await collect(source, len(samples) - 10)
    assert source.lost == 0
    rows = received(packets)
    want = packet_values(raw_values(samples.gyr_rad_s, samples.acc_m_s2, ()))
    np.testing.assert_array_equal(rows[: len(want) - 10], want[: len(rows)][: len(want) - 10])
    assert {packet.data[wire.SENSOR_AT] for packet in packets} == {SENSOR}
    decoded = Decoder().push([packet.data for packet in packets])
    pipeline = Pipeline()
    pipeline.push(decoded)
    pipeline.finish()
    found = pipeline.run()
    assert 0.9 * run.truth.strides <= len(found.strides) <= run.truth.strides
    at = np.searchsorted(found.time_s - found.time_s[0], run.truth.time_s - run.truth.time_s[0])
    kept = (at < len(found.time_s)) & run.truth.running
    error = found.tilt_deg[at[kept]] - run.truth.tilt_deg[kept]
    error = error[np.isfinite(error)]
    print(f"{len(found.strides)} of {run.truth.strides} strides, tilt {np.sqrt(np.mean(error**2)):.2f} deg RMS")
    assert len(error) > 2000 and np.sqrt(np.mean(error**2)) < 2.0
