"""Single keys while a session runs, where stdin is a terminal: b baseline, m mute, l lap, z zero, q finish.

The terminal hands out each key at once and shows none; afterwards it is as it was. Elsewhere there are no keys.
Which key does what lives here.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from untuck.session_commands import Mute, SessionCommand, from_text

KEYS = {"b": "baseline", "m": "mute", "l": "lap", "z": "zero", "q": "finish"}
HELP = "keys: " + "  ".join(f"{key} {name}" for key, name in KEYS.items())


class Keys:
    """Turns keys into session commands. command: takes them; finish: ends the session."""

    def __init__(self, command: Callable[[SessionCommand], None], finish: Callable[[], object]) -> None:
        self._command = command
        self._finish = finish
        self._muted = False

    def press(self, key: str) -> None:
        """A key was pressed; one that means nothing does nothing."""
        name = KEYS.get(key.lower())
        if name == "finish":
            self._finish()
        elif name == "mute":
            self._muted = not self._muted
            self._command(Mute(self._muted))
        elif name is not None:
            self._command(from_text(name))


@contextmanager
def listening(keys: Keys) -> Iterator[None]:
    """Hand the terminal's keys to `keys` in the running event loop; without a terminal nothing is listened to."""
    if sys.platform == "win32" or sys.stdin is None or not sys.stdin.isatty():
        yield
        return
    import termios
    import tty

    file = sys.stdin.fileno()
    before = termios.tcgetattr(file)
    loop = asyncio.get_running_loop()

    def read() -> None:
        pressed = os.read(file, 64).decode(errors="ignore")
        if not pressed:  # the terminal is gone
            loop.remove_reader(file)
        for key in pressed:
            keys.press(key)

    tty.setcbreak(file)
    loop.add_reader(file, read)
    try:
        yield
    finally:
        loop.remove_reader(file)
        termios.tcsetattr(file, termios.TCSADRAIN, before)
