"""Two clips as one source: real firmware in both, one virtual radio; each may be late, vanish and return."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import pytest
from virtual_clip.clip import CLIP_ADDRESS, VirtualClip
from virtual_clip.pair import TRUNK_ADDRESS, two_clips
from virtual_clip.stream_checks import QUICK, fed, motion, received

from untuck import wire
from untuck.errors import LinkError
from untuck.model import Packet
from untuck.samples import Samples
from untuck.session.pairing import pair_clip
from untuck.session.two_clips import TwoClips, trunk_source
from untuck.sources.ble import BleSource
from untuck.sources.ble_runs import ClipRuns
from untuck.sources.run_decoder import decode_run
from untuck.vocabulary import Role

PELVIS, TRUNK = Role.PELVIS, Role.TRUNK


@dataclass
class Session:
    """What a session with two clips has received; each packet counts as stored at once."""

    pelvis: VirtualClip
    trunk: VirtualClip
    clips: TwoClips
    packets: list[Packet] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def of(self, role: Role) -> list[Packet]:
        return [packet for packet in self.packets if packet.role == role]

    def samples(self, role: Role) -> int:
        return sum(wire.unpack_header(packet.data)[7] for packet in self.of(role))

    async def take(self) -> None:
        """Take packets until the task is cancelled, then what is left on the clips."""
        try:
            async for packet in self.clips.packets():
                self.keep(packet)
        except asyncio.CancelledError:
            async for packet in self.clips.remaining():
                self.keep(packet)

    def keep(self, packet: Packet) -> None:
        self.packets.append(packet)
        self.clips.stored(packet)

    async def until(self, role: Role, samples: int) -> None:
        async with asyncio.timeout(300):
            while self.samples(role) < samples:
                await asyncio.sleep(0.05)


@asynccontextmanager
async def running(
    pelvis: Samples, trunk: Samples, *, speed: int = 2, away: bool = False, wait_s: float = 60.0
) -> AsyncIterator[Session]:
    """A session with both clips, which ends with the block. away: the trunk's clip is out of range at the start."""
    async with two_clips(pelvis, trunk, speed=speed) as (first, second):
        for clip, role in ((first, PELVIS), (second, TRUNK)):
            await pair_clip(clip.address, first.backend, QUICK, role)
        second.channel.set_in_range(not away, TRUNK_ADDRESS)
        second_source = trunk_source(100, TRUNK_ADDRESS, first.backend, QUICK)
        async with (
            BleSource(100, CLIP_ADDRESS, first.backend, QUICK, durable=True) as source,
            TwoClips(source, second_source, wait_s) as clips,
        ):
            session = Session(first, second, clips)
            clips.report_to(session.said.append)
            taking = asyncio.create_task(session.take())
            yield session
            taking.cancel()
            await taking


def assert_all_of(session: Session, role: Role, samples: Samples) -> None:
    """Every sample of a clip came once, in order, and in the order of arrival beside the other clip's."""
    packets = session.of(role)
    rows, want = received(packets), fed(samples)
    assert len(rows) >= len(want)
    np.testing.assert_array_equal(rows[: len(want)], want)
    heads = [wire.unpack_header(packet.data) for packet in packets]
    assert [head[3] for head in heads] == list(range(len(heads)))
    assert len({head[2] for head in heads}) == 1


async def kept(clip: VirtualClip) -> int:
    async with ClipRuns(clip.address, clip.backend, QUICK) as runs:
        return len(await runs.list())


async def test_both_clips_stream_into_one_source() -> None:
    pelvis, trunk = motion(12, 100, 1), motion(12, 100, 2)
    async with running(pelvis, trunk) as session:
        assert session.clips.joined
        await session.until(PELVIS, len(pelvis))
        await session.until(TRUNK, len(trunk))
    assert_all_of(session, PELVIS, pelvis)
    assert_all_of(session, TRUNK, trunk)
    assert session.said == []
    late = [before.arrival_s - after.arrival_s for before, after in pairwise(session.packets)]
    assert sum(each > 0 for each in late) <= 0.1 * len(late)  # in order of arrival, as far as it is known


async def test_what_was_measured_before_the_stop_comes_and_nothing_is_left_on_either_clip() -> None:
    pelvis, trunk = motion(30, 100, 1), motion(30, 100, 2)
    async with two_clips(pelvis, trunk, speed=2) as (first, second):
        for clip in (first, second):
            await pair_clip(clip.address, first.backend, QUICK)
        second_source = trunk_source(100, TRUNK_ADDRESS, first.backend, QUICK)
        async with (
            BleSource(100, CLIP_ADDRESS, first.backend, QUICK, durable=True) as source,
            TwoClips(source, second_source, 60.0) as clips,
        ):
            session = Session(first, second, clips)
            taking = asyncio.create_task(session.take())
            await session.until(TRUNK, 600)
            taking.cancel()
            await taking
            for role, one in ((PELVIS, source), (TRUNK, second_source)):
                assert one.status is not None and one.status.state == wire.STATE_IDLE
                assert one.status.next_seq == len(session.of(role))
        assert [await kept(clip) for clip in (first, second)] == [0, 0]


async def test_what_was_taken_and_not_stored_stays_on_both_clips() -> None:
    """As when the disk is full: neither the end of the session nor what comes after it acknowledges it."""
    async with two_clips(motion(30, 100, 1), motion(30, 100, 2), speed=2) as (first, second):
        for clip in (first, second):
            await pair_clip(clip.address, first.backend, QUICK)
        async with (
            BleSource(100, CLIP_ADDRESS, first.backend, QUICK, durable=True) as source,
            TwoClips(source, trunk_source(100, TRUNK_ADDRESS, first.backend, QUICK), 60.0) as clips,
        ):
            numbers = dict.fromkeys(Role, 0)
            async for packet in clips.packets():
                numbers[packet.role] += 1
                if numbers[packet.role] == 20:
                    clips.stored(packet)
                if min(numbers.values()) > 60:
                    break
        for clip in (first, second):
            async with ClipRuns(clip.address, first.backend, QUICK) as runs:
                kept_packets = [decode_run(await runs.fetch(run))[0] for run in await runs.list()]
            found = {wire.unpack_header(packet)[3] for packets in kept_packets for packet in packets}
            assert found >= set(range(20, 60))


async def test_a_trunk_clip_that_comes_late_joins_and_the_pelvis_has_not_waited() -> None:
    pelvis, trunk = motion(40, 100, 1), motion(12, 100, 2)
    async with running(pelvis, trunk, away=True, wait_s=0.5) as session:
        assert not session.clips.joined
        await session.until(PELVIS, 600)
        assert session.samples(TRUNK) == 0
        assert len(session.said) <= 2 and session.said[-1].startswith(
            "No trunk: No clip in range"
        )  # once, not each time
        session.trunk.channel.set_in_range(True, TRUNK_ADDRESS)
        await session.until(TRUNK, len(trunk))
        await session.until(PELVIS, len(pelvis))
    assert_all_of(session, PELVIS, pelvis)
    assert_all_of(session, TRUNK, trunk)


@pytest.mark.parametrize("role", [PELVIS, TRUNK])
async def test_one_clip_vanishes_and_returns_and_the_other_goes_on(role: Role) -> None:
    pelvis, trunk = motion(30, 100, 1), motion(30, 100, 2)
    async with running(pelvis, trunk) as session:
        gone, other = (session.pelvis, TRUNK) if role == PELVIS else (session.trunk, PELVIS)
        await session.until(role, 500)
        session.pelvis.channel.set_in_range(False, gone.address)
        await gone.peripheral.drop()
        before = session.samples(other)
        await session.until(other, before + 200)
        held = session.samples(role)
        assert held < 700  # it is away
        with gone.crawling():  # connecting takes real time, which must not cost it its ring
            session.pelvis.channel.set_in_range(True, gone.address)
            await session.until(role, held + 100)
        await session.until(PELVIS, len(pelvis))
        await session.until(TRUNK, len(trunk))
        sources = {PELVIS: session.clips.pelvis, TRUNK: session.clips.trunk}
        assert sources[role].reconnects == 1 and sources[other].reconnects == 0
        assert (session.clips.pelvis.lost, session.clips.trunk.lost) == (0, 0)
    assert_all_of(session, PELVIS, pelvis)
    assert_all_of(session, TRUNK, trunk)


async def test_a_trunk_clip_that_was_switched_off_starts_a_new_stream() -> None:
    async with running(motion(40, 100, 1), motion(40, 100, 2)) as session:
        await session.until(TRUNK, 300)
        await session.trunk.switch_off()
        before = session.samples(PELVIS)
        await session.until(PELVIS, before + 300)
        held = session.samples(TRUNK)
        await session.trunk.switch_on()
        await session.until(TRUNK, held + 300)
        assert session.clips.trunk.restarts == 1 and session.clips.pelvis.reconnects == 0
    assert len({wire.unpack_header(packet.data)[2] for packet in session.of(TRUNK)}) == 2
    assert len({wire.unpack_header(packet.data)[2] for packet in session.of(PELVIS)}) == 1


async def test_a_pelvis_clip_that_does_not_come_back_ends_the_session_with_the_trunks_packets() -> None:
    pelvis, trunk = motion(30, 100, 1), motion(30, 100, 2)
    async with two_clips(pelvis, trunk, speed=2) as (first, second):
        for clip in (first, second):
            await pair_clip(clip.address, first.backend, QUICK)
        brief = replace(QUICK, outage_s=3.0)
        async with (
            BleSource(100, CLIP_ADDRESS, first.backend, brief, durable=True) as source,
            TwoClips(source, trunk_source(100, TRUNK_ADDRESS, first.backend, QUICK), 60.0) as clips,
        ):
            session = Session(first, second, clips)
            taking = asyncio.create_task(session.take())
            await session.until(TRUNK, 200)
            await first.switch_off()
            before = session.samples(TRUNK)
            with pytest.raises(LinkError, match="did not come back"):
                await asyncio.wait_for(taking, 300)
            assert session.samples(TRUNK) >= before + 300  # they came all the while
