# The clip's Bluetooth server (GATT): advertises, receives the host's writes, notifies packets and status. Interrupts
# only record what happened; the loop of control.py acts on it. A notification for which the stack has no buffer stays
# in the ring. Owns handles, connection and MTU.

import sys
from collections import deque
from time import ticks_add, ticks_diff, ticks_ms

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
_FAILED = const(0xFF)  # address type in a disconnect event: a connection was not established

_ADVERTISING_INTERVAL_US = const(152500)  # one of the intervals that phones expect
_DEFAULT_MTU = const(23)
_PREFERRED_MTU = const(512)
_PENDING_COMMANDS = const(16)
_LONGEST_COMMAND = const(32)
_RETRY_MS = const(1000)
_BURST = const(4)  # packets per turn; the stack needs the other buffers for its own answers


class Radio:
    """One connection at a time. `connections` counts them; commands from an earlier one are dropped.

    A link that `bonds` does not trust gets no data, and its commands are dropped. faulty: an interrupt has failed.
    """

    def __init__(self, bonds):
        self.bonds = bonds
        self.connections = 0
        self.mtu = _DEFAULT_MTU
        self.faulty = False
        self._error = None  # of an interrupt, not printed yet
        self._commands = deque((), _PENDING_COMMANDS)  # noqa: RUF037 (MicroPython takes no maxlen=)
        self._connection = -1
        self._stray = -1  # a second connection, to be closed; it came while maintain() was starting to advertise
        self._changes = 0  # connections and disconnections: each ends advertising
        self._advertised = -1  # value of _changes, and what was said of pairing, when advertising was started
        self._retry_ms = ticks_ms()
        self._control_handle = -1
        self._ble = ble = bluetooth.BLE()
        ble.irq(self._irq)  # before active(), which asks for the secrets that resolve private addresses
        ble.active(True)  # allocates its memory before the large buffers
        ble.config(mtu=_PREFERRED_MTU)
        ble.config(bond=True, le_secure=True, mitm=False, io=_NO_INPUT_NO_OUTPUT)
        mac = ble.config("mac")[1]
        self.name = "%s%02X%02X" % (wire.NAME_PREFIX, mac[-2], mac[-1])
        ble.config(gap_name=self.name)
        handles = ble.gatts_register_services(services.table())
        self._stream_handle, self._control_handle, self._status_handle = handles[0]
        ble.gatts_set_buffer(self._control_handle, _LONGEST_COMMAND)
        self._battery_handle = handles[1][0]
        self._running_handle = handles[2][0]
        for handle, value in services.values(handles):
            ble.gatts_write(handle, value)

    def _irq(self, event, data):
        try:
            return self._handle(event, data)
        except Exception as error:  # MicroPython would disable the handler, and the clip would not advertise again
            self.faulty = True
            self._error = error
            return None

    def _handle(self, event, data):
        # Can run between any two bytecodes of the loop: only single assignments, one append, and calls of bonds.
        if event == _IRQ_GET_SECRET:
            return None if self._stray >= 0 else self.bonds.find(*data)
        if event == _IRQ_SET_SECRET:
            return data[2] is not None if self._stray >= 0 else self.bonds.store(*data)
        connection = data[0]
        if event in (_IRQ_CENTRAL_CONNECT, _IRQ_CENTRAL_DISCONNECT):
            self._changes += 1
            self._retry_ms = ticks_ms()
        if event == _IRQ_CENTRAL_CONNECT:
            if self._connection >= 0:
                self._stray = connection
                return None
            self.mtu = _DEFAULT_MTU
            self.bonds.begin_link()
            self.connections += 1
            self._connection = connection
        elif event == _IRQ_CENTRAL_DISCONNECT:
            if data[1] == _FAILED:
                pass
            elif connection == self._stray:
                self._stray = -1
            elif connection == self._connection:
                self._connection = -1
                self.bonds.begin_link()
        elif connection != self._connection:
            pass
        elif event == _IRQ_GATTS_WRITE:
            if data[1] == self._control_handle and self.bonds.trusted:
                self._commands.append((self.connections, self._ble.gatts_read(self._control_handle)))
        elif event == _IRQ_MTU_EXCHANGED:
            self.mtu = data[1]
        elif event == _IRQ_ENCRYPTION_UPDATE:
            self.bonds.on_encryption(bool(data[1]), bool(data[3]), data[4])
        return None

    @property
    def connected(self):
        """Whether a trusted host is connected."""
        return self._connection >= 0 and self.bonds.trusted

    def maintain(self):
        """Advertise while no host is connected; close a refused link; save new bonds; print an interrupt's error."""
        unwanted = self._stray if self._stray >= 0 else self._connection
        if unwanted < 0:
            self._advertise()
        elif (self._stray >= 0 or self.bonds.refused) and self._may_try():
            try:
                self._ble.gap_disconnect(unwanted)
            except OSError:
                pass  # it is ending, or the stack is busy
        self.bonds.save()
        if self._error:
            error, self._error = self._error, None
            sys.print_exception(error)

    def _advertise(self):
        pairing = self.bonds.pairing
        state = self._changes << 2 | pairing  # a host may connect and disconnect before the call returns
        if self._advertised == state or not self._may_try():
            return
        try:
            self._ble.gap_advertise(
                _ADVERTISING_INTERVAL_US,
                adv_data=services.advertisement(self.name),
                resp_data=services.scan_response(pairing),
            )
            if self._connection >= 0:
                self._ble.gap_advertise(None)
        except OSError:
            return
        self._advertised = state

    def _may_try(self):
        """Whether it is time for a call that may have to be repeated."""
        now_ms = ticks_ms()
        if ticks_diff(now_ms, self._retry_ms) < 0:
            return False
        self._retry_ms = ticks_add(now_ms, _RETRY_MS)
        return True

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
        self._write(self._status_handle, status)

    def notify_status(self, status):
        """Send the status; False if the stack has no free buffer: try again later."""
        return self._notify(self._status_handle, status)

    def update_battery(self, percent):
        """Update the standard battery level; 255 (not measured) is not sent."""
        if percent <= 100:
            level = bytes((percent,))
            self._write(self._battery_handle, level)
            self._notify(self._battery_handle, level)

    def update_running(self, cadence_spm):
        """Notify the standard running measurement."""
        self._notify(self._running_handle, services.running(cadence_spm))

    def _write(self, handle, data):
        try:
            self._ble.gatts_write(handle, data)
        except OSError:
            pass  # no memory, or the radio is off: the old value stays

    def _notify(self, handle, data):
        if not self.connected:
            return False
        try:
            self._ble.gatts_notify(self._connection, handle, data)
        except OSError:  # ENOMEM: no free buffer; other errors: the connection is ending
            return False
        return True
