"""A run without a review is analysed when it is opened: with progress, beside all else, and also without space."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.exact import exact

from untuck.model import Packet
from untuck.phone.app import analysis
from untuck.phone.app.bridge import Bridge, Message
from untuck.phone.app.files import FolderFiles
from untuck.phone.app.main import App
from untuck.session.reanalysis import reanalyse, reanalyse_in_steps
from untuck.session_commands import Lap, Mute
from untuck.simulate.packets import pack
from untuck.simulate.runner import Phase, Scenario, simulate
from untuck.store.session import Settings

CALIBRATION = (Phase("stand", 7.0), *[Phase("hinge", 3.5)] * 3, Phase("stand", 2.0))
RUN = Scenario((*CALIBRATION, Phase("run", 70.0), Phase("run", 20.0, tuck_deg=7.0), Phase("run", 15.0)))
PACKETS = [Packet(data, 100.0 + 0.05 * number) for number, data in enumerate(pack(simulate(RUN).samples, 100))]
COMMANDS = [Lap("one", time_s=40.0), Mute(True, time_s=100.0)]


class Page:
    """The app on a folder; told: what it told the window."""

    def __init__(self, folder: Path) -> None:
        self.files = FolderFiles(folder)
        self.told: list[tuple[str, Any]] = []
        self.bridge = Bridge(self._post)
        self.app = App(self.bridge, self.files)

    def _post(self, message: Message) -> None:
        if "tell" in message:
            self.told.append((message["tell"], message["value"]))

    def all(self, name: str) -> list[Any]:
        return [value for each, value in self.told if each == name]

    def tap(self, name: str, **values: Any) -> None:
        self.bridge.receive({"event": "command", "value": {"name": name, **values}})

    async def until(self, name: str, count: int = 1) -> Any:
        async with asyncio.timeout(300):
            while len(self.all(name)) < count:
                await asyncio.sleep(0.005)
        return self.all(name)[count - 1]


async def cut_off(folder: Path) -> Page:
    """A page that finds a run during which the one before it was killed."""
    before = Page(folder)
    recording = before.app.runs.record("clip 1", "run", Settings(rate_hz=100))
    await recording.begin()
    recording.write(PACKETS)
    for command in COMMANDS:
        recording.command(command)
    page = Page(folder)
    await page.app.start()
    assert [row["cut_off"] for row in page.all("runs")[-1]] == [True]
    return page


async def test_progress_is_shown_other_taps_are_answered_and_the_result_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analysis, "_TELL_S", 0.0)
    page = await cut_off(tmp_path)
    page.tap("open", id=1)
    await page.until("progress", 5)
    before = len(page.all("settings"))
    page.tap("settings", values={"volume_pct": 30})
    await page.until("settings", before + 1)
    assert page.all("review") == []  # the analysis goes on
    review = await page.until("review")
    shares = [value["share"] for value in page.all("progress")]
    assert shares == sorted(shares) and shares[0] == 0.0 and len(shares) > 50 and shares[-1] > 0.98
    assert all(value["cancel"] for value in page.all("progress"))
    assert page.all("runs")[-1][0]["strides"] > 100 and review["sentences"]

    again = Page(tmp_path)
    await again.app.start()
    again.tap("open", id=1)
    assert await again.until("review") == review and again.all("progress") == []


async def test_an_analysis_can_be_given_up_and_another_run_replaces_it(tmp_path: Path) -> None:
    page = await cut_off(tmp_path)
    page.tap("open", id=1)
    page.tap("open", id=1)  # a second tap: the first one's result comes
    await page.until("progress")
    page.tap("cancel")
    await page.until("notice")
    assert "analysis cancelled" in page.all("notice")[-1]["text"]
    await asyncio.sleep(1.0)
    assert page.all("review") == [] and page.all("failure") == []
    page.tap("open", id=1)
    await page.until("review")
    await asyncio.sleep(0.2)
    assert len(page.all("review")) == 1


async def test_with_a_full_storage_a_run_is_listed_reviewed_and_exported(tmp_path: Path) -> None:
    before = Page(tmp_path)
    recording = before.app.runs.record("clip 1", "run", Settings(rate_hz=100))
    await recording.begin()
    recording.write(PACKETS)
    page = Page(tmp_path)
    page.files.free_bytes = 0
    await page.app.start()
    page.tap("open", id=1)
    review = await page.until("review")
    assert review["sentences"] and "storage of this browser is full" in page.all("notice")[-1]["text"]
    page.tap("open", id=1)
    assert await page.until("review", 2) == review
    page.tap("export", id=1)
    assert len((await page.until("file"))["data"]) > 10_000
    page.tap("delete", id=1)
    await page.until("runs", len(page.all("runs")) + 1)
    assert page.all("runs")[-1] == [] and page.all("failure") == []


@pytest.mark.parametrize("step_s", [0.001, 0.37, 2.0, 1e9])
async def test_an_analysis_in_steps_is_the_analysis(step_s: float, tmp_path: Path) -> None:
    page = await cut_off(tmp_path)
    session = await page.app.runs.open(1)
    steps, shares = reanalyse_in_steps(session, step_s), []
    whole = reanalyse(session)
    while True:
        try:
            shares.append(next(steps))
        except StopIteration as ended:
            found = ended.value
            break
    assert shares == sorted(shares) and shares[-1] == 1.0
    assert found.summary == whole.summary and found.summary.cues
    assert exact(found) == exact(whole)
