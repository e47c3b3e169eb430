"""Entry point of the page's worker: builds the app around a bridge to the window, and does what the window asks.

Events of the window: `command` {name, ...} for what the user taps, `page` {frozen_s} after a sleep. Told to the window:
`ready`, `screen`, `runs`, `review`, `settings`, `phase`, `notice`, `progress`, `file`, `failure`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import untuck
from untuck.errors import SettingsError, UntuckError
from untuck.outside_text import printable
from untuck.phone.app import asleep, exporting
from untuck.phone.app.analysis import Analysis
from untuck.phone.app.asleep import SleepWatch
from untuck.phone.app.bridge import Bridge, Message
from untuck.phone.app.files import Files
from untuck.phone.app.library import PhoneLibrary
from untuck.phone.app.opfs import OpfsFiles
from untuck.phone.app.profiles import Profiles
from untuck.phone.app.runs import Runs
from untuck.phone.app.screen import PhoneScreen
from untuck.phone.app.session import Phone, PhoneSession, progress_of
from untuck.phone.app.settings import PhoneSettings
from untuck.phone.app.voice import WindowPlayer
from untuck.phone.app.web_bluetooth import WebRadio
from untuck.session.connected_clip import ConnectedClip
from untuck.session.packet_pipeline import PacketPipeline
from untuck.session.request import SessionRequest
from untuck.session.run_fetching import fetch_into
from untuck.session_commands import Mute, from_text
from untuck.sound.mixer import Hearing
from untuck.sources.ble import Timeouts
from untuck.store import profile_file
from untuck.store.config import SoundConfig, checked_text
from untuck.store.profile_codes import CodeReader

OTHER_TAB = "Untuck runs in another tab or window of this browser: close this one, or that one and reload."
IN_SESSION = {"lap": "lap", "zero": "zero", "recalibrate": "calibrate", "baseline": "baseline"}  # to session commands

_log = logging.getLogger(__name__)

CODE_HEAD = "UNTUCK"  # of every QR code of a profile

_starting: set[asyncio.Future[None]] = set()

Command = Callable[[dict[str, Any]], Awaitable[None]]


class App:
    """The page's program. start() reads what is stored; every command of the window is a method of the same name."""

    def __init__(self, bridge: Bridge, files: Files, timeouts: Timeouts | None = None) -> None:
        self.bridge = bridge
        self.runs = Runs(files)
        self.profiles = Profiles(files)
        self.settings = PhoneSettings(files)
        self.player = WindowPlayer(bridge)
        self.radio = WebRadio(bridge)
        self.session: PhoneSession | None = None
        self._files = files
        self._screen: PhoneScreen | None = None  # of the last session
        self._analysis = Analysis(self.runs, self.profiles, bridge.tell)
        self._sleep = SleepWatch(self._woke)
        self._codes = CodeReader()
        self._busy = False  # fetches runs from the clip
        self._watching: asyncio.Task[None] | None = None
        self._phone = Phone(
            files=files,
            runs=self.runs,
            profiles=self.profiles,
            player=self.player,
            backend=self.radio.backend,
            tell=bridge.tell,
            make_screen=self._make_screen,
            timeouts=timeouts,
        )
        self._commands: dict[str, Command] = {
            "connect": self.connect,
            "mute": self.mute,
            "finish": self.finish,
            "runs": self.list_runs,
            "open": self.open,
            "cancel": self.cancel,
            "export": self.export,
            "delete": self.delete,
            "rename": self.rename,
            "profile.export": self.export_profile,
            "profile.import": self.import_profile,
            "settings": self.change_settings,
            "runner": self.choose_runner,
            "sync": self.sync,
            **{name: self._in_session for name in IN_SESSION},
        }
        bridge.on("command", self.command)
        bridge.on("page", self._page)

    async def start(self) -> None:
        """Read settings, profiles and runs; then the window may send commands. Raises StoreError."""
        await self.settings.load()
        await self.profiles.load()
        await self.runs.load()
        self._hear(self.settings.config.sound)
        self._watching = asyncio.create_task(self._sleep.watch())
        self.bridge.tell("ready", {"version": untuck.__version__})
        self._tell_settings()
        self._tell_runs()

    async def command(self, value: dict[str, Any]) -> None:
        """Do what the user tapped. The window gets what goes wrong as `failure`."""
        run = self._commands.get(str(value.get("name")))
        if run is None:
            _log.warning("command %s is unknown", str(value.get("name"))[:40])
            return
        try:
            await run(value)
        except UntuckError as error:
            self.bridge.tell("failure", {"text": str(error)})

    async def connect(self, value: dict[str, Any]) -> None:
        """A session with the clip `id` (without: the runner's, or the one that was chosen); ends with its review."""
        if self.session is not None or self._busy:
            raise SettingsError("a run is going on already: finish it first.")
        request = SessionRequest(
            self.settings.config,
            minutes=float(value.get("minutes") or 0.0),
            recalibrate=bool(value.get("recalibrate")),
            new_baseline=bool(value.get("new_baseline")),
        )
        self._analysis.give_up()
        self.session = session = PhoneSession(self._phone, request, value.get("id"))
        self._phase("connecting")
        number = None
        try:
            ended = await session.run()
            number = ended.number
            if ended.outcome.failure is not None:
                self.bridge.tell("failure", {"text": str(ended.outcome.failure)})
            if not ended.outcome.kept:
                self.bridge.tell("notice", {"text": "too short to keep: nothing was recorded"})
        except asyncio.CancelledError:
            _log.info("given up while connecting")
        finally:
            self.session = None
            self._tell_runs()
            self._phase("start" if number is None else "ended", number)
        if number is not None:
            await self.open({"id": number})

    async def mute(self, value: dict[str, Any]) -> None:
        """Suppress cues while `on`."""
        self._demand_session().command(Mute(bool(value.get("on"))))

    async def _in_session(self, value: dict[str, Any]) -> None:
        self._demand_session().command(from_text(IN_SESSION[value["name"]], str(value.get("value") or "")))

    async def finish(self, _: dict[str, Any]) -> None:
        """End the session, or give up connecting."""
        if self.session is not None:
            self._phase("ending")
            self.session.finish()

    async def list_runs(self, _: dict[str, Any]) -> None:
        """Tell the list of runs."""
        self._tell_runs()

    async def open(self, value: dict[str, Any]) -> None:
        """Tell the review of the run `id`; one that has none is analysed before, with progress."""
        number = int(value["id"])
        before = self.runs.facts(number)
        review = await self._analysis.review(number)
        facts = self.runs.facts(number)
        if facts != before:
            self._tell_runs()
        if review is not None:
            title = {"title": printable(facts.name)} if facts.name else {}  # it may be newer than the review
            self.bridge.tell("review", {**review, **title, "id": number, "summary": facts.summary})

    async def cancel(self, _: dict[str, Any]) -> None:
        """Give up the analysis of a run."""
        self._analysis.give_up()

    async def export(self, value: dict[str, Any]) -> None:
        """Give the window the run `id` as an archive for the computer."""
        number = int(value["id"])
        name, data = exporting.archive(await self.runs.open(number))
        self.bridge.tell("file", {"name": name, "type": "application/zip", "data": data, "id": number})

    async def delete(self, value: dict[str, Any]) -> None:
        """Delete the run `id`."""
        await self.runs.delete(int(value["id"]))
        self._tell_runs()

    async def rename(self, value: dict[str, Any]) -> None:
        """Set the name `to` of the run `id`."""
        await self.runs.rename(int(value["id"]), checked_text(str(value["to"]), "the name"))
        self._tell_runs()

    async def export_profile(self, _: dict[str, Any]) -> None:
        """Give the window the runner's profile as a file."""
        profile = self.profiles.open(self.settings.config.name, self.runs.list())
        if profile.calibration is None and profile.baseline is None:
            raise SettingsError(f"nothing is saved for {profile.runner or 'you'} yet: the first run does it.")
        name, data = exporting.profile(profile)
        self.bridge.tell("file", {"name": name, "type": "application/json", "data": data, "id": None})

    async def import_profile(self, value: dict[str, Any]) -> None:
        """Take a profile that the computer exported, as `text`, and make its runner the one of the page.

        A text may be one of several QR codes: `codes` {count, missing} is sent until all are there.
        """
        self._demand_no_session()
        text = str(value["text"])
        if text.startswith(CODE_HEAD):
            complete = self._codes.take(text.strip())
            self.bridge.tell("codes", {"count": self._codes.count, "missing": list(self._codes.missing)})
            if not complete:
                return
            text = self._codes.text()
        profile = profile_file.from_text(text)
        await self.profiles.take(profile, self.runs.list())
        await self.settings.choose_runner(profile.runner)
        self._tell_settings()
        self.bridge.tell("notice", {"text": f"the profile{f' of {profile.runner}' if profile.runner else ''} is here"})

    async def change_settings(self, value: dict[str, Any]) -> None:
        """Set `values` by name; sound and screen change at once, the rest with the next session."""
        await self.settings.change(dict(value["values"]))
        if self._screen is not None:
            self._screen.coach = bool(self.settings.screen.get("coach"))
        self._hear(self.settings.config.sound)
        self._tell_settings()

    async def choose_runner(self, value: dict[str, Any]) -> None:
        """Set the runner `to`."""
        self._demand_no_session()
        await self.settings.choose_runner(str(value["to"]))
        self._tell_settings()

    async def sync(self, value: dict[str, Any]) -> None:
        """Fetch the runs that the clip recorded by itself; `id`: of the clip, if it is not the runner's."""
        self._demand_no_session()
        if self._busy:
            return
        self._busy = True
        self._phase("fetching")
        config = self.settings.config
        library = PhoneLibrary(self._files, self.runs, self.profiles, config)
        address = value.get("id") or self.profiles.open(config.name).clip or None
        try:
            rows = await fetch_into(library, address, progress_of(self.bridge.tell), backend=self.radio.backend)
            fetched = sum(bool(row.get("new_packets")) for row in rows)
            self.bridge.tell("notice", {"text": f"runs fetched from the clip: {fetched}"})
        finally:
            self._busy = False
            self._tell_runs()
            self._phase("start")

    def _make_screen(self, clip: ConnectedClip, packets: PacketPipeline) -> PhoneScreen:
        self._screen = PhoneScreen(clip, packets, coach=bool(self.settings.screen.get("coach")))
        return self._screen

    def _demand_session(self) -> PhoneSession:
        if self.session is None:
            raise SettingsError("no run is going on: tap Connect first.")
        return self.session

    def _demand_no_session(self) -> None:
        if self.session is not None:
            raise SettingsError("a run is going on: finish it first.")

    def _page(self, value: dict[str, Any]) -> None:
        self._sleep.woke(float(value.get("frozen_s") or 0.0))

    def _woke(self, asleep_s: float) -> None:
        _log.info("the page was asleep for %.0f s", asleep_s)
        if self.session is not None:
            self.session.say(asleep.words(asleep_s, self.session.clip_cues))

    def _hear(self, sound: SoundConfig) -> None:
        self.player.hear(Hearing(sound.volume_pct / 100.0, sound.cues, sound.ear))

    def _phase(self, name: str, number: int | None = None) -> None:
        self.bridge.tell("phase", {"name": name, "id": number})

    def _tell_settings(self) -> None:
        self.bridge.tell("settings", {**self.settings.plain(), "runners": self.profiles.runners()})

    def _tell_runs(self) -> None:
        self.bridge.tell("runs", [exporting.row(facts) for facts in self.runs.list()])


def start(post: Callable[[Message], None], files: Any) -> Bridge:
    """Build the app; returns the bridge, whose `receive` takes the window's messages.

    post: sends one to the window; files: the namespace of page/files.mjs.
    """
    bridge = Bridge(post)
    task = asyncio.ensure_future(_start(bridge, OpfsFiles(files)))
    _starting.add(task)  # asyncio keeps only a weak reference
    task.add_done_callback(_starting.discard)
    return bridge


async def _start(bridge: Bridge, files: OpfsFiles) -> None:
    try:
        if not await files.claim():
            bridge.tell("failure", {"text": OTHER_TAB, "of": "tab"})
            return
        if not await files.persist():
            _log.info("the browser may delete the runs when space is short")
        app = App(bridge, files)
        await app.start()
    except Exception as error:
        _log.exception("the program could not start")
        bridge.tell("failure", {"text": str(error) or type(error).__name__, "of": "start"})
