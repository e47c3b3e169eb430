"""The firmware's arithmetic on a 32-bit board, and its clocks where they wrap.

An ESP32 has small integers of 31 bits, larger ones are allocated; 32 bits in viper code; single-precision floats; and
ticks that wrap at 2^30. The other tests have 63 bits and doubles. Two ways: in the unix port with checked arithmetic
(emulate_32bit.py), and in a 32-bit interpreter (wasm_board.py), each compared with the firmware as it is.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from tests.firmware.emulate_32bit import HEAP, Arithmetic, rewrite, run_32bit
from tests.firmware.wasm_board import prepare, run_wasm
from virtual_clip.bno085_motion import chip_values
from virtual_clip.micropython_script import run_script

from untuck import wire
from untuck.simulate.runner import simulate
from untuck.simulate.scenario import Phase, Scenario

PROBES = Path(__file__).resolve().parent / "on_board"
WRAPS_MS = [1 << 30, 1 << 31, 1 << 32]  # of the clock: 12, 25 and 50 days after the clip was switched on
PHASES = (Phase("stand", 7.0), Phase("run", 25.0), Phase("run", 15.0, tuck_deg=8.0), Phase("run", 13.0))
ONCE_A_COMMAND = {"board.set_unix_s", "losses.seen", "run_transfer.fetch", "wire._check_values"}  # may allocate


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checked")
    rewrite(folder)
    return folder


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scripts write their files into a folder of the test's own."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def wasm(tmp_path: Path) -> Path:
    folder = tmp_path / "wasm"
    folder.mkdir()
    prepare(folder)
    return folder


@pytest.fixture(scope="module")
def run() -> bytes:
    """A minute of standing, running, a tuck and its end, at 100 Hz."""
    samples = simulate(Scenario(PHASES), seed=3, rate_hz=100).samples
    assert samples.quat is not None
    return chip_values(samples.gyr_rad_s, samples.acc_m_s2, samples.quat).astype("<i2").tobytes()


def extremes() -> bytes:
    """Every axis at the end of its range for a second at a time, along the vertical too; then random values."""
    rng = np.random.default_rng(1)
    count = 3000
    quat = rng.normal(size=(count, 4))
    quat[:1000] = [1, 0, 0, 0]
    quat[1000:2000] = [0.888074, 0.325058, -0.325058, 0]  # the vertical is the diagonal of the axes
    quat /= np.linalg.norm(quat, axis=1)[:, None]
    values = np.full((count, 6), 32767) * np.where(np.arange(count) // 100 % 2, 1, -1)[:, None]
    values[2000:] = rng.integers(-32768, 32768, size=(1000, 6))
    return np.hstack([np.round(16384 * quat), values]).astype("<i2").tobytes()


def extreme_packets(count: int) -> bytes:
    """Packets of extreme values with gaps, jumps in time and periods of up to 65 ms, as encode_probe.py reads them."""
    rng = np.random.default_rng(5)
    out = []
    time_us, sequence = 7_000_000, 0
    for _ in range(count):
        samples = int(rng.integers(1, 11))
        packet = bytearray(wire.packet_size(samples))
        sequence += int(rng.choice([1, 1, 1, 1, 5]))
        time_us += int(rng.choice([50_000, 50_000, 49_000, 230_000, 700_000_000]))
        wire.pack_header(packet, 0, 7, sequence, *divmod(time_us, 1_000_000), int(rng.integers(1, 65536)), samples)
        for index in range(samples):
            wire.pack_sample(packet, index, *rng.choice([-32768, 32767, 0, 1, -1], 10).tolist())
        wire.seal(packet, samples)
        out.append(struct.pack("<H", len(packet)) + packet)
    return b"".join(out)


def only_small(found: Arithmetic) -> bool:
    """Whether nothing is too large, and floats are used only to design the filter."""
    return not found.too_large and {place.partition(":")[0] for place in found.floats} <= {"gait.begin"}


def test_a_sample_needs_only_small_integers_from_cargo_to_flash_record(checked: Path) -> None:
    found = run_32bit(checked, "speed_probe", 200, 200)
    assert only_small(found), found.too_large


def test_integers_stay_small_when_the_clock_is_old_and_the_ticks_wrap(checked: Path) -> None:
    found = run_32bit(checked, "day_probe", 1, (1 << 30) - 30_000_000, 1 << 29, WRAPS_MS[0] // 1000 - 30)
    samples, wrong, _, _, packets, steps, _ = map(int, found.output.split())
    assert only_small(found), found.too_large
    assert (samples, wrong, packets) == (6000, 0, 1200) and steps == pytest.approx(6000 / 36, abs=1)


def test_cues_are_the_same_in_single_precision_and_where_the_clock_wraps(
    run: bytes, checked: Path, tmp_path: Path
) -> None:
    path = tmp_path / "run"
    path.write_bytes(run)
    usual = run_script(PROBES / "arithmetic_probe.py", path, 100, 1000, "measure")
    assert [line.split()[2] for line in usual.splitlines()[:3]] == ["5", "1", "5"]
    for start_ms in [1000, *(wrap_ms - 38_000 for wrap_ms in WRAPS_MS)]:
        found = run_32bit(checked, "arithmetic_probe", path, 100, start_ms, "measure")
        assert found.output == usual and only_small(found), (start_ms, found.too_large)


@pytest.mark.parametrize("rate_hz", wire.RATES_HZ)
def test_integers_stay_small_with_extreme_values(rate_hz: int, checked: Path, tmp_path: Path) -> None:
    path = tmp_path / "extremes"
    path.write_bytes(extremes())
    usual = run_script(PROBES / "arithmetic_probe.py", path, rate_hz, 1000, "known")
    found = run_32bit(checked, "arithmetic_probe", path, rate_hz, 1000, "known")
    assert found.output == usual and only_small(found), found.too_large


def test_compression_needs_no_more_than_32_bits(checked: Path, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(extreme_packets(150))
    run_script(PROBES / "encode_probe.py", tmp_path / "in", tmp_path / "usual")
    found = run_32bit(checked, "encode_probe", tmp_path / "in", tmp_path / "out")
    assert only_small(found), found.too_large
    assert (tmp_path / "out").read_bytes() == (tmp_path / "usual").read_bytes()


def test_invalid_bytes_make_no_large_integers(checked: Path) -> None:
    """Seed 55 sends a base timestamp out of range in the first of two fragments."""
    found = run_32bit(checked, "fuzz_probe", 900, 200, 55)
    assert {place.partition(":")[0] for place in found.too_large} <= ONCE_A_COMMAND, found.too_large


def test_long_idle_times_stop_no_clock_and_open_no_window() -> None:
    output = run_script(PROBES / "idle_probe.py", heap=HEAP)
    words = {line.split()[0]: list(map(int, line.split()[1:])) for line in output.splitlines()}
    assert words["idle"] == [40 * 60]
    assert words["open"] == [0]
    assert words["standing"] == [wire.CUE_RECOVERED]


def test_a_32_bit_interpreter_allocates_nothing_from_cargo_to_flash_record(wasm: Path) -> None:
    grown, _, passed = map(float, run_wasm(wasm, "speed_probe", 200, 500).split()[1:])
    assert grown == 0 and passed >= 1500


def test_a_32_bit_interpreter_gives_the_same_cues_at_any_age_of_the_clock(
    run: bytes, wasm: Path, tmp_path: Path
) -> None:
    path = tmp_path / "run"
    path.write_bytes(run)
    usual = run_script(PROBES / "arithmetic_probe.py", path, 100, 1000, "measure")
    (wasm / "run").write_bytes(run)
    for start_ms in [WRAPS_MS[0] - 38_000, WRAPS_MS[1] - 38_000]:
        assert run_wasm(wasm, "arithmetic_probe", "run", 100, start_ms, "measure") == usual


def test_a_32_bit_interpreter_compresses_to_the_same_bytes(wasm: Path, tmp_path: Path) -> None:
    packets = extreme_packets(150)
    (tmp_path / "in").write_bytes(packets)
    run_script(PROBES / "encode_probe.py", tmp_path / "in", tmp_path / "usual")
    (wasm / "in").write_bytes(packets)
    _, _, grown = map(int, run_wasm(wasm, "encode_probe", "in", "out").split())
    assert grown == 0 and (wasm / "out").read_bytes() == (tmp_path / "usual").read_bytes()


def test_a_32_bit_interpreter_handles_large_numbers_alike(wasm: Path) -> None:
    usual = run_script(PROBES / "wide_numbers_probe.py", heap=HEAP)
    assert run_wasm(wasm, "wide_numbers_probe") == usual
