"""Strangers at the clip's radio, and several devices at once, over bumble's two ends.

A stranger must neither hold the clip nor read anything; a bonded host must not be able to make it restart; a watch and
the runner's host share it.
"""

from __future__ import annotations

import asyncio
import random
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from bleak import BleakScanner
from bumble.core import UUID
from bumble.device import Connection, Device, Peer
from bumble.keys import MemoryKeyStore
from bumble.pairing import PairingConfig
from tests.firmware.test_clip_security import BATTERY_LEVEL, FIRMWARE, OTHER_ADDRESS, RUNNING, client_of, pair
from virtual_clip.clip import CLIP_ADDRESS, VirtualClip
from virtual_clip.stream_checks import QUICK, collect, motion

from untuck import wire
from untuck.errors import LinkError
from untuck.sources import computer_clock
from untuck.sources.ble import Backend, BleSource
from untuck.sources.ble_runs import ClipRuns

WATCH_ADDRESS = "C0:C1:C2:C3:C4:88"
BOTH_ORDERS = pytest.mark.parametrize("keys_first", [True, False], ids=["keys first", "keys last"])
FLOOD = 4000


def device_of(backend: Backend) -> Device:
    device = backend.client.radio  # type: ignore[union-attr]
    assert isinstance(device, Device)
    return device


async def connect_silently(backend: Backend) -> tuple[Connection, asyncio.Event]:
    """A connection over which nothing is said, and an event for its end."""
    connection = await device_of(backend).connect(CLIP_ADDRESS, timeout=60)
    ended = asyncio.Event()
    connection.on("disconnection", lambda _: ended.set())
    return connection, ended


async def said(listener: Backend, wanted: int) -> None:
    """Wait until the clip's scan response says this about its connections."""
    async with asyncio.timeout(60):
        heard = -1
        while heard != wanted:
            found = await BleakScanner.discover(timeout=1.0, return_adv=True, backend=listener.scanner)
            for _, advertisement in found.values():
                heard = advertisement.service_data[wire.SERVICE_UUID][0] & ~wire.PAIRING_BITS


async def test_a_silent_stranger_is_disconnected_and_does_not_keep_the_owner_out() -> None:
    async with VirtualClip(motion(60, 100), speed=2) as clip:
        await pair(clip)
        stranger = await clip.make_host(OTHER_ADDRESS, pairs=False)
        _, ended = await connect_silently(stranger)
        await pair(clip)  # while the stranger is connected
        await clip.sleep(7.0)
        assert ended.is_set()
        await pair(clip)


async def test_the_first_host_has_thirty_seconds_to_pair() -> None:
    async with VirtualClip(motion(60, 100), speed=4) as clip:
        stranger = await clip.make_host(OTHER_ADDRESS, pairs=False)
        _, ended = await connect_silently(stranger)
        await clip.sleep(20.0)
        assert not ended.is_set()
        await clip.sleep(12.0)
        assert ended.is_set()


async def test_a_bonded_host_may_be_silent() -> None:
    async with VirtualClip(motion(60, 100), speed=4) as clip:
        await pair(clip)
        async with client_of(clip.backend) as client:
            await clip.sleep(40.0)
            assert client.is_connected and await client.read_gatt_char(wire.STATUS_UUID)


@BOTH_ORDERS
async def test_one_pairing_window_lets_one_new_host_pair(keys_first: bool) -> None:
    async with VirtualClip(motion(60, 100), speed=2) as clip:
        clip.peripheral.keys_first = keys_first
        await pair(clip)
        await clip.press(3.5)
        await pair(clip, await clip.make_host(OTHER_ADDRESS))
        with pytest.raises(LinkError, match="hold the clip's button for 3 s"):
            await pair(clip, await clip.make_host(WATCH_ADDRESS))


@BOTH_ORDERS
async def test_legacy_pairing_reads_nothing_and_leaves_no_bond(keys_first: bool) -> None:
    async with VirtualClip(motion(60, 100), speed=2) as clip:
        clip.peripheral.keys_first = keys_first
        legacy = device_of(clip.backend)
        legacy.pairing_config_factory = lambda _: PairingConfig(sc=False, mitm=False, bonding=True)
        got: list[bytes] = []
        connection, ended = await connect_silently(clip.backend)
        peer = Peer(connection)
        await peer.discover_all()
        standard = UUID.from_16_bits(0x1800), UUID.from_16_bits(0x1801)  # of every device
        values = [one for each in peer.services if each.uuid not in standard for one in each.characteristics]
        ending = asyncio.create_task(ended.wait())
        calls: set[asyncio.Task[Any]] = {asyncio.create_task(connection.pair())}
        while not ended.is_set():  # from the first moment on
            for value in values:
                reading = asyncio.create_task(value.read_value())
                calls.add(reading)
                await asyncio.wait({reading, ending}, return_when=asyncio.FIRST_COMPLETED)
                if reading.done() and not reading.cancelled() and not reading.exception():
                    got.append(bytes(reading.result()))
            await asyncio.sleep(0)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        assert len(values) == 10 and set(got) <= {b""}  # the status
        await clip.sleep(1.0)
        kinds = [line.split()[0] for line in (clip.flash / "bonds").read_text().splitlines()]
        assert kinds == ["10"]  # the clip's own identity
        legacy.pairing_config_factory = lambda _: PairingConfig(sc=True, mitm=False, bonding=True)
        legacy.keystore = MemoryKeyStore()
        await pair(clip)


def commands(seed: int, count: int) -> Iterator[bytes]:
    """Random commands, valid and not, that neither start nor stop a stream."""
    rng = random.Random(seed)
    formats = {opcode: form for opcode, form in wire._ARGUMENTS.items() if opcode > wire.CMD_RESEND}
    for _ in range(count):
        opcode = rng.choice(list(formats))
        if rng.random() < 0.5:
            yield bytes((opcode,)) + rng.randbytes(struct.calcsize(formats[opcode]))
        elif rng.random() < 0.5:
            yield bytes((opcode,)) + rng.randbytes(rng.randrange(509))
        else:
            yield bytes((rng.randrange(0x20, 0x100),)) + rng.randbytes(rng.randrange(509))


async def test_a_flood_of_commands_neither_restarts_the_clip_nor_costs_a_packet() -> None:
    samples = motion(60, 100)
    async with VirtualClip(samples, speed=2) as clip, BleSource(backend=clip.backend, timeouts=QUICK) as source:
        arriving = asyncio.create_task(collect(source, 2000))
        await clip.sleep(1.0)
        assert source._link is not None and source._link._client is not None
        for command in commands(17, FLOOD):
            await source._link._client.write_gatt_char(wire.CONTROL_UUID, command, response=False)
        packets = await arriving
        heads = [wire.unpack_header(packet.data) for packet in packets]
        assert [head[3] for head in heads] == list(range(len(heads))) and sum(head[7] for head in heads) >= 2000
        assert not any(head[1] & wire.FLAG_OVERRUN for head in heads)
        status = await source._link.command(wire.command(wire.CMD_LIST))
        assert status.result == wire.RESULT_OK and not status.conditions & wire.COND_FAULT


async def test_starts_and_stops_flat_out_leave_a_clip_that_answers() -> None:
    async with VirtualClip(motion(60, 100), speed=2) as clip:
        rng = random.Random(17)
        async with ClipRuns(backend=clip.backend, timeouts=QUICK) as runs:
            assert runs._link is not None and runs._link._client is not None
            for _ in range(FLOOD):
                command = rng.choice(
                    (wire.command(wire.CMD_START, 200), wire.command(wire.CMD_STOP), b"\x05", b"\x04" * 7)
                )
                await runs._link._client.write_gatt_char(wire.CONTROL_UUID, command, response=False)
            await clip.sleep(2.0)
        async with BleSource(backend=clip.backend, timeouts=QUICK) as source:
            assert await collect(source, 100)


async def test_a_watch_and_the_runners_host_share_the_clip() -> None:
    samples = motion(30, 100)
    async with VirtualClip(samples, speed=2) as clip:
        await pair(clip)
        watch = await clip.make_host(WATCH_ADDRESS)
        await clip.press(3.5)
        await pair(clip, watch)
        heard: dict[str, list[bytes]] = {uuid: [] for uuid in (RUNNING, BATTERY_LEVEL, wire.STREAM_UUID)}
        async with client_of(watch) as client:
            for uuid, got in heard.items():
                await client.start_notify(uuid, lambda _, data, got=got: got.append(bytes(data)))
            async with BleSource(backend=clip.backend, timeouts=QUICK) as source:
                packets = await collect(source, 1000)
            assert client.is_connected and len(await client.read_gatt_char(BATTERY_LEVEL)) == 1
        heads = [wire.unpack_header(packet.data) for packet in packets]
        assert [head[3] for head in heads] == list(range(len(heads))) and source.lost == 0
        assert len(heard[RUNNING]) >= 5 and heard[BATTERY_LEVEL] and not heard[wire.STREAM_UUID]


async def test_a_watch_that_comes_and_goes_costs_the_host_nothing() -> None:
    async with VirtualClip(motion(60, 100), speed=2) as clip:
        await pair(clip)
        watch = await clip.make_host(WATCH_ADDRESS)
        await clip.press(3.5)
        await pair(clip, watch)
        async with BleSource(backend=clip.backend, timeouts=QUICK) as source:
            arriving = asyncio.create_task(collect(source, 1500))
            for _ in range(3):
                async with client_of(watch) as client:
                    assert bytes(await client.read_gatt_char(FIRMWARE)).startswith(b"0.")
            packets = await arriving
        assert source.lost == 0 and [wire.unpack_header(one.data)[3] for one in packets] == list(range(len(packets)))


async def test_a_second_host_is_answered_that_the_clip_is_in_use() -> None:
    async with VirtualClip(motion(60, 100), speed=2) as clip:
        await pair(clip)
        other = await clip.make_host(OTHER_ADDRESS)
        await clip.press(3.5)
        await pair(clip, other)
        async with BleSource(backend=clip.backend, timeouts=QUICK) as source:
            arriving = asyncio.create_task(collect(source, 1500))
            async with ClipRuns(backend=other, timeouts=QUICK) as runs:
                with pytest.raises(LinkError, match="another computer or phone uses it"):
                    await runs.list()
            packets = await arriving
            assert source.lost == 0 and len(packets) >= 300
        async with ClipRuns(backend=other, timeouts=QUICK) as runs:
            await runs.list()


async def test_a_clip_without_a_free_connection_says_so_and_accepts_none() -> None:
    async with VirtualClip(motion(60, 100), speed=2) as clip:
        await pair(clip)
        other, third = await clip.make_host(OTHER_ADDRESS), await clip.make_host(WATCH_ADDRESS)
        await clip.press(3.5)
        await pair(clip, other)
        async with client_of(clip.backend), ClipRuns(backend=other, timeouts=QUICK):
            await said(third, wire.LINK_HOST | wire.LINK_FULL)
            waiting = asyncio.create_task(device_of(third).connect(CLIP_ADDRESS, timeout=60))
            await asyncio.wait({waiting}, timeout=3)
            assert not waiting.done()
        await waiting
        await said(other, 0)


@pytest.mark.parametrize("is_set", [True, False])
async def test_a_computer_with_an_unset_clock_is_the_host_and_sets_no_time(
    is_set: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with VirtualClip(motion(60, 100), speed=2) as clip:
        await pair(clip)
        listener = await clip.make_host(OTHER_ADDRESS)
        clip.peripheral.written.clear()
        monkeypatch.setattr(computer_clock, "is_set", lambda: is_set)
        async with ClipRuns(backend=clip.backend, timeouts=QUICK):
            await said(listener, wire.LINK_HOST)
    sent = {command[0] for command in clip.peripheral.written}
    assert (wire.CMD_TIME in sent) is is_set
