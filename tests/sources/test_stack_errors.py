"""What the Bluetooth stacks of Linux, Windows and macOS do when something is wrong, and what the message says.

The errors are those that bleak 3.1 raises for BlueZ (org.bluez names, seen on a real one), WinRT (its client.py) and
CoreBluetooth (its delegates); the clip is the real firmware over the virtual radio.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
)
from virtual_clip.bleak_backend import VirtualStack
from virtual_clip.clip import CLIP_ADDRESS, VirtualClip
from virtual_clip.stream_checks import QUICK, assert_all_came, collect, motion

from untuck import wire
from untuck.errors import LinkError
from untuck.session.pairing import pair_clip
from untuck.sources import remedies
from untuck.sources.ble import BleSource, find_clips
from untuck.sources.ble_runs import ClipRuns
from untuck.sources.stack import Backend, Stack

BLUEZ = "org.bluez.Error."
DBUS = "org.freedesktop.DBus.Error."
NOT_PAIRED = [
    # the first read of protected data
    ("read", BleakGATTProtocolError(0x05)),  # insufficient authentication: NimBLE
    ("read", BleakGATTProtocolError(0x0F)),  # insufficient encryption: CoreBluetooth
    ("read", BleakGATTProtocolError(0x08)),
    ("read", BleakGATTProtocolError(0x0E)),  # unlikely error: BlueZ, when the link ends during the read
    ("read", BleakDBusError(BLUEZ + "NotPermitted", ["Not paired"])),
    ("read", BleakDBusError(BLUEZ + "Failed", ["Not connected"])),
    ("read", BleakError("Service Discovery has not been performed yet")),
    ("read", BleakError("Not connected")),
    ("read", BleakError("disconnected")),  # CoreBluetooth
    ("read", BleakError("Could not read characteristic handle 12: Unreachable")),  # WinRT
    ("read", BleakError("Could not read characteristic handle 12: Access Denied")),
    ("read", TimeoutError()),
    # connecting with pair=True
    ("connect", BleakDBusError(BLUEZ + "AuthenticationFailed", ["Authentication Failed"])),
    ("connect", BleakDBusError(BLUEZ + "AuthenticationCanceled", ["Authentication Canceled"])),
    ("connect", BleakDBusError(BLUEZ + "AuthenticationRejected", ["Authentication Rejected"])),
    ("connect", BleakDBusError(BLUEZ + "AuthenticationTimeout", ["Authentication Timeout"])),
    ("connect", BleakDBusError(BLUEZ + "Failed", ["le-connection-abort-by-local"])),
    ("connect", BleakError("failed to discover services, device disconnected")),
    ("connect", BleakError("Could not pair with device: REJECTED_BY_HANDLER")),  # WinRT
    ("connect", BleakError("Could not get GATT services: Unreachable")),
    ("connect", TimeoutError()),
]
OTHERS = [
    ("connect", BleakDeviceNotFoundError("F0", "Device was not found."), "No clip in range"),
    ("connect", BleakDBusError(DBUS + "NoReply", ["Message recipient disconnected"]), "service does not run: start it"),
    ("connect", EOFError(), "service does not run: start it"),
    ("scan", BleakDBusError(DBUS + "ServiceUnknown", ["The name is not activatable"]), "does not run: start it"),
    ("scan", BleakDBusError(DBUS + "Spawn.ChildExited", ["Launch helper exited"]), "does not run: start it"),
    ("scan", FileNotFoundError(2, "No such file or directory"), "service does not run: start it"),
    ("scan", BleakDBusError(DBUS + "AccessDenied", ["Rejected send message"]), "ask its administrator"),
    ("scan", BleakDBusError(BLUEZ + "NotReady", ["Resource Not Ready"]), "Bluetooth is off"),
    ("scan", BleakDBusError(BLUEZ + "InProgress", ["Operation already in progress"]), "while scanning"),
    (
        "scan",
        BleakBluetoothNotAvailableError("no radio", BleakBluetoothNotAvailableReason.NO_BLUETOOTH),
        "No Bluetooth adapter found",
    ),
]


def failing(backend: Backend, place: str, error: BaseException) -> Backend:
    """The backend whose scan, connection or first read ends with this error."""
    assert backend.scanner is not None and backend.client is not None

    async def fail(*_: object, **__: object) -> Any:
        raise error

    if place == "scan":
        return replace(backend, scanner=type("Broken", (backend.scanner,), {"start": fail}))
    method = "connect" if place == "connect" else "read_gatt_char"
    return replace(backend, client=type("Broken", (backend.client,), {method: fail}))


def _shown(case: tuple[Any, ...]) -> str:
    return f"{case[0]}-{type(case[1]).__name__}-{str(case[1])[:40]}"


async def _refused(clip: VirtualClip, place: str, error: BaseException) -> str:
    """The message, one line."""
    with pytest.raises(LinkError) as told:
        async with BleSource(backend=failing(clip.backend, place, error), timeouts=QUICK):
            pass
    assert "\n" not in str(told.value)
    return str(told.value)


async def test_every_failure_before_the_first_status_means_not_paired_until_proven_otherwise() -> None:
    async with VirtualClip(motion(2, 100), speed=2) as clip:
        for case in NOT_PAIRED:
            assert await _refused(clip, *case) == remedies.NOT_PAIRED, _shown(case)


async def test_what_is_no_matter_of_pairing_has_its_own_remedy() -> None:
    async with VirtualClip(motion(2, 100), speed=2) as clip:
        for *case, text in OTHERS:
            assert text in await _refused(clip, *case), _shown(tuple(case))


BUGS = [  # reported of bleak's backends: not BleakErrors
    KeyError("/org/bluez/hci0/dev_AA_BB/service0028"),
    AssertionError(),
    AttributeError("'NoneType' object has no attribute 'call'"),
    asyncio.InvalidStateError("invalid state"),
    BleakDBusError(BLUEZ + "InProgress", ["Operation already in progress"]),
    BleakError("Could not get GATT services: Unreachable"),
]


@pytest.mark.parametrize("error", BUGS, ids=lambda error: type(error).__name__)
async def test_whatever_a_backend_raises_is_one_line_at_first_and_is_recovered_from_later(error: Exception) -> None:
    samples = motion(10, 50)  # of which the clip keeps ten seconds
    async with VirtualClip(samples, speed=2) as clip:
        client = clip.backend.client
        assert client is not None
        connections = 0

        class Buggy(client):  # type: ignore[valid-type, misc]
            async def connect(self, *args: Any, **options: Any) -> None:
                nonlocal connections
                connections += 1
                if connections == 2:
                    raise error
                await super().connect(*args, **options)

            async def start_notify(self, *args: Any, **options: Any) -> None:
                if connections == 3:
                    raise error
                await super().start_notify(*args, **options)

        async def drop() -> None:
            await clip.sleep(3.0)
            with clip.crawling():
                await clip.peripheral.drop()
                while not source.reconnects:
                    await asyncio.sleep(0.05)

        async with BleSource(50, backend=replace(clip.backend, client=Buggy), timeouts=QUICK) as source:
            dropping = asyncio.create_task(drop())
            packets = await collect(source, len(samples))
            await dropping
        assert connections == 4 and source.reconnects == 1 and source.lost == 0
        assert_all_came(packets, samples)
        for place in ("scan", "connect", "read"):
            assert await _refused(clip, place, error)


PLACES = ("read_gatt_char", "write_gatt_char", "start_notify", "stop_notify", "disconnect")
RAISED = [KeyError("/org/bluez/hci0"), AssertionError(), asyncio.InvalidStateError("x"), EOFError(), OSError(5, "I/O")]


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
async def test_every_call_of_a_backend_may_raise_anything_at_a_reconnection(error: Exception) -> None:
    """Each call fails once after the first connection: the run goes on, and no packet is lost."""
    samples = motion(8, 50)
    async with VirtualClip(samples, speed=2) as clip:
        client = clip.backend.client
        assert client is not None
        left = {name: 1 for name in PLACES}
        armed = False

        def failing_once(name: str) -> Callable[..., Awaitable[Any]]:
            async def call(self: Any, *args: Any, **options: Any) -> Any:
                if armed and left[name]:
                    left[name] -= 1
                    raise error
                return await getattr(client, name)(self, *args, **options)

            return call

        buggy = type("Buggy", (client,), {name: failing_once(name) for name in PLACES})
        async with BleSource(50, backend=replace(clip.backend, client=buggy), timeouts=QUICK) as source:

            async def drop() -> None:
                nonlocal armed
                await clip.sleep(2.0)
                armed = True
                with clip.crawling():
                    await clip.peripheral.drop()
                    while not source.reconnects:
                        await asyncio.sleep(0.05)

            dropping = asyncio.create_task(drop())
            packets = await collect(source, len(samples))
            await dropping
        assert source.lost == 0 and not any(left[name] for name in PLACES[:3])
        assert_all_came(packets, samples)


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
async def test_every_call_of_a_backend_may_raise_anything_at_first(error: Exception) -> None:
    async with VirtualClip(motion(2, 100), speed=2) as clip:
        client = clip.backend.client
        assert client is not None

        async def fail(*_: object, **__: object) -> Any:
            raise error

        for name in ("write_gatt_char", "start_notify"):
            backend = replace(clip.backend, client=type("Broken", (client,), {name: fail}))
            with pytest.raises(LinkError) as told:
                async with BleSource(backend=backend, timeouts=QUICK):
                    pass
            assert "\n" not in str(told.value) and type(error).__name__ not in str(told.value)

        def refuse(*_: object, **__: object) -> None:
            raise error

        made = replace(clip.backend, client=type("NeverMade", (client,), {"__init__": refuse}))
        with pytest.raises(LinkError) as told:
            async with BleSource(backend=made, timeouts=QUICK):
                pass
        assert "\n" not in str(told.value)


async def test_without_an_agent_a_protected_read_hangs_as_on_linux() -> None:
    """The virtual stack is as strict as the real one: a host that registers no agent fails on it."""
    async with VirtualClip(motion(2, 100), speed=2) as clip:
        backend = _with_stack(clip.backend, NoAgent())
        begin_s = time.monotonic()
        with pytest.raises(LinkError) as told:
            async with BleSource(backend=backend, timeouts=replace(QUICK, call_s=0.5, close_s=0.5)):
                pass
        assert str(told.value) == remedies.NOT_PAIRED and time.monotonic() - begin_s < 20
        client = backend.client
        assert client is not None
        never = type("NeverPairs", (client,), {"connect": _connect_without_pairing(client)})
        reading = asyncio.create_task(_read_only(replace(backend, client=never)))
        await clip.sleep(3.0)
        assert not reading.done()
        await clip.peripheral.drop()
        with pytest.raises(LinkError):
            await reading


async def test_a_call_at_its_deadline_closes_the_link_and_is_not_cancelled() -> None:
    cancelled: list[str] = []

    def watched(client: type[Any], name: str) -> Callable[..., Awaitable[Any]]:
        async def call(self: Any, *args: Any, **options: Any) -> Any:
            try:
                return await getattr(client, name)(self, *args, **options)
            except asyncio.CancelledError:
                cancelled.append(name)
                raise

        return call

    async with VirtualClip(motion(20, 100), speed=2) as clip:
        client = clip.backend.client
        assert client is not None
        names = ("read_gatt_char", "write_gatt_char", "start_notify", "pair")
        strict = type("Strict", (client,), {name: watched(client, name) for name in names})
        backend = replace(clip.backend, client=strict)
        async with BleSource(backend=backend, timeouts=QUICK) as source:
            clip.channel.hold()
            assert source._link is not None
            source._link._timeouts = replace(QUICK, call_s=0.3, close_s=2.0)
            with pytest.raises(LinkError, match=r"within 0\.3 s"):
                await source._link.post(b"\x02", sure=True)
            assert source._link._client is None  # closed
            clip.channel.release()
        assert cancelled == []


async def test_a_run_goes_on_after_the_stack_has_ended() -> None:
    samples = motion(10, 100)
    async with VirtualClip(samples, speed=2) as clip:
        stack = clip.backend.open_stack()
        assert isinstance(stack, VirtualStack)

        async def end() -> None:
            await clip.sleep(3.0)
            stack.end()

        async with BleSource(backend=clip.backend, timeouts=QUICK) as source:
            ending = asyncio.create_task(end())
            packets = await collect(source, len(samples))
            await ending
        assert source.reconnects == 1
        assert_all_came(packets, samples)


async def test_pairing_again_replaces_what_only_the_computer_remembers() -> None:
    async with VirtualClip(motion(2, 100), speed=2) as clip:
        assert (await pair_clip(None, clip.backend, QUICK)).address == CLIP_ADDRESS
        await clip.switch_off()
        (clip.flash / "bonds").unlink()
        await clip.switch_on()
        with pytest.raises(LinkError) as told:  # a run throws no pairing away, and does not use this one
            async with ClipRuns(backend=failing(clip.backend, "connect", RuntimeError("connected")), timeouts=QUICK):
                pass
        assert str(told.value) == remedies.NOT_PAIRED
        assert (await pair_clip(None, clip.backend, QUICK)).address == CLIP_ADDRESS
        async with ClipRuns(backend=clip.backend, timeouts=QUICK) as runs:
            assert await runs.list() == []


async def test_the_clip_says_whether_it_lets_a_host_pair() -> None:
    async with VirtualClip(motion(100, 50), speed=8) as clip:

        async def heard(pairing: int) -> None:
            async with asyncio.timeout(60):
                while pairing not in [found.pairing for found in await find_clips(0.3, clip.backend)]:
                    await asyncio.sleep(0.05)

        await heard(wire.PAIRING_FIRST)
        await pair_clip(None, clip.backend, QUICK)
        await heard(wire.PAIRING_SHUT)
        keys = radio_keys(clip.backend)
        await pair_clip(None, clip.backend, QUICK)
        assert radio_keys(clip.backend) == keys  # a pairing that works stays
        await clip.press(3.5)
        await heard(wire.PAIRING_OPEN)
        await pair_clip(None, clip.backend, QUICK)
        assert radio_keys(clip.backend) != keys
        await clip.sleep(60)
        await heard(wire.PAIRING_SHUT)


def radio_keys(backend: Backend) -> str:
    """What the computer remembers of its pairings."""
    radio: Any = backend.client
    return str(radio.radio.keystore.all_keys)


async def test_the_agent_consents_for_the_clip_that_is_connected() -> None:
    async with VirtualClip(motion(2, 100), speed=2) as clip:
        stack = clip.backend.open_stack()
        assert isinstance(stack, VirtualStack)
        seen: list[list[str]] = []
        client = clip.backend.client
        assert client is not None

        async def connect(self: Any, pair: bool, **options: Any) -> None:
            seen.append([*stack.agents, str(pair)])
            await client.connect(self, pair, **options)

        backend = replace(clip.backend, client=type("Seen", (client,), {"connect": connect}))
        await pair_clip(None, backend, QUICK)
        assert seen == [[CLIP_ADDRESS, "True"]] and stack.agents == []


class NoAgent(VirtualStack):
    """A host that registers no agent."""

    pairing_agent = Stack.pairing_agent


def _with_stack(backend: Backend, stack: VirtualStack) -> Backend:
    assert backend.client is not None
    return replace(backend, client=type("Other", (backend.client,), {"stack": stack}), stack=stack)


def _connect_without_pairing(client: type[Any]) -> Callable[..., Awaitable[None]]:
    async def connect(self: Any, pair: bool, **options: Any) -> None:
        await client.connect(self, False, **options)

    return connect


async def _read_only(backend: Backend) -> None:
    async with ClipRuns(backend=backend, timeouts=replace(QUICK, call_s=6)):
        pass
