"""The texts that are readable from afar: a runner's state, the big numbers, and the status line.

Pure: takes a runner's data and a clock reading, or an earlier time of the session, and returns texts and names of theme
colours. Everything follows from one value, the state; LOOKS has how each one looks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from untuck.coach import review
from untuck.coach.runner_data import RunnerData
from untuck.coach.verdict import State, Verdict
from untuck.report.numbers import UNKNOWN, written
from untuck.vocabulary import SIDE_WORDS, Fault, clock, facts, named, not_judged_advice, not_judged_words

FINDS_STRIDES = 30
MEAN_STRIDES = 6  # a number is the mean of so many strides, so that it changes slowly enough to be read


@dataclass(frozen=True)
class Look:
    """How a state looks: symbol, word ("": the fault's name), colour of the box and of the number, by theme's role."""

    symbol: str
    word: str
    colour: str
    number: str


LOOKS: dict[State, Look] = {
    State.WAITING: Look("○", "READY", "stale", "dim"),
    State.ENDED: Look("■", "ENDED", "stale", "dim"),
    State.NO_DATA: Look("✕", "NO DATA", "stale", "dim"),
    State.CALIBRATING: Look("◎", "CALIBRATING", "work", "text"),
    State.STANDING: Look("‖", "STANDING", "stale", "text"),
    State.WALKING: Look("…", "WALKING", "stale", "text"),
    State.NOT_JUDGED: Look("…", "NOT JUDGED", "stale", "text"),
    State.BASELINE: Look("◎", "BASELINE", "work", "text"),
    State.GOOD: Look("✓", "GOOD FORM", "good", "good"),
    State.CHECKING: Look("?", "CHECKING", "stale", "text"),
    State.FAULT: Look("▼", "", "fault", "fault"),
    State.COMING_BACK: Look("▲", "COMING BACK", "work", "text"),
}


@dataclass(frozen=True)
class StateLabel:
    """A runner's state: a symbol, a word, a line of text, and a colour of the theme.

    progress: share that is done (0..1), -1 if there is none; past: it is of an earlier time.
    """

    state: State
    symbol: str
    word: str
    text: str
    colour: str
    progress: float = -1.0
    past: bool = False


@dataclass(frozen=True)
class Reading:
    """A big number: caption, value, the text below it, and a colour of the theme."""

    caption: str
    value: str
    below: str = ""
    colour: str = "text"


def state_label(runner: RunnerData, clock_s: float, at_s: float | None = None) -> StateLabel:
    """The state of a runner now, or at an earlier time at_s of the session."""
    if at_s is not None:
        state = review.state_at(runner, at_s)
        verdict = review.verdict_at(runner, at_s) or Verdict()
        text = f"at {clock(at_s)}"
        if state == State.NOT_JUDGED:
            text += f": {not_judged_words(verdict.reason)}"
        return _label(state, verdict, text, past=True)
    state = runner.state(clock_s)
    verdict = runner.verdict
    working = state in (State.CALIBRATING, State.BASELINE) and math.isfinite(runner.snapshot.progress)
    made = _label(state, verdict, _text(runner, state, verdict), runner.snapshot.progress if working else -1.0)
    if state == State.NO_DATA:
        return replace(made, word=f"{made.word} {runner.silent_s(clock_s):.0f} s")
    return made


def _label(state: State, verdict: Verdict, text: str, progress: float = -1.0, past: bool = False) -> StateLabel:
    look = LOOKS[state]
    more = f" +{verdict.others}" if verdict.others and state == State.FAULT else ""
    word = (look.word or named(verdict.fault, verdict.side).upper()) + more
    return StateLabel(state, look.symbol, word, text, look.colour, progress=progress, past=past)


def _text(runner: RunnerData, state: State, verdict: Verdict) -> str:
    match state:
        case State.WAITING:
            return "press Start, or New runner…"
        case State.ENDED:
            return "press Start for a new session"
        case State.NO_DATA:
            return "move closer to the runner, or check that the clip is on"
        case State.FAULT:
            return facts(verdict.fault).advice
        case State.COMING_BACK:
            return f"the {named(verdict.fault, verdict.side)} is easing"
        case State.CHECKING:
            return f"{named(verdict.fault, verdict.side)}? It counts if it lasts"
        case State.GOOD:
            return "as in the baseline"
        case State.BASELINE:
            return f"not judged yet; {runner.snapshot.instruction}"
        case State.NOT_JUDGED:
            return not_judged_advice(verdict.reason)
        case _:
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
    last = runner.strides.all[-FINDS_STRIDES:]
    tuck, pullback = (last[name][np.isfinite(last[name])] for name in ("tuck_least_deg", "pullback_least_deg"))
    if len(tuck) == 0 or len(pullback) == 0:
        return ""
    return f"   finds tucks from {np.median(tuck):.1f}°, pullbacks from {np.median(pullback):.1f}°"


def readings(runner: RunnerData, label: StateLabel, at_s: float | None = None) -> list[Reading]:
    """The number of the state, cadence, lean and contact times, now or earlier; dashes for an unknown one."""
    last = _strides(runner, label, at_s)
    return [
        main_reading(runner, label, at_s),
        Reading("Cadence", _mean(last["cadence_spm"], "{:.0f}"), "steps/min"),
        Reading("Pelvic lean", _mean(last["lean_deg"], "{:.1f}°")),
        Reading("◀ Left contact", _mean(last["contact_left_ms"], "{:.0f}"), "ms", "left"),
        Reading("Right contact ▶", _mean(last["contact_right_ms"], "{:.0f}"), "ms", "right"),
    ]


def main_reading(runner: RunnerData, label: StateLabel, at_s: float | None = None) -> Reading:
    """The number that the state is about: of a pullback its depth, otherwise tilt against the usual one.

    Tilt above standing where nothing is judged.
    """
    verdict = (runner.verdict if at_s is None else review.verdict_at(runner, at_s)) or Verdict()
    colour = LOOKS[label.state].number
    judged = label.state in (State.GOOD, State.CHECKING, State.FAULT, State.COMING_BACK)
    if not judged and not (label.state == State.NO_DATA and verdict.state != State.NOT_JUDGED):
        tilt = _mean(_strides(runner, label, at_s)["tilt_deg"], "{:.1f}°")
        return Reading("Tilt", tilt, "above standing", colour)
    if verdict.fault in ("", Fault.TUCK, Fault.ARCH):
        below = written(-verdict.least_deg, "tuck from {:.1f}°") if verdict.fault != Fault.ARCH else "over-tipped"
        return Reading("Tilt against usual", written(verdict.against_deg, "{:+.1f}°"), below, colour)
    return _fault_reading(runner, verdict, colour)


def _fault_reading(runner: RunnerData, verdict: Verdict, colour: str) -> Reading:
    """Depth of a fault that is not about tilt."""
    name = named(verdict.fault, verdict.side)
    caption = name[:1].upper() + name[1:]
    if facts(verdict.fault).degrees:
        if math.isfinite(verdict.least_deg):
            below = f"found from {verdict.least_deg:.1f}°"
        else:
            below = f"{written(verdict.worst_deg, '{:.1f}°')} at worst"
        return Reading(caption, written(verdict.now_deg, "{:.1f}°"), below, colour)
    if verdict.fault == Fault.RIGID and runner.baseline is not None:
        at = runner.baseline.at(float(runner.strides.all[-1]["cadence_spm"]) if len(runner.strides) else math.nan)
        usual_deg = float(runner.baseline.rotation_range_deg[at])
        return Reading("Hip rotation", written(-verdict.now_deg / usual_deg, "{:+.0%}"), "against usual", colour)
    return Reading(caption, LOOKS[State.FAULT].symbol, SIDE_WORDS[verdict.side], colour)


def _strides(runner: RunnerData, label: StateLabel, at_s: float | None) -> NDArray[np.void]:
    """The strides that a number is the mean of; none where the runner did not run."""
    over = label.state in (State.WAITING, State.ENDED)
    at_s = runner.last_s if at_s is None else at_s
    last = runner.strides.between(at_s - 2 * review.ROW_HOLDS_S, at_s)[-MEAN_STRIDES:]
    valid: NDArray[np.void] = last[last["valid"] & (not over)]
    return valid


def _mean(values: NDArray[np.float64], form: str) -> str:
    known = values[np.isfinite(values)]
    return written(float(known.mean()), form) if len(known) else UNKNOWN
