"""One runner as the window knows him: everything that is drawn, folded from batches, in memory of fixed size.

No Qt and no clock but the one that is handed in. What "stale" means, which words a state has, and what the stride view
compares with, is decided here. Counts tell whoever draws whether there is anything new.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from untuck.coach.angles import ROTATION, TILT
from untuck.coach.feed import Batch, Snapshot
from untuck.coach.rings import CONTACT_ROWS, STRIDE_ROWS, Ring, Trace
from untuck.model import CONTACT_DTYPE, Baseline, Event, Finding, Floats

STALE_S = 1.5  # packets come 20 times a second: so long without one is worth a word
CURVES_KEPT = 12  # strides overlaid in the stride view
MARKS_KEPT = 2000  # cues, laps and notes of a long session
REFERENCE_STRIDES = 60

_FIELDS = (
    *("tilt_deg", "lean_deg", "cadence_spm", "contact_left_ms", "contact_right_ms"),
    *("pullback_left_deg", "pullback_right_deg", "left_phase"),
)
STRIDE_ROW = np.dtype([("time_s", "f8"), *((name, "f4") for name in _FIELDS), ("valid", "?")])


@dataclass(frozen=True)
class Mark:
    """A flag on the time axis: kind "cue", "held", "lap", "note" or "steer"; text as shown beside it."""

    kind: str
    time_s: float
    text: str


class RunnerData:
    """What one runner's session has brought so far; `take` folds a batch in."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.tilt = Trace()
        self.pose_deg: Floats = np.zeros(3)
        self.strides = Ring(STRIDE_ROW, STRIDE_ROWS)
        self.contacts = Ring(CONTACT_DTYPE, CONTACT_ROWS)
        self.findings: deque[Finding] = deque(maxlen=MARKS_KEPT)
        self.on: dict[tuple[str, int], Finding] = {}
        self.marks: deque[Mark] = deque(maxlen=MARKS_KEPT)
        self.curves: deque[Floats] = deque(maxlen=CURVES_KEPT)  # each (3, PHASES) degrees
        self.reference: Floats | None = None  # (3, PHASES) degrees: the baseline's strides
        self.baseline: Baseline | None = None
        self.now = Snapshot()
        self.heard_s = math.nan
        self.ended = self.muted = self.blocked = False
        self.laps = self.unjudged = 0  # unjudged: strides in a row that did not count, for this reason
        self.reason = ""
        self.warnings: list[str] = []  # those that nobody has shown yet
        self.stride_count = self.contact_count = self.mark_count = self.finding_count = 0
        self._cued_s: deque[float] = deque(maxlen=16)
        self._gathered: deque[Floats] = deque(maxlen=REFERENCE_STRIDES)

    @property
    def last_s(self) -> float:
        """Sensor time of the newest sample, 0 before the first."""
        return self.tilt.last_s if math.isfinite(self.tilt.last_s) else 0.0

    def take(self, batch: Batch) -> None:
        """Fold in what the session brought."""
        if batch.now is not None:
            self.now = batch.now
        if batch.arrivals_s:
            self.heard_s = batch.arrivals_s[-1]
        if batch.time_s:
            time_s, angles_deg = batch.samples()
            self.tilt.add(time_s, angles_deg[:, TILT])
            self.pose_deg = angles_deg[-1]
        for event in batch.events:
            handler = _HANDLERS.get(event.kind)
            if handler is not None:
                handler(self, event)
        for finding in self.now.on:
            if (finding.fault, finding.side) in self.on:
                self.on[finding.fault, finding.side] = finding
        if self.now.baseline is not self.baseline:
            self._begin_with(self.now.baseline)
        if batch.ended:
            self.ended = True

    def baseline_tilt_deg(self) -> float:
        """Tilt of the baseline at the cadence of now, NaN without one."""
        if self.baseline is None:
            return math.nan
        at = 0
        if len(self.strides):
            cadence = float(self.strides.all[-1]["cadence_spm"])
            at = int(np.argmin(np.abs(self.baseline.cadence_spm - cadence)))
        return float(self.baseline.tilt_deg[at])

    def silent_s(self, clock_s: float) -> float:
        """Seconds since the last packet on the host's clock; 0 before the first and after the end."""
        return 0.0 if self.ended or math.isnan(self.heard_s) else max(0.0, clock_s - self.heard_s)

    def state(self, clock_s: float) -> str:
        """One of "waiting", "ended", "deaf", "calibrating", "standing", "walking", "running"."""
        if self.ended:
            return "ended"
        if math.isnan(self.heard_s):
            return "waiting"
        if self.silent_s(clock_s) > STALE_S:
            return "deaf"
        if (self.now.anew or not self.now.calibrated) and self.now.moving == "standing":
            return "calibrating"
        return self.now.moving

    def _calibrated(self, event: Event) -> None:
        self._gathered.clear()

    def _baseline(self, event: Event) -> None:
        self.baseline = event.value
        if self._gathered:
            self.reference = np.mean(np.array(self._gathered), axis=0)

    def _begin_with(self, baseline: Baseline | None) -> None:
        """Take over a baseline kept from an earlier session, of which only the rotation's curve is known, or none."""
        self.baseline, self.reference = baseline, None
        self._gathered.clear()
        if baseline is not None:
            self.reference = np.full((3, baseline.rotation_deg.shape[1]), np.nan)
            self.reference[ROTATION] = baseline.rotation_deg[int(np.argmax(baseline.strides))]

    def _curve(self, event: Event) -> None:
        self.curves.append(event.value)
        if self.baseline is None:
            self._gathered.append(event.value)

    def _contact(self, event: Event) -> None:
        self.contact_count += 1
        self.contacts.add(np.array([event.value], CONTACT_DTYPE))

    def _stride(self, event: Event) -> None:
        record = event.value
        self.stride_count += 1
        self.unjudged = 0 if record["valid"] else self.unjudged + 1
        self.reason = str(record["reason"])
        row = np.zeros(1, STRIDE_ROW)
        for name in STRIDE_ROW.names or ():
            if name in record.dtype.names:
                row[name] = record[name]
        row["time_s"] = record["start_s"] + record["duration_s"]
        row["left_phase"] = self._left_phase(float(record["start_s"]), float(record["duration_s"]))
        self.strides.add(row)

    def _left_phase(self, start_s: float, duration_s: float) -> float:
        lefts = self.contacts.all[-6:]
        inside = lefts[(lefts["side"] < 0) & (lefts["time_s"] > start_s) & (lefts["time_s"] < start_s + duration_s)]
        return float(inside["time_s"][0] - start_s) / duration_s if len(inside) else 0.5

    def _finding(self, event: Event) -> None:
        self.finding_count += 1
        finding = event.value
        if math.isnan(finding.end_s):
            self.on[finding.fault, finding.side] = finding
        else:
            self.on.pop((finding.fault, finding.side), None)
            self.findings.append(finding)

    def _cue(self, event: Event) -> None:
        if event.value.finding is not None:
            self._cued_s.append(event.value.finding.start_s)
        self._mark("cue", event.time_s, named(event.value.fault, event.value.side))

    def _held(self, event: Event) -> None:
        """Flag a cue that was held, unless the same finding has been cued: then nothing was withheld."""
        finding = event.value.finding
        if finding is None or finding.start_s not in self._cued_s:
            self._mark("held", event.time_s, f"held: {event.value.reason}")

    def _steer(self, event: Event) -> None:
        """Flag what was asked for; the buttons that stay down follow what the session has taken."""
        kind, value = event.value.kind, event.value.value
        if kind == "mute":
            self.muted = value == "on"
        elif kind == "cues":
            self.blocked = value == "off"
        self.laps += kind == "lap"
        words = {"lap": value or f"lap {self.laps}", "note": value, "cues": f"cues {value}", "mute": f"mute {value}"}
        text = words.get(kind, f"{kind} {value}".strip().replace("_", " "))
        self._mark(kind if kind in ("lap", "note") else "steer", event.time_s, text)

    def _warning(self, event: Event) -> None:
        self.warnings.append(str(event.value))

    @property
    def shown_marks(self) -> list[Mark]:
        """The flags that may be seen: in blind blocks none that would tell which one this is, until the end."""
        if not self.now.blind or self.ended:
            return list(self.marks)
        return [mark for mark in self.marks if mark.kind not in ("cue", "held", "steer")]

    def _mark(self, kind: str, time_s: float, text: str) -> None:
        self.mark_count += 1
        self.marks.append(Mark(kind, time_s, text))


_HANDLERS = {
    "calibrated": RunnerData._calibrated,
    "baseline": RunnerData._baseline,
    "contact": RunnerData._contact,
    "curve": RunnerData._curve,
    "stride": RunnerData._stride,
    "finding": RunnerData._finding,
    "cue": RunnerData._cue,
    "held": RunnerData._held,
    "steer": RunnerData._steer,
    "warning": RunnerData._warning,
}


def named(fault: str, side: int) -> str:
    """A fault with its side, in words."""
    return fault if side == 0 else f"{'left' if side < 0 else 'right'} {fault}"


def clock(time_s: float) -> str:
    """Time in a session as m:ss, from an hour on as h:mm:ss."""
    whole = max(0, int(time_s))
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"
