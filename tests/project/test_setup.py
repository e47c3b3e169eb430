"""The set-up on any system: POSIX sh, GNU make 3.81, BSD tools; what it installs, asks for, and does without.

tools/setup.sh runs under every shell that is here, with stand-ins for the system's programs. UNTUCK_SHELLS names more
shells, such as a bash 3.2.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

MORE = os.environ.get("UNTUCK_SHELLS", "").split(":")
NAMES = ["sh", "dash", "bash", "busybox sh", *filter(None, MORE)]
SHELLS = [[path, *name.split()[1:]] for name in NAMES if (path := shutil.which(name.split()[0]))]
SCRIPTS = ("tools/setup.sh", ".ci/run")
NOT_POSIX = re.compile(
    r"\b(declare|local|typeset|function|source|mapfile|readarray)\b|pipefail"
    r"|\[\[|<<<|=\(|&>|<\(|\$'|\$\{[^}]*[\[^,]"
)
NOT_IN_MAKE_3_81 = re.compile(r"\$\(file |!=|::=|&:|\.ONESHELL|\$\(guile |\$\(let |\$\(intcmp ")
GNU_ONLY = re.compile(r"sed -i|sed -r|grep -[a-zA-Z]*P|readlink -f|cp -[a-zA-Z]*t|xargs -r|date -d|sort -V")
LIBRARIES = "libEGL.so.1 libGL.so.1 libxkbcommon.so.0 libdbus-1.so.3 libglib-2.0.so.0 libfontconfig.so.1 libpulse.so.0"


@pytest.fixture(params=SHELLS, ids=lambda words: " ".join([Path(words[0]).name, *words[1:]]))
def shell(request: pytest.FixtureRequest) -> list[str]:
    words: list[str] = request.param
    return words


@pytest.fixture
def machine(tmp_path: Path, checkout: Path) -> Path:
    """A checkout with an environment, and a folder bin/ of stand-ins; what they are called with goes to `calls`."""
    (tmp_path / "tools").mkdir()
    shutil.copy(checkout / "tools" / "setup.sh", tmp_path / "tools")
    for name in ("bin", ".venv/bin"):
        (tmp_path / name).mkdir(parents=True)
    stand_in(tmp_path / ".venv/bin/python", f'echo "python $*" >>{tmp_path}/calls')
    stand_in(tmp_path / "bin/apt-get", f'echo "apt-get $*" >>{tmp_path}/calls')
    stand_in(tmp_path / "bin/uname", "echo Linux")
    stand_in(tmp_path / "bin/id", "echo 0")
    stand_in(tmp_path / "bin/ldconfig", f"echo {LIBRARIES}")
    for name in ("timeout", "env", "dirname"):
        os.symlink(shutil.which(name) or "", tmp_path / "bin" / name)
    return tmp_path


def stand_in(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def set_up(machine: Path, shell: list[str], target: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": str(machine / "bin"), "HOME": str(machine)}
    command = [*shell, "tools/setup.sh", target]
    return subprocess.run(command, cwd=machine, env=env, capture_output=True, text=True, timeout=120)


def calls(machine: Path) -> list[str]:
    path = machine / "calls"
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.parametrize(("target", "pins"), [("demo", ""), ("test", "-dev"), ("bench", "-bench")])
def test_pins_are_installed_and_nothing_that_is_there(machine: Path, shell: list[str], target: str, pins: str) -> None:
    for name in ("pulseaudio", "parec", "pactl", "chromium", "dbus-daemon"):
        stand_in(machine / "bin" / name, "")
    done = set_up(machine, shell, target)
    assert done.returncode == 0 and done.stdout == "", done.stderr
    with_pip = [call for call in calls(machine) if " pip install " in call]
    assert f"-r requirements{pins}.txt" in with_pip[-2] and with_pip[-1].endswith("-e .")
    assert ("python tools/phone_parts.py" in calls(machine)) is (target == "test")
    fonts = Path("/usr/share/fonts/truetype/dejavu").exists() or target != "demo"
    assert any(call.startswith("apt-get") for call in calls(machine)) is not fonts


def test_without_the_parts_of_the_phones_page_the_set_up_goes_on(machine: Path, shell: list[str]) -> None:
    stand_in(machine / ".venv/bin/python", 'case "$*" in tools/phone_parts.py) exit 1 ;; esac')
    done = set_up(machine, shell, "test")
    assert done.returncode == 0 and "without the phone's page" in done.stderr


@pytest.mark.parametrize(("target", "wanted"), [("demo", False), ("test", True), ("bench", False)])
def test_the_32_bit_interpreter_is_installed_where_npm_is(
    machine: Path, shell: list[str], target: str, wanted: bool
) -> None:
    stand_in(machine / "bin" / "node", "")
    stand_in(machine / "bin" / "npm", f'echo "npm $*" >>{machine}/calls; exit 1')
    done = set_up(machine, shell, target)
    assert done.returncode == 0 and ("without the 32-bit MicroPython" in done.stderr) is wanted
    installed = [call for call in calls(machine) if call.startswith("npm install --prefix .venv/npm")]
    assert [call.endswith("-pyscript@1.29.0-6") for call in installed] == [True] * wanted


def test_the_hardware_has_an_environment_of_its_own(machine: Path, shell: list[str]) -> None:
    (machine / ".venv").rename(machine / ".venv-hardware")
    done = set_up(machine, shell, "hardware")
    assert done.returncode == 0 and done.stdout == "", done.stderr
    assert "-r requirements-hardware.txt" in calls(machine)[-2]  # untuck itself is not installed
    assert calls(machine)[-1].endswith(" graphviz libegl-mesa0 libgl1-mesa-dri libx11-6")


def test_what_the_window_lacks_is_installed(machine: Path, shell: list[str]) -> None:
    stand_in(
        machine / "bin/ldconfig", "echo libGL.so.1 libxkbcommon.so.0 libdbus-1.so.3 libglib-2.0.so.0 libpulse.so.0"
    )
    assert set_up(machine, shell, "demo").returncode == 0
    asked = next(call for call in calls(machine) if call.startswith("apt-get"))
    assert " libegl1 libfontconfig1 fontconfig" in asked and "libgl1" not in asked


def test_without_apt_the_packages_are_named_and_the_set_up_goes_on(machine: Path, shell: list[str]) -> None:
    (machine / "bin/apt-get").unlink()
    done = set_up(machine, shell, "test")
    assert done.returncode == 0
    assert (
        "what Debian calls: pulseaudio pulseaudio-utils chromium dbus-daemon" in done.stderr
        and "continuing without" in done.stderr
    )


def test_without_root_the_command_is_named(machine: Path, shell: list[str]) -> None:
    stand_in(machine / "bin/id", "echo 1000")
    done = set_up(machine, shell, "test")
    assert done.returncode == 0 and "please run: sudo apt-get install pulseaudio pulseaudio-utils" in done.stderr


def test_what_apt_cannot_install_is_named(machine: Path, shell: list[str]) -> None:
    stand_in(machine / "bin/apt-get", "echo broken >&2; exit 1")
    done = set_up(machine, shell, "test")
    assert done.returncode == 0 and "apt could not install: pulseaudio" in done.stderr
    assert done.stderr.count("broken") == 1


def test_macos_asks_for_no_system_packages(machine: Path, shell: list[str]) -> None:
    stand_in(machine / "bin/uname", "echo Darwin")
    for name in ("apt-get", "ldconfig", "timeout"):
        (machine / "bin" / name).unlink()
    for target in ("demo", "test"):
        done = set_up(machine, shell, target)
        assert done.returncode == 0 and len(done.stderr.splitlines()) == 1, done.stderr


def test_an_unknown_target_and_an_old_python_end_it(machine: Path, shell: list[str]) -> None:
    done = set_up(machine, shell, "tset")
    assert done.returncode == 1 and "unknown target 'tset'" in done.stderr
    (machine / ".venv/bin/python").unlink()
    stand_in(machine / "bin/python3", "exit 1")
    done = set_up(machine, shell, "demo")
    assert done.returncode == 1 and "no Python 3.11 or newer found" in done.stderr


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_are_posix(checkout: Path, name: str) -> None:
    text = (checkout / name).read_text()
    code = "\n".join(re.sub(r"(^|\s)#.*", "", line) for line in text.splitlines())
    assert text.startswith("#!/bin/sh\n") and not NOT_POSIX.findall(code) and not GNU_ONLY.findall(code)
    for checker in (["shellcheck", "--shell=sh"], ["checkbashisms"]):
        if shutil.which(checker[0]):
            done = subprocess.run([*checker, str(checkout / name)], capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr


def test_the_makefile_needs_no_newer_make(checkout: Path) -> None:
    text = (checkout / "Makefile").read_text()
    assert not NOT_IN_MAKE_3_81.findall(text) and not GNU_ONLY.findall(text)
    assert "SHELL" not in text  # recipes run in /bin/sh
