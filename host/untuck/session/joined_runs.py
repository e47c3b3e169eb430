"""Joins what the trunk's clip recorded by itself to the session of the pelvis's clip of the same time.

No computer heard the two, so their clocks are known to within a minute or two; the foot strikes show the rest. What
cannot be joined stays on the clip: a trunk is never analysed as a pelvis.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from untuck import wire
from untuck.errors import StoreError
from untuck.model import Calibration, Floats, Packet
from untuck.motion.decode import Decoder
from untuck.motion.trunk.join import SEARCH_S, join_clocks
from untuck.samples import Samples
from untuck.store import Store, StoredSession
from untuck.store.merging import Added, add_second_clip
from untuck.vocabulary import Role

NOT_JOINED = (
    "it is of the clip on the upper back, and no session here is of the same run. Fetch the run of the clip on the "
    "waistband first: `untuck sync` does both in this order. Both must have a minute of running in common."
)
_OVERLAP_S = 60.0  # at least, after allowing for what the clocks may differ
_DELAY_PART_S = 10.0  # of which the least delay is used

_log = logging.getLogger(__name__)


def join_run(
    store: Store,
    source: str,
    packets: Sequence[bytes],
    started_unix_s: float,
    calibration_of: Callable[[str], Calibration | None],
) -> Added:
    """Add packets of one stream of the trunk's clip to the session that has the pelvis of the same run.

    source: the clip; started_unix_s: its time of the first packet; calibration_of: of the trunk's clip of a runner. The
    session is None if there is none, or the strikes do not show which. Raises StoreError.
    """
    decoder = Decoder()
    trunk = decoder.push(packets)
    if len(trunk) == 0 or not started_unix_s:
        return Added(None, 0)
    for session in reversed(store.sessions()):
        if not _may_overlap(session, started_unix_s, float(trunk.time_s[-1] - trunk.time_s[0])):
            continue
        try:
            placed = _on_session(session, trunk, packets, started_unix_s)
            settings = session.settings()
            if not settings.trunk:
                settings = replace(settings, trunk=True, trunk_calibration=calibration_of(session.runner))
        except StoreError as error:  # of a damaged session
            _log.info("session %d is left out: %s", session.id, error)
            continue
        if placed:
            return Added(session.id, add_second_clip(store, session.id, source, placed, settings))
    return Added(None, 0)


def _may_overlap(session: StoredSession, started_unix_s: float, length_s: float) -> bool:
    """Whether a run of this start and length can have a minute in common with a session."""
    first_s = max(session.started_unix_s, started_unix_s - SEARCH_S)
    last_s = min(session.started_unix_s + session.duration_s, started_unix_s + length_s + SEARCH_S)
    return last_s - first_s >= _OVERLAP_S


def _on_session(
    session: StoredSession, trunk: Samples, packets: Sequence[bytes], started_unix_s: float
) -> list[Packet]:
    """The trunk's packets as if they had arrived beside the session's; none if the clocks cannot be joined."""
    pelvis, last_s, delay_s = _pelvis(session)
    if len(pelvis) == 0:
        return []
    about_s = started_unix_s - session.started_unix_s + float(pelvis.time_s[0] - trunk.time_s[0])
    clocks = join_clocks(pelvis, trunk, about_s)
    if clocks is None:
        return []
    _log.info("session %d: the clocks differ by %.3f s, %.0f ppm", session.id, clocks.offset_s, 1e6 * clocks.drift)
    at_s = [clocks.of_pelvis(time_s) for time_s in _last_times(packets)]
    arrivals_s = np.array(at_s) + np.interp(at_s, last_s, delay_s)
    there_s = [packet.arrival_s for packet in session.packets() if packet.role == Role.TRUNK]
    if any(arrivals_s[0] < arrival_s < arrivals_s[-1] for arrival_s in there_s):
        return []  # it has a trunk at that time
    return [Packet(data, float(at), Role.TRUNK) for data, at in zip(packets, arrivals_s, strict=True)]


def _pelvis(session: StoredSession) -> tuple[Samples, Floats, Floats]:
    """The samples of a session's clip; times of its clock, and the least delay of arrival around each."""
    decoder, parts = Decoder(), list[tuple[float, float]]()
    packets = [packet for packet in session.packets() if packet.role == Role.PELVIS]

    def read() -> Iterator[bytes]:
        for packet in packets:
            decoder.arrival_s = packet.arrival_s
            yield packet.data
            parts.extend((each.last_s, packet.arrival_s - each.last_s) for each in decoder.accepted)

    samples = decoder.push(read())
    if not parts:
        return samples, np.zeros(1), np.zeros(1)
    last_s, delays_s = map(np.array, zip(*parts, strict=True))
    part = ((last_s - last_s[0]) // _DELAY_PART_S).astype(int)
    numbers = np.unique(part)
    return (
        samples,
        np.array([last_s[part == number].mean() for number in numbers]),
        np.array([delays_s[part == number].min() for number in numbers]),
    )


def _last_times(packets: Sequence[bytes]) -> Iterator[float]:
    """Sensor time of the last sample of each packet, in s."""
    for packet in packets:
        _, _, _, _, whole_s, micro_s, period_us, count = wire.unpack_header(packet)
        yield whole_s + 1e-6 * (micro_s + (count - 1) * period_us)
