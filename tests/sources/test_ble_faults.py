"""Faults between clip and host: stalls, drops, outages, damaged packets, a clip that restarts or goes silent.

Over the virtual radio, with the real firmware; every sample is compared with what the sensor measured.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from virtual_clip.bumble_peripheral import NOTIFY_CREDITS
from virtual_clip.clip import VirtualClip
from virtual_clip.stream_checks import QUICK, assert_all_came, collect, motion

from untuck import wire
from untuck.errors import LinkError
from untuck.motion.decode import Decoder
from untuck.samples import Samples
from untuck.sources.ble import BleSource
from untuck.sources.ble_runs import ClipRuns
from untuck.sources.run_decoder import decode_run


async def meanwhile(
    clip: VirtualClip, samples: Samples, rate_hz: int, disturb: Callable[[BleSource], object]
) -> BleSource:
    """Stream all of `samples` while `disturb` runs; all must arrive."""
    async with BleSource(rate_hz, backend=clip.backend, timeouts=QUICK) as source:
        task = asyncio.ensure_future(disturb(source))  # type: ignore[arg-type]
        packets = await collect(source, len(samples))
        await task
    assert_all_came(packets, samples)
    assert source.lost == 0
    return source


async def test_a_stall_of_two_seconds_loses_nothing() -> None:
    samples = motion(6, 100)
    async with VirtualClip(samples) as clip:

        async def stall(source: BleSource) -> None:
            await clip.sleep(1.5)
            clip.channel.hold()
            try:
                await clip.sleep(1.9)
                assert clip.peripheral.in_flight == NOTIFY_CREDITS  # further notifications got ENOMEM
            finally:
                clip.channel.release()

        source = await meanwhile(clip, samples, 100, stall)
        assert source.reconnects == 0 and source.corrupt == 0


async def test_a_dropped_connection_is_resumed_without_loss() -> None:
    samples = motion(12, 100)
    async with VirtualClip(samples, speed=2) as clip:

        async def drop(source: BleSource) -> None:
            for seconds in (0.4, 2.0):
                await clip.sleep(2.0)
                clip.channel.hold()
                await clip.sleep(0.6)
                clip.channel.lose()  # data in transfer is lost
                clip.channel.set_in_range(False)
                await clip.peripheral.drop()
                await clip.sleep(seconds)
                with clip.crawling():  # while the host connects, which takes real time
                    clip.channel.set_in_range(True)
                    seen = source.reconnects
                    while source.reconnects == seen:
                        await asyncio.sleep(0.05)

        source = await meanwhile(clip, samples, 100, drop)
        assert source.reconnects == 2 and source.resent > 12 and source.restarts == 0


async def test_an_outage_longer_than_the_ring_is_counted_and_saved_to_the_flash() -> None:
    samples = motion(40, 200)
    async with VirtualClip(samples, speed=8) as clip:

        async def drop() -> None:
            await clip.sleep(4.0)
            clip.channel.set_in_range(False)
            await clip.peripheral.drop()
            await clip.sleep(16.0)  # it keeps 3 s
            clip.channel.set_in_range(True)

        async with BleSource(200, backend=clip.backend, timeouts=QUICK) as source:
            task = asyncio.ensure_future(drop())
            packets = await collect(source, len(samples) - 3500)
            await task
        async with ClipRuns(backend=clip.backend, timeouts=QUICK) as runs:
            parts = [decode_run(await runs.fetch(run)) for run in await runs.list()]
        kept = [packet for packets_of_run, _ in parts for packet in packets_of_run]
        decoder = Decoder()
        decoder.push([packet.data for packet in packets])
        heads = [wire.unpack_header(packet.data) for packet in packets]
        sequences = np.array([head[3] for head in heads])
        missing = int(sequences[-1]) + 1 - len(sequences)
        assert missing == source.lost == decoder.lost > 100
        assert (np.diff(sequences) > 1).sum() <= 2 and (np.diff(sequences) > 0).all()
        saved = {wire.unpack_header(packet)[3] for packet in kept}
        assert sum(damaged for _, damaged in parts) == 0
        assert set(range(int(sequences[-1]))) <= saved | set(sequences.tolist())
        assert not any(head[1] & wire.FLAG_OVERRUN for head in heads)


def damaged(packet: bytes) -> bytes:
    changed = bytearray(packet)
    changed[30] ^= 0x10
    return bytes(changed)


async def test_damaged_truncated_and_lost_packets_are_requested_again() -> None:
    samples = motion(8, 100)
    harm: dict[int, Callable[[bytes], bytes | None]] = {
        4: damaged,
        30: lambda packet: packet[:-7],
        31: lambda packet: packet[:3],
        60: lambda packet: None,
        90: lambda packet: packet + b"\0",
    }

    def damage(packet: bytes) -> bytes | None:
        change = harm.pop(wire.unpack_header(packet)[3], None)
        return packet if change is None else change(packet)

    async with VirtualClip(samples, speed=2) as clip:
        clip.peripheral.damage = damage
        async with BleSource(100, backend=clip.backend, timeouts=QUICK) as source:
            packets = await collect(source, len(samples))
        assert_all_came(packets, samples)
        assert not harm and source.corrupt == 4 and source.resent >= 5 and source.lost == 0


async def test_a_packet_that_is_always_damaged_counts_as_lost() -> None:
    samples = motion(9, 100)
    async with VirtualClip(samples) as clip:  # the clip stores all later packets for the 3 s of requests
        clip.peripheral.damage = lambda packet: damaged(packet) if wire.unpack_header(packet)[3] == 20 else packet
        async with BleSource(100, backend=clip.backend, timeouts=QUICK) as source:
            packets = await collect(source, len(samples) - 5)
        sequences = [wire.unpack_header(packet.data)[3] for packet in packets]
        assert 20 not in sequences and sequences == [*range(20), *range(21, sequences[-1] + 1)]
        assert source.lost == 1 and source.corrupt >= 3


async def test_the_end_of_a_stream_is_requested_when_it_is_lost() -> None:
    samples = motion(4, 100)
    async with VirtualClip(samples, speed=2) as clip:
        again: set[int] = set()

        def lose_once(packet: bytes) -> bytes | None:
            sequence = wire.unpack_header(packet)[3]
            late = sequence >= 60 and sequence not in again
            again.add(sequence)
            return None if late else packet

        clip.peripheral.damage = lose_once
        async with BleSource(100, backend=clip.backend, timeouts=QUICK) as source:
            packets = []
            async for packet in source.packets():
                packets.append(packet)
                if len(packets) == 60:
                    await clip.sleep(0.6)
                    await source.stop()
        heads = [wire.unpack_header(packet.data) for packet in packets]
        assert [head[3] for head in heads] == list(range(len(heads)))
        assert source.status is not None and len(heads) > 60 and source.lost == source.reconnects == 0


async def test_an_end_that_never_comes_stays_on_the_clip() -> None:
    """A session that catches the error closes the source as one that got everything does: nothing may be discarded."""
    async with VirtualClip(motion(4, 100), speed=2) as clip:
        clip.peripheral.damage = lambda packet: None if wire.unpack_header(packet)[3] >= 60 else packet
        came: list[int] = []
        async with BleSource(100, backend=clip.backend, timeouts=QUICK, durable=True) as source:
            with pytest.raises(LinkError, match="No data from the clip"):
                async for packet in source.packets():
                    came.append(wire.unpack_header(packet.data)[3])
                    source.stored(packet)
                    if len(came) == 60:
                        await clip.sleep(0.6)
                        await source.stop()
        clip.peripheral.damage = None
        assert source.status is not None
        async with ClipRuns(backend=clip.backend) as runs:
            kept = [decode_run(await runs.fetch(run)) for run in await runs.list()]
        numbers = {wire.unpack_header(packet)[3] for packets, _ in kept for packet in packets}
        assert {*came, *numbers} == set(range(source.status.next_seq)) and len(came) == 60


async def test_a_sensor_that_falls_silent_ends_the_stream_with_a_remedy() -> None:
    timeouts = replace(QUICK, silence_s=1)
    async with (
        VirtualClip(motion(4, 100), speed=4) as clip,
        BleSource(backend=clip.backend, timeouts=timeouts) as source,
    ):
        with pytest.raises(LinkError, match="No data from the clip for 1 s"):
            async for _ in source.packets():
                clip.sim.faults.absent = True


async def test_a_clip_that_was_switched_off_and_on_starts_a_new_stream() -> None:
    async with VirtualClip(motion(20, 100), speed=4) as clip:
        streams: list[int] = []
        async with BleSource(backend=clip.backend, timeouts=QUICK) as source:
            async for packet in source.packets():
                streams.append(wire.unpack_header(packet.data)[2])
                if len(streams) == 20:
                    await clip.switch_off()
                    await clip.switch_on()
                if len(streams) == 60:
                    await source.stop()
        assert source.restarts == 1 and source.reconnects == 1
        assert streams[0] != streams[-1] and streams == sorted(streams, key=[streams[0], streams[-1]].index)


async def test_the_search_for_a_lost_clip_ends() -> None:
    timeouts = replace(QUICK, scan_s=4, outage_s=1.5)
    async with (
        VirtualClip(motion(4, 100), speed=4) as clip,
        BleSource(backend=clip.backend, timeouts=timeouts) as source,
    ):
        with pytest.raises(LinkError, match=r"did not come back within 1.5 s\. No clip in range"):
            async for _ in source.packets():
                clip.channel.set_in_range(False)
                await clip.peripheral.drop()


async def test_a_call_that_hangs_times_out() -> None:
    async with VirtualClip(motion(4, 100)) as clip, BleSource(backend=clip.backend, timeouts=QUICK) as source:
        clip.channel.hold()
        assert source._link is not None
        source._link._timeouts = replace(QUICK, call_s=0.5, close_s=0.5)
        with pytest.raises(LinkError, match=r"within 0\.5 s"):
            await source.stop()
        clip.channel.release()


async def test_a_link_that_breaks_while_the_stream_starts_is_opened_again() -> None:
    async with VirtualClip(motion(4, 100), speed=2) as clip:
        drops: list[asyncio.Task[None]] = []

        class Written(list[bytes]):
            def append(self, command: bytes) -> None:
                super().append(command)
                if command[0] == wire.CMD_START and not drops:
                    drops.append(asyncio.create_task(clip.peripheral.drop()))

        clip.peripheral.written = Written()
        async with BleSource(100, backend=clip.backend, timeouts=QUICK) as source:
            packets = await collect(source, 300)
        assert len(drops) == 1 and source.reconnects == source.lost == 0
        assert len(packets) >= 60
