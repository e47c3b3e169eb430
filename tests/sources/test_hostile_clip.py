"""A clip that says impossible things, too much, or nothing of use: the host refuses it with words, in bounded time.

The peripheral is tests/sources/hostile_clip.py; limits of time are shortened.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import struct
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.sources.hostile_clip import HostileClip, packet, status

from untuck import wire, wire_runs
from untuck.errors import LinkError
from untuck.session.kept_runs import fetch_runs
from untuck.sources import ble, ble_runs
from untuck.sources.ble import BleSource, Timeouts
from untuck.sources.ble_runs import ClipRuns, KeptRun
from untuck.sources.bounded_queue import MOST_NOTIFICATIONS, BoundedQueue
from untuck.sources.clip_status import LAST_SEQUENCE, ClipStatus
from untuck.sources.resend import CONFIRMATIONS, MOST_KEPT, ResendTracker, Verdict

FAST = Timeouts(scan_s=2, connect_s=2, call_s=2, close_s=1, silence_s=0.4, outage_s=0.5)
STREAM = 77


@pytest.fixture(autouse=True)
def _short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ble_runs, "SILENCE_S", 0.2)
    monkeypatch.setattr(ble_runs, "LIST_S", 0.6, raising=False)


def run_frame(run: int, size: int = 1000) -> bytes:
    return struct.pack(wire_runs.FRAME_RUN_FORMAT, wire_runs.FRAME_RUN, run, size, 1_800_000_000, 0)


def listing(clip: HostileClip, frames: Any, runs: int, pause_s: float = 0.0) -> None:
    """The clip answers a request for its runs with this number and these frames."""

    def answer(data: bytes) -> dict[str, Any]:
        if data[0] == wire.CMD_LIST:
            clip.send_each(frames, pause_s)
        return {"runs": runs}

    clip.answers = answer


async def listed(clip: HostileClip) -> list[int]:
    async with asyncio.timeout(8), ClipRuns(backend=clip.backend, timeouts=FAST) as runs:
        return [run.run for run in await runs.list()]


async def test_empty_and_foreign_frames_in_the_list_are_ignored() -> None:
    clip = HostileClip()
    listing(clip, [b"", b"\xf0", bytes(500), run_frame(3), run_frame(3), run_frame(4)], 2)
    assert await listed(clip) == [3, 4]


async def test_the_list_ends_although_the_clip_sends_for_ever() -> None:
    for pause_s, frame in ((0.0, b"\xf1"), (0.15, b"\xf1"), (0.0, run_frame(3))):
        clip = HostileClip()
        listing(clip, itertools.repeat(frame), 2, pause_s)
        begin_s = time.monotonic()
        with pytest.raises(LinkError, match="did not list all its runs"):
            await listed(clip)
        assert time.monotonic() - begin_s < 4


async def test_a_number_of_runs_that_does_not_fit_is_refused() -> None:
    clip = HostileClip()
    listing(clip, (run_frame(run) for run in range(65535)), 65535)
    with pytest.raises(LinkError, match="claims to have 65535 runs"):
        await listed(clip)


async def test_a_run_larger_than_a_clip_is_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNTUCK_HOME", str(tmp_path))
    clip = HostileClip()
    listing(clip, [run_frame(1, 4_000_000_000)], 1)
    notes: list[str] = []
    async with asyncio.timeout(8):
        await fetch_runs(None, notes.append, backend=clip.backend)
        assert any("Run 1 claims 4000.00 MB and is not fetched" in note for note in notes), notes
        async with ClipRuns(backend=clip.backend, timeouts=FAST) as runs:
            with pytest.raises(LinkError, match="claims 4000"):
                await runs.fetch(KeptRun(1, 4_000_000_000, 0, False, False))
    assert wire.CMD_FETCH not in {data[0] for data in clip.written}


async def test_a_run_that_dribbles_ends_at_the_slowest_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ble_runs, "SLOWEST_BYTES_S", 20_000, raising=False)
    clip = HostileClip()

    def dribble(begin: int) -> Iterator[bytes]:
        for offset in itertools.count(begin):
            yield struct.pack(wire_runs.FRAME_DATA_FORMAT, wire_runs.FRAME_DATA, 1, offset) + b"x"

    def answer(data: bytes) -> dict[str, Any]:
        if data[0] == wire.CMD_FETCH:
            clip.send_each(dribble(struct.unpack_from("<I", data, 3)[0]), 0.1)
        return {}

    clip.answers = answer
    async with asyncio.timeout(15), ClipRuns(backend=clip.backend, timeouts=FAST) as runs:
        with pytest.raises(LinkError, match=r"too slowly|no more of this run"):
            await runs.fetch(KeptRun(1, 30_000, 0, False, False))


async def test_frames_hold_no_more_than_the_run() -> None:
    clip = HostileClip()
    head = struct.pack(wire_runs.FRAME_DATA_FORMAT, wire_runs.FRAME_DATA, 1, 0)

    def answer(data: bytes) -> dict[str, Any]:
        if data[0] == wire.CMD_FETCH:
            clip.send_each([head + bytes(500)])
        return {}

    clip.answers = answer
    async with asyncio.timeout(8), ClipRuns(backend=clip.backend, timeouts=FAST) as runs:
        assert len(await runs.fetch(KeptRun(1, 100, 0, False, False))) == 100


async def test_a_flood_of_notifications_takes_bounded_memory_and_is_counted() -> None:
    clip = HostileClip(answers=lambda _: {"stream_id": STREAM})
    async with BleSource(backend=clip.backend, timeouts=FAST) as source:
        tracemalloc.start()
        for sequence in range(20_000):
            clip.send(packet(sequence))
        size, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert size < 3e6
        assert source._queue.dropped == 20_000 - MOST_NOTIFICATIONS
        taken = 0
        async with asyncio.timeout(30):
            async for _ in source.packets():
                taken += 1
                if taken == MOST_NOTIFICATIONS:
                    clip.send(packet(MOST_NOTIFICATIONS + 1))  # the gap shows, and what was dropped is requested
                    clip.send(packet(MOST_NOTIFICATIONS))
                if taken > MOST_NOTIFICATIONS:
                    break
        assert wire.command(wire.CMD_RESEND, STREAM, MOST_NOTIFICATIONS) in clip.written
        assert source.lost == 0


async def test_the_queue_keeps_the_oldest_and_what_the_link_reports() -> None:
    queue: BoundedQueue[int] = BoundedQueue(3)
    assert [queue.offer(number) for number in range(5)] == [True] * 3 + [False] * 2
    queue.put_nowait(9)
    assert queue.dropped == 2
    assert [queue.get_nowait() for _ in range(4)] == [0, 1, 2, 9]
    assert queue.offer(5)


@pytest.mark.parametrize(
    "fields",
    [
        {"oldest_seq": 2**32 - 1},
        {"oldest_seq": 2**32 - 1, "next_seq": 2**32 - 1},
        {"oldest_seq": 5, "next_seq": 4},
        {"next_seq": LAST_SEQUENCE + 1},
        {"rate_hz": 65535},
        {"state": 200},
    ],
    ids=str,
)
def test_an_impossible_status_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(LinkError, match="status is impossible"):
        ClipStatus.parse(status(**fields))


def test_what_is_only_shown_is_unknown_if_it_is_out_of_range() -> None:
    found = ClipStatus.parse(status(battery_pct=200, cadence_spm=60_000, free_kb=65535))
    assert (found.battery_pct, found.cadence_spm) == (None, 0) and found.free_kb < 20_000
    good = ClipStatus.parse(status(battery_pct=100, cadence_spm=230, free_kb=8000, next_seq=90_000))
    assert (good.battery_pct, good.cadence_spm, good.free_kb, good.next_seq) == (100, 230, 8000, 90_000)


async def test_a_claim_that_everything_is_gone_loses_nothing() -> None:
    """The clip says once that its oldest packet is far ahead; then it goes on as before."""
    clip = HostileClip()
    claimed = 0

    def answer(data: bytes) -> dict[str, Any]:
        nonlocal claimed
        if data[0] != wire.CMD_RESEND:
            return {}
        claimed += 1
        clip.send_each(packet(sequence) for sequence in range(10, 40))
        number = 60_000_000 if claimed == 1 else 10
        return {"result": wire.RESULT_NOT_KEPT, "oldest_seq": number, "next_seq": max(number, 40)}

    clip.answers = answer
    async with asyncio.timeout(20), BleSource(backend=clip.backend, timeouts=FAST) as source:
        clip.send_each(packet(sequence) for sequence in (*range(5), 12))
        seen = []
        async for one in source.packets():
            seen.append(wire.unpack_header(one.data)[3])
            if seen[-1] == 39:
                break
    assert seen == [*range(5), *range(10, 40)] and source.lost == 5


async def test_a_stream_of_no_use_counts_as_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ble, "RESCAN_S", 0.1)
    for data in (b"", b"\x01" * 60, packet(0, STREAM + 1), packet(4_000_000)):
        clip = HostileClip()

        def answer(command: bytes, clip: HostileClip = clip, data: bytes = data) -> dict[str, Any]:
            if command[0] in (wire.CMD_START, wire.CMD_RESEND):
                clip.send_each(itertools.repeat(data), 0.1)
            return {}

        clip.answers = answer
        with pytest.raises(LinkError, match="No data from the clip"):
            async with asyncio.timeout(10), BleSource(backend=clip.backend, timeouts=FAST) as source:
                async for _ in source.packets():
                    pass


async def test_after_an_outage_a_packet_of_before_does_not_count_as_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ble, "RESCAN_S", 0.1)
    clip = HostileClip()

    def answer(data: bytes) -> dict[str, Any]:
        if data[0] == wire.CMD_RESEND:
            clip.send_each(packet(sequence) for sequence in (3, 4, *range(5, 10)))
        return {"next_seq": 10}

    clip.answers = answer

    async def vanish() -> None:
        await asyncio.sleep(0.1)
        assert clip.drop is not None
        clip.in_range = False
        await clip.drop()
        await asyncio.sleep(2 * FAST.silence_s)
        clip.in_range = True

    waiting = replace(FAST, outage_s=10.0)
    async with asyncio.timeout(20), BleSource(backend=clip.backend, timeouts=waiting) as source:
        clip.send_each(packet(sequence) for sequence in range(5))
        vanishing = asyncio.create_task(vanish())
        async for one in source.packets():
            if wire.unpack_header(one.data)[3] == 9:
                break
        await vanishing
    assert (source.reconnects, source.lost) == (1, 0)


def test_times_of_a_packet_have_a_range() -> None:
    order = ResendTracker()
    order.begin(STREAM)
    for wrong in (packet(0, time_us=1_000_000), packet(0, time_us=2**32 - 1), packet(0, period_us=0)):
        assert order.receive(wrong) is Verdict.CORRUPT
    assert order.receive(packet(0, time_us=999_999)) is Verdict.TAKE
    assert order.corrupt == 3


def streaming(until: int) -> ResendTracker:
    """A stream whose packets before this number have come, 20 a second."""
    order = ResendTracker()
    order.begin(STREAM, 0.0)
    for sequence in range(until):
        assert order.receive(packet(sequence), sequence / 20) is Verdict.TAKE
    return order


def test_one_packet_far_ahead_changes_nothing() -> None:
    order = streaming(100)
    for far in (72_100, 2**32 - 1):
        assert order.receive(packet(far), 5.0) is Verdict.FAR
    for sequence in range(100, 200):
        assert order.receive(packet(sequence), sequence / 20) is Verdict.TAKE
    assert (order.lost, order.resent, order.far) == (0, 0, 2)


def test_a_jump_is_believed_when_packets_confirm_it() -> None:
    """The computer slept for an hour, and its clock with it."""
    order = streaming(100)
    verdicts = [order.receive(packet(72_000 + number), 5.0 + number / 20) for number in range(CONFIRMATIONS)]
    assert verdicts == [Verdict.FAR] * (CONFIRMATIONS - 1) + [Verdict.GAP]
    assert order.skip_to(71_900, 72_003, 5.2) and order.lost == 71_800
    assert order.receive(packet(71_900), 5.3) is Verdict.TAKE


def test_what_time_and_rate_allow_is_believed_at_once() -> None:
    order = streaming(100)
    assert order.receive(packet(100 + 20 * 600), 605.0) is Verdict.GAP  # out of range for ten minutes
    order = streaming(100)
    assert order.receive(packet(100 + MOST_KEPT // 2), 5.1) is Verdict.GAP  # all that the clip's memory holds


def test_a_status_must_agree_with_itself_and_with_time() -> None:
    order = streaming(100)
    assert not order.skip_to(2**32 - 1, 120, 5.0)
    assert not order.skip_to(60_000_000, 60_000_001, 5.0)
    assert (order.expected, order.lost) == (100, 0)
    assert order.skip_to(110, 120, 5.0) and order.lost == 10
    assert order.end(STREAM, 60_000_000, 5.1) == 110 and order.end(STREAM, 130, 5.1) == 130
    assert order.end(STREAM + 1, 130, 5.1) == 0


def test_messages_are_one_line_and_say_what_to_do() -> None:
    with pytest.raises(LinkError) as told:
        ClipStatus.parse(status(state=9))
    assert re.fullmatch(r"[A-Z].+: switch the clip off and on, .+\.", str(told.value))
