"""The live view for other programs: one line of JSON for each event, as it happens.

Lines have `schema`, `event`, `time_s` on the sensor's clock, and `value`, the payload of the event (events.py); lines
of text have `event` "note", and once a second a line with `event` "signal" has the state of the connection.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from untuck.cli.results import to_line
from untuck.events import CommandTaken, Event
from untuck.session.live_state import LiveState
from untuck.session.packet_pipeline import PacketPipeline
from untuck.session_commands import to_text


class JsonView:
    """Prints events as lines of JSON through `write`."""

    def __init__(self, write: Callable[[str], None], state: LiveState) -> None:
        self._write = write
        self._state = state
        self._next_s = -math.inf

    def show(self, events: list[Event], packets: PacketPipeline) -> None:
        """Print these events, and once a second the state of the connection."""
        for event in events:
            self._state.take(event)
            self._print(event.kind, event.time_s, value=payload(event))
        if packets.last_s >= self._next_s:
            self._next_s = packets.last_s + 1.0
            d = packets.decoder
            counts = {"packets": d.packets, "lost": d.lost, "corrupt": d.corrupt}
            self._print("signal", packets.last_s, age_s=packets.age_s, **counts)

    def say(self, text: str) -> None:
        """Print a line of text."""
        self._print("note", self._state.now_s, text=text)

    def _print(self, event: str, time_s: float, **more: Any) -> None:
        self._write(to_line("event", {"event": event, "time_s": time_s, **more}))


def payload(event: Event) -> Any:
    """The payload of an event for JSON; of a command its kind, time and value."""
    if isinstance(event, CommandTaken):
        kind, value = to_text(event.command)
        return {"kind": kind, "time_s": event.command.time_s, "value": value}
    return event.value
