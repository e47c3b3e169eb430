"""Runs one after the other on a computer without screen and keyboard, until the program is stopped.

Waits for the clip; a run ends when the runner has not run for some minutes, or the clip is gone; then the next one is
waited for. Whatever is missing (Bluetooth, pairing, disk) is waited for too: reported once, and spoken now and then.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from untuck.errors import LinkError, SoundError, UntuckError
from untuck.events import Event, MovingChanged
from untuck.session import service_manager
from untuck.session.clip_session import MakeView, SessionResult, ending_on_signals, run_with_clip
from untuck.session.packet_pipeline import PacketPipeline
from untuck.session.request import SessionRequest, with_own_clip
from untuck.session.start_times import StartTimes
from untuck.session.waiting import Lacking, Waiting, lacking
from untuck.sound.mixer import Hearing
from untuck.sound.player import Player
from untuck.sources.ble import Backend
from untuck.sources.ble_scan import choose_adapter, find_clip
from untuck.store import Store
from untuck.store.config import SoundConfig
from untuck.store.profiles import Profiles
from untuck.vocabulary import Moving, clock

SPOKEN_S = 6.0  # the longest phrase, on a device that has just been opened

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """Times in seconds."""

    rest_s: float = 240.0  # without running after a run: it has ended; the clip ends its own recordings after this too
    empty_s: float = 900.0  # without running at all: the clip is released, so that it can sleep
    away_s: float = 60.0  # not heard for so long: the released clip sleeps or is away
    scan_s: float = 10.0
    retry_s: float = 5.0
    check_s: float = 1.0
    stop_s: float = 25.0  # a stopped session may take so long to be saved; systemd waits 45 s


@dataclass(frozen=True)
class Surroundings:
    """What the runs need besides the request. note: receives lines of progress; speak: a phrase of sound.phrases."""

    make_view: MakeView
    note: Callable[[str], None]
    backend: Backend | None = None
    speak: Callable[[SoundConfig, str], None] | None = None
    limits: Limits = Limits()


async def run_unattended(read_request: Callable[[], SessionRequest], around: Surroundings) -> int:
    """Run sessions until the task is cancelled or the system stops the program; returns how many were kept.

    read_request: called before each session, so that changed settings are used. Raises no UntuckError.
    """
    runs = _Runs(read_request, around)
    with ending_on_signals(), service_manager.alive():
        service_manager.report(READY="1")
        with suppress(asyncio.CancelledError):
            await runs.forever()
    service_manager.report(STOPPING="1", STATUS="stopped")
    around.note("stopped")
    return runs.kept


class _Runs:
    """The loop's state. kept: number of stored sessions."""

    def __init__(self, read_request: Callable[[], SessionRequest], around: Surroundings) -> None:
        self.kept = 0
        self._read_request = read_request
        self._around = around
        self._limits = around.limits
        self._waiting = Waiting(around.note, around.speak or speak_once)
        self._times = StartTimes()

    async def forever(self) -> None:
        """One session after the other."""
        while True:
            try:
                await self._next()
            except Lacking as missing:
                await self._waiting.report(missing)
                self._correct_times()
                await asyncio.sleep(self._limits.retry_s)

    async def _next(self) -> None:
        """Wait for the clip and run a session. Raises Lacking if something is missing."""
        with lacking("not recorded"):
            request = replace(self._read_request(), unattended=True)
            self._waiting.sound = request.config.sound
            await asyncio.to_thread(Store().check_writable)
        with lacking("not paired"):
            request = replace(request, config=with_own_clip(request.config, Profiles().open(request.config.name)))
        backend = replace(self._around.backend or Backend(), adapter=request.config.clip.adapter)
        with lacking("no bluetooth"):
            await choose_adapter(backend, request.config.clip.address)
        with lacking("waiting"):
            await find_clip(request.config.clip.address, self._limits.scan_s, backend)
        activity = Activity(self._limits)
        with lacking("waiting"):
            await self._run(request, activity)
        self._waiting.over()
        if activity.empty:
            self._around.note("no running for a quarter of an hour: the clip may sleep until it is moved")
            await self._until_away(request.config.clip.address, backend)

    async def _run(self, request: SessionRequest, activity: Activity) -> None:
        """A session, in a task of its own: what ends it cancels that task only. Raises UntuckError without a clip."""
        request = replace(request, until=activity.on_event)
        service_manager.report(STATUS="in a session")
        self._times.begin()
        session = asyncio.create_task(
            run_with_clip(request, self._around.make_view, self._around.note, activity.watch, self._around.backend)
        )
        try:
            await asyncio.wait({session})
        except asyncio.CancelledError:
            session.cancel()
            await asyncio.wait({session}, timeout=self._limits.stop_s)
            session.cancel()  # it may be fetching what the clip has kept
            with suppress(UntuckError, asyncio.CancelledError):
                self._ended(await session)
            raise
        if session.cancelled():  # it was just ending by itself
            return
        self._ended(await session)

    def _ended(self, ended: SessionResult) -> None:
        outcome = ended.outcome
        if outcome.failure is not None:
            self._around.note(f"the session ended early: {outcome.failure}")
        if ended.session_id is not None:
            self.kept += 1
            self._around.note(f"session {ended.session_id} is saved, {clock(outcome.summary.signal.duration_s)} long")
            self._times.end(ended.session_id)
            self._correct_times()
        else:
            self._around.note("nothing to save: no running stride")

    def _correct_times(self) -> None:
        if changed := self._times.correct():
            self._around.note(f"the computer's clock is set now: the dates of {changed} sessions were corrected")

    async def _until_away(self, address: str, backend: Backend) -> None:
        """Return when the clip has not been heard for some time: it sleeps, or is away; the next word begins a run."""
        silent_s = 0.0
        service_manager.report(STATUS="resting until the clip has slept")
        while silent_s < self._limits.away_s:
            try:
                await find_clip(address, self._limits.scan_s, backend)
            except LinkError:
                silent_s += self._limits.scan_s
                continue
            silent_s = 0.0
            await asyncio.sleep(self._limits.retry_s)


class Activity:
    """Ends a session in which nobody runs. empty: it ended because nobody had run at all."""

    def __init__(self, limits: Limits) -> None:
        self.empty = False
        self._limits = limits
        self._running = self._ran = False
        self._rested_s: float | None = None  # sensor time since which nobody runs

    def on_event(self, event: Event) -> bool:
        """Take an event of the session; never ends it by itself."""
        if isinstance(event, MovingChanged):
            self._running = event.moving == Moving.RUNNING
            self._ran = self._ran or self._running
            self._rested_s = None if self._running else event.time_s
        return False

    @contextmanager
    def watch(self, packets: PacketPipeline, finish: Callable[[], object]) -> Iterator[None]:
        """Inside the context, `finish` is called once when nobody has run for too long."""

        async def check() -> None:
            while not self._is_over(packets):
                await asyncio.sleep(self._limits.check_s)
            self.empty = not self._ran
            finish()

        checking = asyncio.get_running_loop().create_task(check())
        try:
            yield
        finally:
            checking.cancel()

    def _is_over(self, packets: PacketPipeline) -> bool:
        if self._running or not packets.decoder.samples:
            return False
        since_s = packets.first_s if self._rested_s is None else self._rested_s
        return packets.last_s - since_s > (self._limits.rest_s if self._ran else self._limits.empty_s)


def speak_once(sound: SoundConfig, phrase: str) -> None:
    """Speak a phrase on a device that is opened for it; without a device, or without guidance, nothing is heard."""
    if not sound.guide:
        return
    try:
        with Player(Hearing(sound.volume_pct / 100.0, sound.cues, sound.ear)) as player:
            player.say(phrase)
            player.wait(SPOKEN_S)
    except SoundError as error:
        _log.info("not spoken: %s", error)
