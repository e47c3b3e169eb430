"""`python -m bench soak`: a session of a day, faster than real time: is memory flat, latency flat, every count exact?

A simulated runner's packets, some of them lost, doubled or damaged, go through recording, pipeline and terminal view to
the summary. The hours are of sensor time. Memory is the resident set without files at the end of each hour, latency the
time that the session takes for a packet.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bench.lib.figures import Figure, table
from untuck import wire
from untuck.model import Packet
from untuck.session.live_state import LiveState
from untuck.simulate.packets import pack
from untuck.simulate.runner import Phase, Scenario, simulate

RATE_HZ = 100
HOUR_S = 3600.0
FLAT_MB = 5.0  # growth allowed after the first hour
LATENCY_RATIO = 1.1  # of the last hour's median to the first's
LOST, DOUBLED, DAMAGED = 5e-4, 5e-4, 2e-4  # share of packets
_BEGIN = (Phase("stand", 7.0), *[Phase("hinge", 3.5)] * 3, Phase("stand", 2.5))
_LOOP = (
    Phase("run", 240.0),
    Phase("run", 20.0, tuck_deg=7.0),
    Phase("run", 60.0),
    Phase("run", 20.0, pullback_deg=5.0),
    Phase("run", 80.0),
    Phase("stand", 12.0),
)


@dataclass
class Counts:
    """Packets as sent: good ones that arrive, and those lost, doubled and damaged on the way."""

    packets: int = 0
    lost: int = 0
    doubled: int = 0
    damaged: int = 0


@dataclass
class Hours:
    """For each hour: resident memory in MB; median and 99th percentile of the time for a packet in us, and the median
    of its time on the processor, which other programs do not change."""

    memory_mb: list[float] = field(default_factory=list)
    median_us: list[float] = field(default_factory=list)
    p99_us: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)


class LongRun:
    """A source of packets: calibration, then the same seven minutes of running, with new times and numbers."""

    buzz = keeper = None

    def __init__(self, hours: float, seed: int) -> None:
        self.counts, self.hours = Counts(), Hours()
        self._duration_s = hours * HOUR_S
        self._random = random.Random(seed)
        whole = simulate(Scenario((*_BEGIN, *_LOOP)), seed, RATE_HZ).samples
        first = int(np.searchsorted(whole.time_s, sum(phase.duration_s for phase in _BEGIN)))
        self._begin, self._loop = pack(whole[:first], RATE_HZ), pack(whole[first:], RATE_HZ)
        self._times_us = np.empty((int(HOUR_S * 25), 2), np.float32)
        self._used = 0

    async def packets(self) -> AsyncIterator[Packet]:
        """All packets; measures what the session does with each."""
        next_hour_s = HOUR_S
        for sequence, (time_us, data) in enumerate(self._stamped()):
            packet = self._numbered(data, time_us, sequence)
            last = time_us * 1e-6 > self._duration_s - 1.0
            for copy in self._on_air(packet, always=last):
                begin = time.perf_counter(), time.thread_time()
                yield Packet(copy, 1000.0 + time_us * 1e-6)
                self._measured(time.perf_counter() - begin[0], time.thread_time() - begin[1])
            await asyncio.sleep(0)
            if time_us * 1e-6 >= next_hour_s:
                self._end_hour()
                next_hour_s += HOUR_S
        if self._used:
            self._end_hour()

    def _stamped(self) -> Any:
        time_us, datas = 1_000_000, self._begin
        period_us = 1_000_000 // RATE_HZ
        while True:
            for data in datas:
                yield time_us, data
                time_us += data[18] * period_us
                if time_us * 1e-6 >= self._duration_s:
                    return
            datas = self._loop

    def _numbered(self, data: bytes, time_us: int, sequence: int) -> bytes:
        _, flags, _, _, _, _, _, count = wire.unpack_header(data)
        packet = bytearray(data)
        whole_s, micro_s = divmod(time_us, 1_000_000)
        wire.pack_header(packet, flags & ~wire.FLAG_GAP, 7, sequence, whole_s, micro_s, 1_000_000 // RATE_HZ, count)
        wire.seal(packet, count)
        return bytes(packet)

    def _on_air(self, packet: bytes, always: bool) -> list[bytes]:
        """What arrives of a packet: none, one, two, or a damaged one."""
        chance, counts = self._random.random(), self.counts
        if not always and chance < LOST:
            counts.lost += 1
            return []
        if not always and chance < LOST + DAMAGED:
            counts.lost += 1
            counts.damaged += 1
            at = self._random.randrange(wire.HEADER_SIZE, len(packet))
            return [packet[:at] + bytes([packet[at] ^ 1 << self._random.randrange(8)]) + packet[at + 1 :]]
        counts.packets += 1
        if not always and chance < LOST + DAMAGED + DOUBLED:
            counts.doubled += 1
            return [packet, packet]
        return [packet]

    def _measured(self, took_s: float, cpu_s: float) -> None:
        if self._used < len(self._times_us):
            self._times_us[self._used] = 1e6 * took_s, 1e6 * cpu_s
            self._used += 1

    def _end_hour(self) -> None:
        gc.collect()
        taken, cpu = self._times_us[: self._used].T
        self.hours.memory_mb.append(resident_mb())
        self.hours.median_us.append(float(np.median(taken)))
        self.hours.p99_us.append(float(np.percentile(taken, 99)))
        self.hours.cpu_us.append(float(np.median(cpu)))
        print(f"hour {len(self.hours.memory_mb)}: {self.hours.memory_mb[-1]:.1f} MB", file=sys.stderr)
        self._used = 0


def resident_mb() -> float:
    """Resident memory of this process in MB without that of files, which the system drops and reads again as it likes.

    On systems without /proc its highest value so far, with all.
    """
    try:
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("RssAnon:")) / 1e3
    except (OSError, StopIteration):
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def measure(hours: float, seed: int = 1) -> dict[str, Any]:
    """Run the session in a store of its own; what it cost, and whether its counts are those of the packets sent."""
    from untuck.cli.views.plain import PlainView
    from untuck.session.live import run_session
    from untuck.session.warmup import warm_up
    from untuck.store import Settings, Store

    warm_up(lambda _: None)
    source, settings = LongRun(hours, seed), Settings(rate_hz=RATE_HZ)
    begin_s = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(os.path.join(folder, "sessions.db"))
        with store.record("simulated runner", "run", settings) as recording:
            view = PlainView(lambda _: None, LiveState(settings.params))
            outcome = asyncio.run(run_session(source, settings, view, recording, audible=False))
            stored = recording.id
        if outcome.failure is not None:
            raise outcome.failure
        kept = store.open(stored).packet_count
    signal, sent, memory_mb = outcome.summary.signal, source.counts, source.hours.memory_mb
    counts = {
        "packets": (sent.packets, signal.packets),
        "lost": (sent.lost, signal.lost),
        "corrupt": (sent.damaged, signal.corrupt),
        "stored": (sent.packets + sent.doubled + sent.damaged, kept),
    }
    return {
        "hours": hours,
        "seed": seed,
        "wall_s": round(time.monotonic() - begin_s, 1),
        "memory_mb": [round(each, 1) for each in memory_mb],
        "growth_mb": round(max(memory_mb[1:], default=memory_mb[0]) - memory_mb[0], 2),
        "summary_mb": round(resident_mb() - memory_mb[-1], 1),
        "median_us": [round(each) for each in source.hours.median_us],
        "p99_us": [round(each) for each in source.hours.p99_us],
        "cpu_us": [round(each) for each in source.hours.cpu_us],
        "strides": outcome.summary.strides,
        "findings": len(outcome.summary.findings),
        "cues": len(outcome.summary.cues),
        "counts": {name: {"sent": ours, "found": theirs} for name, (ours, theirs) in counts.items()},
        "exact": all(ours == theirs for ours, theirs in counts.values()),
    }


def figures(result: dict[str, Any]) -> list[Figure]:
    """The result as figures with their goals."""
    section = f"A session of {result['hours']:g} h in {result['wall_s']:.0f} s, {result['strides']} strides"
    ratio = result["cpu_us"][-1] / result["cpu_us"][0]
    wrong = sum(each["sent"] != each["found"] for each in result["counts"].values())
    return [
        Figure(section, "memory after the first hour", "MB", {"all": result["memory_mb"][0]}),
        Figure(section, "growth from then on", "MB", {"all": result["growth_mb"]}, goal=("<=", FLAT_MB)),
        Figure(section, "for the summary at the end", "MB", {"all": result["summary_mb"]}),
        Figure(section, "processor time a packet, last hour by first", "", {"all": ratio}, goal=("<=", LATENCY_RATIO)),
        Figure(section, "a packet, median of the last hour", "us", {"all": result["median_us"][-1]}),
        Figure(section, "counts that are wrong, of 4", "", {"all": wrong}, goal=("<=", 0)),
    ]


def main(arguments: list[str]) -> int:
    """Print the table; last line one JSON object. 1 if a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench soak", description=__doc__)
    parser.add_argument("--json", action="store_true", help="the JSON object only")
    parser.add_argument("--hours", type=float, default=24.0, help="of sensor time (default 24; about 20 s each)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    result = measure(options.hours, options.seed)
    rows = figures(result)
    if not options.json:
        print(table(rows))
    print(json.dumps(result))
    return int(any(row.met is False for row in rows))
