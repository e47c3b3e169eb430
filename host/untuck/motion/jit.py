"""How numba compiles the kernels: `entry` for what Python calls, `inner` for what only kernels call.

Without numba both decorators return the function as it is: the same Python runs, slower, with the same results. A
browser has `entry` kernels that were compiled before (untuck.kernel_wasm).
Compiling takes about 1 ms an operation in the source and 10 ms a slice or loop: kernels are few and short, and wrappers
that nobody calls are left out. Loading this module also keeps garbage collection off while numba compiles.

`interpret` lets entries run as plain Python until `Entry.load` has read their compiled form from numba's cache.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from contextvars import ContextVar
from types import FunctionType
from typing import Any

from untuck.kernel_wasm import ahead_of_time

try:
    from untuck.kernel_cache import make_safe  # which loads numba, unless it is switched off
except ImportError:  # switched off, not installed, as on a phone, or not made for this version of numpy
    HAVE_NUMBA = False
else:
    from numba import njit, typeof
    from numba.core import event

    HAVE_NUMBA = True

# without "nrt" no kernel can make an array, and none has to count who holds one: arrays to write into are handed in
_COMMON: Any = {
    "cache": True,
    "error_model": "numpy",
    "no_cfunc_wrapper": True,
    "_nrt": False,
    "no_rewrites": True,  # of expressions on whole arrays, of which there are none
}
_WITHOUT_ENTRY: Any = _COMMON | {"no_cpython_wrapper": True}  # where it is compiled, a call from Python is fatal
_only_loads = ContextVar("only_loads", default=False)  # of this thread: it must not compile


class NotCached(Exception):
    """The compiled form of a kernel is not in the cache, or belongs to an older source."""


class Entry:
    """A kernel that Python calls: compiled, or plain Python between `interpret` and `load`.

    Each call is wholly one or the other, and both give the same bits: threads may switch it between calls.
    """

    def __init__(self, dispatcher: Any) -> None:
        self.py_func = dispatcher.py_func
        self._dispatcher = self._run = dispatcher
        self._plain: Any = None
        self._arguments: tuple[Any, ...] | None = None  # of the last interpreted call; numba needs their types

    def __call__(self, *arguments: Any) -> Any:
        """Run the kernel."""
        return self._run(*arguments)

    @property
    def _numba_type_(self) -> Any:
        """By this, numba takes the entry for the kernel where another kernel calls it."""
        return self._dispatcher._numba_type_

    @property
    def cache_path(self) -> str | None:
        """The folder of the compiled form; None where no folder is writable."""
        path: str | None = self._dispatcher.stats.cache_path
        return path

    @property
    def compiled(self) -> bool:
        """Whether the next call is of the compiled form."""
        return self._run is self._dispatcher

    def interpret(self, twins: dict[int, dict[str, Any]]) -> None:
        """Run as plain Python from the next call on; twins: of each module's names, shared by all entries."""
        self._plain = _twin_names(self.py_func.__globals__, twins)[self.py_func.__name__]
        self._run = self._interpret

    def load(self) -> None:
        """Read the compiled form from the cache and use it from the next call on. Raises NotCached.

        An entry that was never called stays interpreted, because the types of its arguments are not known.
        """
        if self._arguments is None:
            return
        only_loads = _only_loads.set(True)
        try:
            types = [typeof(argument) for argument in self._arguments]  # type: ignore[no-untyped-call]
            self._dispatcher.compile(tuple(types))
        finally:
            _only_loads.reset(only_loads)
        self._run, self._arguments = self._dispatcher, None

    def _interpret(self, *arguments: Any) -> Any:
        self._arguments = arguments
        return self._plain(*arguments)


ENTRIES: list[Entry] = []  # those of the modules imported so far; empty where nothing is compiled


def interpret() -> None:
    """Run all entries as plain Python from their next call on, until they are loaded; nothing compiles meanwhile."""
    twins: dict[int, dict[str, Any]] = {}
    for each in ENTRIES:
        each.interpret(twins)


def _twin_names(names: dict[str, Any], twins: dict[int, dict[str, Any]]) -> dict[str, Any]:
    """A copy of a module's names in which kernels are plain functions that call plain functions.

    The originals must stay as they are: a compiled kernel without an entry is fatal where Python calls it.
    """
    if id(names) not in twins:
        twin = twins[id(names)] = dict(names)
        for name, value in names.items():
            if isinstance(f := getattr(value, "py_func", None), FunctionType):
                own = _twin_names(f.__globals__, twins)
                twin[name] = FunctionType(f.__code__, own, f.__name__, f.__defaults__, f.__closure__)
    return twins[id(names)]


def _compiler(**options: Any) -> Callable[[Any], Any]:
    """A decorator that compiles with these options, where there is a compiler."""

    def compiled(kernel: Any) -> Any:
        if not HAVE_NUMBA:
            return kernel
        try:
            made = njit(**options)(kernel)
        except RuntimeError:  # numba finds no writable folder for its cache
            return njit(**(options | {"cache": False}))(kernel)
        if made is not kernel and options["cache"]:
            make_safe(made)
        return made

    return compiled


inner = _compiler(**_WITHOUT_ENTRY)


def entry(kernel: Any) -> Any:
    """A decorator for a kernel that Python calls; the kernel itself where nothing is compiled."""
    compiled = _compiler(**_COMMON)(kernel)
    if compiled is kernel:  # no numba
        return ahead_of_time(kernel)
    ENTRIES.append(Entry(compiled))
    return ENTRIES[-1]


def callable_from_python(kernel: Any) -> Any:
    """An `inner` kernel, compiled once more, so that benches and tests may call it."""
    return _compiler(**(_COMMON | {"cache": False}))(getattr(kernel, "py_func", kernel))


def _watch_compiling() -> None:
    """No garbage collection while numba compiles, and no compiling in a thread that only loads.

    Compiling makes objects by the million, few of them garbage: looking for it takes a twentieth of the time.
    """

    class Watcher(event.Listener):
        def __init__(self) -> None:
            self._depth, self._was_on = 0, False

        def on_start(self, event: Any) -> None:
            if _only_loads.get():
                raise NotCached(event.data["dispatcher"].py_func.__name__)
            if self._depth == 0:
                self._was_on = gc.isenabled()
                gc.disable()
            self._depth += 1

        def on_end(self, event: Any) -> None:
            self._depth -= 1
            if self._depth == 0 and self._was_on:
                gc.enable()

    event.register("numba:compile", Watcher())  # type: ignore[no-untyped-call]


if HAVE_NUMBA:
    _watch_compiling()
