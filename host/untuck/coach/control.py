"""What the window may ask for, and what it is told: the contract with whoever runs the sessions.

The window knows no radio, store or sound: it asks a SessionControl, whose calls return at once, and reads its updates
every tick. sessions.py implements it; tests and pictures may put another one in its place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from untuck.coach.feed import Feed
from untuck.session_commands import SessionCommand

MAX_RUNNERS = 4  # runners side by side


@dataclass(frozen=True, eq=False)
class RunnerSlot:
    """A runner's place in the window: his name, and the feed that his session fills."""

    name: str
    feed: Feed


@dataclass(frozen=True)
class Choice:
    """Something a session can be started with: key is the control's own, text is for people."""

    key: str
    text: str


@dataclass
class Updates:
    """What has happened at the control since the last look.

    slots: new runners; choices: what can be started now, None if that has not changed; said: lines, with whether they
    report an error; work: what takes long, "" when it is done, None if that has not changed; share of it done, NaN if
    that is not known.
    """

    slots: list[RunnerSlot] = field(default_factory=list)
    choices: list[Choice] | None = None
    said: list[tuple[str, bool]] = field(default_factory=list)
    work: str | None = None
    share: float = float("nan")


class SessionControl(Protocol):
    """Runs sessions for the window. No call blocks; what comes of it is told by `updates`, errors as well."""

    def start(self, key: str = "") -> None:
        """Begin a session with one of the choices; "" for the first one."""

    def stop(self, slot: RunnerSlot) -> None:
        """End a runner's session."""

    def find(self) -> None:
        """Look for clips; they become choices."""

    def cancel(self) -> None:
        """Give up what takes long."""

    def command(self, slot: RunnerSlot, command: SessionCommand) -> None:
        """Give a runner's session a command."""

    def blind(self, slot: RunnerSlot, on: bool) -> None:
        """Begin or end blocks with and without cues in an order that nobody is told."""

    def report(self, slot: RunnerSlot) -> None:
        """Write the page of a session that has ended."""

    def updates(self) -> Updates:
        """What has happened since the last call."""
