"""A clip whose clock has waited for a busy host goes on at once, as if no time had passed."""

from __future__ import annotations

import asyncio

from virtual_clip.clip import VirtualClip
from virtual_clip.stream_checks import motion

WAITED_S = 4.0


async def test_button_is_noticed_at_once_after_the_clock_has_waited() -> None:
    async with VirtualClip(motion(5, 100)) as clip:
        await clip.sleep(2)
        clip.keeps_up = lambda: False
        await asyncio.sleep(WAITED_S)
        clip.keeps_up = lambda: True
        seen = len(clip.bus.outputs)
        await clip.press(0.3)
        await clip.sleep(WAITED_S)
        changes = [pin for _, pin, _ in clip.bus.outputs[seen:]]
        assert changes.count("led") > 2 * WAITED_S  # four times a second
