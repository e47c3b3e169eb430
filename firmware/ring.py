# Keeps finished packets until the host has acknowledged them, and hands them out again when asked.
# One arena is cut into equal slots when a stream begins; packet n lies in slot n modulo the number of slots.
# Sequence numbers, what is kept, what was sent, what had to go: only here. Nothing is allocated per packet.

import wire
from micropython import const

ARENA_BYTES = const(25900)  # 10 s at 100 Hz: 200 packets of 122 bytes and a few; 16 s at 50 Hz, 5.8 s at 200 Hz
_COUNT_AT = const(18)  # of the byte that says how many samples are in a packet


class Ring:
    """Packets `oldest` to `next - 1` are kept; those from `cursor` on still have to be sent, those before `saved` are
    in the flash too.

    Packets are copied in and out: a view of each slot would take a third as much memory again.
    Sequence numbers start at 0 with each stream; at 25 packets a second they stay small integers for a year.
    """

    def __init__(self, arena_bytes=ARENA_BYTES):
        self._arena = bytearray(arena_bytes)
        self._slot_bytes = 0
        self._out = bytearray(0)
        self._out_holds = -1  # the packet that lies in _out
        self.slots = 0
        self.buffer = bytearray(0)  # where packet `next` is to be written
        self.stream_id = 0
        self.overruns = 0  # packets of this stream that were overwritten before they could be sent or saved
        self.oldest = 0
        self.cursor = 0
        self.saved = 0
        self.next = 0

    def begin(self, stream_id, samples_per_packet):
        """Forget all packets and cut the arena for a new stream."""
        self._slot_bytes = wire.packet_size(samples_per_packet)
        self.slots = len(self._arena) // self._slot_bytes
        self.buffer = bytearray(self._slot_bytes)
        self._out = bytearray(self._slot_bytes)
        self._out_holds = -1
        self.stream_id = stream_id
        self.overruns = 0
        self.oldest = self.cursor = self.saved = self.next = 0

    def make_room(self):
        """Before packet `next` is sealed: the oldest goes if all slots are taken. True if that loses it."""
        if self.next - self.oldest < self.slots:
            return False
        self.oldest += 1
        if self.cursor >= self.oldest:
            return False
        self.cursor = self.oldest
        if self.saved >= self.oldest:
            return False
        self.overruns += 1
        return True

    def commit(self, size):
        """The first `size` bytes of `buffer` are packet `next`, sealed: it waits to be sent."""
        at = self.next % self.slots * self._slot_bytes
        arena = self._arena
        buffer = self.buffer
        for i in range(size):
            arena[at + i] = buffer[i]
        self.next += 1

    def peek(self):
        """The bytes of the packet to be sent next, None if there is none."""
        return None if self.cursor == self.next else self._copy(self.cursor)

    def unsaved(self):
        """The bytes of the packet to be saved next, None if there is none. When it is, count `saved` on."""
        if self.saved < self.oldest:
            self.saved = self.oldest
        return None if self.saved == self.next else self._copy(self.saved)

    def _copy(self, sequence):
        out = self._out
        if self._out_holds != sequence:
            at = sequence % self.slots * self._slot_bytes
            arena = self._arena
            for i in range(self._slot_bytes):
                out[i] = arena[at + i]
            self._out_holds = sequence
        size = wire.packet_size(out[_COUNT_AT])
        return out if size == len(out) else memoryview(out)[:size]  # only a packet cut short by a gap needs a view

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
