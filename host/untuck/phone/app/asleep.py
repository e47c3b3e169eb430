"""How long the page was frozen: the system stops a page in the background, or on a locked phone.

A task that should run every second notices that it did not; a page that reports its own sleep is believed too.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

TICK_S = 1.0
ASLEEP_S = 5.0  # a shorter break is a busy phone
CLIP_ALONE_S = 10.0  # then the clip cues by itself


class SleepWatch:
    """Calls `on_wake` with the seconds of each sleep, once. clock: seconds that go on in a sleep."""

    def __init__(self, on_wake: Callable[[float], None], clock: Callable[[], float] = time.time) -> None:
        self._on_wake = on_wake
        self._clock = clock
        self._seen_s = clock()
        self._woke_s = -1e9

    async def watch(self) -> None:
        """Until the task is cancelled."""
        while True:
            await asyncio.sleep(TICK_S)
            self.tick()

    def tick(self) -> None:
        """The page runs now."""
        now_s = self._clock()
        asleep_s = now_s - self._seen_s - TICK_S
        self._seen_s = now_s
        if asleep_s > ASLEEP_S:
            self.woke(asleep_s)

    def woke(self, asleep_s: float) -> None:
        """The page reports that it slept for so long, which the task may have noticed too."""
        now_s = self._clock()
        if asleep_s > ASLEEP_S and now_s - self._woke_s > ASLEEP_S:
            self._woke_s = self._seen_s = now_s
            self._on_wake(asleep_s)


def words(asleep_s: float, clip_cues: bool) -> str:
    """What the runner reads after a sleep during a run. clip_cues: the clip has what it needs for cues of its own."""
    minutes, seconds = divmod(round(asleep_s), 60)
    length = f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
    alone = "cued alone and keeps" if clip_cues and asleep_s > CLIP_ALONE_S else "keeps"
    return f"the page was asleep for {length}: the clip {alone} what it measured"
