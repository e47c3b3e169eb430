"""The kernels of a live session: interpreted at once, compiled as soon as the cache has them.

A thread loads the compiled kernels from numba's cache, one at a time; a child process fills the cache first where it is
empty or stale. Compiling in this process would hold up packets and sound. Whatever fails, the kernels stay interpreted,
with the same results, and the log says why.
"""

from __future__ import annotations

import atexit
import gc
import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from typing import Any

from untuck.session.warmup import call_every_kernel, exclude_from_garbage_collection

CHILD = "untuck.session.compile_kernels"
FIRST_S = 1.0  # before the thread begins: it would share the interpreter with the start of the session
STOP_S = 2.0  # for the child to end by itself; it does so at once, unless it is saving

_log = logging.getLogger(__name__)


class LiveKernels:
    """Brings compiled kernels into a process that already analyses with interpreted ones."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._stopped = False
        self._begin = threading.Event()  # at once, not after FIRST_S

    def start(self) -> None:
        """Interpret the kernels from now on, and replace them in the background; once in a process."""
        from untuck.motion import jit
        from untuck.motion.pipeline import Pipeline  # noqa: F401 - with it come all kernels

        with self._lock:
            if self._thread is not None:
                return
            jit.interpret()
            self._thread = threading.Thread(target=self._replace, name="live kernels", daemon=True)
        exclude_from_garbage_collection()
        atexit.register(self.stop)
        self._thread.start()

    def wait(self) -> None:
        """Return when the kernels are compiled, or stay interpreted; at once if `start` was not called."""
        self._begin.set()
        if self._thread is not None:
            self._thread.join()

    def stop(self) -> None:
        """End the child and the thread."""
        with self._lock:
            self._stopped, child = True, self._child
        if child is not None:
            _end(child)
        self.wait()

    def _replace(self) -> None:
        started_s = time.monotonic()
        self._begin.wait(FIRST_S)
        if self._stopped:
            return
        try:
            problem = self._compile_and_load()
        except Exception as error:  # a session does not need compiled kernels
            problem = f"{type(error).__name__}: {error}"
        took_s = time.monotonic() - started_s
        if self._stopped:
            return
        if problem:
            _log.info("the kernels stay interpreted: %s", problem)
        else:
            _log.info("compiled kernels are in use after %.1f s", took_s)

    def _compile_and_load(self) -> str:
        """Why the kernels stay interpreted, "" if they do not."""
        from untuck.motion.jit import ENTRIES

        if not ENTRIES:
            return "numba is not installed, or switched off"
        call_every_kernel()  # numba needs the types of the arguments to find a kernel
        if self._load() == "":
            return ""
        if all(entry.cache_path is None for entry in ENTRIES):
            return "no folder for compiled kernels is writable"
        if getattr(sys, "frozen", False) or not sys.executable:
            return "there is no Python to compile them with"
        _log.info("the session starts with interpreted kernels; a child process compiles them for this machine")
        if problem := self._run_child():
            return problem
        return self._load()

    def _load(self) -> str:
        """Load all kernels that were called; why that failed, "" if it did not."""
        from untuck.motion.jit import ENTRIES, NotCached

        was_on = gc.isenabled()
        gc.disable()  # the many new objects would start collections, which stop every thread
        try:
            for entry in ENTRIES:
                if not self._stopped:
                    entry.load()
        except NotCached as missing:
            return f"{missing} is not in the cache"
        except Exception as error:  # a damaged file of the cache
            return f"the cache cannot be read, {type(error).__name__}: {error}"
        finally:
            gc.freeze()
            if was_on:
                gc.enable()
        return ""

    def _run_child(self) -> str:
        """Fill the cache; why that failed, "" if it did not."""
        with tempfile.TemporaryFile() as errors:
            with self._lock:
                if self._stopped:
                    return "the session has ended"
                self._child = _start_child(errors)
            status = self._child.wait()
            if status == 0:
                return ""
            errors.seek(0)
            last = errors.read().decode(errors="replace").strip().splitlines()[-1:]
        return f"the compiling process ended with status {status}: {' '.join(last)}"


def _start_child(errors: Any) -> subprocess.Popen[bytes]:
    """Start the child, out of reach of a Ctrl-C in the terminal: this process ends it."""
    paths = os.pathsep.join(path for path in sys.path if path)
    options: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
        options = {"creationflags": flags | subprocess.BELOW_NORMAL_PRIORITY_CLASS}
    return subprocess.Popen(
        [sys.executable, "-P", "-m", CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        env={**os.environ, "PYTHONPATH": paths},
        **options,
    )


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.stdin is not None:
        with suppress(OSError):
            child.stdin.close()
    try:
        child.wait(STOP_S)
    except subprocess.TimeoutExpired:
        child.kill()


_kernels = LiveKernels()
start, wait, stop = _kernels.start, _kernels.wait, _kernels.stop
