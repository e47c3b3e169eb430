"""Puts the clip's packets in order, each once, and says what must be asked for again.

Go back n: only the packet that is expected is taken; a later one shows that something is missing, and the clip is asked
to send again from there. Pure: no clock, no radio. What counts as lost, sent again or corrupt is decided here.
"""

from __future__ import annotations

from enum import Enum

from untuck import wire

MAX_ASKED = 3  # times a packet is asked for before it is given up


class Verdict(Enum):
    """What to do with a packet."""

    TAKE = "take"  # it is the next one: pass it on
    OLD = "old"  # seen before, or of another stream: drop it
    GAP = "gap"  # a packet before it is missing: drop it and ask
    CORRUPT = "corrupt"  # damaged on the way: drop it and ask


class ResendTracker:
    """The state of one stream: `expected` is the sequence number that must come next.

    lost: packets that never came; resent: packets that came only after being asked for; corrupt: damaged packets.
    """

    def __init__(self) -> None:
        self.lost = 0
        self.resent = 0
        self.corrupt = 0
        self.begin(0)

    def begin(self, stream_id: int) -> None:
        """A new stream; its first packet has number 0. The counters go on."""
        self.stream_id = stream_id
        self.expected = 0
        self._known = 0  # packets before this one are known to have been sent
        self._again_until = 0  # packets before this one come because they were asked for
        self._tries = 0  # how often the expected packet was asked for

    def judge(self, packet: bytes) -> Verdict:
        """Judge a packet as it came from the radio; TAKE moves on to the next number."""
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
        """The number to ask for, as the expected packet is missing. One asked for too often is given up as lost."""
        if self._tries >= MAX_ASKED:
            self.skip_to(self.expected + 1)
        return self.expected

    def asked(self) -> None:
        """The clip has heard the request: what was sent before comes again."""
        self._tries += 1
        self._again_until = max(self._known, self.expected + 1)

    def resume(self, next_sequence: int) -> int:
        """The number to go on from over a new connection; the clip says which packet it will write next."""
        self._tries = 0
        self._again_until = next_sequence
        return self.expected

    def skip_to(self, sequence: int) -> None:
        """The clip has nothing before this number any more."""
        if sequence > self.expected:
            self.lost += sequence - self.expected
            self.expected = sequence
            self._tries = 0
