"""`untuck autostart`: a service that systemd accepts, and a program that works as one: no terminal, no environment."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from untuck.cli import autostart
from untuck.cli.main import cli
from untuck.cli.systemd_unit import Service, quoted, unit_path
from untuck.store.profiles import Profiles

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="systemd's service")
CHECKOUT = Path(__file__).resolve().parents[2]


def verified(text: str, folder: Path) -> str:
    """What systemd-analyze has against a unit; skips the test where it is absent."""
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed: apt-get install systemd")
    unit = folder / "untuck.service"
    unit.write_text(text)
    environment = os.environ | {"XDG_RUNTIME_DIR": str(folder)}
    done = subprocess.run(
        [program, "--user", "verify", unit], capture_output=True, text=True, env=environment, timeout=60
    )
    return done.stderr if done.returncode or "untuck.service" in done.stderr else ""


@pytest.mark.parametrize("runner", ["", "Ada", "Ada B", "50 %n", 'a"b', "$HOME", "back\\slash", "Zoë"])
def test_systemd_accepts_the_service(runner: str, tmp_path: Path) -> None:
    text = Service(sys.executable, runner, {"UNTUCK_HOME": "/data/a b%c", "ALSA_CARD": "Device"}).text()
    assert verified(text, tmp_path) == ""


def test_systemd_rejects_a_wrong_service(tmp_path: Path) -> None:
    """Otherwise the test above would show nothing."""
    assert verified(Service("python", "").text(), tmp_path)  # no absolute path


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("/usr/bin/python3", "/usr/bin/python3"),
        ("Ada B", '"Ada B"'),
        ("100%", '"100%%"'),
        ('a"b\\c', '"a\\"b\\\\c"'),
        ("", '""'),
        ("'", '"\'"'),
    ],
)
def test_words_are_quoted(word: str, text: str) -> None:
    assert quoted(word) == text


def test_the_users_folder_of_services() -> None:
    assert unit_path("", Path("/home/ada")) == Path("/home/ada/.config/systemd/user/untuck.service")
    assert unit_path("/c", Path("/home/ada")) == Path("/c/systemd/user/untuck.service")
    assert unit_path("relative", Path("/h")) == Path("/h/.config/systemd/user/untuck.service")


class Manager:
    """A systemctl that writes down what it is asked for."""

    def __init__(self, folder: Path) -> None:
        self.unit = folder / "config" / "systemd" / "user" / "untuck.service"
        self._asked = folder / "asked"
        self._program = folder / "bin" / "systemctl"
        self._program.parent.mkdir()
        self.answer(0)

    def answer(self, code: int) -> None:
        self._program.write_text(f'#!/bin/sh\necho "$@" >> {self._asked}\nexit {code}\n')
        self._program.chmod(0o755)

    @property
    def asked(self) -> list[str]:
        return self._asked.read_text().splitlines() if self._asked.exists() else []


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Manager:
    made = Manager(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(autostart, "LINGER", tmp_path / "linger")
    monkeypatch.setattr(autostart, "_compile", lambda: None)
    return made


def untuck(*words: str) -> Result:
    return CliRunner().invoke(cli, ["autostart", *words])


def test_install_writes_what_show_prints_and_says_what_is_left(manager: Manager, own_home: Path) -> None:
    done = untuck("install", "--runner", "Ada", "--sound-card", "Device")
    assert done.exit_code == 0, done.output
    text = manager.unit.read_text()
    assert text.rstrip("\n") == untuck("show", "--runner", "Ada", "--sound-card", "Device").output.rstrip("\n")
    assert f"Environment=UNTUCK_HOME={own_home}\n" in text and "Environment=ALSA_CARD=Device\n" in text
    assert stat.S_IMODE(manager.unit.stat().st_mode) == 0o600  # the runner's name
    assert manager.asked == ["--user daemon-reload", "--user enable untuck.service"]
    assert "untuck pair --runner 'Ada'" in done.output and "sudo loginctl enable-linger" in done.output


def test_nothing_is_left_to_do_where_all_is_ready(manager: Manager, tmp_path: Path) -> None:
    import getpass

    (tmp_path / "linger").mkdir()
    (tmp_path / "linger" / getpass.getuser()).touch()
    Profiles().keep_clip("", "F0:F1:F2:F3:F4:F5")
    result = json.loads(untuck("install", "--json").stdout)
    assert result["todo"] == [] and result["enabled"] and result["lingers"] and result["path"] == str(manager.unit)


def test_without_a_service_manager_it_says_how_to_enable_it(manager: Manager) -> None:
    """As over ssh with a user that has no login: `systemctl --user` fails."""
    manager.answer(1)
    done = untuck("install")
    assert done.exit_code == 0 and manager.unit.exists() and "systemctl --user enable untuck" in done.output


def test_remove_stops_and_deletes(manager: Manager) -> None:
    assert "no service" in untuck("remove").output
    untuck("install")
    assert untuck("remove").exit_code == 0 and not manager.unit.exists()
    assert "--user disable --now untuck.service" in manager.asked


def test_without_systemd_it_says_so(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    done = untuck("install")
    assert done.exit_code == 1 and "needs Linux with systemd" in done.output and not manager.unit.exists()


def test_a_line_break_cannot_add_lines_to_the_service(manager: Manager) -> None:
    assert untuck("install", "--sound-card", "a\nExecStartPre=/bin/false").exit_code == 1
    assert not manager.unit.exists()


@pytest.fixture
def notices(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60.0)
        yield manager


def test_the_service_starts_without_terminal_and_environment_and_ends_when_told(
    notices: socket.socket, tmp_path: Path
) -> None:
    """No HOME, no locale, no stdin; not a word about the runner in what the journal gets."""
    environment = {
        "UNTUCK_HOME": str(tmp_path / "data"),
        "PYTHONPATH": str(CHECKOUT / "host"),
        "NOTIFY_SOCKET": notices.getsockname(),
        "WATCHDOG_USEC": "30000000",
    }
    command = [sys.executable, "-m", "untuck", "run", "--unattended", "--runner", "Zoë"]
    with subprocess.Popen(
        command, env=environment, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as service:
        heard = [notices.recv(500) for _ in range(3)]
        assert heard[0] == b"READY=1" and b"WATCHDOG=1" in heard
        assert any(each.startswith(b"STATUS=No clip is paired") for each in heard)
        asked_s = time.monotonic()
        service.send_signal(signal.SIGTERM)
        assert service.wait(40) == 0 and time.monotonic() - asked_s < 30.0
        assert service.stdout is not None
        said = service.stdout.read().decode()
    assert "No clip is paired" in said and said.endswith("untuck: stopped\n") and "Zo" not in said
