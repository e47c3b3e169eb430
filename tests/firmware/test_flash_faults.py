"""A failing flash never ends a run and never loses the live stream, whichever file system call fails.

on_board/faulty_flash.py is the file system. A probe repeats one scenario with a failure at its first call, at the
second, and so on; then the whole virtual clip runs with a flash that fails always, or now and then.
"""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path

import pytest
from virtual_clip.clip import VirtualClip
from virtual_clip.micropython_script import run_compiled
from virtual_clip.stream_checks import QUICK, motion

from untuck import wire
from untuck.model import Packet
from untuck.sources.ble import BleSource

ON_BOARD = Path(__file__).resolve().parent / "on_board"
FEWEST_CALLS = 80  # in the scenario without a failure


@pytest.mark.parametrize(
    ("count", "code", "step"),
    [
        pytest.param(1, errno.EIO, 1, id="one call fails"),
        pytest.param(4, errno.ENOSPC, 3, id="no space for four calls"),
        pytest.param(0, errno.EIO, 5, id="all fail from there on"),
    ],
)
def test_no_failing_call_ends_the_run_or_loses_the_stream(count: int, code: int, step: int, tmp_path: Path) -> None:
    probe = ON_BOARD / "flash_fault_probe.py"
    output = run_compiled(probe, count, code, 1, step, folder=tmp_path, heap="1M")  # the heap is tested elsewhere
    rows = [line.split(maxsplit=3) for line in output.splitlines()]
    assert [row for row in rows if row[3] != "ok"] == []
    assert all(int(sent) == int(made) > 80 for _, sent, made, _ in rows)
    assert count == 0 or int(rows[-1][0]) > FEWEST_CALLS  # the last scenario had no failure: it made fewer calls


@pytest.mark.parametrize("every", [1, 7])
async def test_the_clip_streams_through_an_outage_although_its_flash_fails(every: int) -> None:
    clip = VirtualClip(motion(30, 100), speed=2)
    clip.script = [ON_BOARD / "faulty_main.py", every]
    packets: list[Packet] = []
    clip.heap = "150k"  # the script and the faulty file system are in it
    async with clip, BleSource(backend=clip.backend, timeouts=QUICK) as source:
        async for packet in source.packets():
            packets.append(packet)
            if len(packets) == 60:
                await clip.peripheral.drop()
            if len(packets) == 200:
                break
        await asyncio.sleep(0)
    heads = [wire.unpack_header(packet.data) for packet in packets]
    assert [head[3] for head in heads] == list(range(200))
    assert len({head[2] for head in heads}) == 1  # the clip has not restarted
