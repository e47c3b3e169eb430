"""The host's end of the virtual radio: a scanner, a client and a stack for Untuck's Backend, over a bumble device.

It reproduces what BlueZ 5.66 does under bleak, seen on a real one: pairing fails without an agent, and a read of
protected data then hangs until the link ends; the MTU reads 23, a second stop_notify raises, services are gone after a
disconnect, a stale bond ends the connection. Maps bleak's calls to bumble, and bumble's errors to bleak's.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any
from uuid import UUID

from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakDBusError, BleakError, BleakGATTProtocolError, BleakGATTProtocolErrorCode
from bumble import att, core
from bumble.core import AdvertisingData
from bumble.device import Advertisement, Connection, Device, Peer
from bumble.gatt import Characteristic
from bumble.hci import HCI_Error

from untuck.sources.stack import Backend, Stack

DEFAULT_MTU = 517
_PROTECTED = (
    BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHENTICATION,
    BleakGATTProtocolErrorCode.INSUFFICIENT_ENCRYPTION,
)
_PROPERTIES = {
    Characteristic.Properties.READ: "read",
    Characteristic.Properties.WRITE_WITHOUT_RESPONSE: "write-without-response",
    Characteristic.Properties.WRITE: "write",
    Characteristic.Properties.NOTIFY: "notify",
}


class VirtualStack(Stack):
    """A computer's stack with one adapter. pairs: as BlueZ does, reading protected data pairs if there is an agent."""

    def __init__(self, pairs: bool = True) -> None:
        self.pairs = pairs
        self.agents: list[str] = []  # the clips that pairing is consented to
        self._watchers: list[Callable[[], None]] = []

    @contextlib.asynccontextmanager
    async def pairing_agent(self, clip: str) -> AsyncIterator[None]:
        self.agents.append(clip)
        try:
            yield
        finally:
            self.agents.remove(clip)

    @contextlib.asynccontextmanager
    async def watch(self, on_gone: Callable[[], None]) -> AsyncIterator[None]:
        self._watchers.append(on_gone)
        try:
            yield
        finally:
            self._watchers.remove(on_gone)

    def end(self) -> None:
        """The service ends, as if it were killed: no client hears of a disconnection."""
        for on_gone in self._watchers.copy():
            on_gone()


def make_backend(device: Device, mtu: int = DEFAULT_MTU, *, pairs: bool = True) -> Backend:
    """The radio of one powered-on bumble device. pairs: False for a client that reads without pairing."""
    stack = VirtualStack(pairs)
    return Backend(
        type("VirtualScanner", (_Scanner,), {"radio": device}),
        type("VirtualClient", (_Client,), {"radio": device, "wanted_mtu": mtu, "stack": stack}),
        stack,
    )


@contextlib.asynccontextmanager
async def _bleak_errors() -> AsyncIterator[None]:
    """Convert bumble's errors to bleak's."""
    try:
        yield
    except att.ATT_Error as error:
        raise BleakGATTProtocolError(error.error_code) from error
    except (core.BaseBumbleError, HCI_Error, TimeoutError) as error:
        raise BleakError(str(error)) from error
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task and task.cancelling():
            raise
        raise BleakError("disconnected during the call") from None  # bumble cancels calls that wait for an answer


def _long(uuid: core.UUID) -> str:
    """The 128 bit form, which bleak always uses."""
    return str(UUID(bytes=bytes(reversed(uuid.to_bytes(force_128=True)))))


class _Scanner(BaseBleakScanner):
    radio: Device

    def __init__(self, detection_callback: Any, service_uuids: list[str] | None, *_: Any, **__: Any) -> None:
        super().__init__(detection_callback, service_uuids)

    async def start(self) -> None:
        self.seen_devices = {}
        self.radio.on("advertisement", self._heard)
        async with _bleak_errors():
            await self.radio.start_scanning()

    async def stop(self) -> None:
        self.radio.remove_listener("advertisement", self._heard)
        async with _bleak_errors():
            await self.radio.stop_scanning()

    def _heard(self, advertisement: Advertisement) -> None:
        data = advertisement.data
        uuids = [
            str(uuid).lower()
            for kind in (
                AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
                AdvertisingData.INCOMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
            )
            for uuid in data.get(kind) or []
        ]
        if not self.is_allowed_uuid(uuids):
            return
        name = data.get(AdvertisingData.COMPLETE_LOCAL_NAME)
        said = data.get(AdvertisingData.SERVICE_DATA_128_BIT_UUID)
        services = {_long(said[0]): bytes(said[1])} if said else {}
        heard = AdvertisementData(name, {}, services, uuids, None, advertisement.rssi, ())
        address = str(advertisement.address).split("/")[0]
        props = {"Paired": str(advertisement.address) in self.radio.keystore.all_keys}
        found = self.create_or_update_device(address, address, name, {"props": props}, heard)
        self.call_detection_callbacks(found, heard)


class _Client(BaseBleakClient):
    radio: Device
    stack: VirtualStack
    wanted_mtu: int

    def __init__(self, address_or_ble_device: BLEDevice | str, **kwargs: Any) -> None:
        super().__init__(
            address_or_ble_device, disconnected_callback=kwargs["disconnected_callback"], timeout=kwargs["timeout"]
        )
        self._connection: Connection | None = None
        self._ended = asyncio.Event()
        self._peer = ""  # its keys are stored under this name
        self._notifying: dict[int, Callable[[bytes], None]] = {}

    @property
    def name(self) -> str:
        return self.address.replace(":", "-")

    @property
    def mtu_size(self) -> int:
        return 23

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    async def connect(self, pair: bool, **_: Any) -> None:
        self._ended.clear()
        async with _bleak_errors():
            try:
                self._connection = await self.radio.connect(self.address, timeout=self._timeout)
            except TimeoutError as error:
                raise BleakError("timed out") from error
            self._connection.on("disconnection", self._on_disconnection)
            peer = Peer(self._connection)
            await peer.request_mtu(self.wanted_mtu)
            self._peer = str(self._connection.peer_address)
        if await self.radio.keystore.get(self._peer):
            await self._encrypt()
        elif pair:
            await self.pair()
        async with _bleak_errors():
            await self._while_connected(peer.discover_all())
        self.services = self._collect(peer)

    async def _while_connected(self, call: Coroutine[Any, Any, None]) -> None:
        """Some of bumble's calls never end if the connection does, also if they are cancelled at that moment."""
        task, ended = asyncio.create_task(call), asyncio.create_task(self._ended.wait())
        await asyncio.wait({task, ended}, return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            task.cancel()
            raise BleakError("failed to discover services, device disconnected")
        ended.cancel()
        await task

    async def _encrypt(self) -> None:
        """Use the bond, as systems do with a paired device; the connection ends if the peer has lost it."""
        try:
            async with _bleak_errors():
                await self._connection.encrypt()
        except BleakError:
            await self.disconnect()
            raise BleakError("failed to discover services, device disconnected") from None

    def _collect(self, peer: Peer) -> BleakGATTServiceCollection:
        collection = BleakGATTServiceCollection()
        for service in peer.services:
            found = BleakGATTService(service, service.handle, _long(service.uuid))
            collection.add_service(found)
            for one in service.characteristics:
                names: Any = [name for flag, name in _PROPERTIES.items() if one.properties & flag]
                uuid = _long(one.uuid)
                room = peer.gatt_client.mtu - 3
                collection.add_characteristic(
                    BleakGATTCharacteristic(one, one.handle, uuid, names, lambda room=room: room, found)
                )
        return collection

    def _on_disconnection(self, _reason: int) -> None:
        self._connection = None
        self._ended.set()
        self.services = None
        self._notifying = {}
        if self._disconnected_callback:
            self._disconnected_callback()

    async def disconnect(self) -> None:
        if self._connection:
            async with _bleak_errors():
                await self._connection.disconnect()

    async def pair(self, *_: Any, **__: Any) -> None:
        if self.stack.pairs and self.address not in self.stack.agents:
            raise BleakDBusError("org.bluez.Error.AuthenticationFailed", ["Authentication Failed"])
        try:
            async with _bleak_errors():
                await self._while_connected(self._connection.pair())
        except BleakError:
            raise BleakDBusError("org.bluez.Error.AuthenticationFailed", ["Authentication Failed"]) from None

    async def unpair(self) -> None:
        await self.radio.keystore.delete(self._peer or self.address)

    async def read_gatt_char(self, characteristic: BleakGATTCharacteristic, **_: Any) -> bytearray:
        try:
            async with _bleak_errors():
                value = bytearray(await characteristic.obj.read_value())
        except BleakGATTProtocolError as error:
            if not self.stack.pairs or error.code not in _PROTECTED:
                raise
            await self._pair_or_hang()
            return await self.read_gatt_char(characteristic)
        if callback := self._notifying.get(characteristic.handle):
            callback(bytes(value))  # as BlueZ's StartNotify does
        return value

    async def _pair_or_hang(self) -> None:
        """BlueZ pairs by itself; without an agent it waits until the link ends."""
        if self.address in self.stack.agents:
            return await self.pair()
        await self._ended.wait()
        raise BleakDBusError("org.bluez.Error.Failed", ["Not connected"])

    async def write_gatt_char(self, characteristic: BleakGATTCharacteristic, data: Any, response: bool) -> None:
        async with _bleak_errors():
            await characteristic.obj.write_value(bytes(data), with_response=response)

    async def start_notify(self, characteristic: BleakGATTCharacteristic, callback: Any, **_: Any) -> None:
        def forward(data: bytes) -> None:
            callback(bytearray(data))

        async with _bleak_errors():
            await characteristic.obj.subscribe(forward)
        self._notifying[characteristic.handle] = forward

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        if characteristic.handle not in self._notifying:
            raise BleakError("no notification session")
        async with _bleak_errors():
            await characteristic.obj.unsubscribe(self._notifying.pop(characteristic.handle))

    async def read_gatt_descriptor(self, *_: Any, **__: Any) -> bytearray:
        raise NotImplementedError

    async def write_gatt_descriptor(self, *_: Any, **__: Any) -> None:
        raise NotImplementedError
