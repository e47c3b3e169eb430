"""A simulated runner as a source of packets, with one clip or two.

Two clips have clocks of their own, and links that deliver their packets late by a few milliseconds, as a radio does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from untuck import wire
from untuck.model import Packet
from untuck.samples import Samples
from untuck.simulate.packets import pack
from untuck.simulate.runner import TYPICAL_NOISE, SimulatedRun, simulate
from untuck.simulate.scenario import Scenario, TrueFault
from untuck.simulate.sensor_noise import as_simulated
from untuck.simulate.trunk import STRAP, SimulatedPair, simulate_pair
from untuck.vocabulary import Role

LINK_S = 0.004, 0.034  # from the last sample of a packet to its arrival: the wait for a connection event of 30 ms
TRUNK_CLOCK_S, TRUNK_PPM = 41.7, 35.0  # the second clip was switched on earlier, and its crystal is another


class _Sent(NamedTuple):
    """A packet, and when it arrives after the start, in seconds."""

    due_s: float
    data: bytes
    role: Role


class RunnerSource:
    """A simulated runner as a source of packets; `run` has the samples and the truth of the pelvis's clip.

    clips: 2 for a second one on the upper back; `pair` then has the samples and truth of both. realtime: packets come
    when the clip would send them; otherwise as fast as they are consumed, with the arrival times of real time.
    """

    buzz = None  # a simulated clip has no buzzer,
    keeper = None  # and no memory

    def __init__(
        self,
        scenario: Scenario | None = None,
        seed: int = 0,
        rate_hz: int = 100,
        realtime: bool = True,
        *,
        clips: int = 1,
    ) -> None:
        self.pair: SimulatedPair | None = None
        if clips == 1:
            self.run: SimulatedRun = simulate(scenario, seed, rate_hz)
        else:
            scenario = scenario or Scenario.default(clips=clips)
            self.pair = simulate_pair(scenario, seed, rate_hz, replace(STRAP, offset_s=0.0, drift_ppm=0.0))
            self.run = self.pair.pelvis
        self._seed = seed
        self._realtime = realtime

    @property
    def faults(self) -> tuple[TrueFault, ...]:
        """The runner's faults as these clips show them."""
        return self.run.truth.faults if self.pair is None else self.pair.truth.faults

    async def packets(self) -> AsyncIterator[Packet]:
        """The run's packets, in order of arrival; yields to other tasks between them."""
        begin_s = time.monotonic()
        for sent in self._sent():
            due_s = begin_s + sent.due_s
            await asyncio.sleep(max(0.0, due_s - time.monotonic()) if self._realtime else 0.0)
            yield Packet(sent.data, time.monotonic() if self._realtime else due_s, sent.role)

    def _sent(self) -> list[_Sent]:
        if self.pair is None:
            return self._of_clip(self.run.samples, self.run.samples, Role.PELVIS, 1)
        rng = np.random.default_rng([self._seed, 23])
        trunk = self.pair.trunk
        stamps = TRUNK_CLOCK_S + trunk.time_s * (1.0 + 1e-6 * TRUNK_PPM)
        own = Samples(stamps, trunk.gyr_rad_s, trunk.acc_m_s2, trunk.quat, trunk.acc_end_m_s2)
        both = self._of_clip(self.run.samples, self.run.samples, Role.PELVIS, 1, rng)
        both += self._of_clip(trunk, own, Role.TRUNK, 2, rng)
        return sorted(both)

    def _of_clip(
        self, true: Samples, stamped: Samples, role: Role, stream: int, rng: np.random.Generator | None = None
    ) -> list[_Sent]:
        """The packets of a clip. true, stamped: samples at their true times and as its clock stamps them."""
        sent, last = [], 0
        due_s = 0.0
        for data in pack(stamped, self.run.rate_hz, stream, as_simulated(TYPICAL_NOISE).sensor):
            last += wire.unpack_header(data)[7]
            late_s = 0.0 if rng is None else rng.uniform(*LINK_S)
            due_s = max(due_s, float(true.time_s[last - 1]) + late_s)  # a link keeps the order
            sent.append(_Sent(due_s, data, role))
        return sent
