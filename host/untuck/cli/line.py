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
from untuck.motion.decode import Decoder
from untuck.motion.pipeline import Pipeline
from untuck.motion.steering import check
from untuck.report.summary import Signal, Summary, summarise
from untuck.sources.freshness import DataAge
from untuck.store import Settings


class Line:
    """Packets in, events out: decoder and pipeline with one session's settings.

    steers: those of a recorded session, for a replay. first_s, last_s: sensor time of the first and the newest sample;
    age_s: how much later than usual the newest samples came; newest: the samples of the last packet.
    """

    def __init__(self, settings: Settings, steers: Iterable[Steer] = ()) -> None:
        self.decoder = Decoder()
        self.pipeline = Pipeline(settings.calibration, settings.baseline, settings.params)
        self._audio_delay_ms = settings.audio_delay_ms
        self.first_s = self.last_s = self.age_s = 0.0
        self.newest = self.decoder.push(())
        self._asked: deque[tuple[str, str]] = deque()
        self._age = DataAge()
        self._restarts = 0
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
        samples = self.newest = self.decoder.push([packet.data])
        if len(samples):
            before_s = -math.inf if self.decoder.samples == len(samples) else self.last_s
            self._judge_age(float(samples.time_s[-1]), packet.arrival_s, before_s)
            if self.decoder.flags & wire.FLAG_LAP:
                self.pipeline.steer(Steer("lap", before_s, "button"))
            if self.decoder.samples == len(samples):
                self.first_s = float(samples.time_s[0])
            self.last_s = float(samples.time_s[-1])
        return self.pipeline.push(samples)

    def _judge_age(self, newest_s: float, arrival_s: float, before_s: float) -> None:
        """Hold cues while data come so late that they would be about another stride."""
        if self.decoder.restarts != self._restarts:  # the clip's clock began anew: how the two stand is not known
            self._restarts, self._age = self.decoder.restarts, DataAge()
        self.age_s = self._age.heard(newest_s, arrival_s)
        stale = self.age_s > self.pipeline.params.cue_stale_s
        if stale != self._stale:
            self._stale = stale
            self.pipeline.steer(Steer("stale", before_s, "on" if stale else "off"))

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
