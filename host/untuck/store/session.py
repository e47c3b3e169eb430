"""Recorded sessions as values: settings, raw packets, and the packing of packets into blobs.

Packets are stored uncompressed: zlib would save only a fifth of 17 MB an hour at 200 Hz. Each packet has its own
checksum, and a damaged blob costs a second of the session.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from untuck.errors import StoreError
from untuck.model import Baseline, Calibration, Packet
from untuck.motion.params import Params
from untuck.session_commands import SessionCommand
from untuck.store import codec
from untuck.vocabulary import clock

_ENTRY = struct.Struct("<dH")  # arrival in s on the host's monotonic clock, size of the packet that follows


@dataclass(frozen=True, eq=False)
class Settings:
    """All settings that affect the analysis of a session.

    calibration, baseline: those that the session started with, None if it found them itself; audio_delay_ms: of the
    sound output, if measured before. The store fills in the versions.
    """

    calibration: Calibration | None = None
    baseline: Baseline | None = None
    params: Params = field(default_factory=Params)
    rate_hz: int = 0
    firmware: str = ""
    notes: str = ""
    runner: str = ""
    audio_delay_ms: float | None = None
    package_version: str = ""
    protocol_version: int = 0


@dataclass(frozen=True, eq=False)
class StoredSession:
    """A session in the store.

    source: of the packets; mode: the command that recorded; ended_unix_s: None while it records, or if it was cut off;
    duration_s: between first and last arrival; summary: JSON of report.summary.Summary, or None; runner: owner of the
    profile, "" for none; name, note, tags: set by the user.
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
    read_blobs: Callable[[], Iterator[bytes]]
    read_commands: Callable[[], Iterator[SessionCommand]]

    def __repr__(self) -> str:
        started = time.strftime("%Y-%m-%d %H:%M", time.localtime(self.started_unix_s))
        about = ", ".join((started, clock(self.duration_s), *([self.runner] if self.runner else ())))
        return f"StoredSession({self.id}: {self.mode}, {self.name or self.source}, {about})"

    def settings(self) -> Settings:
        """The settings of the analysis. Raises StoreError if they cannot be read."""
        return codec.from_json(Settings, self.settings_json)

    def packets(self) -> Iterator[Packet]:
        """The packets as received, in order. Raises StoreError if the store is damaged."""
        for blob in self.read_blobs():
            yield from unpack(blob)

    def commands(self) -> tuple[SessionCommand, ...]:
        """The commands of the session, in order. Raises StoreError if the store is damaged."""
        return tuple(self.read_commands())


def pack(packets: Iterable[Packet]) -> bytes:
    """A blob of packets: arrival (f8), size (u16), bytes; repeated."""
    return b"".join(_ENTRY.pack(packet.arrival_s, len(packet.data)) + packet.data for packet in packets)


def unpack(blob: bytes) -> Iterator[Packet]:
    """The packets in a blob. Raises StoreError if it ends early."""
    at = 0
    while at < len(blob):
        start = at + _ENTRY.size
        arrival_s, size = _ENTRY.unpack_from(blob, at) if start <= len(blob) else (0.0, 0)
        at = start + size
        if at > len(blob):
            raise StoreError("a part of this session is damaged in the store: what came before it is readable.")
        yield Packet(blob[start:at], arrival_s)
