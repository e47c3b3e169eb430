"""Accepts the clip's packets in order, each once, and decides which must be requested again.

Go-back-N: only the expected packet is accepted; a later one shows that some are missing, and the clip must send again
from the expected one. Pure: no clock, no radio. Counts packets that are lost, resent or corrupt.
"""

from __future__ import annotations

from enum import Enum

from untuck import wire

MAX_ASKED = 3  # requests for a packet before it counts as lost


class Verdict(Enum):
    """What to do with a packet."""

    TAKE = "take"  # the expected packet: pass it on
    OLD = "old"  # a duplicate, or of another stream: drop it
    GAP = "gap"  # a packet before it is missing: drop it and request that one
    CORRUPT = "corrupt"  # damaged in transfer: drop it and request it again


class ResendTracker:
    """The state of one stream; `expected` is the next sequence number.

    lost: packets that never came; resent: packets that came only after a request; corrupt: damaged packets.
    """

    def __init__(self) -> None:
        self.lost = 0
        self.resent = 0
        self.corrupt = 0
        self.begin(0)

    def begin(self, stream_id: int) -> None:
        """Start a new stream, whose first packet has number 0. The counters continue."""
        self.stream_id = stream_id
        self.expected = 0
        self._known = 0  # packets before this one have been sent
        self._again_until = 0  # packets before this one come because of a request
        self._tries = 0  # requests for the expected packet

    def receive(self, packet: bytes) -> Verdict:
        """Classify a packet from the radio; TAKE advances `expected`."""
        if wire.check(packet):
            self.corrupt += 1
            return Verdict.CORRUPT
        _, _, stream_id, sequence, *_ = wire.unpack_header(packet)
        if stream_id != self.stream_id or sequence < self.expected:
            return Verdict.OLD
        self._known = max(self._known, sequence + 1)
        if sequence > self.expected:
            return Verdict.GAP
        if sequence < self._again_until:
            self.resent += 1
        self.expected += 1
        self._tries = 0
        return Verdict.TAKE

    def ask(self) -> int:
        """The number to request, as the expected packet is missing. After MAX_ASKED requests it counts as lost."""
        if self._tries >= MAX_ASKED:
            self.skip_to(self.expected + 1)
        return self.expected

    def asked(self) -> None:
        """The clip has received the request: it sends again from there."""
        self._tries += 1
        self._again_until = max(self._known, self.expected + 1)

    def resume(self, next_sequence: int) -> int:
        """The number to continue from after a reconnection. next_sequence: the clip's next packet, from its status."""
        self._tries = 0
        self._again_until = next_sequence
        return self.expected

    def skip_to(self, sequence: int) -> None:
        """The clip no longer has packets before this number: they are lost."""
        if sequence > self.expected:
            self.lost += sequence - self.expected
            self.expected = sequence
            self._tries = 0
