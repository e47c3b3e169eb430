# The clip's Bluetooth server (GATT): advertises, receives the hosts' writes, notifies packets and status. Interrupts
# only record what happened; the loop of control.py acts on it. A notification for which the stack has no buffer stays
# in the ring. Several devices may be connected; one of them is the host, which commands the clip and gets its data.

import sys
from time import ticks_add, ticks_diff, ticks_ms

import bluetooth
import wire
from micropython import const

import services
from bonds import MOST_TRUSTED
from links import Commands

_IRQ_CENTRAL_CONNECT = const(1)
_IRQ_CENTRAL_DISCONNECT = const(2)
_IRQ_GATTS_WRITE = const(3)
_IRQ_GATTS_READ_REQUEST = const(4)
_IRQ_MTU_EXCHANGED = const(21)
_IRQ_ENCRYPTION_UPDATE = const(28)
_IRQ_GET_SECRET = const(29)
_IRQ_SET_SECRET = const(30)
_NO_INPUT_NO_OUTPUT = const(3)
_FAILED = const(0xFF)  # address type in a disconnect event: a connection was not established

_INSUFFICIENT_AUTHORIZATION = const(0x08)

_ADVERTISING_INTERVAL_US = const(152500)  # two of the intervals that phones expect;
_SLOW_INTERVAL_US = const(1022500)  # this one while a host uses the clip
_DEFAULT_MTU = const(23)
_PREFERRED_MTU = const(512)
_MOST_CONNECTIONS = const(3)  # of the controller of a plain ESP32
_LONGEST_COMMAND = const(32)
_SILENT_MS = const(10000)  # a host that has sent no command for so long may be replaced by another
_RETRY_MS = const(1000)
_BURST = const(4)  # packets per turn; the stack needs the other buffers for its own answers


class Radio:
    """The links of `bonds`, and which of them is the host: the first that sends a command.

    connections: changes whenever the host does. A link that is not trusted gets no data, and its commands are dropped.
    Another trusted link may read and gets battery and running; its commands are rejected while the host is active.
    faulty: an interrupt has failed. trunk: the clip is worn on the trunk, which it advertises.
    """

    def __init__(self, bonds):
        self.bonds = bonds
        self.connections = 0
        self.faulty = self.trunk = False
        self.commands = Commands()
        self._error = None  # of an interrupt, not printed yet
        self._links = bonds.links
        self._host = None
        self._changes = 0  # connections and disconnections: each ends advertising
        self._advertised = -1  # value of _changes, and what was said, when advertising was started
        self._retry_ms = self._close_ms = ticks_ms()
        self._control_handle = self._status_handle = -1
        self._status = bytearray(wire.STATUS_SIZE)
        self._has_status = False
        self._rejected = None  # the link whose command was rejected because of another host, until it is answered
        self._rejected_opcode = 0
        self._answer = bytearray(wire.STATUS_SIZE)
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
        ble.gatts_set_buffer(self._status_handle, wire.STATUS_SIZE)
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
        # Can run between any two bytecodes of the loop: only single assignments, no growth, and calls of bonds.
        if event == _IRQ_GET_SECRET:
            return self.bonds.find(*data)
        if event == _IRQ_SET_SECRET:
            return self.bonds.store(*data)
        if event in (_IRQ_CENTRAL_CONNECT, _IRQ_CENTRAL_DISCONNECT):
            self._changes += 1
            self._retry_ms = ticks_ms()
        if event == _IRQ_CENTRAL_CONNECT:
            self.bonds.begin(*data)
            return None
        link = self._link(data[0])
        if link is None:
            return _INSUFFICIENT_AUTHORIZATION if event == _IRQ_GATTS_READ_REQUEST else None
        if event == _IRQ_CENTRAL_DISCONNECT:
            if data[1] != _FAILED:
                self.bonds.end(link)
                if link is self._host:
                    self._host = None
                    self.connections += 1
        elif event == _IRQ_GATTS_WRITE:
            if data[1] == self._control_handle and link.trusted:
                link.heard_ms = ticks_ms()
                self.commands.put(link, self._ble.gatts_read, self._control_handle)
        elif event == _IRQ_GATTS_READ_REQUEST:
            return self._may_read(link, data[1])
        elif event == _IRQ_MTU_EXCHANGED:
            link.mtu = data[1]
        elif event == _IRQ_ENCRYPTION_UPDATE:
            self.bonds.on_encryption(link, bool(data[1]), bool(data[3]), data[4])
        return None

    def _link(self, handle):
        for link in self._links:
            if link.handle == handle:
                return link
        return None

    def _may_read(self, link, handle):
        """The stack's answer to a read: 0, or an error. The status reads as no bytes until the link is trusted."""
        if handle == self._status_handle:
            self._ble.gatts_write(handle, self._status if link.trusted and self._has_status else b"")
            return 0
        return 0 if link.trusted else _INSUFFICIENT_AUTHORIZATION

    @property
    def connected(self):
        """Whether a trusted device is connected."""
        return self.bonds.trusted() > 0

    @property
    def mtu(self):
        """Of the host's link."""
        host = self._host
        return _DEFAULT_MTU if host is None else host.mtu

    def maintain(self):
        """Advertise; close links; answer what was rejected; save new bonds; print an interrupt's error."""
        self._close_links()
        if self._rejected is not None:
            self._answer_rejected()
        self._advertise()
        self.bonds.save()
        if self._error:
            error, self._error = self._error, None
            sys.print_exception(error)

    def _close_links(self):
        now_ms = ticks_ms()
        if ticks_diff(now_ms, self._close_ms) < 0:
            return
        for link in self._links:
            if link.unwanted(self.bonds):
                self._close_ms = ticks_add(now_ms, _RETRY_MS)
                try:
                    self._ble.gap_disconnect(link.handle)
                except OSError:
                    pass  # it is ending, or the stack is busy

    def _answer_rejected(self):
        """Answer a second host that the clip is in use."""
        answer = self._answer
        if self._has_status:
            answer[:] = self._status
            answer[wire.STATUS_COMMAND_AT] = self._rejected_opcode
            answer[wire.STATUS_RESULT_AT] = wire.RESULT_IN_USE
            if self._send_to(self._rejected, self._status_handle, answer) or not self._rejected.trusted:
                self._rejected = None

    def _advertise(self):
        """Advertise while another device may connect; else be heard only, so that a host can say why it cannot."""
        changes = self._changes  # first: a host may connect and disconnect before the end
        used = 0
        for link in self._links:
            used += link.handle >= 0
        is_open = used < _MOST_CONNECTIONS and self.bonds.trusted() < MOST_TRUSTED
        said = self.bonds.pairing | (wire.ROLE_TRUNK if self.trunk else 0) | (0 if is_open else wire.LINK_FULL)
        if self._host is not None:
            said |= wire.LINK_HOST
        state = changes << 5 | said
        if self._advertised == state or not self._may_try():
            return
        try:
            self._ble.gap_advertise(
                _ADVERTISING_INTERVAL_US if self._host is None else _SLOW_INTERVAL_US,
                adv_data=services.advertisement(self.name),
                resp_data=services.scan_response(said),
                connectable=is_open,
            )
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
        """Whether a packet of this many samples fits into one notification to the host."""
        return wire.packet_size(samples_per_packet) + wire.NOTIFY_OVERHEAD <= self.mtu

    def command(self):
        """The oldest command of the host, None if there is none. A new host's first one comes at the next call."""
        link = self.commands.link()
        while link is not None and link is not self._host and self._is_taken(link):
            data = self.commands.take()
            self._rejected = link
            self._rejected_opcode = data[0] if data else 0
            link = self.commands.link()
        if link is None or link is self._host:
            return None if link is None else self.commands.take()
        self._host = link
        self.connections += 1
        return None

    def _is_taken(self, link):
        """Whether a host other than the one behind `link` is active."""
        host = self._host
        return (
            host is not None
            and host.trusted
            and host.peer != link.peer
            and ticks_diff(ticks_ms(), host.heard_ms) < _SILENT_MS
        )

    def send(self, ring):
        """Send the ring's next packets; False if the stack has no free buffer: try again later."""
        for _ in range(_BURST):
            packet = ring.peek()
            if packet is None:
                return True
            if not self.notify_stream(packet):
                return False
            ring.sent()
        return True

    def notify_stream(self, data):
        """Send a frame to the host; False if the stack has no free buffer: try again later."""
        return self._send_to(self._host, self._stream_handle, data)

    def set_status(self, status):
        """Set the value of the status characteristic."""
        if status:
            self._status[:] = status
        self._has_status = bool(status)
        self._write(self._status_handle, status)

    def notify_status(self, status):
        """Send the status to the host; False if the stack has no free buffer: try again later."""
        return self._send_to(self._host, self._status_handle, status)

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
        """Send to every trusted link; NimBLE does not report who has subscribed, and others ignore it."""
        for link in self._links:
            self._send_to(link, handle, data)

    def _send_to(self, link, handle, data):
        if link is None or not link.trusted:
            return False
        try:
            self._ble.gatts_notify(link.handle, handle, data)
        except OSError:  # ENOMEM: no free buffer; other errors: the connection is ending
            return False
        return True
