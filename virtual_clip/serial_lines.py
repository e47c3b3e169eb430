"""Serial ports that lead to a simulated board: a pseudo-terminal, and RFC 2217 over TCP, which also has DTR and RTS.

A board sends with `line.send` and gets what the host sends by `take(data)`; `set_lines(dtr, rts)` where the port has
these. Unplugging closes the port: the host's next read or write fails as with a pulled cable.
"""

from __future__ import annotations

import contextlib
import os
import pty
import select
import socket
import threading
import tty
from collections.abc import Callable

import serial.rfc2217

_POLL_S = 0.1


class PtyLine:
    """A pseudo-terminal at `path`, a link that keeps its name when the board is unplugged and plugged in again."""

    def __init__(self, path: str, take: Callable[[bytes], None]) -> None:
        self.url = path
        self._take = take
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)  # held open, so that a host may come and go
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        os.symlink(os.ttyname(self._slave), path)
        self._open = True
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def send(self, data: bytes) -> None:
        """Send bytes to the host."""
        view = memoryview(data)
        while view and self._open:
            if select.select([], [self._master], [], _POLL_S)[1]:
                with contextlib.suppress(OSError):
                    view = view[os.write(self._master, view[:1024]) :]

    def close(self) -> None:
        """Pull the cable."""
        if not self._open:
            return
        self._open = False
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.url)
        if threading.current_thread() is not self._thread:
            self._thread.join()
        os.close(self._slave)
        os.close(self._master)

    def _serve(self) -> None:
        while self._open:
            if select.select([self._master], [], [], _POLL_S)[0]:
                try:
                    data = os.read(self._master, 4096)
                except OSError:
                    continue
                self._take(data)


class _Lines:
    """What pyserial's port manager asks of a serial port: settings that nobody uses, and the two lines."""

    bytesize, parity, stopbits, rtscts, xonxoff, timeout = 8, "N", 1, False, False, None
    cts = dsr = cd = True
    ri = False

    def __init__(self, set_lines: Callable[[bool, bool], None]) -> None:
        self.baudrate = 115_200
        self._set_lines = set_lines
        self._dtr = self._rts = False

    @property
    def dtr(self) -> bool:
        return self._dtr

    @dtr.setter
    def dtr(self, value: bool) -> None:
        self._dtr = bool(value)
        self._set_lines(self._dtr, self._rts)

    @property
    def rts(self) -> bool:
        return self._rts

    @rts.setter
    def rts(self, value: bool) -> None:
        self._rts = bool(value)
        self._set_lines(self._dtr, self._rts)

    def reset_input_buffer(self) -> None:
        """Nothing waits here."""

    reset_output_buffer = reset_input_buffer

    def get_settings(self) -> dict[str, object]:
        """The port manager saves them."""
        return {}

    def apply_settings(self, _settings: dict[str, object]) -> None:
        """The port manager restores them."""


class Rfc2217Line:
    """A serial port over TCP, "rfc2217://..."; one host at a time."""

    def __init__(self, take: Callable[[bytes], None], set_lines: Callable[[bool, bool], None]) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"rfc2217://127.0.0.1:{self._server.getsockname()[1]}?ign_set_control"
        self._take = take
        self._lines = _Lines(set_lines)
        self._client: socket.socket | None = None
        self._manager: serial.rfc2217.PortManager | None = None
        self._open = True
        threading.Thread(target=self._serve, daemon=True).start()

    def write(self, data: bytes) -> None:
        """Send raw bytes: the port manager's answers."""
        client = self._client
        if client is not None:
            with contextlib.suppress(OSError):
                client.sendall(data)

    def send(self, data: bytes) -> None:
        """Send bytes to the host."""
        if self._manager is not None:
            self.write(b"".join(self._manager.escape(data)))

    def close(self) -> None:
        """Pull the cable."""
        self._open = False
        self._server.close()
        if self._client is not None:
            with contextlib.suppress(OSError):
                self._client.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        while self._open:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._client = client
            self._manager = serial.rfc2217.PortManager(self._lines, self)
            with contextlib.suppress(OSError):
                while data := client.recv(4096):
                    self._take(b"".join(self._manager.filter(data)))
            self._manager = self._client = None
            client.close()
