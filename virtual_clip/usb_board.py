"""A board on a serial port, without hardware: its flash, its ROM's boot loader, and a real MicroPython with its REPL.

    with UsbBoard(folder) as board: ...  # board.url is the port

The flash is a file. What esptool writes into it decides what the board does when it starts: with a program at the
application's place it runs MicroPython of this computer, whose file system lies in the rest of the same flash; without
one it prints "invalid header", as the ROM does.
"""

from __future__ import annotations

import contextlib
import os
import pty
import select
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from virtual_clip.board_image import APP_AT, OFFSETS, starts
from virtual_clip.flash_file import FlashFile
from virtual_clip.rom_bootloader import RomBootloader
from virtual_clip.serial_lines import PtyLine, Rfc2217Line

MAC = bytes.fromhex("f412fa112233")
_CHECKOUT = Path(__file__).resolve().parents[1]
_START = "import sys, micropython_run; sys.exit(micropython_run.run_main(sys.argv[1:]))"
_PROMPT, _RAW_PROMPT, _OK = b">>> ", b"raw REPL; CTRL-B to exit\r\n>", b"OK\r\n"
_MOST_PROGRAM = 0x1F0000
_BOOTED = b"\x06"
_POLL_S = 0.05
_BANNER = {
    "esp32": b"ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x3 (DOWNLOAD_BOOT(UART0/UART1/SDIO))\r\n",
    "esp32s3": b"ESP-ROM:esp32s3-20210327\r\nBuild:Mar 27 2021\r\nrst:0x1 (POWERON),boot:0x0 (DOWNLOAD(USB/UART0))\r\n",
}
MACHINES = {"esp32": "Generic ESP32 module with ESP32", "esp32s3": "Generic ESP32S3 module with ESP32S3"}


class UsbBoard:
    """A board with this chip and flash, plugged in while its `with` block runs.

    environment: of its MicroPython, for a simulated sensor and radio. rfc2217: a port with DTR and RTS, which is slow.
    heap: of MicroPython. starts: how often MicroPython started. boots: whether the boot loader runs.
    """

    def __init__(
        self,
        folder: Path,
        chip: str = "esp32s3",
        *,
        flash_mb: int = 8,
        environment: Mapping[str, str] | None = None,
        rfc2217: bool = False,
        heap: str = "400k",
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.chip, self.flash = chip, FlashFile(folder / "flash", flash_mb << 20)
        self.machine = MACHINES[chip]
        self.deaf = False  # the program hangs: it takes nothing
        self.starts = 0
        self._folder, self._environment, self._heap, self._rfc2217 = folder, dict(environment or {}), heap, rfc2217
        self._line: PtyLine | Rfc2217Line | None = None
        self._rom: RomBootloader | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._terminal = -1
        self._pump: threading.Thread | None = None
        self._hears = False
        self._lock = threading.RLock()
        self._lines = False, False

    def __enter__(self) -> Self:
        self.plug()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unplug()

    @property
    def url(self) -> str:
        """The port."""
        return self._line.url if isinstance(self._line, Rfc2217Line) else str(self._folder / "ttyACM0")

    @property
    def boots(self) -> bool:
        """Whether the ROM's boot loader runs."""
        return self._rom is not None

    @property
    def data_blocks(self) -> int:
        """Blocks of an image that the boot loader has taken."""
        return self._rom.data_blocks if self._rom else 0

    def plug(self, boot_button: bool = False) -> None:
        """Plug the board in, while the button BOOT is held if boot_button."""
        if self._rfc2217:
            self._line = Rfc2217Line(self._take, self._set_lines)
        else:
            self._line = PtyLine(str(self._folder / "ttyACM0"), self._take)
        self.restart(boot_button)

    def unplug(self) -> None:
        """Pull the cable; the board loses its power."""
        self._stop()
        if self._line is not None:
            self._line.close()
        self._line = None

    def restart(self, loader: bool = False, forced: bool = False) -> None:
        """Press RESET, while BOOT is held if `loader`; forced: the program asked for the boot loader."""
        with self._lock:
            self._stop()
            self._rom = None
            if loader or forced:
                self._rom = RomBootloader(self.chip, self.flash, MAC, self._restart_later, forced)
                self._send(_BANNER[self.chip] + b"waiting for download\r\n")
            elif not all(starts(self.flash.read(at, _MOST_PROGRAM)) for at in (OFFSETS[self.chip], APP_AT)):
                self._send(b"invalid header: 0xffffffff\r\n" * 3)
            else:
                self._start(raw=False)

    def _restart_later(self, forced: bool) -> None:
        threading.Timer(0.05, self.restart, (False, forced)).start()

    def _send(self, data: bytes) -> None:
        if self._line is not None:
            self._line.send(data)

    def _set_lines(self, dtr: bool, rts: bool) -> None:
        """RTS holds the chip in reset; DTR pulls BOOT down while it starts, as the two transistors of a devkit do."""
        before, self._lines = self._lines, (dtr, rts)
        if rts and not dtr:
            with self._lock:
                self._stop()
        elif before[1] and not rts:
            self.restart(loader=dtr)

    def _take(self, data: bytes) -> None:
        rom = self._rom
        if rom is not None:
            self._send(rom.take(data))
        elif self._hears and not self.deaf:
            self._type(data)

    def _type(self, data: bytes) -> None:
        view = memoryview(data)
        while view and self._process is not None:
            if select.select([], [self._terminal], [], _POLL_S)[1]:
                with contextlib.suppress(OSError):
                    view = view[os.write(self._terminal, view[:512]) :]

    def _start(self, raw: bool) -> None:
        place = self.flash.file_system()
        assert place is not None
        request = self._folder / "request"
        request.unlink(missing_ok=True)
        shims = f"{_CHECKOUT / 'virtual_clip' / 'shims'}"
        environment = os.environ | self._environment
        environment |= {
            "UNTUCK_FLASH": f"{self.flash.path}:{place[0]}:{place[1]}",
            "UNTUCK_REQUEST": str(request),
            "UNTUCK_SHIMS": shims,
            "UNTUCK_MACHINE": self.machine,
            "UNTUCK_MAC": MAC.hex(":"),
            "UNTUCK_BANNER": self.flash.banner(),
            "UNTUCK_RAW": "1" if raw else "",
            "MICROPYPATH": f"{_CHECKOUT / 'virtual_clip'}:{shims}:.frozen",
        }
        master, slave = pty.openpty()
        mode = termios.tcgetattr(slave)
        mode[0] &= ~termios.ICRNL
        mode[1] &= ~termios.OPOST
        mode[3] &= ~(termios.ECHO | termios.ICANON)
        mode[3] |= termios.ISIG
        termios.tcsetattr(slave, termios.TCSANOW, mode)
        command = [sys.executable, "-c", _START, "micropython", "-X", f"heapsize={self._heap}", "-i"]
        self._process = subprocess.Popen(
            [*command, "-c", "import usb_board_boot"],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            cwd=self._folder,
            start_new_session=True,
            preexec_fn=_own_terminal,
        )
        os.close(slave)
        self._terminal, self._hears = master, False
        self.starts += 1
        self._pump = threading.Thread(target=self._pump_out, args=(self._process, master, raw), daemon=True)
        self._pump.start()

    def _pump_out(self, process: subprocess.Popen[bytes], terminal: int, raw: bool) -> None:
        """Send what MicroPython prints; start it again when it ends, as its board does."""
        tail = b""
        if raw:
            self._send(b"MPY: soft reboot\r\n" + self._enter_raw(terminal))
        request = self._folder / "request"
        while True:
            if select.select([terminal], [], [], _POLL_S)[0]:
                try:
                    data = os.read(terminal, 4096)
                except OSError:
                    break
                if _BOOTED in data:
                    self._hears = True
                    data = data.replace(_BOOTED, b"")
                self._send(data)
                tail = (tail + data)[-8:]
            elif request.exists() or process.poll() is not None:
                break
        with self._lock:
            if self._process is not process:  # switched off
                return
            process.kill()  # after a restart that the program asked for it would return to the prompt
            process.wait()
            self._process = None
            os.close(terminal)
            why = request.read_text() if request.exists() else "soft"
            if why == "soft":
                self._start(raw=tail.endswith(_OK))
            elif why != "sleep":
                time.sleep(_POLL_S)
                self.restart(forced=why == "bootloader")

    def _enter_raw(self, terminal: int) -> bytes:
        """Wait for the prompt, then enter the raw REPL; returns its greeting."""
        seen, asked = b"", False
        while _RAW_PROMPT not in seen:
            if select.select([terminal], [], [], _POLL_S)[0]:
                try:
                    seen += os.read(terminal, 4096)
                except OSError:
                    return b""
            if _PROMPT in seen and not asked:
                asked = True
                os.write(terminal, b"\x01")
        self._hears = True
        return seen[seen.index(_RAW_PROMPT) :]

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        if self._pump is not None and self._pump is not threading.current_thread():
            self._pump.join(2)
        os.close(self._terminal)


def _own_terminal() -> None:
    import fcntl

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
