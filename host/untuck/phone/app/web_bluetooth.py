"""Web Bluetooth as a backend of bleak: scanner, client and stack over the window, as the worker cannot reach it itself.

page/bluetooth.mjs is the other end. The user selects the clip in the browser's chooser, which takes the place of
scanning; the browser pairs by itself when the clip's data is first read. Every connection has a number, so that what
an earlier one still sends is not taken for the present one's.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import Any

from bleak.args import SizedBuffer
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakError

from untuck import wire
from untuck.phone.app.bluetooth_errors import bleak_error, is_refusal_of_access
from untuck.phone.app.bridge import Bridge, BridgeError
from untuck.sources import remedies
from untuck.sources.clip_setup import UNKNOWN_DBM
from untuck.sources.stack import Backend, Stack

__all__ = ["WebRadio"]

PAIR_S = 25.0  # for the user to answer the phone's question; less than Timeouts.pair_s, so that the error is reported
AGAIN_S = 0.5  # pause between accesses while the phone pairs
_WRITABLE = 20  # bytes without a larger MTU: a page is not informed of it

_log = logging.getLogger(__name__)


class WebStack(Stack):
    """A browser's: it pairs at the first read of protected data, and reports no scan response."""

    pairs_on_read = True
    response_s = 0.0


class WebRadio:
    """The window's Bluetooth. `backend` is for BleSource and ClipRuns; a device's address is the browser's id of it.

    on_picked: called with id and name when the user has chosen a clip. pair_s: how long refused accesses are repeated
    while the phone may be pairing.
    """

    def __init__(
        self,
        bridge: Bridge,
        on_picked: Callable[[str, str], None] = lambda device, name: None,
        pair_s: float = PAIR_S,
    ) -> None:
        self.on_picked = on_picked
        self.pair_s = pair_s
        self.clients: dict[int, _Client] = {}  # by number of connection
        self.scanners: set[_Scanner] = set()
        self._bridge = bridge
        self.backend = Backend(
            type("WebScanner", (_Scanner,), {"radio": self}),
            type("WebClient", (_Client,), {"radio": self}),
            WebStack(),
        )
        bridge.on("bluetooth.notified", self._notified)
        bridge.on("bluetooth.disconnected", self._disconnected)
        bridge.on("bluetooth.picked", self._picked)
        bridge.on("bluetooth.failed", self._failed)
        bridge.tell("bluetooth.service", {"uuid": wire.SERVICE_UUID})  # what the chooser lists

    async def call(self, name: str, *args: Any) -> Any:
        """The result of a function of the window. Raises BleakError."""
        try:
            return await self._bridge.call(f"bluetooth.{name}", *args)
        except BridgeError as error:
            raise bleak_error(error) from error

    async def access(self, name: str, *args: Any) -> Any:
        """The same for the clip's data: repeated while it is refused, for the phone may be pairing."""
        give_up_s = time.monotonic() + self.pair_s
        while True:
            try:
                return await self._bridge.call(f"bluetooth.{name}", *args)
            except BridgeError as error:
                if not is_refusal_of_access(error) or time.monotonic() > give_up_s:
                    raise bleak_error(error) from error
                _log.info("%s was refused, the phone may be pairing: %s", name, error)
            await asyncio.sleep(AGAIN_S)

    def _notified(self, value: dict[str, Any]) -> None:
        client = self.clients.get(value["connection"])
        if client is not None:
            client.notified(value["uuid"], value["data"])

    def _disconnected(self, value: dict[str, Any]) -> None:
        client = self.clients.get(value["connection"])
        if client is not None:
            client.ended()

    def _picked(self, value: dict[str, Any]) -> None:
        for scanner in self.scanners:
            scanner.hear(value)
        self.on_picked(value["id"], value["name"])

    def _failed(self, value: dict[str, Any]) -> None:
        error = bleak_error(BridgeError(value["name"], value["message"]))
        self._bridge.tell("failure", {"text": str(remedies.remedy(error, "choosing the clip"))})


class _Scanner(BaseBleakScanner):
    """Hears the clip that the user chose, without what it advertises."""

    radio: WebRadio

    def __init__(self, detection_callback: Any, service_uuids: list[str] | None, *_: Any, **__: Any) -> None:
        super().__init__(detection_callback, service_uuids)

    async def start(self) -> None:
        self.seen_devices = {}
        self.radio.scanners.add(self)
        for device in await self.radio.call("chosen"):
            self.hear(device)

    async def stop(self) -> None:
        self.radio.scanners.discard(self)

    def hear(self, chosen: dict[str, str]) -> None:
        """A device that the user permitted: id and name."""
        heard = AdvertisementData(
            local_name=chosen["name"] or None,
            manufacturer_data={},
            service_data={},
            service_uuids=[wire.SERVICE_UUID],
            tx_power=None,
            rssi=UNKNOWN_DBM,
            platform_data=(),
        )
        device = self.create_or_update_device(chosen["id"], chosen["id"], chosen["name"], details=None, adv=heard)
        self.call_detection_callbacks(device, heard)


class _Client(BaseBleakClient):
    radio: WebRadio

    def __init__(self, address_or_ble_device: BLEDevice | str, **kwargs: Any) -> None:
        super().__init__(
            address_or_ble_device, disconnected_callback=kwargs["disconnected_callback"], timeout=kwargs["timeout"]
        )
        self._connection: int | None = None
        self._proven = False  # the clip has given its data over this connection
        self._notifying: dict[str, NotifyCallback] = {}

    @property
    def name(self) -> str:
        return self.address

    @property
    def mtu_size(self) -> int:
        """As bleak says it where a system does not: 23."""
        return _WRITABLE + wire.NOTIFY_OVERHEAD

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    async def connect(self, pair: bool, **_: Any) -> None:
        """Connect and find the clip's service; the browser pairs whenever it is necessary."""
        try:
            async with asyncio.timeout(self._timeout):
                self._connection = connection = await self.radio.call("connect", self.address)
                self.radio.clients[connection] = self
                self.services = _collect(await self.radio.call("services", self.address))
        except TimeoutError:
            await self.disconnect()
            raise BleakError("timed out") from None
        except BleakError:
            await self.disconnect()
            raise

    async def disconnect(self) -> None:
        with contextlib.suppress(BleakError):
            await self.radio.call("disconnect", self.address)
        self.ended()

    def ended(self) -> None:
        """The connection has ended."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        self.radio.clients.pop(connection, None)
        self.services = None
        self._notifying = {}
        if self._disconnected_callback:
            self._disconnected_callback()

    def notified(self, uuid: str, data: bytes) -> None:
        """A notification has come."""
        if (callback := self._notifying.get(uuid)) is not None:
            callback(bytearray(data))

    async def pair(self, *_: Any, **__: Any) -> None:
        """Left to the browser."""

    async def unpair(self) -> None:
        raise NotImplementedError("a page cannot remove a pairing")

    async def read_gatt_char(self, characteristic: BleakGATTCharacteristic, **_: Any) -> bytearray:
        return bytearray(await self._access("read", characteristic.uuid))

    async def write_gatt_char(self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool) -> None:
        await self._access("write", characteristic.uuid, bytes(data), response)

    async def start_notify(self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **_: Any) -> None:
        self._notifying[characteristic.uuid] = callback
        await self._access("subscribe", characteristic.uuid)

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        self._notifying.pop(characteristic.uuid, None)
        await self._access("unsubscribe", characteristic.uuid)

    async def read_gatt_descriptor(self, descriptor: BleakGATTDescriptor, **_: Any) -> bytearray:
        raise NotImplementedError

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: SizedBuffer) -> None:
        raise NotImplementedError

    async def _access(self, name: str, *args: Any) -> Any:
        if self._connection is None:
            raise BleakError("disconnected")
        call = self.radio.call if self._proven else self.radio.access
        result = await call(name, self.address, *args)
        self._proven = True
        return result


def _collect(found: list[dict[str, Any]]) -> BleakGATTServiceCollection:
    """Of what the window found: [{uuid, characteristics: [{uuid, properties}]}]; handles are unknown to a page."""
    collection = BleakGATTServiceCollection()
    handle = 0
    for each in found:
        handle += 1
        service = BleakGATTService(None, handle, each["uuid"])
        collection.add_service(service)
        for one in each["characteristics"]:
            handle += 1
            collection.add_characteristic(
                BleakGATTCharacteristic(
                    None,
                    handle,
                    uuid=one["uuid"],
                    properties=one["properties"],
                    max_write_without_response_size=lambda: _WRITABLE,
                    service=service,
                )
            )
    return collection
