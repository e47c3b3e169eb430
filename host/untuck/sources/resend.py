"""Accepts the clip's packets in order, each once, and decides which must be requested again.

Go-back-N: only the expected packet is accepted; a later one shows that some are missing, and the clip must send again
from the expected one. Numbers that time and rate do not allow are not believed until they are confirmed.
Pure: no clock, no radio. Counts packets that are lost, resent or corrupt.
"""

from __future__ import annotations

from enum import Enum

from untuck import wire

MAX_ASKED = 3  # requests for a packet that comes damaged before it counts as lost
MOST_ASKED = 12  # for one that the clip keeps and that does not come: more than before the host connects again
MOST_KEPT = 1000  # packets in the clip's memory, which holds 417, and on their way
MOST_PER_S = 55  # packets: 25 at 50 Hz, from a sensor chip that may be 2.1 times as fast as requested
CONFIRMATIONS = 3  # numbers in agreement that make a jump certain
SAME_AGAIN_S = 0.5  # after this time the same number is a confirmation


class Verdict(Enum):
    """What to do with a packet."""

    TAKE = "take"  # the expected packet: pass it on
    OLD = "old"  # a duplicate, or of another stream: drop it
    GAP = "gap"  # a packet before it is missing: drop it and request that one
    CORRUPT = "corrupt"  # damaged in transfer: drop it and request it again
    FAR = "far"  # later than time and rate allow, and not confirmed: drop it


class _Reach:
    """The sequence numbers that a stream can have reached; now_s: host time in seconds, on any clock that goes on."""

    def __init__(self) -> None:
        self.begin(None)

    def begin(self, now_s: float | None, sequence: int = 0) -> None:
        """The clip has sent the packets before this number by now. None: unknown, until allows() is given a time."""
        self._known = sequence, now_s
        self._claim = 0, 0.0
        self._claims = 0

    def allows(self, sequence: int, now_s: float) -> bool:
        """Whether the clip can have made packets up to this number; a jump beyond that must be confirmed."""
        known, known_s = self._known
        if known_s is None:
            self._known, known_s = (known, now_s), now_s
        if sequence <= known + MOST_KEPT + MOST_PER_S * max(0.0, now_s - known_s):
            return True
        (claimed, claimed_s), self._claim = self._claim, (sequence, now_s)
        since_s = max(0.0, now_s - claimed_s)
        least = claimed if since_s >= SAME_AGAIN_S else claimed + 1
        follows = self._claims and least <= sequence <= claimed + MOST_KEPT + MOST_PER_S * since_s
        self._claims = self._claims + 1 if follows else 1
        if self._claims < CONFIRMATIONS:
            return False
        self.begin(now_s, sequence)
        return True


class ResendTracker:
    """The state of one stream; `expected` is the next sequence number.

    lost: packets that never came; resent: packets that came only after a request; corrupt: damaged packets, and those
    with impossible values; far: packets whose number was not believed.
    Methods take the host time now_s in seconds; without it no number is too far ahead.
    """

    def __init__(self) -> None:
        self.lost = 0
        self.resent = 0
        self.corrupt = 0
        self.far = 0
        self._reach = _Reach()
        self.begin(0)

    def begin(self, stream_id: int, now_s: float | None = None) -> None:
        """Start a new stream, whose first packet has number 0. The counters continue."""
        self.stream_id = stream_id
        self.expected = 0
        self._known = 0  # packets before this one have been sent
        self._again_until = 0  # packets before this one come because of a request
        self._tries = 0  # requests for the expected packet,
        self._damaged = 0  # and damaged packets since it is expected
        self._reach.begin(now_s)

    def receive(self, packet: bytes, now_s: float | None = None) -> Verdict:
        """Classify a packet from the radio; TAKE advances `expected`."""
        if wire.check(packet) or not wire.in_range(packet):
            self.corrupt += 1
            self._damaged += 1
            return Verdict.CORRUPT
        _, _, stream_id, sequence, *_ = wire.unpack_header(packet)
        if stream_id != self.stream_id or sequence < self.expected:
            return Verdict.OLD
        if not self._allows(sequence + 1, now_s):
            self.far += 1
            return Verdict.FAR
        self._known = max(self._known, sequence + 1)
        if sequence > self.expected:
            return Verdict.GAP
        if sequence < self._again_until:
            self.resent += 1
        self._advance(sequence + 1, now_s)
        return Verdict.TAKE

    def ask(self) -> int:
        """The number to request, as the expected packet is missing.

        It counts as lost after MAX_ASKED requests if as many damaged packets have come, else after MOST_ASKED.
        """
        if self._tries >= (MAX_ASKED if self._damaged >= MAX_ASKED else MOST_ASKED):
            self.skip_to(self.expected + 1)
        return self.expected

    def asked(self) -> None:
        """The clip has received the request: it sends again from there."""
        self._tries += 1
        self._again_until = max(self._known, self.expected + 1)

    def resume(self, next_sequence: int) -> int:
        """The number to continue from after a reconnection. next_sequence: the clip's next packet, from its status."""
        self._damaged = 0
        self._again_until = min(next_sequence, self.expected + MOST_KEPT)
        return self.expected

    def skip_to(self, sequence: int, next_sequence: int | None = None, now_s: float | None = None) -> bool:
        """The clip no longer has packets before this number: they are lost. False if that is not believed.

        next_sequence: the clip's next packet, from the same status.
        """
        if next_sequence is not None and not (sequence <= next_sequence and self._allows(next_sequence, now_s)):
            self.far += 1
            return False
        if sequence > self.expected:
            self.lost += sequence - self.expected
            self._advance(sequence, now_s)
        return True

    def end(self, stream_id: int, next_sequence: int, now_s: float | None = None) -> int:
        """Where the stream ends that the clip has stopped, from its status; what is not believed ends it here."""
        if stream_id != self.stream_id:
            return 0
        return next_sequence if self._allows(next_sequence, now_s) else self.expected

    def _allows(self, sequence: int, now_s: float | None) -> bool:
        return now_s is None or self._reach.allows(sequence, now_s)

    def _advance(self, sequence: int, now_s: float | None) -> None:
        self.expected = sequence
        self._tries = self._damaged = 0
        if now_s is not None:
            self._reach.begin(now_s, sequence)
