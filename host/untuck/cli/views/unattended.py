"""The view of a run that nobody watches: messages for the journal, without names, addresses and motion."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from untuck.cli.logs import Redactor, known_names
from untuck.events import Event
from untuck.motion.params import Params
from untuck.session.packet_loop import View
from untuck.session.packet_pipeline import PacketPipeline


@dataclass(frozen=True)
class JournalView:
    """Passes on messages. note: receives a line."""

    note: Callable[[str], None]

    def show(self, events: list[Event], packets: PacketPipeline) -> None:
        """Nothing: what the runner does stays in the store."""

    def say(self, text: str) -> None:
        """Pass on a message."""
        self.note(text)


def journal_note(redactor: Redactor, write: Callable[[str], None]) -> Callable[[str], None]:
    """A function that passes on lines without what is personal."""

    def note(text: str) -> None:
        redactor.names |= known_names()  # a runner may have been added meanwhile
        write(redactor.redact(text))

    return note


def journal_view(note: Callable[[str], None]) -> Callable[[str, Params], AbstractContextManager[View]]:
    """A function that makes the view of a session."""

    @contextmanager
    def make(_: str, __: Params) -> Iterator[View]:
        yield JournalView(note)

    return make
