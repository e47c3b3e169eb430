"""Long runs chained from the strides of 30 s recordings, with the force plate's contacts.

Strides follow as recorded for a while, then the chain jumps to a stride with a similar start. The remaining mismatch at
the seam decays over a stride, and time is warped slowly by up to 1 %.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator, make_interp_spline
from scipy.ndimage import gaussian_filter1d

from bench.lib.recordings import Recording
from untuck.model import CONTACT_DTYPE, RIGHT, Floats

LEAD_S = 0.04  # of seams before right contact: in flight, where strides differ least
FADE_S = 0.03  # half length of the cross-fade at a seam, which hides differences of third derivatives
EDGE_S = 0.08  # at the recording's ends, left out for filter transients and the cross-fade
JUMP_CHANCE = 0.3  # per stride: about three strides as recorded, then a jump
CANDIDATES = 6  # random strides for a jump, of which the most similar is taken
WARP = 0.01  # largest change of the speed of time
WARP_S = 5.0  # time constant of that change
# scales of similarity: heading, pitch, roll (rad), x, y, z (m), and their rates
SIMILARITY_SCALE = np.array([0.05, 0.03, 0.03, np.inf, np.inf, 0.01, 0.7, 0.5, 0.5, 0.1, 0.1, 0.1])


@dataclass(frozen=True, eq=False)
class Strides:
    """The usable strides of a recording, each from LEAD_S before right contact to LEAD_S before the next one.

    start_s, end_s (n,); events_s (n,4) right contact, right toe-off, left contact, left toe-off; follows (n,) bool: the
    next one in the list is also the next in the recording; state (n,12) pose and rates at the start.
    """

    start_s: Floats
    end_s: Floats
    events_s: Floats
    follows: NDArray[np.bool_]
    state: Floats


@dataclass(frozen=True, eq=False)
class Chain:
    """Poses (N,6) as in `Recording`, at rate_hz from time 0; contacts CONTACT_DTYPE; speed_m_s (N,) of the belt."""

    pose: Floats
    contacts: NDArray[np.void]
    speed_m_s: Floats


def cut(recording: Recording) -> Strides:
    """Strides from right contact to right contact, complete, in order and without long marker gaps."""
    contacts = recording.contacts
    end_s = (len(recording.pose) - 1) / recording.rate_hz - EDGE_S
    kept = []
    for i in range(len(contacts) - 2):
        right, left, after = contacts[i : i + 3]
        times = [right["time_s"], right["toe_off_s"], left["time_s"], left["toe_off_s"], after["time_s"]]
        rate_hz = recording.rate_hz
        frames = slice(int((times[0] - LEAD_S) * rate_hz), int(np.ceil(times[4] * rate_hz)) + 1)
        ordered = (np.diff(times) > 0).all() and left["side"] == -RIGHT and after["side"] == RIGHT
        if (
            right["side"] == RIGHT
            and ordered
            and times[0] > EDGE_S
            and times[4] < end_s
            and recording.usable[frames].all()
        ):
            kept.append(times)
    table = np.array(kept)
    start_s = table[:, 0] - LEAD_S
    state = np.hstack([recording.spline(start_s), recording.spline(start_s, 1)])
    follows = np.append(table[1:, 0] == table[:-1, 4], False)
    return Strides(start_s, table[:, 4] - LEAD_S, table[:, :4], follows, state)


def _next_stride(strides: Strides, current: int, state: Floats, rng: np.random.Generator) -> int:
    """The stride after `current` (-1: of another recording), which ends in `state` (12,)."""
    if current >= 0 and strides.follows[current] and rng.random() > JUMP_CHANCE:
        return current + 1
    drawn = rng.choice(len(strides.start_s), min(CANDIDATES, len(strides.start_s)), replace=False)
    drawn = drawn[drawn != current]
    return int(drawn[np.argmin((((strides.state[drawn] - state) / SIMILARITY_SCALE) ** 2).sum(axis=1))])


def play_order(recordings: list[Recording], until_s: list[float], rng: np.random.Generator) -> list[tuple[int, int]]:
    """(recording, stride) pairs in order: recording i is used until until_s[i] seconds from the start of the chain."""
    cuts = [cut(recording) for recording in recordings]
    played: list[tuple[int, int]] = []
    now_s, current, state = 0.0, -1, cuts[0].state[int(rng.integers(len(cuts[0].start_s)))]
    for number, (recording, strides, end_s) in enumerate(zip(recordings, cuts, until_s, strict=True)):
        current = -1
        while now_s < end_s:
            current = _next_stride(strides, current, state, rng)
            played.append((number, current))
            now_s += strides.end_s[current] - strides.start_s[current]
            at_s = strides.end_s[current]
            state = np.concatenate([recording.spline(at_s), recording.spline(at_s, 1)])
    return played


def _uninterrupted(played: list[tuple[int, int]], cuts: list[Strides]) -> list[tuple[int, float, float]]:
    """(recording, start_s, end_s) of each piece without a jump."""
    out: list[tuple[int, float, float]] = []
    for number, stride in played:
        start_s, end_s = cuts[number].start_s[stride], cuts[number].end_s[stride]
        if out and out[-1][0] == number and out[-1][2] == start_s:
            out[-1] = (number, out[-1][1], end_s)
        else:
            out.append((number, start_s, end_s))
    return out


def _decay(since_s: Floats, length_s: float, jump: Floats, slope: Floats) -> Floats:
    """(n,6) added after a seam: `jump` and `slope` at first, zero after length_s; x and y keep their jump."""
    u = np.minimum(since_s / length_s, 1.0)[:, None]
    place = 1 - 10 * u**3 + 15 * u**4 - 6 * u**5
    slope_part = length_s * (u - 6 * u**3 + 8 * u**4 - 3 * u**5)
    fades = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 1.0])
    return jump * (fades * place + (1 - fades)) + slope * slope_part


def _step(since_s: Floats) -> Floats:
    """0 before a seam, 1 after it, smooth over FADE_S on both sides."""
    u = np.clip(since_s / (2 * FADE_S) + 0.5, 0, 1)
    return np.asarray(u**3 * (10 - 15 * u + 6 * u**2))


def join(recordings: list[Recording], played: list[tuple[int, int]], rate_hz: float) -> tuple[Floats, Floats]:
    """(N,6) pose at rate_hz along the chained strides, and (N,) speed of each sample's recording."""
    cuts = [cut(recording) for recording in recordings]
    stride_s = [float(np.median(c.end_s - c.start_s)) for c in cuts]
    segments = _uninterrupted(played, cuts)
    seams_s = np.concatenate([[0.0], np.cumsum([end_s - start_s for _, start_s, end_s in segments])])
    time_s = np.arange(int(seams_s[-1] * rate_hz)) / rate_hz
    pose, speed = np.zeros((len(time_s), 6)), np.zeros(len(time_s))
    seams_s[0], seams_s[-1] = -1.0, seams_s[-1] + 1.0  # nothing to fade at the ends
    jump, slope = np.zeros(6), np.zeros(6)
    for k, (number, start_s, end_s) in enumerate(segments):
        spline, decay_s = recordings[number].spline, stride_s[number]
        at_s, until_s = max(seams_s[k], 0.0), seams_s[k + 1]
        rows = slice(*np.searchsorted(time_s, [seams_s[k] - FADE_S, until_s + FADE_S]))
        since_s = time_s[rows] - at_s
        weight = _step(time_s[rows] - seams_s[k]) - _step(time_s[rows] - until_s)
        pose[rows] += weight[:, None] * (spline(start_s + since_s) + _decay(since_s, decay_s, jump, slope))
        speed[rows] += weight * recordings[number].speed_m_s
        after, after_s, _ = segments[(k + 1) % len(segments)]
        final = spline(end_s) + _decay(np.array([end_s - start_s]), decay_s, jump, slope)[0]
        jump = final - recordings[after].spline(after_s)
        slope = spline(end_s, 1) - recordings[after].spline(after_s, 1)
    return pose, speed


def _contacts(played: list[tuple[int, int]], cuts: list[Strides]) -> NDArray[np.void]:
    contacts = np.zeros(2 * len(played), CONTACT_DTYPE)
    now_s = 0.0
    for k, (number, stride) in enumerate(played):
        start_s = cuts[number].start_s[stride]
        right_s, right_off_s, left_s, left_off_s = cuts[number].events_s[stride] - start_s + now_s
        contacts[2 * k] = (right_s, right_off_s, RIGHT)
        contacts[2 * k + 1] = (left_s, left_off_s, -RIGHT)
        now_s += cuts[number].end_s[stride] - start_s
    return contacts


def slow_noise(count: int, rate_hz: float, tau_s: float, rng: np.random.Generator) -> Floats:
    """(count,) Gaussian noise of SD 1 that varies over tau_s seconds."""
    coarse_hz = 20 / tau_s  # rate of the random numbers, which are then interpolated
    few = int(count / rate_hz * coarse_hz) + 200
    drawn = gaussian_filter1d(rng.normal(size=few), tau_s * coarse_hz / 2)
    drawn *= np.sqrt(2 * np.sqrt(np.pi) * tau_s * coarse_hz / 2)
    positions = 100 + np.arange(count) / rate_hz * coarse_hz
    return np.asarray(PchipInterpolator(np.arange(few), drawn)(positions))


def chain(recordings: list[Recording], until_s: list[float], rate_hz: float, rng: np.random.Generator) -> Chain:
    """A run of each recording until its end time, with smoothed seams and time warped slowly by up to 1 %."""
    cuts = [cut(recording) for recording in recordings]
    played = play_order(recordings, until_s, rng)
    pose, speed = join(recordings, played, rate_hz)
    contacts = _contacts(played, cuts)
    source_s = np.arange(len(pose)) / rate_hz
    pace = 1 + WARP * np.tanh(slow_noise(len(pose), rate_hz, WARP_S, rng) / 2)
    run_s = np.concatenate([[0.0], np.cumsum(pace)[:-1]]) / rate_hz
    time_s = np.arange(int(run_s[-1] * rate_hz)) / rate_hz
    warped_s = np.interp(time_s, run_s, source_s)
    for name in ("time_s", "toe_off_s"):
        contacts[name] = np.interp(contacts[name], source_s, run_s)
    return Chain(
        pose=_resample(pose, warped_s * rate_hz),
        contacts=contacts[contacts["toe_off_s"] < time_s[-1]],
        speed_m_s=np.interp(warped_s, source_s, speed),
    )


def _resample(pose: Floats, rows: Floats) -> Floats:
    return np.asarray(make_interp_spline(np.arange(len(pose)), pose, k=5)(rows))
