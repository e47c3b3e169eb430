"""Between Python in the worker and JavaScript in the window: calls with a result, messages, events.

Every message is a plain object. To the window: {call, name, args} is answered by {answer, value} or {answer, error:
{name, message}}; {tell: name, value} has no answer. From the window: {event: name, value}. The worker's script converts
them between JavaScript and Python; nothing here knows Pyodide, so that tests run it in CPython.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

Message = dict[str, Any]
Handler = Callable[[Any], Awaitable[None] | None]

_log = logging.getLogger(__name__)


class BridgeError(Exception):
    """A call of the window failed. name: of the JavaScript error, such as "NetworkError"; message: its text."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}" if message else name)
        self.name = name
        self.message = message


class Bridge:
    """One end of the connection between worker and window. post: sends a message to the window."""

    def __init__(self, post: Callable[[Message], None]) -> None:
        self._post = post
        self._numbers = count(1)
        self._calls: dict[int, asyncio.Future[Any]] = {}
        self._handlers: dict[str, Handler] = {}
        self._tasks: set[asyncio.Future[None]] = set()

    async def call(self, name: str, *args: Any) -> Any:
        """The result of a function of the window. Raises BridgeError if it fails there."""
        number = next(self._numbers)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._calls[number] = answer
        self._post({"call": number, "name": name, "args": list(args)})
        try:
            return await answer
        finally:
            self._calls.pop(number, None)

    def tell(self, name: str, value: Any = None) -> None:
        """Send a message to the window."""
        self._post({"tell": name, "value": value})

    def on(self, name: str, handler: Handler) -> None:
        """Let `handler` take the events of this name, in order; what it awaits goes on beside later events."""
        self._handlers[name] = handler

    def receive(self, message: Message) -> None:
        """Take a message of the window. An event without a handler is logged, an error in one sent as `failure`."""
        if "answer" in message:
            self._answer(message)
            return
        name = str(message.get("event"))
        handler = self._handlers.get(name)
        if handler is None:
            _log.warning("event %s has no handler", name)
            return
        try:
            result = handler(_with_bytes(message.get("value")))
        except Exception as error:
            self._failed(name, error)
            return
        if inspect.isawaitable(result):
            task = asyncio.ensure_future(self._finish(name, result))
            self._tasks.add(task)  # asyncio keeps only a weak reference
            task.add_done_callback(self._tasks.discard)

    def _answer(self, message: Message) -> None:
        answer = self._calls.get(message["answer"])
        if answer is None or answer.done():  # the caller has gone
            return
        error = message.get("error")
        if error is None:
            answer.set_result(_with_bytes(message.get("value")))
        else:
            answer.set_exception(BridgeError(str(error.get("name")), str(error.get("message", ""))))

    async def _finish(self, name: str, result: Awaitable[None]) -> None:
        try:
            await result
        except Exception as error:
            self._failed(name, error)

    def _failed(self, name: str, error: Exception) -> None:
        _log.error("event %s: %s", name, error, exc_info=error)
        self.tell("failure", {"text": str(error) or type(error).__name__, "of": name})


def _with_bytes(value: Any) -> Any:
    """A value of the window whose typed arrays, which come as views of memory, are bytes of our own."""
    if isinstance(value, memoryview):
        return value.tobytes()
    if isinstance(value, dict):
        return {name: _with_bytes(each) for name, each in value.items()}
    return [_with_bytes(each) for each in value] if isinstance(value, list) else value
