"""Four runners with two clips each in the coach's sessions: eight links, every sample stored once, with its role."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("PySide6.QtWidgets", reason="Qt's system libraries are missing", exc_type=ImportError)
from tests.paired import pair_both
from virtual_clip.pair import Pair, pairs_of_clips
from virtual_clip.stream_checks import QUICK, fed, motion, received

from untuck import wire
from untuck.coach.control import RunnerSlot
from untuck.coach.loop_thread import LoopThread
from untuck.coach.sessions import CoachSessions
from untuck.samples import Samples
from untuck.session import outcome, two_clips
from untuck.session.request import SessionRequest
from untuck.session.starts import ClipStart
from untuck.store import Store, StoredSession
from untuck.store.config import Config
from untuck.vocabulary import Role

NAMES = ("Ada", "Ben", "Cleo", "Dan")
SECONDS = 12.0


@pytest.fixture
def thread() -> Iterator[LoopThread]:
    with LoopThread() as made:
        yield made


def until(condition: Callable[[], bool], control: CoachSessions) -> None:
    give_up_s = time.monotonic() + 900.0
    while not condition():
        assert time.monotonic() < give_up_s and not control.failures, control.failures
        time.sleep(0.1)


def assert_all_of(session: StoredSession, role: Role, samples: Samples) -> None:
    """Every sample of one clip is stored once and in order."""
    packets = [packet for packet in session.packets() if packet.role == role]
    rows, want = received(packets), fed(samples)
    assert len(rows) >= len(want), (session.runner, role, len(rows))
    np.testing.assert_array_equal(rows[: len(want)], want)
    assert [wire.unpack_header(packet.data)[3] for packet in packets] == list(range(len(packets)))


@pytest.mark.slow
def test_four_runners_with_two_clips_each(thread: LoopThread, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcome, "KEPT_S", 0.0)  # noise has no strides, by which a session is kept
    monkeypatch.setattr(two_clips, "START_WAIT_S", 60.0)
    felt = [(motion(SECONDS, 100, 2 * k), motion(SECONDS, 100, 2 * k + 1)) for k in range(len(NAMES))]
    ready: list[list[Pair]] = []

    async def clips() -> None:
        async with pairs_of_clips(felt) as pairs:
            for name, (pelvis, trunk) in zip(NAMES, pairs, strict=True):
                await pair_both(pelvis, trunk, name)
            ready.append(pairs)
            await asyncio.Event().wait()

    thread.submit(clips())
    give_up_s = time.monotonic() + 900.0
    while not ready and time.monotonic() < give_up_s:
        time.sleep(0.1)
    pairs = ready[0]
    of_runners = [ClipStart.of(SessionRequest(Config(name=name))) for name in NAMES]
    starts = [replace(start, backend=pairs[0][0].backend, timeouts=QUICK) for start in of_runners]
    control = CoachSessions(thread, starts, audible=False)
    slots: list[RunnerSlot] = []
    began_s, cpu_s, clip_us = time.monotonic(), time.process_time(), pairs[0][0].clock.now_us()
    for count, start in enumerate(starts, 1):
        control.start(start.key)
        while len(slots) < count:
            slots += control.updates().slots
            assert time.monotonic() < give_up_s and not control.failures, control.failures
            time.sleep(0.1)

    def stored() -> dict[str, tuple[int, int]]:
        return {each.runner: (each.packet_count, each.trunk_count) for each in Store().sessions()}

    enough = SECONDS * 100 / 5 + 3  # packets of each clip
    until(lambda: len(stored()) == 4 and all(min(c - t, t) > enough for c, t in stored().values()), control)
    took_s = pairs[0][0].clock.now_us() / 1e6 - clip_us / 1e6
    print(
        f"{took_s:.0f} s of eight clips in {time.monotonic() - began_s:.0f} s, {time.process_time() - cpu_s:.1f} s CPU"
    )
    for slot in slots:
        control.stop(slot)
    until(lambda: len(control.outcomes) == 4, control)
    for session in Store().sessions():
        pelvis, trunk = felt[NAMES.index(session.runner)]
        assert_all_of(session, Role.PELVIS, pelvis)
        assert_all_of(session, Role.TRUNK, trunk)
        signal = next(ended.summary for _, number, ended in control.outcomes if number == session.id)
        assert signal.trunk is not None
        print(session.runner, session.source, session.trunk_source, signal.signal, signal.trunk)
        assert (signal.signal.lost, signal.trunk.lost) == (0, 0)
        assert session.source.startswith("clip Untk") and session.trunk_source.startswith("clip Untk")
