"""The first light over Bluetooth: finds the clip, pairs, streams, and looks at what it sends.

Each step ends by its verdict, by its time limit, or because the person skips it; a broken connection ends the walk.
Reports contain figures of clip and computer, no address and nothing of a runner.
"""

from __future__ import annotations

import asyncio
import contextlib
import platform
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import metadata
from typing import Protocol

from untuck import __version__, wire
from untuck.errors import LinkError, PacketError, StoreError
from untuck.motion.decode import Decoder
from untuck.session.first_light.looks import CUE_EVERY_S, RATE_HZ
from untuck.session.first_light.readings import Figures, Outcome, Readings, Step, Verdict
from untuck.session.first_light.steps import STEPS
from untuck.session.pairing import PairedClip, free_clip, keep_clip, meet_clip
from untuck.sources.ble import Backend, BleSource, Timeouts
from untuck.sources.ble_scan import HeardClip, choose_adapter, find_clips
from untuck.sources.clip_status import ClipStatus
from untuck.store.profiles import Profiles
from untuck.vocabulary import Fault

TURN_S = 0.1
SCAN_S = 2.0
RETRY_S = 1.0


@dataclass(frozen=True)
class StepResult:
    """A step that has ended. private: shown, and in no report."""

    name: str
    outcome: Outcome
    text: str
    took_s: float
    figures: Figures = field(default_factory=dict)
    private: str = ""


@dataclass(frozen=True)
class ClipCheck:
    """All steps that have ended, and the versions of both ends; None where it is not known."""

    steps: tuple[StepResult, ...]
    untuck: str
    python: str
    system: str
    bleak: str
    firmware: str | None
    protocol: int
    ended: bool = False

    @property
    def failed(self) -> list[str]:
        """Names of the steps that failed."""
        return [step.name for step in self.steps if step.outcome is Outcome.FAILED]


class CheckView(Protocol):
    """Shows the walk."""

    def begin(self, step: Step) -> None:
        """A step begins."""

    def progress(self, step: Step, now: str, left_s: float) -> None:
        """A step goes on; now: what the clip measures, in words."""

    def end(self, result: StepResult) -> None:
        """A step has ended."""


class Walk:
    """One walk through the steps. answer() and skip() are the person's keys; they apply to the current step."""

    def __init__(self, view: CheckView, limit_s: float | None = None) -> None:
        self.readings = Readings()
        self.results: list[StepResult] = []
        self._view = view
        self._limit_s = limit_s  # for every step, in place of its own
        self._skipped = False
        self._began_s = 0.0
        self._limit_now_s = 0.0
        self._step: Step | None = None

    def answer(self, yes: bool) -> None:
        """The person's answer to a step that asks."""
        self.readings.answer = yes

    def skip(self) -> None:
        """Go on to the next step."""
        self._skipped = True

    def begin(self, step: Step) -> None:
        """A step begins."""
        self._step, self._skipped, self._began_s = step, False, time.monotonic()
        self._limit_now_s = step.limit_s if self._limit_s is None else min(step.limit_s, self._limit_s)
        self.readings.begin()
        self._view.begin(replace(step, limit_s=self._limit_now_s))

    def look(self) -> bool:
        """Whether the current step has ended."""
        step = self._step
        assert step is not None
        verdict = step.look(self.readings)
        left_s = self._limit_now_s - (time.monotonic() - self._began_s)
        if verdict is None and self._skipped:
            verdict = Verdict(Outcome.SKIPPED, "skipped")
        if verdict is None and left_s <= 0:
            last = f" Last seen: {self.readings.now}." if self.readings.now else ""
            verdict = Verdict(Outcome.ABSENT if step.optional else Outcome.FAILED, f"{step.if_not}{last}")
        if verdict is None:
            self._view.progress(step, self.readings.now, left_s)
            return False
        self.end(verdict)
        return True

    def end(self, verdict: Verdict) -> None:
        """The current step ends with this verdict."""
        assert self._step is not None
        took_s = round(time.monotonic() - self._began_s, 1)
        result = StepResult(
            self._step.name, verdict.outcome, verdict.text, took_s, figures=verdict.figures, private=verdict.private
        )
        self.results.append(result)
        self._view.end(result)


async def check_clip(
    walk: Walk,
    runner: str = "",
    address: str | None = None,
    backend: Backend | None = None,
    timeouts: Timeouts | None = None,
) -> ClipCheck:
    """Go through all steps with the clip of this address, else the runner's, else one that lets a new host pair.

    A clip that was paired is saved for the runner if none is saved yet. Raises LinkError without a usable adapter.
    """
    backend = backend or Backend()
    await choose_adapter(backend)
    steps = {step.name: step for step in STEPS}
    address = address or _saved(runner)
    clip = await _found(walk, steps["found"], address, backend)
    if clip is not None:
        walk.readings.rssi_dbm = clip.rssi_dbm
        if await _paired(walk, steps["paired"], runner, partial(meet_clip, clip.address, backend, timeouts)):
            await _walk(walk, [step for step in STEPS if step.name not in ("found", "paired")], clip, backend, timeouts)
    return report_of(walk)


def _saved(runner: str) -> str | None:
    with contextlib.suppress(StoreError):
        return Profiles().open(runner).clip or None
    return None


async def _found(walk: Walk, step: Step, address: str | None, backend: Backend) -> HeardClip | None:
    walk.begin(step)
    while True:
        clips = await find_clips(SCAN_S, backend)
        named = [clip for clip in clips if address is not None and clip.address.lower() == address.lower()]
        clip = named[0] if named else free_clip(clips) if address is None else None
        if clip is not None:
            figures: Figures = {"rssi_dbm": clip.rssi_dbm}
            walk.end(Verdict(Outcome.PASSED, f"{clip.rssi_dbm} dBm", figures, private=clip.name))
            return clip
        others = f"not the paired clip, but {', '.join(clip.name for clip in clips)}: choose it with --address"
        walk.readings.now = others if clips else ""
        if walk.look():
            return None


async def _paired(
    walk: Walk, step: Step, runner: str, meet: Callable[[], Awaitable[tuple[PairedClip, ClipStatus]]]
) -> bool:
    walk.begin(step)
    while True:
        try:
            paired, status = await meet()
        except LinkError as error:
            walk.readings.now = str(error)
            if walk.look():
                return False
            await asyncio.sleep(RETRY_S)
            continue
        walk.readings.status = status
        kept = ""
        if _saved(runner) is None:
            with contextlib.suppress(StoreError):
                keep_clip(Profiles(), runner, paired)
                kept = ", saved as yours"
        figures: Figures = {"firmware": status.firmware}
        walk.end(Verdict(Outcome.PASSED, f"firmware {status.firmware}{kept}", figures))
        return True


async def _walk(walk: Walk, steps: list[Step], clip: HeardClip, backend: Backend, timeouts: Timeouts | None) -> None:
    """The steps that read the clip's status, then those with its stream."""
    readings = walk.readings
    from_status = [step for step in steps if step.name in ("battery", "flash")]
    for step in from_status:
        walk.begin(step)
        walk.look()
    rest = [step for step in steps if step not in from_status]
    walk.begin(rest[0])
    try:
        async with BleSource(RATE_HZ, clip.address, backend, timeouts) as source:
            readings.status = source.status
            async with _feeding(source, readings) as feeding:
                for number, step in enumerate(rest):
                    if number:
                        walk.begin(step)
                    await _until_ended(walk, step, source, feeding)
    except (LinkError, PacketError) as error:
        walk.end(Verdict(Outcome.FAILED, str(error)))


async def _until_ended(walk: Walk, step: Step, source: BleSource, feeding: asyncio.Task[None]) -> None:
    cue_s = 0.0
    while not walk.look():
        if feeding.done():
            feeding.result()
            raise LinkError("The clip has ended its stream: switch it off and on, then start again.")
        if step.cue and time.monotonic() >= cue_s:
            cue_s = time.monotonic() + CUE_EVERY_S
            await source.buzz(Fault.TUCK, 0)
        await asyncio.sleep(TURN_S)


@contextlib.asynccontextmanager
async def _feeding(source: BleSource, readings: Readings) -> AsyncIterator[asyncio.Task[None]]:
    """Inside the context a task puts the stream's packets into the readings; it ends with the stream's error."""
    decoder = Decoder()

    async def feed() -> None:
        async for packet in source.packets():
            samples = decoder.push([packet.data])
            if len(samples.time_s):
                readings.motion.add(samples)
            readings.lap = readings.lap or bool(wire.unpack_header(packet.data)[1] & wire.FLAG_LAP)
            readings.packets, readings.lost, readings.resent = decoder.packets, source.lost, source.resent
            readings.resets = decoder.resets
            number = packet.data[wire.SENSOR_AT]
            readings.sensor = wire.SENSORS[number][0] if number < len(wire.SENSORS) else "unknown sensor"

    feeding = asyncio.create_task(feed())
    try:
        yield feeding
    finally:
        feeding.cancel()
        await asyncio.wait({feeding})


def report_of(walk: Walk, ended: bool = False) -> ClipCheck:
    """What is known of the clip. ended: the person ended the walk before its last step."""
    status = walk.readings.status
    return ClipCheck(
        steps=tuple(walk.results),
        untuck=__version__,
        python=platform.python_version(),
        system=f"{sys.platform} {platform.machine()}",
        bleak=metadata.version("bleak"),
        firmware=None if status is None else status.firmware,
        protocol=wire.PROTOCOL_VERSION,
        ended=ended,
    )
