"""The page with Python in its worker: a full storage, a second or killed tab, media controls, the screen's lock."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import statistics
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.phone.browser import Chromium, chromium
from tests.phone.whole_page import WholePage, stopped

pytest.importorskip("dbus_fast")  # bleak needs it on Linux only

from tests.phone.radio_desk import bluez_of
from virtual_clip.clip import VirtualClip
from virtual_clip.stream_checks import motion

import untuck
from untuck import wire
from untuck.phone.app.main import OTHER_TAB
from untuck.samples import Samples
from untuck.simulate.runner import Phase, Scenario, simulate
from untuck.sound.mixer import Hearing, fitted
from untuck.sound.tones import render
from untuck.store import Store, StoredSession, profile_file
from untuck.store.archive import read_archive
from untuck.store.profile import Profile

pytestmark = pytest.mark.slow

RATE_HZ = 100
RATE_AUDIO_HZ = 48000
BLOCK_MS = 3.0  # what the audio thread renders in one piece, 128 frames, and some rounding
TONES = ("tuck +0", "pullback -1", "pullback +1", "rigid +0", "recovered +0")
AUDIBLE = 1e-4  # of full scale: from there the tap takes note
LEARN = Scenario((Phase("stand", 7.0), *[Phase("hinge", 3.5)] * 3, Phase("stand", 2.0), Phase("run", 130.0)))
TUCKS = [phase for _ in range(12) for phase in (Phase("run", 10.0, tuck_deg=7.0), Phase("run", 8.0))]
FILLING = Scenario((Phase("run", 30.0), Phase("stand", 120.0)) * 8)  # standing costs the analysis least
STORED = """(async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("runs");
    for await (const [, file] of folder.entries()) if ((await file.getFile()).size > 10_000) return true;
})().catch(() => false)"""  # the run that is being recorded
STEADY = Scenario((Phase("run", 400.0),))
RUN = Scenario((Phase("stand", 7.0), Phase("run", 10.0), *TUCKS, Phase("run", 60.0)))


@contextlib.asynccontextmanager
async def a_browser(samples: Samples, profile: Path, speed: int = 1) -> AsyncIterator[Chromium]:
    """A browser with a clip that measures these samples near it, so many times as fast as real."""
    async with (
        VirtualClip(samples, speed=speed) as clip,
        bluez_of(clip) as (_, bus),
        chromium(profile, bus=bus) as browser,
    ):
        yield browser


def delays_ms(starts: list[dict[str, Any]], heard: list[int]) -> list[float]:
    """From when each tone was to begin until it is heard, on the audio clock; those not heard are left out."""
    found = []
    for start in starts:
        if " " in start["key"]:  # a tone
            samples = np.abs(fitted(render(*tone_of(start["key"])), Hearing())).max(axis=1)
            due = RATE_AUDIO_HZ * start["start_s"] + int(np.argmax(samples > AUDIBLE))
            found += [1000 * (frame - due) / RATE_AUDIO_HZ for frame in heard if abs(frame - due) < 2000][:1]
    return found


async def test_sounds_begin_with_the_next_frames_and_follow_each_other_without_a_gap(
    tmp_path: Path, page_address: str
) -> None:
    """Commands of the worker to the window's sound: heard by a tap on the audio clock."""
    async with chromium(tmp_path / "profile") as browser:
        page = await WholePage.open(browser, page_address, tapped=True)
        assert await page.tab.evaluate("parts.sound.context") is None  # no sound before a tap
        await page.tab.evaluate("parts.sound.unlock()", tapped=True)
        await page.tab.until("sent.some(({ event, value }) => event === 'sound.state' && value.running)")
        play = "tellAs('sound.play', {{ id: {}, key: {!r} }})"
        await page.tab.evaluate(play.format(101, "tuck +0"))  # connects the tap
        await page.tab.until("globalThis.tapReady")
        await asyncio.sleep(1.0)
        await page.tab.evaluate("heard.length = 0")
        for number in range(15):
            await page.tab.evaluate(play.format(102 + number, TONES[number % len(TONES)]))
            await asyncio.sleep(1.2 + 0.0137 * number)  # at any time between two of the audio thread's turns
        for number in range(4):  # one after the other
            await page.tab.evaluate(play.format(120 + number, TONES[number]))
        await page.tab.until("parts.sound.context.currentTime > parts.sound.starts.at(-1).start_s + 1")
        starts = await page.tab.evaluate("parts.sound.starts.slice(1)")
        heard = await page.tab.evaluate("heard")
    alone = delays_ms(starts[:15], heard)
    print(f"ms from the decision to the sound: {[round(each, 1) for each in alone]}")
    assert all(start["start_s"] == start["asked_s"] for start in starts[:15])
    assert len(alone) >= 12 and min(alone) > -0.1 and statistics.median(alone) <= BLOCK_MS
    for before, after in pairwise(starts[15:]):
        length_s = len(render(*tone_of(before["key"]))) / RATE_AUDIO_HZ
        assert 0.0 <= after["start_s"] - before["start_s"] - length_s < 0.03


async def test_a_cue_sounds_soon_after_the_packet_that_causes_it(tmp_path: Path, page_address: str) -> None:
    """The whole line: sensor, firmware, air, BlueZ, Chromium, Python in the worker, Web Audio."""
    ran = untuck.analyse(simulate(LEARN, rate_hz=RATE_HZ).samples)
    assert ran.baseline is not None
    profile = profile_file.to_text(Profile("Ada", ran.calibration, 1.8e9, ran.baseline, 1.8e9))
    async with a_browser(simulate(RUN, rate_hz=RATE_HZ).samples, tmp_path / "profile") as browser:
        page = await WholePage.open(browser, page_address, tapped=True)
        await page.tap("profile.import", text=profile)
        await page.tap("settings", values={"cooldown_s": 5, "gap_s": 1, "cap": 100})
        await page.until("settings", "value.runner === 'Ada' && value.cap === 100")
        await page.connect()
        # of twelve tucks one at least: on a busy machine data come late, and then cues are rightly suppressed
        await page.tab.until("plays.some(({ key }) => key === 'tuck +0')", 400)
        await page.tap("finish")
        await page.until("review")
        plays, starts = await page.tab.evaluate("plays"), await page.tab.evaluate("parts.sound.starts")
        heard = await page.tab.evaluate("heard")
        assert len(heard) > 3
    alone = {start["id"]: start for start in starts if start["start_s"] == start["asked_s"]}  # that wait for no other
    took_ms = [alone[play["id"]]["at_ms"] - play["packet_ms"] for play in plays if play["id"] in alone]
    clock_ms = delays_ms(list(alone.values()), heard)
    print(f"from the newest packet to the decision, ms, by the machine's clock: {[round(each, 1) for each in took_ms]}")
    print(
        f"after it on the audio clock {[round(each, 1) for each in clock_ms]}, "
        f"and the output after that {1000 * starts[-1]['latency_s']:.0f}"
    )
    keys = [play["key"] for play in plays]
    assert keys[0] == "stand" and keys[1] in ("zeroed", "reused") and keys[2] == "ready"  # as the standing was measured
    assert keys[-1] == "finished" and "tuck +0" in keys
    assert clock_ms and statistics.median(clock_ms) <= BLOCK_MS  # however busy the machine is


async def test_a_frozen_page_loses_no_packet_and_says_how_long_it_slept(tmp_path: Path, page_address: str) -> None:
    """For longer than the clip waits for its host. The system stops window and worker, as a phone does.

    Page.setWebLifecycleState stops neither here: under Playwright a page is never hidden.
    """
    async with a_browser(simulate(STEADY, rate_hz=RATE_HZ).samples, tmp_path / "profile") as browser:
        page = await WholePage.open(browser, page_address)
        await page.connect()
        await page.tab.until("packets.length > 60")
        with stopped(tmp_path / "profile"):
            await asyncio.sleep(25.0)
        shown = await page.until("screen", "value.notices.some((text) => /page was asleep for/.test(text))")
        print(shown["notices"])
        before = await page.tab.evaluate("packets.length")
        await page.tab.until(f"packets.length > {before} + 60")
        await page.tap("finish")
        review = await page.until("review", timeout_s=300)
        progress = [value["text"] for value in await page.told("progress")]
        await page.tap("export", id=review["id"])
        stored = imported(await page.file(), tmp_path)
    numbers = [wire.unpack_header(packet.data)[3] for packet in stored.packets()]
    print(f"{len(numbers)} packets, {progress[2:]}")
    assert numbers == list(range(len(numbers))) and len(numbers) > 60 + 60 + 20 * 10


def tone_of(key: str) -> tuple[str, int]:
    """Fault and side of a tone's key."""
    fault, _, side = key.partition(" ")
    return fault, int(side)


def imported(file: dict[str, Any], folder: Path) -> StoredSession:
    """The session of an archive that the page gave to the window, in the computer's store."""
    path = folder / file["name"]
    path.write_bytes(base64.b64decode(file["data"]))
    return Store().open(read_archive(Store(), path))


async def test_a_second_tab_says_where_untuck_runs(tmp_path: Path, page_address: str) -> None:
    async with chromium(tmp_path / "profile") as browser:
        first = await WholePage.open(browser, page_address)
        second = await WholePage.open(browser, page_address, ready=False)
        failure = await second.until("failure", timeout_s=180)
        assert failure == {"text": OTHER_TAB, "of": "tab"} and await second.told("ready") == []
        await first.tab.page.close()
        await second.tab.page.reload()
        await second.until("ready", timeout_s=180)  # the first one's lock ended with it


async def test_a_killed_tab_keeps_all_but_the_last_second(tmp_path: Path, page_address: str) -> None:
    samples = motion(600, RATE_HZ)
    async with a_browser(samples, tmp_path / "profile") as browser:
        page = await WholePage.open(browser, page_address)
        await page.connect()
        await page.tab.until("packets.length > 150")
        count = await page.tab.evaluate("packets.length")
        await page.tab.page.close()

        again = await WholePage.open(browser, page_address)
        (run,) = (await again.told("runs"))[-1]
        assert run["cut_off"] and run["duration_s"] >= 5
        await again.tap("export", id=run["id"])
        file = await again.file()
        await again.tap("open", id=run["id"])
        review = await again.until("review")
        assert review["id"] == run["id"] and review["sentences"]
    stored = imported(file, tmp_path)
    numbers = [wire.unpack_header(packet.data)[3] for packet in stored.packets()]
    print(f"{count} packets had come when the tab was closed, {len(numbers)} are kept")
    assert numbers == list(range(len(numbers))) and len(numbers) >= count - 20  # 20 a second
    assert stored.ended_unix_s is None


async def test_a_storage_that_fills_up_during_a_run_costs_nothing_that_is_stored(
    tmp_path: Path, page_address: str
) -> None:
    """Chromium reserves a megabyte for an open file, which five minutes of measuring fill; here in a sixth of the time.

    The next run begins without any space, and is stored once there is some.
    """
    samples = simulate(FILLING, rate_hz=200).samples
    full = {"origin": page_address.rstrip("/"), "quotaSize": 1}
    async with a_browser(samples, tmp_path / "profile", speed=8) as browser:
        page = await WholePage.open(browser, page_address)
        await page.tap("settings", values={"rate_hz": 200, "guide": False})
        await page.connect()
        await page.tab.until(STORED)  # the file has its megabyte; without, a run of seconds is not worth keeping
        await page.tab.cdp.send("Storage.overrideQuotaForOrigin", full)
        waits = "value.notices.some((text) => /recording waits: the storage of this browser is full/.test(text))"
        await page.until("screen", waits, timeout_s=400)
        before = await page.tab.evaluate("packets.length")
        await page.tab.until(f"packets.length > {before} + 40")  # packets go on
        await page.tap("finish")
        await page.until("phase", "value.name === 'ended'", despite_failure=True)  # which the page reports just before
        (run,) = (await page.told("runs"))[-1]
        review = await page.until("review", timeout_s=300, despite_failure=True)
        assert review["id"] == run["id"] and review["sentences"]
        await page.tap("export", id=run["id"])
        numbers = [wire.unpack_header(packet.data)[3] for packet in imported(await page.file(), tmp_path).packets()]
        print(
            f"{len(numbers)} packets stored, {before} had come; {[each['text'] for each in await page.told('failure')]}"
        )
        assert numbers == list(range(len(numbers))) and len(numbers) > 2000

        await page.tab.evaluate("told.length = 0")
        await page.connect()
        await page.until("screen", waits)
        await page.tab.cdp.send("Storage.overrideQuotaForOrigin", {"origin": full["origin"]})
        await page.until("screen", "value.notices.some((text) => /recording goes on: all of it/.test(text))")


async def test_the_screen_stays_on_and_media_controls_mute_and_mark_laps(tmp_path: Path, page_address: str) -> None:
    async with a_browser(motion(600, RATE_HZ), tmp_path / "profile") as browser:
        page = await WholePage.open(browser, page_address)
        assert not await page.tab.evaluate("parts.awake.locked")
        await page.connect()
        await page.tab.until("parts.awake.locked")
        assert await page.tab.evaluate("navigator.mediaSession.playbackState") == "playing"
        await page.tab.evaluate("mediaHandlers.pause()")
        await page.until("screen", "value.muted === true")
        assert await page.tab.evaluate("navigator.mediaSession.playbackState") == "paused"
        await page.tab.evaluate("mediaHandlers.nexttrack()")
        await page.until("screen", "value.laps === 1")
        await page.tab.evaluate("mediaHandlers.play()")
        await page.until("screen", "value.muted === false")
        await page.tap("finish")
        await page.until("phase", "['start', 'ended'].includes(value.name)")
        assert not await page.tab.evaluate("parts.awake.locked")
        assert await page.tab.evaluate("navigator.mediaSession.playbackState") == "none"
