"""The live view without a terminal: a line for each event, and a status line every half minute.

For logs and pipes: no colour, no cursor. Owns the wording that both live views share.
"""

from __future__ import annotations

from collections.abc import Callable

from untuck.events import (
    BaselineTaken,
    Calibrated,
    CommandTaken,
    CueDecided,
    CueSuppressed,
    Event,
    FindingChanged,
    MovingChanged,
    Rejected,
    TrunkCalibrated,
    TrunkChanged,
    Warned,
)
from untuck.model import Calibration, Cue, Finding
from untuck.session.live_state import SWAPPED, LiveState
from untuck.session.packet_pipeline import PacketPipeline
from untuck.session_commands import to_text
from untuck.vocabulary import Moving, clock, facts

EVERY_S = 30.0  # between status lines


class PlainView:
    """Prints events as lines through `write`."""

    def __init__(self, write: Callable[[str], None], state: LiveState) -> None:
        self._write = write
        self._state = state
        self._next_s = EVERY_S

    def show(self, events: list[Event], packets: PacketPipeline) -> None:
        """Print these events in words."""
        pipeline = packets.pipeline
        if packets.decoder.packets == 1:
            self._state.begin(pipeline.calibration, pipeline.baseline, pipeline.trunk_calibration)
        for event in events:
            self._state.take(event)
            text = describe(event)
            if text:
                self._write(f"{clock(event.time_s):>6}  {text}")
        if packets.last_s >= self._next_s:
            self._state.take_progress(pipeline.progress)
            self._next_s = EVERY_S * (packets.last_s // EVERY_S + 1)
            self._write(f"{clock(packets.last_s):>6}  {progress_words(self._state)}")

    def say(self, text: str) -> None:
        """Print a line of text."""
        self._write(text)


def describe(event: Event) -> str:
    """An event in a few words; "" for one that is not shown."""
    match event:
        case MovingChanged(moving=moving):
            return str(moving)
        case Calibrated(calibration=calibration):
            return calibration_words(calibration)
        case TrunkCalibrated(calibration=calibration):
            return f"upper back {calibration_words(calibration)}"
        case TrunkChanged(present=present):
            return "the clip on the upper back sends samples" if present else "no trunk"
        case Rejected(what="places"):
            return SWAPPED
        case BaselineTaken(baseline=baseline):
            return f"baseline taken: tilt {baseline.tilt_deg.mean():.1f} deg above standing"
        case FindingChanged(finding=finding):
            return finding_words(finding)
        case CueDecided(cue=cue):
            return f"cue: {cue_words(cue)}"
        case CueSuppressed(cue=cue):
            return f"no cue for {cue.name}: {cue.reason}"
        case CommandTaken(command=command):
            return " ".join(to_text(command)).strip()
        case Warned(text=text):
            return f"warning: {text}"
        case _:
            return ""


def cue_words(cue: Cue) -> str:
    """A cue and its sound, in words."""
    sound = facts(cue.fault).sound_words
    return cue.name + (f" ({sound})" if sound else "")


def calibration_words(calibration: Calibration) -> str:
    """How the calibration was found, with its error if that is known."""
    error = calibration.error_deg
    return f"calibrated from {calibration.source}" + (f", within about {error:.1f} deg" if error == error else "")


def finding_words(finding: Finding) -> str:
    """A finding that begins or has ended."""
    name = finding.name
    if finding.active:
        return f"found: {name} since {clock(finding.start_s)}, {finding.depth_deg:.1f} deg"
    return f"ended: {name}, {clock(finding.start_s)} to {clock(finding.end_s)}, up to {finding.depth_deg:.1f} deg"


def progress_words(state: LiveState) -> str:
    """The state of the session, in one line."""
    if state.moving != Moving.RUNNING:
        return f"{state.moving}: {state.ask()}"
    lean = "" if state.trunk is None or state.trunk_problem else f", lean {state.trunk_lean_deg:.1f} deg"
    return f"{state.cadence_spm:.0f} steps/min, tilt {state.tilt_deg:.1f} deg{lean}: {state.ask()}"
