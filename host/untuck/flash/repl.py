"""MicroPython on a board, over its raw REPL: run code, write files. mpremote's library speaks the protocol.

Every failure is a FlashError that says what to do: the port's, the cable's, a full flash.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import time
from binascii import b2a_base64
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from untuck.errors import FlashError
from untuck.extras import extra_for
from untuck.flash import waits
from untuck.flash.ports import Port, check_port

UNPLUGGED = (
    "the connection to the board was lost: plug it in again and run the same command; it continues where it stopped."
)
_READ_S = 3.0
_RUN_S = 30  # without a word from the board
_NAP_S = 0.3
_PIECE = 2048
_WRITE = """import os
from binascii import a2b_base64
f = open({name!r} + ".new", {mode!r})
try:
    f.write(a2b_base64({text!r}))
finally:
    f.close()
"""
_FULL = ("ENOSPC", "[Errno 28]", "OSError: 28")
_GPS = (b"$GP", b"$GN", b"$GL")
_READ = """from binascii import hexlify
with open({name!r}, "rb") as f:
    b = f.read(256)
    while b:
        print(hexlify(b).decode())
        b = f.read(256)
"""
_HASHES = """
import hashlib, os
def _hash(name):
    h = hashlib.sha256()
    b = bytearray(256)
    with open(name, "rb") as f:
        while True:
            n = f.readinto(b)
            if not n:
                break
            h.update(memoryview(b)[:n])
    return "".join(["%02x" % i for i in h.digest()])
for e in os.ilistdir():
    if e[1] == 0x8000:
        print(e[0], _hash(e[0]))
"""
_LOOK = """
import os, sys
try:
    from esp32 import Partition
    p = Partition.find(Partition.TYPE_DATA, label="vfs") or Partition.find(Partition.TYPE_DATA, label="ffat")
    at = p[0].info()[2] if p else None
except (ImportError, AttributeError):
    at = None
try:
    n = [x.split(".") for x in os.listdir("runs")]
except OSError:
    n = []
s = os.statvfs(os.getcwd())
paths = sys.path[:]
sys.path[:] = [x for x in paths if x not in ("", "/lib")]
try:
    import services
    frozen = "%d.%d.%d" % services.FIRMWARE_VERSION
except ImportError:
    frozen = ""
sys.path[:] = paths
i = sys.implementation
try:
    import machine
    number = "".join(["%02x" % x for x in machine.unique_id()])
except (ImportError, AttributeError):
    number = ""
print(repr((sys.version, sys.platform, i._machine, i._mpy, at, s[0] * s[3],
    len({r for r, c in n} - {r for r, c in n if c == "got"}), frozen, number)))
"""


class BoardError(FlashError):
    """Code on the board raised an exception; the text is its last line."""


@dataclass(frozen=True)
class Inside:
    """A board that runs MicroPython. mpy: its sys.implementation._mpy; files_at: address of the file system.

    runs: recorded runs that no host has fetched; frozen: version of the clip's program within MicroPython, or "";
    number: the chip's own, its MAC address.
    """

    version: str
    platform: str
    machine: str
    mpy: int
    files_at: int | None
    free_bytes: int
    runs: int
    frozen: str
    number: str


class Repl:
    """An open connection. `enter` interrupts the board's program; what follows needs that."""

    def __init__(self, port: Port) -> None:
        check_port(port)
        with extra_for("`untuck flash`"):
            from mpremote.transport import TransportError
            from mpremote.transport_serial import SerialTransport
        self.port = port
        self._error = TransportError
        with self._lost():
            self._transport = SerialTransport(port.name, timeout=_READ_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the port."""
        with contextlib.suppress(OSError):  # it sets the lines first, which fails where the board is gone
            self._transport.close()
        self._transport.serial.close()

    @contextlib.contextmanager
    def _lost(self) -> Iterator[None]:
        """Errors of the port become the message that the connection was lost."""
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # mpremote prints what it did not understand
                yield
        except (
            OSError,
            self._error,
            IndexError,
            TypeError,
            ValueError,
        ) as error:  # of a lost port
            raise FlashError(UNPLUGGED) from error

    def enter(self, seconds: float) -> bool:
        """Interrupt the program and enter a fresh raw REPL; False if no MicroPython answers for so long."""
        end_s = time.monotonic() + seconds
        while True:
            try:
                with self._lost():
                    self._transport.enter_raw_repl(soft_reset=True, timeout_overall=waits.ENTER_S)
                return True
            except FlashError as error:
                if not isinstance(error.__cause__, self._error):
                    raise
            if time.monotonic() > end_s:
                return False
            time.sleep(_NAP_S)

    def heard(self, seconds: float) -> bytes:
        """What the board sends for so long."""
        end_s = time.monotonic() + seconds
        data = b""
        with self._lost():
            while time.monotonic() < end_s:
                waiting = self._transport.serial.in_waiting
                data += self._transport.serial.read(waiting) if waiting else b""
                time.sleep(0.05)
        return data

    def run(self, code: str) -> str:
        """Run code; returns what it prints. Raises BoardError if it raises, FlashError if the connection is lost."""
        with self._lost():
            printed, raised = self._transport.exec_raw(code, timeout=_RUN_S)
        if raised:
            raise BoardError((raised.decode(errors="replace").strip().splitlines() or ["no message"])[-1])
        return bytes(printed).decode(errors="replace")

    def look(self) -> Inside:
        """What runs on the board."""
        return Inside(*ast.literal_eval(self.run(_LOOK).strip()))

    def hashes(self) -> dict[str, str]:
        """SHA-256 of each file in the board's root folder."""
        return dict(line.rsplit(" ", 1) for line in self.run(_HASHES).split("\n") if " " in line)

    def read_json(self, name: str) -> Any:
        """A JSON file; None if there is none, or it is damaged."""
        try:
            return json.loads(self.run(f"print(open({name!r}).read())"))
        except (BoardError, ValueError):
            return None

    def read(self, name: str) -> bytes:
        """The content of a file."""
        return bytes.fromhex("".join(self.run(_READ.format(name=name)).split()))

    def write(self, name: str, data: bytes) -> None:
        """Write a file under another name, then rename it: a power loss leaves the old or the new one."""
        pieces = [data[at : at + _PIECE] for at in range(0, len(data), _PIECE)] or [b""]
        for number, piece in enumerate(pieces):
            code = _WRITE.format(name=name, mode="ab" if number else "wb", text=b2a_base64(piece, newline=False))
            if number == len(pieces) - 1:
                code += f"os.rename({name + '.new'!r}, {name!r})\n"
            try:
                self.run(code)
            except BoardError as error:
                if not any(word in str(error) for word in _FULL):
                    raise
                with contextlib.suppress(FlashError):
                    self.remove(f"{name}.new")
                raise FlashError(_full_text(name)) from error

    def remove(self, name: str) -> None:
        """Remove a file; none is no error."""
        self.run(f"import os\ntry:\n    os.remove({name!r})\nexcept OSError as e:\n    if e.errno != 2:\n        raise")

    def leave(self, code: str = "import machine\nmachine.reset()") -> None:
        """Run code that ends the connection: a restart, or the boot loader."""
        with contextlib.suppress(FlashError), self._lost():
            self._transport.exec_raw_no_follow(code)
        time.sleep(0.2)
        self.close()


def _full_text(name: str) -> str:
    return (
        f"the board's flash is full, {name} does not fit: fetch the recorded runs with `untuck sync`, which makes "
        "room, then run the same command again. The clip does not run until then."
    )


def is_gps(data: bytes) -> bool:
    """Whether a port sends what GPS receivers send."""
    return any(word in data for word in _GPS)
