"""Packets in, events out: decoder and pipeline with one session's settings, and what is asked for meanwhile.

What a runner or coach asks for is stamped with the time of the newest sample, so that it can be stored and replayed.
What follows from the packets alone (late data, the clip's button) steers as well, and is found again in a replay.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from untuck import wire
from untuck.model import Event, Packet, Steer
from untuck.motion.commands import check
from untuck.motion.decode import Decoder
from untuck.motion.pipeline import Pipeline
from untuck.report.summary import Signal, Summary, summarise
from untuck.sources.data_age import DataAge
from untuck.store import Settings


class PacketSteers:
    """Steers that follow from the packets alone, so that they need not be stored: late data, the clip's button.

    age_s: how much later than usual the newest samples came.
    """

    def __init__(self, decoder: Decoder, stale_s: float) -> None:
        self.age_s = 0.0
        self._decoder = decoder
        self._age = DataAge()
        self._restarts = 0
        self._stale_s = stale_s
        self._stale = False

    def heard(self, arrival_s: float, before_s: float) -> list[Steer]:
        """What the packet asks for that the decoder has just taken in; before_s: time of the sample before its first.

        Cues are held while data come so late that they would be about another stride.
        """
        if self._decoder.restarts != self._restarts:  # the clip's clock began anew: how the two stand is not known
            self._restarts, self._age = self._decoder.restarts, DataAge()
        self.age_s = self._age.heard(self._decoder.last_time_s, arrival_s)
        steers = []
        if self._stale != (self.age_s > self._stale_s):
            self._stale = not self._stale
            steers.append(Steer("stale", before_s, "on" if self._stale else "off"))
        if self._decoder.flags & wire.FLAG_LAP:
            steers.append(Steer("lap", before_s, "button"))
        return steers


class PacketPipeline:
    """Packets in, events out: decoder and pipeline with one session's settings.

    steers: those of a recorded session, for a replay. first_s, last_s: sensor time of the first and the newest sample;
    newest: the samples of the last packet.
    """

    def __init__(self, settings: Settings, steers: Iterable[Steer] = ()) -> None:
        self.decoder = Decoder()
        self.pipeline = Pipeline(settings.calibration, settings.baseline, settings.params)
        self._audio_delay_ms = settings.audio_delay_ms
        self.first_s = self.last_s = 0.0
        self.newest = self.decoder.push(())
        self._asked: deque[tuple[str, str]] = deque()
        self._from_packets = PacketSteers(self.decoder, settings.params.cue_stale_s)
        for steer in steers:
            self.pipeline.steer(steer)

    @property
    def age_s(self) -> float:
        """How much later than usual the newest samples came."""
        return self._from_packets.age_s

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
        samples = self.newest = self.decoder.push([packet.data])
        if len(samples):
            before_s = -math.inf if self.decoder.samples == len(samples) else self.last_s
            for steer in self._from_packets.heard(packet.arrival_s, before_s):
                self.pipeline.steer(steer)
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
        return replace(summarise(self.pipeline.run(), signal), audio_delay_ms=self._audio_delay_ms)
