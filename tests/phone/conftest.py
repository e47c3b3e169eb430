"""What tests of the page share: the site, built once, and a server of it."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from untuck.errors import PhoneError
from untuck.phone.site.build import Site, make_site, write_site
from untuck.phone.site.parts import parts_of
from untuck.phone.site.server import make_server

PARTS = Path(__file__).resolve().parents[2] / "build" / "phone" / "parts"


_BROWSERS = {"chromium", "on_stage", "a_browser", "a_page", "bluez_of", "background_tab"}  # what tests open one with


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what opens a browser: `make test` runs that after all else, as it needs most of a small machine."""
    for item in items:
        module = getattr(item, "module", None)
        if module is None or not module.__name__.startswith(("tests.phone.", "phone.")):
            continue
        if _BROWSERS & vars(module).keys() or "stage" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


@contextmanager
def serving(folder: Path, port: int = 0) -> Iterator[str]:
    """Address of a server of this folder, which ends with the context."""
    with make_server(folder, port) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="session")
def parts() -> dict[str, bytes]:
    """Pyodide's files."""
    try:
        return parts_of(PARTS)
    except PhoneError as error:
        pytest.skip(f"the page cannot be built: make test fetches its parts ({error})")


@pytest.fixture(scope="session")
def site(parts: dict[str, bytes]) -> Site:
    """The site of this checkout."""
    return make_site(parts)


@pytest.fixture(scope="session")
def site_folder(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as a folder; tests do not change it."""
    folder = tmp_path_factory.mktemp("site")
    write_site(site, folder)
    return folder


@pytest.fixture
def page_address(site_folder: Path) -> Iterator[str]:
    """Address of the page, served for one test."""
    with serving(site_folder) as address:
        yield address


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage_browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Any, str]]:
    """A browser for all tests of a module that use `stage`, and the address of the page without its worker."""
    from tests.phone.browser import chromium
    from tests.phone.stage import served_stage

    folder = tmp_path_factory.mktemp("stage")
    with served_stage(folder) as address:
        async with chromium(folder / "profile") as browser:
            yield browser, address


@pytest_asyncio.fixture(loop_scope="module")
async def stage(stage_browser: tuple[Any, str]) -> AsyncIterator[Any]:
    """The page in a tab of its own, with the size of a small phone; what it must not do fails the test."""
    from tests.phone.stage import Stage

    browser, address = stage_browser
    tab = await browser.tab(address)
    yield Stage(tab)
    await tab.page.close()
    browser.tabs.remove(tab)
    assert not tab.faults, "\n".join(tab.faults)
