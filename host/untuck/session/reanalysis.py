"""A stored session analysed again, with the traces of every sample: the basis of pages, files and exports.

Decoders, pipeline, commands and ages of the data are those of the live session, so findings and cues are the same. All
packets of one clip go in at once, which is a hundred times faster than a replay packet by packet; those of two clips in
the order of arrival, because the pelvis does not wait for a trunk that is late.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from untuck.report.summary import Signal, Summary, summarise, unheard
from untuck.run_results import Run
from untuck.samples import Samples
from untuck.session.clip_decoders import ClipDecoders
from untuck.session.damage import with_damage
from untuck.session.packet_pipeline import NO_SAMPLES, pipeline_of, signal_of
from untuck.session_commands import SessionCommand
from untuck.store.session import Settings, StoredSession
from untuck.vocabulary import NotJudged, Role

_COLUMNS = "time_s", "gyr_rad_s", "acc_m_s2"
SYNC_MODE = "sync"  # of runs that the clip recorded by itself: nobody heard a cue of this analysis


@dataclass(frozen=True, eq=False)
class Decoded:
    """A session's samples as decoded, and all that steers their analysis.

    samples: of the pelvis; trunk: of the second clip on the pelvis's clock, None without one; parts: both in the order
    of arrival; commands: those of the session's record, then those that follow from its packets; late_s: how much later
    than usual each packet of the pelvis came.
    """

    samples: Samples
    settings: Settings
    commands: tuple[SessionCommand, ...]
    signal: Signal
    late_s: tuple[float, ...]
    parts: tuple[tuple[Role, Samples], ...]
    trunk: Samples | None = None
    trunk_signal: Signal | None = None


@dataclass(frozen=True, eq=False)
class Reanalysis:
    """A session's samples as decoded, their analysis, and its summary.

    own_baseline: the baseline was taken in this session; late_ms: median and 99th percentile of how much later than
    usual the pelvis's packets came, None for a session without packets; trunk: samples of the second clip on the
    pelvis's clock, None without one.
    """

    samples: Samples
    run: Run
    summary: Summary
    own_baseline: bool
    late_ms: tuple[float, float] | None
    trunk: Samples | None = None


def decode(session: StoredSession) -> Decoded:
    """Decode a stored session. Raises StoreError if it is damaged, PacketError for an unknown protocol version."""
    settings = session.settings()
    decoders = ClipDecoders(settings.params.cue_stale_s, settings.trunk)
    commands, late_s, parts = list(session.commands()), list[float](), list[tuple[Role, Samples]]()
    for part in decoders.push(session.packets()):
        commands += decoders.commands
        late_s += decoders.late_s
        parts.append(part)
    pelvis, trunk = (_joined([samples for each, samples in parts if each == role]) for role in Role)
    return Decoded(
        samples=pelvis,
        settings=settings,
        commands=tuple(commands),
        signal=signal_of(decoders.pelvis, _length_s(pelvis)),
        late_s=tuple(late_s),
        parts=tuple(parts),
        trunk=None if decoders.trunk is None else trunk,
        trunk_signal=None if decoders.trunk is None else signal_of(decoders.trunk, _length_s(trunk)),
    )


def _length_s(samples: Samples) -> float:
    return float(samples.time_s[-1] - samples.time_s[0]) if len(samples) else 0.0


def _joined(parts: Sequence[Samples]) -> Samples:
    """Samples of one clip in a row."""
    parts = [part for part in parts if len(part)]
    if len(parts) <= 1:
        return parts[0] if parts else NO_SAMPLES
    time_s, gyr, acc = (np.concatenate([getattr(part, name) for part in parts]) for name in _COLUMNS)
    quats = [part.quat for part in parts if part.quat is not None]
    quat = np.concatenate(quats) if len(quats) == len(parts) else None
    return Samples(time_s, gyr, acc, quat, parts[0].acc_end_m_s2)


def reanalyse(session: StoredSession) -> Reanalysis:
    """Analyse a stored session. Raises StoreError if it is damaged, PacketError for an unknown protocol version."""
    steps = reanalyse_in_steps(session, math.inf)
    while True:
        try:
            next(steps)
        except StopIteration as ended:
            found: Reanalysis = ended.value
            return found


def reanalyse_in_steps(session: StoredSession, step_s: float) -> Generator[float, None, Reanalysis]:
    """As `reanalyse`, with the same result to the bit; yields the share that is done after each step_s of the session.

    For a caller that must not be held up for minutes: it may do something else between steps, or stop.
    """
    decoded = decode(session)
    settings = decoded.settings
    pipeline = pipeline_of(settings, keep_samples=True)
    for command in decoded.commands:
        pipeline.command(command)
    for role, piece, share in _pieces(decoded.parts, step_s):
        pipeline.push(piece, role)
        yield share
    pipeline.finish()
    run = pipeline.run()
    summary = replace(summarise(run, decoded.signal, decoded.trunk_signal), audio_delay_ms=settings.audio_delay_ms)
    if session.mode == SYNC_MODE:
        summary = unheard(summary)
    summary = with_damage(summary, session)
    own_baseline = bool((run.strides["reason"] == NotJudged.BASELINE).any())
    late_ms = _late_ms(decoded.late_s)
    return Reanalysis(decoded.samples, run, summary, own_baseline, late_ms, trunk=decoded.trunk)


def unix_zero_s(session: StoredSession, found: Reanalysis) -> float:
    """Unix time of the session's sensor time 0, within a second: recording begins with the first sample.

    It holds for the whole session: where the clip restarts, the decoder keeps its time in step with the host's.
    """
    first_s = float(found.samples.time_s[0]) if len(found.samples) else 0.0
    return session.started_unix_s - first_s


def _pieces(parts: Sequence[tuple[Role, Samples]], step_s: float) -> Iterator[tuple[Role, Samples, float]]:
    """The parts cut into pieces of step_s, and the share of all samples that is passed on with each."""
    total, done = sum(len(samples) for _, samples in parts), 0
    for role, samples in parts:
        first = 0
        while first < len(samples):
            end_s = float(samples.time_s[first]) + step_s
            last = max(int(samples.time_s.searchsorted(end_s)), first + 1)
            done += last - first
            yield role, samples[first:last], done / total
            first = last


def _late_ms(late_s: Sequence[float]) -> tuple[float, float] | None:
    if not late_s:
        return None
    ordered = sorted(late_s)
    return 1e3 * ordered[len(ordered) // 2], 1e3 * ordered[int(0.99 * (len(ordered) - 1))]
