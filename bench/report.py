"""`python -m bench report`: after a run of an hour, the time for the summary, the page and the exports.

The run is a simulated runner's, stored as packets at 100 Hz; everything is timed warm, in this process, on one thread.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from bench.lib.figures import Figure, table
from untuck.model import Packet
from untuck.report.html import to_html
from untuck.report.metrics import metrics_of
from untuck.report.page import Report
from untuck.report.pdf import write_pdf
from untuck.report.tables import table as export_table
from untuck.report.tables import write_table
from untuck.session.reanalysis import Reanalysis, reanalyse
from untuck.simulate.packets import pack
from untuck.simulate.runner import simulate
from untuck.simulate.scenario import Phase, Scenario
from untuck.store import Settings, Store, StoredSession

RATE_HZ = 100
REPEATS = 5


def hour(minutes: float) -> Scenario:
    """Standing, hinges, then easy running with a tuck and a pullback every ten minutes."""
    run = [Phase("run", 200.0)]
    while sum(phase.duration_s for phase in run) < minutes * 60:
        run += [Phase("run", 30.0, tuck_deg=6.0), Phase("run", 270.0), Phase("run", 30.0, pullback_deg=4.5)]
        run += [Phase("run", 270.0)]
    return Scenario((*Scenario.default().phases[:3], *run, Phase("stand", 5.0)))


def stored(folder: Path, minutes: float, seed: int) -> StoredSession:
    """A new store in `folder` with the run."""
    store = Store(folder / "sessions.db")
    samples = simulate(hour(minutes), seed, RATE_HZ).samples
    with store.record("simulated runner", "demo", Settings(rate_hz=RATE_HZ)) as recording:
        for number, data in enumerate(pack(samples, RATE_HZ)):
            recording.append(Packet(data, 0.05 * number))
    return store.open()


def _seconds(call: Callable[[], object], repeats: int = REPEATS) -> tuple[float, dict[str, float | str]]:
    """Median wall seconds, and CPU seconds, which a busy machine changes less."""
    call()  # warm
    wall, cpu = [], []
    for _ in range(repeats):
        cpu_s, start_s = time.process_time(), time.perf_counter()
        call()
        wall.append(time.perf_counter() - start_s)
        cpu.append(time.process_time() - cpu_s)
    return float(np.median(wall)), {"CPU time": float(np.median(cpu)), "slowest": float(np.max(wall))}


def figures_of(session: StoredSession, found: Reanalysis, folder: Path, hours: float) -> Iterator[Figure]:
    """One figure for each result that a user waits for."""
    section = f"After a run of {hours:.2g} h at {RATE_HZ} Hz, median of {REPEATS}"
    now = metrics_of(1, 0.0, found.summary)
    report = Report("Run", "today", found.run, found.summary, session.settings().params, now)
    page = to_html(report)

    def export(kind: str) -> None:
        for name in ("strides", "findings", "cues"):
            write_table(name, export_table(name, found.run, found.samples, found.summary), folder / f"{name}.{kind}")

    def export_samples() -> None:
        columns = export_table("samples", found.run, found.samples, found.summary)
        write_table("samples", columns, folder / "samples.parquet")

    calls: tuple[tuple[str, Callable[[], object], tuple[str, float] | None], ...] = (
        ("from store to summary", lambda: reanalyse(session), ("<=", 2.0 * hours)),
        ("page (HTML)", lambda: to_html(report), ("<=", 3.0)),
        ("pages (PDF)", lambda: write_pdf(report, folder / "run.pdf"), None),
        ("strides, findings, cues as CSV", lambda: export("csv"), None),
        ("samples as Parquet", export_samples, None),
    )
    for name, call, goal in calls:
        seconds, beside = _seconds(call)
        yield Figure(section, name, "s", {"all": seconds}, {}, goal, beside)
    yield Figure(section, "size of the page", "MB", {"all": len(page.encode()) / 1e6})


def main(arguments: list[str]) -> int:
    """Print the table, or one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m bench report", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("--quick", action="store_true", help="ten minutes instead of an hour")
    parser.add_argument("--seed", type=int, default=0, help="of the run (default 0)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        session = stored(folder, 10.0 if options.quick else 60.0, options.seed)
        found = reanalyse(session)
        figures = list(figures_of(session, found, folder, found.summary.signal.duration_s / 3600))
    if options.json:
        host = {"machine": platform.machine(), "python": platform.python_version(), "load": os.getloadavg()[0]}
        print(json.dumps({"seed": options.seed, "host": host, "figures": [figure.to_json() for figure in figures]}))
    else:
        print(table(figures))
    return 0
