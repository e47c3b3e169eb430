"""The clip's end of the virtual radio: a bumble device controlled by shims/bluetooth.py.

It serves one loopback socket; each message (type, length, body) is a call of MicroPython's `BLE`, each answer an
interrupt. A notification's credit returns when the controller has sent it, so a stalled channel causes ENOMEM. Keys
are the firmware's, asked for as NimBLE does (nimble_store.py); it also decides what may be read. As in MicroPython's
builds there are at most four connections. Tests can damage single packets and let calls fail.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import struct
from collections import deque
from collections.abc import Awaitable, Callable

from bumble import hci
from bumble.att import ATT_Error, ATT_Handle_Value_Notification, Attribute, AttributeValue
from bumble.core import UUID
from bumble.device import AdvertisingType, Connection, Device
from bumble.gatt import Characteristic, Service
from bumble.host import DataPacketQueue
from bumble.pairing import PairingConfig, PairingDelegate
from bumble.smp import Session

from virtual_clip.nimble_store import NimbleStore
from virtual_clip.radio_channel import RadioChannel

NOTIFY_CREDITS = 12  # about the buffers NimBLE has for outgoing data, of all connections
MAX_CONNECTIONS = 4  # CONFIG_BT_NIMBLE_MAX_CONNECTIONS of MicroPython's builds
_FLAG_WRITES, _FLAG_READ = 0x0C, 0x02  # MicroPython's flags are the characteristic's properties
_PROPERTIES = 0xFF
_READ_ENCRYPTED, _WRITE_ENCRYPTED = 0x0200, 0x1000
_UUID_BYTES = 16
_DEFAULT_VALUE_SIZE = 20  # a write is truncated to this, unless gatts_set_buffer says another size
_KEY_SIZE = 16

Damage = Callable[[bytes], bytes | None]


def _length(data: bytes | None) -> int:
    return 255 if data is None else len(data)


class _Delegate(PairingDelegate):
    """Answers a pairing request after NimBLE has looked for an old bond."""

    def __init__(self, store: NimbleStore, connection: Connection, io_capability: int) -> None:
        super().__init__(PairingDelegate.IoCapability(io_capability))
        self._store, self._connection = store, connection

    async def accept(self) -> bool:
        """Whether the host may pair."""
        await self._store.let_pair(self._connection.peer_address)
        return True


class BumblePeripheral:
    """`port`: where the firmware connects. `damage` can change each notification of `damaged_uuid`; None loses it.

    keys_first: secrets are stored before the encryption's event, as in Espressif's NimBLE since 1.4; else after it.
    advertising_errors: errno of the next calls of gap_advertise. advertised: how often it was started.
    """

    def __init__(self, channel: RadioChannel, address: str, damaged_uuid: str) -> None:
        self.port = 0
        self.damage: Damage | None = None
        self.written: list[bytes] = []  # what the host wrote, newest last
        self.keys_first = True
        self.advertising_errors: deque[int] = deque()
        self.advertised = 0
        self.store = NimbleStore(self._get_secret, self._set_secret, self._finish_pairing)
        self._damaged_uuid = UUID(damaged_uuid)
        self._channel = channel
        self._address = address
        self._mtu = 23
        self._name = "nimble"
        self._settings = bytes(4)
        self._device: Device | None = None  # one for each run of the firmware
        self._connections: dict[int, Connection] = {}
        self._characteristics: dict[int, Characteristic[bytes]] = {}
        self._values: dict[int, bytes] = {}
        self._sizes: dict[int, int] = {}
        self._marks: deque[int] = deque()  # the queue's count after each notification that is not sent yet
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._whole = asyncio.Lock()  # a message of the firmware is done whole before the radio stops
        self._stopped = False
        self._asked: deque[asyncio.Future[bytes]] = deque()
        self._do = {
            b"M": self._set_mtu,
            b"L": self._set_name,
            b"P": self._set_security,
            b"R": self._register,
            b"A": self._advertise,
            b"B": self._set_size,
            b"V": self._set_value,
            b"N": self._notify,
            b"X": self._disconnect,
            b"G": self._answered,
            b"S": self._answered,
            b"Q": self._answered,
        }

    @property
    def in_flight(self) -> int:
        """Notifications of the firmware that are not sent yet."""
        return len(self._marks)

    async def start(self) -> None:
        """Wait on the loopback socket for the firmware."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop the radio and close the socket."""
        self._stopped = True
        await self._stop_radio()
        if self._writer:
            self._writer.close()
        if self._server:
            self._server.close()

    async def drop(self) -> None:
        """Break all connections, like a lost radio contact."""
        for connection in list(self._connections.values()):
            await self._break(connection)

    async def _break(self, connection: Connection) -> None:
        if self._device:
            await self._device.disconnect(connection, hci.HCI_REMOTE_USER_TERMINATED_CONNECTION_ERROR)

    async def fail_connection(self) -> None:
        """A host tries to connect and fails, which ends advertising; MicroPython reports a disconnection."""
        assert self._device is not None
        await self._stop_advertising(self._device)
        self._send(b"D", struct.pack("<HB6s", 0xFFFF, 0xFF, b""))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._writer = writer
        self._send(b"H", bytes((NOTIFY_CREDITS,)) + bytes.fromhex(self._address.replace(":", "")))
        starting = asyncio.create_task(self._start_stack())
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                kind, length = struct.unpack("<cH", await reader.readexactly(3))
                body = await reader.readexactly(length)
                async with self._whole:
                    if self._stopped:
                        break
                    await self._do[kind](body)
        starting.cancel()
        while self._asked:
            self._asked.popleft().cancel()
        if self._writer is writer:  # else the firmware runs again, on a radio of its own
            await self._stop_radio()

    async def _start_stack(self) -> None:
        self.store = NimbleStore(self._get_secret, self._set_secret, self._finish_pairing)
        await self.store.start()
        self._send(b"U", b"")

    async def _stop_radio(self) -> None:
        async with self._whole:
            device, self._device = self._device, None
            if device is not None:
                for connection in list(self._connections.values()):
                    await device.disconnect(connection, hci.HCI_REMOTE_USER_TERMINATED_CONNECTION_ERROR)
                await self._stop_advertising(device)
                self._channel.remove(device)

    @property
    def _queue(self) -> DataPacketQueue:
        assert self._device is not None and self._device.host.le_acl_packet_queue is not None
        return self._device.host.le_acl_packet_queue

    async def _get_secret(self, kind: int, index: int, key: bytes | None) -> bytes | None:
        answer = await self._ask(b"G", bytes((kind, index, _length(key), 255)) + (key or b""))
        return answer[1:] if answer[0] else None

    async def _set_secret(self, kind: int, key: bytes, value: bytes | None) -> bool:
        body = bytes((kind, 0, len(key), _length(value))) + key + (value or b"")
        return (await self._ask(b"S", body))[0] == 1

    async def _ask(self, kind: bytes, body: bytes) -> bytes:
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._asked.append(answer)
        self._send(kind, body)
        return await asyncio.wait_for(answer, 60)

    async def _answered(self, body: bytes) -> None:
        answer = self._asked.popleft()
        if not answer.done():
            answer.set_result(body)

    async def _disconnect(self, body: bytes) -> None:
        connection = self._connections.get(struct.unpack("<H", body)[0])
        if connection is not None:
            await self._break(connection)

    def _send(self, kind: bytes, body: bytes) -> None:
        if self._writer:
            self._writer.write(struct.pack("<cH", kind, len(body)) + body)

    async def _set_mtu(self, body: bytes) -> None:
        self._mtu = struct.unpack("<H", body)[0]

    async def _set_name(self, body: bytes) -> None:
        self._name = body.decode()

    async def _set_security(self, body: bytes) -> None:
        self._settings = body

    def _pairing_config(self, connection: Connection) -> PairingConfig:
        bond, secure, mitm, io_capability = self._settings
        delegate = _Delegate(self.store, connection, io_capability)
        return PairingConfig(sc=bool(secure), mitm=bool(mitm), bonding=bool(bond), delegate=delegate)

    async def _register(self, body: bytes) -> None:
        self._device = device = self._channel.make_device(self._name, self._address)
        self._connections.clear()
        self._marks.clear()
        device.on("connection", self._on_connection)
        device.gatt_server.max_mtu = self._mtu
        device.keystore = self.store
        device.irk = self.store.irk
        device.pairing_config_factory = self._pairing_config
        await device.power_on()
        self._queue.on("flow", self._return_credits)
        while body:
            service, count, body = body[:_UUID_BYTES], body[_UUID_BYTES], body[_UUID_BYTES + 1 :]
            characteristics = []
            for _ in range(count):
                flags, handle = struct.unpack_from("<HH", body, _UUID_BYTES)
                characteristics.append(self._characteristic(body[:_UUID_BYTES], flags, handle))
                body = body[_UUID_BYTES + 4 :]
            device.add_service(Service(UUID.from_bytes(service), characteristics))

    def _characteristic(self, uuid: bytes, flags: int, handle: int) -> Characteristic[bytes]:
        permissions = Attribute.Permissions(0)
        if flags & _FLAG_READ:
            permissions |= Attribute.READABLE
        if flags & _FLAG_WRITES:
            permissions |= Attribute.WRITEABLE
        if flags & _READ_ENCRYPTED:
            permissions |= Attribute.READ_REQUIRES_ENCRYPTION
        if flags & _WRITE_ENCRYPTED:
            permissions |= Attribute.WRITE_REQUIRES_ENCRYPTION

        def write(connection: Connection, value: bytes) -> None:
            self.written.append(value)
            kept = value[: self._sizes.get(handle, _DEFAULT_VALUE_SIZE)]
            self._send(b"W", struct.pack("<HH", connection.handle, handle) + kept)

        async def read(connection: Connection) -> bytes:
            refused = await self._ask(b"Q", struct.pack("<HH", connection.handle, handle))
            if refused[0]:
                raise ATT_Error(refused[0])
            return self._values[handle]

        self._values[handle] = b""
        value = AttributeValue(read=read, write=write)
        characteristic = Characteristic(
            UUID.from_bytes(uuid), Characteristic.Properties(flags & _PROPERTIES), permissions, value
        )
        self._characteristics[handle] = characteristic
        return characteristic

    async def _advertise(self, body: bytes) -> None:
        error = self.advertising_errors.popleft() if self.advertising_errors else 0
        if not error and self._device is not None:
            await self._stop_advertising(self._device)
            interval_us, connectable, length = struct.unpack_from("<IBB", body)
            if interval_us and connectable and len(self._connections) >= MAX_CONNECTIONS:
                error = errno.ENOMEM
            elif interval_us:
                self.advertised += 1
                kind = AdvertisingType.UNDIRECTED_SCANNABLE
                if connectable:
                    kind = AdvertisingType.UNDIRECTED_CONNECTABLE_SCANNABLE
                await self._device.start_advertising(
                    advertising_type=kind,
                    advertising_data=body[6 : 6 + length],
                    scan_response_data=body[6 + length :],
                    advertising_interval_min=interval_us / 1000,
                    advertising_interval_max=interval_us / 1000,
                )
        self._send(b"A", bytes((error,)))

    async def _stop_advertising(self, device: Device) -> None:
        """Bumble fails if the advertising ends meanwhile, by a connection or another call."""
        try:
            await device.stop_advertising()
        except KeyError:
            device.legacy_advertising_set = None

    async def _set_size(self, body: bytes) -> None:
        handle, size = struct.unpack("<HH", body)
        self._sizes[handle] = size

    async def _set_value(self, body: bytes) -> None:
        self._values[struct.unpack_from("<H", body)[0]] = body[2:]

    async def _notify(self, body: bytes) -> None:
        connection_handle, handle = struct.unpack_from("<HH", body)
        connection, characteristic = self._connections.get(connection_handle), self._characteristics[handle]
        if self._device is None or connection is None:
            self._send(b"F", bytes((1,)))
            return
        data: bytes | None = body[4:]
        if self.damage and characteristic.uuid == self._damaged_uuid:
            data = self.damage(body[4:])
        if data is not None:
            pdu = ATT_Handle_Value_Notification(
                attribute_handle=characteristic.handle, attribute_value=data[: connection.att_mtu - 3]
            )
            self._device.gatt_server.send_gatt_pdu(connection, bytes(pdu))
        self._marks.append(self._queue.queued)
        self._return_credits()

    def _return_credits(self) -> None:
        if self._device is None:
            return
        completed = self._queue.completed
        out = 0
        while self._marks and self._marks[0] <= completed:
            self._marks.popleft()
            out += 1
        if out:
            self._send(b"F", bytes((out,)))

    def _on_connection(self, connection: Connection) -> None:
        self._connections[connection.handle] = connection
        address = connection.peer_address
        peer = struct.pack("<HB6s", connection.handle, address.address_type & 1, bytes(reversed(bytes(address))))
        self._send(b"C", peer)
        connection.on("connection_encryption_change", lambda: self._on_encryption(connection))
        connection.on("pairing_failure", lambda _reason: self._report_encryption(connection, bonded=False))
        connection.on("disconnection", lambda _reason: self._on_disconnection(connection, peer))
        connection.on(
            "connection_att_mtu_update",
            lambda: self._send(b"M", struct.pack("<HH", connection.handle, connection.att_mtu)),
        )

    def _on_encryption(self, connection: Connection) -> None:
        """NimBLE reports the encryption of a pairing only when the keys are exchanged."""
        session = self._session(connection)
        if session is None or session.completed:
            self._report_encryption(connection, bonded=True)

    def _session(self, connection: Connection) -> Session | None:
        return self._device.smp_manager.sessions.get(connection.handle) if self._device else None

    async def _finish_pairing(self, name: str, persist: Callable[[], Awaitable[None]]) -> None:
        """Of the connection to the peer with this identity."""
        for connection in self._connections.values():
            session = self._session(connection)
            if session is not None and str(session.peer_bd_addr or connection.peer_address) == name:
                break
        else:
            return
        bonded = session.bonding
        if not self.keys_first:
            self._report_encryption(connection, bonded)
        if bonded:
            await persist()
        if self.keys_first:
            self._report_encryption(connection, bonded)

    def _report_encryption(self, connection: Connection, bonded: bool) -> None:
        """Send the firmware the event."""
        encrypted = bool(connection.encryption)
        self._send(b"E", struct.pack("<HBBBB", connection.handle, encrypted, 0, bonded, _KEY_SIZE if encrypted else 0))

    def _on_disconnection(self, connection: Connection, peer: bytes) -> None:
        del self._connections[connection.handle]
        asyncio.get_running_loop().call_soon(self._return_credits)  # when bumble has dropped what was not sent
        self._send(b"D", peer)
