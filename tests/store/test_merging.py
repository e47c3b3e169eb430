"""Packets from the clip's flash join the session that has their stream: nothing twice, nothing out of order."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from virtual_clip.stream_checks import motion

from untuck import wire
from untuck.model import Packet
from untuck.simulate.packets import pack
from untuck.store import Settings, Store
from untuck.store.merging import Added, add_to_session
from untuck.store.streams import by_stream, completed, earlier_by_s

PACKETS = pack(motion(30, 100), 100, 7)
SOURCE = "clip UntkA4B5"


def stored(folder: Path, packets: list[bytes], source: str = SOURCE) -> Store:
    """A store with one session of these packets, each of which has come at its time."""
    store = Store(folder / "sessions.db")
    with store.record(source, "run", Settings(rate_hz=100), 1_800_000_000.0) as recording:
        for packet in packets:
            recording.append(Packet(packet, 1000.0 + 0.05 * wire.unpack_header(packet)[3]))
    return store


def sequences(store: Store, number: int = 1) -> list[int]:
    return [wire.unpack_header(packet.data)[3] for packet in store.open(number).packets()]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.booleans(), min_size=100, max_size=100), st.lists(st.booleans(), min_size=100, max_size=100))
def test_any_two_parts_give_their_union_in_order(
    tmp_path_factory: pytest.TempPathFactory, live: list[bool], kept: list[bool]
) -> None:
    packets = PACKETS[:100]
    here = [packet for packet, there in zip(packets, live, strict=True) if there]
    found = [packet for packet, there in zip(packets, kept, strict=True) if there]
    if not here or not found:
        return
    store = stored(tmp_path_factory.mktemp("union"), here)
    random.Random(1).shuffle(found)
    added = add_to_session(store, SOURCE, found)
    union = [number for number in range(100) if live[number] or kept[number]]
    assert sequences(store) == union
    assert added == Added(1, len(union) - len(here))
    assert add_to_session(store, SOURCE, found) == Added(1, 0)  # again: nothing twice
    arrivals_s = [packet.arrival_s for packet in store.open(1).packets()]
    assert arrivals_s == sorted(arrivals_s)


def test_a_filled_gap_is_late_and_a_new_beginning_moves_the_start(tmp_path: Path) -> None:
    store = stored(tmp_path, PACKETS[20:100] + PACKETS[200:300])
    add_to_session(store, SOURCE, PACKETS[:220])
    session = store.open(1)
    came = {wire.unpack_header(packet.data)[3]: packet.arrival_s for packet in session.packets()}
    assert sequences(store) == list(range(300))
    assert came[150] == came[200]  # with the first packet after the gap
    assert session.started_unix_s == pytest.approx(1_800_000_000.0 - 1.0)
    assert session.summary is None  # to be computed again
    add_to_session(store, SOURCE, PACKETS[300:])
    came = {wire.unpack_header(packet.data)[3]: packet.arrival_s for packet in store.open(1).packets()}
    assert came[350] - came[299] == pytest.approx(51 * 0.05 + 10.0, abs=0.2)  # nobody heard a cue of it


def test_another_clip_stream_or_clock_is_another_session(tmp_path: Path) -> None:
    store = stored(tmp_path, PACKETS[:100])
    assert add_to_session(store, "clip UntkFFFF", PACKETS) == Added(None, 0)
    assert add_to_session(store, SOURCE, pack(motion(10, 100), 100, 8)) == Added(None, 0)
    later = [bytearray(packet) for packet in PACKETS[:50]]  # the stream id has come again, months later
    for packet in later:
        packet[8:12] = (wire.unpack_header(packet)[4] + 1_000_000).to_bytes(4, "little")
        wire.seal(packet, packet[18])
    assert add_to_session(store, SOURCE, [bytes(packet) for packet in later]) == Added(None, 0)
    assert sequences(store) == list(range(100))


def test_a_session_that_is_still_recorded_goes_on_after_the_merge(tmp_path: Path) -> None:
    store = Store(tmp_path / "sessions.db")
    with store.record(SOURCE, "run", Settings(rate_hz=100)) as recording:
        recording.write([Packet(packet, 5.0) for packet in PACKETS[50:100]])
        add_to_session(store, SOURCE, PACKETS[:60])
        recording.write([Packet(packet, 9.0) for packet in PACKETS[100:150]])
    assert sequences(store) == list(range(150))


def test_packets_are_parted_by_stream() -> None:
    other = pack(motion(2, 100), 100, 9)
    assert list(by_stream([*PACKETS[:3], *other[:2], *PACKETS[3:4]])) == [PACKETS[:3], other[:2], PACKETS[3:4]]


def test_a_stream_of_which_nothing_is_readable_is_another_session(tmp_path: Path) -> None:
    """The head of a damaged packet names the stream, and no packet of it is left to merge with."""
    damaged = bytearray(PACKETS[0])
    damaged[-1] ^= 1
    store = stored(tmp_path, [bytes(damaged)])
    assert add_to_session(store, SOURCE, PACKETS[:5]) == Added(None, 0)


def test_a_session_anywhere_is_completed_as_one_in_the_store(tmp_path: Path) -> None:
    here = [Packet(packet, 1000.0 + 0.05 * wire.unpack_header(packet)[3]) for packet in PACKETS[20:100]]
    store = stored(tmp_path, PACKETS[20:100])
    add_to_session(store, SOURCE, PACKETS[:200])
    merged = completed(here, PACKETS[:200])
    assert merged == list(store.open(1).packets())
    assert merged[20:100] == here  # to the bit, arrivals too
    assert earlier_by_s(here, merged) == pytest.approx(1.0)
    assert completed(here, [packet.data for packet in here]) == here
    assert completed(here, pack(motion(10, 100), 100, 8)) is None
