"""Gets the compiled kernels ready before a session needs them, and says so when that takes a while.

A few seconds of the example recording go through a pipeline: every kernel is compiled, or loaded from the cache.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from pathlib import Path

SLOW_S = 2.0  # loading from the cache takes less
TEXT = "compiling the analysis for this machine: once, about 10 s ..."


def warm_up(say: Callable[[str], None]) -> None:
    """Compile or load the kernels; `say` gets one line if they are not in the cache. Takes 0.3 s when they are."""
    from untuck.motion.pipeline import Pipeline
    from untuck.simulate.example import RUN_S, example

    notice = threading.Timer(SLOW_S if is_cached() else 0.0, say, (TEXT,))
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
    settle()


def settle() -> None:
    """Let the collector pass over what is loaded by now: going through it again halts everything, sound too, for 50 ms.

    It does so every few minutes of a run, for objects of libraries that stay to the end.
    """
    gc.collect()
    gc.freeze()


def is_cached() -> bool:
    """Whether the kernels were compiled before; always true with NUMBA_DISABLE_JIT, where nothing is compiled."""
    folder = cache_folder()
    return folder is None or any(folder.glob("kernels.track_chunk-*.nbi"))


def cache_folder() -> Path | None:
    """Where compiled kernels are kept; None if nothing is compiled."""
    from untuck.motion.strides import kernels

    stats = getattr(kernels.track_chunk, "stats", None)
    return None if stats is None else Path(stats.cache_path)
