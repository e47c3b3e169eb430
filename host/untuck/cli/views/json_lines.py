"""The live view for other programs: one line of JSON for each event, as it happens.

Each line has `event`, `time_s` on the sensor's clock, and `value`, the payload of the event (untuck/events.py); lines
of text have `event` "note", and once a second a line with `event` "signal" has the state of the connection.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np

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
        self._write(json.dumps({"event": event, "time_s": time_s, **json_value(more)}, allow_nan=False))


def payload(event: Event) -> Any:
    """The payload of an event for JSON; of a command its kind, time and value."""
    if isinstance(event, CommandTaken):
        kind, value = to_text(event.command)
        return {"kind": kind, "time_s": event.command.time_s, "value": value}
    return event.value


def json_value(value: Any) -> Any:
    """A value in the types of JSON: dataclasses and records become objects, numbers that are not finite null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: json_value(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): json_value(item) for key, item in value.items()}
    if isinstance(value, np.void):
        return {name: json_value(value[name]) for name in value.dtype.names or ()}
    if isinstance(value, np.ndarray | np.generic):
        return json_value(value.tolist())
    if isinstance(value, list | tuple):
        return [json_value(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
