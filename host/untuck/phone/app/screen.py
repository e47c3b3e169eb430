"""What the screen shows during a run, as one plain value: the words, numbers and colours of the coach's window.

Pure: takes the session's events, and a clock only for the age of data and cues. Texts are finished here; the window
sets them as they are. Colours are roles of session.themes, which page.css defines.
"""

from __future__ import annotations

import math
import time
from collections import deque
from typing import Any

import numpy as np

from untuck.events import CueDecided, Event, FindingChanged, MovingChanged, StrideMeasured
from untuck.model import Cue
from untuck.phone.app.traces import Traces
from untuck.report.numbers import written
from untuck.session.connected_clip import ConnectedClip
from untuck.session.connection_watch import NO_DATA_S
from untuck.session.form_state import FormTracker, State, Verdict, state_of
from untuck.session.form_words import LOOKS, labelled, state_text
from untuck.session.live_state import LiveState
from untuck.session.packet_pipeline import PacketPipeline
from untuck.vocabulary import RECOVERED, Fault, clock, facts

GAUGE_DEG = 10.0  # tilt against usual at the ends of the gauge
MOST_NOTICES = 4
NOTICE_S = 120.0  # then a notice is no longer shown
OLD_CUE_S = 120.0  # an older one is not shown
LATE_S = 1.0  # data that are older are no longer "live"


class PhoneScreen:
    """Follows a session, as session.Screen. coach: whether the traces are drawn too; it may change at any time."""

    def __init__(self, clip: ConnectedClip, packets: PacketPipeline, coach: bool = False) -> None:
        self._clip = clip
        self._packets = packets
        self._state = LiveState(clip.settings.params)
        self._form = FormTracker()
        self.coach = coach
        self._traces = Traces()
        self._notices: deque[tuple[float, str]] = deque(maxlen=MOST_NOTICES)  # when it was last said, by our clock
        self._count, self._heard_s = 0, time.monotonic()

    def show(self, events: list[Event], packets: PacketPipeline) -> None:
        """As Screen.show."""
        pipeline = packets.pipeline
        self._state.begin(pipeline.calibration, pipeline.baseline)
        for event in events:
            self._state.take(event)
            match event:
                case MovingChanged():
                    self._form.restart()
                case StrideMeasured(stride=stride):
                    self._form.stride(stride)
                    self._traces.stride(stride)
                case FindingChanged(finding=finding):
                    self._form.finding(finding)
                case CueDecided(cue=cue) if cue.fault != RECOVERED:
                    self._traces.cue(cue.time_s)
                case _:
                    pass
        progress = pipeline.progress
        self._state.take_progress(progress)
        self._form.progress(progress, pipeline.baseline is not None)
        if self.coach:
            self._traces.read(pipeline)

    def say(self, text: str) -> None:
        """As Screen.say. The same text again is one notice, and stays for longer."""
        for old in [each for each in self._notices if each[1] == text]:
            self._notices.remove(old)
        self._notices.append((time.monotonic(), text))

    def value(self) -> dict[str, Any]:
        """As Screen.value: plain numbers, texts, lists; None for what is unknown."""
        state, verdict, silent_s = self._state, self._form.verdict(self._state.params), self._silent_s()
        kind = self._kind(verdict, silent_s)
        working = kind in (State.CALIBRATING, State.BASELINE)
        share = state.share if working else math.nan
        label = labelled(kind, verdict, state_text(kind, verdict, state.ask()), share if math.isfinite(share) else -1.0)
        return {
            "state": kind.name,
            "symbol": label.symbol,
            "word": label.word,
            "text": label.text,
            "colour": label.colour,
            "share": None if label.progress < 0 else round(label.progress, 2),
            "number": self._number(kind, verdict),
            "gauge": self._gauge(kind, verdict),
            "cue": self._last_cue(),
            "data": self._data(silent_s),
            "battery": "" if self._clip.battery_pct is None else f"{self._clip.battery_pct} %",
            "time": clock(self._packets.last_s - self._packets.first_s),
            "laps": state.laps,
            "muted": state.muted,
            "strides": state.strides,
            "cadence": written(state.cadence_spm, "{:.0f}"),
            "has_baseline": state.baseline is not None,
            "notices": [text for said_s, text in self._notices if time.monotonic() - said_s < NOTICE_S],
            "traces": None if not self.coach else {**self._traces.value(), "tuck": -self._tuck_deg()},
        }

    def _silent_s(self) -> float:
        """Seconds since the newest packet."""
        now_s, count = time.monotonic(), self._packets.decoder.packets
        if count != self._count:
            self._count, self._heard_s = count, now_s
        return now_s - self._heard_s

    def _data(self, silent_s: float) -> str:
        """How old the data are; beyond cue_stale_s their cues are suppressed."""
        if not self._count:
            return "no packet yet"
        if silent_s > LATE_S:
            return f"{silent_s:.0f} s old"
        age_s = self._packets.age_s
        return f"{age_s:.1f} s late" if age_s > self._state.params.cue_stale_s else "live"

    def _kind(self, verdict: Verdict, silent_s: float) -> State:
        if not self._count:
            return State.WAITING
        if silent_s > NO_DATA_S:
            return State.NO_DATA
        return state_of(self._state.moving, self._state.calibrating, verdict)

    def _number(self, kind: State, verdict: Verdict) -> dict[str, str]:
        """The number that the state is about: {caption, value, below}; the value is "" where nothing is measured."""
        if kind not in (State.GOOD, State.CHECKING, State.FAULT, State.COMING_BACK):
            running = self._form.has_stride
            tilt = written(self._state.tilt_deg, "{:.0f}°") if running else ""
            return {"caption": "tilt above standing" if running else "", "value": tilt, "below": ""}
        if verdict.about_tilt:
            below = written(-verdict.least_deg, "tuck from {:.1f}°") if verdict.fault != Fault.ARCH else "over-tipped"
            return {
                "caption": "tilt against usual",
                "value": written(verdict.against_deg, "{:+.1f}°"),
                "below": "" if below == written(None, "") else below,
            }
        value = written(verdict.now_deg, "{:.1f}°") if facts(verdict.fault).degrees else LOOKS[State.FAULT].symbol
        return {"caption": verdict.name, "value": value, "below": ""}

    def _gauge(self, kind: State, verdict: Verdict) -> dict[str, float] | None:
        """Tilt against usual and the depth of a tuck, in degrees within GAUGE_DEG; None where nothing is judged."""
        judged = kind in (State.GOOD, State.CHECKING, State.FAULT, State.COMING_BACK)
        if not judged or not math.isfinite(verdict.against_deg):
            return None
        against_deg = float(np.clip(verdict.against_deg, -GAUGE_DEG, GAUGE_DEG))
        return {"against": round(against_deg, 1), "tuck": -min(self._tuck_deg(), GAUGE_DEG), "ends": GAUGE_DEG}

    def _tuck_deg(self) -> float:
        """Depth of a tuck below usual, to a tenth of a degree."""
        least_deg = self._state.tuck_least_deg
        return round(least_deg if math.isfinite(least_deg) else self._state.params.tuck_on_deg, 1)

    def _last_cue(self) -> str:
        """The last cue and how long ago it was; "" without one, or if it is old."""
        last: Cue | None = self._state.cues[-1] if self._state.cues else None
        if last is None:
            return ""
        ago_s = max(0.0, self._packets.last_s - last.time_s)
        return f"{last.name}, {clock(ago_s)} ago" if ago_s <= OLD_CUE_S else ""
