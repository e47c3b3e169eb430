"""What a test needs of the machine, read from its code: markers that nobody has to remember.

A test needs what it reaches: names in its code and in the fixtures and helpers that it uses are followed from function
to function through tests and virtual_clip.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from types import CodeType, ModuleType
from typing import Any

_CLIP = ("clip", "radio_channel", "bleak_backend", "micropython_script", "bus_server")
REACHED = {  # marker: modules, or functions of them, that a test with this marker reaches
    "radio": {
        f"virtual_clip.{name}"
        for name in ("clip", "radio_channel", "bleak_backend", "micropython_script", "bus_server")
    },
    "sound": {"virtual_clip.loudspeaker"},
    "data": {"tests.conftest.data_dir", "conftest.data_dir"},
}
_FOLLOWED = ("tests", "conftest", "virtual_clip")


def needs(*functions: Callable[..., Any]) -> set[str]:
    """The markers of a test that consists of these functions: itself and its fixtures."""
    names = set(_reached([_own(function) for function in functions]))
    return {marker for marker, targets in REACHED.items() if names & targets}


def _own(function: Callable[..., Any]) -> Any:
    """The function as written, without what decorators and hypothesis put around it."""
    drawn = getattr(function, "hypothesis", None)
    return inspect.unwrap(function if drawn is None else drawn.inner_test)


def _reached(found: list[Any]) -> Iterator[str]:
    """Names of modules, and of functions and classes with their module, that code leads to."""
    seen: set[int] = set()
    while found:
        value = found.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, ModuleType):
            yield value.__name__
            continue
        module = str(getattr(value, "__module__", None))
        yield module
        yield f"{module}.{getattr(value, '__name__', '')}"
        if module.split(".")[0] not in _FOLLOWED and not module.startswith("test_"):
            continue
        if inspect.isclass(value):
            found += [member for member in vars(value).values() if inspect.isfunction(member)]
        function = inspect.unwrap(value) if callable(value) else value
        if inspect.isfunction(function):
            for name in _names(function.__code__):
                if name in function.__globals__:
                    found.append(function.__globals__[name])
                yield name


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _names(inner)
