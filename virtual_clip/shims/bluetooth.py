# MicroPython's `bluetooth` for the virtual clip: calls become messages to bumble_peripheral.py, its answers interrupts.
# One message per write over a loopback socket (UNTUCK_RADIO_PORT): type, length, body. Without credits: ENOMEM.
# Only what the firmware uses. Interrupts come while the firmware awaits; on the board they come at any bytecode.

import asyncio.core
import errno
import os
import socket
import struct

_IRQ_CENTRAL_CONNECT = 1
_IRQ_CENTRAL_DISCONNECT = 2
_IRQ_GATTS_WRITE = 3
_IRQ_MTU_EXCHANGED = 21
_IRQ_ENCRYPTION_UPDATE = 28
_IRQ_GET_SECRET = 29
_IRQ_SET_SECRET = 30
_PEER_SECRET = 1  # the only kind of secret that the peripheral requests
_SHORT_UUID = "0000%04x-0000-1000-8000-00805f9b34fb"

_DEFAULT_VALUE_SIZE = 20  # a central's write is truncated to this, as in MicroPython's NimBLE


class UUID:
    """Stored as 128 bit; bytes(uuid) is little-endian, as over the radio."""

    def __init__(self, text):
        text = _SHORT_UUID % text if isinstance(text, int) else text
        self._bytes = bytes(reversed(bytes.fromhex(text.replace("-", ""))))

    def __iter__(self):
        return iter(self._bytes)

    def __len__(self):
        return len(self._bytes)


class BLE:
    def __init__(self):
        self._socket = None
        self._handler = None
        self._task = None
        self._values = {}
        self._sizes = {}
        self._mac = b""
        self._credits = 0
        self._full_credits = 0

    def active(self, on):
        if on and self._socket is None:
            self._socket = socket.socket()
            self._socket.connect(socket.getaddrinfo("127.0.0.1", int(os.getenv("UNTUCK_RADIO_PORT")))[0][-1])
            self._socket.setsockopt(6, 1, 1)  # TCP_NODELAY
            hello = self._receive()[1]
            self._full_credits = hello[0]
            self._mac = hello[1:7]
            self._task = asyncio.core.create_task(self._listen())
        elif not on:
            self._socket.close()
        return self._socket is not None

    def config(self, key=None, **values):
        if key == "mac":
            return 1, self._mac
        if "mtu" in values:
            self._send(b"M", struct.pack("<H", values["mtu"]))

    def irq(self, handler):
        self._handler = handler

    def gatts_register_services(self, services):
        body = b""
        handles = []
        for uuid, characteristics in services:
            body += bytes(uuid) + bytes((len(characteristics),))
            row = []
            for characteristic in characteristics:
                handle = len(self._values) + 1
                self._values[handle] = b""
                row.append(handle)
                body += bytes(characteristic[0]) + struct.pack("<HH", characteristic[1], handle)
            handles.append(tuple(row))
        self._send(b"R", body)
        return tuple(handles)

    def gatts_set_buffer(self, handle, size):
        self._sizes[handle] = size

    def gap_disconnect(self, connection):
        self._send(b"X", struct.pack("<H", connection))

    def gap_advertise(self, interval_us, adv_data=None, resp_data=None):
        self._send(b"A", struct.pack("<I", interval_us or 0) + (adv_data or b""))

    def gatts_read(self, handle):
        return self._values[handle]

    def gatts_write(self, handle, data):
        self._values[handle] = bytes(data)
        self._send(b"V", struct.pack("<H", handle), data)

    def gatts_notify(self, connection, handle, data):
        if self._credits == 0:
            raise OSError(errno.ENOMEM)
        self._credits -= 1
        self._send(b"N", struct.pack("<HH", connection, handle), data)

    def _send(self, kind, head, data=b""):
        self._socket.write(struct.pack("<1sH", kind, len(head) + len(data)) + head + data)

    def _receive(self):
        kind, length = struct.unpack("<1sH", self._socket.read(3))
        return kind, self._socket.read(length)

    def _listen(self):
        while True:
            yield asyncio.core._io_queue.queue_read(self._socket)
            self._dispatch(*self._receive())

    def _dispatch(self, kind, body):
        if kind == b"F":  # number of notifications sent
            self._credits = min(self._full_credits, self._credits + body[0])
        elif kind == b"W":
            connection, handle = struct.unpack_from("<HH", body)
            self._values[handle] = body[4 : 4 + self._sizes.get(handle, _DEFAULT_VALUE_SIZE)]
            self._handler(_IRQ_GATTS_WRITE, (connection, handle))
        elif kind == b"M":
            self._handler(_IRQ_MTU_EXCHANGED, struct.unpack("<HH", body))
        elif kind == b"C":
            self._credits = self._full_credits
            self._handler(_IRQ_CENTRAL_CONNECT, (struct.unpack_from("<H", body)[0], 1, body[2:8]))
        elif kind == b"E":
            connection, encrypted = struct.unpack_from("<HB", body)
            self._handler(_IRQ_ENCRYPTION_UPDATE, (connection, encrypted, 0, 1, 16))
        elif kind == b"G":
            self._send(b"G", self._handler(_IRQ_GET_SECRET, (_PEER_SECRET, 0, memoryview(body))) or b"")
        elif kind == b"S":
            key = memoryview(body)[1 : 1 + body[0]]
            value = memoryview(body)[1 + body[0] :]
            kept = self._handler(_IRQ_SET_SECRET, (_PEER_SECRET, key, value if len(value) else None))
            self._send(b"S", b"\x01" if kept else b"\0")
        elif kind == b"D":
            self._credits = 0
            self._handler(_IRQ_CENTRAL_DISCONNECT, (struct.unpack_from("<H", body)[0], 1, body[2:8]))
