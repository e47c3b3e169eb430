"""A thread with an asyncio loop of its own, in which sessions run while Qt's loop draws.

The window hands coroutines over; leaving cancels those that still run and waits for them, so that a session ends as
Ctrl-C would end it: recorded, with its summary. Threads and loops live here.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

CLOSE_S = 15.0  # a session that ends may first have to let a cue sound, a summary be stored and a radio let go


class Work:
    """A coroutine that runs in the engine's thread; may be cancelled from any thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, None]) -> None:
        self._loop = loop
        self._work = work
        self.task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Called in the engine's thread."""
        self.task = self._loop.create_task(self._work)

    def cancel(self) -> None:
        """Cancel it, soon; nothing happens if it has ended."""
        self._loop.call_soon_threadsafe(lambda: self.task is not None and self.task.cancel())


class Engine:
    """Runs coroutines beside the window; use in a with statement."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="untuck sessions", daemon=True)
        self._works: list[Work] = []

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def __enter__(self) -> Engine:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        closing = asyncio.run_coroutine_threadsafe(self._close(), self._loop)
        try:
            with suppress(TimeoutError):  # the thread ends with the program; what was recorded is kept
                closing.result(CLOSE_S)
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(CLOSE_S)
            if not self._thread.is_alive():
                self._loop.close()

    def submit(self, work: Coroutine[Any, Any, None]) -> Work:
        """Start a coroutine in the thread."""
        self._works = [each for each in self._works if each.task is None or not each.task.done()]
        made = Work(self._loop, work)
        self._works.append(made)
        self._loop.call_soon_threadsafe(made.begin)
        return made

    def call(self, function: Callable[[], object]) -> None:
        """Call a function in the thread, soon."""
        self._loop.call_soon_threadsafe(function)

    async def _close(self) -> None:
        """Cancel what was submitted, wait for it, and then for what it has left behind."""
        await _cancelled([work.task for work in self._works if work.task is not None])
        await _cancelled([task for task in asyncio.all_tasks() if task is not asyncio.current_task()])


async def _cancelled(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
