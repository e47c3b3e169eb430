"""The data of one runner that the window draws, collected from the session's batches in buffers of fixed size.

Pure: no Qt, and no clock but the reading that is passed in. The counts let the plots detect new data.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from untuck.coach.buffers import CONTACT_ROWS, FULL_SAMPLES, STRIDE_ROWS, RowBuffer, TraceBuffer
from untuck.coach.names import command_words
from untuck.coach.session_feed import Batch, Judged, Snapshot
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
    MovingChanged,
    StrideMeasured,
    Warned,
)
from untuck.model import CONTACT_DTYPE, Baseline, Cue, Finding, Floats, Progress, SuppressedCue
from untuck.session.form_state import FormTracker, State, Verdict, state_of
from untuck.session.pelvis_angles import ROTATION, TILT
from untuck.session_commands import CueBlock, Lap, Mute, Note, SessionCommand

STALE_S = 1.5  # packets come 20 times a second: after so long without one the state is NO_DATA
CURVES_KEPT = 12  # strides overlaid in the stride view
MARKS_KEPT = 2000  # cues, laps and notes: enough for a long session
REFERENCE_STRIDES = 60
USUAL_STRIDES = 60  # that long the tilt of the newest judged stride stays the usual one

_FIELDS = (
    "tilt_deg",
    "pelvic_lean_deg",
    "cadence_spm",
    "contact_left_ms",
    "contact_right_ms",
    "pullback_left_deg",
    "pullback_right_deg",
    "tuck_least_deg",
    "pullback_least_deg",
    "tilt_usual_deg",
    "rotation_range_deg",
    "trunk_lean_deg",
    "trunk_lean_usual_deg",
    "trunk_lean_least_deg",
    "lumbar_deg",
    "lumbar_usual_deg",
    "lumbar_least_deg",
    "left_phase",
)
DEPTHS = ("now_deg", "worst_deg", "least_deg", "against_deg")  # of the verdict
STRIDE_ROW = np.dtype(
    [
        ("time_s", "f8"),
        *((name, "f4") for name in (*_FIELDS, *DEPTHS)),
        ("valid", "?"),
        ("state", "u1"),  # and the rest of the stride's verdict
        ("fault", "S12"),
        ("side", "i1"),
        ("others", "u1"),
        ("by_trunk", "?"),
        ("reason", "S12"),
    ]
)
POSE_ROW = np.dtype([("time_s", "f8"), ("angles_deg", "f4", 4)])


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
        self.pose_deg: Floats = np.array([0.0, 0.0, 0.0, math.nan])
        self.poses = RowBuffer(POSE_ROW, FULL_SAMPLES)
        self.strides = RowBuffer(STRIDE_ROW, STRIDE_ROWS)
        self.contacts = RowBuffer(CONTACT_DTYPE, CONTACT_ROWS)
        self.findings: deque[Finding] = deque(maxlen=MARKS_KEPT)
        self.marks: deque[Mark] = deque(maxlen=MARKS_KEPT)
        self.curves: deque[Floats] = deque(maxlen=CURVES_KEPT)  # each (3, PHASES) degrees
        self.reference: Floats | None = None  # (3, PHASES) degrees: mean of the baseline's strides
        self.baseline: Baseline | None = None
        self.snapshot = Snapshot()
        self.heard_s = math.nan
        self.ended = self.muted = self.no_cues = False
        self.laps = 0
        self.form = FormTracker()
        self.movings: deque[tuple[float, str]] = deque(maxlen=MARKS_KEPT)  # since when the wearer moves how
        self.warnings: list[str] = []  # not shown yet
        self.stride_count = self.contact_count = self.mark_count = self.finding_count = 0
        self._cued: deque[int] = deque(maxlen=16)  # ids of cued findings
        self._gathered: deque[Floats] = deque(maxlen=REFERENCE_STRIDES)

    @property
    def active(self) -> dict[tuple[str, int], Finding]:
        """The findings that last, by fault and side."""
        return self.form.active

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
            self.poses.add(np.rec.fromarrays([time_s, angles_deg], dtype=POSE_ROW))
        for event in batch.events:
            self._take(event)
        if batch.snapshot is not None:
            self._judge(batch.snapshot.findings, batch.snapshot.baseline is not None)
        if self.snapshot.baseline is not self.baseline:
            self._use_baseline(self.snapshot.baseline)
        if batch.ended:
            self.ended = True

    def usual_tilt_deg(self, at_s: float = math.inf) -> float:
        """The tilt that strides are judged against, now or at a time; NaN without a baseline."""
        rows = self.strides.between(-math.inf, at_s)
        known = rows["tilt_usual_deg"][-USUAL_STRIDES:]
        known = known[np.isfinite(known)]
        if len(known):
            return float(known[-1])
        if self.baseline is None:
            return math.nan
        cadence_spm = float(rows[-1]["cadence_spm"]) if len(rows) else math.nan
        return float(self.baseline.tilt_deg[self.baseline.at(cadence_spm)])

    def usual_lean_deg(self, at_s: float = math.inf) -> float:
        """The lean of the trunk that strides are judged against, now or at a time; NaN where it is not known."""
        known = self.strides.between(-math.inf, at_s)["trunk_lean_usual_deg"][-USUAL_STRIDES:]
        known = known[np.isfinite(known)]
        return float(known[-1]) if len(known) else math.nan

    @property
    def two_clips(self) -> bool:
        """Whether the session has a second clip, on the upper back."""
        return self.snapshot.trunk is not None

    @property
    def verdict(self) -> Verdict:
        """The judge's word on the newest stride."""
        return self.form.verdict(self.snapshot.params)

    def silent_s(self, clock_s: float) -> float:
        """Seconds since the last packet on the host's clock; 0 before the first and after the end."""
        return 0.0 if self.ended or math.isnan(self.heard_s) else max(0.0, clock_s - self.heard_s)

    def state(self, clock_s: float) -> State:
        """The state now: missing data first, then the activity, then the form."""
        if self.ended:
            return State.ENDED
        if math.isnan(self.heard_s):
            return State.WAITING
        if self.silent_s(clock_s) > STALE_S:
            return State.NO_DATA
        calibrating = self.snapshot.recalibrating or not self.snapshot.calibrated
        return state_of(self.snapshot.moving, calibrating, self.verdict)

    def _take(self, event: Event | Judged) -> None:
        match event:
            case Judged(progress=progress, has_baseline=has_baseline):
                self._judge(progress, has_baseline)
            case MovingChanged(time_s=time_s, moving=moving):
                self.movings.append((time_s, moving))
                self.form.restart()
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
        self.form.stride(record)
        row = np.zeros(1, STRIDE_ROW)
        for name in STRIDE_ROW.names or ():
            if name in (record.dtype.names or ()):
                row[name] = record[name]
        row["time_s"] = record["start_s"] + record["duration_s"]
        row["left_phase"] = self._left_phase(float(record["start_s"]), float(record["duration_s"]))
        self.strides.add(row)
        self._write_verdict()

    def _judge(self, progress: Progress, has_baseline: bool) -> None:
        """Take in the findings as they are after the newest stride, and write its verdict."""
        self.form.progress(progress, has_baseline)
        if len(self.strides) and self.form.has_stride:
            self._write_verdict()

    def _write_verdict(self) -> None:
        row, verdict = self.strides.all[-1:], self.verdict
        for name in (*DEPTHS, "state", "side", "others"):
            row[name] = getattr(verdict, name)
        row["by_trunk"] = verdict.trunk
        row["fault"], row["reason"] = verdict.fault.encode(), str(verdict.reason).encode()

    def _left_phase(self, start_s: float, duration_s: float) -> float:
        lefts = self.contacts.all[-6:]
        inside = lefts[(lefts["side"] < 0) & (lefts["time_s"] > start_s) & (lefts["time_s"] < start_s + duration_s)]
        return float(inside["time_s"][0] - start_s) / duration_s if len(inside) else 0.5

    def _finding(self, finding: Finding) -> None:
        self.finding_count += 1
        self.form.finding(finding)
        if not finding.active:
            self.findings.append(finding)

    def _cue(self, cue: Cue) -> None:
        self._cued.append(cue.finding_id)
        self._mark("cue", cue.time_s, cue.name)

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
                text = command_words(command)
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
