"""The window's Bluetooth in Chromium: firmware -> virtual air -> BlueZ on D-Bus -> Web Bluetooth -> Python.

The worker's Python runs in CPython here; test_end_to_end.py has the whole page.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

pytest.importorskip("dbus_fast")  # bleak needs it on Linux only

from tests.phone.browser import chromium
from tests.phone.radio_desk import PageWindow, bluez_of
from virtual_clip.clip import VirtualClip
from virtual_clip.fake_bluez import FAILED, NOT_AUTHORIZED, NOT_PAIRED, FakeBluez
from virtual_clip.stream_checks import QUICK, assert_all_came, collect, motion

from untuck import wire
from untuck.errors import LinkError
from untuck.phone.app.web_bluetooth import WebRadio
from untuck.sources import remedies
from untuck.sources.ble import BleSource, Timeouts

pytestmark = pytest.mark.slow

REFUSED = 0.5  # s, of WebRadio.pair_s, where the phone never pairs


@contextlib.asynccontextmanager
async def a_page(
    clip: VirtualClip, profile: Path, pair_s: float = 60.0
) -> AsyncIterator[tuple[FakeBluez, PageWindow, WebRadio]]:
    """A page whose user has not yet chosen the clip."""
    async with bluez_of(clip) as (bluez, bus), chromium(profile, bus=bus) as browser:
        window = await PageWindow.open(browser)
        yield bluez, window, WebRadio(window.bridge, pair_s=pair_s)


async def drop(clip: VirtualClip, source: BleSource, times: int) -> None:
    for count in range(1, times + 1):
        await clip.sleep(4.0)
        with clip.crawling():
            await clip.peripheral.drop()
            while source.reconnects < count:
                await asyncio.sleep(0.05)


async def test_every_packet_comes_once_over_lost_connections_without_a_tap(tmp_path: Path) -> None:
    samples = motion(16, 200)
    async with VirtualClip(samples) as clip, a_page(clip, tmp_path) as (bluez, window, radio):
        assert (await window.choose())["name"].startswith(wire.NAME_PREFIX)
        async with BleSource(200, backend=radio.backend, timeouts=QUICK) as source:
            dropping = asyncio.create_task(drop(clip, source, 2))
            packets = await collect(source, len(samples))
            await dropping
        assert source.lost == 0 and source.reconnects == 2
        assert bluez.calls.count("Connect") == 3 and bluez.calls.count("StartDiscovery") == 1
        assert {len(packet.data) for packet in packets[:-1]} == {222}
        assert_all_came(packets, samples)


async def test_a_link_that_is_lost_with_a_write_in_flight_comes_back(tmp_path: Path) -> None:
    samples = motion(16, 200)
    async with VirtualClip(samples) as clip, a_page(clip, tmp_path) as (bluez, window, radio):
        await window.choose()
        async with BleSource(200, backend=radio.backend, timeouts=QUICK) as source:
            collecting = asyncio.create_task(collect(source, len(samples)))
            await clip.sleep(4.0)
            bluez.hangs.append("WriteValue")
            with clip.crawling():
                async with asyncio.timeout(300):
                    while bluez.hangs:
                        await asyncio.sleep(0.01)
                    await clip.peripheral.drop()
                    while source.reconnects == 0:
                        await asyncio.sleep(0.05)
            packets = await collecting
        assert source.lost == 0 and source.reconnects == 1
        assert_all_came(packets, samples)


async def test_the_phone_pairs_although_the_first_accesses_are_refused(tmp_path: Path) -> None:
    async with VirtualClip(motion(60, 100)) as clip, a_page(clip, tmp_path) as (bluez, window, radio):
        await window.choose()
        refusals = [NOT_AUTHORIZED, NOT_PAIRED, FAILED]
        bluez.refusals.extend(refusals)
        async with BleSource(backend=radio.backend, timeouts=QUICK) as source:
            assert source.status is not None
        assert bluez.calls.count("Connect") == 1 and not bluez.refusals


async def test_a_phone_that_never_pairs_is_said_to(tmp_path: Path) -> None:
    async with VirtualClip(motion(60, 100)) as clip, a_page(clip, tmp_path, REFUSED) as (bluez, window, radio):
        await window.choose()
        bluez.refusals.extend([NOT_AUTHORIZED] * 100)
        assert await refusal(radio) == remedies.NOT_PAIRED


async def test_a_read_that_hangs_is_tried_again_over_a_new_connection(tmp_path: Path) -> None:
    async with VirtualClip(motion(60, 100)) as clip, a_page(clip, tmp_path) as (bluez, window, radio):
        await window.choose()
        bluez.hangs.append("ReadValue")
        limits = Timeouts(scan_s=60, connect_s=60, call_s=60, pair_s=2, close_s=2)
        async with BleSource(backend=radio.backend, timeouts=limits) as source:
            assert source.status is not None
        assert bluez.calls.count("Connect") == 2


async def test_bluetooth_that_is_off_and_a_clip_out_of_range_have_their_remedies(tmp_path: Path) -> None:
    async with VirtualClip(motion(60, 100)) as clip, a_page(clip, tmp_path) as (bluez, window, radio):
        assert await refusal(radio, Timeouts(scan_s=0.2)) == remedies.NO_CLIP  # nothing is chosen yet
        await window.choose()
        await bluez.power(False)
        assert await refusal(radio) in (remedies.POWERED_OFF, remedies.NO_ADAPTER)
        await bluez.power(True)
        bluez.hangs += ["Connect", "Connect"]
        assert await refusal(radio, Timeouts(connect_s=1.0)) == remedies.NOT_PAIRED
        async with BleSource(backend=radio.backend, timeouts=QUICK) as source:
            assert source.status is not None


async def test_after_a_reload_a_permitted_clip_needs_no_tap_where_the_browser_remembers_it(tmp_path: Path) -> None:
    async with VirtualClip(motion(60, 100)) as clip, a_page(clip, tmp_path) as (bluez, window, _):
        chosen = await window.choose()
        await window.page.reload()
        await window.tab.until("window.ready")
        radio = WebRadio(window.bridge)
        async with BleSource(backend=radio.backend, timeouts=QUICK) as source:
            assert source.address == chosen["id"]
        assert bluez.calls.count("Connect") == 1


async def refusal(radio: WebRadio, timeouts: Timeouts = QUICK) -> str:
    """The message with which the clip cannot be used."""
    with pytest.raises(LinkError) as told:
        async with BleSource(backend=radio.backend, timeouts=timeouts):
            pass
    return str(told.value)
