"""Single keys while a session runs, where stdin is a terminal: b baseline, m mute, l lap, z zero, q finish.

The terminal passes on each key at once and shows none; afterwards it is as it was. Windows has no terminal settings for
this: there the console is asked for keys 20 times a second. Elsewhere there are no keys.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from untuck.session_commands import Mute, SessionCommand, from_text

KEYS = {"b": "baseline", "m": "mute", "l": "lap", "z": "zero", "q": "finish"}
HELP = "keys: " + "  ".join(f"{key} {name}" for key, name in KEYS.items())
POLL_S = 0.05  # of the console on Windows
_PREFIXES = ("\x00", "\xe0")  # there the first half of an arrow or function key
_CTRL_C = "\x03"


class Keys:
    """Turns keys into session commands. command: takes them; finish: ends the session."""

    def __init__(self, command: Callable[[SessionCommand], None], finish: Callable[[], object]) -> None:
        self._command = command
        self._finish = finish
        self._muted = False

    def press(self, key: str) -> None:
        """Handle a key; keys without a meaning are ignored."""
        name = KEYS.get(key.lower())
        if name == "finish":
            self._finish()
        elif name == "mute":
            self._muted = not self._muted
            self._command(Mute(self._muted))
        elif name is not None:
            self._command(from_text(name))


class Pressed(Protocol):
    """What takes keys."""

    def press(self, key: str) -> None:
        """Handle a key."""


@contextmanager
def listening(keys: Pressed) -> Iterator[None]:
    """Pass the terminal's keys to `keys` in the running event loop; without a terminal there are none."""
    if sys.stdin is None or not sys.stdin.isatty():
        yield
        return
    with _reader()(keys.press):
        yield


def _reader() -> Callable[[Callable[[str], None]], AbstractContextManager[None]]:
    """What reads this system's terminal: Windows has msvcrt and nothing else has."""
    try:
        console = importlib.import_module("msvcrt")
    except ImportError:
        return _terminal_keys
    return lambda press: _console_keys(press, console)


@contextmanager
def _terminal_keys(press: Callable[[str], None]) -> Iterator[None]:
    termios, tty = importlib.import_module("termios"), importlib.import_module("tty")
    file = sys.stdin.fileno()
    before = termios.tcgetattr(file)
    loop = asyncio.get_running_loop()

    def read() -> None:
        pressed = os.read(file, 64).decode(errors="ignore")
        if not pressed:  # the terminal is gone
            loop.remove_reader(file)
        for key in pressed:
            press(key)

    tty.setcbreak(file)
    loop.add_reader(file, read)
    try:
        yield
    finally:
        loop.remove_reader(file)
        termios.tcsetattr(file, termios.TCSADRAIN, before)


@contextmanager
def _console_keys(press: Callable[[str], None], console: Any) -> Iterator[None]:
    async def poll() -> None:
        while True:
            while console.kbhit():
                key = console.getwch()
                if key in _PREFIXES:
                    console.getwch()  # its second half
                else:
                    press("q" if key == _CTRL_C else key)
            await asyncio.sleep(POLL_S)

    polling = asyncio.get_running_loop().create_task(poll())
    try:
        yield
    finally:
        polling.cancel()
