"""Compiles the kernels, or loads them from the cache, before a session needs them; reports it if that takes long.

A few seconds of the example recording pass through a separate pipeline, which calls every kernel.
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

_log = logging.getLogger(__name__)


def warm_up(say: Callable[[str], None]) -> None:
    """Compile or load the kernels; `say` receives one line if they are not in the cache. Takes 0.3 s if they are."""
    from untuck.motion.pipeline import Pipeline
    from untuck.simulate.example import RUN_S, example

    started_s, cached = time.monotonic(), is_cached()
    notice = threading.Timer(SLOW_S if cached else 0.0, say, (COMPILING,))
    notice.start()
    try:
        samples = example()
        first, last = samples.time_s.searchsorted((RUN_S - 1.0, RUN_S + 8.0))
        pipeline = Pipeline()
        pipeline.push(samples[first:last])
        pipeline.finish()
        pipeline.run()
    finally:
        notice.cancel()
    took_s = time.monotonic() - started_s
    _log.info("warm-up took %.1f s; the cache had %s kernels before", took_s, "some" if cached else "no")
    exclude_from_garbage_collection()


def exclude_from_garbage_collection() -> None:
    """Exclude the objects that exist now, most of them of libraries, from garbage collection.

    A full collection over them would stop everything, sound included, for 50 ms every few minutes of a run.
    """
    gc.collect()
    gc.freeze()


def is_cached() -> bool:
    """Whether the compiled kernels are in the cache; always true with NUMBA_DISABLE_JIT, where nothing is compiled."""
    folder = cache_folder()
    return folder is None or any(folder.glob("kernels.track_chunk-*.nbi"))


def cache_folder() -> Path | None:
    """The folder of the compiled kernels; None if nothing is compiled."""
    from untuck.motion.strides import kernels

    stats = getattr(kernels.track_chunk, "stats", None)
    return None if stats is None else Path(stats.cache_path)
