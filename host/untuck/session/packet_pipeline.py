"""Packets in, events out: decoder and pipeline with one session's settings, and the commands given during the session.

A command is stamped with the time of the newest sample, so that it can be stored and replayed. Commands that follow
from the packets alone (late data, the clip's button) are not stored: a replay derives them again.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from untuck import wire
from untuck.events import Event
from untuck.model import Packet
from untuck.motion.decode import Decoder
from untuck.motion.pipeline import Pipeline
from untuck.report.summary import Signal, Summary, summarise
from untuck.session_commands import Lap, SessionCommand, StaleData
from untuck.sources.data_age import DataAge
from untuck.store import Settings


class PacketCommands:
    """Derives commands from the packets alone: late data, the clip's button.

    age_s: how much later than usual the newest samples came.
    """

    def __init__(self, decoder: Decoder, stale_s: float) -> None:
        self.age_s = 0.0
        self._decoder = decoder
        self._age = DataAge()
        self._restarts = 0
        self._stale_s = stale_s
        self._stale = False

    def take(self, arrival_s: float, before_s: float) -> list[SessionCommand]:
        """The commands in the packet that was decoded last; before_s: time of the sample before its first.

        Cues are suppressed while data are so late that a cue would be about another stride.
        """
        if self._decoder.restarts != self._restarts:  # the clip's clock has restarted: its offset is not known
            self._restarts, self._age = self._decoder.restarts, DataAge()
        self.age_s = self._age.heard(self._decoder.last_time_s, arrival_s)
        commands: list[SessionCommand] = []
        if self._stale != (self.age_s > self._stale_s):
            self._stale = not self._stale
            commands.append(StaleData(self._stale, time_s=before_s))
        if self._decoder.flags & wire.FLAG_LAP:
            commands.append(Lap("button", time_s=before_s))
        return commands


class PacketPipeline:
    """Packets in, events out: decoder and pipeline with one session's settings.

    commands: those of a recorded session, for a replay. first_s, last_s: sensor time of the first and the newest
    sample; newest: the samples of the last packet.
    """

    def __init__(self, settings: Settings, commands: Iterable[SessionCommand] = ()) -> None:
        self.decoder = Decoder()
        self.pipeline = Pipeline(settings.calibration, settings.baseline, settings.params)
        self._audio_delay_ms = settings.audio_delay_ms
        self.first_s = self.last_s = 0.0
        self.newest = self.decoder.push(())
        self._pending: deque[SessionCommand] = deque()
        self._from_packets = PacketCommands(self.decoder, settings.params.cue_stale_s)
        for command in commands:
            self.pipeline.command(command)

    @property
    def age_s(self) -> float:
        """How much later than usual the newest samples came."""
        return self._from_packets.age_s

    def command(self, command: SessionCommand) -> None:
        """Give a command, from any thread; it is stamped and takes effect before the next packet."""
        self._pending.append(command)

    def take_commands(self) -> list[SessionCommand]:
        """Stamp the commands given since the last packet and give them to the pipeline; returns them to be stored."""
        taken: list[SessionCommand] = []
        while self._pending:
            command = replace(self._pending.popleft(), time_s=self._now_s)
            self.pipeline.command(command)
            taken.append(command)
        return taken

    @property
    def _now_s(self) -> float:
        return self.last_s if self.decoder.samples else -math.inf

    def push(self, packet: Packet) -> list[Event]:
        """The events of a packet. Raises PacketError for an unknown protocol version."""
        self.decoder.arrival_s = packet.arrival_s
        samples = self.newest = self.decoder.push([packet.data])
        if len(samples):
            before_s = -math.inf if self.decoder.samples == len(samples) else self.last_s
            for command in self._from_packets.take(packet.arrival_s, before_s):
                self.pipeline.command(command)
            if self.decoder.samples == len(samples):
                self.first_s = float(samples.time_s[0])
            self.last_s = float(samples.time_s[-1])
        return self.pipeline.push(samples)

    def finish(self) -> list[Event]:
        """End the session: active findings end."""
        return self.pipeline.finish()

    def summary(self) -> Summary:
        """The results so far."""
        signal = signal_of(self.decoder, self.last_s - self.first_s)
        return replace(summarise(self.pipeline.run(), signal), audio_delay_ms=self._audio_delay_ms)


def signal_of(decoder: Decoder, duration_s: float) -> Signal:
    """The decoder's counters as the summary has them."""
    return Signal(
        duration_s=duration_s,
        packets=decoder.packets,
        samples=decoder.samples,
        lost=decoder.lost,
        corrupt=decoder.corrupt,
        gaps=decoder.gaps,
        resets=decoder.resets,
        restarts=decoder.restarts,
    )
