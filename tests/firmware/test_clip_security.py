"""Security of the clip's radio: pairing, the pairing window, bonds over power-off, and access without pairing.

Real LE Secure Connections between bumble's two ends; the firmware stores the secrets and decides.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from bleak import BleakClient, BleakScanner
from bleak.exc import BleakError
from virtual_clip.clip import CLIP_ADDRESS, VirtualClip
from virtual_clip.stream_checks import QUICK, motion

from untuck import wire
from untuck.errors import LinkError
from untuck.sources.ble import Backend, BleSource
from untuck.sources.ble_runs import ClipRuns

OTHER_ADDRESS = "C0:C1:C2:C3:C4:99"
BATTERY_LEVEL = "00002a19-0000-1000-8000-00805f9b34fb"
FIRMWARE = "00002a26-0000-1000-8000-00805f9b34fb"
RUNNING = "00002a53-0000-1000-8000-00805f9b34fb"
RUNNING_FEATURE = "00002a54-0000-1000-8000-00805f9b34fb"
LOCATION = "00002a5d-0000-1000-8000-00805f9b34fb"
SECRET = (wire.STATUS_UUID, BATTERY_LEVEL, FIRMWARE, RUNNING_FEATURE, LOCATION)


@asynccontextmanager
async def client_of(backend: Backend) -> AsyncIterator[BleakClient]:
    device = await BleakScanner.find_device_by_address(CLIP_ADDRESS, timeout=20, backend=backend.scanner)
    assert device is not None and device.name == "UntkA4B5"
    async with BleakClient(device, backend=backend.client) as client:
        yield client


async def pair(clip: VirtualClip, backend: Backend | None = None) -> None:
    async with ClipRuns(backend=backend or clip.backend, timeouts=QUICK):
        pass


async def test_an_unpaired_device_sees_the_name_and_nothing_else() -> None:
    async with VirtualClip(motion(20, 100), speed=2) as clip:
        await pair(clip)
        unpaired = await clip.make_host(OTHER_ADDRESS, pairs=False)
        heard: list[bytes] = []
        async with client_of(unpaired) as client:
            for uuid in SECRET:
                with pytest.raises(BleakError, match=r"(?i)encryption|authentication"):
                    await client.read_gatt_char(uuid)
            for uuid in (wire.STREAM_UUID, wire.STATUS_UUID, RUNNING):
                await client.start_notify(uuid, lambda _, data: heard.append(bytes(data)))
            with pytest.raises(BleakError, match=r"(?i)encryption|authentication"):
                await client.write_gatt_char(wire.CONTROL_UUID, wire.command(wire.CMD_START, 100), response=True)
            await client.write_gatt_char(wire.CONTROL_UUID, wire.command(wire.CMD_START, 100), response=False)
            await clip.sleep(2.0)
        assert heard == []
        async with ClipRuns(backend=clip.backend, timeouts=QUICK) as runs:
            assert runs.status is not None and runs.status.state == wire.STATE_IDLE


async def test_the_first_host_pairs_freely_and_others_only_in_the_pairing_window() -> None:
    async with VirtualClip(motion(20, 100), speed=4) as clip:
        await pair(clip)
        other = await clip.make_host(OTHER_ADDRESS)
        with pytest.raises(LinkError, match="hold the clip's button for 3 s"):
            await pair(clip, other)
        await clip.press(3.5)
        await pair(clip, other)
        await pair(clip)


async def test_bonds_outlive_power_off_and_the_window_does_not() -> None:
    async with VirtualClip(motion(20, 100), speed=2) as clip:
        await pair(clip)
        await clip.switch_off()
        await clip.switch_on()
        async with client_of(clip.backend) as client:  # encrypted by the bond, without pairing
            await client.read_gatt_char(wire.STATUS_UUID)
        with pytest.raises(LinkError, match="does not know this computer"):
            await pair(clip, await clip.make_host(OTHER_ADDRESS))


async def test_standard_services_have_standard_values() -> None:
    async with VirtualClip(motion(20, 100), speed=2) as clip:
        await pair(clip)
        running: asyncio.Queue[bytes] = asyncio.Queue()
        async with client_of(clip.backend) as client:
            assert bytes(await client.read_gatt_char(FIRMWARE)) == b"0.3.0"
            assert bytes(await client.read_gatt_char(LOCATION)) == b"\x03"  # hip
            assert bytes(await client.read_gatt_char(RUNNING_FEATURE)) == b"\x04\x00"
            await clip.sleep(2.0)
            assert 50 < (await client.read_gatt_char(BATTERY_LEVEL))[0] < 75  # a cell at 3.9 V
            await client.start_notify(RUNNING, lambda _, data: running.put_nowait(bytes(data)))
            assert await asyncio.wait_for(running.get(), 30) == b"\x00\x00\x00\x00"  # standing


async def test_overlong_commands_are_rejected_and_change_nothing() -> None:
    async with VirtualClip(motion(20, 100), speed=2) as clip, BleSource(backend=clip.backend, timeouts=QUICK) as source:
        assert source.status is not None
        async with asyncio.timeout(60):
            async for _ in source.packets():
                break
        assert source._link is not None
        status = await source._link.command(bytes((wire.CMD_STOP, *range(40))))
        assert status.result == wire.RESULT_BAD_LENGTH and status.state == wire.STATE_STREAMING
