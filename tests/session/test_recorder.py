"""What is reported as stored is on the disk, and a store that cannot be written to for a while costs nothing."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from virtual_clip.stream_checks import motion

from untuck.errors import StoreError
from untuck.model import Packet
from untuck.session import recorder as module
from untuck.session.recorder import Recorder, begin_recording
from untuck.simulate.packets import pack
from untuck.store import Recording, Settings, Store

PACKETS = [Packet(data, 0.05 * number) for number, data in enumerate(pack(motion(20, 100), 100, 7))]


class Session:
    """A recording with its recorder; what was reported as stored, and said."""

    def __init__(self, recording: Recording) -> None:
        self.stored: list[Packet] = []
        self.said: list[str] = []
        self.recorder = Recorder(recording, self.said.append, self.stored.append)

    def keep(self, packets: list[Packet]) -> None:
        for packet in packets:
            self.recorder.keep([], packet)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "COMMIT_EVERY_S", 0.05)
    monkeypatch.setattr(module, "RETRY_S", 0.05)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.01)


@pytest.fixture
async def session(tmp_path: Path) -> AsyncIterator[Session]:
    with Store(tmp_path / "sessions.db").record("clip", "run", Settings()) as recording:
        yield Session(recording)


def on_disk(tmp_path: Path) -> list[Packet]:
    return list(Store(tmp_path / "sessions.db").open(1).packets())


async def test_what_is_reported_is_on_the_disk(session: Session, tmp_path: Path) -> None:
    session.keep(PACKETS[:100])
    await until(lambda: bool(session.stored))
    assert (
        on_disk(tmp_path)[: PACKETS.index(session.stored[-1]) + 1] == PACKETS[: PACKETS.index(session.stored[-1]) + 1]
    )
    session.keep(PACKETS[100:])
    await session.recorder.finish()
    await asyncio.sleep(0)
    assert session.stored[-1] == PACKETS[-1] and on_disk(tmp_path) == PACKETS and session.recorder.waiting == 0


async def test_a_locked_store_delays_and_blocks_nothing(session: Session, tmp_path: Path) -> None:
    session.recorder._recording._database.execute("PRAGMA busy_timeout = 100")
    other = sqlite3.connect(tmp_path / "sessions.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    session.keep(PACKETS[:200])
    await until(lambda: session.recorder.failure is not None)  # the loop goes on meanwhile
    session.keep(PACKETS[200:])
    assert not session.stored
    other.execute("ROLLBACK")
    other.close()
    await until(lambda: session.recorder.failure is None)
    await session.recorder.finish()
    assert on_disk(tmp_path) == PACKETS
    assert (
        "in use by another program" in session.said[0] and session.said[1] == "recording goes on: all of it is stored"
    )


async def test_an_end_without_a_disk_names_what_is_missing(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(module, "FINISH_S", 0.2)
    monkeypatch.setattr(session.recorder._recording, "write", fail)
    session.keep(PACKETS[:40])
    await session.recorder.finish()
    assert session.recorder.waiting == 40 and str(session.recorder.failure) == "the disk is full" and not session.stored


async def test_what_does_not_fit_into_memory_is_never_acknowledged(session: Session, tmp_path: Path) -> None:
    session.recorder._unstored.most = 30
    session.keep(PACKETS[:50])
    await until(lambda: bool(session.stored))
    session.keep(PACKETS[50:60])  # an acknowledgement of one of these would name those left out
    await session.recorder.finish()
    await asyncio.sleep(0)
    assert session.stored[-1] == PACKETS[29] and on_disk(tmp_path) == PACKETS[:30] and session.recorder.waiting == 30


@pytest.mark.parametrize("turns", [1, 2, 3])
async def test_a_cancelled_beginning_leaves_no_recording(turns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    ready = threading.Event()

    def record(store: Store, *arguments: Any, **named: Any) -> Recording:
        ready.wait(60)
        return begin(store, *arguments, **named)

    begin = Store.record
    monkeypatch.setattr(Store, "record", record)
    beginning = asyncio.create_task(begin_recording("clip", "run", Settings()))
    for _ in range(turns):
        await asyncio.sleep(0)
    beginning.cancel()
    await asyncio.sleep(0)
    ready.set()
    with pytest.raises(asyncio.CancelledError):
        await beginning
    assert Store().sessions() == []
