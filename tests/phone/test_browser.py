"""The Chromium of the tests: Web Bluetooth is there, and what a page must not do fails the test."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.phone.browser import chromium

PAGE = "<!doctype html><title>t</title><link rel=icon href=data:,><script>{}</script>"


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[str]:
    """Address of a server of the folder `www`."""
    (tmp_path / "www").mkdir()
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "www"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()


async def test_a_page_has_web_bluetooth_and_passes(tmp_path: Path, origin: str) -> None:
    (tmp_path / "www" / "index.html").write_text(PAGE.format("globalThis.seen = 1"))
    async with chromium(tmp_path / "profile") as browser:
        tab = await browser.tab(origin)
        assert await tab.until("globalThis.seen") == 1
        assert await tab.evaluate(
            "typeof navigator.bluetooth.requestDevice + typeof navigator.bluetooth.getDevices"
        ) == ("functionfunction")
        assert await tab.evaluate("isSecureContext && innerWidth") == 360
        await tab.slower(4)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("throw Error('broken')", "broken"),
        ("console.error('worried')", "worried"),
        ("fetch('http://127.0.0.1:9/').catch(() => 0)", "another origin"),
    ],
)
async def test_faults_of_a_page_fail_the_test(tmp_path: Path, origin: str, script: str, words: str) -> None:
    (tmp_path / "www" / "index.html").write_text(PAGE.format(script))
    with pytest.raises(AssertionError, match=words):
        async with chromium(tmp_path / "profile") as browser:
            tab = await browser.tab(origin)
            await tab.page.wait_for_timeout(300)
