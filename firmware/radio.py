# The clip's GATT server: advertises, takes what the host writes, notifies packets and status.
# Interrupts only note what happened; the loop of control.py acts on it. A notification that the stack has no room
# for stays in the ring. Handles, connection, MTU and back-pressure live here and nowhere else.

from collections import deque

import bluetooth
import wire
from micropython import const

_IRQ_CENTRAL_CONNECT = const(1)
_IRQ_CENTRAL_DISCONNECT = const(2)
_IRQ_GATTS_WRITE = const(3)
_IRQ_MTU_EXCHANGED = const(21)

_ADVERTISING_INTERVAL_US = const(152500)  # one of the intervals that phones scan for
_DEFAULT_MTU = const(23)
_PREFERRED_MTU = const(512)
_NOTIFY_OVERHEAD = const(3)  # opcode and handle
_PENDING_COMMANDS = const(16)
_BURST = const(4)  # packets to the stack per turn: it must keep buffers for its own answers
_AD_FLAGS = const(0x01)
_AD_UUID128 = const(0x07)
_AD_NAME = const(0x09)


def advertisement(name):
    """The 31 bytes that say who is here: flags, the service's UUID, a name of at most 8 characters."""
    uuid = bytes(bluetooth.UUID(wire.SERVICE_UUID))
    data = bytes((2, _AD_FLAGS, 0x06, 17, _AD_UUID128)) + uuid + bytes((len(name) + 1, _AD_NAME)) + name.encode()
    if len(data) > 31:
        raise ValueError("advertised name is longer than 8 characters")
    return data


class Radio:
    """One connection at a time. `session` counts connections: a command of an earlier one is not obeyed."""

    def __init__(self):
        self._ble = ble = bluetooth.BLE()
        ble.active(True)  # takes its memory first, before anything big
        ble.config(mtu=_PREFERRED_MTU)
        mac = ble.config("mac")[1]
        self.name = "%s%02X%02X" % (wire.NAME_PREFIX, mac[-2], mac[-1])
        ble.config(gap_name=self.name)
        self._commands = deque((), _PENDING_COMMANDS)  # noqa: RUF037 (MicroPython takes no maxlen=)
        self._connection = -1
        self._advertising = False
        self.session = 0
        self.mtu = _DEFAULT_MTU
        ble.irq(self._irq)
        handles = ble.gatts_register_services(
            (
                (
                    bluetooth.UUID(wire.SERVICE_UUID),
                    (
                        (bluetooth.UUID(wire.STREAM_UUID), bluetooth.FLAG_NOTIFY),
                        (bluetooth.UUID(wire.CONTROL_UUID), bluetooth.FLAG_WRITE | bluetooth.FLAG_WRITE_NO_RESPONSE),
                        (bluetooth.UUID(wire.STATUS_UUID), bluetooth.FLAG_READ | bluetooth.FLAG_NOTIFY),
                    ),
                ),
            )
        )
        self._stream_handle, self._control_handle, self._status_handle = handles[0]

    def _irq(self, event, data):
        # May come between any two bytecodes of the loop: only single assignments and one append.
        if event == _IRQ_GATTS_WRITE:
            if data[1] == self._control_handle:
                self._commands.append((self.session, self._ble.gatts_read(self._control_handle)))
        elif event == _IRQ_MTU_EXCHANGED:
            self.mtu = data[1]
        elif event == _IRQ_CENTRAL_CONNECT:
            self.mtu = _DEFAULT_MTU
            self.session += 1
            self._advertising = False
            self._connection = data[0]
        elif event == _IRQ_CENTRAL_DISCONNECT:
            self._connection = -1

    def stay_visible(self):
        """Advertise whenever no host is connected."""
        if self._connection < 0 and not self._advertising:
            self._advertising = True
            self._ble.gap_advertise(_ADVERTISING_INTERVAL_US, adv_data=advertisement(self.name))

    def fits(self, samples_per_packet):
        """Whether a packet of this many samples goes into one notification on this connection."""
        return wire.packet_size(samples_per_packet) + _NOTIFY_OVERHEAD <= self.mtu

    def command(self):
        """What the host wrote, oldest first; None if there is nothing more."""
        while self._commands:
            session, data = self._commands.popleft()
            if session == self.session:
                return data
        return None

    def send(self, ring):
        """Hand the ring's next packets to the stack; False if it has no room: try again later."""
        for _ in range(_BURST):
            packet = ring.peek()
            if packet is None:
                return True
            if not self._notify(self._stream_handle, packet):
                return False
            ring.sent()
        return True

    def set_status(self, status):
        """What a read of the status answers from now on."""
        self._ble.gatts_write(self._status_handle, status)

    def notify_status(self, status):
        """Tell the host; False if the stack has no room: try again later."""
        return self._notify(self._status_handle, status)

    def _notify(self, handle, data):
        if self._connection < 0:
            return False
        try:
            self._ble.gatts_notify(self._connection, handle, data)
        except OSError:  # ENOMEM: no buffer free; others: the connection is just going
            return False
        return True
