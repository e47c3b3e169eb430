"""A thread with its own asyncio loop, in which sessions run while Qt's loop draws.

Closing the thread cancels the coroutines that still run and waits for them, so that each session ends as with Ctrl-C:
recorded, with its summary.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

CLOSE_S = 15.0  # an ending session may have to finish a cue, store its summary and disconnect


class LoopTask:
    """A coroutine that runs in the thread's loop; can be cancelled from any thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, None]) -> None:
        self._loop = loop
        self._coroutine = coroutine
        self.task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Create the task; to be called in the loop's thread."""
        self.task = self._loop.create_task(self._coroutine)

    def cancel(self) -> None:
        """Request cancellation; does nothing if the task has ended."""
        self._loop.call_soon_threadsafe(lambda: self.task is not None and self.task.cancel())


class LoopThread:
    """Runs coroutines in a thread of its own; use it in a with statement."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="untuck sessions", daemon=True)
        self._submitted: list[LoopTask] = []

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def __enter__(self) -> LoopThread:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        closing = asyncio.run_coroutine_threadsafe(self._close(), self._loop)
        try:
            with suppress(TimeoutError):  # the daemon thread ends with the program; recorded data are stored already
                closing.result(CLOSE_S)
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(CLOSE_S)
            if not self._thread.is_alive():
                self._loop.close()

    def submit(self, coroutine: Coroutine[Any, Any, None]) -> LoopTask:
        """Start a coroutine in the thread."""
        self._submitted = [each for each in self._submitted if each.task is None or not each.task.done()]
        made = LoopTask(self._loop, coroutine)
        self._submitted.append(made)
        self._loop.call_soon_threadsafe(made.begin)
        return made

    def call(self, function: Callable[[], object]) -> None:
        """Schedule a function call in the thread."""
        self._loop.call_soon_threadsafe(function)

    async def _close(self) -> None:
        """Cancel and await the submitted coroutines, then all tasks that they left behind."""
        await _cancelled([each.task for each in self._submitted if each.task is not None])
        await _cancelled([task for task in asyncio.all_tasks() if task is not asyncio.current_task()])


async def _cancelled(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
