"""The bench's model of an adapter's time on the air: known durations, and what must hold for any number of clips."""

from __future__ import annotations

import numpy as np
import pytest
from bench.lib.air import exchange_us, share_the_air

from untuck import wire


def test_a_packet_lasts_as_long_as_the_specification_says() -> None:
    """An empty packet has 80 bits, 80 us; 27 bytes of content and their check 328 us (volume 6, part B, 2.4.2.21)."""
    assert exchange_us(0) == 80 + 150 + 80 + 150
    assert exchange_us(27) == 80 + 150 + (27 + 4 + 10) * 8 + 150
    assert exchange_us(wire.packet_size(5) + 7) == 1524


@pytest.mark.parametrize("clips", [1, 2, 8])
def test_without_losses_a_packet_waits_for_one_interval_at_most(clips: int) -> None:
    found = share_the_air(clips, 100, 30.0, 0.0, seconds=20)
    one = share_the_air(1, 100, 30.0, 0.0, seconds=20)
    assert found.fits and found.max_ms < 30 + exchange_us(wire.packet_size(5) + 7) / 1e3 + 0.01
    assert found.busy == pytest.approx(clips * one.busy, rel=0.02)
    polls_us, packets_us = 1e3 / 30 * exchange_us(0), 20 * (exchange_us(wire.packet_size(5) + 7) - exchange_us(0))
    assert one.busy == pytest.approx((polls_us + packets_us) / 1e6, rel=0.03)


def test_losses_delay_and_cost_time_but_lose_nothing() -> None:
    found = [share_the_air(8, 100, 50.0, loss, seconds=60) for loss in (0.0, 0.1, 0.3)]
    assert all(each.fits for each in found)
    for name in ("busy", "p99_ms", "deepest"):
        assert np.all(np.diff([getattr(each, name) for each in found]) > 0), name


def test_what_is_too_much_does_not_fit() -> None:
    assert not share_the_air(8, 200, 15.0, 0.0, seconds=30).fits  # no packet of 200 Hz fits into 1.9 ms
    assert not share_the_air(40, 100, 60.0, 0.6, seconds=60).fits  # one try in 60 ms, of which six fail in ten
    assert share_the_air(40, 100, 60.0, 0.0, seconds=60).max_ms > 60  # one packet in an interval, 1.2 are due
