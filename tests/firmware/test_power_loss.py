"""Power loss while a run is recorded: at most the last second is lost, and no packet is wrong.

The real run store on a real littlefs over a simulated flash, whose power fails during a write or an erase, at random
operations. This also tests the file system.
"""

from __future__ import annotations

import random
import shutil
import struct
from pathlib import Path

import pytest
from virtual_clip.micropython_script import run_compiled
from virtual_clip.stream_checks import motion

from untuck import wire_runs
from untuck.simulate.packets import pack
from untuck.sources.run_decoder import decode_run

PROBE = Path(__file__).resolve().parent / "on_board" / "power_probe.py"
FLASH_BYTES = 256 * 4096
SECOND = 20 + 1  # packets, and the one that completed it
CUTS = 12


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[bytes]]:
    """A folder with an empty file system and the packets of 40 s, more than one chunk of noise."""
    folder = tmp_path_factory.mktemp("power")
    packets = pack(motion(40, 100), 100, 7)
    (folder / "packets").write_bytes(b"".join(struct.pack("<H", len(packet)) + packet for packet in packets))
    (folder / "empty").write_bytes(b"\xff" * FLASH_BYTES)
    run_compiled(PROBE, folder / "empty", "format", 0, folder=folder)
    return folder, packets


def recorded(folder: Path, cut: int) -> tuple[int, list[bytes], int]:
    """(packets added before the power failed, packets found afterwards, damaged records)."""
    flash = folder / "flash"
    shutil.copy(folder / "empty", flash)
    handed = int(run_compiled(PROBE, flash, "write", cut, folder / "packets", folder=folder).split()[-1])
    run_compiled(PROBE, flash, "read", 0, folder / "run", folder=folder)
    packets, damaged = decode_run((folder / "run").read_bytes())
    return handed, packets, damaged


def test_without_a_failure_all_packets_are_found(made: tuple[Path, list[bytes]]) -> None:
    folder, packets = made
    handed, found, damaged = recorded(folder, 0)
    assert (handed, damaged) == (len(packets), 0) and found == packets
    assert (folder / "run").stat().st_size > wire_runs.CHUNK_BYTES


def test_a_power_loss_costs_the_last_second_at_most(made: tuple[Path, list[bytes]]) -> None:
    folder, packets = made
    rng = random.Random(5)
    worst = 0
    for cut in rng.sample(range(10, 900), CUTS):
        handed, found, damaged = recorded(folder, cut)
        assert found == packets[: len(found)], cut
        assert damaged <= 1, cut
        worst = max(worst, handed - len(found))
    print(f"{CUTS} failures: at most {worst} packets of 50 ms were lost")
    assert worst <= SECOND
