"""The texts that are readable from afar: a runner's state, the big numbers, and the status line.

Pure: takes a runner's data and a clock reading, returns texts and names of theme colours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from untuck.coach.form_state import MEAN_STRIDES, Form, form_of
from untuck.coach.runner_data import NO_DATA, RunnerData
from untuck.vocabulary import Fault, clock, facts, named, not_judged_advice

UNKNOWN = "--"


@dataclass(frozen=True)
class StateLabel:
    """A runner's state: a symbol, a word, a line of text, and a colour of the theme.

    progress: share that is done (0..1), -1 if there is none.
    """

    symbol: str
    word: str
    text: str
    colour: str
    progress: float = -1.0


@dataclass(frozen=True)
class Reading:
    """A big number: caption, value, the text below it, and a colour of the theme."""

    caption: str
    value: str
    below: str = ""
    colour: str = "text"


_LABELS = {
    "waiting": ("○", "READY", "stale"),
    "ended": ("■", "ENDED", "stale"),
    "calibrating": ("◎", "CALIBRATING", "work"),
    "standing": ("‖", "STANDING", "stale"),
    "walking": ("…", "WALKING", "stale"),
}


def state_label(runner: RunnerData, clock_s: float) -> StateLabel:
    """The state of a runner: missing data first, then faults, then the activity."""
    state = runner.state(clock_s)
    if state == NO_DATA:
        word = f"NO DATA {runner.silent_s(clock_s):.0f} s"
        return StateLabel("✕", word, "move closer to the runner, or check that the clip is on", "stale")
    if state != "running":
        symbol, word, colour = _LABELS[state]
        progress = _progress(runner) if state == "calibrating" else -1.0
        return StateLabel(symbol, word, _text(runner, state), colour, progress)
    return _form_label(runner)


def _form_label(runner: RunnerData) -> StateLabel:
    """The state of a runner who is running; advice is given while it is not followed."""
    state = form_of(runner)
    name = named(state.fault, state.side).upper()
    more = f" and {state.others} more" if state.others else ""
    match state.form:
        case Form.FAULT:
            return StateLabel("▼", name + more, facts(state.fault).advice, "fault")
        case Form.EASING:
            return StateLabel("△", "COMING BACK", f"{name.lower()}{more} is being corrected: keep that", "work")
        case Form.NO_BASELINE:
            return StateLabel("◎", "TAKING BASELINE", runner.snapshot.instruction, "work", _progress(runner))
        case Form.NOT_JUDGED:
            return StateLabel("…", "NOT JUDGED", _why(runner), "stale")
        case Form.CHANGING:
            return StateLabel("◔", "CHANGING", f"like a {name.lower()}, if it lasts", "work")
        case Form.GOOD:
            return StateLabel("✓", "GOOD FORM", "as in the baseline", "good")


def _why(runner: RunnerData) -> str:
    return not_judged_advice(runner.reason).removeprefix("not judged: ")


def _progress(runner: RunnerData) -> float:
    return runner.snapshot.progress if math.isfinite(runner.snapshot.progress) else -1.0


def _text(runner: RunnerData, state: str) -> str:
    if state == "waiting":
        return "press Start, or find a clip"
    if state == "ended":
        return "press Start for a new session"
    return runner.snapshot.instruction


def status_text(runner: RunnerData) -> str:
    """Name, session time, stride count, and the packets that were lost or damaged."""
    if not runner.name:
        return ""
    lost = f"   {runner.snapshot.lost} packets lost" if runner.snapshot.lost else ""
    damaged = f"   {runner.snapshot.corrupt} damaged" if runner.snapshot.corrupt else ""
    return f"{runner.name}   {clock(runner.last_s)}   {runner.stride_count} strides{lost}{damaged}{_finds(runner)}"


def _finds(runner: RunnerData) -> str:
    """The smallest tuck and pullback that would be found in this runner now, "" before that is known."""
    tuck_deg, pullback_deg = runner.least_deg("tuck_least_deg"), runner.least_deg("pullback_least_deg")
    if not (math.isfinite(tuck_deg) and math.isfinite(pullback_deg)):
        return ""
    return f"   finds tucks from {tuck_deg:.1f}°, pullbacks from {pullback_deg:.1f}°"


def readings(runner: RunnerData, clock_s: float) -> list[Reading]:
    """What the state is about, pelvic lean, cadence and contact times; a dash for an unknown value."""
    last = runner.strides.all[-MEAN_STRIDES:]
    last = last[last["valid"]]
    return [
        main_reading(runner, clock_s),
        Reading("Cadence", _mean(last["cadence_spm"], "{:.0f}"), "steps/min"),
        Reading("Pelvic lean", _mean(last["lean_deg"], "{:.1f}°"), "not the trunk's"),
        Reading("◀ Left contact", _mean(last["contact_left_ms"], "{:.0f}"), "ms", "left"),
        Reading("Right contact ▶", _mean(last["contact_right_ms"], "{:.0f}"), "ms", "right"),
    ]


def main_reading(runner: RunnerData, clock_s: float) -> Reading:
    """The big number: that of the finding, in its colour; else tilt, against the baseline where that is judged."""
    if runner.state(clock_s) not in ("running", NO_DATA):
        return Reading("Tilt", UNKNOWN, "above standing")
    state = form_of(runner)
    colour = _COLOURS[state.form]
    if state.form in (Form.NO_BASELINE, Form.NOT_JUDGED):
        return Reading("Tilt", _mean(runner.strides.all[-MEAN_STRIDES:]["tilt_deg"], "{:.1f}°"), "above standing")
    if state.fault == Fault.PULLBACK:
        value_deg = state.pullback_deg[0 if state.side < 0 else 1]
        name = named(state.fault, state.side).capitalize()
        return Reading(name, _signed(value_deg), "against baseline", colour)
    if state.fault == Fault.RIGID:
        turned = _mean(runner.strides.all[-MEAN_STRIDES:]["rotation_range_deg"], "{:.1f}°")
        return Reading("Rotation in a stride", turned, "less than in the baseline", colour)
    if state.finding is not None and state.fault not in (Fault.TUCK, Fault.ARCH):
        name = named(state.fault, state.side).capitalize()
        return Reading(name, _signed(state.finding.depth_deg), "at its most", colour)
    return Reading("Tilt against baseline", _signed(state.against_deg), _BELOW[state.form], colour)


_COLOURS = {
    Form.NO_BASELINE: "text",
    Form.NOT_JUDGED: "text",
    Form.GOOD: "good",
    Form.CHANGING: "text",
    Form.FAULT: "fault",
    Form.EASING: "text",
}
_BELOW = {Form.GOOD: "✓ as usual", Form.CHANGING: "◔ changing", Form.FAULT: "▼ too far", Form.EASING: "△ coming back"}


def _signed(value_deg: float) -> str:
    return f"{value_deg:+.1f}°" if math.isfinite(value_deg) else UNKNOWN


def _mean(values: np.ndarray, form: str) -> str:
    known = values[np.isfinite(values)]
    return form.format(float(known.mean())) if len(known) else UNKNOWN
