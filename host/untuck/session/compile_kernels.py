"""`python -m untuck.session.compile_kernels`: fills numba's cache, for a live session that does not wait for it.

A process of low priority that ends as soon as its standard input is closed, as it is when the session's process ends
in whatever way. It does not end while numba saves: a saved index can name older code until its own code is saved.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import untuck.motion.pipeline  # all kernels, before the thread: on Windows, loading a library waits for a read of stdin
import untuck.simulate.example  # noqa: F401
from untuck.motion.jit import ENTRIES
from untuck.session.warmup import call_every_kernel

NICE = 10  # on Windows the parent sets the priority


def main() -> int:
    """Compile every kernel that is not in the cache; 1 if that fails."""
    if hasattr(os, "nice"):
        os.nice(NICE)
    threading.Thread(target=_end_with_stdin, args=(threading.get_ident(),), daemon=True).start()
    try:
        call_every_kernel()
    except Exception:  # a damaged file of the cache, as after a power cut
        _empty_cache()
        call_every_kernel()
    return 0


def _end_with_stdin(main_thread: int) -> None:
    os.read(sys.stdin.fileno(), 1)  # unbuffered: a buffer's lock would be fatal when the main thread ends first
    while any(frame.f_code.co_filename.endswith("caching.py") for frame in _frames(main_thread)):
        time.sleep(1e-3)
    os._exit(1)


def _frames(thread: int) -> Iterator[FrameType]:
    frame = sys._current_frames().get(thread)
    while frame is not None:
        yield frame
        frame = frame.f_back


def _empty_cache() -> None:
    for folder in {entry.cache_path for entry in ENTRIES}:
        for path in Path(folder).glob("*.nb[ic]") if folder is not None else ():
            path.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
