"""The page in a browser: it starts from its own site only, works offline, and takes up a new version between runs.

Python starts in seconds, so each test does several things with one page.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.phone.browser import Chromium, Tab, chromium
from tests.phone.conftest import serving

from untuck.phone.site.build import Site, make_site, write_site
from untuck.phone.site.page_files import page_sources

pytestmark = pytest.mark.slow

LISTEN = """
globalThis.told = [];
globalThis.workers = [];
globalThis.Worker = class extends Worker {
  constructor(...args) {
    super(...args);
    workers.push(this);
    this.addEventListener("message", ({ data }) => told.push(data));
  }
};
"""
STARTED = "told.find(({ tell }) => tell === 'started' || tell === 'failure')"
CACHES = "caches.keys().then((names) => names.sort())"
STYLE = "document.querySelector('link[rel=stylesheet]')?.getAttribute('href')"
IS_WAITING = "navigator.serviceWorker.getRegistration().then(({ waiting }) => waiting !== null)"
BLOCKED = {  # what the policy forbids, and a word of what Chromium logs
    "fetch('https://example.org/').then(() => 'sent', () => 'blocked')": "example.org",
    "new Promise((done) => { const made = document.createElement('script'); made.textContent = 'globalThis.bad = 1';"
    "document.head.append(made); done(globalThis.bad ? 'sent' : 'blocked') })": "inline script",
    "new Promise((done) => { const made = new Image(); made.onload = () => done('sent');"
    "made.onerror = () => done('blocked'); made.src = 'http://127.0.0.1:9/' })": "127.0.0.1:9",
}
KEPT = """caches.keys().then((names) => caches.open(names[0])).then((cache) => cache.keys())
  .then((requests) => requests.some(({ url }) => url.endsWith(".bytecode")))"""
DAMAGE = """caches.keys().then((names) => caches.open(names[0])).then(async (cache) => {
  const request = (await cache.keys()).find(({ url }) => url.includes(NAME));
  const bytes = new Uint8Array(await (await cache.match(request)).arrayBuffer());
  bytes[bytes.length >> 1] ^= 1;
  await cache.put(request, new Response(bytes));
})"""


async def opened(browser: Chromium, address: str) -> Tab:
    """A tab with the page, that keeps what its worker sends in `told`."""
    tab = await browser.tab()
    await tab.page.add_init_script(LISTEN)
    await tab.page.goto(address)
    return tab


async def started(tab: Tab) -> dict[str, Any]:
    """What the worker reports when Python has taken over. Fails if it fails."""
    found = await tab.until(STARTED, 120)
    assert found["tell"] == "started", found
    value: dict[str, Any] = found["value"]
    return value


async def test_the_page_starts_python_and_asks_nobody_but_its_site(tmp_path: Path, page_address: str) -> None:
    async with chromium(tmp_path / "profile") as browser:
        tab = await opened(browser, page_address)
        facts = await started(tab)
        print(f"heap {facts['heap_bytes'] / 1e6:.1f} MB")
        assert facts["heap_bytes"] < 100e6
        assert await tab.until("told.find(({ tell }) => tell === 'ready')?.value.version", 60)
        assert "works without a network" in await tab.evaluate("document.getElementById('version').textContent")
        assert {urlsplit(address).netloc for address in tab.requested} == {urlsplit(page_address).netloc}
        assert any("numpy" in address for address in tab.requested), "requests of workers are seen too"
        assert await tab.evaluate("crossOriginIsolated && navigator.serviceWorker.controller !== null")
        assert not tab.faults
        for script, words in BLOCKED.items():
            assert await tab.evaluate(script) == "blocked"
            await tab.expect_fault(words)
        await tab.evaluate("workers[0].postMessage({ event: 'unheard of' })")
        await tab.expect_fault("event unheard of has no handler")  # faults of the worker are faults


async def test_offline_it_starts_and_a_damaged_file_is_never_used(
    tmp_path: Path, site: Site, site_folder: Path
) -> None:
    async with chromium(tmp_path / "profile") as browser:
        with serving(site_folder) as address:
            tab = await opened(browser, address)
            assert not (await started(tab))["compiled"]
            await tab.until(KEPT)
    async with chromium(tmp_path / "profile") as browser:
        tab = await opened(browser, address)
        assert (await started(tab))["compiled"], "Python's modules, at the first start"
        await tab.evaluate(DAMAGE.replace("NAME", repr(".bytecode")))
        await tab.page.reload()
        assert not (await started(tab))["compiled"]
        damaged = [next(name for name in site.files if part in name) for part in ("asm.wasm", "packages/untuck-")]
        for name in damaged:
            await tab.evaluate(DAMAGE.replace("NAME", repr(name)))
        await tab.page.reload()
        found = await tab.until(STARTED)
        assert found["tell"] == "failure" and "Connect to the internet" in found["value"]["text"]
        tab.faults.clear()
        with serving(site_folder, urlsplit(address).port or 0):
            for name in damaged:
                got = f"fetch({name!r}).then((answer) => answer.arrayBuffer()).then(({{ byteLength }}) => byteLength)"
                assert await tab.evaluate(got) == len(site.files[name])
        for name in damaged:  # mended, and kept
            assert await tab.evaluate(f"fetch({name!r}).then(({{ status }}) => status)") == 200
        own = ("wasm", "WebAssembly")  # Pyodide's own warnings may come late
        tab.faults[:] = [fault for fault in tab.faults if not any(word in fault for word in own)]


async def test_without_a_service_worker_a_damaged_file_is_not_used_either(tmp_path: Path, site: Site) -> None:
    write_site(site, tmp_path / "site")
    name = next(name for name in site.files if name.endswith(".wasm"))
    data = bytearray(site.files[name])
    data[-1] ^= 1
    (tmp_path / "site" / name).write_bytes(data)
    with serving(tmp_path / "site") as address:
        async with chromium(tmp_path / "profile") as browser:
            tab = await browser.tab()
            await tab.page.add_init_script(LISTEN + "delete Navigator.prototype.serviceWorker;")
            await tab.page.goto(address)
            found = await tab.until(STARTED, 120)
            assert found["tell"] == "failure" and "could not be loaded" in found["value"]["text"]
            await tab.expect_fault("Failed to fetch")
            tab.faults.clear()
            (tmp_path / "site" / name).write_bytes(site.files[name])
            await tab.page.reload()
            await started(tab)
            tab.faults[:] = [fault for fault in tab.faults if "wasm" not in fault]


async def test_a_new_version_starts_with_a_load_of_the_page_but_not_beside_another_page(
    tmp_path: Path, parts: dict[str, bytes]
) -> None:
    page = page_sources() | {"worker.mjs": b'postMessage({ tell: "started", value: {} });'}  # Python takes longer
    first, second = make_site(parts, page), make_site(parts, page | {"page.css": b"/* new */"})
    write_site(first, tmp_path / "site")
    with serving(tmp_path / "site") as address:
        async with chromium(tmp_path / "profile") as browser:
            running = await opened(browser, address)
            await started(running)
            write_site(second, tmp_path / "site")
            before = len(running.requested)
            other = await opened(browser, address)
            await other.until(IS_WAITING)
            again = "\n".join(running.requested[before:])
            assert _style(second) in again and "index.html" in again
            fetched_twice = [each for each in running.requested if each.endswith(".wasm")]
            assert len(fetched_twice) == 1, "what is the same is taken from the older version"
            await other.page.reload()
            await started(other)
            assert await other.evaluate(STYLE) == _style(first), "the version of the page that may be in a run"
            assert await running.evaluate(f"{STARTED} !== undefined"), "which was not reloaded"
            assert set(await running.evaluate(CACHES)) == {f"untuck-{each.version}" for each in (first, second)}

            await running.page.close()
            for _ in range(20):  # a closed page counts until the browser has ended it
                await other.page.reload()
                await started(other)
                if await other.evaluate(STYLE) == _style(second):
                    break
                await asyncio.sleep(0.5)
            assert await other.evaluate(STYLE) == _style(second)
            assert await other.evaluate(CACHES) == [f"untuck-{second.version}"]


def _style(site: Site) -> str:
    return next(name for name in site.files if name.startswith("page.") and name.endswith(".css"))
