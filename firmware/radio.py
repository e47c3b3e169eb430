# The clip's GATT server: advertises, takes what the host writes, notifies packets, status and the standard services.
# Interrupts only note what happened; the loop of control.py acts on it. A notification that the stack has no room
# for stays in the ring. Handles, connection, MTU and back-pressure live here and nowhere else.

from collections import deque

import bluetooth
import wire
from micropython import const

import services

_IRQ_CENTRAL_CONNECT = const(1)
_IRQ_CENTRAL_DISCONNECT = const(2)
_IRQ_GATTS_WRITE = const(3)
_IRQ_MTU_EXCHANGED = const(21)
_IRQ_ENCRYPTION_UPDATE = const(28)
_IRQ_GET_SECRET = const(29)
_IRQ_SET_SECRET = const(30)
_NO_INPUT_NO_OUTPUT = const(3)

_ADVERTISING_INTERVAL_US = const(152500)  # one of the intervals that phones scan for
_DEFAULT_MTU = const(23)
_PREFERRED_MTU = const(512)
_NOTIFY_OVERHEAD = const(3)  # opcode and handle
_PENDING_COMMANDS = const(16)
_LONGEST_COMMAND = const(32)
_BURST = const(4)  # packets to the stack per turn: it must keep buffers for its own answers


class Radio:
    """One connection at a time. `session` counts connections: a command of an earlier one is not obeyed.

    Nothing goes to a link that `bonds` does not trust, and what it writes is not obeyed.
    """

    def __init__(self, bonds):
        self.bonds = bonds
        self._ble = ble = bluetooth.BLE()
        ble.active(True)  # takes its memory first, before anything big
        ble.config(mtu=_PREFERRED_MTU)
        ble.config(bond=True, le_secure=True, mitm=False, io=_NO_INPUT_NO_OUTPUT)
        mac = ble.config("mac")[1]
        self.name = "%s%02X%02X" % (wire.NAME_PREFIX, mac[-2], mac[-1])
        ble.config(gap_name=self.name)
        self._commands = deque((), _PENDING_COMMANDS)  # noqa: RUF037 (MicroPython takes no maxlen=)
        self._connection = -1
        self._advertising = False
        self.session = 0
        self.mtu = _DEFAULT_MTU
        ble.irq(self._irq)
        handles = ble.gatts_register_services(services.table())
        self._stream_handle, self._control_handle, self._status_handle = handles[0]
        ble.gatts_set_buffer(self._control_handle, _LONGEST_COMMAND)
        self._battery_handle = handles[1][0]
        self._running_handle = handles[2][0]
        for handle, value in services.values(handles):
            ble.gatts_write(handle, value)

    def _irq(self, event, data):
        # May come between any two bytecodes of the loop: only single assignments, one append, and the bonds' answers.
        if event == _IRQ_GATTS_WRITE:
            if data[1] == self._control_handle and self.bonds.trusted:
                self._commands.append((self.session, self._ble.gatts_read(self._control_handle)))
        elif event == _IRQ_MTU_EXCHANGED:
            self.mtu = data[1]
        elif event == _IRQ_CENTRAL_CONNECT:
            self.mtu = _DEFAULT_MTU
            self.bonds.begin_link()
            self.session += 1
            self._advertising = False
            self._connection = data[0]
        elif event == _IRQ_CENTRAL_DISCONNECT:
            self._connection = -1
            self.bonds.begin_link()
        elif event == _IRQ_ENCRYPTION_UPDATE:
            self.bonds.on_encryption(bool(data[1]))
        elif event == _IRQ_GET_SECRET:
            return self.bonds.find(*data)
        elif event == _IRQ_SET_SECRET:
            return self.bonds.store(*data)
        return None

    @property
    def connected(self):
        """Whether a host is connected that may talk."""
        return self._connection >= 0 and self.bonds.trusted

    def maintain(self):
        """Advertise whenever no host is connected; close a link that may not talk; keep new bonds."""
        if self._connection < 0:
            if not self._advertising:
                self._advertising = True
                self._ble.gap_advertise(
                    _ADVERTISING_INTERVAL_US,
                    adv_data=services.advertisement(self.name),
                    resp_data=services.scan_response(),
                )
        elif self.bonds.refused:
            self.bonds.refused = False
            try:
                self._ble.gap_disconnect(self._connection)
            except OSError:
                pass  # it has just gone by itself
        self.bonds.save()

    def off(self):
        """No radio until the clip starts anew."""
        self._ble.active(False)

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

    def notify_stream(self, data):
        """Send a frame; False if the stack has no room: try again later."""
        return self._notify(self._stream_handle, data)

    def set_status(self, status):
        """What a read of the status answers from now on."""
        self._ble.gatts_write(self._status_handle, status)

    def notify_status(self, status):
        """Tell the host; False if the stack has no room: try again later."""
        return self._notify(self._status_handle, status)

    def update_battery(self, percent):
        """The standard battery level; 255 (not measured) is left out."""
        if percent <= 100:
            level = bytes((percent,))
            self._ble.gatts_write(self._battery_handle, level)
            self._notify(self._battery_handle, level)

    def update_running(self, cadence_spm):
        """The standard running measurement."""
        self._notify(self._running_handle, services.running(cadence_spm))

    def _notify(self, handle, data):
        if not self.connected:
            return False
        try:
            self._ble.gatts_notify(self._connection, handle, data)
        except OSError:  # ENOMEM: no buffer free; others: the connection is just going
            return False
        return True
