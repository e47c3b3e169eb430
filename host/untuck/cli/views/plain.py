"""The live view where there is no terminal: a line for everything that happens, one every half minute besides.

Written for logs and pipes: no colour, no cursor. Wording that both live views share lives here.
"""

from __future__ import annotations

from collections.abc import Callable

from untuck.model import Calibration, Event, Finding
from untuck.report.summary import clock, named
from untuck.session.live import PacketPipeline
from untuck.session.live_state import LiveState

EVERY_S = 30.0  # a sign of life when nothing happens

SOUNDS = {
    "tuck": "low double tone",
    "pullback": "falling or rising tone at that side",
    "rigid": "soft roll",
    "recovered": "rising chime",
}


class PlainView:
    """Prints events as lines through `write`."""

    def __init__(self, write: Callable[[str], None], state: LiveState) -> None:
        self._write = write
        self._state = state
        self._next_s = EVERY_S

    def show(self, events: list[Event], line: PacketPipeline) -> None:
        """Print what these events are to a person."""
        if line.decoder.packets == 1:
            self._state.begin(line.pipeline.calibration, line.pipeline.baseline)
        for event in events:
            self._state.take(event)
            text = describe(event)
            if text:
                self._write(f"{clock(event.time_s):>6}  {text}")
        if line.last_s >= self._next_s:
            self._state.look(line.pipeline.progress)
            self._next_s = EVERY_S * (line.last_s // EVERY_S + 1)
            self._write(f"{clock(line.last_s):>6}  {progress(self._state)}")

    def say(self, text: str) -> None:
        """Print a line of its own."""
        self._write(text)


def describe(event: Event) -> str:
    """An event in a few words; "" for one that only the analysis needs."""
    value = event.value
    if event.kind == "state":
        return str(value)
    if event.kind == "calibrated":
        return calibrated(value)
    if event.kind == "baseline":
        return f"baseline taken: tilt {value.tilt_deg.mean():.1f} deg above standing"
    if event.kind == "finding":
        return found(value)
    if event.kind == "cue":
        return f"cue: {named(value.fault, value.side)} ({SOUNDS[value.fault]})"
    if event.kind == "held":
        return f"no cue for {named(value.fault, value.side)}: {value.reason}"
    if event.kind == "steer":
        return f"{value.kind} {value.value}".strip()
    return f"warning: {value}" if event.kind == "warning" else ""


def calibrated(calibration: Calibration) -> str:
    """How the calibration was found, with its error where that is known."""
    error = calibration.error_deg
    return f"calibrated from {calibration.source}" + (f", within about {error:.1f} deg" if error == error else "")


def found(finding: Finding) -> str:
    """A finding that begins or has ended."""
    name = named(finding.fault, finding.side)
    if finding.end_s != finding.end_s:
        return f"found: {name} since {clock(finding.start_s)}, {finding.depth_deg:.1f} deg"
    return f"ended: {name}, {clock(finding.start_s)} to {clock(finding.end_s)}, up to {finding.depth_deg:.1f} deg"


def progress(state: LiveState) -> str:
    """Where the session stands, in a line."""
    if state.moving != "running":
        return f"{state.moving}: {state.ask()}"
    return f"{state.cadence_spm:.0f} steps/min, tilt {state.tilt_deg:.1f} deg: {state.ask()}"
