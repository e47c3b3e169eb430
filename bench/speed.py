"""`python -m bench speed`: start-up, orientation beside VQF's C++, an hour in one batch, the pipeline as it runs live.

Everything is timed on one thread in this process, except starts, which use new processes with their own caches. Wall
time is compared with the goal. CPU time is shown beside it, because a busy machine changes it less.
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
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from vqf import VQF

import untuck
from bench.lib.figures import Figure, table
from bench.lib.peers_orientation import label, riann
from bench.lib.recordings import data_dir, has_data
from bench.lib.semisynthetic import make_run
from bench.lib.standing import PREFIX_S
from untuck.model import Floats
from untuck.samples import Samples
from untuck.session.warmup import exclude_from_garbage_collection

RATE_HZ = 100.0
CHUNK = 5  # samples in a packet at 100 Hz
REPEATS = 7
NETWORK_S = 60.0  # a network is hundreds of times slower
LIVE_STARTS = 5
FIRST_RESULT = """
import sys, numpy as np, untuck
file = np.load(sys.argv[1])
run = untuck.analyse(untuck.Samples(file["time_s"], file["gyr"], file["acc"], file["quat"]))
print(len(run.strides), flush=True)
"""

FIRST_LIVE = """
import os
from contextlib import contextmanager
from untuck.cli.main import cli
from untuck.cli.views import live

class View:
    def show(self, events, packets):
        if packets.pipeline.history.end > 0:
            os._exit(0)
    def say(self, text):
        pass

live.live_view = contextmanager(lambda *settings: (yield View()))
cli.main(["replay", "--speed", "1"])
os._exit(1)
"""

IMPORTS = "import untuck; untuck.Pipeline"
PAGE = """# Speed, as measured

Written by `python -m bench speed --markdown docs/speed.md`. Wall time is compared with the goal; CPU time and the share
of the goal are shown beside it. One thread; the machine and its load are in the first line of the table. Reasons for
the speed:

- The work per sample is two compiled loops over a chunk; a step and a stride take one more each. Rare events (starts,
  gaps, standing, hinges) are plain numpy, because the compiler takes about 1 ms for every operation in the source.
  `motion/jit.py` has the compiler's options.
- Between strides Python uses plain floats, not arrays of one; a stride becomes a record when it is published.
- Objects loaded before a session are excluded from garbage collection, which would otherwise pause it for 50 ms.
- A live session starts with interpreted kernels; on the first start a child process compiles them meanwhile. The first
  analysis of files waits for the compiler, and says "compiling the analysis for this machine".

```text
{text}
```
"""


def timed(section: str, name: str, unit: str, value: float, most: float | None, cpu: float | None = None) -> Figure:
    """A figure with the goal of at most `most`, with CPU time and the share of the goal beside it."""
    beside: dict[str, float | str] = {} if cpu is None else {"CPU": cpu}
    if most is not None:
        beside["of goal"] = f"{100 * value / most:.0f} %"
    return Figure(section, name, unit, {"all": value}, {}, None if most is None else ("<=", most), beside)


def long_run(seconds: float, seed: int) -> Samples:
    """Samples at 100 Hz: standing and hinges, then a runner's strides, repeated until the length is reached."""
    samples, _ = make_run("RBDS001", "T35", min(seconds / 60, 10.0), wearing="bad", seed=seed)
    start = int((PREFIX_S + 5) * RATE_HZ)
    rows = np.arange(int(seconds * RATE_HZ))
    loop = len(samples) - start
    rows = np.where(rows < len(samples), rows, start + (rows - len(samples)) % loop)
    assert samples.quat is not None
    time_s = np.arange(len(rows)) / RATE_HZ
    return Samples(time_s, samples.gyr_rad_s[rows], samples.acc_m_s2[rows], samples.quat[rows])


def _seconds(call: Callable[[], object], repeats: int = REPEATS) -> tuple[Floats, float]:
    """(repeats,) wall seconds, and the median of CPU seconds including child processes."""
    wall_s, cpu_s = [], []
    for _ in range(repeats):
        cpu, start_s = sum(os.times()[:4]), time.perf_counter()
        call()
        wall_s.append(time.perf_counter() - start_s)
        cpu_s.append(sum(os.times()[:4]) - cpu)
    return np.array(wall_s), float(np.median(cpu_s))


def orientation_figures(samples: Samples) -> Iterator[Figure]:
    """ns per sample in batch, Untuck's and VQF's alternately on the same run; the ratio is of neighbouring repeats."""
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
    yield timed(section, "ours", "ns/sample", median, 120.0)
    yield timed(section, f"{label('vqf')}, C++", "ns/sample", peer, None)
    yield timed(section, "ours / VQF, paired", "", ratio, 0.25)
    if find_spec("riann"):
        few = samples[: round(NETWORK_S * RATE_HZ)]
        took_s, _ = _seconds(lambda: riann(few.gyr_rad_s, few.acc_m_s2, RATE_HZ), 3)
        network_ns = float(np.median(took_s)) * 1e9 / len(few)
        yield timed(section, f"{label('riann')}, whole sequence of {NETWORK_S:.0f} s", "ns/sample", network_ns, None)
    else:
        yield timed(section, label("riann"), "ns/sample", float("nan"), None)


def pipeline_figures(samples: Samples) -> Iterator[Figure]:
    """Pushes of 5 samples, as live: median, p99, slowing down, and growth of memory."""
    untuck.analyse(samples[:6000])
    exclude_from_garbage_collection()  # as the commands do before a session
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
    growth = float(np.median(cpu_us[-tenth:]) / np.median(cpu_us[tenth : 2 * tenth]))
    for name, percentile, most in (("median", 50, 100.0), ("p99", 99, 1000.0), ("longest", 100, None)):
        value, cpu = float(np.percentile(took_us, percentile)), float(np.percentile(cpu_us, percentile))
        yield timed(section, name, "us", value, most, cpu)
    yield timed(section, "last tenth / second tenth", "", growth, 1.1)
    grown_mb = (memory_mb[-1] - memory_mb[1]) / (0.8 * hours)
    yield timed(section, "memory an hour, results included", "MB", grown_mb, None)


def _memory_mb() -> float:
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def batch_figures(samples: Samples) -> Iterator[Figure]:
    """A whole run in one batch, with kernels already compiled."""
    untuck.analyse(samples[:6000])
    took_s, cpu_s = _seconds(lambda: untuck.analyse(samples), 5)
    hours = len(samples) / RATE_HZ / 3600
    name = f"analyse, {hours:.2g} h run, warm"
    yield timed("Batch, median of 5", name, "s", float(np.median(took_s)), max(1.0 * hours, 0.1), cpu_s)


def start_figures(samples: Samples) -> Iterator[Figure]:
    """From the start of Python to the strides of 40 s of samples, with an empty and with a full compiler cache."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "samples.npz"
        part = samples[:4000]
        assert part.quat is not None
        np.savez(file, time_s=part.time_s, gyr=part.gyr_rad_s, acc=part.acc_m_s2, quat=part.quat)
        environment = dict(os.environ)

        def start(*call: str) -> tuple[float, float]:
            run = [sys.executable, "-c", *call]
            took_s, cpu_s = _seconds(lambda: subprocess.run(run, env=environment, check=True, capture_output=True), 1)
            return float(took_s[0]), cpu_s

        colds = []
        for number in range(3):
            environment["NUMBA_CACHE_DIR"] = str(Path(folder) / f"cache{number}")
            colds.append(start(FIRST_RESULT, str(file)))
        cold = np.median(colds, axis=0)
        cached = np.median([start(FIRST_RESULT, str(file)) for _ in range(5)], axis=0)
        imports = np.median([start(IMPORTS) for _ in range(5)], axis=0)
    section = "Start of Python to the strides of 40 s"
    yield timed(section, "first start, compiling, median of 3", "s", float(cold[0]), 10.0, float(cold[1]))
    yield timed(section, "cached, median of 5", "s", float(cached[0]), 1.5, float(cached[1]))
    yield timed(section, "of it, Python and its imports", "s", float(imports[0]), None, float(imports[1]))


def live_start_figures() -> Iterator[Figure]:
    """From the start of Python to the orientation of a live session's first packet, the caches empty and full.

    `untuck replay --speed 1`: stored packets arrive as they did from the clip. The search for a clip is not included.
    """
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "UNTUCK_HOME": folder}
        caches = [Path(folder) / f"cache{number}" for number in range(LIVE_STARTS)]

        def start(call: list[str], cache: Path) -> tuple[float, float]:
            environment["NUMBA_CACHE_DIR"] = str(cache)
            run = [sys.executable, *call]
            took_s, cpu_s = _seconds(lambda: subprocess.run(run, env=environment, check=True, capture_output=True), 1)
            return float(took_s[0]), cpu_s

        full = Path(folder) / "full"
        start(["-m", "untuck", "demo", "--fast"], full)
        section = f"Start of Python to the first orientation of a live session, median of {LIVE_STARTS}"
        for name, used in (("first start", caches), ("cached", [full] * LIVE_STARTS)):
            took_s, cpu_s = np.median([start(["-c", FIRST_LIVE], cache) for cache in used], axis=0)
            yield timed(section, name, "s", float(took_s), 2.0, float(cpu_s))


def main(arguments: list[str]) -> int:
    """Print the table, or one JSON object; 1 where the recordings are absent."""
    parser = argparse.ArgumentParser(prog="python -m bench speed", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("--quick", action="store_true", help="shorter runs: under a minute")
    parser.add_argument("--seed", type=int, default=0, help="of the run (default 0)")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table to a page as well")
    options = parser.parse_args(arguments)
    if not has_data():
        print(f"No recordings in {data_dir()}: set UNTUCK_DATA to the folder that holds them.", file=sys.stderr)
        return 1
    hour = long_run(600.0 if options.quick else 3600.0, options.seed)
    figures = [*start_figures(hour), *live_start_figures(), *orientation_figures(hour), *batch_figures(hour)]
    figures += pipeline_figures(long_run(1200.0 if options.quick else 3 * 3600.0, options.seed))
    host: dict[str, Any] = {"machine": platform.machine(), "cpus": os.cpu_count(), "python": platform.python_version()}
    host["load"] = round(os.getloadavg()[0], 1)
    if options.json:
        print(json.dumps({"seed": options.seed, "host": host, "figures": [figure.to_json() for figure in figures]}))
        return 0
    text = f"{', '.join(f'{name} {value}' for name, value in host.items())}\n{table(figures)}"
    print(text)
    if options.markdown:
        options.markdown.write_text(PAGE.format(text=text), "utf-8")
    return 0
