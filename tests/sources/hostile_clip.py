"""A peripheral that says whatever a test wants it to, behind bleak's interface, without encryption or time limits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection

from untuck import wire
from untuck.sources.stack import Backend, Stack

ADDRESS = "F0:F1:F2:F3:A4:B5"
STATUS = {
    "firmware": (0, 16, 0),
    "state": wire.STATE_IDLE,
    "battery_pct": 80,
    "rate_hz": 0,
    "stream_id": 77,
    "oldest_seq": 0,
    "next_seq": 0,
    "resets": 0,
    "command": 0,
    "result": wire.RESULT_OK,
    "conditions": 0,
    "runs": 0,
    "dropped_runs": 0,
    "free_kb": 4096,
    "cadence_spm": 0,
}


def status(**fields: Any) -> bytes:
    """The bytes of a status with these fields."""
    buffer = bytearray(wire.STATUS_SIZE)
    names = wire.pack_status.__code__.co_varnames[1 : wire.pack_status.__code__.co_argcount]
    wire.pack_status(buffer, **{name: ({**STATUS, **fields}).get(name, 0) for name in names})
    return bytes(buffer)


def packet(sequence: int, stream_id: int = 77, time_us: int | None = None, period_us: int = 10_000) -> bytes:
    """A packet of five samples at 100 Hz."""
    buffer = bytearray(wire.packet_size(5))
    whole_s, part_us = divmod(sequence * 50_000, 1_000_000)
    wire.pack_header(buffer, 0, stream_id, sequence, whole_s, part_us if time_us is None else time_us, period_us, 5)
    for index in range(5):
        wire.pack_sample(buffer, index, *range(10))
    wire.seal(buffer, 5)
    return bytes(buffer)


@dataclass
class HostileClip:
    """answers: called with each command's bytes; returns fields of the status that answers it, None for no answer.

    written: all that the host wrote. paired: what the computer remembers; connections: how often it connected.
    """

    answers: Callable[[bytes], dict[str, Any] | None] = lambda _: {}
    name: str = "UntkA4B5"
    address: str = ADDRESS
    paired: bool | None = True
    pairing: int = wire.PAIRING_SHUT
    first: dict[str, Any] = field(default_factory=dict)
    written: list[bytes] = field(default_factory=list)
    connections: int = 0
    in_range: bool = True
    stack: Stack = field(default_factory=Stack)

    def __post_init__(self) -> None:
        self.notify: dict[str, Callable[[bytearray], None]] = {}
        self.drop: Callable[[], Awaitable[None]] | None = None  # breaks the connection
        self.tasks: set[asyncio.Task[None]] = set()

    def send(self, data: bytes) -> None:
        """Notify of a packet or frame."""
        if callback := self.notify.get(wire.STREAM_UUID):
            callback(bytearray(data))

    def send_each(self, frames: Any, pause_s: float = 0.0) -> None:
        """Notify of these frames, in the background."""

        async def run() -> None:
            for frame in frames:
                await asyncio.sleep(pause_s)
                if wire.STREAM_UUID not in self.notify:
                    return
                self.send(frame)

        task = asyncio.get_running_loop().create_task(run())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    @property
    def backend(self) -> Backend:
        """The radio in which this is the only clip."""
        return Backend(
            type("HostileScanner", (_Scanner,), {"clip": self}),
            type("HostileClient", (_Client,), {"clip": self}),
            self.stack,
        )


class _Scanner(BaseBleakScanner):
    clip: HostileClip

    def __init__(self, detection_callback: Any, service_uuids: Any, *_: Any, **__: Any) -> None:
        super().__init__(detection_callback, service_uuids)

    async def start(self) -> None:
        self.seen_devices = {}
        clip = self.clip
        if not clip.in_range:
            return
        services = {wire.SERVICE_UUID: bytes([clip.pairing])}
        heard = AdvertisementData(clip.name, {}, services, [wire.SERVICE_UUID], None, -50, ())
        details = {} if clip.paired is None else {"props": {"Paired": clip.paired}}
        found = self.create_or_update_device(clip.address, clip.address, clip.name, details, heard)
        self.call_detection_callbacks(found, heard)

    async def stop(self) -> None:
        pass


class _Client(BaseBleakClient):
    clip: HostileClip

    def __init__(self, device: Any, **kwargs: Any) -> None:
        super().__init__(device, disconnected_callback=kwargs["disconnected_callback"], timeout=kwargs["timeout"])
        self._connected = False

    name = property(lambda self: self.clip.name)
    mtu_size = property(lambda self: 247)
    is_connected = property(lambda self: self._connected)

    async def connect(self, pair: bool, **_: Any) -> None:
        self.clip.connections += 1
        self._connected = True
        self.clip.drop = self.disconnect
        service = BleakGATTService(None, 1, wire.SERVICE_UUID)
        self.services = BleakGATTServiceCollection()
        self.services.add_service(service)
        for handle, uuid in enumerate((wire.STREAM_UUID, wire.CONTROL_UUID, wire.STATUS_UUID), 2):
            properties: Any = ["read", "write", "notify"]
            self.services.add_characteristic(
                BleakGATTCharacteristic(None, handle, uuid, properties, lambda: 244, service)
            )

    async def disconnect(self) -> None:
        was, self._connected = self._connected, False
        self.clip.notify.clear()
        if was and self._disconnected_callback:
            self._disconnected_callback()

    async def pair(self, *_: Any, **__: Any) -> None:
        pass

    async def unpair(self) -> None:
        self.clip.paired = False

    async def read_gatt_char(self, *_: Any, **__: Any) -> bytearray:
        return bytearray(status(**self.clip.first))

    async def write_gatt_char(self, _: Any, data: Any, response: bool) -> None:
        data = bytes(data)
        self.clip.written.append(data)
        fields = self.clip.answers(data)
        if fields is not None and (callback := self.clip.notify.get(wire.STATUS_UUID)):
            callback(bytearray(status(**{"command": data[0], **fields})))

    async def start_notify(self, characteristic: Any, callback: Any, **_: Any) -> None:
        self.clip.notify[characteristic.uuid] = callback

    async def stop_notify(self, characteristic: Any) -> None:
        self.clip.notify.pop(characteristic.uuid, None)

    async def read_gatt_descriptor(self, *_: Any, **__: Any) -> bytearray:
        raise NotImplementedError

    async def write_gatt_descriptor(self, *_: Any, **__: Any) -> None:
        raise NotImplementedError
