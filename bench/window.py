"""`python -m bench window`: cost of the coach's window, and the age of the data on the screen.

A simulated runner's packets come in real time, 100 Hz, into the real control, session and feed, with 60 s shown. Qt
paints offscreen, into memory, as for a screen without a graphics card. A paint is one of the plots over time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication

from bench.lib.figures import Figure, table
from untuck.coach.control import RunnerSlot, Updates
from untuck.coach.loop_thread import LoopThread
from untuck.coach.session_feed import Batch, Feed, Snapshot
from untuck.coach.sessions import CoachSessions
from untuck.coach.time_plots import TimePlots
from untuck.coach.window import CoachWindow
from untuck.events import ContactFound, Event, StrideMeasured
from untuck.model import Packet
from untuck.motion.decode import Decoder
from untuck.motion.pipeline import Pipeline
from untuck.session.starts import ReadySession
from untuck.simulate.packets import pack
from untuck.simulate.runner import Phase, Scenario, simulate
from untuck.store import Settings

BEFORE_S = 85.0  # without delay: calibration, a baseline, and a screen full of strides
SIZE = (1200, 700)
LOOP_S = 60.0  # of running, repeated for hours


class PacedOpening:
    """A simulated runner: the first BEFORE_S without delay, then in real time for `seconds`."""

    text = work = "bench"
    keeper = None

    def __init__(self, seconds: float, seed: int) -> None:
        self.key = f"runner {seed}"
        self._seconds = seconds
        self._seed = seed

    @asynccontextmanager
    async def open(self) -> AsyncIterator[ReadySession]:
        yield ReadySession(self, self.key, "bench", Settings(rate_hz=100))

    async def packets(self) -> AsyncIterator[Packet]:
        """Packets of 5 samples."""
        phases = (Phase("stand", 7.0), *[Phase("hinge", 3.5)] * 3, Phase("stand", 2.5))
        scenario = Scenario((*phases, Phase("run", BEFORE_S + self._seconds)))
        datas = pack((await asyncio.to_thread(simulate, scenario, self._seed)).samples, 100)
        begin_s = time.monotonic()
        for number, data in enumerate(datas):
            at_s = number * 0.05
            if at_s > BEFORE_S:
                await asyncio.sleep(max(0.0, begin_s + at_s - BEFORE_S - time.monotonic()))
            else:
                await asyncio.sleep(0)
                begin_s = time.monotonic()
            yield Packet(data, time.monotonic())


@dataclass
class Paints:
    """Times and durations of paints of the plots, and the age of samples when first shown."""

    ends_s: list[float]
    lengths_s: list[float]
    ages_s: list[float]


class Watch:
    """Records paints of a window's plots and the age of the data shown; create it before the window."""

    def __init__(self) -> None:
        self.paints = Paints([], [], [])
        self._fresh: list[float] = []
        self._paint = TimePlots.paintEvent
        watch = self

        def paint(plots: TimePlots, event: QPaintEvent) -> None:
            start_s = time.monotonic()
            watch._paint(plots, event)
            watch.painted(start_s)

        TimePlots.paintEvent = paint

    def begin(self, feed: Feed) -> None:
        """Start a new record, of the data from this feed."""
        self.paints, self._fresh = Paints([], [], []), []
        self._take = feed.take
        feed.take = self._note  # type: ignore[method-assign]

    def _note(self) -> Batch:
        batch = self._take()
        self._fresh += batch.arrivals_s
        return batch

    def painted(self, start_s: float) -> None:
        """The plots have been painted."""
        now_s = time.monotonic()
        self.paints.ends_s.append(now_s)
        self.paints.lengths_s.append(now_s - start_s)
        self.paints.ages_s += [now_s - arrival_s for arrival_s in self._fresh]
        self._fresh = []

    def close(self) -> None:
        """Restore the plots' own paint method."""
        TimePlots.paintEvent = self._paint


def run_live(seconds: float = 20.0, runners: int = 1) -> dict[str, Any]:
    """Paints, ages and CPU of a window with this many runners, over this many seconds."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    with LoopThread() as thread:
        control = CoachSessions(thread, [PacedOpening(seconds + 30, seed) for seed in range(runners)], audible=False)
        watch = Watch()
        window = CoachWindow(control)
        window.resize(*SIZE)
        window.show()
        for seed in range(runners):
            control.start(f"runner {seed}")
        _spin(
            app, lambda: len(window.runners) == runners and min(t.last_s for t in window.runners) > BEFORE_S + 2, 240.0
        )
        watch.begin(window.slots[0].feed)
        cpu_s, start_s = time.process_time(), time.monotonic()
        _spin(app, lambda: time.monotonic() - start_s > seconds, seconds + 10)
        cpu_s, wall_s = time.process_time() - cpu_s, time.monotonic() - start_s
        watch.close()
        window.close()
    ages_ms = 1e3 * np.array(watch.paints.ages_s)
    return {
        "runners": runners,
        "paints_per_s": round(len(watch.paints.ends_s) / wall_s, 1),
        "paint_ms": round(1e3 * float(np.median(watch.paints.lengths_s)), 1),
        "data_age_ms": round(float(np.median(ages_ms)), 1),
        "data_age_p95_ms": round(float(np.percentile(ages_ms, 95)), 1),
        "core_share": round(cpu_s / wall_s, 3),
    }


def _spin(app: Any, done: Any, timeout_s: float) -> None:
    """Run Qt's event loop until done."""
    loop, end_s = QEventLoop(), time.monotonic() + timeout_s
    timer = QTimer(interval=100)
    timer.timeout.connect(lambda: loop.quit() if done() or time.monotonic() > end_s else None)
    timer.start()
    loop.exec()


class LoopFeed(Feed):
    """A feed that repeats a minute of running with later times."""

    def __init__(self, head: Batch, minute: list[Batch]) -> None:
        super().__init__()
        self._head: Batch | None = head
        self._minute = minute
        self._number = 0

    def take(self) -> Batch:
        """The next five seconds."""
        if self._head is not None:
            head, self._head = self._head, None
            return head
        turn, part = divmod(self._number, len(self._minute))
        self._number += 1
        return _moved(self._minute[part], turn * LOOP_S)


def _moved(batch: Batch, by_s: float) -> Batch:
    """The batch with all times later by by_s."""
    events: list[Event] = []
    for event in batch.events:
        time_s = event.time_s + by_s
        match event:
            case StrideMeasured(stride=stride, curves_rad=curves_rad):
                later = stride.copy()
                later["start_s"] += by_s
                events.append(StrideMeasured(time_s, later, curves_rad))
            case ContactFound(contact=contact):
                later = contact.copy()
                later["time_s"] += by_s
                events.append(ContactFound(time_s, later))
            case _:
                pass
    samples_s = [each + by_s for each in batch.time_s]
    return Batch(samples_s, batch.angles_deg, events, [], [time.monotonic()], batch.snapshot)


class LoopSessions:
    """Stands in for CoachSessions, with one runner who runs for hours."""

    sounding = None

    def __init__(self) -> None:
        self._updates = Updates(slots=[RunnerSlot("runner", _loop_feed())])

    def updates(self) -> Updates:
        updates, self._updates = self._updates, Updates()
        return updates

    def cancel(self) -> None:
        """Part of the interface; there is nothing to cancel."""


def _loop_feed() -> LoopFeed:
    phases = (Phase("stand", 7.0), *[Phase("hinge", 3.5)] * 3, Phase("stand", 2.5))
    samples = simulate(Scenario((*phases, Phase("run", 130.0)))).samples
    decoder, pipeline, feed = Decoder(), Pipeline(), Feed()
    batches: list[Batch] = []
    for number, data in enumerate(pack(samples, 100), 1):
        events = pipeline.push(decoder.push([data]))
        feed.put(pipeline, events, Snapshot("running", "in good form", calibrated=True, baseline=pipeline.baseline))
        if number % 100 == 0:
            batches.append(feed.take())
    head, parts = batches[:16], round(LOOP_S / 5)
    joined = Batch(snapshot=head[-1].snapshot)
    for each in head:
        joined.time_s += each.time_s
        joined.angles_deg += each.angles_deg
        joined.events += each.events
        joined.arrivals_s += each.arrivals_s
    return LoopFeed(joined, batches[16 : 16 + parts])


def run_hours(hours: float) -> dict[str, Any]:
    """Growth of the process after the first sixth of `hours`, and CPU time of a tick at first and at the end."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    window = CoachWindow(LoopSessions())  # type: ignore[arg-type]
    window.timer.stop()
    window.resize(*SIZE)
    window.show()
    ticks = round(hours * 720)
    sizes, lengths_ms = [], []
    for _ in range(ticks):
        start_s = time.process_time()
        window.tick()
        app.processEvents()
        lengths_ms.append(1e3 * (time.process_time() - start_s))
        sizes.append(_resident_mb())
    window.close()
    early, part = ticks // 6, max(1, ticks // 6)
    return {
        "hours": hours,
        "shown_s": round(window.runner.last_s),
        "memory_mb": round(sizes[-1]),
        "growth_mb": round(sizes[-1] - sizes[early], 1),
        "tick_ms_first": round(float(np.median(lengths_ms[:part])), 1),
        "tick_ms_last": round(float(np.median(lengths_ms[-part:])), 1),
    }


def _resident_mb() -> float:
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize() / 2**20
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # macOS counts bytes, and only the peak


def figures(live: dict[str, Any], four: dict[str, Any], hours: dict[str, Any]) -> list[Figure]:
    """The figures with their goals."""

    def one(name: str, unit: str, value: float, goal: tuple[str, float] | None = None) -> Figure:
        return Figure("coach's window", name, unit, {"all": value}, goal=goal)

    return [
        one("paints of the plots", "1/s", live["paints_per_s"], (">=", 20.0)),
        one("a paint", "ms", live["paint_ms"]),
        one("data to screen, median", "ms", live["data_age_ms"], ("<=", 100.0)),
        one("data to screen, 95 %", "ms", live["data_age_p95_ms"]),
        one("share of a core, session included", "", live["core_share"], ("<=", 0.5)),
        one("the same, 4 runners", "", four["core_share"]),
        one("data to screen, 4 runners", "ms", four["data_age_ms"]),
        one(f"growth over {hours['hours']:g} h", "MB", hours["growth_mb"]),
        one("5 s taken in and drawn, first", "ms", hours["tick_ms_first"]),
        one("5 s taken in and drawn, last", "ms", hours["tick_ms_last"]),
    ]


def main(arguments: list[str]) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench window", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="length of the live part")
    parser.add_argument("--hours", type=float, default=3.0, help="simulated length of the long session")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as home:
        os.environ["UNTUCK_HOME"] = home
        live, four = run_live(options.seconds), run_live(options.seconds / 2, runners=4)
        hours = run_hours(options.hours)
    found = figures(live, four, hours)
    print(json.dumps({**live, "four_runners": four, "long_session": hours}) if options.json else table(found))
    return 0 if all(figure.met is not False for figure in found) else 1
