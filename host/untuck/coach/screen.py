"""Whether a window can be opened here, asked of a child process: where a library is missing, Qt ends its program.

The answer is one line that names the package to install, for Debian and Ubuntu, Fedora, Arch, macOS and Windows.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

from untuck.errors import UntuckError

SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
MODULES = {"PySide6": "PySide6-Essentials", "pyqtgraph": "pyqtgraph"}
WAIT_S = 60.0
_PROBE = "from PySide6.QtWidgets import QApplication, QWidget; app = QApplication([]); QWidget().show()"
_MISSING = re.compile(r"(lib[\w.+-]+?\.so(?:\.\d+)*): cannot open shared object")
PACKAGES = {  # library, without its version: package of Debian and Ubuntu, of Fedora, of Arch
    "libEGL": ("libegl1", "libglvnd-egl", "libglvnd"),
    "libGL": ("libgl1", "libglvnd-glx", "libglvnd"),
    "libOpenGL": ("libopengl0", "libglvnd-opengl", "libglvnd"),
    "libGLX": ("libglx0", "libglvnd-glx", "libglvnd"),
    "libxkbcommon": ("libxkbcommon0", "libxkbcommon", "libxkbcommon"),
    "libxkbcommon-x11": ("libxkbcommon-x11-0", "libxkbcommon-x11", "libxkbcommon-x11"),
    "libdbus-1": ("libdbus-1-3", "dbus-libs", "dbus"),
    "libglib-2.0": ("libglib2.0-0", "glib2", "glib2"),
    "libgthread-2.0": ("libglib2.0-0", "glib2", "glib2"),
    "libfontconfig": ("libfontconfig1", "fontconfig", "fontconfig"),
    "libfreetype": ("libfreetype6", "freetype", "freetype2"),
    "libX11": ("libx11-6", "libX11", "libx11"),
    "libX11-xcb": ("libx11-xcb1", "libX11-xcb", "libx11"),
    "libxcb": ("libxcb1", "libxcb", "libxcb"),
    "libxcb-cursor": ("libxcb-cursor0", "xcb-util-cursor", "xcb-util-cursor"),
    "libxcb-icccm": ("libxcb-icccm4", "xcb-util-wm", "xcb-util-wm"),
    "libxcb-image": ("libxcb-image0", "xcb-util-image", "xcb-util-image"),
    "libxcb-keysyms": ("libxcb-keysyms1", "xcb-util-keysyms", "xcb-util-keysyms"),
    "libxcb-render-util": ("libxcb-render-util0", "xcb-util-renderutil", "xcb-util-renderutil"),
    "libxcb-shape": ("libxcb-shape0", "libxcb", "libxcb"),
    "libxcb-xkb": ("libxcb-xkb1", "libxcb", "libxcb"),
    "libxcb-randr": ("libxcb-randr0", "libxcb", "libxcb"),
    "libxcb-xinerama": ("libxcb-xinerama0", "libxcb", "libxcb"),
}
SYSTEMS = (  # identifiers in /etc/os-release, the name for people, how a package is installed there
    (("debian", "ubuntu"), "Debian and Ubuntu", "sudo apt-get install"),
    (("fedora", "rhel"), "Fedora", "sudo dnf install"),
    (("arch", "archlinux"), "Arch", "sudo pacman -S"),
)


def check_window() -> str:
    """The platform that the window opens on. Raises UntuckError, which says what to install, if it cannot open."""
    check_installed()
    check_screen()
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROBE + "; print(app.platformName())"],
            env={**os.environ, "QT_DEBUG_PLUGINS": "1"},  # names the library that a plugin lacks
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=WAIT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise UntuckError(f"The window did not open within {WAIT_S:.0f} s: restart the desktop session.") from error
    if done.returncode == 0:
        return done.stdout.split()[-1] if done.stdout.split() else "unknown"
    raise UntuckError(remedy(done.stderr))


def check_installed() -> None:
    """Raises UntuckError if the Python packages of the window are not installed."""
    missing = [package for module, package in MODULES.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise UntuckError(f"The window needs {' and '.join(missing)}: python -m pip install 'untuck[coach]'.")


def check_screen() -> None:
    """Raises UntuckError where there is no screen."""
    if sys.platform == "linux" and not any(os.environ.get(name) for name in SCREENS):
        raise UntuckError(
            "There is no screen here for the window: start it in a desktop session, or over the network with "
            "QT_QPA_PLATFORM=vnc and a VNC viewer."
        )


def remedy(errors: str, system: str = sys.platform, os_release: str | None = None) -> str:
    """What to do about a window that did not open. errors: stderr of Qt; os_release: text of /etc/os-release."""
    if system == "win32":
        return (
            "The window cannot open: install the Microsoft Visual C++ Redistributable (x64), then run "
            "py -m pip install --force-reinstall PySide6-Essentials."
        )
    if system == "darwin":
        return (
            "The window cannot open: Qt needs macOS 13 or newer and a desktop session; if there are both, run "
            "python3 -m pip install --force-reinstall PySide6-Essentials."
        )
    libraries = list(dict.fromkeys(_MISSING.findall(errors)))
    if libraries:
        return f"The window cannot open because system libraries are missing: {install(libraries, os_release)}."
    if "could not connect to display" in errors.lower():
        return "The window cannot open: the screen that DISPLAY or WAYLAND_DISPLAY names does not answer."
    last = (errors.strip().splitlines() or ["no message"])[-1]
    return (
        f"The window cannot open: Qt ended with '{last}'. {install(['libxcb-cursor.so.0', 'libEGL.so.1'], os_release)}."
    )


def install(libraries: list[str], os_release: str | None = None) -> str:
    """How to install the packages of these libraries ("libEGL.so.1") on this Linux."""
    if os_release is None:
        path = Path("/etc/os-release")
        os_release = path.read_text(errors="replace") if path.exists() else ""
    like = " ".join(re.findall(r"^ID(?:_LIKE)?=(.*)$", os_release, re.MULTILINE)).replace('"', "").split()
    rows = [PACKAGES.get(library.partition(".so")[0], (library,) * len(SYSTEMS)) for library in libraries]
    wanted = [" ".join(dict.fromkeys(names)) for names in zip(*rows, strict=True)]
    for (names, _, command), packages in zip(SYSTEMS, wanted, strict=True):
        if set(names) & set(like):
            return f"{command} {packages}"
    options = "; ".join(f"{name}: {packages}" for (_, name, _), packages in zip(SYSTEMS, wanted, strict=True))
    return f"install {', '.join(libraries)} ({options})"
