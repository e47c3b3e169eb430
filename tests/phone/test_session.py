"""The page's program over the virtual air: the firmware's packets, a simulated window, files in a folder."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.sources.test_kept_runs import vanish
from virtual_clip.clip import VirtualClip
from virtual_clip.stream_checks import QUICK, motion
from virtual_clip.virtual_window import VirtualWindow

from untuck import wire
from untuck.model import Packet
from untuck.motion.mount.calibration import nominal
from untuck.phone.app.asleep import SleepWatch, words
from untuck.phone.app.bridge import BridgeError
from untuck.phone.app.files import FolderFiles
from untuck.phone.app.main import App
from untuck.phone.app.session import OF_TRUNK
from untuck.report.summary import Summary
from untuck.session.pairing import pair_clip
from untuck.simulate.runner import Phase, Scenario, simulate
from untuck.sources.ble import BleSource
from untuck.store import Store, codec, profile_file
from untuck.store.archive import read_archive
from untuck.store.profile import Profile
from untuck.store.profile_codes import to_codes
from untuck.vocabulary import Role

RATE_HZ = 100
RUN = Scenario((Phase("stand", 7.0), *[Phase("hinge", 3.5)] * 3, Phase("stand", 2.0), Phase("run", 30.0)))


class Page:
    """The window, the app in it, and what the user does."""

    def __init__(self, clip: VirtualClip, folder: Path) -> None:
        self.window = VirtualWindow(clip.backend)
        self.files = FolderFiles(folder)
        self.app = App(self.window.bridge, self.files, QUICK)

    async def open(self) -> None:
        await self.app.start()
        self.window.send("sound.state", {"running": True, "latency_s": 0.02})

    def tap(self, name: str, **values: Any) -> None:
        self.window.send("command", {"name": name, **values})

    def told(self, name: str) -> list[Any]:
        return [value for each, value in self.window.told if each == name]

    async def until(self, name: str, true: Any = lambda value: True, wait_s: float = 300) -> Any:
        """The first value told by this name for which this is true."""
        seen = 0
        async with asyncio.timeout(wait_s):
            while True:
                found = self.told(name)
                for value in found[seen:]:
                    if true(value):
                        return value
                seen = len(found)
                await asyncio.sleep(0.02)


async def connected(page: Page) -> None:
    chosen = await page.window.choose()
    page.tap("connect", id=chosen["id"])
    await page.until("phase", lambda value: value["name"] == "running")


async def test_the_clip_of_the_upper_back_is_not_taken_for_that_of_the_waistband(tmp_path: Path) -> None:
    async with VirtualClip(motion(60, RATE_HZ), speed=2) as clip:
        await pair_clip(None, clip.backend, QUICK, Role.TRUNK)
        page = Page(clip, tmp_path)
        await page.open()
        chosen = await page.window.choose()
        page.tap("connect", id=chosen["id"])
        failure = await page.until("failure")
        assert failure["text"] == OF_TRUNK
        assert page.app.profiles.open("").clip == "" and page.told("runs")[-1] == []
        await page.until("phase", lambda value: value["name"] == "start")
        await pair_clip(clip.address, clip.backend, QUICK, Role.PELVIS)
        await connected(page)
        assert page.app.profiles.open("").clip
        page.tap("finish")
        await page.until("notice")


async def test_a_run_from_the_clip_to_the_computer(tmp_path: Path) -> None:
    """Calibration by voice, a lap, the end; the archive is imported with the clip's packets and the same summary."""
    async with VirtualClip(simulate(RUN, rate_hz=RATE_HZ).samples, speed=4) as clip:
        page = Page(clip, tmp_path)
        await page.open()
        await connected(page)
        await page.until("screen", lambda value: value["strides"] >= 5)
        page.tap("lap")
        await page.until("screen", lambda value: value["laps"] == 1)
        page.tap("settings", values={"coach": True})  # takes effect at once
        await page.until("screen", lambda value: value["traces"] is not None)
        page.window.send("page", {"frozen_s": 33.0})  # as page/awake.mjs does when the page resumes
        slept = "the page was asleep for 33 s: the clip keeps what it measured"
        await page.until("screen", lambda value: slept in value["notices"])
        page.tap("finish")
        review = await page.until("review")
    said = [value["key"] for value in page.told("sound.play")]
    assert said[:4] == ["stand", "hinge", "calibrated", "baseline"]  # four times as fast as speech: later ones may wait
    assert said[4:] and set(said[4:]) <= {"lap", "finished"}
    assert page.told("failure") == []
    (run,) = page.told("runs")[-1]
    assert run["strides"] >= 5 and not run["cut_off"] and run["id"] == review["id"]
    profile = page.app.profiles.open("")
    assert profile.calibration is not None and profile.calibration.source == "stand+hinges" and profile.clip

    page.tap("export", id=run["id"])
    file = await page.until("file")
    path = tmp_path / file["name"]
    path.write_bytes(file["data"])
    store = Store()
    stored = store.open(read_archive(store, path))
    mine = await page.app.runs.open(run["id"])
    assert list(stored.packets()) == list(mine.packets()) and stored.packet_count == mine.packet_count > 100
    assert [command.kind for command in stored.commands()] == ["lap"] and stored.summary == review["summary"]
    assert review["sentences"] and all(text.strip() for pair in review["facts"] for text in pair)

    page.tap("open", id=run["id"])
    await asyncio.sleep(0.5)
    assert page.told("review") == [review, review]  # kept, not made again
    page.tap("rename", id=run["id"], to="Track")
    page.tap("open", id=run["id"])
    await asyncio.sleep(0.5)
    assert page.told("review")[-1] == review | {"title": "Track"}
    page.tap("delete", id=run["id"])
    await asyncio.sleep(0.5)
    assert page.told("runs")[-1] == [] and await page.files.names("runs") == []


async def test_finish_while_connecting_gives_up(tmp_path: Path) -> None:
    async with VirtualClip(motion(5, RATE_HZ)) as clip:
        page = Page(clip, tmp_path)
        await page.open()
        page.tap("connect")
        await page.until("phase", lambda value: value["name"] == "connecting")
        await asyncio.sleep(0.1)
        page.tap("finish")
        await page.until("phase", lambda value: value["name"] == "start")
    assert page.told("failure") == [] and page.told("runs")[-1] == []


async def test_a_full_storage_waits_and_the_clip_keeps_what_is_missing(tmp_path: Path) -> None:
    async with VirtualClip(simulate(RUN, rate_hz=RATE_HZ).samples, speed=4) as clip:
        page = Page(clip, tmp_path)
        await page.open()
        await connected(page)
        await page.until("screen", lambda value: value["strides"] >= 5)
        page.files.free_bytes = 0
        waits = await page.until("screen", lambda value: any("recording waits" in text for text in value["notices"]))
        assert any("storage of this browser is full" in text for text in waits["notices"])
        await asyncio.sleep(2.0)
        page.tap("finish")
        await page.until("phase", lambda value: value["name"] in ("ended", "start"))
        (run,) = page.told("runs")[-1]
        page.tap("export", id=run["id"])  # what is stored
        file = await page.until("file")
        path = tmp_path / file["name"]
        path.write_bytes(file["data"])
        numbers = sequence(list(Store().open(read_archive(Store(), path)).packets()))
        assert len(numbers) > 20 and numbers == list(range(len(numbers)))
        again = Page(clip, tmp_path)
        again.files.free_bytes = 0
        await again.open()  # it starts all the same
        assert [row["id"] for row in again.told("runs")[-1]] == [run["id"]]
    assert all("storage of this browser is full" in value["text"] for value in page.told("failure"))
    assert page.told("failure") and again.told("failure") == []


async def test_commands_that_do_not_fit_are_answered_with_what_to_do(tmp_path: Path) -> None:
    async with VirtualClip(motion(5, RATE_HZ)) as clip:
        page = Page(clip, tmp_path)
        await page.open()
        for name, values in [
            ("lap", {}),
            ("open", {"id": 7}),
            ("settings", {"values": {"volume_pct": 500}}),
            ("runner", {"to": "a\nb"}),
            ("profile.import", {"text": "{"}),
            ("profile.export", {}),
        ]:
            before = len(page.told("failure"))
            page.tap(name, **values)
            async with asyncio.timeout(10):
                while len(page.told("failure")) == before:
                    await asyncio.sleep(0.01)
    texts = [value["text"] for value in page.told("failure")]
    assert "no run is going on" in texts[0] and "not on the phone" in texts[1] and "volume_pct" in texts[2]
    assert "no profile" in texts[4] and "nothing is saved for you yet" in texts[5]


async def test_settings_and_profiles_are_kept(tmp_path: Path) -> None:
    async with VirtualClip(motion(5, RATE_HZ)) as clip:
        page = Page(clip, tmp_path)
        await page.open()
        page.tap("runner", to="Ada")
        page.tap("settings", values={"volume_pct": 40, "ear": "left", "rate_hz": 200, "coach": True})
        await page.until("settings", lambda value: value["volume_pct"] == 40)
        again = Page(clip, tmp_path)
        await again.open()
        told = again.told("settings")[0]
    assert (told["runner"], told["volume_pct"], told["ear"], told["rate_hz"]) == ("Ada", 40, "left", 200)
    assert told["coach"] is True and again.app.player.hearing.volume == pytest.approx(0.4)


async def test_a_profile_goes_to_the_phone_by_file_or_codes_and_back(tmp_path: Path) -> None:
    calibration = replace(nominal(), acc_gain=1.01, source="stand+hinges")
    text = profile_file.to_text(Profile("Ada", calibration, 1.8e9, sessions=5))
    async with VirtualClip(motion(5, RATE_HZ)) as clip:
        page = Page(clip, tmp_path)
        await page.open()
        codes = to_codes(text)
        for code in codes:
            page.tap("profile.import", text=code)
        await page.until("notice", lambda value: value["text"] == "the profile of Ada is here")
        assert page.told("codes")[-1] == {"count": len(codes), "missing": []}
        assert page.told("settings")[-1]["runner"] == "Ada" and page.told("settings")[-1]["runners"] == ["Ada"]
        again = Page(clip, tmp_path)
        await again.open()
        again.tap("profile.export")
        file = await again.until("file")
    back = profile_file.from_text(file["data"])
    assert back.calibration is not None and back.calibration.acc_gain == 1.01 and back.sessions == 5
    assert file["name"] == "untuck-profile-Ada.json" and page.told("failure") == []


def test_a_sleep_is_noticed_once_and_a_busy_phone_is_none() -> None:
    now, slept = [1000.0], []
    watch = SleepWatch(slept.append, lambda: now[0])
    for _ in range(5):
        now[0] += 1.5
        watch.tick()
    assert slept == []
    now[0] += 201.0
    watch.tick()
    watch.woke(200.0)  # the page says so too
    assert slept == [pytest.approx(200.0)]
    cued = "the page was asleep for 3 min 20 s: the clip cued alone and keeps what it measured"
    assert words(slept[0], clip_cues=True) == cued
    kept = "the page was asleep for 3 min 20 s: the clip keeps what it measured"
    assert words(slept[0], clip_cues=False) == kept  # before the first baseline it has nothing to cue by
    assert words(7.0, clip_cues=True) == "the page was asleep for 7 s: the clip keeps what it measured"
    now[0] += 60.0
    watch.woke(59.0)  # the worker ran on, the window did not
    assert len(slept) == 2


async def test_a_lost_link_costs_no_packet(tmp_path: Path) -> None:
    """Out of reach for longer than the memory of the clip lasts: its flash keeps the rest, which the end fetches."""
    async with VirtualClip(motion(200, RATE_HZ), speed=8) as clip:
        page = Page(clip, tmp_path)
        await page.open()
        await connected(page)
        await asyncio.sleep(2.0)
        connect = page.window.functions["bluetooth.connect"]

        def out_of_reach(_: str) -> None:
            raise BridgeError("NetworkError", "Bluetooth Device is no longer in range.")

        page.window.functions["bluetooth.connect"] = out_of_reach
        await clip.peripheral.drop()
        await page.until("screen", lambda value: any("no data from the clip" in text for text in value["notices"]))
        await asyncio.sleep(6.0)
        page.window.functions["bluetooth.connect"] = connect
        await page.until("screen", lambda value: any("the clip is back" in text for text in value["notices"]))
        await asyncio.sleep(1.0)
        page.tap("finish")
        review = await page.until("review")
    told = [value["text"] for value in page.told("progress")]
    print(told)
    assert told[0] == "a part of this run is only on the clip: fetching it"
    numbers = sequence(list((await page.app.runs.open(review["id"])).packets()))
    assert numbers == list(range(len(numbers))) and len(numbers) > 400
    assert page.told("failure") == [] and len(page.told("runs")[-1]) == 1
    summary = codec.from_json(Summary, review["summary"])
    assert summary.signal.lost == 0 and summary.signal.packets == len(numbers)


async def test_runs_without_a_session_become_runs_of_the_phone(tmp_path: Path) -> None:
    async with VirtualClip(motion(40, RATE_HZ), speed=8) as clip:
        await vanish(clip, 20)
        async with BleSource(RATE_HZ, backend=clip.backend, timeouts=QUICK):
            pass
        page = Page(clip, tmp_path)
        await page.open()
        chosen = await page.window.choose()
        page.tap("sync", id=chosen["id"])
        await page.until("phase", lambda value: value["name"] == "start")
        page.tap("sync", id=chosen["id"])
        await page.until("notice", lambda value: value["text"] == "runs fetched from the clip: 0")
    (run,) = page.told("runs")[-1]
    assert run["mode"] == "sync" and not run["cut_off"]
    stored = await page.app.runs.open(run["id"])
    numbers = sequence(list(stored.packets()))
    assert numbers == list(range(20, 20 + len(numbers))) and len(numbers) > 300 and stored.summary is not None
    assert await page.files.names("parts") == []


def sequence(packets: list[Packet]) -> list[int]:
    return [wire.unpack_header(packet.data)[3] for packet in packets]
