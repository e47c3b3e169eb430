"""The pictures of the phone's page for the documents, at the sizes of a small phone, a large one and a tablet."""

from __future__ import annotations

import asyncio
import io
import tempfile
from collections.abc import Iterable
from pathlib import Path

from PIL import Image
from tests.phone.scenes import enter
from tests.phone.stage import on_stage

SMALL, LARGE, TABLET = (360, 640), (412, 915), (1280, 800)
COLOURS = 64  # of a picture: flat areas, and the steps of letters
PHONE = {  # name: view, size in px, theme
    "phone-start": ("start", SMALL, "dark"),
    "phone-calibrating": ("calibrating", SMALL, "dark"),
    "phone-good": ("good", SMALL, "dark"),
    "phone-tuck": ("tuck", SMALL, "dark"),
    "phone-dark": ("dark", SMALL, "dark"),
    "phone-pullback-sun": ("pullback", LARGE, "light"),
    "phone-review": ("review", LARGE, "dark"),
    "phone-settings": ("settings", LARGE, "dark"),
    "phone-coach": ("coach", TABLET, "dark"),
    "phone-coach-sun": ("coach", TABLET, "light"),
}


def draw_phone(names: Iterable[str], folder: Path) -> None:
    """Save these pictures of PHONE as PNG. Needs Chromium and Playwright."""
    asyncio.run(_draw(names, folder))


async def _draw(names: Iterable[str], folder: Path) -> None:
    for name in names:
        view, size, theme = PHONE[name]
        with tempfile.TemporaryDirectory() as place:
            async with on_stage(Path(place), size) as stage:
                await enter(stage, view, theme)
                data = await stage.tab.page.screenshot()
        picture = Image.open(io.BytesIO(data)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        picture.save(folder / f"{name}.png", optimize=True)
