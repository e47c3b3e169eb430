"""The motion of a run before faults are added: standing and hinges, then running in pieces with rests, and slow drift.

Pieces are blended over 1.2 s. Strides are chained by stride_chain.py, or a recording is used unmodified; standing.py
makes the poses at rest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.lib.injections import Control, eased
from bench.lib.recordings import Recording
from bench.lib.standing import WALK_SPEED_M_S, prefix, stand, walk
from bench.lib.stride_chain import EDGE_S, Chain, chain, slow_noise
from untuck.model import CONTACT_DTYPE, Floats

MOTION_HZ = 200.0  # rate of the motion, which is then sampled at the sensor's rate
BLEND_S = 1.2  # between pieces
BREAK_S = 25.0
BREAK_EVERY_MIN = 2.5
SPEED_EVERY_S = 70.0
SPEED_CHANGE_S = 3.0

# A recording of 30 s shows stride-to-stride variation only; a long run also drifts. Sizes are judgements.
DRIFT_TAU_S = 60.0
DRIFT_TILT_DEG = 0.4
DRIFT_SWING = 0.04  # of the ranges of rotation and obliquity


@dataclass(frozen=True, eq=False)
class RunMotion:
    """pose (N,6) as in `Recording`, at MOTION_HZ; contacts CONTACT_DTYPE; running (N,) weight 0-1; speed_m_s (N,)."""

    pose: Floats
    contacts: NDArray[np.void]
    running: Floats
    speed_m_s: Floats
    controls: tuple[Control, ...] = ()

    @property
    def time_s(self) -> Floats:
        """(N,) seconds from the start of standing."""
        return np.arange(len(self.pose)) / MOTION_HZ


def _standing_start(height_m: float, rng: np.random.Generator) -> RunMotion:
    pose = prefix(MOTION_HZ, height_m, rng)
    nothing = np.zeros(len(pose))
    return RunMotion(pose, np.zeros(0, CONTACT_DTYPE), nothing, nothing)


def _append(motion: RunMotion, pose: Floats, contacts: NDArray[np.void], weight: float, speed_m_s: Floats) -> RunMotion:
    """The motion with a further piece, blended over BLEND_S; contacts within the blend are left out."""
    overlap = int(BLEND_S * MOTION_HZ)
    start_s = len(motion.pose) / MOTION_HZ - BLEND_S
    more = pose.copy()
    more[:, 3:5] += motion.pose[-overlap:, 3:5].mean(axis=0) - more[:overlap, 3:5].mean(axis=0)
    fade = eased(np.arange(overlap) / MOTION_HZ, 0.0, np.inf, BLEND_S)

    def blended(old: Floats, new: Floats) -> Floats:
        share = fade[:, None] if old.ndim == 2 else fade
        return np.concatenate([old[:-overlap], (1 - share) * old[-overlap:] + share * new[:overlap], new[overlap:]])

    shifted = contacts.copy()
    for name in ("time_s", "toe_off_s"):
        shifted[name] += start_s
    return RunMotion(
        pose=blended(motion.pose, more),
        contacts=np.concatenate(
            [
                motion.contacts[motion.contacts["toe_off_s"] < start_s],
                shifted[shifted["time_s"] > start_s + BLEND_S],
            ]
        ),
        running=blended(motion.running, np.full(len(more), weight)),
        speed_m_s=blended(motion.speed_m_s, speed_m_s),
        controls=motion.controls,
    )


def _schedule(recordings: list[Recording], length_s: float, speeds: bool) -> tuple[list[Recording], list[float]]:
    """Recordings and their end times: the first one throughout, or alternating back and forth between all of them."""
    if not speeds or len(recordings) == 1:
        return recordings[:1], [length_s]
    there_and_back = list(range(len(recordings))) + list(range(len(recordings) - 2, 0, -1))
    count = max(2, int(length_s / SPEED_EVERY_S))
    played = [recordings[there_and_back[k % len(there_and_back)]] for k in range(count)]
    return played, [length_s * (k + 1) / count for k in range(count)]


def chained_motion(
    recordings: list[Recording], length_s: float, speeds: bool, breaks: int, rng: np.random.Generator
) -> RunMotion:
    """Standing and hinges, then running in breaks + 1 pieces, with standing and walking alternately between them."""
    height_m = float(recordings[0].pose[:, 5].mean()) + 0.02
    motion = _standing_start(height_m, rng)
    piece_s = (length_s - breaks * BREAK_S) / (breaks + 1)
    for piece in range(breaks + 1):
        played, until_s = _schedule(recordings, piece_s, speeds)
        made = chain(played, until_s, MOTION_HZ, rng)
        start_s = len(motion.pose) / MOTION_HZ - BLEND_S
        motion = _append(motion, made.pose, made.contacts, 1.0, made.speed_m_s)
        changes = [Control("speed", start_s + s, start_s + s + SPEED_CHANGE_S, 0.0) for s in until_s[:-1]]
        if piece < breaks:
            kind, make, pace = (("stand", stand, 0.0), ("walk", walk, WALK_SPEED_M_S))[piece % 2]
            rest_s = len(motion.pose) / MOTION_HZ
            changes.append(Control(kind, rest_s, rest_s + BREAK_S, pace))
            rest = make(int(BREAK_S * MOTION_HZ), MOTION_HZ, height_m, rng)
            motion = _append(motion, rest, made.contacts[:0], 0.0, np.full(len(rest), pace))
        motion = replace(motion, controls=(*motion.controls, *changes))
    return with_drift(motion, rng)


def recorded_motion(recording: Recording, rng: np.random.Generator) -> RunMotion:
    """Standing and hinges, then the unmodified recording, without seams, time warp or drift."""
    motion = _standing_start(float(recording.pose[:, 5].mean()) + 0.02, rng)
    made = whole_recording(recording)
    return _append(motion, made.pose, made.contacts, 1.0, made.speed_m_s)


def whole_recording(recording: Recording) -> Chain:
    """The recording except its edges, as a chain without seams."""
    length_s = (len(recording.pose) - 1) / recording.rate_hz - 2 * EDGE_S
    pose = recording.spline(EDGE_S + np.arange(int(length_s * MOTION_HZ)) / MOTION_HZ)
    contacts = recording.contacts.copy()
    for name in ("time_s", "toe_off_s"):
        contacts[name] -= EDGE_S
    inside = (contacts["time_s"] > 0) & (contacts["toe_off_s"] < length_s)
    return Chain(pose, contacts[inside], np.full(len(pose), recording.speed_m_s))


def with_drift(motion: RunMotion, rng: np.random.Generator) -> RunMotion:
    """The motion with slow changes of tilt and of the ranges of rotation and obliquity, as in a long run."""
    pose, count = motion.pose.copy(), len(motion.pose)
    pose[:, 1] += np.radians(DRIFT_TILT_DEG) * motion.running * slow_noise(count, MOTION_HZ, DRIFT_TAU_S, rng)
    for axis in (0, 2):
        pose[:, axis] *= 1 + DRIFT_SWING * motion.running * slow_noise(count, MOTION_HZ, DRIFT_TAU_S, rng)
    return replace(motion, pose=pose)


def smooth_speed(speed_m_s: Floats) -> Floats:
    """(N,) the belt's speed with its steps smoothed over 3 s."""
    width = int(SPEED_CHANGE_S * MOTION_HZ)
    window = np.hanning(width + 2)[1:-1]
    before, after = np.full(width // 2, speed_m_s[0]), np.full(width - width // 2 - 1, speed_m_s[-1])
    return np.asarray(np.convolve(np.concatenate([before, speed_m_s, after]), window / window.sum(), "valid"))


def running_intervals(running: Floats) -> Floats:
    """(K,2) start and end in s of the intervals in which the weight of running is 1."""
    edges = np.diff(np.concatenate([[0], (running > 0.999).astype(int), [0]]))
    return np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)], axis=1) / MOTION_HZ
