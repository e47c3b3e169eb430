"""`python -m bench radio`: latency of a sample from the sensor to the host, with virtual clips in real time.

Each sample is recognised by its values; the simulated sensor gives its time of measurement, the host the arrival of its
packet. The virtual radio has no air time: the figures are the share of firmware and host. On hardware a connection
interval of 15-50 ms is added.

--clips: several on one radio and one host. More than two do not run in real time here: their clock waits for the
machine, and only what was lost counts. --air: what they take of a real adapter's time, by the model of lib/air.py.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from contextlib import AsyncExitStack
from typing import Any

import numpy as np

from bench.lib.air import share_the_air
from bench.lib.figures import Figure, table
from untuck import wire
from untuck.model import Floats, Packet
from untuck.samples import Samples

try:
    from virtual_clip.clip import VirtualClip

    from untuck.sources.ble import BleSource, Timeouts
    from virtual_clip import bno085_messages as hub
except ImportError as error:  # the clip's parts are test requirements
    MISSING: str | None = f"the virtual clip needs {error.name}: pip install 'untuck[test]'"
else:
    MISSING = None
    LIMITS = Timeouts(scan_s=60.0, connect_s=60.0, call_s=60.0, silence_s=120.0)  # of a machine that is busy

REAL_TIME_CLIPS = 2  # on one machine
INTERVALS_MS = (15.0, 30.0, 50.0)  # 30 to 50 is Linux' own choice (net/bluetooth/hci_core.c), 15 a fast one
LOSSES = (0.0, 0.1, 0.3)


def _noise(seconds: float, rate_hz: int, seed: int) -> Samples:
    """Random samples, so that each can be recognised by its values."""
    rng = np.random.default_rng(seed)
    count = round(seconds * rate_hz)
    quat = rng.normal(size=(count, 4))
    quat /= np.linalg.norm(quat, axis=1)[:, None]
    return Samples(np.arange(count) / rate_hz, rng.normal(size=(count, 3)), 10 * rng.normal(size=(count, 3)), quat)


async def _record(
    samples: list[Samples], rate_hz: int
) -> tuple[list[list[Packet]], dict[tuple[int, ...], float], dict[str, int]]:
    """Packets of whole runs, each of one clip on the same radio, with these samples.

    Also when each sample was measured, in seconds of the packets' clock, and the links' counters, summed.
    """
    real_time = len(samples) <= REAL_TIME_CLIPS
    async with AsyncExitStack() as stack:
        clips: list[VirtualClip] = []
        for number, each in enumerate(samples):
            beside = clips[0] if clips else None
            clip = VirtualClip(each, real_time=real_time, address=f"F0:F1:F2:F3:A4:{number:02X}", beside=beside)
            clips.append(await stack.enter_async_context(clip))
        sources = [
            await stack.enter_async_context(BleSource(rate_hz, clip.address, clip.backend, LIMITS)) for clip in clips
        ]
        runs = await asyncio.gather(*(_run(source, len(each)) for source, each in zip(sources, samples, strict=True)))
        counters = {name: sum(getattr(source, name) for source in sources) for name in ("lost", "resent", "corrupt")}
    measured_s = {
        values: clip.clock.monotonic_s(time_us)
        for clip in clips
        for report, time_us, values in clip.sim.log.reports
        if report == hub.GYR
    }
    return runs, measured_s, counters


async def _run(source: BleSource, count: int) -> list[Packet]:
    packets: list[Packet] = []
    seen = 0
    async for packet in source.packets():
        packets.append(packet)
        seen += wire.unpack_header(packet.data)[7]
        if seen >= count:
            break
    return packets


def _latencies_ms(packets: list[Packet], measured_s: dict[tuple[int, ...], float]) -> tuple[Floats, Floats]:
    """(N,) of every sample and (P,) of the newest in each packet: from measurement to arrival of the packet."""
    every, newest = [], []
    for packet in packets:
        count = wire.unpack_header(packet.data)[7]
        rows = [wire.unpack_sample(packet.data, index) for index in range(count)]
        late_ms = [1e3 * (packet.arrival_s - measured_s[row]) for row in rows if row in measured_s]
        every += late_ms
        newest += late_ms[-1:]
    return np.array(every), np.array(newest)


def measure(rate_hz: int = 100, seconds: float = 30.0, seed: int = 0, clips: int = 1) -> dict[str, Any]:
    """Latency in ms over the virtual radio, of every sample and of the newest in each packet, which does not wait."""
    samples = [_noise(seconds, rate_hz, seed + number) for number in range(clips)]
    runs, measured_s, counters = asyncio.run(_record(samples, rate_hz))
    packets = [packet for run in runs for packet in run]
    result: dict[str, Any] = {"rate_hz": rate_hz, "clips": clips, "packets": len(packets), **counters}
    if clips > REAL_TIME_CLIPS:
        return result
    every, newest = _latencies_ms(packets, measured_s)
    result["samples"] = len(every)
    for name, values in (("sample", every), ("newest", newest)):
        result[f"{name}_median_ms"] = round(float(np.median(values)), 3)
        result[f"{name}_p99_ms"] = round(float(np.percentile(values, 99)), 3)
        result[f"{name}_max_ms"] = round(float(values.max()), 3)
    return result


def _figures(result: dict[str, Any]) -> list[Figure]:
    section = f"radio {result['rate_hz']} Hz" + (f", {result['clips']} clips" if result["clips"] > 1 else "")
    names = {"sample": "sample to notification, waiting for the packet included", "newest": "newest sample of a packet"}
    figures = [
        Figure(section, f"{text}, {which}", "ms", {"all": result[f"{name}_{which}_ms"]}, {"all": result["samples"]})
        for name, text in names.items()
        for which in ("median", "p99", "max")
        if "samples" in result
    ]
    return [
        *figures,
        Figure(section, "packets lost", "", {"all": result["lost"]}, {"all": result["packets"]}, ("<=", 0)),
        Figure(section, "packets requested again", "", {"all": result["resent"]}, {"all": result["packets"]}),
    ]


def _air(clips: int, rate_hz: int) -> list[Figure]:
    section = f"model of one adapter, {clips} clip{'s' if clips > 1 else ''} at {rate_hz} Hz"
    figures = []
    for interval_ms in INTERVALS_MS:
        for loss in LOSSES:
            found = share_the_air(clips, rate_hz, interval_ms, loss)
            case = f"interval {interval_ms:g} ms, {100 * loss:g} % lost"
            figures += [
                Figure(section, f"{case}: time on the air", "%", {"all": 100 * found.busy}),
                Figure(section, f"{case}: delay, median", "ms", {"all": found.median_ms}),
                Figure(section, f"{case}: delay, 99 of 100", "ms", {"all": found.p99_ms}),
                Figure(section, f"{case}: packets that wait, most", "", {"all": found.deepest}),
                Figure(section, f"{case}: all arrive", "", {"all": found.fits}, {}, (">=", 1)),
            ]
    return figures


def main(arguments: list[str]) -> int:
    """Print the table, or one JSON object; 1 where the virtual clip's parts are not installed."""
    parser = argparse.ArgumentParser(prog="python -m bench radio", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("--seconds", type=float, default=30.0, help="of streaming at each rate (default 30)")
    parser.add_argument("--rates", type=int, nargs="+", choices=wire.RATES_HZ, default=list(wire.RATES_HZ))
    parser.add_argument("--clips", type=int, nargs="+", default=[1], help="how many at a time (default 1)")
    parser.add_argument("--air", action="store_true", help="only the model of a real adapter's time")
    parser.add_argument("--seed", type=int, default=0, help="of the values sent (default 0)")
    options = parser.parse_args(arguments)
    cases = [(rate_hz, clips) for clips in options.clips for rate_hz in options.rates]
    if options.air:
        print(table([figure for rate_hz, clips in cases for figure in _air(clips, rate_hz)]))
        return 0
    if MISSING:
        print(MISSING, file=sys.stderr)
        return 1
    results = [measure(rate_hz, options.seconds, options.seed, clips) for rate_hz, clips in cases]
    if options.json:
        print(json.dumps({"seed": options.seed, "load": os.getloadavg()[0], "radio": results}))
    else:
        print(table([figure for result in results for figure in _figures(result)]))
    return 0
