"""The contract between the window and the code that runs sessions: SessionControl, and the updates it returns.

The window knows no radio, store or sound. It calls a SessionControl, whose methods return at once, and reads its
updates on every tick. sessions.py implements it; tests and screenshots use an implementation of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from untuck.coach.session_feed import Feed
from untuck.session_commands import SessionCommand

MAX_RUNNERS = 4  # runners side by side


@dataclass(frozen=True, eq=False)
class RunnerSlot:
    """A runner's place in the window: the name, and the feed that the session fills."""

    name: str
    feed: Feed


@dataclass(frozen=True)
class Choice:
    """A source that a session can start with. key: chosen by the control; text: as the menu shows it."""

    key: str
    text: str


@dataclass
class Updates:
    """What happened in the control since the last call.

    slots: new runners; choices: the sources that a session can start with, None if unchanged; messages: text, and
    whether it reports an error; task: the long task that runs, "" when it has ended, None if unchanged; progress: share
    of the task that is done (0..1), NaN if unknown; report: the page that was written, to be opened.
    """

    slots: list[RunnerSlot] = field(default_factory=list)
    choices: list[Choice] | None = None
    messages: list[tuple[str, bool]] = field(default_factory=list)
    task: str | None = None
    progress: float = float("nan")
    report: Path | None = None


class SessionControl(Protocol):
    """Runs sessions for the window. No method blocks; results and errors arrive through `updates`."""

    @property
    def sounding(self) -> RunnerSlot | None:
        """Whose cues sound; None: nobody's."""

    def start(self, key: str = "") -> None:
        """Start a session with one of the choices; "" for the first one."""

    def stop(self, slot: RunnerSlot) -> None:
        """End a runner's session."""

    def new_runner(self, name: str) -> None:
        """Make a runner known and pair a clip with them; their session becomes the first choice."""

    def give_sound(self, slot: RunnerSlot) -> None:
        """Let this runner's cues sound, and those of no other."""

    def find(self) -> None:
        """Search for clips and add them to the choices."""

    def cancel(self) -> None:
        """Cancel the long task."""

    def command(self, slot: RunnerSlot, command: SessionCommand) -> None:
        """Give a runner's session a command."""

    def blind(self, slot: RunnerSlot, on: bool) -> None:
        """Start or end blocks with and without cues in an order hidden from runner and coach."""

    def report(self, slot: RunnerSlot) -> None:
        """Write the report of a session that has ended."""

    def updates(self) -> Updates:
        """What happened since the last call."""
