"""Firmware in MicroPython -> virtual air -> BlueZ -> Chromium -> the page's worker -> an archive on the computer."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.phone.browser import chromium
from tests.phone.whole_page import WholePage

pytest.importorskip("dbus_fast")  # bleak needs it on Linux only

from tests.phone.radio_desk import SentPackets, bluez_of
from virtual_clip.clip import VirtualClip
from virtual_clip.fake_bluez import FAILED, NOT_AUTHORIZED, NOT_PAIRED, FakeBluez

from untuck.simulate.runner import Phase, Scenario, simulate
from untuck.store import Store
from untuck.store.archive import read_archive

pytestmark = pytest.mark.slow

RUN = Scenario((Phase("stand", 7.0), *[Phase("hinge", 3.5)] * 3, Phase("stand", 2.0), Phase("run", 60.0)))
STRIDES = 700  # packets, 35 s: a run without a stride is not kept


@contextlib.asynccontextmanager
async def a_page(
    clip: VirtualClip, address: str, profile: Path
) -> AsyncIterator[tuple[WholePage, FakeBluez, SentPackets]]:
    """The page near this clip, and what the clip sends."""
    async with bluez_of(clip) as (bluez, bus), chromium(profile, bus=bus) as browser:
        yield await WholePage.open(browser, address), bluez, SentPackets(clip)


async def finished(page: WholePage, folder: Path) -> list[bytes]:
    """Finish the run; its packets after export from the phone and import into the computer's store."""
    await page.tap("finish")
    review = await page.until("review", timeout_s=300)
    await page.tap("export", id=review["id"])
    file = await page.file()
    path = folder / file["name"]
    path.write_bytes(base64.b64decode(file["data"]))
    store = Store()
    return [packet.data for packet in store.open(read_archive(store, path)).packets()]


async def test_packets_reach_the_computer_equal_to_the_bit(tmp_path: Path, page_address: str) -> None:
    """200 Hz; the first accesses are refused while the phone pairs; packets are lost, twice the link too: one tap."""
    samples = simulate(RUN, rate_hz=200).samples
    async with VirtualClip(samples) as clip, a_page(clip, page_address, tmp_path / "p") as (page, bluez, sent):
        bluez.refusals.extend([NOT_AUTHORIZED, NOT_PAIRED, FAILED])
        await page.tap("settings", values={"rate_hz": 200})
        await page.connect()
        for count in (150, 350):
            await sent.until(count)
            sent.lose = 3
            await sent.until(count + 20)
            await clip.peripheral.drop()
        await sent.until(STRIDES)
        packets = await finished(page, tmp_path)
        print(f"{len(packets)} packets, {sent.again} of them sent again, {len(sent.packets) - len(packets)} lost")
        assert packets == sent.in_order() and sent.again >= 6
        assert {len(packet) for packet in packets[:-1]} == {222}
        assert bluez.calls.count("Connect") == 3 and bluez.calls.count("StartDiscovery") == 1
