"""bluetoothd on a private D-Bus, in front of the virtual radio: for a browser that uses Linux's Bluetooth.

One adapter; the clips that it hears over the virtual air, by a backend of bleak (bleak_backend.py), which is as strict
as BlueZ 5.66: pairing needs a registered agent. Faults on command. Owns BlueZ's names, errors and object paths.

    with private_bus() as address:
        async with FakeBluez(clip.backend, address) as bluez: ...  # Chromium with DBUS_SYSTEM_BUS_ADDRESS
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

from bleak import BleakClient, BleakScanner
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakDBusError, BleakError, BleakGATTProtocolError, BleakGATTProtocolErrorCode
from dbus_fast import BusType
from dbus_fast.aio import MessageBus
from dbus_fast.errors import DBusError

from untuck import wire
from untuck.sources.stack import Backend
from virtual_clip.bleak_backend import VirtualStack
from virtual_clip.bus_objects import BusObjects, Node

_ERROR = "org.bluez.Error."
_ADAPTER = "/org/bluez/hci0"
_CCCD = "00002902-0000-1000-8000-00805f9b34fb"  # Chromium subscribes only where this descriptor is
CONNECT_S = 60.0
NOT_PAIRED = (f"{_ERROR}NotPermitted", "Not paired")  # BlueZ's word for insufficient authentication or encryption
NOT_AUTHORIZED = (f"{_ERROR}NotAuthorized", "Not authorized")
FAILED = (f"{_ERROR}Failed", "Operation failed with ATT error: 0x0e")
NOT_READY = (f"{_ERROR}NotReady", "Resource Not Ready")
_CODES = {
    BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHENTICATION: NOT_PAIRED,
    BleakGATTProtocolErrorCode.INSUFFICIENT_ENCRYPTION: NOT_PAIRED,
    BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHORIZATION: NOT_AUTHORIZED,
}


class FakeBluez:
    """The service, from entering to leaving. address: of the bus.

    refusals: errors (name, text) with which the next accesses to the clip's data fail. hangs: names of methods, such as
    ReadValue, whose next call gets no answer until the link ends. calls: names of all methods that were called.
    notified: how many notifications it has passed on. agent: whether the desktop has a pairing agent, which consents;
    Chromium is none itself. Without one an access that needs pairing hangs until the link ends. shows_pairing: whether
    a device reads as paired, as on Linux; Chromium then leaves its link open for other programs. Android ends it.
    """

    def __init__(self, backend: Backend, address: str) -> None:
        self.refusals: deque[tuple[str, str]] = deque()
        self.hangs: list[str] = []
        self.calls: list[str] = []
        self.notified = 0
        self.agent = True
        self.shows_pairing = False
        self._backend = backend
        self._bus = MessageBus(bus_address=address, bus_type=BusType.SYSTEM)
        self._objects = BusObjects(self._bus, lambda sender, member: self.calls.append(member))
        self._scanning: contextlib.AsyncExitStack | None = None
        self._devices: dict[str, _Device] = {}
        self._adapter = self._make_adapter()

    async def __aenter__(self) -> Self:
        await self._bus.connect()
        self._objects.add(
            Node(
                "/org/bluez",
                "org.bluez.AgentManager1",
                methods={
                    "RegisterAgent": _nothing,
                    "UnregisterAgent": _nothing,
                    "RequestDefaultAgent": _nothing,
                },
            )
        )
        self._objects.add(self._adapter)
        await self._bus.request_name("org.bluez")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop_discovery()
        for device in self._devices.values():
            await device.disconnect()
        self._bus.disconnect()

    async def power(self, on: bool) -> None:
        """Switch the adapter on or off, as the user does; off ends scanning and all links."""
        if not on:
            await self._stop_discovery()
            for device in self._devices.values():
                await device.disconnect()
        self._objects.change(self._adapter, Powered=on)

    @property
    def powered(self) -> bool:
        """Whether the adapter is on."""
        return bool(self._adapter.properties["Powered"][1])

    def demand_power(self) -> None:
        """Raise BlueZ's error if the adapter is off."""
        if not self.powered:
            raise DBusError(*NOT_READY)

    def _make_adapter(self) -> Node:
        texts = {"Address": "00:11:22:33:44:55", "AddressType": "public", "Name": "host", "Alias": "host"}
        flags = {"Powered": True, "Discoverable": False, "Pairable": True, "Discovering": False}
        methods = {
            "StartDiscovery": self._start_discovery,
            "StopDiscovery": self._stop_discovery,
            "SetDiscoveryFilter": _nothing,
            "RemoveDevice": self._remove_device,
        }
        properties: dict[str, tuple[str, Any]] = {
            **{name: ("s", value) for name, value in texts.items()},
            **{name: ("b", value) for name, value in flags.items()},
            "Class": ("u", 0),
            "UUIDs": ("as", []),
            "Roles": ("as", ["central"]),
        }
        return Node(_ADAPTER, "org.bluez.Adapter1", properties, methods)  # type: ignore[arg-type]

    async def _start_discovery(self) -> None:
        self.demand_power()
        if self._scanning is None:
            self._scanning = contextlib.AsyncExitStack()
            scanner: Any = self._backend.scanner
            await self._scanning.enter_async_context(BleakScanner(self._hear, backend=scanner))
        self._objects.change(self._adapter, Discovering=True)

    async def _stop_discovery(self) -> None:
        scanning, self._scanning = self._scanning, None
        if scanning is not None:
            await scanning.aclose()
            self._objects.change(self._adapter, Discovering=False)

    async def _remove_device(self, path: str) -> None:
        for device in self._devices.values():
            if device.node.path == path:
                await device.disconnect()
                await device.forget()

    def _hear(self, found: BLEDevice, heard: AdvertisementData) -> None:
        device = self._devices.get(found.address)
        if device is None:
            device = self._devices[found.address] = _Device(self, self._objects, self._backend, found)
        device.heard(heard)


class _Device:
    """One device that was heard, and its connection.

    Its services stay on the bus without a connection, as BlueZ keeps them (Cache = always in main.conf). Removing them
    with a call in flight would block Bluetooth in Chromium until the page is loaded again.
    """

    def __init__(self, bluez: FakeBluez, objects: BusObjects, backend: Backend, found: BLEDevice) -> None:
        self._bluez = bluez
        self._objects = objects
        self._backend = backend
        self._found = found
        self._client: BleakClient | None = None
        self._services: list[Node] = []
        self._gone = asyncio.Event()
        path = f"{_ADAPTER}/dev_{found.address.replace(':', '_').upper()}"
        name = found.name or ""
        properties: dict[str, tuple[str, Any]] = {
            **{key: ("s", value) for key, value in (("Name", name), ("Alias", name), ("AddressType", "random"))},
            **{key: ("b", False) for key in ("Paired", "Bonded", "Trusted", "Blocked", "LegacyPairing")},
            **{key: ("b", False) for key in ("Connected", "ServicesResolved")},
            "Address": ("s", found.address),
            "Adapter": ("o", _ADAPTER),
            "RSSI": ("n", -127),
            "UUIDs": ("as", []),
        }
        methods: dict[str, Any] = {
            "Connect": self._connect,
            "Disconnect": self.disconnect,
            "Pair": self._pair,
            "CancelPairing": _nothing,
        }
        self.node = Node(path, "org.bluez.Device1", properties, methods)

    def heard(self, advertisement: AdvertisementData) -> None:
        """An advertisement has come."""
        known = (self.node.path, self.node.interface) in self._objects.nodes
        uuids = advertisement.service_uuids or self.node.properties["UUIDs"][1]
        self.node.properties["UUIDs"] = ("as", uuids)
        self.node.properties["RSSI"] = ("n", advertisement.rssi)
        if not known and wire.SERVICE_UUID in uuids:
            self._objects.add(self.node)
        elif known:
            self._objects.change(self.node, RSSI=advertisement.rssi)

    async def _connect(self) -> None:
        self._bluez.demand_power()
        if self._client is not None:
            return
        self._gone.clear()
        backend: Any = self._backend.client
        client = BleakClient(self._found, self._disconnected, timeout=CONNECT_S, backend=backend)
        try:
            await self._may_hang("Connect", client.connect)
        except BleakError as error:
            raise DBusError(f"{_ERROR}Failed", "le-connection-abort-by-local") from error
        self._client = client
        self._objects.change(self.node, Connected=True)
        if not self._services:
            for service in client.services:
                self._add_service(service)
        self._objects.change(self.node, ServicesResolved=True)
        self._show_pairing()

    async def disconnect(self) -> None:
        """End the connection, if there is one."""
        client, self._client = self._client, None
        self._gone.set()
        if client is not None:
            await client.disconnect()

    def _disconnected(self, _: BleakClient) -> None:
        self._client = None
        self._gone.set()
        for node in self._services:
            if "Notifying" in node.properties:
                self._objects.change(node, Notifying=False)
        self._objects.change(self.node, ServicesResolved=False, Connected=False)

    async def _pair(self) -> None:
        client = self._client or await self._connected_client()
        with self._agent():
            try:
                await client.pair()
            except BleakDBusError as error:
                raise DBusError(error.dbus_error, "Authentication Failed") from error
        self._show_pairing()

    async def _connected_client(self) -> BleakClient:
        await self._connect()
        assert self._client is not None
        return self._client

    async def forget(self) -> None:
        """Remove the pairing and the device."""
        backend: Any = self._backend.client
        await backend.radio.keystore.delete_all()
        for node in reversed(self._services):
            self._objects.remove(node)
        self._services.clear()
        self._objects.remove(self.node)

    def _show_pairing(self) -> None:
        if not self._bluez.shows_pairing:
            return
        backend: Any = self._backend.client
        paired = any(self._found.address in each for each in backend.radio.keystore.all_keys)
        if paired != self.node.properties["Paired"][1]:
            self._objects.change(self.node, Paired=paired, Bonded=paired)

    @contextlib.contextmanager
    def _agent(self) -> Any:
        """Pairing is consented to if there is an agent."""
        stack = self._backend.open_stack()
        if not self._bluez.agent or not isinstance(stack, VirtualStack):
            yield
            return
        stack.agents.append(self._found.address)
        try:
            yield
        finally:
            stack.agents.remove(self._found.address)

    def _add_service(self, service: Any) -> None:
        path = f"{self.node.path}/service{service.handle:04x}"
        properties: dict[str, tuple[str, Any]] = {
            "UUID": ("s", service.uuid),
            "Device": ("o", self.node.path),
            "Primary": ("b", True),
            "Includes": ("ao", []),
        }
        self._services.append(self._objects.add(Node(path, "org.bluez.GattService1", properties)))
        for one in service.characteristics:
            self._add_characteristic(path, one)

    def _add_characteristic(self, service: str, one: BleakGATTCharacteristic) -> None:
        handle = one.handle  # not `one`: the node outlives the connection
        path = f"{service}/char{handle:04x}"
        node = Node(
            path,
            "org.bluez.GattCharacteristic1",
            {
                "UUID": ("s", one.uuid),
                "Service": ("o", service),
                "Value": ("ay", b""),
                "Notifying": ("b", False),
                "Flags": ("as", list(one.properties)),
                "MTU": ("q", one.max_write_without_response_size + wire.NOTIFY_OVERHEAD),
            },
        )

        def notify(_: Any, data: bytearray) -> None:
            self._bluez.notified += 1
            self._objects.change(node, Value=bytes(data))

        async def read(_options: Any) -> tuple[str, list[Any]]:
            data = bytes(await self._access("ReadValue", lambda client: client.read_gatt_char(handle)))
            self._objects.change(node, Value=data)  # Chromium takes the next change after a read for its echo
            return "ay", [data]

        async def write(data: bytes, options: dict[str, Any]) -> None:
            sure = options.get("type") != "command"
            await self._access("WriteValue", lambda client: client.write_gatt_char(handle, data, response=sure))

        async def start() -> None:
            await self._access("StartNotify", lambda client: client.start_notify(handle, notify))
            self._objects.change(node, Notifying=True)

        async def stop() -> None:
            await self._access("StopNotify", lambda client: client.stop_notify(handle))
            self._objects.change(node, Notifying=False)

        node.methods = {"ReadValue": read, "WriteValue": write, "StartNotify": start, "StopNotify": stop}
        self._services.append(self._objects.add(node))
        if "notify" in one.properties:
            descriptor: dict[str, tuple[str, Any]] = {
                "UUID": ("s", _CCCD),
                "Characteristic": ("o", path),
                "Value": ("ay", b""),
                "Flags": ("as", ["read", "write"]),
            }
            self._services.append(
                self._objects.add(Node(f"{path}/desc{handle + 1:04x}", "org.bluez.GattDescriptor1", descriptor))
            )

    async def _access(self, member: str, call: Callable[[BleakClient], Awaitable[Any]]) -> Any:
        """An access to the clip's data; BlueZ pairs by itself when that is necessary."""
        if self._bluez.refusals:
            raise DBusError(*self._bluez.refusals.popleft())
        client = self._client
        if client is None:
            raise DBusError(f"{_ERROR}Failed", "Not connected")
        try:
            with self._agent():
                result = await self._may_hang(member, lambda: call(client))
        except BleakGATTProtocolError as error:
            text = f"Operation failed with ATT error: 0x{error.code:02x}"
            raise DBusError(*_CODES.get(error.code, (f"{_ERROR}Failed", text))) from error
        except BleakDBusError as error:
            raise DBusError(error.dbus_error, str(error)) from error
        except BleakError as error:
            raise DBusError(f"{_ERROR}Failed", "Not connected") from error
        self._show_pairing()
        return result

    async def _may_hang(self, member: str, call: Callable[[], Awaitable[Any]]) -> Any:
        if member not in self._bluez.hangs:
            return await call()
        self._bluez.hangs.remove(member)
        await self._gone.wait()
        raise BleakError("Not connected")


async def _nothing(*_: Any) -> None:
    """A method that does nothing here."""
