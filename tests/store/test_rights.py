"""Only its owner reads what is stored of a runner; files of an earlier version are tightened when they are opened."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.packets import packet

from untuck.cli.main import cli
from untuck.model import Packet
from untuck.store import Settings, Store, archive, paths, private
from untuck.store.config_file import read_config

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights; its profile folder protects")


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """Everybody may read new files, as on most systems."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def open_to_others(*folders: Path) -> list[str]:
    """Files and folders that others may use."""
    found = [each for folder in folders for each in (folder, *folder.rglob("*"))]
    return [f"{each} {stat.filemode(each.stat().st_mode)}" for each in found if each.stat().st_mode & 0o077]


def recorded(home: Path) -> Store:
    store = Store()
    with store.record("clip 0A1B", "run", Settings(rate_hz=100)) as recording:
        recording.append(Packet(packet(0), 5.0))
        recording.flush()
        names = {each.name for each in home.iterdir()}  # while the store is open
        assert {"sessions.db", "sessions.db-wal", "sessions.db-shm"} <= names
        assert open_to_others(home) == []
    return store


def untuck(*arguments: str) -> None:
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 0, done.output


def test_store_settings_logs_and_archives_are_private(own_home: Path, tmp_path: Path) -> None:
    store = recorded(own_home)
    untuck("config", "--write")
    out = tmp_path / "out"
    out.mkdir(mode=0o700)
    untuck("--log", str(out / "untuck.log"), "sessions", "export", "1", "-o", str(out / "run.untuck"))
    archive.read_archive(Store(own_home / "other" / "deeper" / "sessions.db"), out / "run.untuck")
    assert len(list(out.iterdir())) == 2 and store.open(1).packet_count == 1
    assert open_to_others(own_home, out) == []


def test_files_of_an_earlier_version_are_tightened_when_they_are_opened(own_home: Path) -> None:
    recorded(own_home)
    config = own_home / "untuck.toml"
    config.write_text('name = "Ada"\n')
    own_home.chmod(0o755)
    (own_home / "sessions.db").chmod(0o644)
    assert len(open_to_others(own_home)) == 3
    assert len(Store().sessions()) == 1 and read_config().name == "Ada"
    assert open_to_others(own_home) == [f"{own_home} drwxr-xr-x"]  # the user's own folder keeps its rights
    (own_home / "sessions.db").chmod(0o664)
    Store().check_writable()
    assert open_to_others(own_home) == [f"{own_home} drwxr-xr-x"]


def test_the_platforms_folder_is_tightened_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    platformdirs = pytest.importorskip("platformdirs")
    monkeypatch.delenv("UNTUCK_HOME")
    monkeypatch.setattr(platformdirs, "user_data_path", lambda *_, **__: tmp_path / "share" / "untuck")
    home = paths.data_folder()
    home.mkdir(parents=True)
    recorded_before = Store()
    with recorded_before.record("clip 0A1B", "run", Settings(rate_hz=100)) as recording:
        recording.append(Packet(packet(0), 5.0))
    assert open_to_others(home) == [] and stat.S_IMODE(home.parent.stat().st_mode) == 0o755


def test_a_folder_or_file_that_is_not_ours_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_text("x")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)
    private.tighten(path)
    private.tighten(tmp_path / "none")
    monkeypatch.setattr(private, "POSIX", False)
    private.tighten_store(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
