"""Compression for the flash in MicroPython, decoded by the host: lossless, small enough, damage loses one record.

The size is measured with virtual IMU data of recorded runners; noise and extreme values test correctness.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from virtual_clip.micropython_script import run_script
from virtual_clip.stream_checks import motion

import untuck
from conftest import data_dir
from untuck import wire, wire_runs
from untuck.errors import PacketError
from untuck.samples import Samples
from untuck.simulate.imu import fill_gaps
from untuck.simulate.packets import pack
from untuck.simulate.sensor_noise import Noise
from untuck.sources.run_decoder import decode_run, run_header

PROBE = Path(__file__).resolve().parent / "on_board" / "encode_probe.py"
HEAD = struct.pack(wire_runs.CHUNK_FORMAT, wire_runs.CHUNK_MAGIC, wire_runs.CHUNK_KIND, 1, 0, 1_800_000_000)
MOST_BYTES = 6_000_000 / (1.5 * 3600 * 100)  # a sample: an hour and a half at 100 Hz in 6 MB
RUNNERS = ("RBDS001", "RBDS014", "RBDS026")


def packed(packets: list[bytes], folder: Path) -> bytes:
    """The records that the clip makes of these packets."""
    (folder / "in").write_bytes(b"".join(struct.pack("<H", len(packet)) + packet for packet in packets))
    count, written, grown = map(int, run_script(PROBE, folder / "in", folder / "out").split())
    assert (count, grown) == (len(packets), 0)
    records = (folder / "out").read_bytes()
    assert len(records) == written
    return records


def in_chunks(records: bytes) -> bytes:
    """Records in chunks as the run store writes them: none crosses the end of a chunk."""
    chunks = [HEAD]
    at = 0
    while at < len(records):
        size = wire_runs.RECORD_HEADER_SIZE + struct.unpack_from("<H", records, at)[0]
        if len(chunks[-1]) + size > wire_runs.CHUNK_BYTES:
            chunks[-1] = chunks[-1].ljust(wire_runs.CHUNK_BYTES, b"\xff")
            chunks.append(HEAD)
        chunks[-1] += records[at : at + size]
        at += size
    return b"".join(chunks)


def jittered(samples: Samples, rate_hz: int) -> list[bytes]:
    """Packets whose times jitter by the resolution of the chip's timestamps, like real ones."""
    count = wire.SAMPLES_PER_PACKET[rate_hz]
    steps = np.random.default_rng(3).integers(-1, 2, len(samples) // count + 1)
    time_s = samples.time_s - samples.time_s[0] + 5 + np.repeat(steps, count)[: len(samples)] * 1e-4
    return pack(Samples(time_s, samples.gyr_rad_s, samples.acc_m_s2, samples.quat), rate_hz, 0x4B1D)


@pytest.mark.data
@pytest.mark.parametrize("trial", ["T25", "T35", "T45"])
def test_an_hour_and_a_half_fits_six_megabytes(trial: str, tmp_path: Path) -> None:
    fields = np.load(data_dir("fukuchi", f"fukuchi_{trial}.npz"))
    noise = Noise(impact_g=1.5, gyr_noise_dps=0.3, acc_noise_mg=6)  # more than the chip's
    packets = []
    for runner in RUNNERS:
        pelvis = (
            fields[f"{runner}/pelvis_quat"],
            fields[f"{runner}/sacrum_pos_mm"] / 1000,
            fields[f"{runner}/pelvis_gap"],
        )
        quat, place = fill_gaps(*pelvis)[:2]
        samples, _ = untuck.virtual_imu(quat, place, 150.0, output_rate_hz=100, noise=noise)
        packets += jittered(samples, 100)
    records = packed(packets, tmp_path)
    count = sum(wire.unpack_header(packet)[7] for packet in packets)
    print(f"{trial}: {len(records) / count:.2f} bytes a sample of {count}, 1.5 h: {len(records) / count * 0.54:.2f} MB")
    assert len(records) / count < MOST_BYTES
    again, damaged = decode_run(in_chunks(records))
    assert damaged == 0 and again == packets


@pytest.mark.parametrize("rate_hz", wire.RATES_HZ)
def test_noise_is_decoded_exactly(rate_hz: int, tmp_path: Path) -> None:
    packets = jittered(motion(6, rate_hz), rate_hz)
    again, damaged = decode_run(in_chunks(packed(packets, tmp_path)))
    assert damaged == 0 and again == packets


def test_a_kept_run_says_which_sensor_measured_it(tmp_path: Path) -> None:
    packets = pack(without_quat(motion(6, 100)), 100, 0x4B1D, wire.SENSOR_ICM45686)
    records = packed(packets, tmp_path)
    kind = wire_runs.CHUNK_KIND + wire.SENSOR_ICM45686
    head = struct.pack(wire_runs.CHUNK_FORMAT, wire_runs.CHUNK_MAGIC, kind, 1, 0, 1_800_000_000)
    again, damaged = decode_run(head + records)
    assert damaged == 0 and again == packets
    assert {packet[wire.SENSOR_AT] for packet in again} == {wire.SENSOR_ICM45686}
    unknown = head[:3] + bytes([wire_runs.CHUNK_KIND + len(wire.SENSORS)]) + head[4:]
    with pytest.raises(PacketError, match=r"update untuck"):
        run_header(unknown + records)
    assert decode_run(unknown + records) == ([], 1)


def without_quat(samples: Samples) -> Samples:
    return Samples(samples.time_s + 1.0, samples.gyr_rad_s, samples.acc_m_s2)


def test_extreme_values_flags_and_gaps_are_decoded_exactly(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    packets = []
    time_us, sequence = 7_000_000, 0
    for _ in range(400):
        count = int(rng.integers(1, 11))
        packet = bytearray(wire.packet_size(count))
        sequence += int(rng.choice([1, 1, 1, 1, 5]))
        time_us += int(rng.choice([50_000, 50_000, 49_000, 230_000, 700_000_000]))
        period = int(rng.integers(1, 65536))
        flags = int(rng.choice([0, 0, 0, 255, wire.FLAG_GAP]))
        wire.pack_header(packet, flags, 0xFFFF, sequence, *divmod(time_us, 1_000_000), period, count)
        for index in range(count):
            wire.pack_sample(packet, index, *rng.choice([-32768, 32767, 0, 1, -1], 10).tolist())
        wire.seal(packet, count)
        packets.append(bytes(packet))
    again, damaged = decode_run(in_chunks(packed(packets, tmp_path)))
    assert damaged == 0 and again == packets


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, list[bytes]]:
    packets = jittered(motion(20, 100), 100)
    return in_chunks(packed(packets, tmp_path_factory.mktemp("kept"))), packets


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_damage_loses_only_the_damaged_records(kept: tuple[bytes, list[bytes]], data: st.DataObject) -> None:
    whole, packets = kept
    at = data.draw(st.integers(len(HEAD), len(whole) - 1))
    spoilt = bytearray(whole)
    spoilt[at] ^= data.draw(st.integers(1, 255))
    again, damaged = decode_run(bytes(spoilt))
    assert damaged >= 1 and set(again) <= set(packets)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_truncated_run_gives_the_packets_before_the_cut(kept: tuple[bytes, list[bytes]], data: st.DataObject) -> None:
    whole, packets = kept
    again, damaged = decode_run(whole[: data.draw(st.integers(0, len(whole)))])
    assert damaged <= 1 and again == packets[: len(again)]


def test_other_bytes_are_rejected() -> None:
    assert run_header(HEAD).started_unix_s == 1_800_000_000
    for wrong in (b"", HEAD[:5], b"UTK9" + HEAD[4:]):
        with pytest.raises(PacketError, match=r"run"):
            run_header(wrong)
