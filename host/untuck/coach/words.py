"""What the window says of a runner, in words and colours: the state, the big numbers, what to do next.

Pure: a runner and a clock reading in, texts and names of theme colours out. Wording that is read from afar is here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from untuck.coach.runner import RunnerData
from untuck.vocabulary import NOT_JUDGED_WORDS, Reason, clock, facts, named

UNJUDGED_STRIDES = 3  # in a row before the state says so
NUMBER_STRIDES = 6  # strides that a number on the screen is the mean of: it then changes slowly enough to be read


@dataclass(frozen=True)
class Sign:
    """A state to be read from afar: a symbol and a word, what it means in a line, a colour of the theme.

    share: how much of it is done (0..1), -1 where that is not counted.
    """

    symbol: str
    word: str
    line: str
    colour: str
    share: float = -1.0


@dataclass(frozen=True)
class Number:
    """A number to be read from afar: caption, value, what stands below it, a colour of the theme."""

    caption: str
    value: str
    below: str = ""
    colour: str = "text"


_SIGNS = {
    "waiting": ("○", "READY", "stale"),
    "ended": ("■", "ENDED", "stale"),
    "calibrating": ("◎", "CALIBRATING", "work"),
    "standing": ("‖", "STANDING", "stale"),
    "walking": ("…", "WALKING", "stale"),
}


def sign(runner: RunnerData, clock_s: float) -> Sign:
    """The state of a runner: what is wrong with the data first, then with the form, then what he does."""
    state = runner.state(clock_s)
    if state == "deaf":
        seconds = f"{runner.silent_s(clock_s):.0f} s"
        return Sign("✕", f"NO DATA {seconds}", "move closer to the runner, or look whether the clip is on", "stale")
    if state != "running":
        symbol, word, colour = _SIGNS[state]
        return Sign(symbol, word, _line(runner, state), colour, _share(runner) if state == "calibrating" else -1.0)
    if runner.active:
        finding = next(iter(runner.active.values()))
        more = f" and {len(runner.active) - 1} more" if len(runner.active) > 1 else ""
        word = named(finding.fault, finding.side).upper()
        return Sign("▼", word + more, facts(finding.fault).advice, "fault")
    if runner.baseline is None:
        return Sign("◎", "TAKING BASELINE", runner.now.ask, "work", _share(runner))
    if runner.unjudged >= UNJUDGED_STRIDES:
        return Sign("…", "RUNNING", _not_judged(runner.reason), "stale")
    return Sign("✓", "GOOD FORM", "as in the baseline", "good")


def _share(runner: RunnerData) -> float:
    return runner.now.share if math.isfinite(runner.now.share) else -1.0


def _not_judged(reason: str) -> str:
    row = NOT_JUDGED_WORDS.get(reason, Reason(reason))
    return f"not judged: {row.text}" + (f"; {row.advice}" if row.advice else "")


def _line(runner: RunnerData, state: str) -> str:
    if state == "waiting":
        return "press Start, or find a clip"
    if state == "ended":
        return "press Start for a new session"
    return runner.now.ask


def status(runner: RunnerData) -> str:
    """Who is in front, how long his session is, and whether packets were lost."""
    if not runner.name:
        return ""
    lost = f"   {runner.now.lost} packets lost" if runner.now.lost else ""
    damaged = f"   {runner.now.corrupt} damaged" if runner.now.corrupt else ""
    return f"{runner.name}   {clock(runner.last_s)}   {runner.stride_count} strides{lost}{damaged}"


def numbers(runner: RunnerData) -> list[Number]:
    """Tilt against baseline first, then lean, cadence, contact times; a dash for what is not known."""
    last = runner.strides.all[-NUMBER_STRIDES:]
    last = last[last["valid"]]
    return [
        tilt(runner),
        Number("Lean of pelvis", _value(last["lean_deg"], "{:.1f}°")),
        Number("Cadence", _value(last["cadence_spm"], "{:.0f}"), "steps a minute"),
        Number("◀ Contact left", _value(last["contact_left_ms"], "{:.0f}"), "ms", "left"),
        Number("Contact right ▶", _value(last["contact_right_ms"], "{:.0f}"), "ms", "right"),
    ]


def tilt(runner: RunnerData) -> Number:
    """Tilt against baseline; before there is one, tilt against standing."""
    against = runner.now.against_deg
    if not math.isfinite(against):
        last = runner.strides.all[-NUMBER_STRIDES:]
        return Number("Tilt", _value(last["tilt_deg"], "{:.1f}°"), "above standing")
    on_deg = runner.now.params.tuck_on_deg
    if against <= -on_deg:
        return Number("Tilt against baseline", f"{against:+.1f}°", "▼ tucked", "fault")
    return Number(
        "Tilt against baseline", f"{against:+.1f}°", "✓ in the band" if against < on_deg else "▲ tipped", "good"
    )


def _value(values: np.ndarray, form: str) -> str:
    known = values[np.isfinite(values)]
    return form.format(float(known.mean())) if len(known) else "--"
