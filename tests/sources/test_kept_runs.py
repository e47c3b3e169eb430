"""Runs that the clip keeps while no host listens: recorded, listed, fetched over a bad radio, stored, deleted.

Over the virtual radio, with the real firmware: every sample is compared with what the sensor measured.
tests/firmware/test_run_encoder.py tests the compression alone.
"""

from __future__ import annotations

import asyncio
import contextlib

import numpy as np
import pytest
from virtual_clip.clip import VirtualClip
from virtual_clip.stream_checks import QUICK, fed, motion, received

from untuck import wire
from untuck.errors import LinkError
from untuck.model import Packet
from untuck.report.summary import Summary
from untuck.samples import Samples
from untuck.session.kept_runs import fetch_runs
from untuck.sources.ble import BleSource
from untuck.sources.ble_runs import ClipRuns
from untuck.sources.run_decoder import decode_run
from untuck.store import Settings, Store, codec
from untuck.store.config import Config

SPEED = 4  # times as fast as real time, at most


async def take(source: BleSource, count: int) -> list[Packet]:
    """The next `count` packets."""
    packets = []
    async for packet in source.packets():
        packets.append(packet)
        if len(packets) == count:
            break
    return packets


async def vanish(clip: VirtualClip, seconds: float) -> list[Packet]:
    """A host starts the clip, receives a second of packets, and is out of range for `seconds` of the clip's time."""
    source = BleSource(100, backend=clip.backend, timeouts=QUICK)
    await source.__aenter__()
    packets = await take(source, 20)
    await source._acknowledge(20)
    await clip.sleep(0.4)
    clip.channel.set_in_range(False)
    await clip.peripheral.drop()
    await clip.sleep(seconds)
    clip.channel.set_in_range(True)
    return packets


def rows_of(packets: list[bytes]) -> np.ndarray:
    return received([Packet(packet, 0.0) for packet in packets])


def assert_part_of(rows: np.ndarray, samples: Samples) -> None:
    """These samples are consecutive measurements of the sensor, none missing."""
    want = fed(samples)
    first = int(np.flatnonzero((want == rows[0]).all(axis=1))[0])
    np.testing.assert_array_equal(rows, want[first : first + len(rows)])


async def test_packets_without_a_host_are_kept_fetched_and_deleted() -> None:
    samples = motion(40, 100)
    async with VirtualClip(samples, speed=SPEED) as clip:
        before = await vanish(clip, 20)
        async with BleSource(100, backend=clip.backend, timeouts=QUICK) as source:
            assert source.status is not None  # a new stream: the ring's packets are saved to the flash first
        async with ClipRuns(backend=clip.backend, timeouts=QUICK) as runs:
            (run,) = await runs.list()
            assert not run.recording and not run.fetched and run.started_unix_s > 1.7e9
            data = await runs.fetch(run)
            with pytest.raises(LinkError, match="fetch it again"):
                await runs.confirm(run, data[:-1] + bytes([data[-1] ^ 1]))
            with pytest.raises(LinkError, match="no such run"):
                await runs.confirm(run, data[:-1])
            assert [kept.run for kept in await runs.list()] == [run.run]
            await runs.confirm(run, data, delete=False)
            assert [kept.fetched for kept in await runs.list()] == [True]
            await runs.confirm(run, data)
            assert await runs.list() == []
        packets, damaged = decode_run(data)
        assert damaged == 0
        rows = rows_of(packets)
        assert len(rows) > 1500
        assert_part_of(rows, samples)
        numbers = [wire.unpack_header(packet)[3] for packet in packets]
        assert numbers == list(range(20, 20 + len(packets)))  # it continues after the last acknowledged packet
        assert wire.unpack_header(packets[0])[2] == wire.unpack_header(before[0].data)[2]


async def test_sync_stores_a_session_and_empties_the_clip(capsys: pytest.CaptureFixture[str]) -> None:
    samples = motion(30, 100)
    async with VirtualClip(samples, speed=SPEED) as clip:
        await vanish(clip, 12)
        async with BleSource(100, backend=clip.backend, timeouts=QUICK):
            pass
        listed = await fetch_runs(None, print, list_only=True, backend=clip.backend)
        assert [row["session"] for row in listed] == [None]
        rows = await fetch_runs(None, print, backend=clip.backend, config=Config(name="Ada"))
        assert len(rows) == len(listed)
        assert await fetch_runs(None, print, backend=clip.backend) == []
    for row in rows:
        session = Store().open(row["session"])
        assert session.runner == "Ada" and session.summary is not None
        assert not codec.from_json(Summary, session.summary).heard
        assert session.mode == "sync" and session.started_unix_s == row["started_unix_s"]
        assert_part_of(received(list(session.packets())), samples)
        assert row["damaged"] == 0 and row["packets"] == session.packet_count
        assert abs(session.duration_s - row["duration_s"]) < 0.01
    assert max(row["duration_s"] for row in rows) > 8


async def test_a_fetch_continues_after_lost_frames_and_a_lost_connection() -> None:
    async with VirtualClip(motion(60, 100), speed=SPEED) as clip:
        await vanish(clip, 30)
        async with BleSource(100, backend=clip.backend, timeouts=QUICK):
            pass
        frames = 0

        def damage(frame: bytes) -> bytes | None:
            nonlocal frames
            frames += 1
            return None if frames in (20, 21, 60) else frame

        async with ClipRuns(backend=clip.backend, timeouts=QUICK) as runs:
            (run,) = await runs.list()
            clip.peripheral.damage = damage
            windows = 0

            def drop_once(_: bytes) -> None:
                nonlocal windows
                windows += 1
                if windows == 2:
                    asyncio.get_running_loop().create_task(clip.peripheral.drop())

            data = await runs.fetch(run, progress=drop_once)
            clip.peripheral.damage = None
            await runs.confirm(run, data)
            assert await runs.list() == []
        packets, damaged = decode_run(data)
        assert damaged == 0 and len(packets) > 400


async def test_an_empty_battery_loses_only_the_last_second() -> None:
    samples = motion(40, 100)
    async with VirtualClip(samples, speed=SPEED) as clip:
        await vanish(clip, 24)
        await clip.switch_off()
        taken = len([values for report, _, values in clip.sim.log.reports if report == 0x02])
        await clip.switch_on()
        async with ClipRuns(backend=clip.backend, timeouts=QUICK) as runs:
            (run,) = await runs.list()
            packets, damaged = decode_run(await runs.fetch(run))
        rows = rows_of(packets)
        assert damaged <= 1
        assert_part_of(rows, samples)
        assert taken - len(rows) - 100 <= 110  # the second not yet written, and an incomplete packet


async def test_a_host_that_disconnects_normally_leaves_no_run() -> None:
    async with VirtualClip(motion(20, 100), speed=SPEED) as clip:
        async with BleSource(100, backend=clip.backend, timeouts=QUICK) as source:
            await take(source, 20)
            await clip.sleep(1.0)  # packets that the host does not take, as while a summary is written
        async with BleSource(100, backend=clip.backend, timeouts=QUICK):
            await clip.sleep(1.0)
        async with ClipRuns(backend=clip.backend, timeouts=QUICK) as runs:
            assert await runs.list() == []


async def test_packets_that_a_failing_host_has_not_taken_are_kept() -> None:
    async with VirtualClip(motion(20, 100), speed=SPEED) as clip:
        with pytest.raises(ZeroDivisionError):
            async with BleSource(100, backend=clip.backend, timeouts=QUICK) as source:
                await take(source, 20)
                await clip.sleep(1.0)
                raise ZeroDivisionError
        async with ClipRuns(backend=clip.backend, timeouts=QUICK) as runs:
            (run,) = await runs.list()
            packets, _ = decode_run(await runs.fetch(run))
    numbers = [wire.unpack_header(packet)[3] for packet in packets]
    assert numbers == list(range(20, 20 + len(packets))) and len(packets) >= 15


async def test_a_short_outage_leaves_no_run() -> None:
    samples = motion(20, 100)
    async with VirtualClip(samples, speed=2) as clip, BleSource(100, backend=clip.backend, timeouts=QUICK) as source:
        packets = []
        async for packet in source.packets():
            packets.append(packet)
            if len(packets) == 40:
                await clip.peripheral.drop()
            if len(packets) == 300:
                await source.stop()
        assert_part_of(received(packets), samples)
        assert source.reconnects == 1 and source.lost == 0
        assert source.status is not None and source.status.runs == 0


async def test_parts_of_one_run_become_one_session_whatever_happens_between() -> None:
    """A host records, dies, and the clip goes on: sync while it records, a lost confirmation, keep, and sync again."""
    samples = motion(60, 100)
    said: list[str] = []
    async with VirtualClip(samples, speed=SPEED) as clip:
        source = BleSource(100, backend=clip.backend, timeouts=QUICK, durable=True)
        await source.__aenter__()
        with Store().record(f"clip {source.name}", "run", Settings(rate_hz=100, runner="Ada")) as recording:
            for packet in await take(source, 40):
                recording.append(packet)  # stored, and not acknowledged: killed between the two
        clip.channel.set_in_range(False)
        await clip.peripheral.drop()
        await clip.sleep(15)
        clip.channel.set_in_range(True)
        rows = await fetch_runs(None, said.append, keep=True, backend=clip.backend)
        assert rows[0]["session"] == 1 and 0 < rows[0]["new_packets"] < rows[0]["packets"]
        assert any("still recording" in line for line in said)
        size = Store().open(1).packet_count
        await clip.sleep(3)
        lost = asyncio.create_task(_drop_at_confirmation(clip))
        with contextlib.suppress(LinkError):
            await fetch_runs(None, said.append, stop=True, backend=clip.backend)
        await lost
        while await fetch_runs(None, said.append, backend=clip.backend):
            pass
    (session,) = Store().sessions()
    assert session.runner == "Ada" and session.packet_count > size and session.summary is not None
    numbers = [wire.unpack_header(packet.data)[3] for packet in session.packets()]
    assert numbers == list(range(len(numbers)))
    assert_part_of(received(list(session.packets())), samples)


async def _drop_at_confirmation(clip: VirtualClip) -> None:
    """Break the link when the host confirms a run, which the clip may or may not have deleted."""
    before = len(clip.peripheral.written)
    async with asyncio.timeout(120):
        while not any(data[:1] == bytes((wire.CMD_CONFIRM,)) for data in clip.peripheral.written[before:]):
            await asyncio.sleep(0.005)
    await clip.peripheral.drop()
