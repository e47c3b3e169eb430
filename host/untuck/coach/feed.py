"""From the session's thread to the window's: what came since the window looked last, as one batch.

The session puts packets' worth in and never waits; the window takes all of it at once, at its own rate. So neither can
hold up the other, and what lies between them stays small. The lock, and the values that cross it, live here.
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, field

import numpy as np

from untuck.coach.angles import AngleReader
from untuck.events import Event
from untuck.model import Baseline, Finding, Floats
from untuck.motion.params import Params
from untuck.motion.pipeline import Pipeline
from untuck.vocabulary import Moving

HALF_PACKET_S = 0.025


@dataclass(frozen=True)
class Snapshot:
    """The present moment of a session.

    moving: of vocabulary.Moving; ask: what the runner is to do, in words; against_deg: tilt minus baseline over the
    strides that a tuck is judged by, NaN without one; lost, corrupt: packets; params: those in use; share: progress of
    what is being done (0..1), NaN if nothing is; blind: whether blocks with and without cues are hidden; calibrated,
    baseline: in use now, whether found in this session or kept from an earlier one; recalibrating: a calibration is
    looked for although there is one; active: findings that last, as deep as they have been so far.
    """

    moving: str = Moving.STANDING
    ask: str = ""
    against_deg: float = math.nan
    lost: int = 0
    corrupt: int = 0
    params: Params = field(default_factory=Params)
    share: float = math.nan
    blind: bool = False
    calibrated: bool = False
    recalibrating: bool = False
    active: tuple[Finding, ...] = ()
    baseline: Baseline | None = None


@dataclass(eq=False)
class Batch:
    """What a session brought since the last batch.

    time_s: list of (n,) seconds on the sensor's clock; angles_deg: list of (n,3) tilt, obliquity, rotation; events: the
    pipeline's; said: lines that are no result, with whether they report an error; arrivals_s: when each piece of
    samples came, on the host's monotonic clock; ended: the session is over.
    """

    time_s: list[Floats] = field(default_factory=list)
    angles_deg: list[Floats] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    said: list[tuple[str, bool]] = field(default_factory=list)
    arrivals_s: list[float] = field(default_factory=list)
    now: Snapshot | None = None
    ended: bool = False

    def samples(self) -> tuple[Floats, Floats]:
        """All samples of the batch: time_s (n,), angles_deg (n,3)."""
        if not self.time_s:
            return np.empty(0), np.empty((0, 3))
        return np.concatenate(self.time_s), np.concatenate(self.angles_deg)


class Feed:
    """One session's way to the window."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._batch = Batch()
        self._angles = AngleReader()
        self._later: tuple[float, Floats, Floats] | None = None

    def put(self, pipeline: Pipeline, events: list[Event], now: Snapshot) -> None:
        """What a packet brought; called by the session after each one."""
        time_s, angles_deg = self._angles.newest(pipeline)
        with self._lock:
            self._batch.events += events
            self._batch.now = now
            if len(time_s):
                self._arrived(time_s, angles_deg)

    def _arrived(self, time_s: Floats, angles_deg: Floats) -> None:
        """Add a packet's samples: the first half now, the rest a moment later, as they were taken: it moves evenly."""
        now_s = time.monotonic()
        self._release()
        half = (len(time_s) + 1) // 2
        self._add(now_s, time_s[:half], angles_deg[:half])
        self._later = (now_s, time_s[half:], angles_deg[half:])

    def _release(self) -> None:
        """Add what was to come later."""
        if self._later is not None:
            self._add(*self._later)
            self._later = None

    def _add(self, arrival_s: float, time_s: Floats, angles_deg: Floats) -> None:
        if len(time_s):
            self._batch.arrivals_s.append(arrival_s)
            self._batch.time_s.append(time_s)
            self._batch.angles_deg.append(angles_deg)

    def say(self, text: str, error: bool = False) -> None:
        """A line for the coach; error: something went wrong, and the text tells what to do."""
        with self._lock:
            self._batch.said.append((text, error))

    def end(self) -> None:
        """The session is over: nothing more will come."""
        with self._lock:
            self._batch.ended = True

    def take(self) -> Batch:
        """Everything since the last call; called by the window."""
        with self._lock:
            if self._later is not None and (self._batch.ended or time.monotonic() >= self._later[0] + HALF_PACKET_S):
                self._release()
            batch, self._batch = self._batch, Batch()
        return batch
