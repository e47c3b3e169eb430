"""Implements the window's SessionControl: runs the session of each runner in the loop thread.

Sessions run as in `untuck run`, `demo` and `replay`, with another view. Methods called by the window return at once;
results and errors arrive in its updates.
"""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from random import Random

from untuck.coach.control import MAX_RUNNERS, Choice, RunnerSlot, Updates
from untuck.coach.loop_thread import LoopTask, LoopThread
from untuck.coach.session_feed import Feed, Snapshot
from untuck.errors import UntuckError
from untuck.events import Event
from untuck.session import live_kernels
from untuck.session.blind_blocks import BlindBlocks
from untuck.session.clip_session import ProfileKeeper
from untuck.session.live import Outcome, SessionHooks, run_session
from untuck.session.live_state import LiveState
from untuck.session.packet_pipeline import PacketPipeline
from untuck.session.report_files import write_report
from untuck.session.starts import ClipStart, ReadySession, SessionStart
from untuck.session_commands import CueBlock, Note, SessionCommand
from untuck.sources.ble import find_clips
from untuck.sources.stack import Backend
from untuck.store import Store


class CoachView:
    """The view of one session: updates the live state with events and passes both to the window's feed."""

    def __init__(self, state: LiveState, feed: Feed) -> None:
        self._state = state
        self._feed = feed
        self.packets: PacketPipeline | None = None
        self.blocks: BlindBlocks | None = None
        self._begun = False

    def attach(self, packets: PacketPipeline) -> None:
        """Give commands to this packet pipeline from now on."""
        self.packets = packets

    def show(self, events: list[Event], packets: PacketPipeline) -> None:
        """Update the state and pass the results of a packet to the window."""
        if not self._begun:
            self._begun = True
            self._state.begin(packets.pipeline.calibration, packets.pipeline.baseline)
        for event in events:
            self._state.take(event)
        self._state.take_progress(packets.pipeline.progress)
        if self.blocks is not None and (switch := self.blocks.due(packets.last_s)):
            packets.command(CueBlock(switch == "on"))
        self._feed.put(packets.pipeline, events, self._snapshot(packets))

    def _snapshot(self, packets: PacketPipeline) -> Snapshot:
        state = self._state
        calibrated = state.calibration is not None
        return Snapshot(
            moving=state.moving,
            instruction=state.ask(),
            against_deg=state.against_deg,
            lost=packets.decoder.lost,
            corrupt=packets.decoder.corrupt,
            params=packets.pipeline.params,
            progress=state.share,
            blind=self.blocks is not None,
            calibrated=calibrated,
            recalibrating=calibrated and state.progress.search is not None,
            active=state.progress.active,
            baseline=packets.pipeline.baseline,
        )

    def say(self, text: str) -> None:
        """Show a message at the bottom of the window."""
        self._feed.say(text)


class CoachSessions:
    """Implements coach.control.SessionControl. starts: what a session can start with, the first by default.

    outcomes: title, session number (None if not recorded) and outcome of each session that has ended; failures: errors
    of sessions that could not start.
    """

    def __init__(self, thread: LoopThread, starts: Sequence[SessionStart], audible: bool = True) -> None:
        self.outcomes: list[tuple[str, int | None, Outcome]] = []
        self.failures: list[UntuckError] = []
        self._thread = thread
        self._starts = list(starts)
        self._audible = audible
        clips = (each for each in self._starts if isinstance(each, ClipStart))
        self._clip = next(clips, ClipStart())  # the model for clips that are found later
        self._lock = threading.Lock()
        self._updates = Updates(choices=self._choices())
        self._running: dict[RunnerSlot, tuple[asyncio.Task[None], CoachView]] = {}
        self._task: LoopTask | None = None  # the newest long one
        self._starting: set[str] = set()  # keys of the starts in progress
        self._numbers: dict[RunnerSlot, int | None] = {}  # session numbers in the store, of sessions that have ended
        self._sounding = False

    def updates(self) -> Updates:
        """What happened since the last call."""
        with self._lock:
            updates, self._updates = self._updates, Updates()
        return updates

    def start(self, key: str = "") -> None:
        """Start a session with the start of this key, or the first one."""
        start = next((each for each in self._starts if key in ("", each.key)), None)
        if start is None:
            self._say("No clip to start with: find a clip first.", error=True)
        elif len(self._running) >= MAX_RUNNERS:
            self._say(f"At most {MAX_RUNNERS} sessions can run at a time: stop one first.", error=True)
        elif start.key not in self._starting:  # a second press while it starts
            self._starting.add(start.key)
            self._task = self._thread.submit(self._session(start))

    def stop(self, slot: RunnerSlot) -> None:
        """End a session as Ctrl-C does."""
        if slot in self._running:
            self._thread.call(self._running[slot][0].cancel)

    def find(self) -> None:
        """Search for clips; each becomes a choice."""
        self._task = self._thread.submit(self._find())

    def cancel(self) -> None:
        """Cancel the newest long task."""
        if self._task is not None:
            self._task.cancel()

    def command(self, slot: RunnerSlot, command: SessionCommand) -> None:
        """Pass a command to the session's packet pipeline, which adds the time and stores it."""
        packets = self._running[slot][1].packets if slot in self._running else None
        if packets is None:
            self._say("This runner has no running session: start one first.", error=True)
        else:
            packets.command(command)

    async def _find(self) -> None:
        self._report_task("looking for clips")
        try:
            adapter = self._clip.request.config.clip.adapter
            clips = await find_clips(backend=replace(self._clip.backend or Backend(), adapter=adapter))
            found = [self._clip.at(clip) for clip in clips]
            known = {start.key for start in found}
            self._starts = [*found, *(start for start in self._starts if start.key not in known)]
            with self._lock:
                self._updates.choices = self._choices()
            self._say(f"Clips found: {len(found)}. Start uses {found[0].text}." if found else _NO_CLIP, not found)
        except UntuckError as error:
            self._say(str(error), error=True)
        finally:
            self._report_task("")

    async def _session(self, start: SessionStart) -> None:
        """One session from its start to its summary."""
        self._report_task(start.work)
        try:
            starting = asyncio.create_task(asyncio.to_thread(live_kernels.start))
            async with start.open() as ready:
                await starting
                self._report_task("")
                self._starting.discard(start.key)
                await self._run(ready)
        except UntuckError as error:
            self.failures.append(error)
            self._say(str(error), error=True)
        finally:
            self._starting.discard(start.key)
            self._report_task("")

    async def _run(self, ready: ReadySession) -> None:
        """Run a session; only the first of several running ones has sound."""
        slot = RunnerSlot(ready.name, Feed())
        view = CoachView(LiveState(ready.settings.params), slot.feed)
        task = asyncio.current_task()
        assert task is not None
        self._running[slot] = (task, view)
        audible, self._sounding = self._audible and not self._sounding, True
        with self._lock:
            self._updates.slots.append(slot)
        try:
            recording = Store().record(ready.name, ready.mode, ready.settings) if ready.mode else None
            number = None if recording is None else recording.id
            if ready.show_notices is not None:
                ready.show_notices(view)
            with recording or nullcontext():
                outcome = await run_session(
                    ready.source,
                    ready.settings,
                    view,
                    recording=recording,
                    audible=audible,
                    commands=ready.commands,
                    hooks=_hooks(ready, view, number),
                )
            number = number if outcome.kept else None
            self.outcomes.append((ready.name, number, outcome))
            self._numbers[slot] = ready.number if number is None else number
            if outcome.failure is not None:
                slot.feed.say(str(outcome.failure), error=True)
        finally:
            if audible:
                self._sounding = False
            del self._running[slot]
            slot.feed.end()

    def blind(self, slot: RunnerSlot, on: bool) -> None:
        """Start or end blind blocks; cues are on after them."""
        if slot in self._running:
            view = self._running[slot][1]
            view.blocks = BlindBlocks(Random()) if on else None
            self.command(slot, Note("blind blocks begin" if on else "blind blocks end"))
            if not on:
                self.command(slot, CueBlock(True))

    def report(self, slot: RunnerSlot) -> None:
        """Write the report of a session that has ended."""
        number = self._numbers.get(slot)
        if number is None:
            self._say("No report: this session was not recorded, or has not ended yet.", error=True)
        else:
            self._task = self._thread.submit(self._report(number))

    async def _report(self, number: int) -> None:
        self._report_task(f"writing the report of session {number}")
        try:
            path = await asyncio.to_thread(write_report, number, self._report_task)
            self._say(f"Report written: {path}")
        except UntuckError as error:
            self._say(str(error), error=True)
        finally:
            self._report_task("")

    def _choices(self) -> list[Choice]:
        return [Choice(start.key, start.text) for start in self._starts]

    def _say(self, text: str, error: bool = False) -> None:
        with self._lock:
            self._updates.messages.append((text, error))

    def _report_task(self, text: str, progress: float = math.nan) -> None:
        with self._lock:
            self._updates.task, self._updates.progress = text, progress


def _hooks(ready: ReadySession, view: CoachView, number: int | None) -> SessionHooks:
    """The session's hooks: with a clip also spoken guidance and updates of the runner's profile."""
    if ready.request is None:
        return SessionHooks(attach=view.attach)
    config = ready.request.config
    keeper = ProfileKeeper(config.name, number, view, ready.request.until)
    return SessionHooks(sound=config.sound, guided=True, attach=view.attach, on_event=keeper.on_event)


_NO_CLIP = "No clip found: switch the clip on, hold it near, and look again."
