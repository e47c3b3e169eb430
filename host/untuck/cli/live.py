"""The whole line composed once: source -> store -> decoder -> pipeline -> sound and view, for demo, run and replay.

Packets are stored before they are looked at, so that what was seen can be replayed. A full disk stops the recording,
not the coaching; Ctrl-C, a lost clip and an error all end in a summary of what came.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from untuck.errors import SoundError, StoreError, UntuckError
from untuck.model import Event, Packet
from untuck.motion.decode import Decoder
from untuck.motion.pipeline import Pipeline
from untuck.report.summary import Signal, Summary, summarise
from untuck.sound.player import Player
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
    """Packets in, events out: decoder and pipeline with one session's settings."""

    def __init__(self, settings: Settings) -> None:
        self.decoder = Decoder()
        self.pipeline = Pipeline(settings.calibration, settings.baseline, settings.params)
        self.first_s = self.last_s = 0.0  # sensor time of the first and the newest sample

    def push(self, packet: Packet) -> list[Event]:
        """What a packet brings. Raises PacketError for a protocol version that this host does not speak."""
        samples = self.decoder.push([packet.data])
        if len(samples):
            if self.decoder.samples == len(samples):
                self.first_s = float(samples.time_s[0])
            self.last_s = float(samples.time_s[-1])
        return self.pipeline.push(samples)

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
    try:
        async for packet in source.packets():
            if recording is not None:
                try:
                    recording.append(packet)
                except StoreError as error:
                    failure, recording = error, None
                    view.say(f"recording stopped: {error}")
            _pass_on(line.push(packet), line, view, player)
    except asyncio.CancelledError:
        view.say("stopped")
    except UntuckError as error:
        failure = failure or error
    _pass_on(line.finish(), line, view, player)
    return failure


async def attend(
    source: Source, settings: Settings, view: View, recording: Recording | None = None, audible: bool = True
) -> Outcome:
    """One session from its first packet to its summary, which is kept with the recording; cues sound if audible."""
    line = Line(settings)
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
