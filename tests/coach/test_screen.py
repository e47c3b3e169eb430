"""A window that cannot open is one line that says what to install; Qt alone would end the program."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from untuck.coach import screen
from untuck.errors import UntuckError

pytest.importorskip("PySide6.QtWidgets", reason="Qt's system libraries are missing", exc_type=ImportError)

DEBIAN, UBUNTU = "ID=debian\n", 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\n'
FEDORA, ARCH = "ID=fedora\n", "ID=arch\n"
NO_EGL = "ImportError: libEGL.so.1: cannot open shared object file: No such file or directory"
NO_CURSOR = """qt.core.library: "/x/libqxcb.so" cannot load: (libxcb-cursor.so.0: cannot open shared object file)
qt.qpa.plugin: Could not load the Qt platform plugin "xcb" in "" even though it was found."""


@pytest.mark.parametrize(
    ("errors", "system", "os_release", "expected"),
    [
        (NO_EGL, "linux", DEBIAN, "sudo apt-get install libegl1"),
        (NO_CURSOR, "linux", UBUNTU, "sudo apt-get install libxcb-cursor0"),
        (NO_CURSOR, "linux", FEDORA, "sudo dnf install xcb-util-cursor"),
        (NO_CURSOR, "linux", ARCH, "sudo pacman -S xcb-util-cursor"),
        (NO_EGL, "linux", ARCH, "sudo pacman -S libglvnd"),
        (
            NO_CURSOR,
            "linux",
            "ID=void",
            "libxcb-cursor.so.0 (Debian and Ubuntu: libxcb-cursor0; Fedora: xcb-util-cursor; Arch: xcb-util-cursor)",
        ),
        ("qt.qpa.xcb: could not connect to display :9", "linux", DEBIAN, "does not answer"),
        ("what nobody knows", "linux", DEBIAN, "what nobody knows"),
        ("", "darwin", "", "macOS 13"),
        ("DLL load failed", "win32", "", "Visual C++ Redistributable"),
    ],
)
def test_each_system_has_its_remedy(errors: str, system: str, os_release: str, expected: str) -> None:
    text = screen.remedy(errors, system, os_release)
    assert expected in text and "\n" not in text


def test_the_window_opens_without_a_screen_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert screen.check_window() == "offscreen"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only there a plugin lacks libraries of the system")
def test_qt_that_ends_its_program_is_a_message(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
    monkeypatch.setenv("DISPLAY", f"{tmp_path}/none:9")
    with pytest.raises(UntuckError, match="window cannot open") as caught:
        screen.check_window()
    assert "install" in str(caught.value) or "does not answer" in str(caught.value)


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen, "MODULES", {"no_such_module": "pyqtgraph"})
    with pytest.raises(UntuckError, match=r"needs pyqtgraph: python -m pip install 'untuck\[coach\]'"):
        screen.check_window()


def test_no_screen_is_said_before_qt_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in screen.SCREENS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(UntuckError, match="no screen"):
        screen.check_window()
    assert os.environ.get("DISPLAY") is None
