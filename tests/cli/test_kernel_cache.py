"""A damaged or missing cache of compiled kernels: compiled once more, or run without; `doctor` says which."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.test_cli import untuck

pytest.importorskip("numba")
NO_FOLDER = """
import sys, numba.core.caching as caching
caching.CacheImpl._locator_classes = []
from untuck.cli.main import main
main()
"""


def analysis_of(home: Path, cache: Path) -> dict[str, object]:
    env = {"NUMBA_CACHE_DIR": str(cache), "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={home}/none"}
    checks = json.loads(untuck("doctor", "--json", env=env).stdout)
    return next(each for each in checks["checks"] if each["name"] == "Analysis")


def damage(path: Path, kind: str) -> None:
    data = path.read_bytes()
    middle = len(data) // 2
    path.write_bytes({"empty": b"", "zeros": bytes(len(data)), "page": data[:middle] + bytes(len(data) - middle)}[kind])


@pytest.mark.parametrize(
    ("pattern", "kind"),
    [("*kernels.track_chunk*.nbc", "empty"), ("*track_chunk*.nbi", "empty"), ("*measure_stride*.nbc", "page")],
)
@pytest.mark.slow
def test_a_damaged_cache_is_compiled_once_more(
    own_home: Path, tmp_path: Path, warm: Path, pattern: str, kind: str
) -> None:
    cache = tmp_path / "cache"
    shutil.copytree(warm, cache)
    assert analysis_of(own_home, cache)["ok"]
    found = list(cache.rglob(pattern))
    assert found
    for path in found:
        damage(path, kind)
    assert not analysis_of(own_home, cache)["ok"]
    env = {"NUMBA_CACHE_DIR": str(cache)}
    first = untuck("demo", "--fast", "--json", env=env)
    assert first.returncode == 0 and "compiling the analysis for this machine" in first.stderr, first.stderr
    assert analysis_of(own_home, cache)["ok"]
    saved = {path: path.stat().st_mtime_ns for path in cache.rglob("*.nb[ic]")}
    assert untuck("replay", "--json", env=env).returncode == 0
    assert saved == {path: path.stat().st_mtime_ns for path in cache.rglob("*.nb[ic]")}  # compiled once only


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that a first start has filled."""
    folder = tmp_path_factory.mktemp("warm")
    env = {"NUMBA_CACHE_DIR": str(folder / "cache"), "UNTUCK_HOME": str(folder / "home")}
    assert untuck("demo", "--fast", env=env).returncode == 0
    return folder / "cache"


@pytest.mark.parametrize("arguments", [("demo", "--fast"), ("doctor",)], ids=" ".join)
def test_without_a_folder_one_line_names_what_to_set(own_home: Path, arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", NO_FOLDER, *arguments],
        capture_output=True,
        text=True,
        timeout=500,
        env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={own_home}/none"},
    )
    lines = [line for line in (done.stdout + done.stderr).splitlines() if "NUMBA_CACHE_DIR" in line]
    assert len(lines) == 1 and "Traceback" not in done.stderr
    assert done.returncode == (0 if "demo" in arguments else 1), done.stderr


def test_a_cache_that_cannot_be_written_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from numba import njit
    from numba.core.caching import IndexDataCacheFile

    from untuck.kernel_cache import make_safe

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr("numba.core.config.CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(IndexDataCacheFile, "_save_index", full)
    twice = njit(cache=True)(_twice)
    make_safe(twice)
    with caplog.at_level("INFO", "untuck"):
        assert twice(2) == 4
    assert "cannot be saved" in caplog.text


def _twice(value: int) -> int:
    return 2 * value
