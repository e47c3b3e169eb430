"""A stored session analysed again, with the traces of every sample: the basis of pages, files and exports.

Decoder, pipeline, commands and ages of the data are those of the live session, so findings and cues are the same. All
packets go in at once, which is a hundred times faster than a replay packet by packet.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from untuck.motion.decode import Decoder
from untuck.motion.pipeline import Pipeline
from untuck.report.summary import Signal, Summary, summarise, unheard
from untuck.run_results import Run
from untuck.samples import Samples
from untuck.session.packet_pipeline import PacketCommands, signal_of
from untuck.session_commands import SessionCommand
from untuck.store import Settings, StoredSession
from untuck.vocabulary import NotJudged

SYNC_MODE = "sync"  # of runs that the clip recorded by itself: nobody heard a cue of this analysis


@dataclass(frozen=True, eq=False)
class Decoded:
    """A session's samples as decoded, and all that steers their analysis.

    commands: those of the session's record, then those that follow from its packets; late_s: how much later than usual
    each packet came.
    """

    samples: Samples
    settings: Settings
    commands: tuple[SessionCommand, ...]
    signal: Signal
    late_s: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Reanalysis:
    """A session's samples as decoded, their analysis, and its summary.

    own_baseline: the baseline was taken in this session; late_ms: median and 99th percentile of how much later than
    usual packets came, None for a session without packets.
    """

    samples: Samples
    run: Run
    summary: Summary
    own_baseline: bool
    late_ms: tuple[float, float] | None


class _PacketReader:
    """Passes packets to the decoder; collects how late each came and the commands that follow from them."""

    def __init__(self, session: StoredSession, decoder: Decoder, stale_s: float) -> None:
        self._session = session
        self._decoder = decoder
        self._from_packets = PacketCommands(decoder, stale_s)
        self.commands: list[SessionCommand] = []
        self.late_s: list[float] = []

    def packets(self) -> Iterator[bytes]:
        before_s = -math.inf
        for packet in self._session.packets():
            self._decoder.arrival_s = packet.arrival_s
            yield packet.data
            newest_s = self._decoder.last_time_s
            if newest_s != before_s:  # it held new samples
                self.commands += self._from_packets.take(packet.arrival_s, before_s)
                self.late_s.append(self._from_packets.age_s)
                before_s = newest_s


def decode(session: StoredSession) -> Decoded:
    """Decode a stored session. Raises StoreError if it is damaged, PacketError for an unknown protocol version."""
    settings = session.settings()
    decoder = Decoder()
    reader = _PacketReader(session, decoder, settings.params.cue_stale_s)
    samples = decoder.push(reader.packets())
    length_s = float(samples.time_s[-1] - samples.time_s[0]) if len(samples) else 0.0
    commands = (*session.commands(), *reader.commands)
    return Decoded(samples, settings, commands, signal_of(decoder, length_s), tuple(reader.late_s))


def reanalyse(session: StoredSession) -> Reanalysis:
    """Analyse a stored session. Raises StoreError if it is damaged, PacketError for an unknown protocol version."""
    decoded = decode(session)
    settings = decoded.settings
    pipeline = Pipeline(settings.calibration, settings.baseline, settings.params, keep_samples=True)
    for command in decoded.commands:
        pipeline.command(command)
    pipeline.push(decoded.samples)
    pipeline.finish()
    run = pipeline.run()
    summary = replace(summarise(run, decoded.signal), audio_delay_ms=settings.audio_delay_ms)
    if session.mode == SYNC_MODE:
        summary = unheard(summary)
    own_baseline = bool((run.strides["reason"] == NotJudged.BASELINE).any())
    return Reanalysis(decoded.samples, run, summary, own_baseline, _late_ms(decoded.late_s))


def unix_zero_s(session: StoredSession, found: Reanalysis) -> float:
    """Unix time of the session's sensor time 0, within a second: recording begins with the first sample.

    It holds for the whole session: where the clip restarts, the decoder keeps its time in step with the host's.
    """
    first_s = float(found.samples.time_s[0]) if len(found.samples) else 0.0
    return session.started_unix_s - first_s


def _late_ms(late_s: Sequence[float]) -> tuple[float, float] | None:
    if not late_s:
        return None
    ordered = sorted(late_s)
    return 1e3 * ordered[len(ordered) // 2], 1e3 * ordered[int(0.99 * (len(ordered) - 1))]
