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
from dataclasses import dataclass, field, replace
from random import Random

from untuck.coach import new_runner
from untuck.coach.coach_view import CoachView
from untuck.coach.control import MAX_RUNNERS, Choice, RunnerSlot, Updates
from untuck.coach.loop_thread import LoopTask, LoopThread
from untuck.coach.movable_voice import MovableVoice
from untuck.coach.session_feed import Feed
from untuck.errors import UntuckError
from untuck.session import live_kernels
from untuck.session.blind_blocks import BlindBlocks
from untuck.session.completion import complete, incomplete_clips
from untuck.session.live import SessionHooks, run_session
from untuck.session.live_state import LiveState
from untuck.session.outcome import Outcome
from untuck.session.packet_loop import Source
from untuck.session.packet_pipeline import PacketPipeline
from untuck.session.profile_keeper import ProfileKeeper
from untuck.session.recorder import begin_recording
from untuck.session.report_files import write_report
from untuck.session.starts import ClipStart, ReadySession, SessionStart
from untuck.session.stored_profile import save_in_store
from untuck.session_commands import CueBlock, Mute, Note, SessionCommand
from untuck.sources.ble import find_clips
from untuck.sources.stack import Backend
from untuck.vocabulary import Role


@dataclass(frozen=True, eq=False)
class _Running:
    """A session that runs. key: of its start; recorded: what is decided in it is stored."""

    task: asyncio.Task[None]
    view: CoachView
    key: str
    recorded: bool
    voice: MovableVoice = field(default_factory=MovableVoice)


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
        self._running: dict[RunnerSlot, _Running] = {}
        self._task: LoopTask | None = None  # the newest long one
        self._starting: set[str] = set()  # keys of the starts in progress
        self._numbers: dict[RunnerSlot, int | None] = {}  # session numbers in the store, of sessions that have ended
        self._sounding: RunnerSlot | None = None

    @property
    def sounding(self) -> RunnerSlot | None:
        """Whose cues sound."""
        return self._sounding

    def updates(self) -> Updates:
        """What happened since the last call."""
        with self._lock:
            updates, self._updates = self._updates, Updates()
        return updates

    def start(self, key: str = "") -> None:
        """Start a session with the start of this key, or the first one."""
        busy = {running.key for running in self._running.values()} if not key else set()
        start = next((each for each in self._starts if key in ("", each.key) and each.key not in busy), None)
        if start is None:
            self._say("No clip to start with: enter a new runner, or find a clip.", error=True)
        elif len(self._running) >= MAX_RUNNERS:
            self._say(f"At most {MAX_RUNNERS} sessions can run at a time: stop one first.", error=True)
        elif start.key not in self._starting:  # a second press while it starts
            self._starting.add(start.key)
            self._task = self._thread.submit(self._session(start))

    def stop(self, slot: RunnerSlot) -> None:
        """End a session as Ctrl-C does."""
        if slot in self._running:
            self._thread.call(self._running[slot].task.cancel)

    def find(self) -> None:
        """Search for clips; each becomes a choice."""
        self._task = self._thread.submit(self._find())

    def new_runner(self, name: str) -> None:
        """Make a runner known and pair a clip with them; their session becomes the first choice."""
        try:
            start = new_runner.start_of(name, self._clip)
        except UntuckError as error:
            self._say(str(error), error=True)
        else:
            self._offer([start])
            self._task = self._thread.submit(self._pair(start))

    def give_sound(self, slot: RunnerSlot) -> None:
        """Let this runner's cues sound; the others are muted, so that nobody is said to have been cued unheard."""
        if self._audible and slot in self._running and slot is not self._sounding:
            self._thread.call(lambda: self._move_sound(slot))

    def _move_sound(self, to: RunnerSlot) -> None:
        before, self._sounding = self._sounding, to if to in self._running else self._sounding
        for slot in (before, to):
            if slot in self._running:
                running = self._running[slot]
                running.voice.hear(slot is self._sounding)
                if running.recorded and running.view.packets is not None:
                    running.view.packets.command(Mute(slot is not self._sounding))
        self._say(f"Cues sound for {to.name} now.")

    def cancel(self) -> None:
        """Cancel the newest long task."""
        if self._task is not None:
            self._task.cancel()

    def command(self, slot: RunnerSlot, command: SessionCommand) -> None:
        """Pass a command to the session's packet pipeline, which adds the time and stores it."""
        packets = self._running[slot].view.packets if slot in self._running else None
        if packets is None:
            self._say("This runner has no running session: start one first.", error=True)
        elif command == Mute(False) and self._audible and slot is not self._sounding:
            self.give_sound(slot)
        else:
            packets.command(command)

    async def _find(self) -> None:
        self._report_task("looking for clips")
        try:
            adapter = self._clip.request.config.clip.adapter
            clips = await find_clips(backend=replace(self._clip.backend or Backend(), adapter=adapter))
            found = [self._clip.at(clip) for clip in clips if clip.role != Role.TRUNK]
            self._offer(found)
            self._say(f"Clips found: {len(found)}. Start uses {found[0].text}." if found else _NO_CLIP, not found)
        except UntuckError as error:
            self._say(str(error), error=True)
        finally:
            self._report_task("")

    def _offer(self, starts: Sequence[SessionStart]) -> None:
        """Put these starts before the others."""
        known = {start.key for start in starts}
        self._starts = [*starts, *(start for start in self._starts if start.key not in known)]
        with self._lock:
            self._updates.choices = self._choices()

    async def _pair(self, start: ClipStart) -> None:
        """Pair a clip with a new runner, whose start with it replaces the one without."""
        runner = start.request.config.name
        try:
            paired = await new_runner.pair(start, self._report_task)
            self._starts = [each for each in self._starts if each is not start]
            self._offer([paired])
            self._say(f"{runner} is paired with clip {paired.name}: press Start.")
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
                mine = await self._run(ready, start.key)
            await self._complete(mine, ready.source, start)
        except UntuckError as error:
            self.failures.append(error)
            self._say(str(error), error=True)
        finally:
            self._starting.discard(start.key)
            self._report_task("")

    async def _run(self, ready: ReadySession, key: str) -> int:
        """Run a session; returns the number of its outcome. Of several running ones only one has sound."""
        slot = RunnerSlot(ready.name, Feed())
        view = CoachView(LiveState(ready.settings.params), slot.feed)
        task = asyncio.current_task()
        assert task is not None
        running = self._running[slot] = _Running(task, view, key, bool(ready.mode))
        if self._audible and self._sounding is None:
            self._sounding = slot
            running.voice.hear(True)
        with self._lock:
            self._updates.slots.append(slot)
        try:
            if ready.show_notices is not None:
                ready.show_notices(view)
            recording = None
            if ready.mode:
                name, trunk_name = ready.stored_as
                recording = await begin_recording(name or ready.name, ready.mode, ready.settings, trunk_name)
            number = None if recording is None else recording.id
            with recording or nullcontext():
                outcome = await run_session(
                    ready.source,
                    ready.settings,
                    view,
                    recording=recording,
                    audible=self._audible,
                    commands=ready.commands,
                    hooks=self._hooks(ready, slot, number),
                )
            number = number if outcome.kept else None
            self.outcomes.append((ready.name, number, outcome))
            self._numbers[slot] = ready.number if number is None else number
            if outcome.failure is not None:
                slot.feed.say(str(outcome.failure), error=True)
        finally:
            del self._running[slot]
            if self._sounding is slot:
                self._sounding = None
                if self._running:
                    self._say("Nobody's cues sound now: click the speaker on a tile.", error=True)
            slot.feed.end()
        return len(self.outcomes) - 1

    async def _complete(self, mine: int, source: Source, start: SessionStart) -> None:
        """Fetch what only the clip has of the session with this outcome; its connection has ended."""
        title, number, outcome = self.outcomes[mine]
        if number is not None and (clips := incomplete_clips(source, outcome)):
            self._report_task("fetching a part that is only on the clip")
            backend = start.backend if isinstance(start, ClipStart) else None
            self.outcomes[mine] = title, number, await complete(number, outcome, clips, self._say, backend)

    def _hooks(self, ready: ReadySession, slot: RunnerSlot, number: int | None) -> SessionHooks:
        """The session's hooks: with a clip also spoken guidance and updates of the runner's profile."""
        running = self._running[slot]

        def attach(packets: PacketPipeline) -> None:
            running.view.attach(packets)
            if running.recorded and self._audible and self._sounding is not slot:
                packets.command(Mute(True))

        if ready.request is None:
            return SessionHooks(attach=attach, make_voice=running.voice.attach)
        config = ready.request.config
        profile = ProfileKeeper(save_in_store(config.name, number), running.view.say, ready.request.until)
        return SessionHooks(
            sound=config.sound,
            guided=True,
            attach=attach,
            profile=profile,
            make_voice=running.voice.attach,
        )

    def blind(self, slot: RunnerSlot, on: bool) -> None:
        """Start or end blind blocks; cues are on after them."""
        if slot in self._running:
            view = self._running[slot].view
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
            with self._lock:
                self._updates.report = path
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


_NO_CLIP = "No clip found: switch the clip on, hold it near, and look again."
