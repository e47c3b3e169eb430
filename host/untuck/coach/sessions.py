"""The control behind the coach's window: runs each runner's session in the engine's thread and reports to the window.

Sessions are those of `untuck run`, `demo` and `replay`, run in the same way with another view. Calls of the window
return at once, and errors become lines in it.
"""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Sequence
from contextlib import nullcontext
from random import Random

from untuck.coach.control import MAX_RUNNERS, Choice, RunnerSlot, Updates
from untuck.coach.engine import Engine, Work
from untuck.coach.feed import Feed, Snapshot
from untuck.errors import UntuckError
from untuck.events import Event
from untuck.session.blind_blocks import BlindBlocks
from untuck.session.clip_session import ProfileKeeper
from untuck.session.live import Outcome, SessionHooks, run_session
from untuck.session.live_state import LiveState
from untuck.session.packet_pipeline import PacketPipeline
from untuck.session.report_files import write_report
from untuck.session.starts import ClipStart, ReadySession, SessionStart
from untuck.session.warmup import warm_up
from untuck.session_commands import CueBlock, Note, SessionCommand
from untuck.sources.ble import find_clips
from untuck.store import Store


class CoachView:
    """The view of one session: folds events into the present moment and passes both on to the window."""

    def __init__(self, state: LiveState, feed: Feed) -> None:
        self._state = state
        self._feed = feed
        self.line: PacketPipeline | None = None
        self.blocks: BlindBlocks | None = None
        self._begun = False

    def attach(self, line: PacketPipeline) -> None:
        """Give commands to this pipeline from now on."""
        self.line = line

    def show(self, events: list[Event], line: PacketPipeline) -> None:
        """What a packet brought."""
        s, d, params = self._state, line.decoder, line.pipeline.params
        if not self._begun:
            self._begun = True
            s.begin(line.pipeline.calibration, line.pipeline.baseline)
        for event in events:
            s.take(event)
        s.take_progress(line.pipeline.progress)
        if self.blocks is not None and (switch := self.blocks.due(line.last_s)):
            line.command(CueBlock(switch == "on"))
        calibrated = s.calibration is not None
        snapshot = Snapshot(
            moving=s.moving,
            ask=s.ask(),
            against_deg=s.against_deg,
            lost=d.lost,
            corrupt=d.corrupt,
            params=params,
            share=s.share,
            blind=self.blocks is not None,
            calibrated=calibrated,
            recalibrating=calibrated and s.progress.search is not None,
            active=s.progress.active,
            baseline=line.pipeline.baseline,
        )
        self._feed.put(line.pipeline, events, snapshot)

    def say(self, text: str) -> None:
        """A line at the foot of the window."""
        self._feed.say(text)


class CoachSessions:
    """Implements coach.control.SessionControl. openings: what can be started, the first of them by default.

    outcomes: title, session number (None if it was not recorded) and outcome of each session that has ended; failures:
    of sessions that could not begin.
    """

    def __init__(self, engine: Engine, openings: Sequence[SessionStart], audible: bool = True) -> None:
        self.outcomes: list[tuple[str, int | None, Outcome]] = []
        self.failures: list[UntuckError] = []
        self._engine = engine
        self._openings = list(openings)
        self._audible = audible
        clips = (each for each in self._openings if isinstance(each, ClipStart))
        self._clip = next(clips, ClipStart())  # clips that are found are used as this one would be
        self._lock = threading.Lock()
        self._updates = Updates(choices=self._choices())
        self._running: dict[RunnerSlot, tuple[asyncio.Task[None], CoachView]] = {}
        self._long: Work | None = None
        self._opening: set[str] = set()  # keys of what is being opened
        self._numbers: dict[RunnerSlot, int | None] = {}  # of sessions that have ended, in the store
        self._warm = False
        self._sounding = False

    def updates(self) -> Updates:
        """What has happened since the last call."""
        with self._lock:
            updates, self._updates = self._updates, Updates()
        return updates

    def start(self, key: str = "") -> None:
        """Begin a session with the opening of this key, or the first one."""
        opening = next((each for each in self._openings if key in ("", each.key)), None)
        if opening is None:
            self._say("There is nothing to start with: find a clip first.", error=True)
        elif len(self._running) >= MAX_RUNNERS:
            self._say(f"{MAX_RUNNERS} runners are the most: stop one first.", error=True)
        elif opening.key not in self._opening:  # pressed twice: it is on its way
            self._opening.add(opening.key)
            self._long = self._engine.submit(self._session(opening))

    def stop(self, slot: RunnerSlot) -> None:
        """End a session as Ctrl-C would."""
        if slot in self._running:
            self._engine.call(self._running[slot][0].cancel)

    def find(self) -> None:
        """Look for clips; each becomes a choice."""
        self._long = self._engine.submit(self._find())

    def cancel(self) -> None:
        """Give up what takes long."""
        if self._long is not None:
            self._long.cancel()

    def command(self, slot: RunnerSlot, command: SessionCommand) -> None:
        """Hand on to the session's pipeline, which stamps and stores it."""
        line = self._running[slot][1].line if slot in self._running else None
        if line is None:
            self._say("No session is running here: start one first.", error=True)
        else:
            line.command(command)

    async def _find(self) -> None:
        self._work("looking for clips")
        try:
            clips = await find_clips(backend=self._clip.backend)
            found = [self._clip.at(clip) for clip in clips]
            known = {opening.key for opening in found}
            self._openings = [*found, *(opening for opening in self._openings if opening.key not in known)]
            with self._lock:
                self._updates.choices = self._choices()
            self._say(f"{len(found)} clips found: Start takes {found[0].text}." if found else _NO_CLIP, not found)
        except UntuckError as error:
            self._say(str(error), error=True)
        finally:
            self._work("")

    async def _session(self, opening: SessionStart) -> None:
        """One session from opening to summary."""
        self._work(opening.work)
        try:
            warming = asyncio.create_task(asyncio.to_thread(self._warm_up))
            async with opening.open() as opened:
                await warming
                self._work("")
                self._opening.discard(opening.key)
                await self._attend(opened)
        except UntuckError as error:
            self.failures.append(error)
            self._say(str(error), error=True)
        finally:
            self._opening.discard(opening.key)
            self._work("")

    async def _attend(self, opened: ReadySession) -> None:
        slot = RunnerSlot(opened.name, Feed())
        view = CoachView(LiveState(opened.settings.params), slot.feed)
        task = asyncio.current_task()
        assert task is not None
        self._running[slot] = (task, view)
        audible, self._sounding = self._audible and not self._sounding, True
        with self._lock:
            self._updates.slots.append(slot)
        try:
            recording = Store().record(opened.name, opened.mode, opened.settings) if opened.mode else None
            hooks = _company(opened, view, None if recording is None else recording.id)
            if opened.show_notices is not None:
                opened.show_notices(view)
            with recording or nullcontext():
                outcome = await run_session(
                    opened.source,
                    opened.settings,
                    view,
                    recording,
                    audible=audible,
                    commands=opened.commands,
                    hooks=hooks,
                )
            number = None if recording is None else recording.id
            self.outcomes.append((opened.name, number, outcome))
            self._numbers[slot] = opened.number if number is None else number
            if outcome.failure is not None:
                slot.feed.say(str(outcome.failure), error=True)
        finally:
            if audible:
                self._sounding = False
            del self._running[slot]
            slot.feed.end()

    def blind(self, slot: RunnerSlot, on: bool) -> None:
        """Begin or end blind blocks; at their end cues are on."""
        if slot in self._running:
            view = self._running[slot][1]
            view.blocks = BlindBlocks(Random()) if on else None
            self.command(slot, Note("blind blocks begin" if on else "blind blocks end"))
            if not on:
                self.command(slot, CueBlock(True))

    def report(self, slot: RunnerSlot) -> None:
        """Write the page of a session that has ended."""
        number = self._numbers.get(slot)
        if number is None:
            self._say("There is nothing to report: this session was not recorded, or has not ended.", error=True)
        else:
            self._long = self._engine.submit(self._report(number))

    async def _report(self, number: int) -> None:
        self._work(f"writing the report of session {number}")
        try:
            path = await asyncio.to_thread(write_report, number, self._work)
            self._say(f"Report written: {path}")
        except UntuckError as error:
            self._say(str(error), error=True)
        finally:
            self._work("")

    def _warm_up(self) -> None:
        if not self._warm:
            warm_up(self._work)
            self._warm = True

    def _choices(self) -> list[Choice]:
        return [Choice(opening.key, opening.text) for opening in self._openings]

    def _say(self, text: str, error: bool = False) -> None:
        with self._lock:
            self._updates.said.append((text, error))

    def _work(self, text: str, share: float = math.nan) -> None:
        with self._lock:
            self._updates.work, self._updates.share = text, share


def _company(opened: ReadySession, view: CoachView, number: int | None) -> SessionHooks:
    """What goes with a session: with a clip's, guidance, and keeping what is found out about the runner."""
    if opened.request is None:
        return SessionHooks(attach=view.attach)
    keeper = ProfileKeeper(opened.request.config.name, number, view, opened.request.until)
    return SessionHooks(opened.request.config.sound, True, view.attach, keeper.on_event)


_NO_CLIP = "No clip was heard: switch it on, hold it near, and look again."
