"""A clip and a computer in range of it, for scenarios: how they are put in order, and what was seen of them."""

from __future__ import annotations

import asyncio
import json
import math
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bluez.guest import Command, Guest
from virtual_clip.bno085_motion import Motion
from virtual_clip.clip import CLIP_ADDRESS, VirtualClip

from untuck.samples import Samples
from untuck.simulate.runner import Phase, Scenario, simulate
from untuck.simulate.scenario import HINGE_S

START_S = 40.0  # until a session streams
_RESTORE = f"""
pkill -9 -f "[p]ython3 -m untuck"
rfkill unblock bluetooth
[ -e /run/bonds ] || {{ bluez running || bluez start; bluez wait; python3 /guest/bond.py {CLIP_ADDRESS} || exit 1;
    bluez stop; cp -a /var/lib/bluetooth /run/bonds; }}
bluez running && bluez stop
rm -rf /var/lib/bluetooth && cp -a /run/bonds /var/lib/bluetooth
bluez start && bluez wait && bluetoothctl power on
"""


def runner(run_s: float) -> Samples:
    """A wearer who stands, hinges three times, stands, then runs, at 100 Hz."""
    phases = Phase("stand", 20.0), Phase("hinge", 3 * HINGE_S), Phase("stand", 3.0), Phase("run", run_s)
    return simulate(Scenario(phases), rate_hz=100).samples


@dataclass
class Desk:
    """A clip, a computer, and the clip's bonds as they were when the two were paired."""

    clip: VirtualClip
    guest: Guest
    bonds: bytes = b""
    commands: list[Command] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def open(cls, samples: Samples, folder: Path, adapters: int = 1) -> AsyncIterator[Desk]:
        """A clip that was never paired, and a computer that was just installed."""
        async with VirtualClip(samples) as clip, Guest(clip.channel, folder, adapters=adapters) as guest:
            clip.keeps_up = guest.keeps_up
            await guest.run("bluez wait")
            yield cls(clip, guest)

    async def untuck(self, words: str, within_s: float = 90.0) -> Command:
        """Run a command of the product to its end."""
        return await self.start(words).ended(within_s)

    def start(self, words: str) -> Command:
        """Start a command of the product."""
        command = self.guest.start(f"untuck {words}")
        self.commands.append(command)
        return command

    async def wake(self) -> bool:
        """Let bluetoothd run and offer an adapter, whatever was before; whether it ran already."""
        ran = (await self.guest.run("bluez running")).rc == 0
        done = await self.guest.run("bluez running || bluez start; bluez wait")
        assert done.rc == 0, done.said()
        return ran

    async def restore(self) -> None:
        """Bond both, whatever was before; bluetoothd runs, the adapter is on, the clip in range."""
        self.clip.channel.set_in_range(True)
        done = await self.guest.run(_RESTORE, 90)
        assert done.rc == 0, done.said()
        bonds = self.clip.flash / "bonds"
        if not self.bonds:
            self.bonds = bonds.read_bytes()
        elif not bonds.exists() or bonds.read_bytes() != self.bonds:
            await self.restart_clip(self.bonds)
        self.commands.clear()

    async def restart_clip(self, bonds: bytes | None, samples: Samples | None = None) -> None:
        """Switch the clip off and on. bonds: what it then remembers; samples: a new motion, and no runs are stored."""
        motion = None if samples is None else await asyncio.to_thread(Motion.of, samples)
        errors = await self.clip.switch_off()
        assert not errors, errors
        if bonds is None:
            (self.clip.flash / "bonds").unlink(missing_ok=True)
        else:
            (self.clip.flash / "bonds").write_bytes(bonds)
        if motion is not None:
            for run in (self.clip.flash / "runs").iterdir():
                run.unlink()
            with self.clip.sim.lock:
                self.clip.sim.forget()
                self.clip.sim.motion, self.clip.sim.origin_us = motion, None
        await self.clip.switch_on()

    async def faults(self) -> list[str]:
        """What no output may hold: a traceback, an exception that nobody retrieved, a daemon that crashed."""
        found = [
            f"{command.text}: {line.text}"
            for command in self.commands
            for line in command.lines
            if any(word in line.text for word in ("Traceback", "never retrieved", "Unclosed", "never awaited"))
        ]
        crashes = await self.guest.run("dmesg --read-clear | grep -E 'segf|general protection'; true")
        return found + [line.text for line in crashes.lines]


class Session:
    """`untuck run --json` in the guest, from its first packet on."""

    def __init__(self, desk: Desk, words: str) -> None:
        self.command = desk.start(words)
        self._guest = desk.guest

    @classmethod
    async def begin(cls, desk: Desk, words: str = "run --json") -> Session:
        """Start it and wait until it shows what the clip measures now."""
        session = cls(desk, words)
        await session.command.printed('"signal"', START_S)
        await session.back(START_S)
        return session

    def events(self, kind: str = "") -> list[dict[str, Any]]:
        """What was printed so far, with after_s, when that was; the summary has no `event`."""
        rows = [json.loads(line.text) | {"after_s": line.after_s} for line in self.command.lines if line.to == "out"]
        return [row for row in rows if row.get("event", "summary") == kind or not kind]

    @property
    def lost(self) -> int:
        """Packets lost so far."""
        return int(self.events("signal")[-1]["lost"])

    async def back(self, within_s: float) -> float:
        """Seconds until data is less than a second old again; infinite if it is not within `within_s`."""
        asked_s = self._guest.now_s
        seen = len(self.events("signal"))
        while self._guest.now_s < asked_s + within_s:
            if any(row["age_s"] < 1.0 for row in self.events("signal")[seen:]):
                return self._guest.now_s - asked_s
            await asyncio.sleep(0.05)
        return math.inf

    async def interrupt(self, within_s: float = 40.0) -> float:
        """Ctrl-C; returns the seconds until it has ended. After `within_s` it is killed and has no exit code."""
        asked_s = self._guest.now_s
        self.command.send(signal.SIGINT)
        await self.command.ended(within_s)
        return self._guest.now_s - asked_s
