"""`python -m bench radio`: latency of a sample from the sensor to the host, with the virtual clip in real time.

Each sample is recognised by its values; the simulated sensor gives its time of measurement, the host the arrival of its
packet. The virtual radio has no air time: the figures are the share of firmware and host. On hardware a connection
interval of 15-50 ms is added.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from typing import Any

import numpy as np

from bench.lib.figures import Figure, table
from untuck import wire
from untuck.model import Floats, Packet
from untuck.samples import Samples

try:
    from virtual_clip.clip import VirtualClip

    from untuck.sources.ble import BleSource
    from virtual_clip import bno085_messages as hub
except ImportError as error:  # the clip's parts are test requirements
    MISSING: str | None = f"the virtual clip needs {error.name}: pip install 'untuck[test]'"
else:
    MISSING = None


def _noise(seconds: float, rate_hz: int, seed: int) -> Samples:
    """Random samples, so that each can be recognised by its values."""
    rng = np.random.default_rng(seed)
    count = round(seconds * rate_hz)
    quat = rng.normal(size=(count, 4))
    quat /= np.linalg.norm(quat, axis=1)[:, None]
    return Samples(np.arange(count) / rate_hz, rng.normal(size=(count, 3)), 10 * rng.normal(size=(count, 3)), quat)


async def _record(samples: Samples, rate_hz: int) -> tuple[list[Packet], dict[tuple[int, ...], float], dict[str, int]]:
    """Packets of a whole run; when each sample was measured, in seconds of the packets' clock; the link's counters."""
    packets: list[Packet] = []
    seen = 0
    async with VirtualClip(samples, real_time=True) as clip, BleSource(rate_hz, backend=clip.backend) as source:
        async for packet in source.packets():
            packets.append(packet)
            seen += wire.unpack_header(packet.data)[7]
            if seen >= len(samples):
                break
        counters = {"lost": source.lost, "resent": source.resent, "corrupt": source.corrupt}
    measured_s = {
        values: clip.clock.monotonic_s(time_us) for report, time_us, values in clip.sim.log.reports if report == hub.GYR
    }
    return packets, measured_s, counters


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


def measure(rate_hz: int = 100, seconds: float = 30.0, seed: int = 0) -> dict[str, Any]:
    """Latency in ms over the virtual radio, of every sample and of the newest in each packet, which does not wait."""
    packets, measured_s, counters = asyncio.run(_record(_noise(seconds, rate_hz, seed), rate_hz))
    every, newest = _latencies_ms(packets, measured_s)
    result: dict[str, Any] = {"rate_hz": rate_hz, "samples": len(every), "packets": len(packets), **counters}
    for name, values in (("sample", every), ("newest", newest)):
        result[f"{name}_median_ms"] = round(float(np.median(values)), 3)
        result[f"{name}_p99_ms"] = round(float(np.percentile(values, 99)), 3)
        result[f"{name}_max_ms"] = round(float(values.max()), 3)
    return result


def _figures(result: dict[str, Any]) -> list[Figure]:
    section = f"radio {result['rate_hz']} Hz"
    names = {"sample": "sample to notification, waiting for the packet included", "newest": "newest sample of a packet"}
    figures = [
        Figure(section, f"{text}, {which}", "ms", {"all": result[f"{name}_{which}_ms"]}, {"all": result["samples"]})
        for name, text in names.items()
        for which in ("median", "p99", "max")
    ]
    return [
        *figures,
        Figure(section, "packets lost", "", {"all": result["lost"]}, {"all": result["packets"]}, ("<=", 0)),
    ]


def main(arguments: list[str]) -> int:
    """Print the table, or one JSON object; 1 where the virtual clip's parts are not installed."""
    parser = argparse.ArgumentParser(prog="python -m bench radio", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("--seconds", type=float, default=30.0, help="of streaming at each rate (default 30)")
    parser.add_argument("--rates", type=int, nargs="+", choices=wire.RATES_HZ, default=list(wire.RATES_HZ))
    parser.add_argument("--seed", type=int, default=0, help="of the values sent (default 0)")
    options = parser.parse_args(arguments)
    if MISSING:
        print(MISSING, file=sys.stderr)
        return 1
    results = [measure(rate_hz, options.seconds, options.seed) for rate_hz in options.rates]
    if options.json:
        print(json.dumps({"seed": options.seed, "load": os.getloadavg()[0], "radio": results}))
    else:
        print(table([figure for result in results for figure in _figures(result)]))
    return 0
