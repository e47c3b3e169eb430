"""Carries data from the session's thread to the window's thread, as batches.

The session adds the data of each packet and never waits. The window takes everything that was added since its last
call, at its own rate. Neither thread can block the other, and the queue between them stays small.
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, field

import numpy as np

from untuck.events import Event, StrideMeasured
from untuck.model import Baseline, Floats, Progress
from untuck.motion.params import Params
from untuck.motion.pipeline import Pipeline
from untuck.session.pelvis_angles import AngleReader, lean_at
from untuck.vocabulary import Moving

HALF_PACKET_S = 0.025


@dataclass(frozen=True)
class Snapshot:
    """The current state of a session.

    moving: of vocabulary.Moving; instruction: what the runner should do; lost, corrupt: packets of all clips; params:
    those in use; progress: of the calibration or baseline in progress (0..1), NaN if none is; blind: whether blind
    blocks are on; calibrated, baseline: in use now, from this session or an earlier one; recalibrating: a new
    calibration is in progress; findings: those that last, with their depth; trunk: whether samples of a second clip
    come, None without one; trunk_problem: why it shows nothing just now, with what to do, "" while it does.
    """

    moving: str = Moving.STANDING
    instruction: str = ""
    lost: int = 0
    corrupt: int = 0
    params: Params = field(default_factory=Params)
    progress: float = math.nan
    blind: bool = False
    calibrated: bool = False
    recalibrating: bool = False
    findings: Progress = field(default_factory=Progress)
    baseline: Baseline | None = None
    trunk: bool | None = None
    trunk_problem: str = ""


@dataclass(frozen=True)
class Judged:
    """Follows the events of a packet with a stride: the findings that last, and the baseline, as they are after it."""

    time_s: float
    progress: Progress
    has_baseline: bool


@dataclass(eq=False)
class Batch:
    """Data of a session since the last batch.

    time_s: list of (n,) seconds on the sensor's clock; angles_deg: list of (n,4) tilt, obliquity, rotation and lean of
    the trunk, which is NaN without a second clip; events: the pipeline's, and Judged; messages: text, and whether it
    reports an error; arrivals_s: arrival of each entry of time_s on the host's monotonic clock; snapshot: the newest,
    None without a packet; ended: the session is over.
    """

    time_s: list[Floats] = field(default_factory=list)
    angles_deg: list[Floats] = field(default_factory=list)
    events: list[Event | Judged] = field(default_factory=list)
    messages: list[tuple[str, bool]] = field(default_factory=list)
    arrivals_s: list[float] = field(default_factory=list)
    snapshot: Snapshot | None = None
    ended: bool = False

    def samples(self) -> tuple[Floats, Floats]:
        """All samples of the batch: time_s (n,), angles_deg (n,4)."""
        if not self.time_s:
            return np.empty(0), np.empty((0, 4))
        return np.concatenate(self.time_s), np.concatenate(self.angles_deg)


class Feed:
    """The queue of one session; `put`, `say` and `end` are called by the session, `take` by the window."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._batch = Batch()
        self._angles = AngleReader()
        self._delayed: tuple[float, Floats, Floats] | None = None

    def put(self, pipeline: Pipeline, events: list[Event], snapshot: Snapshot) -> None:
        """Add the samples, events and state after a packet."""
        time_s, angles_deg = self._angles.newest(pipeline)
        angles_deg = np.column_stack([angles_deg, lean_at(pipeline, time_s)])
        with self._lock:
            self._batch.events += events
            if any(isinstance(event, StrideMeasured) for event in events):
                self._batch.events.append(Judged(events[-1].time_s, pipeline.progress, pipeline.baseline is not None))
            self._batch.snapshot = snapshot
            if len(time_s):
                self._add_packet(time_s, angles_deg)

    def _add_packet(self, time_s: Floats, angles_deg: Floats) -> None:
        """Add the first half of a packet's samples now and the rest half a packet later, so that plots move evenly."""
        now_s = time.monotonic()
        self._add_delayed()
        half = (len(time_s) + 1) // 2
        self._add(now_s, time_s[:half], angles_deg[:half])
        self._delayed = (now_s, time_s[half:], angles_deg[half:])

    def _add_delayed(self) -> None:
        """Add the samples that were delayed."""
        if self._delayed is not None:
            self._add(*self._delayed)
            self._delayed = None

    def _add(self, arrival_s: float, time_s: Floats, angles_deg: Floats) -> None:
        if len(time_s):
            self._batch.arrivals_s.append(arrival_s)
            self._batch.time_s.append(time_s)
            self._batch.angles_deg.append(angles_deg)

    def say(self, text: str, error: bool = False) -> None:
        """Add a message for the coach. error: the text reports what went wrong and what to do."""
        with self._lock:
            self._batch.messages.append((text, error))

    def end(self) -> None:
        """Mark the session as ended: no more data will follow."""
        with self._lock:
            self._batch.ended = True

    def take(self) -> Batch:
        """Everything since the last call."""
        with self._lock:
            due_s = math.inf if self._delayed is None else self._delayed[0] + HALF_PACKET_S
            if self._batch.ended or time.monotonic() >= due_s:
                self._add_delayed()
            batch, self._batch = self._batch, Batch()
        return batch
