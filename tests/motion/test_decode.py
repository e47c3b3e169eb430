"""Packets to samples and back: exact values, no duplicates, damage counted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from untuck import wire
from untuck.errors import PacketError
from untuck.motion.decode import Decoder

INT16 = st.integers(-32768, 32767)


def packet(
    sequence: int,
    time_us: int,
    rows: list[tuple[int, ...]],
    stream_id: int = 7,
    period_us: int = 10000,
    flags: int = 0,
    sensor: int = wire.SENSOR_BNO085,
) -> bytes:
    buffer = bytearray(wire.packet_size(len(rows)))
    time_s, time_us = divmod(time_us, 1_000_000)
    wire.pack_header(buffer, flags, stream_id, sequence, time_s, time_us, period_us, len(rows), sensor)
    for index, row in enumerate(rows):
        wire.pack_sample(buffer, index, *row)
    assert wire.seal(buffer, len(rows)) == len(buffer)
    return bytes(buffer)


def stream(count: int) -> list[bytes]:
    rows = [(16384, 0, 0, 0, 0, 0, 2510, 1, 2, 3)] * 5
    return [packet(n, 50_000 * n, rows) for n in range(count)]


@given(st.lists(st.tuples(*[INT16] * 10), min_size=1, max_size=12), st.integers(0, 2**32 - 1))
def test_values_come_back_exactly(rows: list[tuple[int, ...]], sequence: int) -> None:
    samples = Decoder().push([packet(sequence, 123_456_789, rows)])
    numbers = np.array(rows)
    assert (np.rint(samples.quat * wire.QUAT_SCALE) == numbers[:, :4]).all()
    assert (np.rint(samples.acc_m_s2 * wire.ACC_SCALE) == numbers[:, 4:7]).all()
    assert (np.rint(samples.gyr_rad_s * wire.GYR_SCALE) == numbers[:, 7:]).all()
    assert samples.time_s == pytest.approx(123.456789 + 0.01 * np.arange(len(rows)), abs=1e-9)


@given(st.integers(0, 121), st.integers(1, 255))
def test_no_flipped_byte_passes(at: int, flip: int) -> None:
    good = bytearray(stream(1)[0])
    good[at] ^= flip
    decoder = Decoder()
    assert len(decoder.push([bytes(good)])) == 0
    assert decoder.corrupt == 1


def test_a_packet_of_another_version_stops_only_if_its_checksum_is_correct() -> None:
    other = bytearray(stream(1)[0])
    other[0] = 3
    wire.seal(other, 5)
    with pytest.raises(PacketError, match="version 3, this host version 1: update untuck"):
        Decoder().push([bytes(other)])
    decoder = Decoder()
    assert len(decoder.push([*stream(3), bytes(other), *stream(5)[3:]])) == 25  # one among many is damage
    assert decoder.corrupt == 1


def test_another_version_whose_checksum_is_not_known_is_believed_after_a_second() -> None:
    """A version to come may seal its packets differently."""
    other = bytes([3, *stream(1)[0][1:]])
    decoder = Decoder()
    assert len(decoder.push([other] * 19 + stream(2) + [other] * 19)) == 10
    with pytest.raises(PacketError, match="update untuck"):
        decoder.push([other])


def test_values_are_scaled_by_the_sensor_of_their_packet() -> None:
    row = (0, 0, 0, 0, 128, 0, -256, 1024, 0, 2048)
    got = Decoder().push([packet(0, 0, [row] * 2, sensor=wire.SENSOR_ICM45686)])
    assert got.acc_m_s2[0].tolist() == [1.0, 0.0, -2.0] and got.gyr_rad_s[0].tolist() == [1.0, 0.0, 2.0]
    assert got.quat is None and got.acc_end_m_s2 == pytest.approx(256.0, abs=0.01)
    mixed = Decoder().push([packet(0, 0, [row]), packet(1, 10_000, [row], sensor=wire.SENSOR_ICM45686)])
    assert mixed.acc_m_s2[:, 0].tolist() == [0.5, 1.0] and mixed.gyr_rad_s[:, 0].tolist() == [2.0, 1.0]
    assert mixed.quat is not None and mixed.acc_end_m_s2 is None  # as of the first packet


def test_an_unknown_sensor_stops_at_once_unless_known_ones_came_before() -> None:
    other = packet(3, 150_000, ROWS, sensor=len(wire.SENSORS))
    with pytest.raises(PacketError, match=r"sensor that this version does not know \(number 2\): update untuck"):
        Decoder().push([other])
    decoder = Decoder()
    assert len(decoder.push([*stream(3), other, *stream(5)[3:]])) == 25 and decoder.corrupt == 1
    with pytest.raises(PacketError, match="update untuck"):
        decoder.push([other] * 20)


def test_every_sensors_scales_are_powers_of_two() -> None:
    """The clip divides by them with shifts."""
    for _, acc_scale, gyr_scale, acc_end, gyr_end, _ in wire.SENSORS:
        assert acc_scale & (acc_scale - 1) == 0 == gyr_scale & (gyr_scale - 1)
        assert 0 < acc_end <= 32767 and 0 < gyr_end <= 32767


HOUR_US = 3_600_000_000
ROWS = [(16384, 0, 0, 0, 0, 0, 2510, 1, 2, 3)] * 5
STRAYS = {  # ahead of the right sequence number and time in us
    "time": (0, HOUR_US),
    "sequence": (2**31, 0),
    "time and sequence": (72_000, HOUR_US),
    "the last of all": (2**32 - 500, 4_294_967_000 * 1_000_000),
}


@pytest.mark.parametrize("name", STRAYS)
@pytest.mark.parametrize("at", (0, 1, 5, 399))
def test_one_well_formed_packet_far_ahead_costs_only_itself(name: str, at: int) -> None:
    good = stream(400)
    decoder = Decoder()
    sequence, time_us = STRAYS[name]
    stray = packet(at + sequence, 50_000 * at + time_us, ROWS)
    samples = decoder.push([*good[:at], stray, *good[at:]])
    first = at == 0  # the first packet of all is accepted, and given up after three others
    assert len(samples) >= 5 * (400 - 2 * first) and np.all(np.diff(samples.time_s) > 0)
    assert decoder.implausible <= 2 and decoder.lost <= 2
    if not first:
        assert (decoder.corrupt, decoder.implausible, decoder.lost, decoder.restarts) == (1, 1, 0, 0)


def test_a_jump_that_the_next_packets_confirm_is_real() -> None:
    late = [packet(1000 + n, HOUR_US + 50_000 * n, ROWS) for n in range(20)]
    decoder = Decoder()
    samples = decoder.push([*stream(20), *late])
    assert len(samples) == 200 and samples.time_s[100] == pytest.approx(3600.0)
    assert (decoder.corrupt, decoder.implausible, decoder.lost) == (0, 0, 980)


def test_a_gap_as_long_on_the_hosts_clock_is_real_at_once() -> None:
    decoder = Decoder()
    for number, data in enumerate(stream(20)):
        decoder.arrival_s = 0.05 * number
        decoder.push([data])
    decoder.arrival_s = 3600.0
    assert len(decoder.push([packet(72_000, HOUR_US, ROWS)])) == 5 and decoder.implausible == 0


def test_a_clock_that_runs_back_for_good_goes_on_after_a_break() -> None:
    decoder = Decoder()
    late = [packet(20 + n, 50_000 * n, ROWS) for n in range(20)]
    samples = decoder.push([*stream(20), *late])
    assert len(samples) == 200 and np.all(np.diff(samples.time_s) > 0) and decoder.restarts == 1
    assert (decoder.corrupt, decoder.lost) == (0, 0)


@pytest.mark.parametrize(("micro_s", "period_us"), ((1_000_000, 10_000), (2**32 - 1, 10_000), (0, 0), (0, 65_535)))
def test_a_time_that_cannot_be_is_dropped(micro_s: int, period_us: int) -> None:
    buffer = bytearray(packet(5, 250_000, ROWS))
    wire.pack_header(buffer, 0, 7, 5, 0, micro_s, period_us, 5)
    wire.seal(buffer, 5)
    decoder = Decoder()
    good = stream(20)
    assert len(decoder.push([*good[:5], bytes(buffer), *good[5:]])) == 100
    assert (decoder.corrupt, decoder.lost) == (1, 0)


ANY = st.tuples(st.integers(0, 60), st.integers(0, 60), st.sampled_from((0, 0, HOUR_US)), st.sampled_from((7, 7, 8)))


@given(st.lists(ANY, max_size=60), st.lists(st.integers(1, 7), max_size=60))
def test_chunks_of_any_packets_give_the_same(parts: list[tuple[int, ...]], sizes: list[int]) -> None:
    sent = [packet(sequence, 50_000 * slot + ahead, ROWS, stream_id) for sequence, slot, ahead, stream_id in parts]
    whole, chunked = Decoder(), Decoder()
    expected = whole.push(sent).time_s
    times, at = [], 0
    for size in [*sizes, len(sent)]:
        times.append(chunked.push(sent[at : at + size]).time_s)
        at += size
    assert np.array_equal(np.concatenate(times), expected) and np.all(np.diff(expected) > 0)
    counts = ("packets", "corrupt", "implausible", "doubles", "lost", "restarts", "last_time_s")
    assert all(getattr(whole, name) == getattr(chunked, name) for name in counts)


@given(st.binary(max_size=300))
@settings(max_examples=300)
def test_any_bytes_are_rejected_or_counted(data: bytes) -> None:
    decoder = Decoder()
    try:
        samples = decoder.push([data])
    except PacketError as error:
        assert "version" in str(error)
    else:
        assert len(samples) == 0
        assert decoder.corrupt == 1


def test_lost_and_duplicate_packets_are_counted() -> None:
    packets = stream(10)
    decoder = Decoder()
    samples = decoder.push([*packets[:3], *packets[2:4], *packets[6:]])
    assert (decoder.packets, decoder.doubles, decoder.lost) == (8, 1, 2)
    assert len(samples) == 40
    assert np.diff(samples.time_s).max() == pytest.approx(0.11)


def test_one_packet_in_many_reports_a_low_battery() -> None:
    rows = [(16384, 0, 0, 0, 0, 0, 2510, 0, 0, 0)] * 5
    decoder = Decoder()
    decoder.push([packet(0, 0, rows), packet(1, 50_000, rows, flags=wire.FLAG_LOW_BATTERY), packet(2, 100_000, rows)])
    assert decoder.low_battery and decoder.flags == 0
    decoder.push([packet(0, 0, rows, stream_id=2)])  # the clip was off, and may have been charged
    assert not decoder.low_battery


def test_truncated_packet_is_not_used() -> None:
    decoder = Decoder()
    assert len(decoder.push([stream(1)[0][:-7]])) == 0
    assert decoder.corrupt == 1


def test_restart_of_the_clip_keeps_time_increasing() -> None:
    rows = [(16384, 0, 0, 0, 0, 0, 2510, 0, 0, 0)] * 5
    decoder = Decoder()
    before = decoder.push([packet(0, 90_000_000, rows, stream_id=1)])
    after = decoder.push([packet(0, 0, rows, stream_id=2), packet(1, 50_000, rows, stream_id=2)])
    assert decoder.restarts == 1
    assert decoder.lost == 0
    assert after.time_s[0] > before.time_s[-1] + 0.5
    assert np.diff(after.time_s) == pytest.approx(0.01)


def test_packets_whose_clock_runs_backward_are_dropped() -> None:
    rows = [(16384, 0, 0, 0, 0, 0, 2510, 0, 0, 0)] * 5
    decoder = Decoder()
    decoder.push([packet(0, 5_000_000, rows)])
    assert len(decoder.push([packet(1, 4_000_000, rows)])) == 0
    assert decoder.corrupt == 1
