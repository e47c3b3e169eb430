# The clip's Bluetooth server (GATT): advertises, receives the host's writes, notifies packets and status. Interrupts
# only record what happened; the loop of control.py acts on it. A notification for which the stack has no buffer stays
# in the ring. Owns handles, connection and MTU.

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

_ADVERTISING_INTERVAL_US = const(152500)  # one of the intervals that phones expect
_DEFAULT_MTU = const(23)
_PREFERRED_MTU = const(512)
_PENDING_COMMANDS = const(16)
_LONGEST_COMMAND = const(32)
_BURST = const(4)  # packets per turn; the stack needs the other buffers for its own answers


class Radio:
    """One connection at a time. `connections` counts them; commands from an earlier one are dropped.

    A link that `bonds` does not trust gets no data, and its commands are dropped.
    """

    def __init__(self, bonds):
        self.bonds = bonds
        self._ble = ble = bluetooth.BLE()
        ble.active(True)  # allocates its memory before the large buffers
        ble.config(mtu=_PREFERRED_MTU)
        ble.config(bond=True, le_secure=True, mitm=False, io=_NO_INPUT_NO_OUTPUT)
        mac = ble.config("mac")[1]
        self.name = "%s%02X%02X" % (wire.NAME_PREFIX, mac[-2], mac[-1])
        ble.config(gap_name=self.name)
        self._commands = deque((), _PENDING_COMMANDS)  # noqa: RUF037 (MicroPython takes no maxlen=)
        self._connection = -1
        self._advertising = False
        self.connections = 0
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
        # Can run between any two bytecodes of the loop: only single assignments, one append, and calls of bonds.
        if event == _IRQ_GATTS_WRITE:
            if data[1] == self._control_handle and self.bonds.trusted:
                self._commands.append((self.connections, self._ble.gatts_read(self._control_handle)))
        elif event == _IRQ_MTU_EXCHANGED:
            self.mtu = data[1]
        elif event == _IRQ_CENTRAL_CONNECT:
            self.mtu = _DEFAULT_MTU
            self.bonds.begin_link()
            self.connections += 1
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
        """Whether a trusted host is connected."""
        return self._connection >= 0 and self.bonds.trusted

    def maintain(self):
        """Advertise while no host is connected; close a refused link; save new bonds."""
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
                pass  # it has just disconnected
        self.bonds.save()

    def off(self):
        """Switch the radio off until the clip restarts."""
        self._ble.active(False)

    def fits(self, samples_per_packet):
        """Whether a packet of this many samples fits into one notification of this connection."""
        return wire.packet_size(samples_per_packet) + wire.NOTIFY_OVERHEAD <= self.mtu

    def command(self):
        """The oldest command that the host wrote, None if there is none."""
        while self._commands:
            connection, data = self._commands.popleft()
            if connection == self.connections:
                return data
        return None

    def send(self, ring):
        """Send the ring's next packets; False if the stack has no free buffer: try again later."""
        for _ in range(_BURST):
            packet = ring.peek()
            if packet is None:
                return True
            if not self._notify(self._stream_handle, packet):
                return False
            ring.sent()
        return True

    def notify_stream(self, data):
        """Send a frame; False if the stack has no free buffer: try again later."""
        return self._notify(self._stream_handle, data)

    def set_status(self, status):
        """Set the value of the status characteristic."""
        self._ble.gatts_write(self._status_handle, status)

    def notify_status(self, status):
        """Send the status; False if the stack has no free buffer: try again later."""
        return self._notify(self._status_handle, status)

    def update_battery(self, percent):
        """Update the standard battery level; 255 (not measured) is not sent."""
        if percent <= 100:
            level = bytes((percent,))
            self._ble.gatts_write(self._battery_handle, level)
            self._notify(self._battery_handle, level)

    def update_running(self, cadence_spm):
        """Notify the standard running measurement."""
        self._notify(self._running_handle, services.running(cadence_spm))

    def _notify(self, handle, data):
        if not self.connected:
            return False
        try:
            self._ble.gatts_notify(self._connection, handle, data)
        except OSError:  # ENOMEM: no free buffer; other errors: the connection is ending
            return False
        return True
