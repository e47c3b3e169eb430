# Turns the sensor's samples into sealed packets in the ring.
# Samples are written directly into the ring's buffer; a packet is closed when it is full or before a gap.
# Owns how samples are grouped, timed and flagged. Nothing is allocated per sample.

from array import array

import wire
from micropython import const

_BEFORE_PACKET = wire.FLAG_GAP | wire.FLAG_RESET  # these describe what happened before a packet's first sample
_US_PER_S = const(1000000)


class Stream:
    """`source` is a SampleQueue: pop(sample) -> bool; time_s, time_us and flags of the sample popped last; sensor.

    on_sample(sample, time_s, time_us) is called for every sample.
    """

    def __init__(self, source, ring, on_sample):
        self._on_sample = on_sample
        self._marks = 0  # flags to set in the next packet
        self._source = source
        self._ring = ring
        self._sample = array("h", bytes(wire.SAMPLE_SIZE))
        self._count = 0  # samples in the current packet
        self._flags = 0
        self._first_s = self._first_us = 0
        self._last_s = self._last_us = 0
        self._full = 0
        self._period_us = 0
        self._longest_us = 0
        self._started = False

    def begin(self, stream_id, rate_hz, granted_mhz):
        """Start a stream: packet size by the requested rate, gaps by the rate that the sensor granted (1/1000 Hz)."""
        self._full = wire.SAMPLES_PER_PACKET[rate_hz]
        self._ring.begin(stream_id, self._full)
        self._period_us = (1000 * _US_PER_S + granted_mhz // 2) // granted_mhz
        self._longest_us = self._period_us * 8 // 5  # as in sample_sync.py
        self._count = self._flags = 0
        self._started = False

    def drain(self):
        """Put all waiting samples into packets; returns how many."""
        taken = 0
        source = self._source
        while source.pop(self._sample):
            self._on_sample(self._sample, source.time_s, source.time_us)
            self._add(source.time_s, source.time_us, source.flags)
            taken += 1
        return taken

    def observe(self):
        """Pass all waiting samples to on_sample, without packets."""
        source = self._source
        while source.pop(self._sample):
            self._on_sample(self._sample, source.time_s, source.time_us)

    def mark(self, flag):
        """Set a flag in the current packet, or in the next one if there is none."""
        self._marks |= flag

    def flush(self):
        """Close the current packet, if it has any samples."""
        if self._count:
            self._close()

    def _add(self, time_s, time_us, flags):
        if self._started and not self._follows(time_s, time_us):
            flags |= wire.FLAG_GAP
        self._started = True
        if flags & _BEFORE_PACKET and self._count:
            self._close()
        if self._count == 0:
            self._first_s = time_s
            self._first_us = time_us
            self._flags = 0
        self._flags |= flags
        s = self._sample
        wire.pack_sample(self._ring.buffer, self._count, s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8], s[9])
        self._last_s = time_s
        self._last_us = time_us
        self._count += 1
        if self._count == self._full:
            self._close()

    def _follows(self, time_s, time_us):
        if not 0 <= time_s - self._last_s <= 1:
            return False
        step_us = (time_s - self._last_s) * _US_PER_S + time_us - self._last_us
        return 0 < step_us <= self._longest_us

    def _close(self):
        ring = self._ring
        steps = self._count - 1
        period_us = self._period_us
        if steps:
            span_us = (self._last_s - self._first_s) * _US_PER_S + self._last_us - self._first_us
            period_us = (span_us + steps // 2) // steps
        if ring.make_room():
            self._flags |= wire.FLAG_OVERRUN
        self._flags |= self._marks
        self._marks = 0
        wire.pack_header(
            ring.buffer,
            self._flags,
            ring.stream_id,
            ring.next,
            self._first_s,
            self._first_us,
            period_us,
            self._count,
            self._source.sensor,
        )
        ring.commit(wire.seal(ring.buffer, self._count))
        self._count = 0
