"""The virtual clip's radio is as strict as MicroPython's NimBLE, and the firmware endures it.

Each test fails with a firmware that takes the stack for kinder than it is.
"""

from __future__ import annotations

import asyncio
import errno
import re
import struct
from pathlib import Path
from uuid import UUID

import pytest
from bumble.device import Device
from bumble.hci import Address, HCI_LE_Set_Random_Address_Command
from bumble.keys import MemoryKeyStore, PairingKeys
from bumble.pairing import PairingConfig
from virtual_clip.bleak_backend import make_backend
from virtual_clip.bumble_peripheral import BumblePeripheral
from virtual_clip.clip import CLIP_ADDRESS, VirtualClip
from virtual_clip.micropython_script import run_script
from virtual_clip.radio_channel import RadioChannel
from virtual_clip.stream_checks import QUICK, motion

from untuck import wire
from untuck.errors import LinkError
from untuck.sources.ble import Backend
from untuck.sources.ble_runs import ClipRuns

PROBE = Path(__file__).resolve().parent / "radio_probe.py"
IDENTITY = "C0:C1:C2:C3:C4:77"
OTHER_ADDRESS = "C0:C1:C2:C3:C4:99"
BOTH_ORDERS = pytest.mark.parametrize("keys_first", [True, False], ids=["keys first", "keys last"])


def radio(backend: Backend) -> Device:
    """The host's end."""
    device = backend.client.radio  # type: ignore[union-attr]
    assert isinstance(device, Device)
    return device


async def use_private_address(device: Device) -> None:
    """Take a new one."""
    device.random_address = Address.generate_private_address(device.irk)
    await device.send_sync_command(HCI_LE_Set_Random_Address_Command(random_address=device.random_address))


async def advertised(clip: VirtualClip, times: int) -> None:
    """Wait until the clip has started to advertise so often."""
    async with asyncio.timeout(60):
        while clip.peripheral.advertised < times:
            await asyncio.sleep(0.01)


async def connect(clip: VirtualClip, backend: Backend | None = None) -> int:
    """Pair or use the bond; returns the status' conditions."""
    async with ClipRuns(backend=backend or clip.backend, timeouts=QUICK) as runs:
        assert runs.status is not None
        return runs.status.conditions


@BOTH_ORDERS
async def test_pairing_works_in_either_order_of_events(keys_first: bool) -> None:
    async with VirtualClip(motion(20, 100), speed=4) as clip:
        clip.peripheral.keys_first = keys_first
        await connect(clip)
        with pytest.raises(LinkError, match="hold the clip's button"):
            await connect(clip, await clip.make_host(OTHER_ADDRESS))
        await connect(clip)
        assert clip.peripheral.store.overflows == 0


@BOTH_ORDERS
async def test_a_host_that_lost_its_bond_neither_freezes_the_clip_nor_takes_the_bond(keys_first: bool) -> None:
    async with VirtualClip(motion(20, 100), speed=4) as clip:
        clip.peripheral.keys_first = keys_first
        await connect(clip)
        owner = radio(clip.backend)
        kept, owner.keystore = owner.keystore, MemoryKeyStore()
        with pytest.raises(LinkError):
            await connect(clip)
        assert 0 < clip.peripheral.store.repeats < 5
        owner.keystore = kept
        await connect(clip)
        owner.keystore = MemoryKeyStore()
        await clip.press(3.5)
        await connect(clip)


async def test_a_host_with_private_addresses_is_known_after_a_restart() -> None:
    async with VirtualClip(motion(20, 100), speed=2) as clip:
        host = clip.channel.make_device("phone", IDENTITY)
        host.keystore = MemoryKeyStore()
        host.pairing_config_factory = lambda _: PairingConfig(sc=True, mitm=False, bonding=True)
        await host.power_on()
        await use_private_address(host)
        phone = make_backend(host)
        await connect(clip, phone)
        irk = clip.peripheral.store.irk
        await clip.switch_off()
        await clip.switch_on()
        await use_private_address(host)
        await connect(clip, phone)
        assert clip.peripheral.store.irk == irk and any(irk)
        assert [str(address) for _, address in await clip.peripheral.store.get_resolving_keys()] == [IDENTITY]


async def test_legacy_pairing_gains_nothing() -> None:
    async with VirtualClip(motion(20, 100), speed=2) as clip:
        radio(clip.backend).pairing_config_factory = lambda _: PairingConfig(sc=False, mitm=False, bonding=True)
        with pytest.raises(LinkError):
            await connect(clip)
        radio(clip.backend).pairing_config_factory = lambda _: PairingConfig(sc=True, mitm=False, bonding=True)
        radio(clip.backend).keystore = MemoryKeyStore()
        assert await connect(clip) & wire.COND_PAIRING == 0


async def test_advertising_survives_errors_and_failed_connections() -> None:
    async with VirtualClip(motion(20, 100), speed=4) as clip:
        clip.peripheral.advertising_errors.extend([errno.EALREADY, errno.EBUSY])
        await connect(clip)
        await clip.sleep(3.0)  # the clip says who is connected: it starts more than once
        times = clip.peripheral.advertised
        assert times >= 2
        await clip.peripheral.fail_connection()
        await advertised(clip, times + 1)
        await connect(clip)


async def test_scan_response_is_apart_from_the_advertisement() -> None:
    async with VirtualClip(motion(20, 100), speed=2) as clip:
        heard: asyncio.Queue[bytes] = asyncio.Queue()
        listener = radio(clip.backend)
        listener.on("advertisement", lambda advertisement: heard.put_nowait(bytes(advertisement.data)))
        await listener.start_scanning()
        first, both = [await asyncio.wait_for(heard.get(), 20) for _ in range(2)]
        await listener.stop_scanning()
        uuid = bytes(reversed(UUID(wire.SERVICE_UUID).bytes))
        said = bytes.fromhex("0503 1418 0f18 1221") + uuid + bytes((wire.PAIRING_FIRST,))
        assert both == first + said and len(first) <= 31 and len(said) <= 31


async def test_calls_and_interrupts_are_as_strict_as_on_the_board() -> None:
    channel = RadioChannel()
    peripheral = BumblePeripheral(channel, CLIP_ADDRESS, wire.STREAM_UUID)
    peripheral.advertising_errors.append(errno.EALREADY)
    await peripheral.start()
    host = channel.make_device("host", OTHER_ADDRESS)
    await host.power_on()
    running = asyncio.create_task(
        asyncio.to_thread(run_script, PROBE, environment={"UNTUCK_RADIO_PORT": str(peripheral.port)})
    )
    ended: asyncio.Queue[int] = asyncio.Queue()
    for _ in range(2):
        connection = await asyncio.wait_for(host.connect(CLIP_ADDRESS), 60)
        connection.on("disconnection", ended.put_nowait)
        await asyncio.wait_for(ended.get(), 60)
    printed = await running
    await peripheral.stop()
    answers = dict(re.findall(r"^= (.*?): (.*)$", printed, re.MULTILINE))
    assert answers == {
        "off": f"{errno.ENODEV} {errno.ENODEV} {errno.ENODEV}",
        "starting": "[[29, 10, 0, b'irk'], [29, 2, 0, None]] False",
        "config": "unknown config param unknown config param None",
        "calls": f"{errno.EINVAL} {errno.ENOTCONN} False",
        "length": "-4 -4",
        "refused": f"{errno.EALREADY}",
        "at any bytecode": "1",
        "disabled": "1",
        "off again": f"False {errno.ENODEV} {errno.ENODEV}",
    }
    assert "Unhandled exception in IRQ callback handler" in printed


@pytest.mark.parametrize("turns", range(0, 20, 2))
async def test_the_radio_stops_between_two_messages_of_the_firmware(turns: int) -> None:
    channel = RadioChannel()
    peripheral = BumblePeripheral(channel, CLIP_ADDRESS, wire.STREAM_UUID)
    await peripheral.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", peripheral.port)
    advertise = struct.pack("<cHIBB", b"A", 6, 100000, 1, 0)
    writer.write(struct.pack("<cH", b"R", 0) + 20 * advertise)
    while peripheral.advertised < 2:
        await asyncio.sleep(0)
    for _ in range(turns):  # of the loop, so that one of them is in the middle of a message
        await asyncio.sleep(0)
    await peripheral.stop()
    assert peripheral.advertised < 20
    await reader.read()
    writer.close()
    await asyncio.sleep(0.1)  # a message that is done after the stop would raise in the server's task


async def test_a_key_that_comes_after_the_link_is_gone_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    async with VirtualClip(motion(20, 100), speed=4) as clip:
        await connect(clip)
        find_key = clip.peripheral.store.get

        async def leave_first(name: str) -> PairingKeys | None:
            await next(iter(radio(clip.backend).connections.values())).disconnect()
            return await find_key(name)

        with monkeypatch.context() as patched:
            patched.setattr(clip.peripheral.store, "get", leave_first)
            with pytest.raises(LinkError):
                await connect(clip)
        await connect(clip)
