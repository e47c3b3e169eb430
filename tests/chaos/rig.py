"""One schedule: a clip or two, and a computer in its own process; faults at random times, then the account."""

from __future__ import annotations

import asyncio
import json
import os
import random
import resource
import signal
import sqlite3
import statistics
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos import account, faults
from tests.chaos.adapter import Adapter
from virtual_clip.clip import VirtualClip
from virtual_clip.pair import TRUNK_ADDRESS
from virtual_clip.stream_checks import motion

from untuck.store import Store
from untuck.vocabulary import Role

ADAPTER_ADDRESS = "00:00:00:00:00:00"  # none: the computer uses its random static address
CHECKOUT = Path(__file__).resolve().parents[2]
START_S = 120.0  # real time, until packets are stored
END_S = 120.0  # until a command has ended
SYNCS = 6


@dataclass
class Outcome:
    """What one schedule has shown.

    account, trunk: of the pelvis's clip, and of the trunk's; recovered_s: for each kind of fault, times in s from its
    end to the next commit.
    """

    seed: int
    plan: list[str]
    account: account.Account
    recovered_s: dict[str, list[float]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    took_s: float = 0.0
    trunk: account.Account | None = None

    def accounts(self) -> list[account.Account]:
        """Of each clip."""
        return [self.account, *([] if self.trunk is None else [self.trunk])]

    def row(self) -> dict[str, object]:
        """As one object of JSON."""
        trunk = {} if self.trunk is None else {"trunk": self.trunk.row()}
        row = {"seed": self.seed, "plan": self.plan, **self.account.row(), "recovered_s": self.recovered_s}
        return row | trunk


class Rig:
    """A clip or two, and the processes of a computer in range. `speed`: times as fast as real time, at most.

    clip: the pelvis's, whose clock is that of both; struck: the clips that the present fault concerns; cuts_us: for
    each clip the times at which its power was cut.
    """

    def __init__(self, seed: int, seconds: float, speed: int, task: str = "run", clips: int = 1) -> None:
        self.task = task
        self.rng = random.Random(seed)
        self.speed = speed
        self.said: list[str] = []
        self.clip = VirtualClip(motion(seconds, 100, seed), speed=speed)
        self.clips = [self.clip]
        if clips == 2:
            felt = motion(seconds, 100, seed + 1_000_000)
            self.clips.append(VirtualClip(felt, address=TRUNK_ADDRESS, beside=self.clip))
        self.struck = self.clips
        self.cuts_us: dict[VirtualClip, list[int]] = {clip: [] for clip in self.clips}
        self.home = tempfile.TemporaryDirectory(prefix="untuck-chaos-")
        self.store = Store(Path(self.home.name, "sessions.db"))
        self.host: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    async def start_host(self, task: str) -> None:
        """Start the computer's program; it says what it does in `said`."""
        environment = os.environ | {
            "UNTUCK_HOME": self.home.name,
            "PYTHONPATH": os.pathsep.join((str(CHECKOUT), str(CHECKOUT / "host"))),
            "NUMBA_DISABLE_JIT": "1",  # compiling would take longer than a schedule
        }
        keys = str(Path(self.home.name, "keys.json"))
        arguments = (str(self.adapter.port), keys, str(self.speed), task, str(len(self.clips)))
        self.host = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.chaos.host",
            *arguments,
            env=environment,
            cwd=CHECKOUT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self._reading = asyncio.create_task(self._read(self.host))

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            self.said.append(f"{self.clip.clock.now_us() / 1e6:8.2f} {line.decode(errors='replace').rstrip()}")

    @property
    def running(self) -> bool:
        """Whether the computer's program runs."""
        return self.host is not None and self.host.returncode is None

    def signal(self, number: signal.Signals) -> None:
        """Send the computer's program a signal."""
        if self.running and self.host is not None:
            self.host.send_signal(number)

    async def end_host(self, number: signal.Signals | None = None) -> int | None:
        """Wait until the program has ended, after a signal if there is one; None if it had to be killed."""
        if self.host is None:
            return 0
        if number is not None:
            self.signal(number)
        try:
            async with asyncio.timeout(END_S):
                return await self.host.wait()
        except TimeoutError:
            self.said.append("the program did not end: killed")
            self.host.kill()
            await self.host.wait()
            return None

    async def until_stored(self) -> None:
        """Wait until the running session has packets in the store, or the program has ended."""
        give_up_s = time.monotonic() + START_S
        before = self._stored()
        while self.running and time.monotonic() < give_up_s and self._stored() <= before:
            await asyncio.sleep(0.1)

    def _stored(self) -> int:
        return sum(session.packet_count for session in self.store.sessions())

    async def ensure_run(self) -> None:
        """A runner starts `run` again if it has ended by itself."""
        if not self.running:
            await self.start_host(self.task)
            await self.until_stored()

    async def cut_power(self, seconds: float) -> None:
        """The struck clips lose their power for a while, and their sensors too."""
        struck = self.struck
        for clip in struck:
            self.cuts_us[clip].append(clip.sim.now_us)
            await clip.switch_off()
            clip.sim.reset_itself()
        await self.clip.sleep(seconds)
        for clip in struck:
            await clip.switch_on()

    def places(self) -> list[str]:
        """Where the present fault strikes the radio: "" is everywhere."""
        return [""] if len(self.struck) == len(self.clips) else [clip.address for clip in self.struck]

    async def lock_store(self, seconds: float) -> None:
        """Another program holds the store."""
        other = sqlite3.connect(self.store.path, isolation_level=None, timeout=30, check_same_thread=False)
        try:
            await asyncio.to_thread(other.execute, "BEGIN EXCLUSIVE")
            await self.clip.sleep(seconds)
            other.execute("ROLLBACK")
        finally:
            other.close()

    async def fill_disk(self, seconds: float) -> None:
        """No file of the program can grow."""
        if not self.running or self.host is None:
            return
        sizes = [path.stat().st_size for path in self.store.path.parent.glob("sessions.db*")]
        unlimited = resource.RLIM_INFINITY
        resource.prlimit(self.host.pid, resource.RLIMIT_FSIZE, (max(1, min(sizes)), unlimited))
        try:
            await self.clip.sleep(seconds)
        finally:
            if self.running:
                resource.prlimit(self.host.pid, resource.RLIMIT_FSIZE, (unlimited, unlimited))

    async def lose_radio(self, seconds: float) -> None:
        """The computer is out of range of the struck clips."""
        channel, struck, places = self.clip.channel, self.struck, self.places()
        for place in places:
            channel.hold(place)
        await self.clip.sleep(min(0.5, seconds))
        for place in places:
            channel.lose(place)
            channel.set_in_range(False, place)
        for clip in struck:
            await clip.peripheral.drop()
        await self.clip.sleep(seconds)
        for place in places:
            channel.set_in_range(True, place)

    async def stop_host(self, seconds: float) -> None:
        """The program is stopped, its link stays."""
        self.signal(signal.SIGSTOP)
        self.adapter.set_stopped(True)
        await self.clip.sleep(seconds)
        self.signal(signal.SIGCONT)
        self.adapter.set_stopped(False)

    async def kill_host(self, seconds: float) -> None:
        """The program is killed, and started again later."""
        await self.end_host(signal.SIGKILL)
        await self.clip.sleep(seconds)
        await self.ensure_run()


async def run_schedule(
    seed: int,
    *,
    seconds: float,
    speed: int,
    plan: list[faults.Fault] | None = None,
    task: str = "run",
    clips: int = 1,
) -> Outcome:
    """One schedule, drawn from the seed if no plan is given, in a run of about `seconds` of the clip's time.

    task: run, or unattended, which begins the next session by itself.
    """
    began_s = time.monotonic()
    rig = Rig(seed, 3 * seconds + 1200.0, speed, task, clips)
    plan = plan or faults.draw(rig.rng, seconds, clips=clips)
    recovered_s: dict[str, list[float]] = {}
    async with AsyncExitStack() as stack:
        for clip in rig.clips:
            await stack.enter_async_context(clip)
        rig.adapter = Adapter(rig.clip.channel, ADAPTER_ADDRESS, rig.rng)
        await rig.adapter.start()
        await rig.start_host(task)
        await rig.until_stored()
        for fault in plan:
            await rig.clip.sleep(fault.after_s)
            rig.said.append(f"{rig.clip.clock.now_us() / 1e6:8.2f} fault: {fault}")
            await fault.strike(rig)
            ended_us = rig.clip.clock.now_us()
            await rig.ensure_run()
            await rig.until_stored()
            recovered_s.setdefault(fault.kind, []).append((rig.clip.clock.now_us() - ended_us) / 1e6)
        await rig.clip.sleep(3.0)
        stopped_us = {clip: clip.sim.now_us for clip in rig.clips}
        await rig.end_host(signal.SIGTERM)
        for _ in range(SYNCS):
            await rig.start_host("sync-stop")
            done = await rig.end_host()
            if done == 0 and rig.said[-1].endswith(" 0 runs"):
                break
        await rig.adapter.stop()
        found = [
            account.account_for(clip.sim, rig.store, clip.flash, rig.cuts_us[clip], stopped_us[clip], role)
            for clip, role in zip(rig.clips, Role, strict=False)
        ]
    took_s = time.monotonic() - began_s
    outcome = Outcome(seed, [str(fault) for fault in plan], found[0], recovered_s, rig.said, took_s, *found[1:])
    rig.home.cleanup()
    return outcome


def totals(outcomes: list[Outcome]) -> dict[str, object]:
    """The sum of all accounts."""
    names = ("produced", "stored", "on_clip", "silent", "doubled")
    accounts = [each for outcome in outcomes for each in outcome.accounts()]
    sums = {name: sum(getattr(each, name) for each in accounts) for name in names}
    causes: dict[str, int] = {}
    for each in accounts:
        for cause, count in each.reported.items():
            causes[cause] = causes.get(cause, 0) + count
    return {"schedules": len(outcomes), **sums, "reported": sum(causes.values()), "causes": causes}


def table(outcomes: list[Outcome]) -> str:
    """A row for each kind of fault, from schedules that have one kind each."""
    rows = [
        "| fault | tries | samples | lost | silent | doubled | recovery, median (s) | worst (s) |",
        "|" + "---|" * 8,
    ]
    kinds = sorted({kind for outcome in outcomes for kind in outcome.recovered_s})
    for kind in kinds:
        those = [outcome for outcome in outcomes if set(outcome.recovered_s) == {kind}]
        times_s = [time_s for outcome in those for time_s in outcome.recovered_s[kind]]
        if not those:
            continue
        accounts = [each for outcome in those for each in outcome.accounts()]
        lost = sum(found.reported.total() - found.reported[account.AT_THE_ENDS] for found in accounts)
        sums = [sum(getattr(found, name) for found in accounts) for name in ("silent", "doubled")]
        produced = sum(found.produced for found in accounts)
        rows.append(
            f"| {kind} | {len(times_s)} | {produced} | {lost} | {sums[0]} | {sums[1]} "
            f"| {statistics.median(times_s):.1f} | {max(times_s):.1f} |"
        )
    return "\n".join(rows)


def as_line(fields: dict[str, object]) -> str:
    """One line of JSON."""
    return json.dumps(fields)
