"""Writes a session's events to the log: calibration, baseline, findings, cues, commands, warnings.

No text that a person entered is logged: of a note, a lap label or any other command only its kind.
"""

from __future__ import annotations

import logging
import math

from untuck.events import (
    BaselineExtended,
    BaselineTaken,
    Calibrated,
    CommandTaken,
    CueDecided,
    CueSuppressed,
    Event,
    FindingChanged,
    MovingChanged,
    Rejected,
    Slipped,
    TrunkCalibrated,
    TrunkChanged,
    Warned,
)
from untuck.model import Finding
from untuck.session_commands import SetThreshold, to_text

_log = logging.getLogger(__name__)


def log_event(event: Event) -> None:
    """Log an event at INFO; contacts and strides, which come many times a second, are left out."""
    if not _log.isEnabledFor(logging.INFO):
        return
    text = _text(event)
    if text:
        _log.info("%.2f s: %s", event.time_s, text)


def _text(event: Event) -> str:
    match event:
        case Calibrated(calibration=calibration, zero_only=zero_only):
            what = "zero set" if zero_only else f"calibrated from {calibration.source}"
            known = math.isfinite(calibration.error_deg)
            return what + (f", error {calibration.error_deg:.1f} deg" if known else ", error not known")
        case TrunkCalibrated(calibration=calibration, zero_only=zero_only):
            return "upper back: " + ("zero set" if zero_only else f"calibrated from {calibration.source}")
        case TrunkChanged(present=present):
            return "the trunk's samples " + ("have begun" if present else "have stopped")
        case BaselineTaken(baseline=baseline):
            return f"baseline taken from {int(baseline.strides.sum())} strides"
        case BaselineExtended(baseline=baseline):
            return f"baseline extended to {len(baseline.strides)} paces"
        case MovingChanged(moving=moving):
            return str(moving)
        case FindingChanged(finding=finding):
            return _finding(finding)
        case CueDecided(cue=cue):
            return f"cue: {cue.name}, finding {cue.finding_id}"
        case CueSuppressed(cue=cue):
            return f"cue suppressed: {cue.name}, {cue.reason}"
        case CommandTaken(command=command):
            return f"command: {to_text(command)[1] if isinstance(command, SetThreshold) else command.kind}"
        case Rejected(what=what):
            return f"{what} rejected"
        case Slipped(step_deg=step_deg, role=role):
            return f"the clip of the {role} has slipped by {step_deg:.1f} deg"
        case Warned(text=text):
            return f"warning: {text}"
        case _:
            return ""


def _finding(finding: Finding) -> str:
    state = "begins" if finding.active else f"ended ({finding.ended})"
    return f"finding {finding.id} {state}: {finding.name}, {finding.depth_deg:.1f} deg"
