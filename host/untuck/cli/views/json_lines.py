"""The live view for other programs: a line of JSON for everything that happens, as it happens.

Each line has `event`, `time_s` on the sensor's clock, and `value` as of model.Event; lines of text have `event` "note".
How events become JSON lives here.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from untuck.model import Event
from untuck.session.live_state import LiveState
from untuck.session.packet_pipeline import PacketPipeline


class JsonView:
    """Prints events as lines of JSON through `write`; signal: the connection, in a line every second."""

    def __init__(self, write: Callable[[str], None], state: LiveState) -> None:
        self._write = write
        self._state = state
        self._next_s = -math.inf

    def show(self, events: list[Event], line: PacketPipeline) -> None:
        """Print what these events are, and once a second how the data come."""
        for event in events:
            self._state.take(event)
            self._print(event.kind, event.time_s, value=event.value)
        if line.last_s >= self._next_s:
            self._next_s = line.last_s + 1.0
            d = line.decoder
            self._print("signal", line.last_s, age_s=line.age_s, packets=d.packets, lost=d.lost, corrupt=d.corrupt)

    def say(self, text: str) -> None:
        """Print a line of its own."""
        self._print("note", self._state.now_s, text=text)

    def _print(self, event: str, time_s: float, **more: Any) -> None:
        self._write(json.dumps({"event": event, "time_s": time_s, **plain(more)}, allow_nan=False))


def plain(value: Any) -> Any:
    """What JSON can hold of a value: dataclasses and records as objects, what is not finite as null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.void):
        return {name: plain(value[name]) for name in value.dtype.names or ()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
