"""Calls, messages and events between the worker's Python and the window."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from untuck.phone.app.bridge import Bridge, BridgeError, Message


class Window:
    """The other end: answers calls by a table of functions, and keeps what was told."""

    def __init__(self, functions: dict[str, Any] | None = None) -> None:
        self.functions = functions or {}
        self.told: list[tuple[str, Any]] = []
        self.bridge = Bridge(self.take)

    def take(self, message: Message) -> None:
        if "tell" in message:
            self.told.append((message["tell"], message["value"]))
            return
        try:
            answer: Message = {"answer": message["call"], "value": self.functions[message["name"]](*message["args"])}
        except Exception as error:
            answer = {"answer": message["call"], "error": {"name": type(error).__name__, "message": str(error)}}
        asyncio.get_running_loop().call_soon(self.bridge.receive, answer)


async def test_a_call_returns_what_the_window_answers() -> None:
    window = Window({"add": lambda a, b: a + b})
    assert await asyncio.gather(window.bridge.call("add", 1, 2), window.bridge.call("add", 3, 4)) == [3, 7]


async def test_an_error_of_the_window_is_raised_with_its_name_and_text() -> None:
    window = Window({"read": lambda: 1 / 0})
    with pytest.raises(BridgeError, match="ZeroDivisionError: division by zero") as caught:
        await window.bridge.call("read")
    assert caught.value.name == "ZeroDivisionError"


async def test_an_answer_to_a_caller_that_has_gone_is_ignored() -> None:
    bridge = Bridge(lambda message: None)
    waiting = asyncio.ensure_future(bridge.call("read"))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    bridge.receive({"answer": 1, "value": 2})
    bridge.receive({"answer": 99, "value": 2})


async def test_events_come_in_order_and_a_failing_handler_is_told() -> None:
    window = Window()
    seen: list[int] = []

    def handle(value: int) -> None:
        seen.append(value)
        if value == 2:
            raise ValueError("two")

    async def later(value: int) -> None:
        raise OSError(f"late {value}")

    window.bridge.on("number", handle)
    window.bridge.on("later", later)
    for value in (1, 2, 3):
        window.bridge.receive({"event": "number", "value": value})
    window.bridge.receive({"event": "later", "value": 4})
    window.bridge.receive({"event": "unknown", "value": 5})
    await asyncio.sleep(0.01)
    assert seen == [1, 2, 3]
    assert window.told == [
        ("failure", {"text": "two", "of": "number"}),
        ("failure", {"text": "late 4", "of": "later"}),
    ]


async def test_typed_arrays_come_as_bytes_of_our_own() -> None:
    data = bytearray(b"\x01\x02")
    window = Window({"read": lambda: memoryview(data)})
    seen: list[Any] = []
    window.bridge.on("notified", seen.append)
    window.bridge.receive({"event": "notified", "value": {"all": [memoryview(data)], "id": 1}})
    read = await window.bridge.call("read")
    data[0] = 9
    assert seen == [{"all": [b"\x01\x02"], "id": 1}] and read == b"\x01\x02"
    assert type(read) is bytes
