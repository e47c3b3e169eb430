"""`make test-bluez`: the images, a clip and a computer that tests share, and the table."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio
from tests.bluez.desk import Desk, runner
from tests.bluez.images import BUILD, make_images, missing_tools
from tests.bluez.table import HEAD, Table, rows_of


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pairings", type=int, default=1, help="first pairings, each of a fresh clip and computer")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "pairing" in metafunc.fixturenames:
        metafunc.parametrize("pairing", range(1, metafunc.config.getoption("--pairings") + 1))


@pytest.fixture(scope="session")
def images() -> None:
    """What guests boot from."""
    if missing := missing_tools():
        pytest.skip(f"real BlueZ needs: sudo apt-get install {missing}")
    make_images()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def desk(images: None) -> AsyncIterator[Desk]:
    """A clip and a computer for all tests of this process."""
    name = os.environ.get("PYTEST_XDIST_WORKER", "desk")
    async with Desk.open(runner(60.0), BUILD / "log" / name) as desk:
        yield desk


@pytest_asyncio.fixture(loop_scope="session")
async def paired(desk: Desk) -> AsyncIterator[Desk]:
    """Clip and computer are paired, in range, and idle; afterwards nothing may have crashed."""
    await desk.restore()
    yield desk
    faults = await desk.faults()
    assert not faults, "\n".join(faults)


@pytest.fixture
def table(record_property: Callable[[str, object], None]) -> Table:
    """Rows for the table."""
    return Table(record_property)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    rows = [str(row) for row in rows_of([report for reports in terminalreporter.stats.values() for report in reports])]
    if rows:
        terminalreporter.section("real BlueZ")
        terminalreporter.write_line("\n".join((HEAD, *rows)))
        (BUILD / "table.md").write_text("\n".join((HEAD, *rows, "")))
