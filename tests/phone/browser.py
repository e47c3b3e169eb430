"""A headless Chromium for tests of the page: the system's own, driven by Playwright, with Web Bluetooth.

`chromium(folder)` gives one with a profile of its own; `Tab.cdp` is its DevTools session. What a page must never do (an
error, a console error, a violation of the CSP, a request to another origin) is collected, and fails the test at the
end. Owns the flags and the way to find the program.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FEATURES = "WebBluetooth,WebBluetoothNewPermissionsBackend"
FLAGS = (
    f"--enable-features={FEATURES}",
    "--enable-blink-features=WebBluetooth,WebBluetoothGetDevices",
    "--no-sandbox",  # a container has no user namespaces
    "--disable-gpu",
    "--autoplay-policy=user-gesture-required",
)
OWN_SCHEMES = ("blob", "data", "about")
SIZE = (360, 640)  # of a small phone


def program() -> str:
    """Path of Chromium; UNTUCK_CHROMIUM names another. Skips the test where it, or Playwright, is absent."""
    pytest.importorskip("playwright", reason="playwright is not installed: make test installs it")
    named = os.environ.get("UNTUCK_CHROMIUM")
    found = next(filter(None, map(shutil.which, (named,) if named else NAMES)), None)
    if found is None:
        pytest.skip("no Chromium: apt-get install chromium, or set UNTUCK_CHROMIUM to its path")
    return found


class Tab:
    """One tab. page: Playwright's; cdp: its DevTools session, with send(method, params) and on(event, function).

    faults: what the page must not have done, a line each; a test that causes one removes it by `expect_fault`.
    """

    def __init__(self, page: Any, cdp: Any) -> None:
        self.page, self.cdp = page, cdp
        self.faults: list[str] = []
        self.requested: list[str] = []  # addresses
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("console", self._logged)
        page.on("crash", lambda _: self.faults.append("the page crashed"))
        page.context.on("request", lambda request: self._asked(request.url))

    def _logged(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(f"console {message.type}: {message.text} {message.location.get('url', '')}")

    def _asked(self, address: str) -> None:
        self.requested.append(address)
        here = urlsplit(self.page.url)
        there = urlsplit(address)
        if here.netloc and there.scheme not in OWN_SCHEMES and there.netloc != here.netloc:
            self.faults.append(f"a request to another origin: {address}")

    async def expect_fault(self, words: str) -> None:
        """Wait for a fault that contains these words, and remove it."""
        for _ in range(200):
            if any(words in fault for fault in self.faults):
                break
            await asyncio.sleep(0.05)
        else:
            raise AssertionError(f"no fault with {words!r} in {self.faults}")
        self.faults[:] = [fault for fault in self.faults if words not in fault]

    async def evaluate(self, script: str, *, tapped: bool = False) -> Any:
        """The value of a JavaScript expression, awaited if it is a promise. tapped: as in a user's gesture."""
        asked = {"expression": script, "awaitPromise": True, "returnByValue": True, "userGesture": tapped}
        answer = await self.cdp.send("Runtime.evaluate", asked)
        if fault := answer.get("exceptionDetails"):
            raise AssertionError(fault.get("exception", {}).get("description") or fault["text"])
        return answer["result"].get("value")

    async def until(self, script: str, timeout_s: float = 60.0) -> Any:
        """The value of a JavaScript expression as soon as it is true."""
        end_s = time.monotonic() + timeout_s  # Playwright's own waiting needs eval, which the page's policy forbids
        while not (value := await self.evaluate(script)):
            if time.monotonic() > end_s:
                raise AssertionError(f"after {timeout_s:g} s {script} is {value!r}; faults: {self.faults}")
            await asyncio.sleep(0.05)
        return value

    async def slower(self, times: float) -> None:
        """Throttle the CPU of the tab, as on a phone: 1 is full speed. Its workers may not be slower: not measured."""
        await self.cdp.send("Emulation.setCPUThrottlingRate", {"rate": times})

    async def select_bluetooth(self) -> None:
        """Let the chooser of Web Bluetooth take the first device that it lists, from now on."""
        done: set[str] = set()

        def prompted(event: dict[str, Any]) -> None:
            if event["devices"] and event["id"] not in done:
                done.add(event["id"])
                choice = {"id": event["id"], "deviceId": event["devices"][0]["id"]}
                self.cdp.send_soon("DeviceAccess.selectPrompt", choice)

        await self.cdp.send("DeviceAccess.enable", {})
        self.cdp.on("DeviceAccess.deviceRequestPrompted", prompted)


class Chromium:
    """A browser with one profile; closed by `chromium`."""

    def __init__(self, context: Any) -> None:
        self.context = context
        self.tabs: list[Tab] = []

    async def tab(self, address: str = "about:blank") -> Tab:
        """A new tab at this address."""
        page = await self.context.new_page()
        tab = Tab(page, _Cdp(await self.context.new_cdp_session(page)))
        self.tabs.append(tab)
        if address != "about:blank":
            await page.goto(address)
        return tab

    def check(self) -> None:
        """Raise AssertionError if a tab did what it must not."""
        faults = [fault for tab in self.tabs for fault in tab.faults]
        assert not faults, "\n".join(faults)


class _Cdp:
    """Playwright's DevTools session, with calls that nobody waits for."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._calls: set[Any] = set()
        self.on = session.on

    async def send(self, method: str, params: dict[str, Any] | None = None) -> Any:
        return await self._session.send(method, params or {})

    def send_soon(self, method: str, params: dict[str, Any]) -> None:
        call = asyncio.ensure_future(self.send(method, params))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)


@asynccontextmanager
async def chromium(
    folder: Path, *, bus: str | None = None, size: tuple[int, int] = SIZE, flags: tuple[str, ...] = ()
) -> AsyncIterator[Chromium]:
    """A Chromium whose profile is `folder`: give the same one again for what a browser keeps.

    bus: address of the D-Bus where it finds BlueZ; size: of the page, in px; flags: more of them. At the end the
    faults of all tabs are checked, unless the test has failed by then.
    """
    executable = program()
    from playwright.async_api import async_playwright

    env: dict[str, Any] = dict(os.environ)
    if bus is not None:
        env |= {"DBUS_SYSTEM_BUS_ADDRESS": bus, "DBUS_SESSION_BUS_ADDRESS": bus}
    width, height = size
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            folder,
            executable_path=executable,
            args=[*FLAGS, *flags],
            env=env,
            headless=True,
            viewport={"width": width, "height": height},
        )
        browser = Chromium(context)
        try:
            yield browser
            browser.check()
        finally:
            await context.close()
