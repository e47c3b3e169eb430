"""What tests share: where the recordings are, and a data folder of their own for every test.

The recordings are no part of the repository: they lie in ../shared/data beside the checkout, or where UNTUCK_DATA says.
Owns the fixtures that more than one test file uses.
"""

from __future__ import annotations

import gc
import logging
import os
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from tests.needs import needs

from untuck import wire
from untuck.simulate.sensor_noise import simulate_sensor

if TYPE_CHECKING:
    from tests.coach.scenes import SceneControl

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
try:  # without Qt's system libraries the tests of the window are skipped, and no others
    import PySide6.QtWidgets  # noqa: F401
except ImportError:
    pass
else:
    pytest_plugins = ["pytestqt.plugin"]

settings.register_profile("quick", max_examples=10)  # of `make quick`
settings.register_profile("ci", derandomize=True)  # a failure there must be seen again here: CI=true make test
if os.environ.get("CI"):
    settings.load_profile("ci")
_FIRST = ("slow", "sound", "radio")  # the order of tests: what takes longest or mostly waits begins first
CHECKOUT = Path(__file__).resolve().parent.parent


def data_dir(*parts: str) -> Path:
    """Path of a recording, e.g. data_dir("fukuchi", "fukuchi_T25.npz"); skips the test where it is absent."""
    root = Path(os.environ.get("UNTUCK_DATA") or CHECKOUT.parent / "shared" / "data")
    path = root.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"no recording {path}: set UNTUCK_DATA to the folder that holds the recordings")
    return path


SENSOR_IDS = {"bno085": wire.SENSOR_BNO085, "icm45686": wire.SENSOR_ICM45686}


def pytest_addoption(parser: pytest.Parser) -> None:
    """--sensor: what all simulated sensors and virtual clips are, `make sensors` runs the tests of the analysis so."""
    parser.addoption("--sensor", choices=SENSOR_IDS, default="bno085", help="the sensor that tests simulate")


def pytest_configure(config: pytest.Config) -> None:
    """Set the sensor; only another one than usual changes anything."""
    sensor = config.getoption("--sensor")
    if sensor != "bno085":
        from virtual_clip import clip

        simulate_sensor(SENSOR_IDS[sensor])
        clip.default_sensor = sensor


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with what it needs; long tests go first."""
    bare = items and items[0].config.getoption("--sensor") != "bno085"
    for item in items:
        if bare and item.get_closest_marker("quaternion"):
            item.add_marker(pytest.mark.skip(reason="needs a chip with a quaternion"))
        assert isinstance(item, pytest.Function)
        used = [each.func for defined in item._fixtureinfo.name2fixturedefs.values() for each in defined]
        for marker in needs(item.function, *used):
            item.add_marker(marker)
    items.sort(key=lambda item: next((n for n, name in enumerate(_FIRST) if item.get_closest_marker(name)), 9))


try:
    from xdist.scheduler import LoadScopeScheduling
except ImportError:  # tests run in one process
    pass
else:

    class _ByFolder(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist has no types
        """Which tests run in one process after the other, and which at the same time, in several (pytest-xdist).

        One process for each file, for what its tests share, and one for all tests with sound, whose cues are timed;
        but tests in the folders of the virtual clip, which mostly wait, go one by one.
        """

        def _split_scope(self, nodeid: str) -> str:
            path = nodeid.partition("::")[0]
            folder = path.split("/")[1]
            if folder in ("bluez", "firmware", "session", "sources", "virtual_clip"):
                return nodeid
            return folder if folder == "sound" else path

    def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
        # groups by marker (`--dist loadgroup`) are not seen by pytest-xdist 3.8 with pytest 9.2
        return _ByFolder(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Captured text that is no Unicode, such as half a surrogate, would end the process that collects the reports."""
    report = yield
    report.sections = [(name, _as_utf_8(text)) for name, text in report.sections]
    if report.longrepr is not None and _as_utf_8(report.longreprtext) != report.longreprtext:
        report.longrepr = _as_utf_8(report.longreprtext)
    return report


def _as_utf_8(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The folder that holds pyproject.toml."""
    return CHECKOUT


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of the test's own: no test reads or writes the developer's sessions."""
    home = tmp_path / "untuck-home"
    monkeypatch.setenv("UNTUCK_HOME", str(home))
    return home


@pytest.fixture(autouse=True)
def patient_host(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the virtual clip the host's limits suit a busy machine, and data is not late because a clock waited."""
    if request.node.get_closest_marker("radio"):
        from virtual_clip.clock import unwaited_s

        from untuck.sources import ble_link, computer_clock

        monkeypatch.setattr(computer_clock, "is_set", lambda: True)  # a container has no clock of its own to look at
        usual = ble_link.Timeouts.__init__.__defaults__ or ()
        monkeypatch.setattr(ble_link.Timeouts.__init__, "__defaults__", tuple(10.0 * seconds for seconds in usual))
        monkeypatch.setattr(ble_link, "time", SimpleNamespace(monotonic=unwaited_s, time=time.time))


@pytest.fixture(autouse=True)
def retrieved_exceptions(request: pytest.FixtureRequest) -> Iterator[None]:
    """With the virtual clip, no task or future ends with an exception that nobody fetches."""
    if not request.node.get_closest_marker("radio"):
        yield
        return
    lost: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: lost.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("asyncio").addHandler(handler)
    yield
    gc.collect()
    logging.getLogger("asyncio").removeHandler(handler)
    assert not lost, "\n".join(lost)


@pytest.fixture
def control() -> SceneControl:
    """A control for the coach's window whose runners stay where they are put."""
    from tests.coach.scenes import SceneControl

    return SceneControl()
