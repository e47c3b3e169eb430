"""Checks for tests of the link: motion whose samples are all different, and whether all of them arrive unchanged."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from untuck import wire
from untuck.model import Packet
from untuck.motion.decode import Decoder
from untuck.samples import Samples
from untuck.sources.ble import BleSource, Timeouts
from virtual_clip import clip
from virtual_clip.bno085_motion import chip_values
from virtual_clip.icm45686_frames import packet_values, raw_values

# real time, which a busy machine needs more of: nothing that these tests expect waits for their end
QUICK = Timeouts(scan_s=60, connect_s=60, call_s=60, close_s=60, silence_s=60, outage_s=300)


def motion(seconds: float, rate_hz: int, seed: int = 1) -> Samples:
    """Noise, so that no two samples are equal."""
    rng = np.random.default_rng(seed)
    count = round(seconds * rate_hz)
    quat = rng.normal(size=(count, 4))
    quat /= np.linalg.norm(quat, axis=1)[:, None]
    return Samples(np.arange(count) / rate_hz, rng.normal(size=(count, 3)), 10 * rng.normal(size=(count, 3)), quat)


def fed(samples: Samples) -> NDArray[np.int64]:
    """(N,10) the values that the default sensor's packets have."""
    if clip.default_sensor == "icm45686":
        return packet_values(raw_values(samples.gyr_rad_s, samples.acc_m_s2, ()))
    assert samples.quat is not None
    return chip_values(samples.gyr_rad_s, samples.acc_m_s2, samples.quat)


def received(packets: list[Packet]) -> NDArray[np.int64]:
    """(N,10) the received values, in order of arrival."""
    rows = [
        wire.unpack_sample(packet.data, index)
        for packet in packets
        for index in range(wire.unpack_header(packet.data)[7])
    ]
    return np.array(rows, dtype=np.int64).reshape(-1, 10)


def assert_all_came(packets: list[Packet], samples: Samples) -> None:
    """No sample is missing, duplicated, changed or out of order, and time increases evenly."""
    rows, want = received(packets), fed(samples)
    assert len(rows) >= len(want)
    np.testing.assert_array_equal(rows[: len(want)], want)
    heads = [wire.unpack_header(packet.data) for packet in packets]
    assert [head[3] for head in heads] == list(range(len(heads)))
    assert {head[2] for head in heads} == {heads[0][2]}
    times_s = Decoder().push([packet.data for packet in packets]).time_s
    period_s = samples.time_s[1]
    assert np.abs(np.diff(times_s) - period_s).max() < 0.1 * period_s


async def collect(source: BleSource, count: int) -> list[Packet]:
    """Packets with at least `count` samples, and those that the clip still sends after stop()."""
    packets: list[Packet] = []
    samples = 0
    async for packet in source.packets():
        packets.append(packet)
        samples += wire.unpack_header(packet.data)[7]
        if samples >= count > samples - wire.unpack_header(packet.data)[7]:
            await source.stop()
    return packets
