"""Processing samples allocates no memory, from the sensor's cargo to the record in the flash."""

from __future__ import annotations

from pathlib import Path

import pytest
from virtual_clip.micropython_script import run_compiled

PROBES = Path(__file__).resolve().parent / "on_board"
SAMPLES = 10_000


@pytest.mark.parametrize("rate_hz", [100, 200])
def test_a_sample_allocates_nothing_from_cargo_to_flash_record(rate_hz: int, tmp_path: Path) -> None:
    output = run_compiled(PROBES / "speed_probe.py", rate_hz, SAMPLES, folder=tmp_path)
    took_us, grown, _, passed = map(float, output.split())
    print(f"{rate_hz} Hz: {took_us:.1f} us a sample")
    assert grown == 0 and passed >= SAMPLES


def test_time_and_heap_hold_when_the_ticks_and_the_sequence_wrap(tmp_path: Path) -> None:
    """Six minutes from just before both wrap; `day_probe.py 1440 0 0 1` simulates a whole day."""
    arguments = 6, (1 << 30) - 150_000_000, (1 << 16) - 500, 1
    output = run_compiled(PROBES / "day_probe.py", *arguments, folder=tmp_path)
    samples, wrong, early, late, packets, steps, runs = map(int, output.split())
    assert samples == 6 * 6000 and wrong == 0 and late <= early
    assert packets == samples // 5 and steps == pytest.approx(samples / 36, rel=0.005) and runs == 1
