"""The page's views in Chromium: nothing cut or overlapping, targets for thumbs, contrast, taps become commands."""

from __future__ import annotations

from importlib import resources
from typing import Any

import pytest

from phone.scenes import SETTINGS, VIEWS, enter
from phone.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIZES = ((360, 640), (412, 915), (1280, 800))
TARGET_PX = 44
ASKING = "document.getElementById('ask').open"
_BOXES = """(() => {
  const shown = [...document.querySelectorAll("button, select, input, .file")].filter((each) => {
    const dark = document.getElementById("dark");
    const cover = dark.hidden ? (document.querySelector("dialog[open]") ?? document.body) : dark;
    const box = each.getBoundingClientRect();
    return box.width > 0 && cover.contains(each) && !each.closest(".file input") && !each.matches(".file input");
  });
  const boxes = shown.map((each) => {
    const target = each.matches("label.tick input") ? each.parentElement : each;
    const { left, top, width, height } = target.getBoundingClientRect();
    return { name: each.id || each.textContent.trim(), left, top, width, height };
  });
  const wide = document.documentElement.scrollWidth - innerWidth;
  const cut = [...document.querySelectorAll("button, h1, dd, #word, #text, #value")]
    .filter((each) => each.getBoundingClientRect().width > 0 && !each.matches(".unseen"))
    .filter((each) => each.scrollWidth > each.clientWidth + 1)
    .map((each) => each.id || each.textContent.trim());
  return { boxes, wide, cut };
})()"""


def overlapping(boxes: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Pairs of targets that share more than a pixel."""
    pairs = []
    for number, one in enumerate(boxes):
        for other in boxes[number + 1 :]:
            across = min(one["left"] + one["width"], other["left"] + other["width"]) - max(one["left"], other["left"])
            down = min(one["top"] + one["height"], other["top"] + other["height"]) - max(one["top"], other["top"])
            if across > 1 and down > 1:
                pairs.append((one["name"], other["name"]))
    return pairs


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_every_view_fits_and_can_be_hit_and_read(size: tuple[int, int], theme: str, stage: Stage) -> None:
    axe = resources.files(pytest.importorskip("axe_playwright_python")).joinpath("axe.min.js").read_text()
    await stage.tab.page.set_viewport_size({"width": size[0], "height": size[1]})
    for view in VIEWS:
        await stage.reload()
        await enter(stage, view, theme)
        found = await stage.tab.evaluate(_BOXES)
        assert found["wide"] <= 0 and not found["cut"], (view, found["cut"])
        small = [box for box in found["boxes"] if min(box["width"], box["height"]) < TARGET_PX]
        assert found["boxes"] and not small, (view, small)
        assert not overlapping(found["boxes"]), view
        await stage.tab.evaluate(f"{axe}\nvoid 0")
        result = await stage.tab.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        violations = {each["id"]: [node["html"][:120] for node in each["nodes"]] for each in result["violations"]}
        assert not violations, (view, violations)


async def test_a_run_fits_a_small_phone_without_scrolling(stage: Stage) -> None:
    for view in ("good", "tuck", "pullback", "not_judged"):
        await enter(stage, view)
        assert await stage.tab.evaluate("document.documentElement.scrollHeight <= innerHeight"), view


async def test_taps_become_commands(stage: Stage) -> None:
    await enter(stage, "good")
    await stage.commands()
    for element in ("lap", "mute", "baseline", "recalibrate", "zero"):
        await stage.click(element)
    names = [each["name"] for each in await stage.commands(5)]
    assert names == ["lap", "mute", "baseline", "recalibrate", "zero"]
    await stage.tell("phase", {"name": "start", "id": None})
    await stage.tell("review", {"id": 7, "title": "A run", "sentences": [], "facts": [], "charts": []})
    await stage.click("share-run")
    await stage.click("delete-run")
    await stage.click("ask-yes")
    await stage.tab.until("document.getElementById('review').hidden")
    assert await stage.commands(2) == [{"name": "export", "id": 7}, {"name": "delete", "id": 7}]


async def hold(stage: Stage, seconds: float) -> None:
    """Press the button that ends a run, with the mouse."""
    box = await stage.tab.page.locator("#finish").bounding_box()
    mouse = stage.tab.page.mouse
    await mouse.move(box["x"] + 30, box["y"] + 20)
    await mouse.down()
    await stage.tab.page.wait_for_timeout(1000 * seconds)
    await mouse.up()


async def test_a_run_ends_only_by_a_held_button(stage: Stage) -> None:
    await enter(stage, "good")
    await stage.commands()
    await hold(stage, 0.2)
    await stage.click("ask-no")
    assert await stage.commands() == []
    await hold(stage, 1.5)
    assert await stage.commands(1) == [{"name": "finish"}]
    assert not await stage.tab.evaluate(ASKING)
    await stage.tab.page.locator("#finish").focus()
    await stage.tab.page.keyboard.press("Enter", delay=1500)
    assert await stage.commands(1) == [{"name": "finish"}]
    assert not await stage.tab.evaluate(ASKING)


async def test_a_run_ends_without_a_hold_by_a_second_press(stage: Stage) -> None:
    """By the keyboard, and by the click without a pointer that a screen reader makes; the dark screen withdraws it."""
    await enter(stage, "good")
    await stage.commands()
    keyboard = stage.tab.page.keyboard
    for key in ("Enter", "Space"):
        await stage.tab.page.locator("#finish").focus()
        await keyboard.press(key)
        await stage.tab.until(ASKING)
        assert await stage.tab.evaluate("document.getElementById('ask-text').textContent") == "Finish the run?"
        assert await stage.commands() == []
        await keyboard.press("Tab")
        await keyboard.press(key)
        assert await stage.commands(1) == [{"name": "finish"}]
    await stage.click("finish")
    await stage.click("ask-yes")
    assert await stage.commands(1) == [{"name": "finish"}]
    await stage.click("finish")
    await stage.click("darken")
    assert not await stage.tab.evaluate(ASKING) and await stage.commands() == []


async def test_the_screen_goes_dark_and_a_touch_wakes_it(stage: Stage) -> None:
    await enter(stage, "tuck")
    await stage.tell("settings", SETTINGS | {"dark_after_s": 1})
    await stage.tab.until("!document.getElementById('dark').hidden", 20)
    assert await stage.tab.evaluate("document.getElementById('dark-word').textContent") == "TUCK"
    await stage.click("dark")
    assert await stage.tab.evaluate("document.getElementById('dark').hidden")


async def test_names_of_others_are_text(stage: Stage) -> None:
    hostile = "<img src=x onerror=alert(1)>" + "W" * 60
    await enter(stage, "start")
    await stage.tell("settings", SETTINGS | {"runner": hostile})
    await stage.tell("failure", {"text": hostile})
    row = {"id": 1, "title": hostile, "started_unix_s": 1e9, "duration_s": 60, "cut_off": False, "strides": 1}
    await stage.tell("runs", [row])
    await stage.tell(
        "review",
        {"id": 1, "title": hostile, "sentences": [[hostile, hostile]], "facts": [["a", hostile]], "charts": []},
    )
    assert await stage.tab.evaluate("document.querySelectorAll('img').length") == 0
    assert await stage.tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await stage.click("review-done")
    assert await stage.tab.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_a_screen_reader_hears_the_state_when_it_changes(stage: Stage) -> None:
    await enter(stage, "good")
    assert await stage.tab.evaluate("document.getElementById('spoken').textContent") == "GOOD FORM. as in the baseline"
    await enter(stage, "tuck")
    assert (await stage.tab.evaluate("document.getElementById('spoken').textContent")).startswith("TUCK. ")
