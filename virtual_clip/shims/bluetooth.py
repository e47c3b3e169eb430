# MicroPython's `bluetooth` for the virtual clip: calls become messages to bumble_peripheral.py, its answers interrupts.
# One message per write over a loopback socket (UNTUCK_RADIO_PORT): type, length, body. Only what the firmware uses.
# As on the board: interrupts come at any bytecode (a thread watches the socket and schedules them), their data is gone
# when the handler returns, and a handler that raises is disabled. Without credits: ENOMEM; switched off: ENODEV.

import _thread
import asyncio.core
import errno
import os
import socket
import struct
import sys

import micropython
import uselect
from micropython import const

_IRQ_CENTRAL_CONNECT = const(1)
_IRQ_CENTRAL_DISCONNECT = const(2)
_IRQ_GATTS_WRITE = const(3)
_IRQ_GATTS_READ_REQUEST = const(4)
_IRQ_MTU_EXCHANGED = const(21)
_IRQ_ENCRYPTION_UPDATE = const(28)
_IRQ_GET_SECRET = const(29)
_IRQ_SET_SECRET = const(30)
_SHORT_UUID = const("0000%04x-0000-1000-8000-00805f9b34fb")

_LONGEST_ADVERTISEMENT = const(31)
_MESSAGE_SIZE = const(-4)  # NimBLE's BLE_HS_EMSGSIZE, which MicroPython passes on
_SETTINGS = const(("bond", "le_secure", "mitm", "io"))
_NONE = const(255)
_WATCH_MS = const(200)  # a closed socket is noticed after this time


def UUID(text):
    """128 bit, little-endian as over the radio."""
    text = _SHORT_UUID % text if isinstance(text, int) else text
    return bytes(reversed(bytes.fromhex(text.replace("-", ""))))


class BLE:
    _handler = None
    _socket = None
    _values = None
    _connections = ()
    _credits = 0
    _up = False
    _started = None  # the peripheral's answer to gap_advertise
    _draining = False
    _settings = b"\0\0\0\0"

    def active(self, on=None):
        if on and not self._socket:
            self._open()
        elif on is not None and not on and self._socket:
            self._task.cancel()
            self._socket.close()
            self._socket = None
            self._connections = ()
            self._up = False
        return self._socket is not None

    def _open(self):
        self._values = {}
        self._socket = socket.socket()
        self._socket.connect(socket.getaddrinfo("127.0.0.1", int(os.getenv("UNTUCK_RADIO_PORT")))[0][-1])
        self._socket.setsockopt(6, 1, 1)  # TCP_NODELAY
        self._poll = uselect.poll()
        self._poll.register(self._socket, uselect.POLLIN)
        hello = self._receive()[1]
        self._credits = self._full_credits = hello[0]
        self._mac = hello[1:7]
        while not self._up:  # the stack reads its secrets while it starts
            self._dispatch(*self._receive())
        self._task = asyncio.core.create_task(self._listen())
        self._lock = _thread.allocate_lock()
        _thread.start_new_thread(self._watch, (self._socket, self._lock))

    def config(self, key=None, **values):
        if key is not None:
            if key != "mac":
                raise ValueError("unknown config param")
            self._find()
            return 1, self._mac
        for name, value in values.items():
            if name == "mtu":
                self._find()
                self._send(b"M", struct.pack("<H", value))
            elif name == "gap_name":
                self._find()
                self._send(b"L", value.encode())
            elif name in _SETTINGS:
                place = _SETTINGS.index(name)
                self._settings = self._settings[:place] + bytes((int(value),)) + self._settings[place + 1 :]
                self._send(b"P", self._settings)
            else:
                raise ValueError("unknown config param")

    def irq(self, handler):
        self._handler = handler

    def gatts_register_services(self, services):
        self._find()
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
        self._find(handle)
        self._send(b"B", struct.pack("<HH", handle, size))

    def gap_disconnect(self, connection):
        self._find()
        if connection not in self._connections:
            return False
        self._send(b"X", struct.pack("<H", connection))
        return True

    def gap_advertise(self, interval_us, adv_data=b"", *, resp_data=b"", connectable=True):
        if interval_us is not None:
            self._find()
        for data in (adv_data, resp_data):
            if len(data) > _LONGEST_ADVERTISEMENT:
                raise OSError(_MESSAGE_SIZE)
        self._started = None
        self._send(b"A", struct.pack("<IBB", interval_us or 0, int(connectable), len(adv_data)) + adv_data + resp_data)
        while self._started is None:
            self._poll.poll(1)
            self._drain()
        if self._started:
            raise OSError(self._started)

    def gatts_write(self, handle, data):
        self._find(handle)
        self._values[handle] = bytes(data)
        self._send(b"V", struct.pack("<H", handle), data)

    def gatts_notify(self, connection, handle, data):
        self._find(handle)
        if connection not in self._connections:
            raise OSError(errno.ENOTCONN)
        if self._credits == 0:
            raise OSError(errno.ENOMEM)
        self._credits -= 1
        self._send(b"N", struct.pack("<HH", connection, handle), data)

    def _find(self, handle=None):
        if not self._socket:
            raise OSError(errno.ENODEV)
        if handle is None:
            return None
        if handle not in self._values:
            raise OSError(errno.EINVAL)
        return self._values[handle]

    gatts_read = _find

    def _send(self, kind, head, data=b""):
        if self._socket:
            self._socket.write(struct.pack("<1sH", kind, len(head) + len(data)) + head + data)

    def _receive(self):
        kind, length = struct.unpack("<1sH", self._socket.read(3))
        return kind, self._socket.read(length)

    def _watch(self, watched, lock):
        """In a thread of its own: let messages be handled at the main thread's next bytecode."""
        poll = uselect.poll()
        poll.register(watched, uselect.POLLIN)
        while self._socket is watched:
            if poll.poll(_WATCH_MS) and lock.acquire(0):
                micropython.schedule(self._drain, lock)
            elif lock.locked():
                lock.acquire()  # until what is scheduled has been done
                lock.release()

    def _listen(self):
        while True:  # wakes the firmware from waiting
            yield asyncio.core._io_queue.queue_read(self._socket)
            self._drain()

    def _drain(self, lock=None):
        if not self._draining:  # else the interrupted code is handling a message
            self._draining = True
            while self._socket and self._poll.poll(0):
                self._dispatch(*self._receive())
            self._draining = False
        if lock:
            lock.release()

    def _call(self, event, *data):
        if self._handler is None:
            return None
        try:
            return self._handler(event, data)
        except Exception as error:
            print("Unhandled exception in IRQ callback handler")
            sys.print_exception(error)
            self._handler = None

    def _dispatch(self, kind, body):
        if kind == b"F":  # number of notifications sent
            self._credits = min(self._full_credits, self._credits + body[0])
        elif kind == b"W":
            connection, handle = struct.unpack_from("<HH", body)
            self._values[handle] = body[4:]
            self._call(_IRQ_GATTS_WRITE, connection, handle)
        elif kind == b"M":
            self._call(_IRQ_MTU_EXCHANGED, *struct.unpack("<HH", body))
        elif kind == b"C":
            connection, address_type = struct.unpack_from("<HB", body)
            self._connections += (connection,)
            self._call(_IRQ_CENTRAL_CONNECT, connection, address_type, memoryview(body)[3:])
        elif kind == b"D":
            connection, address_type = struct.unpack_from("<HB", body)
            self._connections = tuple([one for one in self._connections if one != connection])
            self._call(_IRQ_CENTRAL_DISCONNECT, connection, address_type, memoryview(body)[3:])
        elif kind == b"Q":
            refused = self._call(_IRQ_GATTS_READ_REQUEST, *struct.unpack("<HH", body))
            self._send(b"Q", bytes((refused or 0,)))
        elif kind == b"E":
            self._call(_IRQ_ENCRYPTION_UPDATE, *struct.unpack("<HBBBB", body))
        elif kind in b"GS":
            view = memoryview(bytearray(body))  # kind, index, length of key and of value, or 255 for none; key; value
            end = 4 + (0 if body[2] == _NONE else body[2])
            key = None if body[2] == _NONE else view[4:end]
            if kind == b"G":
                found = self._call(_IRQ_GET_SECRET, body[0], body[1], key)
                answer = b"\0" if found is None else b"\1" + bytes(found)
            else:
                value = None if body[3] == _NONE else view[end:]
                answer = b"\1" if self._call(_IRQ_SET_SECRET, body[0], key, value) else b"\0"
            view[:] = bytes(len(body))
            self._send(kind, answer)
        elif kind == b"A":
            self._started = body[0]
        elif kind == b"U":
            self._up = True
