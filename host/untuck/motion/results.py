"""What a run's results are made of: events kept as they come, and put together as a Run."""

from __future__ import annotations

from typing import Any

import numpy as np

from untuck.events import (
    CommandTaken,
    ContactFound,
    CueDecided,
    CueSuppressed,
    Event,
    FindingChanged,
    StandingMeasured,
    StrideMeasured,
    Warned,
)
from untuck.model import CONTACT_DTYPE, STRIDE_DTYPE, Cue, Finding, StandingCheck, SuppressedCue
from untuck.session_commands import SessionCommand


class Results:
    """Keeps what Run has of each event; findings once they have ended."""

    def __init__(self) -> None:
        self.contacts: list[np.void] = []
        self.strides: list[np.void] = []
        self.findings: list[Finding] = []
        self.cues: list[Cue] = []
        self.suppressed: list[SuppressedCue] = []
        self.commands: list[SessionCommand] = []
        self.standings: list[StandingCheck] = []
        self.warnings: list[str] = []

    def keep(self, event: Event) -> None:
        """Take in an event."""
        match event:
            case ContactFound(contact=contact):
                self.contacts.append(contact)
            case StrideMeasured(stride=stride):
                self.strides.append(stride)
            case FindingChanged(finding=finding):
                if not finding.active:
                    self.findings.append(finding)
            case CueDecided(cue=cue):
                self.cues.append(cue)
            case CueSuppressed(cue=suppressed):
                self.suppressed.append(suppressed)
            case CommandTaken(command=command):
                self.commands.append(command)
            case StandingMeasured(standing=standing):
                self.standings.append(standing)
            case Warned(text=text):
                self.warnings.append(text)
            case _:
                pass

    def fields(self) -> dict[str, Any]:
        """The fields of run_results.Run that are kept here."""
        return {
            "contacts": np.array(self.contacts, CONTACT_DTYPE),
            "strides": np.array(self.strides, STRIDE_DTYPE),
            "findings": tuple(sorted(self.findings, key=lambda finding: finding.start_s)),
            "cues": tuple(self.cues),
            "suppressed_cues": tuple(self.suppressed),
            "commands": tuple(self.commands),
            "standings": tuple(self.standings),
            "warnings": tuple(self.warnings),
        }
