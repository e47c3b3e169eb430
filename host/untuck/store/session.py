"""Recorded sessions as values: settings, raw packets, commands.

Packets are stored uncompressed: zlib would save only a fifth of 17 MB an hour at 200 Hz. A damaged block of packets
costs a second of the session at most.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from untuck import limits
from untuck.model import Baseline, Calibration, Packet
from untuck.motion.params import Params
from untuck.session_commands import SessionCommand
from untuck.store import codec
from untuck.store.blocks import Block, Damage, damage_words, find_damage, read_block
from untuck.vocabulary import clock


@dataclass(frozen=True, eq=False)
class Settings:
    """All settings that affect the analysis of a session.

    calibration, baseline: those that the session started with, None if it found them itself; audio_delay_ms: of the
    sound output, if measured before; trunk: a second clip, on the upper back, takes part, with trunk_calibration. The
    store fills in the versions.
    """

    calibration: Calibration | None = None
    baseline: Baseline | None = None
    params: Params = field(default_factory=Params)
    rate_hz: int = 0
    firmware: str = ""
    notes: str = ""
    runner: str = ""
    audio_delay_ms: float | None = None
    trunk: bool = False
    trunk_calibration: Calibration | None = None
    package_version: str = ""
    protocol_version: int = 0


def is_time(value: object) -> bool:
    """Whether a value is a Unix time that every system can write as a date."""
    first, last = limits.UNIX_S
    return isinstance(value, int | float) and first <= value <= last


def tags_of(text: str) -> tuple[str, ...]:
    """The tags in a row of the store; none where they cannot be read."""
    try:
        tags = json.loads(text)
    except (ValueError, TypeError):
        return ()
    return tuple(map(str, tags)) if isinstance(tags, list) else ()


@dataclass(frozen=True, eq=False)
class StoredSession:
    """A session in the store.

    source: of the packets; mode: the command that recorded; ended_unix_s: None while it records, or if it was cut off;
    packet_count: of both clips; duration_s: between first and last arrival; summary: JSON of report.summary.Summary, or
    None; runner: owner of the profile, "" for none; name, note, tags: set by the user; trunk_source, trunk_count: of
    the second clip's packets, "" and 0 without one.
    """

    id: int
    source: str
    mode: str
    started_unix_s: float
    ended_unix_s: float | None
    packet_count: int
    duration_s: float
    settings_json: str
    summary: str | None
    runner: str
    name: str
    note: str
    tags: tuple[str, ...]
    read_blocks: Callable[[], Iterator[Block]]
    read_commands: Callable[[], Iterator[SessionCommand]]
    trunk_source: str = ""
    trunk_count: int = 0

    def __repr__(self) -> str:
        started = time.strftime("%Y-%m-%d %H:%M", time.localtime(self.started_unix_s))
        about = ", ".join((started, clock(self.duration_s), *([self.runner] if self.runner else ())))
        return f"StoredSession({self.id}: {self.mode}, {self.name or self.source}, {about})"

    def settings(self) -> Settings:
        """The settings of the analysis. Raises StoreError if they cannot be read."""
        return codec.from_json(Settings, self.settings_json)

    def packets(self) -> Iterator[Packet]:
        """The packets of both clips in order of arrival, without those that are damaged.

        Raises StoreError for a damaged file.
        """
        for block in self.read_blocks():
            yield from read_block(block)[0]

    def damage(self) -> tuple[Damage, ...]:
        """What is damaged in the packets, in order. Raises StoreError if the file itself is damaged."""
        return tuple(damage for block in self.read_blocks() if (damage := find_damage(block)) is not None)

    def damage_words(self) -> str:
        """One sentence about the damage, "" if there is none. Raises StoreError if the file itself is damaged."""
        found: list[Damage] = []
        begin_s = math.nan
        for block in self.read_blocks():
            begin_s = block.first_arrival_s if math.isnan(begin_s) else begin_s
            damage = find_damage(block)
            found += [] if damage is None else [damage]
        return damage_words(found, begin_s)

    def commands(self) -> tuple[SessionCommand, ...]:
        """The commands of the session, in order. Raises StoreError if the store is damaged."""
        return tuple(self.read_commands())
