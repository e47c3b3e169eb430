# Test cases for the firmware's ring.py and stream.py, in MicroPython: `micropython ring_cases.py NAME` runs one case.
# Samples come from a list, so every gap, flag and time is known. tests/firmware/test_ring.py runs all cases.

import sys

import micropython
import wire

from losses import Losses
from ring import Ring
from stream import Stream

losses = Losses()

ring = Ring(losses)  # one for all cases: a second would not fit into the heap


def on_sample(sample, time_s, time_us):
    """Not used here."""


class Feed:
    """Samples at given microseconds with given flags; the ten values count up."""

    def __init__(self, times_us, flags=None):
        self._times_us = times_us
        self._all_flags = flags or {}
        self._next = 0
        self.time_s = self.time_us = self.flags = self.sensor = 0

    def pop(self, sample):
        if self._next == len(self._times_us):
            return False
        for i in range(10):
            sample[i] = 10 * self._next + i
        self.time_s = self._times_us[self._next] // 1000000
        self.time_us = self._times_us[self._next] % 1000000
        self.flags = self._all_flags.get(self._next, 0)
        self._next += 1
        return True


def streamed(times_us, flags=None, rate_hz=100):
    stream = Stream(Feed(times_us, flags), ring, on_sample)
    stream.begin(7, rate_hz, rate_hz * 1000)
    assert stream.drain() == len(times_us)
    return stream


def packets():
    out = []
    while ring.peek() is not None:
        out.append(bytes(ring.peek()))
        ring.sent()
    return out


def even(count, period_us=10000, start_us=5000000):
    return range(start_us, start_us + count * period_us, period_us)


def sequences():
    return [wire.unpack_header(packet)[3] for packet in packets()]


def case_samples_are_unpacked_as_they_were():
    stream = streamed(even(12))
    assert len(packets()) == 2
    stream.flush()
    ring.resend(0)
    got = packets()
    assert [wire.check(packet) for packet in got] == ["", "", ""]
    heads = [wire.unpack_header(packet) for packet in got]
    assert heads[0] == (wire.PACKET_VERSION, 0, 7, 0, 5, 0, 10000, 5), heads[0]
    assert heads[1] == (wire.PACKET_VERSION, 0, 7, 1, 5, 50000, 10000, 5), heads[1]
    assert heads[2] == (wire.PACKET_VERSION, 0, 7, 2, 5, 100000, 10000, 2), heads[2]
    assert wire.unpack_sample(got[1], 3) == tuple(range(80, 90))


def case_the_period_is_the_measured_mean():
    streamed([1000000, 1010100, 1020300, 1030200, 1040500])
    assert wire.unpack_header(packets()[0])[6] == 10125


def case_a_gap_closes_the_packet_early():
    times_us = list(even(7)) + list(even(5, start_us=5100000))
    stream = streamed(times_us)
    stream.flush()
    heads = [wire.unpack_header(packet) for packet in packets()]
    assert [(h[1], h[7]) for h in heads] == [(0, 5), (0, 2), (wire.FLAG_GAP, 5)], heads
    assert [h[4] * 1000000 + h[5] for h in heads] == [5000000, 5050000, 5100000]
    assert all(h[6] == 10000 for h in heads)


def case_a_single_sample_has_the_nominal_period():
    stream = streamed([1000000], rate_hz=50)
    stream.flush()
    head = wire.unpack_header(packets()[0])
    assert head[6] == 20000 and head[7] == 1


def case_the_granted_rate_judges_gaps():
    stream = Stream(Feed(even(5, 8000)), ring, on_sample)
    stream.begin(7, 100, 125000)
    stream.drain()
    assert [wire.unpack_header(packet)[1:] for packet in packets()] == [(0, 7, 0, 5, 0, 8000, 5)]
    stream = Stream(Feed([0, 13000, 21000]), ring, on_sample)
    stream.begin(8, 100, 125000)
    stream.drain()
    stream.flush()
    assert [wire.unpack_header(packet)[7] for packet in packets()] == [1, 2]


def case_time_that_stands_still_or_jumps_is_a_gap():
    for second_us in (5000000, 4990000, 5000000 + 3000000, 2000000000):
        stream = streamed([5000000, second_us])
        stream.flush()
        assert [wire.unpack_header(packet)[1] for packet in packets()] == [0, wire.FLAG_GAP], second_us


def case_gap_and_reset_flags_start_a_packet_and_other_flags_do_not():
    flags = {2: wire.FLAG_RESET, 4: wire.FLAG_CLIPPED, 6: wire.FLAG_NO_QUAT}
    stream = streamed(even(8), flags)
    stream.flush()
    heads = [wire.unpack_header(packet) for packet in packets()]
    assert [(h[1], h[7]) for h in heads] == [
        (0, 2),
        (wire.FLAG_RESET | wire.FLAG_CLIPPED | wire.FLAG_NO_QUAT, 5),
        (0, 1),
    ], heads


def case_a_new_stream_discards_the_old_one():
    stream = streamed(even(13))
    stream.begin(8, 50, 50000)
    assert ring.peek() is None and ring.next == 0 and ring.stream_id == 8
    stream.flush()
    assert ring.next == 0


def case_packets_are_kept_until_acknowledged():
    streamed(even(50))
    assert sequences() == list(range(10))
    assert ring.resend(3) and sequences() == [3, 4, 5, 6, 7, 8, 9]
    assert ring.acknowledge(5) and ring.oldest == 6
    assert not ring.resend(5)
    assert sequences() == [6, 7, 8, 9]
    assert ring.acknowledge(2) and ring.oldest == 6


def case_unsent_packets_cannot_be_acknowledged_or_requested():
    streamed(even(50))
    assert not ring.acknowledge(10) and ring.oldest == 0
    assert not ring.resend(11) and ring.cursor == 0
    assert ring.resend(10) and ring.peek() is None


def case_acknowledged_packets_are_not_sent():
    streamed(even(50))
    ring.acknowledge(7)
    assert sequences() == [8, 9]


def case_after_a_lost_connection_unacknowledged_packets_are_sent_again():
    streamed(even(50))
    packets()
    ring.acknowledge(3)
    ring.unsend()
    assert sequences() == [4, 5, 6, 7, 8, 9]


def case_ten_seconds_are_kept():
    for rate_hz, seconds in ((50, 10), (100, 10), (200, 5)):
        ring.begin(1, wire.SAMPLES_PER_PACKET[rate_hz])
        assert ring.slots >= seconds * rate_hz // wire.SAMPLES_PER_PACKET[rate_hz], (rate_hz, ring.slots)


def case_overrun_is_counted_and_flagged():
    stream = Stream(Feed(even(1500)), ring, on_sample)
    stream.begin(7, 100, 100000)
    stream.drain()
    lost = 300 - ring.slots
    assert losses.packets == ring.oldest == lost
    for sequence in range(lost, 300):  # a packet that replaced an unsent one has the flag
        packet = ring.peek()
        assert wire.check(packet) == ""
        _, flags, _, found = wire.unpack_header(packet)[:4]
        assert found == sequence and flags == (wire.FLAG_OVERRUN if sequence >= ring.slots else 0), sequence
        ring.sent()
    assert ring.peek() is None


def case_overwriting_saved_packets_is_no_overrun_and_sent_ones_are_lost():
    small = Ring(losses, 1300)
    small.begin(7, 5)
    assert small.slots == 10
    for _ in range(40):
        assert not small.make_room()
        small.commit(122)
        small.saved += 1
    assert losses.packets == 0 and small.oldest == 30
    for number in range(40):
        assert small.make_room() == (number >= 10)  # the first ten overwrite saved packets
        small.commit(122)
        small.sent()
    assert losses.packets == 30 and small.oldest == 70


def case_a_rewound_packet_is_saved_again():
    small = Ring(losses, 1300)
    small.begin(7, 5)
    for _ in range(8):
        small.make_room()
        small.commit(122)
        assert small.unsaved() is not None
        small.saved += 1
    small.unsave(3)
    assert small.saved == 5
    small.acknowledge(6)
    small.unsave(3)
    assert small.saved == 7  # never before the oldest


def case_a_sample_and_a_packet_allocate_nothing():
    stream = Stream(Feed(even(2000)), ring, on_sample)
    stream.begin(7, 100, 100000)
    micropython.heap_lock()
    try:
        stream.drain()
        while ring.peek() is not None:
            ring.sent()
        ring.acknowledge(390)
        ring.resend(395)
    finally:
        micropython.heap_unlock()
    assert ring.next == 400


def main():
    globals()["case_" + sys.argv[1]]()
    print("ok", sys.argv[1])


main()
