"""A computer with real BlueZ: Debian in qemu, whose adapters are in range of the virtual clip.

    async with VirtualClip(samples) as clip, Guest(clip.channel, folder) as guest:
        done = await guest.run("untuck pair")

Commands run in the guest's bash, several at the same time if wanted; guest/run_commands.py has the other end. The
guest's clock counts instructions, a billion a second, and is never faster than real time: on a busy machine it is slow,
which programs in the guest do not notice. All times here are the guest's.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.bluez.images import BUILD, CPU
from virtual_clip.hci_adapter import HciAdapter
from virtual_clip.radio_channel import RadioChannel

BOOT_S = 300.0  # real time
_BEHIND_S = 0.05  # real time without a sign of life: its time is slow then
_INSTRUCTIONS = "shift=0,sleep=on"  # 1 ns each, about as fast as a small computer
_Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
_ADDRESS = "00:1B:DC:00:00:{:02X}"
_KERNEL = "console=ttyS0 quiet cryptomgr.notests=1 nokaslr panic=-1 tsc=reliable mitigations=off random.trust_cpu=on"


@dataclass(frozen=True)
class Line:
    """A line of output: "out" or "err", its text, and the seconds since the command started."""

    to: str
    text: str
    after_s: float


class Command:
    """A command in the guest, from its start; its lines of output so far."""

    def __init__(self, guest: Guest, number: int, text: str) -> None:
        self.text = text
        self.lines: list[Line] = []
        self.rc: int | None = None
        self.took_s = 0.0
        self._guest = guest
        self._number = number
        self._started_s = guest.now_s
        self._changed = asyncio.Condition()

    def said(self, to: str = "") -> str:
        """The output so far. to: only "out" or "err"."""
        return "\n".join(line.text for line in self.lines if to in ("", line.to))

    @property
    def last_line(self) -> str:
        """The last line that it printed, "" if none."""
        return self.lines[-1].text if self.lines else ""

    @property
    def failed_in_one_line(self) -> bool:
        """Whether it ended with exit code 1 and its last line says why; earlier lines are progress, which ends so."""
        errors = [line.text for line in self.lines if line.to == "err" and not line.text.endswith("...")]
        return self.rc == 1 and len(errors) == 1 and errors[0].startswith("untuck: ")

    def send(self, number: signal.Signals) -> None:
        """Send the command a signal, e.g. SIGINT for Ctrl-C."""
        self._guest.write({"id": self._number, "signal": int(number)})

    async def printed(self, text: str, within_s: float) -> Line:
        """The first line that contains `text`. Raises TimeoutError, or EOFError if the command ends without it."""
        async with self._guest.timeout(within_s), self._changed:
            while True:
                found = next((line for line in self.lines if text in line.text), None)
                if found:
                    return found
                if self.rc is not None:
                    raise EOFError(f"{self.text!r} ended with {self.rc} and did not print {text!r}:\n{self.said()}")
                await self._changed.wait()

    async def ended(self, within_s: float = 60.0) -> Self:
        """Wait for the end. A command that takes longer is killed, and its rc stays None."""
        try:
            async with self._guest.timeout(within_s), self._changed:
                await self._changed.wait_for(lambda: self.rc is not None)
        except TimeoutError:
            self.took_s = self._guest.now_s - self._started_s
            self.send(signal.SIGKILL)
        return self

    async def receive(self, message: dict[str, object]) -> None:
        """What the guest says of this command."""
        async with self._changed:
            after_s = self._guest.now_s - self._started_s
            if "rc" in message:
                self.rc, self.took_s = int(str(message["rc"])), after_s
            else:
                self.lines.append(Line(str(message["to"]), str(message["text"]), after_s))
            self._changed.notify_all()


class Guest:
    """A booted guest with so many adapters; its console, and all that is said, are in `folder`."""

    def __init__(self, channel: RadioChannel, folder: Path, *, adapters: int = 1, log_bluetoothd: bool = False) -> None:
        self.folder = folder
        self.now_s = 0.0  # its uptime
        self.adapters: list[HciAdapter] = []
        self._channel = channel
        self._count = adapters
        self._arguments = "BLUETOOTHD_ARGS=-d" if log_bluetoothd else ""
        self._commands: dict[int, Command] = {}
        self._numbers = itertools.count()
        self._writer: asyncio.StreamWriter | None = None
        self._servers: list[asyncio.Server] = []
        self._sockets = tempfile.TemporaryDirectory(prefix="untuck-guest-")
        self._process: asyncio.subprocess.Process | None = None
        self._heard_s = 0.0  # when it last gave a sign of life, in real time

    async def __aenter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._log = (self.folder / "guest.log").open("w", buffering=1)
        booted = self._command("boot")
        ports: dict[str, _Serve] = {"commands": self._serve_commands}
        for number in range(self._count):
            ports[f"hci{number}"] = self._adapter(number)
        for name, serve in ports.items():
            self._servers.append(await asyncio.start_unix_server(serve, self._socket(name)))
        self._process = await asyncio.create_subprocess_exec(*self._qemu(list(ports)), stdin=asyncio.subprocess.DEVNULL)
        try:
            async with asyncio.timeout(BOOT_S):
                await booted.ended()
        except TimeoutError:
            await self.__aexit__(None, None, None)
            raise RuntimeError(f"no boot within {BOOT_S:g} s: see {self.folder / 'console.log'}") from None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        for server in self._servers:
            server.close()
        for adapter in self.adapters:
            self._channel.drop_out(adapter)
        self._sockets.cleanup()
        self._log.close()

    def start(self, text: str) -> Command:
        """Start a command."""
        command = self._command(text)
        self.log(f"> {text}")
        self.write({"id": max(self._commands), "run": text})
        return command

    async def run(self, text: str, within_s: float = 60.0) -> Command:
        """Start a command and wait for its end."""
        return await self.start(text).ended(within_s)

    def write(self, order: dict[str, object]) -> None:
        """Send run_commands.py a line."""
        assert self._writer is not None
        self._writer.write(json.dumps(order).encode() + b"\n")

    def log(self, text: str) -> None:
        """Write a line to guest.log."""
        self._log.write(f"{self.now_s:8.3f} {text}\n")

    def keeps_up(self) -> bool:
        """Whether its time runs as fast as real time just now."""
        return time.monotonic() - self._heard_s < _BEHIND_S

    async def sleep(self, seconds: float) -> None:
        """Wait for so long, in the guest's time."""
        until_s = self.now_s + seconds
        while (left_s := until_s - self.now_s) > 0:
            await asyncio.sleep(max(left_s / 2, 0.01))

    @asynccontextmanager
    async def timeout(self, seconds: float) -> AsyncIterator[None]:
        """asyncio.timeout in the guest's time."""
        async with asyncio.timeout(None) as limit:

            async def expire() -> None:
                await self.sleep(seconds)
                limit.reschedule(asyncio.get_running_loop().time())

            watch = asyncio.create_task(expire())
            try:
                yield
            finally:
                watch.cancel()

    def _command(self, text: str) -> Command:
        number = next(self._numbers)
        self._commands[number] = Command(self, number, text)
        return self._commands[number]

    async def _serve_commands(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        while line := await reader.readline():
            message = json.loads(line)
            self.now_s, self._heard_s = message["up_s"], time.monotonic()
            if "id" not in message:
                continue
            command = self._commands[message["id"]]
            self.log(f"{message['id']:3} " + (message["text"] if "text" in message else f"ended with {message['rc']}"))
            await command.receive(message)

    def _adapter(self, number: int) -> _Serve:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            adapter.send = writer.write
            while data := await reader.read(65536):
                adapter.feed(data)

        adapter = HciAdapter(self._channel, _ADDRESS.format(number + 1), lambda data: None)
        self.adapters.append(adapter)
        return serve

    def _socket(self, name: str) -> Path:
        return Path(self._sockets.name, name)

    def _qemu(self, ports: list[str]) -> list[str]:
        kernel = f"{_KERNEL} rdinit=/init ADAPTERS={self._count} {self._arguments}"
        words = ["qemu-system-x86_64", "-machine", "q35,accel=tcg", "-cpu", CPU, "-icount", _INSTRUCTIONS]
        words += ["-m", "1536", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-nic", "none"]
        words += ["-kernel", f"{BUILD}/system/vmlinux", "-initrd", f"{BUILD}/initial.cpio", "-append", kernel]
        words += ["-serial", f"file:{self.folder}/console.log"]
        words += ["-device", "virtio-rng-pci", "-device", "virtio-serial-pci"]
        for name in ("packages", "product"):
            words += ["-drive", f"file={BUILD}/{name}.ext4,format=raw,if=none,id={name},snapshot=on"]
            words += ["-device", f"virtio-blk-pci,drive={name}"]
        for name in ports:
            words += ["-chardev", f"socket,id={name},path={self._socket(name)}"]
            words += ["-device", f"virtserialport,chardev={name},name={name}"]
        return words
