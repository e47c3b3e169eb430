# Ring buffer of finished packets: keeps each until the host has acknowledged it, and sends it again on request.
# One buffer is divided into equal slots when a stream begins; packet n is in slot n modulo the number of slots.
# Owns sequence numbers. Nothing is allocated per packet.

import wire
from micropython import const

ARENA_BYTES = const(25900)  # 10 s at 100 Hz: 200 packets of 122 bytes and a few; 16 s at 50 Hz, 5.8 s at 200 Hz
_COUNT_AT = const(18)  # offset of the number of samples in a packet


class Ring:
    """Contains packets `oldest` to `next - 1`; those from `cursor` on are unsent, those before `saved` in the flash.

    losses.packets counts the packets that were overwritten before they were acknowledged or saved.

    Packets are copied in and out: a memoryview of each slot would need a third more memory.
    Sequence numbers start at 0 with each stream; at 25 packets a second they stay small integers for a year.
    """

    def __init__(self, losses, arena_bytes=ARENA_BYTES):
        self._losses = losses
        self._arena = bytearray(arena_bytes)
        self._slot_bytes = 0
        self._out = bytearray(0)
        self._out_holds = -1  # sequence number of the packet in _out
        self.slots = 0
        self.buffer = bytearray(0)  # packet `next` is written here
        self.stream_id = 0
        self.oldest = 0
        self.cursor = 0
        self.saved = 0
        self.next = 0

    def begin(self, stream_id, samples_per_packet):
        """Discard all packets and divide the buffer for a new stream."""
        self._slot_bytes = wire.packet_size(samples_per_packet)
        self.slots = len(self._arena) // self._slot_bytes
        self.buffer = bytearray(self._slot_bytes)
        self._out = bytearray(self._slot_bytes)
        self._out_holds = -1
        self.stream_id = stream_id
        self.oldest = self.cursor = self.saved = self.next = 0

    def make_room(self):
        """Before packet `next` is sealed: drop the oldest if all slots are used. True if that packet is lost.

        A packet that was only sent is lost too: nobody has said that it came.
        """
        if self.next - self.oldest < self.slots:
            return False
        self.oldest += 1
        if self.cursor < self.oldest:
            self.cursor = self.oldest
        if self.saved >= self.oldest:
            return False
        self._losses.add_packets(1)
        return True

    def commit(self, size):
        """Add packet `next`: the first `size` bytes of `buffer`, sealed."""
        at = self.next % self.slots * self._slot_bytes
        arena = self._arena
        buffer = self.buffer
        for i in range(size):
            arena[at + i] = buffer[i]
        self.next += 1

    def peek(self):
        """The packet to send next, None if there is none."""
        return None if self.cursor == self.next else self._copy(self.cursor)

    def unsaved(self):
        """The packet to save next, None if there is none. The caller increments `saved` afterwards."""
        if self.saved < self.oldest:
            self.saved = self.oldest
        return None if self.saved == self.next else self._copy(self.saved)

    def unsave(self, count):
        """The last `count` packets taken from `unsaved` are not in the flash: save them again."""
        self.saved = max(self.oldest, self.saved - count)

    def _copy(self, sequence):
        out = self._out
        if self._out_holds != sequence:
            at = sequence % self.slots * self._slot_bytes
            arena = self._arena
            for i in range(self._slot_bytes):
                out[i] = arena[at + i]
            self._out_holds = sequence
        size = wire.packet_size(out[_COUNT_AT])
        return out if size == len(out) else memoryview(out)[:size]  # only a packet shortened by a gap needs a view

    def sent(self):
        """The radio has accepted the packet of `peek`."""
        self.cursor += 1

    def acknowledge(self, sequence):
        """The host has this packet and all before it; False if there is no such packet yet."""
        if sequence >= self.next:
            return False
        if sequence >= self.oldest:
            self.oldest = sequence + 1
            self.cursor = max(self.cursor, self.oldest)
        return True

    def resend(self, sequence):
        """Send again from this packet on; False if it is not available. If it was dropped, start from the oldest."""
        if sequence > self.next:
            return False
        self.cursor = max(sequence, self.oldest)
        return sequence >= self.oldest

    def unsend(self):
        """The connection has ended: send all packets again that the host has not acknowledged."""
        self.cursor = self.oldest
