"""A headless Chromium whose tab can go to the background, where the system may freeze it; driven by DevTools alone.

Playwright keeps every tab visible, and Chromium freezes hidden ones only.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any

from tests.phone.browser import program
from websockets.asyncio.client import ClientConnection, connect

ANSWER_S = 60.0  # on a busy machine
_FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0")


class NoPageYetError(Exception):
    """The tab is between two pages: nothing can be evaluated."""


class BackgroundTab:
    """One tab, and another one that hides it."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = count(1)
        self._session = self._target = self._other = ""

    async def open(self, address: str) -> None:
        """Open the tab at this address."""
        self._target = (await self._call("Target.createTarget", url=address))["targetId"]
        attached = await self._call("Target.attachToTarget", targetId=self._target, flatten=True)
        self._session = attached["sessionId"]
        await self._call("Page.enable", of_tab=True)

    async def evaluate(self, script: str) -> Any:
        """The value of a JavaScript expression."""
        found = await self._call("Runtime.evaluate", of_tab=True, expression=script, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    async def until(self, script: str) -> Any:
        """The value of a JavaScript expression as soon as it is true."""
        async with asyncio.timeout(ANSWER_S):
            while True:
                with contextlib.suppress(NoPageYetError):
                    if value := await self.evaluate(script):
                        return value
                await asyncio.sleep(0.05)

    async def show(self, shown: bool) -> None:
        """Bring the tab to the front, or another one."""
        if not shown and not self._other:
            self._other = (await self._call("Target.createTarget", url="about:blank"))["targetId"]
        await self._call("Target.activateTarget", targetId=self._target if shown else self._other)

    async def freeze(self, frozen: bool) -> None:
        """Let the system freeze the tab, or resume it. Only a hidden one is frozen."""
        await self._call("Page.setWebLifecycleState", of_tab=True, state="frozen" if frozen else "active")

    async def _call(self, method: str, *, of_tab: bool = False, **params: Any) -> dict[str, Any]:
        number = next(self._numbers)
        session = {"sessionId": self._session} if of_tab else {}
        await self._socket.send(json.dumps({"id": number, "method": method, "params": params, **session}))
        async with asyncio.timeout(ANSWER_S):
            while True:
                answer = json.loads(await self._socket.recv())
                if answer.get("id") == number:
                    if "default execution context" in str(answer.get("error")):
                        raise NoPageYetError
                    assert "error" not in answer, (method, answer)
                    return dict(answer["result"])


@contextlib.asynccontextmanager
async def background_tab(folder: Path, address: str) -> AsyncIterator[BackgroundTab]:
    """A tab at this address in a Chromium with the profile `folder`."""
    flags = (*_FLAGS, f"--user-data-dir={folder}", "about:blank")
    process = await asyncio.create_subprocess_exec(program(), *flags, stderr=asyncio.subprocess.PIPE)
    try:
        assert process.stderr is not None
        async with asyncio.timeout(ANSWER_S):
            line = ""
            while "DevTools listening on" not in line:
                line = (await process.stderr.readline()).decode()
                assert line, "Chromium has ended"
        async with connect(line.split()[-1], max_size=None) as socket:
            tab = BackgroundTab(socket)
            await tab.open(address)
            yield tab
    finally:
        process.terminate()
        await process.communicate()
