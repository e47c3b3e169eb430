"""The page's window in Chromium without its worker: a test tells it what a worker would, and reads what it sends."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from tests.phone.browser import Tab, chromium
from tests.phone.conftest import serving

from untuck.phone.site.page_files import FOLDER

_WORKER = """
export class LateWorker extends EventTarget {
  constructor() {
    super();
    globalThis.sent = [];
    globalThis.tell = (name, value) => this.dispatchEvent(new MessageEvent("message", { data: { tell: name, value } }));
  }
  postMessage(message) {
    globalThis.sent.push(message);
  }
}
"""


class Stage:
    """A page whose worker is the test."""

    def __init__(self, tab: Tab) -> None:
        self.tab = tab

    async def tell(self, name: str, value: Any = None) -> None:
        """Tell the window something, as the worker does."""
        await self.tab.evaluate(f"void tell({json.dumps(name)}, {json.dumps(value)})")

    async def reload(self) -> None:
        """The page as if it was opened again."""
        await self.tab.page.reload()

    async def click(self, element: str) -> None:
        """Click the element with this id, also where another view hides it."""
        await self.tab.evaluate(f"document.getElementById({json.dumps(element)}).click()", tapped=True)

    async def commands(self, least: int = 0) -> list[dict[str, Any]]:
        """The commands that the window has sent since the last call. least: wait until there are so many."""
        await self.tab.until(f"sent.filter(({{ event }}) => event === 'command').length >= {least}")
        sent: list[dict[str, Any]] = await self.tab.evaluate("sent.splice(0)")
        return [each["value"] for each in sent if each.get("event") == "command"]


@contextmanager
def served_stage(folder: Path) -> Iterator[str]:
    """Address of the page without its worker, in a folder of the test."""
    page = folder / "page"
    shutil.copytree(FOLDER, page)
    (page / "start.mjs").write_text(_WORKER)
    with serving(page) as address:
        yield address


@asynccontextmanager
async def on_stage(folder: Path, size: tuple[int, int], flags: tuple[str, ...] = ()) -> AsyncIterator[Stage]:
    """The page at a size in px, in a folder of the test."""
    with served_stage(folder) as address:
        async with chromium(folder / "profile", size=size, flags=flags) as browser:
            yield Stage(await browser.tab(address))
