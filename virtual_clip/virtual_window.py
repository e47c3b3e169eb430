"""A page's window in Python, whose Web Bluetooth is the virtual radio: the other end of untuck.phone.app.bridge.

It does what page/bluetooth.mjs does in Chrome: errors are DOMExceptions, every connection has a number, a system such
as Android's pairs by itself at the first access that needs it. Tests of the worker's program run on it in CPython.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from typing import Any

from bleak import BleakClient, BleakScanner
from bleak.exc import BleakDBusError, BleakError, BleakGATTProtocolError

from untuck import wire
from untuck.phone.app.bridge import Bridge, BridgeError, Message
from untuck.sources.stack import Backend
from virtual_clip.bleak_backend import VirtualStack

SCAN_S = 60.0
GONE = ("NetworkError", "GATT Server is disconnected. Cannot perform GATT operations.")
HANG = ("", "")  # as a failure: the call never ends
_ERRORS = {  # as Chrome names what BlueZ and Android report
    BleakGATTProtocolError: ("SecurityError", "GATT operation not authorized."),
    BleakDBusError: ("NetworkError", "Authentication failed."),
}


class VirtualWindow:
    """`bridge` is for the worker's program. told: what it told, and what the window itself does with it is up to tests.

    failures: by the name of a function, errors (name, message) with which its next calls fail. functions: by name, what
    else the worker may call. heard: a clip is chosen only once it is heard over the air.
    """

    def __init__(self, backend: Backend) -> None:
        self.bridge = Bridge(self._post)
        self.told: list[tuple[str, Any]] = []
        self.calls: list[str] = []
        self.failures: dict[str, deque[tuple[str, str]]] = defaultdict(deque)
        self.functions: dict[str, Callable[..., Any]] = {
            f"bluetooth.{name}": getattr(self, f"_{name}")
            for name in ("chosen", "connect", "disconnect", "services", "read", "write", "subscribe", "unsubscribe")
        }
        self._backend = backend
        self._stack = backend.open_stack()
        self._device: Any = None
        self._client: BleakClient | None = None
        self._number = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def choose(self) -> dict[str, str]:
        """The user taps Connect and selects the first clip that the chooser lists."""
        scanner: Any = self._backend.scanner
        async with BleakScanner(backend=scanner, service_uuids=[wire.SERVICE_UUID]) as scanning:
            async with asyncio.timeout(SCAN_S):
                async for device, _ in scanning.advertisement_data():
                    self._device = device
                    break
        facts = self._facts()
        self.send("bluetooth.picked", facts)
        return facts

    def send(self, name: str, value: Any) -> None:
        """Send the worker an event."""
        self.bridge.receive({"event": name, "value": value})

    def _facts(self) -> dict[str, str]:
        return {"id": f"id-of-{self._device.address}", "name": self._device.name or ""}

    def _post(self, message: Message) -> None:
        if "tell" in message:
            self.told.append((message["tell"], message["value"]))
            return
        task = asyncio.get_running_loop().create_task(self._answer(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, message: Message) -> None:
        number, name = message["call"], message["name"]
        self.calls.append(name)
        try:
            if self.failures[name]:
                failure = self.failures[name].popleft()
                if failure == HANG:
                    return
                raise BridgeError(*failure)
            result = self.functions[name](*message["args"])
            value = await result if isinstance(result, Awaitable) else result
            self.bridge.receive({"answer": number, "value": value})
        except Exception as error:
            kind, text = _dom_exception(error)
            self.bridge.receive({"answer": number, "error": {"name": kind, "message": text}})

    def _chosen(self) -> list[dict[str, str]]:
        return [] if self._device is None else [self._facts()]

    async def _connect(self, device: str) -> int:
        if self._device is None or device != self._facts()["id"]:
            raise BridgeError("NotFoundError", "The device is not chosen.")
        await self._disconnect(device)
        if isinstance(self._stack, VirtualStack) and self._device.address not in self._stack.agents:
            self._stack.agents.append(self._device.address)  # the system consents by itself
        self._number += 1
        number = self._number
        backend: Any = self._backend.client
        client = BleakClient(self._device, lambda _: self._ended(device, number), timeout=SCAN_S, backend=backend)
        await client.connect()
        self._client = client
        return number

    async def _disconnect(self, device: str) -> None:
        client, self._client = self._client, None
        if client is not None:
            self._ended(device, self._number)
            await client.disconnect()

    def _ended(self, device: str, number: int) -> None:
        self._client = None if number == self._number else self._client
        self.send("bluetooth.disconnected", {"id": device, "connection": number})

    def _connected(self) -> BleakClient:
        if self._client is None or not self._client.is_connected:
            raise BridgeError(*GONE)
        return self._client

    def _services(self, _: str) -> list[dict[str, Any]]:
        return [
            {"uuid": service.uuid, "characteristics": [_described(one) for one in service.characteristics]}
            for service in self._connected().services
            if service.uuid == wire.SERVICE_UUID
        ]

    async def _read(self, _: str, uuid: str) -> bytes:
        return bytes(await self._connected().read_gatt_char(uuid))

    async def _write(self, _: str, uuid: str, data: bytes, with_response: bool) -> None:
        await self._connected().write_gatt_char(uuid, data, response=with_response)

    async def _subscribe(self, device: str, uuid: str) -> None:
        number = self._number

        def forward(_: Any, data: bytearray) -> None:
            value = {"id": device, "connection": number, "uuid": uuid, "data": bytes(data)}
            self.send("bluetooth.notified", value)

        await self._connected().start_notify(uuid, forward)

    async def _unsubscribe(self, _: str, uuid: str) -> None:
        await self._connected().stop_notify(uuid)


def _described(one: Any) -> dict[str, Any]:
    return {"uuid": one.uuid, "properties": list(one.properties)}


def _dom_exception(error: Exception) -> tuple[str, str]:
    if isinstance(error, BridgeError):
        return error.name, error.message
    if not isinstance(error, BleakError):
        return type(error).__name__, str(error)
    return _ERRORS.get(type(error), GONE)
