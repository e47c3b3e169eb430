"""Ctrl-C at any moment: the program ends at once and in one line, or the running session ends with its summary.

While libraries are imported or compiled, a KeyboardInterrupt can be lost or become another error; so the process ends
without one. Only a session has something to complete: `run` lets asyncio cancel it. Nothing here imports what is heavy.
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
from collections.abc import Coroutine
from contextlib import suppress
from types import FrameType
from typing import Any, TypeVar

EXIT_CODE = 130  # as shells report a program that Ctrl-C has ended
SAVING_S = 0.05  # numba's cache is complete again after this time; otherwise it is tried again
_SHOW_CURSOR = b"\x1b[?25h"  # a progress bar or view may have hidden it

T = TypeVar("T")


def end_at_once() -> None:
    """From now on Ctrl-C ends the process; where the program ignores it, as in the background, it still does."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _on_interrupt)


def run(main: Coroutine[Any, Any, T]) -> T:
    """asyncio.run, in which Ctrl-C cancels `main`. Raises KeyboardInterrupt if `main` does not handle that."""
    import asyncio

    before = signal.getsignal(signal.SIGINT)
    if before is _on_interrupt:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # the one that asyncio replaces by its own
    try:
        return asyncio.run(main)
    finally:
        if before is _on_interrupt:
            signal.signal(signal.SIGINT, before)


def _on_interrupt(_: int, frame: FrameType | None) -> None:
    if _is_saving(frame):
        threading.Timer(SAVING_S, _thread.interrupt_main).start()
        return
    with suppress(Exception):
        _log(frame)
        sys.stdout.flush()
    with suppress(OSError):
        os.write(2, (b"\n" + _SHOW_CURSOR if os.isatty(2) else b"") + b"untuck: stopped.\n")
    os._exit(EXIT_CODE)


def _is_saving(frame: FrameType | None) -> bool:
    """Whether numba writes its cache: a saved index can name older code until its own code is saved."""
    while frame is not None:
        if frame.f_code.co_filename.endswith("caching.py"):
            return True
        frame = frame.f_back
    return False


def _log(frame: FrameType | None) -> None:
    """Log where the program was stopped, for a report of one that hung; shown nowhere else."""
    import logging
    import traceback

    where = "".join(traceback.format_stack(frame))
    logging.getLogger("untuck").info("stopped by Ctrl-C at\n%s", where, extra={"shown": True})
