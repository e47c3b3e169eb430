"""The whole line composed once: source -> store -> decoder -> pipeline -> sound and view, for demo, run and replay.

What a runner or coach asks for meanwhile is stamped, stored and steers the pipeline. Packets are stored before they are
looked at, so that what was seen can be replayed. A full disk stops the recording, not the coaching; Ctrl-C, a lost
clip and an error all end in a summary of what came.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Protocol

from untuck.errors import SoundError, StoreError, UntuckError
from untuck.model import Event, Packet, Steer
from untuck.motion.decode import Decoder
from untuck.motion.pipeline import Pipeline
from untuck.motion.steering import check
from untuck.report.summary import Signal, Summary, summarise
from untuck.sound.player import Player
from untuck.sources.freshness import DataAge
from untuck.store import Recording, Settings, codec

SOUND_END_S = 3.0  # how long the end waits for cues that still sound


class Source(Protocol):
    """Where packets come from: the clip, the simulated runner, a recorded session."""

    def packets(self) -> AsyncIterator[Packet]:
        """Packets in order of their sequence numbers, each once."""


class View(Protocol):
    """What the user sees meanwhile."""

    def show(self, events: list[Event], line: Line) -> None:
        """Called after each packet with what it brought."""

    def say(self, text: str) -> None:
        """One line that is not a result: no sound device, recording stopped."""


@dataclass(frozen=True)
class Outcome:
    """How a session ended. failure: what cut it short, or kept it from being stored."""

    summary: Summary
    failure: UntuckError | None


class Line:
    """Packets in, events out: decoder and pipeline with one session's settings.

    steers: those of a recorded session, for a replay. first_s, last_s: sensor time of the first and the newest sample;
    age_s: how much later than usual the newest samples came.
    """

    def __init__(self, settings: Settings, steers: Iterable[Steer] = ()) -> None:
        self.decoder = Decoder()
        self.pipeline = Pipeline(settings.calibration, settings.baseline, settings.params)
        self.first_s = self.last_s = self.age_s = 0.0
        self._asked: deque[tuple[str, str]] = deque()
        self._age = DataAge()
        self._stale = False
        for steer in steers:
            self.pipeline.steer(steer)

    def steer(self, kind: str, value: str = "") -> None:
        """Ask for something as of model.Steer, from any thread; it takes effect before the next packet.

        Raises SettingsError for what cannot be asked for.
        """
        check(Steer(kind, self.last_s, value))
        self._asked.append((kind, value))

    def take_asked(self) -> list[Steer]:
        """What was asked for since the last packet, stamped and handed to the pipeline: to be stored."""
        taken = []
        while self._asked:
            kind, value = self._asked.popleft()
            steer = Steer(kind, self._now_s, value)
            self.pipeline.steer(steer)
            taken.append(steer)
        return taken

    @property
    def _now_s(self) -> float:
        return self.last_s if self.decoder.samples else -math.inf

    def push(self, packet: Packet) -> list[Event]:
        """What a packet brings. Raises PacketError for a protocol version that this host does not speak."""
        samples = self.decoder.push([packet.data])
        if len(samples):
            self._judge_age(float(samples.time_s[-1]), packet.arrival_s, self.decoder.samples == len(samples))
            if self.decoder.samples == len(samples):
                self.first_s = float(samples.time_s[0])
            self.last_s = float(samples.time_s[-1])
        return self.pipeline.push(samples)

    def _judge_age(self, newest_s: float, arrival_s: float, first: bool) -> None:
        """Hold cues while data come so late that they would be about another stride."""
        self.age_s = self._age.heard(newest_s, arrival_s)
        stale = self.age_s > self.pipeline.params.cue_stale_s
        if stale != self._stale:
            self._stale = stale
            self.pipeline.steer(Steer("stale", -math.inf if first else self.last_s, "on" if stale else "off"))

    def finish(self) -> list[Event]:
        """End of the session: what was on ends."""
        return self.pipeline.finish()

    def summary(self) -> Summary:
        """The results so far."""
        d = self.decoder
        signal = Signal(
            self.last_s - self.first_s, d.packets, d.samples, d.lost, d.corrupt, d.gaps, d.resets, d.restarts
        )
        return summarise(self.pipeline.run(), signal)


async def follow(
    source: Source, line: Line, view: View, recording: Recording | None = None, player: Player | None = None
) -> UntuckError | None:
    """Run packets through the line until the source ends or the task is cancelled; returns what went wrong, or None."""
    failure: UntuckError | None = None
    keeper = _Keeper(recording, view)
    try:
        async for packet in source.packets():
            keeper.keep(line.take_asked(), packet)
            _pass_on(line.push(packet), line, view, player)
    except asyncio.CancelledError:
        view.say("stopped")
    except UntuckError as error:
        failure = error
    keeper.keep(line.take_asked())
    _pass_on(line.finish(), line, view, player)
    return keeper.failure or failure


class _Keeper:
    """Keeps steers and packets with the recording, until it fails: that stops the recording, not the coaching."""

    def __init__(self, recording: Recording | None, view: View) -> None:
        self._recording = recording
        self._view = view
        self.failure: StoreError | None = None

    def keep(self, steers: list[Steer], packet: Packet | None = None) -> None:
        if self._recording is None:
            return
        try:
            for steer in steers:
                self._recording.steer(steer)
            if packet is not None:
                self._recording.append(packet)
        except StoreError as error:
            self.failure, self._recording = error, None
            self._view.say(f"recording stopped: {error}")


async def attend(
    source: Source,
    settings: Settings,
    view: View,
    recording: Recording | None = None,
    audible: bool = True,
    steers: Iterable[Steer] = (),
) -> Outcome:
    """One session from its first packet to its summary, which is kept with the recording; cues sound if audible.

    steers: those of a recorded session that is replayed.
    """
    line = Line(settings, steers)
    player = _open_player(view) if audible else None
    failure: UntuckError | None = None
    try:
        failure = await follow(source, line, view, recording, player)
        summary = line.summary()
        if recording is not None:
            recording.end(codec.to_json(summary))
    except StoreError as error:
        failure = failure or error
    finally:
        if player is not None:
            player.wait(SOUND_END_S)
            player.close()
    return Outcome(summary, failure)


def _open_player(view: View) -> Player | None:
    """The sound device, or None, said in one line."""
    try:
        player = Player()
    except SoundError as error:
        view.say(str(error))
        return None
    view.say(f"sound through {player.backend}")
    return player


def _pass_on(events: list[Event], line: Line, view: View, player: Player | None) -> None:
    if player is not None:
        for event in events:
            if event.kind == "cue":
                player.play(event.value.fault, event.value.side)
    view.show(events, line)
