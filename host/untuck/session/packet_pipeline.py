"""Packets in, events out: decoders and pipeline with one session's settings, and the commands given during the session.

A command is stamped with the time of the newest sample, so that it can be stored and replayed. Commands that follow
from the packets alone (late data, the clip's button) are not stored: a replay derives them again.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from tempfile import TemporaryFile

import numpy as np

from untuck.events import Event
from untuck.model import Packet
from untuck.motion.decode import Decoder
from untuck.motion.pipeline import Pipeline
from untuck.report.summary import Signal, Summary, summarise
from untuck.samples import Samples
from untuck.session.clip_decoders import ClipDecoders
from untuck.session_commands import SessionCommand
from untuck.store.session import Settings
from untuck.vocabulary import Role

NO_SAMPLES = Samples(np.empty(0), np.empty((0, 3)), np.empty((0, 3)))


class PacketPipeline:
    """Packets in, events out: decoders and pipeline with one session's settings.

    commands: those of a recorded session, for a replay. first_s, last_s: sensor time of the first and the newest
    sample of the pelvis's clip; newest, newest_trunk: the samples of each clip in the last packet, none of the other.
    """

    def __init__(self, settings: Settings, commands: Iterable[SessionCommand] = ()) -> None:
        self._decoders = ClipDecoders(settings.params.cue_stale_s, settings.trunk)
        self.pipeline = pipeline_of(settings)
        self.pipeline.spill_to(TemporaryFile)
        self._audio_delay_ms = settings.audio_delay_ms
        self.first_s = self.last_s = self._trunk_first_s = self._trunk_last_s = 0.0
        self.newest = self.newest_trunk = NO_SAMPLES
        self._pending: deque[SessionCommand] = deque()
        for command in commands:
            self.pipeline.command(command)

    @property
    def decoder(self) -> Decoder:
        """That of the pelvis's clip, with its counters."""
        return self._decoders.pelvis

    @property
    def trunk_decoder(self) -> Decoder | None:
        """That of the trunk's clip, None without a second clip."""
        return self._decoders.trunk

    @property
    def age_s(self) -> float:
        """How much later than usual the pelvis's newest samples came."""
        return self._decoders.age_s

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
        """The events of a packet of either clip. Raises PacketError for an unknown protocol version."""
        self.newest = self.newest_trunk = NO_SAMPLES
        ((role, samples),) = self._decoders.push([packet])
        for command in self._decoders.commands:
            self.pipeline.command(command)
        if role == Role.TRUNK:
            self._take_trunk(samples)
        elif len(samples):
            self.newest = samples
            if self.decoder.samples == len(samples):
                self.first_s = float(samples.time_s[0])
            self.last_s = float(samples.time_s[-1])
        return self.pipeline.push(samples, role)

    def _take_trunk(self, samples: Samples) -> None:
        self.newest_trunk = samples
        if len(samples):
            self._trunk_first_s = self._trunk_first_s or float(samples.time_s[0])
            self._trunk_last_s = float(samples.time_s[-1])

    def finish(self) -> list[Event]:
        """End the session: active findings end."""
        return self.pipeline.finish()

    def summary(self) -> Summary:
        """The results so far."""
        signal = signal_of(self.decoder, self.last_s - self.first_s)
        trunk = None
        if self.trunk_decoder is not None:
            trunk = signal_of(self.trunk_decoder, self._trunk_last_s - self._trunk_first_s)
        return replace(summarise(self.pipeline.run(), signal, trunk), audio_delay_ms=self._audio_delay_ms)


def pipeline_of(settings: Settings, keep_samples: bool = False) -> Pipeline:
    """The pipeline of a session with these settings."""
    return Pipeline(
        settings.calibration,
        settings.baseline,
        settings.params,
        keep_samples,
        trunk=settings.trunk,
        trunk_calibration=settings.trunk_calibration,
    )


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


def beyond_band(stride: np.void, packets: PacketPipeline) -> float:
    """How far a stride's tilt is outside the band around the baseline, in degrees; 0 within it or without baseline."""
    baseline = packets.pipeline.baseline
    if baseline is None or not stride["valid"]:
        return 0.0
    off_deg = float(stride["tilt_deg"] - baseline.tilt_deg[baseline.at(stride["cadence_spm"])])
    band_deg = packets.pipeline.params.tuck_off_deg
    return off_deg - band_deg if off_deg > band_deg else min(off_deg + band_deg, 0.0)
