# Keeps finished packets until the host has acknowledged them, and hands them out again when asked.
# One arena is cut into equal slots when a stream begins; packet n lives in slot n modulo the number of slots.
# Sequence numbers, what is kept, what was sent, what had to go: only here. Nothing is allocated per packet.

from array import array

import wire
from micropython import const

ARENA_BYTES = const(25900)  # 10 s at 100 Hz: 200 packets of 122 bytes and a few; 5 s at 200 Hz
MAX_SLOTS = const(256)  # 10 s at 50 Hz; the view of each slot costs memory too


class Ring:
    """Packets `oldest` to `next - 1` are kept; those from `cursor` on still have to be sent; `next` is being filled.

    Sequence numbers start at 0 with each stream; at 25 packets a second they stay small integers for a year.
    """

    def __init__(self, arena_bytes=ARENA_BYTES):
        self._arena = memoryview(bytearray(arena_bytes))
        self._views = []
        self._sizes = array("H")
        self.slots = 0
        self.stream_id = 0
        self.overruns = 0  # packets of this stream that were overwritten before they could be sent
        self.oldest = 0
        self.cursor = 0
        self.next = 0

    def begin(self, stream_id, samples_per_packet):
        """Forget all packets and cut the arena for a new stream."""
        size = wire.packet_size(samples_per_packet)
        self.slots = min(MAX_SLOTS, len(self._arena) // size)
        self._views = []  # the old ones go before the new ones come
        self._views = [self._arena[i * size : (i + 1) * size] for i in range(self.slots)]
        self._sizes = array("H", bytes(2 * self.slots))
        self.stream_id = stream_id
        self.overruns = 0
        self.oldest = self.cursor = self.next = 0

    def open(self):
        """The buffer that packet `next` is to be written into. The oldest packet goes if there is no other room."""
        if self.next - self.oldest >= self.slots:
            self.oldest += 1
            if self.cursor < self.oldest:
                self.cursor = self.oldest
                self.overruns += 1
        return self._views[self.next % self.slots]

    def commit(self, size):
        """Packet `next`, of `size` bytes, is sealed and waits to be sent."""
        self._sizes[self.next % self.slots] = size
        self.next += 1

    def peek(self):
        """The bytes of the packet to be sent next, None if there is none."""
        if self.cursor == self.next:
            return None
        slot = self.cursor % self.slots
        view = self._views[slot]
        size = self._sizes[slot]
        return view if size == len(view) else view[:size]  # only a packet cut short by a gap needs a view of its own

    def sent(self):
        """The packet of `peek` was taken by the radio."""
        self.cursor += 1

    def acknowledge(self, sequence):
        """This packet and all before it are safe with the host; False if there is no such packet yet."""
        if sequence >= self.next:
            return False
        if sequence >= self.oldest:
            self.oldest = sequence + 1
            self.cursor = max(self.cursor, self.oldest)
        return True

    def resend(self, sequence):
        """Send again from here on; False if that is not kept. If it is gone, all that is kept is sent again."""
        if sequence > self.next:
            return False
        self.cursor = max(sequence, self.oldest)
        return sequence >= self.oldest

    def unsend(self):
        """The connection is gone: what it was given and the host has not acknowledged may never have arrived."""
        self.cursor = self.oldest
