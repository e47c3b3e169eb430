"""The live view in a real terminal (a pty) of any size: it ends cleanly, and never scrolls."""

from __future__ import annotations

import os
import signal
import struct
import sys
import time
from pathlib import Path

import pytest

pty = pytest.importorskip("pty")  # not on Windows
fcntl, termios = pytest.importorskip("fcntl"), pytest.importorskip("termios")


def in_terminal(rows: int, columns: int, seconds: float, *arguments: str) -> tuple[int, str]:
    """The exit code and everything that `untuck` writes to a terminal of this size, stopped by Ctrl-C."""
    pid, file = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.execv(sys.executable, [sys.executable, "-m", "untuck", *arguments])
    fcntl.ioctl(file, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    seen, stop_s, sent = b"", time.monotonic() + seconds, False
    while True:
        try:
            seen += (part := os.read(file, 4096))
        except OSError:  # the terminal has no user any more
            break
        if not part:
            break
        if not sent and time.monotonic() > stop_s and b"standing" in seen:
            os.write(file, b"\x03")
            sent = True
    _, status = os.waitpid(pid, 0)
    os.close(file)
    return os.waitstatus_to_exitcode(status), seen.decode(errors="replace")


@pytest.mark.slow
@pytest.mark.parametrize(("rows", "columns"), [(10, 40), (24, 80), (3, 20)])
def test_a_terminal_of_any_size(own_home: Path, rows: int, columns: int) -> None:
    code, shown = in_terminal(rows, columns, 6.0, "demo")
    assert code == 0 and "Traceback" not in shown, shown[-2000:]
    assert "No running strides were found." in shown
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")  # the cursor is back
