"""When the clip's flash becomes full: which runs are deleted, the newest is complete, and the limit is never exceeded.

The real run store on a real littlefs, with the largest share of the flash for runs of all boards.
"""

from __future__ import annotations

import struct
from pathlib import Path

from virtual_clip.micropython_script import run_compiled
from virtual_clip.stream_checks import motion

from untuck.simulate.packets import pack
from untuck.sources.run_decoder import decode_run

PROBES = Path(__file__).resolve().parent / "on_board"
FLASH_BYTES = 256 * 4096
ROOM_BYTES = FLASH_BYTES * 6_000_000 // (6 << 20)  # firmware/board.py: 6 MB of the XIAO's 6 MiB
RUNS, FETCHED = 16, 3

Report = tuple[int, int, int, list[int]]


def filled(folder: Path, seconds: int, runs: int, repeats: int) -> tuple[list[bytes], list[Report]]:
    """Packets of a run of `seconds`; (dropped, full, used bytes, run numbers) after each of `runs` such runs, after one
    with `repeats` times the packets, and after a restart."""
    packets = pack(motion(seconds, 100), 100, 7)
    (folder / "packets").write_bytes(b"".join(struct.pack("<H", len(packet)) + packet for packet in packets))
    (folder / "flash").write_bytes(b"\xff" * FLASH_BYTES)
    run_compiled(PROBES / "power_probe.py", folder / "flash", "format", 0, folder=folder)
    arguments = (folder / "flash", folder / "packets", ROOM_BYTES, runs, FETCHED, repeats, folder / "run")
    output = run_compiled(PROBES / "flash_full_probe.py", *arguments, folder=folder, timeout_s=600)
    rows = [list(map(int, line.split())) for line in output.splitlines()]
    return packets, [(row[0], row[1], row[2], row[3:]) for row in rows]


def test_the_oldest_fetched_run_goes_first_then_the_oldest(tmp_path: Path) -> None:
    packets, reports = filled(tmp_path, 40, RUNS, 1)
    first = next(i for i, (_, _, _, runs) in enumerate(reports) if len(runs) <= i)  # needs another run's space
    assert first >= 10
    there = list(range(1, first + 1))
    for i, (dropped, full, _, runs) in enumerate(reports[first : RUNS + 1]):
        there.remove(FETCHED if i == 0 else there[0])
        there.append(first + i + 1)
        assert runs == there and dropped == i and not full
    last, restarted = reports[-2:]
    assert restarted[2:] == last[2:] and restarted[0] == last[0]  # counted again
    found, damaged = decode_run((tmp_path / "run").read_bytes())
    assert damaged == 0 and found == packets


def test_an_endless_run_deletes_all_others_and_keeps_its_own_beginning(tmp_path: Path) -> None:
    packets, reports = filled(tmp_path, 40, 4, 20)
    dropped, full, used, runs = reports[-2]
    assert (dropped, full, runs) == (3, 1, [5])  # the third had been fetched
    assert 0.9 * ROOM_BYTES < used <= ROOM_BYTES
    found, damaged = decode_run((tmp_path / "run").read_bytes())
    assert damaged == 0 and len(found) > 10 * len(packets)
    assert found == (packets * 20)[: len(found)]


def test_many_short_runs_take_whole_blocks_and_are_dropped_in_time(tmp_path: Path) -> None:
    packets, reports = filled(tmp_path, 1, 260, 1)
    dropped, _, used, runs = reports[-2]
    assert dropped > 0 and used <= ROOM_BYTES and not any(full for _, full, _, _ in reports)
    assert runs[-1] == 261 and len(runs) > 200
    found, damaged = decode_run((tmp_path / "run").read_bytes())
    assert damaged == 0 and found == packets
