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
from untuck.report.numbers import UNKNOWN, written
from untuck.session.form_state import State, Verdict
from untuck.session.form_words import LOOKS, StateLabel, labelled, state_text
from untuck.vocabulary import SIDE_WORDS, Fault, clock, facts, not_judged_words

FINDS_STRIDES = 30


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
        return labelled(state, verdict, text, past=True)
    state = runner.state(clock_s)
    verdict = runner.verdict
    working = state in (State.CALIBRATING, State.BASELINE) and math.isfinite(runner.snapshot.progress)
    progress = runner.snapshot.progress if working else -1.0
    made = labelled(state, verdict, _text(runner, state, verdict), progress)
    if state == State.NO_DATA:
        return replace(made, word=f"{made.word} {runner.silent_s(clock_s):.0f} s")
    return made


def _text(runner: RunnerData, state: State, verdict: Verdict) -> str:
    match state:
        case State.WAITING:
            return "press Start, or New runner…"
        case State.ENDED:
            return "press Start for a new session"
        case State.GOOD | State.CHECKING if runner.snapshot.trunk_problem:
            return f"{state_text(state, verdict, runner.snapshot.instruction)}; {runner.snapshot.trunk_problem}"
        case _:
            return state_text(state, verdict, runner.snapshot.instruction)


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
    """The number of the state, cadence, lean and contact times, now or earlier; dashes for an unknown one.

    With a second clip lean is the trunk's, and the lumbar spine comes after it.
    """
    last = _strides(runner, label, at_s)
    lean = [Reading("Pelvic lean", _mean(last["pelvic_lean_deg"], "{:.1f}°"))]
    return [
        main_reading(runner, label, at_s),
        Reading("Cadence", _mean(last["cadence_spm"], "{:.0f}"), "steps/min"),
        *(_of_trunk(runner, last) if runner.two_clips else lean),
        Reading("◀ Left contact", _mean(last["contact_left_ms"], "{:.0f}"), "ms", "left"),
        Reading("Right contact ▶", _mean(last["contact_right_ms"], "{:.0f}"), "ms", "right"),
    ]


def _of_trunk(runner: RunnerData, last: NDArray[np.void]) -> list[Reading]:
    """Lean of the trunk with its change, and the arch of the lower back against the usual one."""
    lean, arch = last["trunk_lean_deg"], last["lumbar_deg"] - last["lumbar_usual_deg"]
    change = _mean(lean - last["trunk_lean_usual_deg"], "{:+.1f}° to usual")
    below = "above standing" if change == UNKNOWN else change
    if not np.isfinite(lean).any():
        below = "no trunk" if runner.snapshot.trunk_problem else ""
        return [Reading("Trunk lean", UNKNOWN, below), Reading("Arch of the back", UNKNOWN, below)]
    back = Reading("Arch of the back", _mean(arch, "{:+.1f}°"), "against usual")
    if not np.isfinite(arch).any():
        back = Reading("Lumbar", _mean(last["lumbar_deg"], "{:+.1f}°"), "tilt minus lean")
    return [Reading("Trunk lean", _mean(lean, "{:.1f}°"), below), back]


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
    if verdict.about_tilt:
        below = written(-verdict.least_deg, "tuck from {:.1f}°") if verdict.fault != Fault.ARCH else "over-tipped"
        return Reading("Tilt against usual", written(verdict.against_deg, "{:+.1f}°"), below, colour)
    return _fault_reading(runner, verdict, colour)


def _fault_reading(runner: RunnerData, verdict: Verdict, colour: str) -> Reading:
    """Depth of a fault that is not about tilt."""
    name = verdict.name
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
    last = runner.strides.between(at_s - 2 * review.ROW_HOLDS_S, at_s)[-review.MEAN_STRIDES :]
    valid: NDArray[np.void] = last[last["valid"] & (not over)]
    return valid


def _mean(values: NDArray[np.float64], form: str) -> str:
    known = values[np.isfinite(values)]
    return written(float(known.mean()), form) if len(known) else UNKNOWN
