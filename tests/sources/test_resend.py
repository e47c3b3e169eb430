"""Packets in order, each once, despite loss and damage; lost packets are counted.

The test simulates a clip that sends again on request; hypothesis loses, damages and duplicates packets.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from untuck import wire
from untuck.sources.resend import MAX_ASKED, MOST_ASKED, ResendTracker, Verdict

STREAM = 77


def packet(sequence: int, stream_id: int = STREAM) -> bytes:
    buffer = bytearray(wire.packet_size(1))
    wire.pack_header(buffer, 0, stream_id, sequence, sequence, 0, 10000, 1)
    wire.pack_sample(buffer, 0, *range(10))
    wire.seal(buffer, 1)
    return bytes(buffer)


def damaged(data: bytes) -> bytes:
    return data[:25] + bytes((data[25] ^ 1,)) + data[26:]


def fresh() -> ResendTracker:
    order = ResendTracker()
    order.begin(STREAM)
    return order


@given(st.lists(st.sampled_from(["fine", "lost", "damaged", "double", "cut"]), max_size=120), st.integers(0, 5))
def test_every_packet_comes_once_and_in_order(harm: list[str], delay: int) -> None:
    """`delay`: packets that are in transfer when the clip receives the request."""
    order, taken, corrupt = fresh(), [], 0
    cursor, again_at, heard_in = 0, None, 0
    total = 60
    for turn in range(1000):
        if again_at is not None:
            heard_in -= 1
            if heard_in < 0:
                cursor, again_at = again_at, None
        fate = harm[turn] if turn < len(harm) else "fine"
        data = packet(cursor)
        cursor += 1
        came = {"lost": [], "damaged": [damaged(data)], "cut": [data[:-3]], "double": [data, data]}.get(fate, [data])
        for one in came:
            verdict = order.receive(one)
            corrupt += verdict is Verdict.CORRUPT
            if verdict is Verdict.TAKE:
                taken.append(wire.unpack_header(one)[3])
            elif verdict is not Verdict.OLD and again_at is None:
                again_at, heard_in = order.ask(), delay
                order.asked()
        if order.expected >= total:
            break
    assert order.expected >= total
    assert taken == sorted(set(taken))
    assert len(taken) + order.lost == order.expected
    assert order.corrupt == corrupt
    if not set(harm) - {"double", "fine"}:
        assert order.lost == order.resent == 0


def test_a_packet_requested_too_often_counts_as_lost() -> None:
    order = fresh()
    assert order.receive(packet(0)) is Verdict.TAKE
    for _ in range(MAX_ASKED):
        assert order.receive(damaged(packet(1))) is Verdict.CORRUPT
        assert order.ask() == 1
        order.asked()
    assert order.lost == 0
    assert order.ask() == 2 and order.lost == 1
    assert order.receive(packet(1)) is Verdict.OLD
    assert order.receive(packet(2)) is Verdict.TAKE


def test_a_packet_that_the_clip_keeps_is_asked_for_until_another_connection_has_been_tried() -> None:
    """A busy computer drops it a few times, or stale packets of before answer: an acknowledgement would free it."""
    order = fresh()
    for tries in range(MOST_ASKED):
        assert order.receive(packet(7)) is Verdict.GAP
        assert order.ask() == 0
        order.asked()
        if tries == MAX_ASKED:
            assert order.receive(damaged(packet(5))) is Verdict.CORRUPT  # another one
        if tries == MOST_ASKED - 2:
            assert order.resume(8) == 0
    assert order.ask() == 1 and order.lost == 1  # a clip that never sends it


def test_a_request_that_the_clip_did_not_receive_does_not_count() -> None:
    order = fresh()
    for _ in range(10):
        assert order.receive(packet(3)) is Verdict.GAP
        assert order.ask() == 0
    assert order.lost == 0


def test_packets_of_another_stream_are_dropped() -> None:
    order = fresh()
    assert order.receive(packet(0, STREAM + 1)) is Verdict.OLD
    assert order.receive(packet(0)) is Verdict.TAKE
    order.begin(STREAM + 1)
    assert order.receive(packet(0, STREAM + 1)) is Verdict.TAKE


def test_packets_that_the_clip_no_longer_has_are_counted_as_lost() -> None:
    order = fresh()
    order.receive(packet(0))
    assert order.resume(40) == 1
    order.skip_to(11)
    assert (order.expected, order.lost) == (11, 10)
    order.skip_to(5)
    assert (order.expected, order.lost) == (11, 10)
    for sequence in range(11, 42):
        assert order.receive(packet(sequence)) is Verdict.TAKE
    assert order.resent == 29
