"""Where every sample is that the sensor has measured: in the store, on the clip, reported as lost, or nowhere."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from virtual_clip.bno085_sim import Bno085Sim

from untuck import wire
from untuck.sources.run_decoder import decode_run
from untuck.store import Store
from untuck.vocabulary import Role
from virtual_clip import bno085_messages as messages

MONITOR_US = 15_000  # a longer period is the clip's while it waits for somebody to run
MOVED = slice(4, 10)  # acceleration and gyro: a quaternion can be missing
IN_SENSOR = 10  # samples: what the sensor still holds when it is switched off or set up again
AT_THE_ENDS = "stream began or ended"
_Key = tuple[int, ...]


@dataclass
class Account:
    """Numbers of samples. reported: by cause; doubled: stored more than once."""

    produced: int = 0
    stored: int = 0
    on_clip: int = 0
    silent: int = 0
    doubled: int = 0
    reported: Counter[str] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)  # what is missing silently, and where

    def row(self) -> dict[str, object]:
        """As an object of JSON; dataclasses.asdict of Python 3.11 makes a Counter of a Counter's items."""
        return {**vars(self), "reported": dict(self.reported)}


@dataclass(frozen=True)
class _Place:
    """Where a sample was found."""

    session: int
    stream: int
    packet: int
    flags: int
    first: bool  # of its packet


def account_for(
    sim: Bno085Sim, store: Store, flash: Path, cuts_us: list[int], stopped_us: int, role: Role = Role.PELVIS
) -> Account:
    """Account for the samples of the clip with this role.

    cuts_us, stopped_us: when its power was cut, and when the session was told to end, on the sensor's clock.
    """
    account = Account()
    produced = _streamed(
        [(values[MOVED], time_us) for report, time_us, values in sim.log.reports if report == messages.GYR]
    )
    account.produced = len(produced)
    places: dict[_Key, list[_Place]] = {}
    for session in store.sessions():
        for packet in session.packets():
            if packet.role != role:
                continue
            _, flags, stream, sequence, *_, count = wire.unpack_header(packet.data)
            for index in range(count):
                key = wire.unpack_sample(packet.data, index)[MOVED]
                places.setdefault(key, []).append(_Place(session.id, stream, sequence, flags, index == 0))
    kept = _on_clip(flash)
    last: _Place | None = None
    missing: list[int] = []
    for key, time_us in produced:
        found = places.get(key, [])
        if not found:
            if key in kept:
                account.on_clip += 1
            else:
                missing.append(time_us)
            continue
        account.stored += 1
        account.doubled += len(found) - 1
        if missing:
            _judge(account, missing, last, found[0], cuts_us)
            missing = []
        last = found[0]
    if missing and missing[0] >= stopped_us and last is not None:  # measured until the clip had heard of it
        account.reported[AT_THE_ENDS] += len(missing)
    elif missing:
        _judge(account, missing, last, None, cuts_us)
    return account


def _streamed(measured: list[tuple[_Key, int]]) -> list[tuple[_Key, int]]:
    """Those at 100 Hz; at 50 Hz the clip only looks for steps."""
    times_us = [-(1 << 40), *(time_us for _, time_us in measured), 1 << 60]
    return [
        one
        for at, one in enumerate(measured)
        if min(times_us[at + 1] - times_us[at], times_us[at + 2] - times_us[at + 1]) < MONITOR_US
    ]


def _judge(
    account: Account, missing: list[int], before: _Place | None, after: _Place | None, cuts_us: list[int]
) -> None:
    """Find the cause of missing samples that lie between two stored ones."""
    changed = before is None or after is None or before.stream != after.stream
    cause = ""
    if changed and any(missing[0] <= cut_us + 2_000_000 and cut_us <= missing[-1] + 2_000_000 for cut_us in cuts_us):
        cause = "power of the clip cut"
    elif changed and len(missing) <= IN_SENSOR:
        cause = AT_THE_ENDS
    elif after is not None and after.first and after.flags & wire.FLAG_OVERRUN:
        cause = "overwritten on the clip"
    elif after is not None and after.first and after.flags & (wire.FLAG_GAP | wire.FLAG_RESET):
        cause = "sensor"
    elif not changed and before is not None and after is not None and after.packet - before.packet > 1:
        cause = "packets missing"
    if cause:
        account.reported[cause] += len(missing)
    else:
        account.silent += len(missing)
        account.missing.append(f"{len(missing)} samples from {missing[0] / 1e6:.2f} s, between {before} and {after}")


def _on_clip(flash: Path) -> set[_Key]:
    chunks: dict[int, dict[int, bytes]] = {}
    for path in flash.glob("runs/*.*"):
        if path.suffix[1:].isdigit():
            chunks.setdefault(int(path.stem), {})[int(path.suffix[1:])] = path.read_bytes()
    found: set[_Key] = set()
    for parts in chunks.values():
        for data in parts.values():
            for packet in decode_run(data)[0]:
                found.update(wire.unpack_sample(packet, index)[MOVED] for index in range(packet[18]))
    return found
