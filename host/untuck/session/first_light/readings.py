"""What a step of the walk sees and says: readings of the clip, and a verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from untuck.session.first_light.motion import HandMotion
from untuck.sources.clip_status import ClipStatus

Figures = dict[str, float | int | str | None]


class Outcome(StrEnum):
    """How a step ended. ABSENT: not there, which a clip can do without."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    ABSENT = "absent"


@dataclass(frozen=True)
class Verdict:
    """What a step found. private: shown, and in no report."""

    outcome: Outcome
    text: str
    figures: Figures = field(default_factory=dict)
    private: str = ""


@dataclass
class Readings:
    """What the clip has sent. lap, answer, start_tilt_deg: since the step began; the counts: since the first packet.

    answer: of the person, None as long as there is none. now: in words, for display.
    """

    status: ClipStatus | None = None
    rssi_dbm: int = 0
    motion: HandMotion = field(default_factory=HandMotion)
    sensor: str = ""  # the chip that the packets name
    packets: int = 0
    lost: int = 0
    resent: int = 0
    resets: int = 0
    lap: bool = False
    answer: bool | None = None
    start_tilt_deg: float | None = None
    before: tuple[int, int, int, int] = (0, 0, 0, 0)  # packets, lost, resent, resets when the step began
    now: str = ""

    def begin(self) -> None:
        """A step begins."""
        self.motion.begin()
        self.lap, self.answer, self.start_tilt_deg, self.now = False, None, None, ""
        self.before = self.packets, self.lost, self.resent, self.resets


@dataclass(frozen=True)
class Step:
    """A step: its key in the report, what the person does, what to do if it does not pass in limit_s.

    look: returns the verdict, None as long as there is none. cue: played on the clip while the step lasts. optional: it
    does not fail, the part may be absent. asks: only the person knows, by a key or the clip's button.
    """

    name: str
    do: str
    if_not: str
    limit_s: float
    look: Callable[[Readings], Verdict | None]
    cue: bool = False
    optional: bool = False
    asks: bool = False
