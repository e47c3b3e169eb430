"""The page's window when something goes wrong: what the user reads where they are, in light and in the dark."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import segno
from PIL import Image

from phone.scenes import SETTINGS, enter, screen_of
from phone.stage import Stage
from untuck.motion.mount.calibration import nominal
from untuck.store import profile_file
from untuck.store.profile import Profile
from untuck.store.profile_codes import to_codes

pytestmark = pytest.mark.asyncio(loop_scope="module")

DETECTOR = """
globalThis.BarcodeDetector = class {
  async detect(picture) {
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    canvas.getContext("2d").drawImage(picture, 0, 0);
    const bytes = new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
    const found = await readCodes(btoa(Array.from(bytes, (each) => String.fromCharCode(each)).join("")));
    return found.map((rawValue) => ({ rawValue }));
  }
};
"""


async def text(stage: Stage, element: str) -> str:
    """What a user reads in the element with this id; "" if it is hidden."""
    shown = f"document.getElementById('{element}')"
    found: str = await stage.tab.evaluate(f"{shown}.checkVisibility() ? {shown}.innerText.trim() : ''")
    return found


async def value(stage: Stage, expression: str) -> Any:
    return await stage.tab.evaluate(expression)


async def test_a_browser_without_bluetooth_keeps_its_explanation(stage: Stage) -> None:
    await stage.tab.page.add_init_script("delete Navigator.prototype.bluetooth")
    await stage.tab.page.reload()
    await stage.tell("progress", {"text": "Downloading Untuck, once: 3.1 of 8.7 MB", "share": 0.35})
    await stage.tell("ready", {"version": "0.1.0"})
    assert "no Web Bluetooth" in await text(stage, "message")
    assert await value(stage, "document.getElementById('connect').disabled")


async def test_a_failure_is_read_wherever_it_happens(stage: Stage) -> None:
    await enter(stage, "good")
    await stage.tell("failure", {"text": "the storage is full"})
    await stage.tell("screen", screen_of("good") | {"traces": None})
    assert await text(stage, "notice-text") == "the storage is full"
    await stage.tell("screen", screen_of("good") | {"traces": None, "notices": ["a newer one"]})
    assert await text(stage, "notice-text") == "a newer one"
    await stage.tell("phase", {"name": "ended", "id": 1})
    assert await text(stage, "message-text") == "the storage is full"
    await stage.click("to-runs")
    await stage.tell("progress", {"text": "analysing the run"})
    assert "analysing the run" in await text(stage, "told")
    await stage.tell("review", {"id": 1, "title": "A run", "sentences": [], "facts": [], "charts": []})
    assert await text(stage, "told") == ""
    await stage.tell("failure", {"text": "the run cannot be read"})
    assert "the run cannot be read" in await text(stage, "told")


async def test_messages_can_be_dismissed_and_an_analysis_cancelled(stage: Stage) -> None:
    await enter(stage, "good")
    good = screen_of("good") | {"traces": None}
    await stage.tell("screen", good | {"notices": ["the clip is back"]})
    await stage.click("notice-end")
    assert await text(stage, "notice") == ""
    await stage.tell("screen", good | {"notices": ["the clip is back"], "laps": 1})
    assert await text(stage, "notice") == ""
    await stage.tell("screen", good | {"notices": ["the clip is back", "a lap"]})
    assert await text(stage, "notice-text") == "a lap"
    await stage.tell("screen", good | {"notices": []})
    assert await text(stage, "notice") == ""
    await stage.tell("phase", {"name": "start", "id": None})
    await stage.tell("notice", {"text": "runs fetched from the clip: 2"})
    await stage.click("message-end")
    assert await text(stage, "message") == ""
    await stage.click("to-runs")
    await stage.commands()
    await stage.tell("progress", {"text": "analysing the run, about 3 min left", "share": 0.4, "cancel": True})
    assert await value(stage, "document.getElementById('told-share').value") == 0.4
    await stage.click("told-end")
    assert await stage.commands(1) == [{"name": "cancel"}]
    await stage.tell("review", {"id": 1, "title": "A run", "sentences": [], "facts": [], "charts": []})
    await stage.click("review-done")
    assert await text(stage, "message") == ""


async def test_codes_are_photographed_only_where_the_browser_reads_them(stage: Stage, tmp_path: Path) -> None:
    """Chromium on Linux has no BarcodeDetector, Chrome on a phone has: here another decoder reads for it."""
    zxingcpp = pytest.importorskip("zxingcpp", reason="zxing-cpp is not installed: make test installs it on Linux")
    await enter(stage, "settings")
    if not await value(stage, "'BarcodeDetector' in window"):
        assert await text(stage, "profile-code-label") == ""

    def read(png: str) -> list[str]:
        return [found.text for found in zxingcpp.read_barcodes(Image.open(io.BytesIO(base64.b64decode(png))))]

    await stage.tab.page.expose_function("readCodes", read)
    await stage.tab.page.add_init_script(DETECTOR)
    await stage.reload()
    await enter(stage, "settings")
    assert "Photograph QR codes" in await text(stage, "profile-code-label")
    await stage.commands()
    calibration = replace(nominal(), source="stand+hinges")
    codes = to_codes(profile_file.to_text(Profile("Ada", calibration, 1.8e9)))
    for number, code in enumerate(codes):
        path = tmp_path / f"{number}.png"
        segno.make(code, error="m", micro=False, boost_error=False).save(str(path), scale=6, border=4)
        await stage.tab.page.locator("#profile-code").set_input_files(path)
        assert await stage.commands(1) == [{"name": "profile.import", "text": code}]
    Image.new("RGB", (300, 300), "white").save(tmp_path / "wall.png")
    await stage.tab.page.locator("#profile-code").set_input_files(tmp_path / "wall.png")
    await stage.tab.until("document.getElementById('settings-message').textContent.includes('No QR code')")


async def test_settings_have_the_rate_and_a_run_the_coachs_view(stage: Stage) -> None:
    await enter(stage, "settings")
    await stage.tell("settings", SETTINGS | {"rate_hz": 200})
    assert await value(stage, "document.getElementById('rate_hz').value") == "200"
    await stage.commands()
    await stage.tab.page.locator("#rate_hz").select_option("50")
    assert await stage.commands(1) == [{"name": "settings", "values": {"rate_hz": 50}}]
    await stage.tell("notice", {"text": "the profile of Ada is here"})
    assert await text(stage, "settings-message") == "the profile of Ada is here"
    await stage.click("settings-done")
    await stage.click("to-settings")
    assert await text(stage, "settings-message") == ""
    await enter(stage, "good")
    await stage.commands()
    await stage.click("coach-view")
    await stage.tell("settings", SETTINGS | {"coach": True})
    await stage.click("coach-view")
    assert await stage.commands(2) == [{"name": "settings", "values": {"coach": on}} for on in (True, False)]


async def test_a_worker_that_is_silent_is_no_good_form(stage: Stage) -> None:
    await enter(stage, "good")
    assert await text(stage, "word") == "GOOD FORM"
    await stage.tab.until("document.getElementById('word').textContent === 'NO DATA'", 20)
    assert await text(stage, "data") != "live"
    await stage.tell("screen", screen_of("good") | {"traces": None})
    assert await text(stage, "word") == "GOOD FORM"


async def test_saving_is_shown_until_the_run_is_saved(stage: Stage) -> None:
    await enter(stage, "good")
    await stage.tell("phase", {"name": "ending", "id": None})
    await stage.tell("screen", screen_of("good") | {"traces": None})
    assert await text(stage, "word") == "SAVING"
    await stage.tell("progress", {"text": "a part of this run is only on the clip: fetching it"})
    assert "only on the clip" in await text(stage, "notice")


async def test_a_long_cue_moves_nothing(stage: Stage) -> None:
    box = "JSON.stringify(document.getElementById(id).getBoundingClientRect())"
    boxes = f"['state', 'facts', 'buttons'].map((id) => {box})"
    await enter(stage, "good")
    await stage.tell("screen", screen_of("good") | {"traces": None, "cue": ""})
    before = await value(stage, boxes)
    await stage.tell("screen", screen_of("pullback") | {"traces": None, "cue": "right pullback, 1:04 ago"})
    assert await value(stage, boxes) == before


async def test_another_fault_is_read_out_too(stage: Stage) -> None:
    await enter(stage, "tuck")
    assert (await text(stage, "spoken")).startswith("TUCK. ")
    await stage.tell("screen", screen_of("pullback") | {"traces": None})
    assert "PULLBACK" in await text(stage, "spoken")


async def test_a_fault_lights_the_dark_screen_only_if_set(stage: Stage) -> None:
    for lit in (False, True):
        await enter(stage, "good")
        await stage.tell("settings", SETTINGS | {"lit_by_fault": lit, "dark_after_s": 0})
        await stage.click("darken")
        await stage.tell("screen", screen_of("tuck") | {"traces": None})
        assert await value(stage, "document.getElementById('dark').hidden") is lit
        await stage.tell("phase", {"name": "start", "id": None})


async def test_a_calibration_stays_lit(stage: Stage) -> None:
    await enter(stage, "calibrating")
    await stage.tell("settings", SETTINGS | {"dark_after_s": 0.2})
    await stage.tab.page.wait_for_timeout(1000)
    assert await value(stage, "document.getElementById('dark').hidden")
    await stage.tell("screen", screen_of("good") | {"traces": None})
    await stage.tab.until("!document.getElementById('dark').hidden", 20)


async def test_what_is_under_the_dark_screen_cannot_be_reached(stage: Stage) -> None:
    await enter(stage, "dark")
    await stage.commands()
    for _ in range(8):
        await stage.tab.page.keyboard.press("Tab")
        assert not await value(stage, "['lap', 'mute', 'finish'].includes(document.activeElement.id)")
    await stage.click("dark")
    await stage.tab.page.locator("#lap").focus()
    await stage.tab.page.keyboard.press("Enter")
    assert await stage.commands(1) == [{"name": "lap"}]


async def test_focus_follows_the_view(stage: Stage) -> None:
    await enter(stage, "start")
    await stage.tab.page.locator("#to-settings").focus()
    await stage.tab.page.keyboard.press("Enter")
    assert await value(stage, "document.activeElement.textContent") == "Settings"
    await stage.tab.page.keyboard.press("Tab")
    assert await value(stage, "document.activeElement.id") == "settings-done"


async def test_a_run_is_named(stage: Stage) -> None:
    await stage.tell("ready", {"version": "0.1.0"})
    await stage.tell("review", {"id": 7, "title": "A run", "sentences": [], "facts": [], "charts": []})
    await stage.click("name-run")
    await stage.tab.page.locator("#ask-name").fill("Long run, with hills")
    await stage.tab.page.keyboard.press("Enter")
    await stage.tab.until("!document.getElementById('ask').open")
    assert await stage.commands(1) == [{"name": "rename", "id": 7, "to": "Long run, with hills"}]
    assert await text(stage, "review-title") == "Long run, with hills"
