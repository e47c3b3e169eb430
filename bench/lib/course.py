"""The course of a run before faults: standing and hinges, then running in pieces with rests between, slow drift.

Pieces are blended over 1.2 s; where strides come from (strung, or the recording as it is) is the caller's choice.
How a run is laid out in time lives here; strides are strung in cycles.py, poses at rest made in standing.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.lib.cycles import EDGE_S, Chain, chain, slow_noise
from bench.lib.injections import Control, eased
from bench.lib.recordings import Recording
from bench.lib.standing import WALK_SPEED_M_S, prefix, stand, walk
from untuck.model import CONTACT_DTYPE, Floats

MOTION_HZ = 200.0  # the motion is made at this rate and sampled at the sensor's
BLEND_S = 1.2  # between running and what comes before or after
BREAK_S = 25.0
BREAK_EVERY_MIN = 2.5
SPEED_EVERY_S = 70.0
SPEED_CHANGE_S = 3.0

# Within 30 s a recording shows stride-to-stride variation only; a long run drifts as well. Sizes are judgements.
DRIFT_TAU_S = 60.0
DRIFT_TILT_DEG = 0.4
DRIFT_SWING = 0.04  # rotation and obliquity range, as part of it


@dataclass(frozen=True, eq=False)
class Course:
    """pose (N,6) as in `Recording` at MOTION_HZ; contacts CONTACT_DTYPE; running (N,) weight 0 to 1; speed_m_s (N,)."""

    pose: Floats
    contacts: NDArray[np.void]
    running: Floats
    speed_m_s: Floats
    controls: tuple[Control, ...] = ()

    @property
    def time_s(self) -> Floats:
        """(N,) seconds from the start of standing."""
        return np.arange(len(self.pose)) / MOTION_HZ


def _start(height_m: float, rng: np.random.Generator) -> Course:
    pose = prefix(MOTION_HZ, height_m, rng)
    nothing = np.zeros(len(pose))
    return Course(pose, np.zeros(0, CONTACT_DTYPE), nothing, nothing)


def _then(course: Course, pose: Floats, contacts: NDArray[np.void], weight: float, speed_m_s: Floats) -> Course:
    """The course with more at its end, blended over BLEND_S; contacts within the blend are left out."""
    overlap = int(BLEND_S * MOTION_HZ)
    start_s = len(course.pose) / MOTION_HZ - BLEND_S
    more = pose.copy()
    more[:, 3:5] += course.pose[-overlap:, 3:5].mean(axis=0) - more[:overlap, 3:5].mean(axis=0)
    fade = eased(np.arange(overlap) / MOTION_HZ, 0.0, np.inf, BLEND_S)

    def blended(old: Floats, new: Floats) -> Floats:
        share = fade[:, None] if old.ndim == 2 else fade
        return np.concatenate([old[:-overlap], (1 - share) * old[-overlap:] + share * new[:overlap], new[overlap:]])

    shifted = contacts.copy()
    for name in ("time_s", "toe_off_s"):
        shifted[name] += start_s
    return Course(
        pose=blended(course.pose, more),
        contacts=np.concatenate(
            [
                course.contacts[course.contacts["toe_off_s"] < start_s],
                shifted[shifted["time_s"] > start_s + BLEND_S],
            ]
        ),
        running=blended(course.running, np.full(len(more), weight)),
        speed_m_s=blended(course.speed_m_s, speed_m_s),
        controls=course.controls,
    )


def _schedule(recordings: list[Recording], length_s: float, speeds: bool) -> tuple[list[Recording], list[float]]:
    """Which recording is played until when: the first one throughout, or back and forth between all of them."""
    if not speeds or len(recordings) == 1:
        return recordings[:1], [length_s]
    there_and_back = list(range(len(recordings))) + list(range(len(recordings) - 2, 0, -1))
    count = max(2, int(length_s / SPEED_EVERY_S))
    played = [recordings[there_and_back[k % len(there_and_back)]] for k in range(count)]
    return played, [length_s * (k + 1) / count for k in range(count)]


def strung_course(
    recordings: list[Recording], length_s: float, speeds: bool, breaks: int, rng: np.random.Generator
) -> Course:
    """Standing and hinges, then running in breaks + 1 pieces with standing and walking in turn between them."""
    height_m = float(recordings[0].pose[:, 5].mean()) + 0.02
    course = _start(height_m, rng)
    piece_s = (length_s - breaks * BREAK_S) / (breaks + 1)
    for piece in range(breaks + 1):
        played, until_s = _schedule(recordings, piece_s, speeds)
        made = chain(played, until_s, MOTION_HZ, rng)
        start_s = len(course.pose) / MOTION_HZ - BLEND_S
        course = _then(course, made.pose, made.contacts, 1.0, made.speed_m_s)
        changes = [Control("speed", start_s + s, start_s + s + SPEED_CHANGE_S, 0.0) for s in until_s[:-1]]
        if piece < breaks:
            kind, make, pace = (("stand", stand, 0.0), ("walk", walk, WALK_SPEED_M_S))[piece % 2]
            rest_s = len(course.pose) / MOTION_HZ
            changes.append(Control(kind, rest_s, rest_s + BREAK_S, pace))
            rest = make(int(BREAK_S * MOTION_HZ), MOTION_HZ, height_m, rng)
            course = _then(course, rest, made.contacts[:0], 0.0, np.full(len(rest), pace))
        course = replace(course, controls=(*course.controls, *changes))
    return drifted(course, rng)


def recorded_course(recording: Recording, rng: np.random.Generator) -> Course:
    """Standing and hinges, then the recording exactly as it is, without seams, warp or drift."""
    course = _start(float(recording.pose[:, 5].mean()) + 0.02, rng)
    made = whole(recording)
    return _then(course, made.pose, made.contacts, 1.0, made.speed_m_s)


def whole(recording: Recording) -> Chain:
    """The recording from edge to edge, as a chain without seams."""
    length_s = (len(recording.pose) - 1) / recording.rate_hz - 2 * EDGE_S
    pose = recording.spline(EDGE_S + np.arange(int(length_s * MOTION_HZ)) / MOTION_HZ)
    contacts = recording.contacts.copy()
    for name in ("time_s", "toe_off_s"):
        contacts[name] -= EDGE_S
    inside = (contacts["time_s"] > 0) & (contacts["toe_off_s"] < length_s)
    return Chain(pose, contacts[inside], np.full(len(pose), recording.speed_m_s))


def drifted(course: Course, rng: np.random.Generator) -> Course:
    """The course with what 30 s recordings cannot show: slow changes of tilt and of the size of the swing."""
    pose, count = course.pose.copy(), len(course.pose)
    pose[:, 1] += np.radians(DRIFT_TILT_DEG) * course.running * slow_noise(count, MOTION_HZ, DRIFT_TAU_S, rng)
    for axis in (0, 2):
        pose[:, axis] *= 1 + DRIFT_SWING * course.running * slow_noise(count, MOTION_HZ, DRIFT_TAU_S, rng)
    return replace(course, pose=pose)


def smooth_speed(speed_m_s: Floats) -> Floats:
    """(N,) the belt's speed with its steps stretched over 3 s: nobody changes speed at once."""
    width = int(SPEED_CHANGE_S * MOTION_HZ)
    window = np.hanning(width + 2)[1:-1]
    before, after = np.full(width // 2, speed_m_s[0]), np.full(width - width // 2 - 1, speed_m_s[-1])
    return np.asarray(np.convolve(np.concatenate([before, speed_m_s, after]), window / window.sum(), "valid"))


def running_intervals(running: Floats) -> Floats:
    """(K,2) seconds in which the weight of running is 1."""
    edges = np.diff(np.concatenate([[0], (running > 0.999).astype(int), [0]]))
    return np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)], axis=1) / MOTION_HZ
