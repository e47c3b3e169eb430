"""Firmware, virtual air, BlueZ on a private D-Bus, and Chromium with a page: what tests of the phone's radio share.

PageWindow has the window's real JavaScript, and the worker's Python here in CPython, joined by the DevTools protocol.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.phone.browser import Chromium, Tab
from virtual_clip.bus_objects import private_bus
from virtual_clip.clip import VirtualClip
from virtual_clip.fake_bluez import FakeBluez

import untuck
from untuck import wire
from untuck.phone.app.bridge import Bridge, Message

PAGE_FOLDER = Path(untuck.__file__).parent / "phone" / "page"
SENT_S = 300.0  # for packets, on a busy machine
ORIGIN = "http://localhost:8001"  # answered from PAGE_FOLDER, without a server
_TYPES = {".mjs": "text/javascript", ".css": "text/css", ".html": "text/html"}
_PAGE = """<!doctype html><title>radio</title><button>Connect</button><script type="module">
import { Bridge } from "./bridge.mjs";
import { provideBluetooth } from "./bluetooth.mjs";
const text = (key, value) => value instanceof Uint8Array ? { bytes: btoa(String.fromCharCode(...value)) } : value;
const value = (key, value) => value?.bytes ? Uint8Array.from(atob(value.bytes), (c) => c.charCodeAt(0)) : value;
const listeners = [];
const worker = {
  addEventListener: (kind, listen) => kind === "message" && listeners.push(listen),
  postMessage: (message) => window.toPython(JSON.stringify(message, text)),
};
window.fromPython = (message) => listeners.forEach((listen) => listen({ data: JSON.parse(message, value) }));
const bluetooth = provideBluetooth(new Bridge(worker));
document.querySelector("button").onclick = async () => (window.chosen = await bluetooth.choose());
window.ready = true;
</script>"""


@contextlib.asynccontextmanager
async def bluez_of(clip: VirtualClip) -> AsyncIterator[tuple[FakeBluez, str]]:
    """BlueZ in front of this clip, and the address of its bus. Skips the test without dbus-daemon."""
    if shutil.which("dbus-daemon") is None:
        pytest.skip("no dbus-daemon")
    with private_bus() as address:
        async with FakeBluez(clip.backend, address) as bluez:
            yield bluez, address


class SentPackets:
    """What the clip sent over the air: each packet by its number, and how many it sent again.

    lose: so many of the next packets are lost on the way.
    """

    def __init__(self, clip: VirtualClip) -> None:
        self.packets: dict[int, bytes] = {}
        self.again = 0
        self.lose = 0
        clip.peripheral.damage = self._pass

    def _pass(self, data: bytes) -> bytes | None:
        if len(data) > wire.HEADER_SIZE and data[0] == wire.PACKET_VERSION:
            number = wire.unpack_header(data)[3]
            self.again += number in self.packets
            assert self.packets.setdefault(number, data) == data
            if self.lose:
                self.lose -= 1
                return None
        return data

    async def until(self, number: int) -> None:
        """Wait until the clip has sent a packet of this number or a later one."""
        async with asyncio.timeout(SENT_S):
            while max(self.packets, default=-1) < number:
                await asyncio.sleep(0.05)

    def in_order(self) -> list[bytes]:
        """Each once; no number is missing."""
        assert sorted(self.packets) == list(range(len(self.packets)))
        return [self.packets[number] for number in sorted(self.packets)]


class PageWindow:
    """A page with the window's Bluetooth. `bridge` is for the worker's program; told: what it told."""

    def __init__(self, tab: Tab) -> None:
        self.tab = tab
        self.page = tab.page
        self.bridge = Bridge(self._post)
        self.told: list[tuple[str, Any]] = []
        self._tasks: set[asyncio.Task[Any]] = set()

    @classmethod
    async def open(cls, browser: Chromium) -> PageWindow:
        """In a new tab."""
        await browser.context.route(f"{ORIGIN}/**", _serve)
        window = cls(await browser.tab())
        await window.tab.select_bluetooth()
        await window.page.expose_function("toPython", window._take)
        await window.page.goto(f"{ORIGIN}/")
        await window.tab.until("window.ready")
        return window

    async def choose(self) -> dict[str, str]:
        """Tap Connect and select the first clip of the chooser."""
        await self.page.evaluate("window.chosen = undefined")
        await self.page.click("button")
        await self.tab.until("window.chosen !== undefined")
        chosen: dict[str, str] = await self.page.evaluate("window.chosen")
        return chosen

    def _post(self, message: Message) -> None:
        if "tell" in message:
            self.told.append((message["tell"], message["value"]))
        sending = self.page.evaluate("message => fromPython(message)", json.dumps(message, default=_text))
        task = asyncio.ensure_future(sending)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    def _take(self, message: str) -> None:
        self.bridge.receive(json.loads(message, object_hook=_value))


async def _serve(route: Any) -> None:
    name = route.request.url.removeprefix(f"{ORIGIN}/")
    if name == "":
        await route.fulfill(body=_PAGE, content_type="text/html")
    elif (PAGE_FOLDER / name).is_file():
        await route.fulfill(path=PAGE_FOLDER / name, content_type=_TYPES[Path(name).suffix])
    else:
        await route.fulfill(status=404, body="")


def _text(value: Any) -> dict[str, str]:
    return {"bytes": base64.b64encode(value).decode()}


def _value(value: dict[str, Any]) -> Any:
    return base64.b64decode(value["bytes"]) if list(value) == ["bytes"] else value
