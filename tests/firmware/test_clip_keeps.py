"""The clip's flash takes over whenever nobody stores: a host that is connected and silent, dead, or killed.

Over the virtual radio, with the real firmware; every sample is compared with what the sensor measured.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from virtual_clip.clip import VirtualClip
from virtual_clip.stream_checks import QUICK, fed, motion, received

from untuck import wire
from untuck.model import Packet
from untuck.sources.ble import BleSource
from untuck.sources.ble_runs import ClipRuns
from untuck.sources.run_decoder import decode_run

SPEED = 2


def runs_of(flash: Path) -> list[Packet]:
    """All packets in the clip's flash, read from its files, in order."""
    packets = [packet for path in sorted(flash.glob("runs/*.0*")) for packet in decode_run(path.read_bytes())[0]]
    return [Packet(packet, 0.0) for packet in packets]


async def test_what_a_connected_host_never_stores_is_in_the_flash() -> None:
    """As with a stopped program, or one that cannot write: the link stands, and no acknowledgement comes."""
    samples = motion(60, 100)
    async with VirtualClip(samples, speed=SPEED) as clip:
        source = BleSource(100, backend=clip.backend, timeouts=QUICK, durable=True)
        async with source:
            taken = 0
            async for packet in source.packets():
                taken = wire.unpack_header(packet.data)[3]
                if taken == 20:
                    source.stored(packet)
                if taken >= 600:  # 25 s without an acknowledgement; the ring has 10
                    break
            numbers = [wire.unpack_header(packet.data)[3] for packet in runs_of(clip.flash)]
            assert numbers == list(range(numbers[0], numbers[-1] + 1)) and numbers[0] <= 21
            assert numbers[-1] > taken - 60  # a second in the encoder
        rows = received(runs_of(clip.flash))
        first = int((fed(samples) == rows[0]).all(axis=1).nonzero()[0][0])
        assert (fed(samples)[first : first + len(rows)] == rows).all()


async def test_a_host_that_stores_again_gets_the_run_removed() -> None:
    async with (
        VirtualClip(motion(60, 100), speed=SPEED) as clip,
        BleSource(100, backend=clip.backend, timeouts=QUICK, durable=True) as source,
    ):
        async for packet in source.packets():
            sequence = wire.unpack_header(packet.data)[3]
            if sequence < 20 or sequence > 160:  # 7 s of silence
                source.stored(packet)
            if sequence == 160:
                assert list(clip.flash.glob("runs/*.000"))
            if sequence > 400 and not list(clip.flash.glob("runs/*.000")):
                break
            assert sequence < 900


async def test_what_nobody_could_keep_is_flagged_and_counted_until_it_is_read() -> None:
    """The flash fails from the beginning; the host neither stores nor acknowledges."""
    clip = VirtualClip(motion(60, 100), speed=SPEED)
    clip.script = [Path(__file__).resolve().parent / "on_board" / "faulty_main.py", 1]
    clip.heap = "150k"
    async with clip:
        flags = 0
        async with BleSource(100, backend=clip.backend, timeouts=QUICK, durable=True) as source:
            async for packet in source.packets():
                flags |= wire.unpack_header(packet.data)[1]
                if wire.unpack_header(packet.data)[3] >= 400:
                    break
            await source.configure([wire.command(wire.CMD_SPLIT)])
            assert source.status is not None and source.status.lost_packets > 100
            assert source.status.conditions & wire.COND_FULL
        assert flags & wire.FLAG_OVERRUN
        tones = {level for _, pin, level in clip.bus.outputs if pin == "buzzer"}
        assert 220 in tones  # the runner hears it
        async with ClipRuns(backend=clip.backend, timeouts=QUICK) as runs:
            lost = runs.status.lost_packets if runs.status else 0  # also over another connection
            assert lost > 100
            await runs.forget_losses(lost, 0)
            await runs.stop()
            assert runs.status is not None and runs.status.lost_packets < lost


@pytest.mark.parametrize("names", [["00003.001"], ["00003.got"], ["00003.000"], ["00003.got", "00003.002"]])
async def test_what_a_power_loss_leaves_of_a_run_stops_nothing(names: list[str]) -> None:
    """Chunk 1 without chunk 0, a mark without a run, an empty file: the clip lists, sends and deletes all the same."""
    async with VirtualClip(motion(30, 100), speed=SPEED) as clip:
        await clip.switch_off()
        folder = clip.flash / "runs"
        folder.mkdir(exist_ok=True)
        for name in names:
            (folder / name).write_bytes(b"" if name.endswith(("got", "000")) else b"UTK2" + bytes(60))
        await clip.switch_on()
        async with ClipRuns(backend=clip.backend, timeouts=QUICK) as runs:
            for run in await runs.list():
                data = await runs.fetch(run)
                assert decode_run(data)[0] == []
                await runs.confirm(run, data)
            assert await runs.list() == [] and runs.status is not None and runs.status.runs == 0
        assert not list(folder.glob("00003*"))
        async with BleSource(100, backend=clip.backend, timeouts=QUICK) as source:  # it has not restarted
            async with asyncio.timeout(60):
                async for _ in source.packets():
                    break
