"""One session on the phone: source -> recorder -> pipeline -> voice and screen, as on the computer, without threads.

A lost link is searched for until the runner finishes. What only the clip has at the end is fetched, and the whole run
analysed again. The screen gets a value ten times a second at most, never in a packet's way.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol

from untuck.errors import LinkError, StoreError, UntuckError
from untuck.events import Event
from untuck.motion.params import Params
from untuck.phone.app.files import Files
from untuck.phone.app.library import PhoneLibrary
from untuck.phone.app.profiles import Profiles
from untuck.phone.app.recording import Recorder, Recording
from untuck.phone.app.runs import Runs
from untuck.phone.app.voice import WindowPlayer
from untuck.report.summary import Summary
from untuck.run_results import Run
from untuck.session.connected_clip import ConnectedClip, configure_clip, show_notices
from untuck.session.connection_watch import watch_connection
from untuck.session.guidance import Guide
from untuck.session.outcome import Outcome, is_worth_keeping
from untuck.session.packet_loop import run_packets
from untuck.session.packet_pipeline import PacketPipeline
from untuck.session.profile_keeper import ProfileKeeper
from untuck.session.request import SessionRequest, session_settings
from untuck.session.run_fetching import CLOCKS_DIFFER_S, Fetching, fetch_into, is_incomplete
from untuck.session.voice import Voice
from untuck.session_commands import SessionCommand
from untuck.sources.ble import Backend, BleSource, Timeouts
from untuck.store import codec
from untuck.vocabulary import Role

OUTAGE_S = 3600.0  # how long a lost clip is searched for: only the runner knows that the run is over
SCREEN_S = 0.1
OF_TRUNK = (
    "This is the clip of the upper back: choose the one of your waistband. If it is worn there now, pair it again on a "
    "computer with `untuck pair --role pelvis`."
)

_log = logging.getLogger(__name__)


class Screen(Protocol):
    """What the screen shows: collects events, and makes one plain value of them."""

    def show(self, events: list[Event], packets: PacketPipeline) -> None:
        """Called after each packet with the events that it caused; must be quick."""

    def say(self, text: str) -> None:
        """Show one line of text."""

    def value(self) -> dict[str, Any]:
        """What the window shows now."""


MakeScreen = Callable[[ConnectedClip, PacketPipeline], Screen]


@dataclass(frozen=True)
class Phone:
    """What a session uses of the page. tell: sends the window a message."""

    files: Files
    runs: Runs
    profiles: Profiles
    player: WindowPlayer
    backend: Backend
    tell: Callable[[str, Any], None]
    make_screen: MakeScreen
    timeouts: Timeouts | None = None


@dataclass(frozen=True)
class Ended:
    """How a session ended. number: of the run, None if it was not worth keeping."""

    number: int | None
    outcome: Outcome


class PhoneSession:
    """A session with the clip that the user chose. `run` is the whole of it; the others are for while it runs."""

    def __init__(self, phone: Phone, request: SessionRequest, clip: str | None) -> None:
        self._phone = phone
        self._request = request
        self._clip = clip
        self._packets: PacketPipeline | None = None
        self._screen: Screen | None = None
        self._task: asyncio.Task[Any] | None = None
        self._finishing = False
        self._clip_cues = False

    @property
    def running(self) -> bool:
        """Whether packets are analysed."""
        return self._packets is not None

    def command(self, command: SessionCommand) -> None:
        """Give a command; without packets it is ignored."""
        if self._packets is not None:
            self._packets.command(command)

    def say(self, text: str) -> None:
        """Show the runner a line."""
        if self._screen is not None:
            self._screen.say(text)

    @property
    def clip_cues(self) -> bool:
        """Whether the clip has a calibration and baseline, from the end of an earlier session, for cues of its own."""
        return self._clip_cues

    def finish(self) -> None:
        """End the session, with what was measured until now; while it connects, give up."""
        if self._task is not None and not self._finishing:
            self._finishing = True
            self._task.cancel()

    async def run(self) -> Ended:
        """Connect, run and complete a session. Raises LinkError without a clip."""
        self._task = asyncio.current_task()
        phone, config = self._phone, self._request.config
        profile = phone.profiles.open(config.name, phone.runs.list())
        timeouts = replace(phone.timeouts or Timeouts(), outage_s=OUTAGE_S)
        backend = phone.backend
        address = self._clip or profile.clip or None
        async with BleSource(config.clip.rate_hz, address, backend, timeouts, durable=True) as source:
            if source.status is not None and source.status.role is Role.TRUNK:
                raise LinkError(OF_TRUNK)
            if source.address:
                with suppress(StoreError):  # of a full storage, which the recorder reports; the chooser knows the clip
                    await phone.profiles.keep_clip(config.name, source.address)
            firmware = source.status.firmware if source.status is not None else ""
            clip = ConnectedClip(source, profile, session_settings(self._request, profile, firmware))
            ended = await self._run_with(clip)
            await self._configure(source, clip.settings.params)
        if ended.number is not None and is_incomplete(source, ended.outcome):
            ended = await self._complete(ended, source)
        return ended

    async def _run_with(self, clip: ConnectedClip) -> Ended:
        phone, source = self._phone, clip.source
        packets = PacketPipeline(clip.settings)
        self._clip_cues = clip.profile.calibration is not None and clip.profile.baseline is not None
        screen = phone.make_screen(clip, packets)
        recording = phone.runs.record(f"clip {source.name}", self._request.mode, clip.settings)
        recorder = Recorder(recording, screen.say, source.stored)
        runner = self._request.config.name
        profile = ProfileKeeper(lambda value, _: phone.profiles.keep(runner, value), screen.say, self._request.until)
        self._packets, self._screen = packets, screen
        phone.tell("phase", {"name": "running", "id": recording.number})
        try:
            show_notices(screen, clip)
            async with self._sounding(clip, packets, screen) as voice:
                failure = await run_packets(source, packets, screen, recorder, voice=voice, on_event=profile.on_event)
                summary = packets.summary()
        finally:
            self._packets = None
            await recorder.finish()
            await profile.finish()
        kept = is_worth_keeping(summary, self._request.mode)
        whole = kept and recorder.failure is None
        not_ended = await self._end(recording, kept, summary if whole else None)
        if whole:
            await self._review(recording.number, packets.pipeline.run(), summary)
        phone.tell("screen", screen.value())
        outcome = Outcome(summary, recorder.failure or not_ended or failure, kept, recorder.waiting)
        return Ended(recording.number if kept and recording.packets else None, outcome)

    @asynccontextmanager
    async def _sounding(self, clip: ConnectedClip, packets: PacketPipeline, screen: Screen) -> AsyncIterator[Voice]:
        """The voice, and beside it what watches the connection and tells the screen."""
        settings, sound = clip.settings, self._request.config.sound
        guide = Guide(settings.params, settings.calibration, settings.baseline)
        voice = Voice(screen.say, sound, guide, clip.source.buzz, make_output=self._phone.player.output)
        beside = [
            asyncio.create_task(watch_connection(packets, screen, voice)),
            asyncio.create_task(tell_screen(screen, self._phone.tell)),
        ]
        try:
            yield voice
        finally:
            for task in beside:
                task.cancel()
            voice.speak("finished")
            voice.close()

    async def _review(self, number: int, run: Run, summary: Summary) -> None:
        """Store what the page shows of the run; it is made again when it is opened, if that fails."""
        runs = self._phone.runs
        try:
            await runs.reviews.keep(runs.facts(number), run, summary, runs.list())
        except StoreError as error:
            _log.info("the review was not stored: %s", error)

    async def _end(self, recording: Recording, kept: bool, summary: Summary | None) -> StoreError | None:
        """End a recording, or remove it. summary: None if not all packets are stored, as it would be of more."""
        try:
            if kept and recording.packets:
                await self._phone.runs.end(recording, None if summary is None else codec.to_json(summary))
            else:
                await self._phone.runs.discard(recording)
        except StoreError as error:
            return error
        return None

    async def _configure(self, source: BleSource, params: Params) -> None:
        """Send the runner's calibration and baseline to the clip, for its own tuck cues."""
        try:
            await configure_clip(source, self._phone.profiles.open(self._request.config.name), params)
        except LinkError as error:  # the session is complete; the clip keeps its earlier values
            _log.info("the clip was not configured: %s", error)

    async def _complete(self, ended: Ended, source: BleSource) -> Ended:
        """Fetch what only the clip has of the run; if that fails, the clip keeps it."""
        phone, number = self._phone, ended.number
        assert number is not None
        note = progress_of(phone.tell)
        note("a part of this run is only on the clip: fetching it")
        since = Fetching(since_unix_s=phone.runs.facts(number).started_unix_s - CLOCKS_DIFFER_S)
        library = PhoneLibrary(phone.files, phone.runs, phone.profiles, self._request.config)
        try:
            await fetch_into(library, source.address, note, since, phone.backend)
            summary = phone.runs.facts(number).summary
            if summary is not None:
                return replace(ended, outcome=replace(ended.outcome, summary=codec.from_json(Summary, summary)))
        except UntuckError as error:
            _log.info("the run was not completed: %s", error)
            note("the clip still has that part: tap Fetch runs when it is near")
        return ended


async def tell_screen(screen: Screen, tell: Callable[[str, Any], None]) -> None:
    """Tell the window what to show whenever that changes, until the task is cancelled."""
    shown: dict[str, Any] | None = None
    while True:
        value = screen.value()
        if value != shown:
            shown = value
            tell("screen", value)
        await asyncio.sleep(SCREEN_S)


def progress_of(tell: Callable[[str, Any], None]) -> Callable[[str], None]:
    """A function that shows lines of progress in the window."""
    return lambda text: tell("progress", {"text": text, "share": None})
