# A Bluetooth stack that calls the firmware as MicroPython's NimBLE does, each event when the test says so.
# Takes the place of the module `bluetooth`. It repeats what NimBLE repeats, and stops with an error where that would be
# without end.

import struct

OURS, THEIRS, IDENTITY = 1, 2, 10  # kinds of secrets
IRK_KEY = b"irk"
CONNECT, DISCONNECT, WRITE, READ, MTU, ENCRYPTION, GET, SET = 1, 2, 3, 4, 21, 28, 29, 30
MAX_CONNECTIONS = 4
ENDLESS = 20  # rounds
ESPRESSIF = "<7sxHBxHxxQ16sB16sB16sBxIB7x"
UNKNOWN = "<7sxHBxHxx4xQ16sB16sB16sBxIB11x"  # as a later version might be


def secret(address, ltk=b"L", rand=0, size=16, layout=ESPRESSIF):
    """struct ble_store_value_sec."""
    ediv = 1 if rand else 0
    if layout in (ESPRESSIF, UNKNOWN):
        return struct.pack(layout, address, 0, size, ediv, rand, ltk, 1, b"I", 1, b"C", 0, 0, 0 if rand else 2)
    return struct.pack(layout, address, size, ediv, rand, ltk, 1, b"I", 1, b"C", 0 if rand else 4)


class UUID:
    def __init__(self, text):
        self.text = text

    def __iter__(self):
        return iter(bytes(16))


class BLE:
    """The stack; begin() resets it."""

    one = None

    def __new__(cls):
        return BLE.one

    def begin(self):
        BLE.one = self
        self.handler = None
        self.is_active = False
        self.advertising = 0  # how often it was started
        self.said = None  # the last byte of the scan response
        self.connectable = None
        self.values = {}
        self.connected = {}  # connection: address
        self.sent = []  # (connection, handle, data)
        self.buffers = 1000  # for notifications
        self.failures = []  # errors of the next calls of gap_advertise
        self.during = None  # called within gap_advertise
        self.closed = []
        self.peers = []  # whose private addresses can be resolved
        self.disabled = False
        return self

    def irq(self, handler):
        self.handler = handler

    def call(self, event, *data):
        if self.handler is None:
            return None
        try:
            return self.handler(event, data)
        except Exception:
            self.handler = None
            self.disabled = True

    def active(self, on):
        self.is_active = on
        if on and not self.find(IDENTITY, IRK_KEY):
            self.call(SET, IDENTITY, memoryview(IRK_KEY), memoryview(b"i" * 16))
        while on:
            found = self.call(GET, THEIRS, len(self.peers), None)
            if found is None:
                break
            self.peers.append(bytes(found)[:7])

    def config(self, key=None, **values):
        return (1, b"\xf0\xf1\xf2\xf3\xa4\xb5") if key == "mac" else None

    def gatts_register_services(self, services):
        return ((1, 2, 3), (4,), (5, 6, 7), (8, 9, 10))

    def gatts_set_buffer(self, handle, size):
        pass

    def gatts_write(self, handle, data):
        if not self.is_active:
            raise OSError(19)
        self.values[handle] = bytes(data)

    def gatts_notify(self, connection, handle, data):
        if connection not in self.connected:
            raise OSError(107)
        if not self.buffers:
            raise OSError(12)
        self.buffers -= 1
        self.sent.append((connection, handle, bytes(data)))

    def gatts_read(self, handle):
        return self.values.get(handle, b"command")

    def gap_advertise(self, interval_us, adv_data=None, *, resp_data=None, connectable=True):
        if self.failures:
            raise OSError(self.failures.pop(0))
        if connectable and len(self.connected) >= MAX_CONNECTIONS:
            raise OSError(12)
        self.connectable = connectable
        self.said = resp_data[-1]
        self.advertising += 1
        if interval_us and self.during:
            during, self.during = self.during, None
            during()

    def gap_disconnect(self, connection):
        if self.failures:
            raise OSError(self.failures.pop(0))
        self.closed.append(connection)

    def find(self, kind, address):
        return self.call(GET, kind, 0, memoryview(bytearray(address)))

    def delete_peer(self, address):
        for kind in (OURS, THEIRS):
            for _ in range(ENDLESS):
                if not self.call(SET, kind, memoryview(bytearray(address)), None):
                    break
            else:
                raise AssertionError("endless deletion")

    def connect(self, connection=1, address=b"\1GUEST."):
        """A host with this ble_addr_t, whose event has the address with its most significant byte first."""
        self.connected[connection] = address
        self.call(CONNECT, connection, address[0], memoryview(bytes(reversed(address[1:]))))

    def disconnect(self, connection=1):
        address = self.connected.pop(connection)
        self.call(DISCONNECT, connection, address[0], memoryview(bytes(reversed(address[1:]))))

    def write(self, connection, data, handle=2):
        """A host writes a value."""
        self.values[handle] = data
        self.call(WRITE, connection, handle)

    def read(self, connection, handle):
        """What a host reads over an encrypted link: the value, or an error."""
        return self.call(READ, connection, handle) or self.values.get(handle, b"")

    def pair(self, identity, keys_first=True, parts=(OURS, THEIRS), bonding=True, size=16, connection=1, **value):
        """Pairing: ble_sm_chk_repeat_pairing, then ble_sm_persist_keys and the encryption's event.

        identity: what the bond is stored under; the link's address until then may be a private one.
        """
        address = self.connected[connection]
        for _ in range(ENDLESS):
            if self.find(THEIRS, address) is None:
                break
            self.delete_peer(address)
        else:
            raise AssertionError("endless repeat pairing")
        if not keys_first:
            self.call(ENCRYPTION, connection, 1, 0, int(bonding), size)
        for kind in parts if bonding else ():
            key, data = bytearray(identity), bytearray(secret(identity, size=size, **value))
            if kind == THEIRS and value.get("rand"):
                data[24:44] = bytes(reversed(data[24:44]))  # legacy pairing: each end has its own key
            if bonding:
                self.connected[connection] = identity
            if not self.call(SET, kind, memoryview(key), memoryview(data)):
                raise AssertionError("a refused secret makes the stack delete bonds")
            for i in range(len(data)):
                data[i] = 0  # the stack's memory, which it uses again
        if keys_first:
            self.call(ENCRYPTION, connection, 1, 0, int(bonding), size)

    def encrypt(self, connection=1):
        """Encryption with the stored bond; returns whether there was one."""
        if self.find(OURS, self.connected[connection]) is None:
            return False
        self.call(ENCRYPTION, connection, 1, 0, 1, 16)
        return True
