"""A page that the phone freezes during a run: the clip cues and records alone, and afterwards nothing is missing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("dbus_fast")  # bleak needs it on Linux only

from tests.phone.test_end_to_end import a_page, finished
from tests.phone.whole_page import stopped
from virtual_clip.clip import VirtualClip
from virtual_clip.stream_checks import QUICK, fed, received

import untuck
from untuck import wire
from untuck.model import Packet
from untuck.simulate.runner import Phase, Scenario, simulate
from untuck.simulate.scenario import HINGE_S
from untuck.sources.ble_runs import ClipRuns
from untuck.sources.clip_setup import tuck_cue_commands

pytestmark = pytest.mark.slow

BEFORE = (Phase("stand", 7.0), Phase("hinge", 3 * HINGE_S), Phase("stand", 2.0), Phase("run", 70.0))
TUCK_S = 9.5
RUN = Scenario((Phase("run", TUCK_S), Phase("run", 170.0, tuck_deg=12.0)))
FROZEN_AT = 160  # packets, 8 s
FROZEN_S = 30.0
TAKES_OVER_S = 10.0
CUE_S = 240.0  # to wait for the clip's cue, on a busy machine
ENOUGH = 900  # packets, 45 s
TUCK_HZ = 330


async def set_up(clip: VirtualClip) -> None:
    """The runner's calibration is on the clip, as a session before has left it."""
    run = untuck.analyse(simulate(Scenario(BEFORE), rate_hz=100).samples)
    assert run.baseline is not None
    commands = tuck_cue_commands(run.calibration, run.baseline, tuck_on_deg=4.0, warm_up_s=0.0, cooldown_s=30.0)
    async with ClipRuns(backend=clip.backend, timeouts=QUICK) as runs:
        assert runs._link is not None
        for command in commands:
            assert (await runs._link.command(command)).result == wire.RESULT_OK


async def own_cue_us(clip: VirtualClip, since_us: int) -> int:
    """The clip's time of its first own tuck cue after this time."""
    while True:
        for time_us, name, level in clip.bus.outputs:
            if name == "buzzer" and level == TUCK_HZ and time_us > since_us:
                return time_us
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("linked", [True, False], ids=["linked", "link lost"])
async def test_while_the_page_is_frozen_the_clip_cues_alone_and_no_packet_is_missing(
    tmp_path: Path, page_address: str, linked: bool
) -> None:
    """With the link, all comes when the page wakes; without, a part is in the clip's flash only and is fetched."""
    profile = tmp_path / "profile"
    samples = simulate(RUN, rate_hz=100).samples
    async with VirtualClip(samples) as clip:
        await set_up(clip)
        async with a_page(clip, page_address, profile) as (page, _, sent):
            await page.connect()
            await sent.until(FROZEN_AT)
            with stopped(profile):
                frozen_us = clip.clock.now_us()
                flash = flash_bytes(clip)
                if not linked:
                    clip.channel.set_in_range(False)
                    await clip.peripheral.drop()
                cue_s = (await asyncio.wait_for(own_cue_us(clip, frozen_us), CUE_S) - frozen_us) / 1e6
                await clip.sleep(FROZEN_S - cue_s)
                saved = flash_bytes(clip) - flash
                clip.channel.set_in_range(True)
            await sent.until(ENOUGH)
            packets = await finished(page, tmp_path)
            notices = (await page.told("screen"))[-1]["notices"]
            print(f"own cue {cue_s:.1f} s after a freeze of {FROZEN_S:g} s began, {saved} bytes saved meanwhile")
            print(f"{len(packets)} packets, {len(sent.packets)} of them over the air as they were measured; {notices}")
            assert cue_s < TAKES_OVER_S and saved > 0
            assert [wire.unpack_header(packet)[3] for packet in packets] == list(range(len(packets)))
            rows = received([Packet(packet, 0.0) for packet in packets])
            assert len(rows) > 5 * ENOUGH
            np.testing.assert_array_equal(rows, fed(samples)[: len(rows)])
            assert any("the page was asleep for" in text for text in notices)
            logged = ("is no longer on the clip", "reconnecting")  # warnings; on a busy machine the link is lost too
            page.tab.faults[:] = [fault for fault in page.tab.faults if not any(words in fault for words in logged)]
            async with ClipRuns(backend=clip.backend, timeouts=QUICK) as runs:
                assert await runs.list() == []  # nothing is left that was not fetched


def flash_bytes(clip: VirtualClip) -> int:
    """Bytes of all files in the clip's flash."""
    return sum(path.stat().st_size for path in clip.flash.rglob("*") if path.is_file())
