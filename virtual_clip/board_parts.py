"""The sensor and the radio of a simulated board, for usb_board.py.

The clip stands still, upright as it is worn. Both run in threads, as the board comes and goes.
"""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType
from typing import Self

import numpy as np

from untuck import wire
from virtual_clip.bno085_motion import Motion, chip_values
from virtual_clip.bno085_sim import Bno085Sim
from virtual_clip.bumble_peripheral import BumblePeripheral
from virtual_clip.bus_server import BusServer
from virtual_clip.clock import Clock
from virtual_clip.radio_channel import RadioChannel

_ADDRESS = "F0:F1:F2:F3:A4:B5"
_PERIOD_US = 10_000
_G_M_S2 = 9.80665
UPRIGHT = (0.0, _G_M_S2, 0.0)


class BoardParts:
    """up_m_s2: what the resting sensor measures, in its axes. sim: the sensor, for faults."""

    def __init__(self, up_m_s2: tuple[float, float, float] = UPRIGHT) -> None:
        row = chip_values(np.zeros((1, 3)), np.array([up_m_s2]), np.array([[1.0, 0, 0, 0]])).tolist()[0]
        self.sim = Bno085Sim(Motion([(0, tuple(row)), (_PERIOD_US, tuple(row))]))
        self._bus = BusServer(self.sim, Clock(), real_time=True)
        self._port = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run_radio, daemon=True)

    def __enter__(self) -> Self:
        self._bus.__enter__()
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._bus.__exit__(kind, error, trace)

    @property
    def environment(self) -> dict[str, str]:
        """What the board's MicroPython needs to find them."""
        return {**self._bus.environment, "UNTUCK_RADIO_PORT": str(self._port)}

    def _run_radio(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())
        self._ready.set()
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _start(self) -> None:
        radio = BumblePeripheral(RadioChannel(), _ADDRESS, wire.STREAM_UUID)
        await radio.start()
        self._port = radio.port
