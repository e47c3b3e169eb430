"""The data of one runner that the window draws, collected from the session's batches in buffers of fixed size.

Pure: no Qt, and no clock but the reading that is passed in. The counts let the plots detect new data.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from untuck.coach.angles import ROTATION, TILT
from untuck.coach.buffers import CONTACT_ROWS, STRIDE_ROWS, RowBuffer, TraceBuffer
from untuck.coach.session_feed import Batch, Snapshot
from untuck.events import (
    BaselineExtended,
    BaselineTaken,
    Calibrated,
    CommandTaken,
    ContactFound,
    CueDecided,
    CueSuppressed,
    Event,
    FindingChanged,
    StrideMeasured,
    Warned,
)
from untuck.model import CONTACT_DTYPE, Baseline, Cue, Finding, Floats, SuppressedCue
from untuck.session_commands import CueBlock, Lap, Mute, Note, SessionCommand, to_text
from untuck.vocabulary import Moving, NotJudged, named

STALE_S = 1.5  # packets come 20 times a second: after so long without one the state is NO_DATA
NO_DATA = "no data"
CURVES_KEPT = 12  # strides overlaid in the stride view
MARKS_KEPT = 2000  # cues, laps and notes: enough for a long session
REFERENCE_STRIDES = 60

_FIELDS = (
    "tilt_deg",
    "lean_deg",
    "cadence_spm",
    "contact_left_ms",
    "contact_right_ms",
    "pullback_left_deg",
    "pullback_right_deg",
    "tuck_least_deg",
    "pullback_least_deg",
    "left_phase",
)
STRIDE_ROW = np.dtype([("time_s", "f8"), *((name, "f4") for name in _FIELDS), ("valid", "?")])


@dataclass(frozen=True)
class Mark:
    """A flag on the time axis. kind: "cue", "suppressed", "lap", "note" or "command"; text: the label."""

    kind: str
    time_s: float
    text: str


class RunnerData:
    """The data of one runner's session so far; `take` adds a batch."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.tilt = TraceBuffer()
        self.pose_deg: Floats = np.zeros(3)
        self.strides = RowBuffer(STRIDE_ROW, STRIDE_ROWS)
        self.contacts = RowBuffer(CONTACT_DTYPE, CONTACT_ROWS)
        self.findings: deque[Finding] = deque(maxlen=MARKS_KEPT)
        self.active: dict[tuple[str, int], Finding] = {}
        self.marks: deque[Mark] = deque(maxlen=MARKS_KEPT)
        self.curves: deque[Floats] = deque(maxlen=CURVES_KEPT)  # each (3, PHASES) degrees
        self.reference: Floats | None = None  # (3, PHASES) degrees: mean of the baseline's strides
        self.baseline: Baseline | None = None
        self.snapshot = Snapshot()
        self.heard_s = math.nan
        self.ended = self.muted = self.no_cues = False
        self.laps = 0
        self.unjudged = 0  # newest strides in a row that were not judged
        self.reason = ""  # why the newest of them was not
        self.warnings: list[str] = []  # not shown yet
        self.stride_count = self.contact_count = self.mark_count = self.finding_count = 0
        self._cued: deque[int] = deque(maxlen=16)  # ids of cued findings
        self._gathered: deque[Floats] = deque(maxlen=REFERENCE_STRIDES)

    @property
    def last_s(self) -> float:
        """Sensor time of the newest sample, 0 before the first."""
        return self.tilt.last_s if math.isfinite(self.tilt.last_s) else 0.0

    def take(self, batch: Batch) -> None:
        """Add a batch."""
        if batch.snapshot is not None:
            self.snapshot = batch.snapshot
        if batch.arrivals_s:
            self.heard_s = batch.arrivals_s[-1]
        if batch.time_s:
            time_s, angles_deg = batch.samples()
            self.tilt.add(time_s, angles_deg[:, TILT])
            self.pose_deg = angles_deg[-1]
        for event in batch.events:
            self._take(event)
        for finding in self.snapshot.active:
            if (finding.fault, finding.side) in self.active:
                self.active[finding.fault, finding.side] = finding
        if self.snapshot.baseline is not self.baseline:
            self._use_baseline(self.snapshot.baseline)
        if batch.ended:
            self.ended = True

    def baseline_tilt_deg(self) -> float:
        """Tilt of the baseline at the current cadence, NaN without a baseline."""
        if self.baseline is None:
            return math.nan
        at = 0
        if len(self.strides):
            at = self.baseline.at(float(self.strides.all[-1]["cadence_spm"]))
        return float(self.baseline.tilt_deg[at])

    def silent_s(self, clock_s: float) -> float:
        """Seconds since the last packet on the host's clock; 0 before the first and after the end."""
        return 0.0 if self.ended or math.isnan(self.heard_s) else max(0.0, clock_s - self.heard_s)

    def state(self, clock_s: float) -> str:
        """One of "waiting", "ended", NO_DATA, "calibrating", "standing", "walking", "running"."""
        if self.ended:
            return "ended"
        if math.isnan(self.heard_s):
            return "waiting"
        if self.silent_s(clock_s) > STALE_S:
            return NO_DATA
        if (self.snapshot.recalibrating or not self.snapshot.calibrated) and self.snapshot.moving == Moving.STANDING:
            return "calibrating"
        return self.snapshot.moving

    def _take(self, event: Event) -> None:
        match event:
            case Calibrated():
                self._gathered.clear()
            case BaselineExtended(baseline=baseline):
                self.baseline = baseline
            case BaselineTaken(baseline=baseline):
                self.baseline = baseline
                if self._gathered:
                    self.reference = np.mean(np.array(self._gathered), axis=0)
            case ContactFound(contact=contact):
                self.contact_count += 1
                self.contacts.add(np.array([contact], CONTACT_DTYPE))
            case StrideMeasured(stride=stride, curves_rad=curves_rad):
                self._stride(stride)
                if stride["valid"]:
                    self._curve(np.degrees(curves_rad))
            case FindingChanged(finding=finding):
                self._finding(finding)
            case CueDecided(cue=cue):
                self._cue(cue)
            case CueSuppressed(cue=suppressed):
                self._suppressed(suppressed)
            case CommandTaken(time_s=time_s, command=command):
                self._command(command, time_s)
            case Warned(text=text):
                self.warnings.append(text)
            case _:
                pass

    def _use_baseline(self, baseline: Baseline | None) -> None:
        """Use a baseline from an earlier session, of which only the rotation curve is known; None: use none."""
        self.baseline, self.reference = baseline, None
        self._gathered.clear()
        if baseline is not None:
            self.reference = np.full((3, baseline.rotation_deg.shape[1]), np.nan)
            self.reference[ROTATION] = baseline.rotation_deg[int(np.argmax(baseline.strides))]

    def _curve(self, curves_deg: Floats) -> None:
        self.curves.append(curves_deg)
        if self.baseline is None:
            self._gathered.append(curves_deg)

    def _stride(self, record: np.void) -> None:
        self.stride_count += 1
        compared = record["valid"] and record["reason"] in ("", NotJudged.BASELINE)
        self.unjudged = 0 if compared else self.unjudged + 1
        self.reason = str(record["reason"])
        row = np.zeros(1, STRIDE_ROW)
        for name in STRIDE_ROW.names or ():
            if name in (record.dtype.names or ()):
                row[name] = record[name]
        row["time_s"] = record["start_s"] + record["duration_s"]
        row["left_phase"] = self._left_phase(float(record["start_s"]), float(record["duration_s"]))
        self.strides.add(row)

    def _left_phase(self, start_s: float, duration_s: float) -> float:
        lefts = self.contacts.all[-6:]
        inside = lefts[(lefts["side"] < 0) & (lefts["time_s"] > start_s) & (lefts["time_s"] < start_s + duration_s)]
        return float(inside["time_s"][0] - start_s) / duration_s if len(inside) else 0.5

    def _finding(self, finding: Finding) -> None:
        self.finding_count += 1
        if finding.active:
            self.active[finding.fault, finding.side] = finding
        else:
            self.active.pop((finding.fault, finding.side), None)
            self.findings.append(finding)

    def _cue(self, cue: Cue) -> None:
        self._cued.append(cue.finding_id)
        self._mark("cue", cue.time_s, named(cue.fault, cue.side))

    def _suppressed(self, cue: SuppressedCue) -> None:
        """Flag a suppressed cue, unless the same finding was cued before."""
        if cue.finding_id not in self._cued:
            self._mark("suppressed", cue.time_s, f"no cue: {cue.reason}")

    def _command(self, command: SessionCommand, time_s: float) -> None:
        """Flag a command that has taken effect, and update the state that the buttons show."""
        kind = "command"
        match command:
            case Lap(label=label):
                self.laps += 1
                kind, text = "lap", label or f"lap {self.laps}"
            case Note(text=text):
                kind = "note"
            case Mute(on=on):
                self.muted, text = on, f"mute {'on' if on else 'off'}"
            case CueBlock(cues=cues):
                self.no_cues, text = not cues, f"cues {'on' if cues else 'off'}"
            case _:
                text = " ".join(to_text(command)).strip().replace("_", " ")
        self._mark(kind, time_s, text)

    @property
    def shown_marks(self) -> list[Mark]:
        """The flags to draw: blind blocks hide those that would reveal the current block, until the session ends."""
        if not self.snapshot.blind or self.ended:
            return list(self.marks)
        return [mark for mark in self.marks if mark.kind not in ("cue", "suppressed", "command")]

    def _mark(self, kind: str, time_s: float, text: str) -> None:
        self.mark_count += 1
        self.marks.append(Mark(kind, time_s, text))
