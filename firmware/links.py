# The clip's Bluetooth connections: what is known of each, and the commands that came over them.
# Interrupts write here, between any two bytecodes of the loop: only single assignments, no growth. Each index of the
# queue has one writer, so that neither side ever sees half a command.

from time import ticks_diff, ticks_ms

from micropython import const

_DEFAULT_MTU = const(23)
_STRANGER_MS = const(5000)  # a link that is not trusted is closed after this time,
_PAIRING_MS = const(30000)  # or, while it may pair or if a bonded host has its address, after this one
_PENDING_COMMANDS = const(8)


class Link:
    """One connection. `handle` is -1 while there is none; `peer` is the ble_addr_t of the other end.

    accepts: whether it may pair; None: not decided. hidden: it pairs again and sees no bond. refused: to be closed.
    heard_ms: when it began, later when its last command came.
    """

    def __init__(self):
        self.handle = -1
        self.serial = 0  # of the connection
        self.peer = bytearray(7)
        self.mtu = _DEFAULT_MTU
        self.heard_ms = 0
        self.end()

    def begin(self, handle, address_type, address):
        """A connection begins; `address` has its most significant byte first, as in the event."""
        self.end()
        peer = self.peer
        peer[0] = address_type & 1
        for i in range(6):
            peer[6 - i] = address[i]
        self.mtu = _DEFAULT_MTU
        self.heard_ms = ticks_ms()
        self.serial += 1
        self.handle = handle

    def end(self):
        """The connection has ended; the next one is not trusted."""
        self.handle = -1
        self.encrypted = self.bonded = self.hidden = self.refused = False
        self.accepts = None

    @property
    def trusted(self):
        """Whether this link may be used: it is encrypted, and its bond was found or accepted."""
        return self.encrypted and self.bonded and not self.refused

    def refuse(self):
        """Never trust this link; the main loop closes it."""
        self.accepts = self.bonded = False
        self.refused = True

    def unwanted(self, bonds):
        """Whether to close this link. It may take its time if it may pair, or has the address of a bonded host."""
        if self.handle < 0 or self.trusted:
            return False
        limit_ms = _PAIRING_MS if self.accepts or bonds.open or bonds.bond(self.peer) else _STRANGER_MS
        return self.refused or not 0 <= ticks_diff(ticks_ms(), self.heard_ms) < limit_ms


class Commands:
    """The commands that wait to be executed. Full: the newest is dropped, and counted in `dropped`."""

    def __init__(self):
        self.dropped = 0
        self._data = [b""] * _PENDING_COMMANDS
        self._links = [None] * _PENDING_COMMANDS
        self._serials = [0] * _PENDING_COMMANDS
        self._first = self._free = 0

    def put(self, link, read, handle):
        """In an interrupt: read(handle) is the command. It is not called if there is no room: it allocates."""
        free = self._free
        after = (free + 1) % _PENDING_COMMANDS
        if after == self._first:
            self.dropped += 1
            return
        self._data[free] = read(handle)
        self._links[free] = link
        self._serials[free] = link.serial
        self._free = after

    def link(self):
        """The link of the oldest command, None if none waits; commands of ended connections are removed."""
        while self._first != self._free:
            link = self._links[self._first]
            if link.trusted and link.serial == self._serials[self._first]:
                return link
            self.take()
        return None

    def take(self):
        """Remove the oldest command and return it."""
        first = self._first
        data = self._data[first]
        self._data[first] = b""
        self._first = (first + 1) % _PENDING_COMMANDS
        return data
