"""The faults of a schedule, drawn at random."""

from __future__ import annotations

import math
import random
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.chaos.rig import Rig

LONGEST_OUTAGE_S = 600.0
_APART_S = 2.0, 12.0
_OF_TWO = (0,), (1,), (0, 1)


@dataclass(frozen=True)
class Fault:
    """A fault `after_s` the end of the one before; `size`: its duration in s, or its share.

    whose: numbers of the clips that it concerns, if it is a fault of clips.
    """

    kind: str
    after_s: float
    size: float
    whose: tuple[int, ...] = (0,)

    def __str__(self) -> str:
        return f"{self.kind} {self.size:.3g}" + "".join(f" of clip {number}" for number in self.whose if number)

    async def strike(self, rig: Rig) -> None:
        """Let it happen; returns when it is over."""
        rig.struck = [rig.clips[number] for number in self.whose]
        await KINDS[self.kind][1](rig, self.size)


async def _stall(rig: Rig, seconds: float) -> None:
    for place in rig.places():
        rig.clip.channel.hold(place)  # the clip's stack reports ENOMEM once its buffers are full
    await rig.clip.sleep(seconds)
    for place in rig.places():
        rig.clip.channel.release(place)


async def _storm(rig: Rig, seconds: float) -> None:
    for _ in range(10):
        await _stall(rig, seconds / 10)
        await rig.clip.sleep(0.05)


async def _repeat(rig: Rig, share: float) -> None:
    rig.adapter.repeats = share
    await rig.clip.sleep(3.0)
    rig.adapter.repeats = 0.0


async def _swap(rig: Rig, share: float) -> None:
    rig.adapter.swaps = share
    await rig.clip.sleep(3.0)
    rig.adapter.swaps = 0.0


async def _reset_sensor(rig: Rig, _: float) -> None:
    for clip in rig.struck:
        clip.sim.reset_itself()
    await rig.clip.sleep(1.0)


async def _silence_sensor(rig: Rig, seconds: float) -> None:
    for clip in rig.struck:
        clip.sim.faults.silent = True
    await rig.clip.sleep(seconds)
    for clip in rig.struck:
        clip.sim.faults.silent = False


async def _move_clock(rig: Rig, _: float) -> None:
    rig.signal(rig.rng.choice((signal.SIGUSR1, signal.SIGUSR2)))


def _log(low: float, high: float) -> Callable[[random.Random], float]:
    return lambda rng: math.exp(rng.uniform(math.log(low), math.log(high)))


_Strike = Callable[["Rig", float], Awaitable[None]]
KINDS: dict[str, tuple[Callable[[random.Random], float], _Strike]] = {
    "radio lost": (_log(0.01, LONGEST_OUTAGE_S), lambda rig, size: rig.lose_radio(size)),
    "radio stalled": (_log(0.05, 2.0), _stall),
    "no buffers": (_log(1.0, 6.0), _storm),
    "repeated": (lambda rng: rng.uniform(0.05, 0.5), _repeat),
    "out of order": (lambda rng: rng.uniform(0.05, 0.3), _swap),
    "sensor reset": (_log(1.0, 2.0), _reset_sensor),
    "sensor silent": (_log(0.1, 8.0), _silence_sensor),
    "host killed": (_log(0.5, 30.0), lambda rig, size: rig.kill_host(size)),
    "host stopped": (_log(0.5, 40.0), lambda rig, size: rig.stop_host(size)),
    "disk full": (_log(0.5, 30.0), lambda rig, size: rig.fill_disk(size)),
    "store locked": (_log(0.5, 20.0), lambda rig, size: rig.lock_store(size)),
    "power cut": (_log(0.2, 5.0), lambda rig, size: rig.cut_power(size)),
    "clock moved": (lambda rng: 1.0, _move_clock),
}


def draw(rng: random.Random, seconds: float, kinds: Sequence[str] = tuple(KINDS), clips: int = 1) -> list[Fault]:
    """Faults of these kinds that together take about so many seconds, at least one; of one clip, the other, or both."""
    plan: list[Fault] = []
    total_s = 0.0
    while total_s < seconds or not plan:
        kind = rng.choice(kinds)
        fault = Fault(kind, rng.uniform(*_APART_S), KINDS[kind][0](rng))
        if clips == 2:
            fault = replace(fault, whose=rng.choice(_OF_TWO))
        total_s += fault.after_s + (fault.size if fault.size > 1 else 1.0)
        plan.append(fault)
    return plan
