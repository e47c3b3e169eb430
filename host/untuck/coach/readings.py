"""The texts that are readable from afar: a runner's state, the big numbers, and the status line.

Pure: takes a runner's data and a clock reading, returns texts and names of theme colours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from untuck.coach.runner_data import NO_DATA, RunnerData
from untuck.vocabulary import NOT_JUDGED_WORDS, Reason, clock, facts, named

UNJUDGED_STRIDES = 3  # in a row before the state says so
FINDS_STRIDES = 30
MEAN_STRIDES = 6  # a number is the mean of so many strides, so that it changes slowly enough to be read


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
    if runner.active:
        finding = next(iter(runner.active.values()))
        more = f" and {len(runner.active) - 1} more" if len(runner.active) > 1 else ""
        word = named(finding.fault, finding.side).upper()
        return StateLabel("▼", word + more, facts(finding.fault).advice, "fault")
    if runner.baseline is None:
        return StateLabel("◎", "TAKING BASELINE", runner.snapshot.instruction, "work", _progress(runner))
    if runner.unjudged >= UNJUDGED_STRIDES:
        return StateLabel("…", "RUNNING", _not_judged(runner.reason), "stale")
    return StateLabel("✓", "GOOD FORM", "as in the baseline", "good")


def _progress(runner: RunnerData) -> float:
    return runner.snapshot.progress if math.isfinite(runner.snapshot.progress) else -1.0


def _not_judged(reason: str) -> str:
    row = NOT_JUDGED_WORDS.get(reason, Reason(reason))
    return f"not judged: {row.text}" + (f"; {row.advice}" if row.advice else "")


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
    last = runner.strides.all[-FINDS_STRIDES:]
    tuck, pullback = (last[name][np.isfinite(last[name])] for name in ("tuck_least_deg", "pullback_least_deg"))
    if len(tuck) == 0 or len(pullback) == 0:
        return ""
    return f"   finds tucks from {np.median(tuck):.1f}°, pullbacks from {np.median(pullback):.1f}°"


def readings(runner: RunnerData) -> list[Reading]:
    """Tilt against baseline, lean, cadence and contact times; a dash for an unknown value."""
    last = runner.strides.all[-MEAN_STRIDES:]
    last = last[last["valid"]]
    return [
        tilt_reading(runner),
        Reading("Pelvic lean", _mean(last["lean_deg"], "{:.1f}°")),
        Reading("Cadence", _mean(last["cadence_spm"], "{:.0f}"), "steps/min"),
        Reading("◀ Left contact", _mean(last["contact_left_ms"], "{:.0f}"), "ms", "left"),
        Reading("Right contact ▶", _mean(last["contact_right_ms"], "{:.0f}"), "ms", "right"),
    ]


def tilt_reading(runner: RunnerData) -> Reading:
    """Tilt against baseline; tilt above standing as long as there is no baseline."""
    against_deg = runner.snapshot.against_deg
    if not math.isfinite(against_deg):
        last = runner.strides.all[-MEAN_STRIDES:]
        return Reading("Tilt", _mean(last["tilt_deg"], "{:.1f}°"), "above standing")
    on_deg = runner.snapshot.params.tuck_on_deg
    value = f"{against_deg:+.1f}°"
    if against_deg <= -on_deg:
        return Reading("Tilt against baseline", value, "▼ tucked", "fault")
    return Reading("Tilt against baseline", value, "✓ in the band" if against_deg < on_deg else "▲ tipped", "good")


def _mean(values: np.ndarray, form: str) -> str:
    known = values[np.isfinite(values)]
    return form.format(float(known.mean())) if len(known) else "--"
