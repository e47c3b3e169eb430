"""Compiles the kernels, or loads them from the cache, before a batch needs them; reports it if that takes long.

A few seconds of the example recording pass through a separate pipeline, which calls every kernel. A live session does
not wait for this: live_kernels.py.
"""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

SLOW_S = 2.0  # loading from the cache takes less
COMPILING = "compiling the analysis for this machine: once, about 10 s ..."
INTERPRETED = (
    "the analysis runs without its compiler, because no folder for compiled code can be written: set NUMBA_CACHE_DIR "
    "to a folder you can write to, and it needs less power."
)
NO_FOLDER = (
    "compiling the analysis, about 10 s at every start, because its result cannot be saved: set NUMBA_CACHE_DIR to a "
    "folder you can write to."
)

_log = logging.getLogger(__name__)


def warm_up(say: Callable[[str], None]) -> None:
    """Compile or load the kernels; `say` receives one line if they are not in the cache. Takes 0.3 s if they are."""
    from untuck.session import live_kernels

    started_s, cached = time.monotonic(), is_cached()
    notice = threading.Timer(SLOW_S if cached else 0.0, say, (compiling_notice(),))
    notice.start()
    try:
        live_kernels.wait()  # where a live session of this process has begun to fill the cache
        call_every_kernel()
    finally:
        notice.cancel()
    took_s = time.monotonic() - started_s
    _log.info("warm-up took %.1f s; the cache had %s kernels before", took_s, "all" if cached else "not all")
    exclude_from_garbage_collection()


def call_every_kernel() -> None:
    """Analyse a few seconds of the example recording: standing, hinges and running."""
    from untuck.motion.pipeline import Pipeline
    from untuck.simulate.example import RUN_S, example

    samples = example()
    first, last = samples.time_s.searchsorted((RUN_S - 1.0, RUN_S + 8.0))
    pipeline = Pipeline()
    pipeline.push(samples[first:last])
    pipeline.finish()
    pipeline.run()


def exclude_from_garbage_collection() -> None:
    """Exclude the objects that exist now, most of them of libraries, from garbage collection.

    A full collection over them would stop everything, sound included, for 50 ms every few minutes of a run.
    """
    gc.collect()
    gc.freeze()


def is_cached() -> bool:
    """Whether the compiled kernels are in the cache; true where nothing is compiled (NUMBA_DISABLE_JIT, no numba).

    Damaged files do not count; those of an older source do: only loading them shows their age.
    """
    from untuck.motion.jit import ENTRIES

    folder = cache_folder()  # which imports a kernel
    if not ENTRIES:
        return True
    if folder is None or not any(folder.glob(_LAST_COMPILED)):
        return False
    from untuck.kernel_cache import is_damaged

    return not any(is_damaged(Path(each)) for each in {entry.cache_path for entry in ENTRIES} if each is not None)


def can_cache() -> bool:
    """Whether compiled kernels can be saved, or nothing is compiled."""
    from untuck.motion.jit import ENTRIES

    return cache_folder() is not None or not ENTRIES


def compiling_notice() -> str:
    """What to say where kernels are compiled."""
    return COMPILING if can_cache() else NO_FOLDER


def cache_folder() -> Path | None:
    """The folder of the compiled kernels; None if nothing is compiled, or no folder is writable."""
    from untuck.motion.strides import stride_kernels

    path = getattr(stride_kernels.measure_stride, "cache_path", None)
    return None if path is None else Path(path)


_LAST_COMPILED = "stride_kernels.measure_stride-*-checked.nbi"
