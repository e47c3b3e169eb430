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
) -> bytes:
    buffer = bytearray(wire.packet_size(len(rows)))
    wire.pack_header(
        buffer, flags, stream_id, sequence, time_us // 1_000_000, time_us % 1_000_000, period_us, len(rows)
    )
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
    if at == 0:
        with pytest.raises(PacketError, match="update"):
            decoder.push([bytes(good)])
    else:
        assert len(decoder.push([bytes(good)])) == 0
        assert decoder.corrupt == 1


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
