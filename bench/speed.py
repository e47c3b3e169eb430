"""`python -m bench speed`: orientation beside VQF's C++, the pipeline as it runs live, an hour at once, starting up.

Everything is timed on one thread in this process, except starts, which need fresh processes with their own caches.
What is timed and how lives here; figures and their table in figures.py.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from vqf import VQF

import untuck
from bench.data import data_dir, has_data
from bench.figures import Figure, table
from bench.semisynthetic import make_run
from bench.standing import PREFIX_S
from untuck.model import Floats, Samples

RATE_HZ = 100.0
CHUNK = 5  # samples in a packet at 100 Hz
REPEATS = 7
FIRST_RESULT = """
import sys, numpy as np, untuck
file = np.load(sys.argv[1])
run = untuck.analyse(untuck.Samples(file["time_s"], file["gyr"], file["acc"], file["quat"]))
print(len(run.strides), flush=True)
"""


def long_run(seconds: float, seed: int) -> Samples:
    """Standing and hinges, then a runner's strides over and over for so long, at 100 Hz."""
    samples, _ = make_run("RBDS001", "T35", min(seconds / 60, 10.0), clip="bad", seed=seed)
    start = int((PREFIX_S + 5) * RATE_HZ)
    rows = np.arange(int(seconds * RATE_HZ))
    loop = len(samples) - start
    rows = np.where(rows < len(samples), rows, start + (rows - len(samples)) % loop)
    assert samples.quat is not None
    time_s = np.arange(len(rows)) / RATE_HZ
    return Samples(time_s, samples.gyr_rad_s[rows], samples.acc_m_s2[rows], samples.quat[rows])


def _seconds(call: Callable[[], object], repeats: int = REPEATS) -> tuple[Floats, dict[str, float | str]]:
    """(repeats,) wall seconds, and the median of CPU seconds, children's included: what a busy machine hides."""
    wall_s, cpu_s = [], []
    for _ in range(repeats):
        cpu, start_s = sum(os.times()[:4]), time.perf_counter()
        call()
        wall_s.append(time.perf_counter() - start_s)
        cpu_s.append(sum(os.times()[:4]) - cpu)
    return np.array(wall_s), {"CPU time": float(np.median(cpu_s))}


def orientation_figures(samples: Samples) -> Iterator[Figure]:
    """ns a sample in batch, ours and VQF's in turn on the same hour of running; the ratio pairs neighbours in time."""
    gyr, acc = samples.gyr_rad_s, samples.acc_m_s2
    untuck.estimate_orientation(gyr[:1000], acc[:1000], RATE_HZ)
    ours, theirs = [], []
    for _ in range(REPEATS):
        ours.append(_seconds(lambda: untuck.estimate_orientation(gyr, acc, RATE_HZ), 1)[0][0])
        theirs.append(_seconds(lambda: VQF(1 / RATE_HZ).updateBatch(gyr, acc), 1)[0][0])
    ns = 1e9 / len(samples)
    median, peer = float(np.median(ours)) * ns, float(np.median(theirs)) * ns
    ratio = float(np.median(np.array(ours) / np.array(theirs)))
    section = f"Orientation, batch of {len(samples)} samples, median of {REPEATS}"
    yield Figure(section, "ours", "ns/sample", {"all": median}, {}, ("<=", 120.0), {"VQF C++": peer})
    yield Figure(section, "ours / VQF", "", {"all": ratio}, {}, ("<=", 0.25))


def pipeline_figures(samples: Samples) -> Iterator[Figure]:
    """Pushes of 5 samples as they come live: median, p99, and whether they get slower or memory grows."""
    untuck.analyse(samples[:6000])
    pipe = untuck.Pipeline()
    chunks = [samples[k : k + CHUNK] for k in range(0, len(samples) - CHUNK + 1, CHUNK)]
    took_us, cpu_us = np.zeros(len(chunks)), np.zeros(len(chunks))
    tenth = max(1, len(chunks) // 10)
    memory_mb = []
    for k, chunk in enumerate(chunks):
        cpu_ns, start_ns = time.thread_time_ns(), time.perf_counter_ns()
        pipe.push(chunk)
        took_us[k] = (time.perf_counter_ns() - start_ns) / 1000
        cpu_us[k] = (time.thread_time_ns() - cpu_ns) / 1000
        if k % tenth == 0:
            memory_mb.append(_memory_mb())
    hours = len(samples) / RATE_HZ / 3600
    section = f"Pipeline, {CHUNK} samples at 100 Hz a push, {hours:.2g} h simulated"

    def cpu(percentile: float) -> dict[str, float | str]:
        return {"CPU time": float(np.percentile(cpu_us, percentile))}

    growth = float(np.median(took_us[-tenth:]) / np.median(took_us[tenth : 2 * tenth]))
    yield Figure(section, "median", "us", {"all": float(np.median(took_us))}, {}, ("<=", 100.0), cpu(50))
    yield Figure(section, "p99", "us", {"all": float(np.percentile(took_us, 99))}, {}, ("<=", 1000.0), cpu(99))
    yield Figure(section, "longest", "us", {"all": float(took_us.max())}, {}, None, cpu(100))
    yield Figure(section, "last tenth / second tenth", "", {"all": growth}, {}, ("<=", 1.1))
    yield Figure(
        section, "memory an hour, results included", "MB", {"all": (memory_mb[-1] - memory_mb[1]) / (0.8 * hours)}
    )


def _memory_mb() -> float:
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def batch_figures(samples: Samples) -> Iterator[Figure]:
    """A whole run at once, compiled already."""
    untuck.analyse(samples[:6000])
    took_s, cpu = _seconds(lambda: untuck.analyse(samples), 3)
    hours = len(samples) / RATE_HZ / 3600
    name = f"analyse, {hours:.2g} h run, warm"
    yield Figure("Batch", name, "s", {"all": float(np.median(took_s))}, {}, ("<=", max(1.0 * hours, 0.1)), cpu)


def start_figures(samples: Samples) -> Iterator[Figure]:
    """From starting Python to the strides of 40 s of samples: with an empty compiler cache, then with a full one."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "samples.npz"
        part = samples[:4000]
        assert part.quat is not None
        np.savez(file, time_s=part.time_s, gyr=part.gyr_rad_s, acc=part.acc_m_s2, quat=part.quat)
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(Path(folder) / "cache")}
        call = [sys.executable, "-c", FIRST_RESULT, str(file)]

        def start() -> None:
            subprocess.run(call, env=environment, check=True, capture_output=True)

        (cold, cold_cpu), (cached, cached_cpu) = _seconds(start, 1), _seconds(start, 5)
    yield Figure("Start to first result", "compiling", "s", {"all": float(cold[0])}, {}, ("<=", 10.0), cold_cpu)
    yield Figure(
        "Start to first result",
        "cached, median of 5",
        "s",
        {"all": float(np.median(cached))},
        {},
        ("<=", 1.5),
        cached_cpu,
    )


def main(arguments: list[str]) -> int:
    """Print the table, or one JSON object; 1 where the recordings are absent."""
    parser = argparse.ArgumentParser(prog="python -m bench speed", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("--quick", action="store_true", help="shorter runs: under a minute")
    parser.add_argument("--seed", type=int, default=0, help="of the run (default 0)")
    options = parser.parse_args(arguments)
    if not has_data():
        print(f"No recordings in {data_dir()}: set UNTUCK_DATA to the folder that holds them.", file=sys.stderr)
        return 1
    hour = long_run(600.0 if options.quick else 3600.0, options.seed)
    figures = [*start_figures(hour), *orientation_figures(hour), *batch_figures(hour)]
    figures += pipeline_figures(long_run(1200.0 if options.quick else 3 * 3600.0, options.seed))
    if options.json:
        host = {"machine": platform.machine(), "python": platform.python_version(), "load": os.getloadavg()[0]}
        print(json.dumps({"seed": options.seed, "host": host, "figures": [figure.to_json() for figure in figures]}))
    else:
        print(table(figures))
    return 0
