"""Checks of an archive's session.json and packets: every type and range, before anything of it is stored.

Archives come from other people. What passes can be listed, replayed and compared like a session of one's own.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable
from typing import Any

from untuck import limits, wire
from untuck.errors import StoreError
from untuck.model import Packet
from untuck.session_commands import from_text, to_text
from untuck.store import codec
from untuck.store.config import checked_name, checked_text
from untuck.store.session import Settings
from untuck.store.values import check_size, check_text, checked, loads, shown
from untuck.vocabulary import Role

_log = logging.getLogger(__name__)
FORMAT = 2  # with packets of two clips; 1: of one
FACTS = ("source", "mode", "started_unix_s", "ended_unix_s", "settings", "summary", "runner", "name", "note", "tags")
OF_TWO = "trunk_source"  # a fact of format 2
_PERIOD_US = (1_000, 50_000)  # of samples
_DAMAGED_SHARE = 0.5  # of packets: a radio damages few, so more is no recording


def check_facts(data: bytes, summary_kind: type | None) -> dict[str, Any]:
    """The content of session.json, checked. summary_kind: the class of a summary; without it only JSON is required.

    Raises ValueError, TypeError, KeyError, SettingsError or StoreError, whose text says what is wrong.
    """
    about = loads(data)
    if not isinstance(about, dict):
        raise TypeError("session.json is no table")
    if checked(int, about["format"]) > FORMAT:
        version = checked(str, about["untuck"])[:20]
        raise StoreError(f"was written by a newer Untuck ({version}): update Untuck to read it.")
    if about["format"] < 1:
        raise ValueError(f"it has format {about['format']}")
    missing = [name for name in (*FACTS, "steers", "packets") if name not in about]
    if missing:
        raise ValueError(f"session.json lacks {', '.join(missing)}")
    about.setdefault(OF_TWO, "")
    for name in ("source", "mode", "settings", "runner", "name", "note", OF_TWO):
        about[name] = checked(str, about[name])
    for name in ("source", "mode", "name", "note", OF_TWO):
        checked_text(about[name], f"its {name}")
    checked_name(about["runner"])
    about["started_unix_s"] = _unix_s(about["started_unix_s"], "start")
    if about["ended_unix_s"] is not None:
        about["ended_unix_s"] = _unix_s(about["ended_unix_s"], "end")
    about["tags"] = _tags(about["tags"])
    codec.from_json(Settings, about["settings"])
    if about["summary"] is not None:
        about["summary"] = _summary(checked(str, about["summary"]), summary_kind)
    about["steers"] = _commands(about["steers"])
    if checked(int, about["packets"]) < 0:
        raise ValueError(f"it has {about['packets']} packets")
    return {name: about[name] for name in (*FACTS, OF_TWO, "steers", "packets")}


def _unix_s(value: Any, what: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError(f"its {what} {shown(value)} is no time")
    first, last = limits.UNIX_S
    if not first <= value <= last:
        raise ValueError(f"its {what} {shown(value)} lies before 1970 or after 2106")
    return float(value)


def _tags(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise TypeError("its tags are no list of words")
    if len(value) > limits.MOST_TAGS:
        raise ValueError(f"it has {len(value):,} tags; {limits.MOST_TAGS} are allowed")
    return [checked_text(word, "a tag of it") for word in value]


def _summary(text: str, kind: type | None) -> str | None:
    """The summary, or None if it cannot be read as one: the run itself must not be lost for it."""
    check_text(text)
    if not isinstance(loads(text), dict):
        raise TypeError("its summary is no table")
    try:
        if kind is not None:
            codec.from_json(kind, text)
    except StoreError:
        _log.warning("the summary in the archive cannot be read and was left out: `untuck summary` makes a new one")
        return None
    return text


def _commands(rows: Any) -> list[tuple[str, float, str]]:
    if not isinstance(rows, list):
        raise TypeError("its commands are no list")
    if len(rows) > limits.MOST_COMMANDS:
        raise ValueError(f"it has {len(rows):,} commands; {limits.MOST_COMMANDS:,} are allowed")
    found = []
    for kind, time, value in rows:
        time_s = float(checked(str, time))
        if not (math.isfinite(time_s) or time_s == -math.inf):
            raise ValueError(f"the time {shown(time)} of a command is no time")
        if math.isfinite(time_s):
            check_size(time_s)
        check_text(checked(str, value), limits.MOST_TEXT)
        found.append((*to_text(from_text(checked(str, kind), value, time_s)), time_s))
    return [(kind, time_s, value) for kind, value, time_s in found]


class PacketCheck:
    """Checks packets in turn: headers, arrivals, and how many are damaged."""

    def __init__(self) -> None:
        self.packets = self.damaged = 0
        self._arrivals = (math.inf, -math.inf)
        self._times: dict[tuple[Role, int], tuple[float, float]] = {}

    def push(self, packets: Iterable[Packet]) -> None:
        """Raises ValueError for a packet that no clip sends."""
        for packet in packets:
            self.packets += 1
            self._arrivals = _widened(self._arrivals, packet.arrival_s, "arrivals")
            if wire.check(packet.data):
                self.damaged += 1
                continue
            _, _, stream_id, _, whole_s, micro_s, period_us, count = wire.unpack_header(packet.data)
            if micro_s >= 1_000_000 or (count > 1 and not _PERIOD_US[0] <= period_us <= _PERIOD_US[1]):
                raise ValueError("the time in the header of a packet is out of range")
            stream = packet.role, stream_id
            before = self._times.get(stream, (math.inf, -math.inf))
            self._times[stream] = _widened(before, whole_s + micro_s * 1e-6, "times of packets")

    def finish(self, expected: int) -> None:
        """Raise ValueError if packets are missing, or most are damaged."""
        if self.packets != expected:
            raise ValueError(f"some of its {expected} packets are missing")
        if self.damaged > _DAMAGED_SHARE * self.packets:
            raise ValueError(f"{self.damaged} of its {self.packets} packets are damaged")


def _widened(span_s: tuple[float, float], time_s: float, what: str) -> tuple[float, float]:
    first, last = min(span_s[0], time_s), max(span_s[1], time_s)
    if not (math.isfinite(time_s) and abs(time_s) < limits.UNIX_S[1] and last - first <= limits.MOST_SESSION_S):
        raise ValueError(f"its {what} are further apart than a session is long")
    return first, last
