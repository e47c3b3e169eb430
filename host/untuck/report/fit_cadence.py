"""Cadence of a session and of a watch on one grid of seconds: values, what is known, and starts and stops.

A watch records every 1 to 10 s, some at irregular intervals; only its own records count, nothing is interpolated
between them. A stop shorter than its recording interval is no stop in either recording.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from untuck.model import Floats

RUNNING_SPM = 130.0  # a watch's cadence below is walking
STEPS_SPM = 230.0  # a median above counts both legs where the profile has one leg
SHORTEST_S = 6.0  # a shorter stop or bout is a dropout
GAP_S = 1.0  # of missing samples: about a stride
_RAMP_S, _LAST_S = 15.0, 8.0  # after a start and before a stop cadence changes alike in all runs
_PAUSE_S = 5.0  # between strides: a stop


class Recorded(Protocol):
    """What is read of a run: times of the samples (N,) s, and strides with start_s, duration_s and cadence_spm."""

    @property
    def time_s(self) -> Floats: ...

    @property
    def strides(self) -> NDArray[np.void]: ...


@dataclass(frozen=True, eq=False)
class Bouts:
    """Running as spans of time: (B,2) start and stop in s; known: (K,2) spans in which the recording says anything."""

    spans_s: Floats
    known_s: Floats

    def edges(self, starts: bool) -> Floats:
        """Sorted times of starts, or of stops, that lie within what is known."""
        times_s: Floats = self.spans_s[:, 0 if starts else 1]
        margin = np.array([[-_PAUSE_S], [_PAUSE_S]])
        return times_s[(inside(times_s + margin, self.known_s)).all(axis=0)]

    def interior(self, time_s: Floats) -> NDArray[np.bool_]:
        """Whether each time lies in a bout, away from its ramps."""
        return inside(time_s, self.spans_s + np.array([_RAMP_S, -_LAST_S]))


@dataclass(frozen=True, eq=False)
class Cadence:
    """time_s (n,) increasing, spm (n,) NaN where unknown, and the bouts that follow from them.

    interval_s: the usual one between values; step_spm: their resolution; paused: the bouts if nothing was recorded
    because the runner stood, None without such gaps.
    """

    time_s: Floats
    spm: Floats
    bouts: Bouts
    interval_s: float
    step_spm: float
    paused: Bouts | None = None

    @property
    def running_s(self) -> float:
        """Length of all bouts."""
        return float(np.diff(self.bouts.spans_s, axis=1).sum())


def inside(time_s: Floats, spans_s: Floats) -> NDArray[np.bool_]:
    """Whether each time lies in one of the spans (K,2), which are sorted and apart; those of no length are empty."""
    spans_s = spans_s[spans_s[:, 1] > spans_s[:, 0]]
    if len(spans_s) == 0:
        return np.zeros(np.shape(time_s), bool)
    k = np.clip(np.searchsorted(spans_s[:, 0], time_s, side="right") - 1, 0, None)
    within: NDArray[np.bool_] = (time_s >= spans_s[k, 0]) & (time_s <= spans_s[k, 1])
    return within


def of_run(run: Recorded, unix_zero_s: float, shortest_s: float) -> Cadence:
    """A session's cadence at the middle of each stride, in unix time."""
    strides = run.strides[np.argsort(run.strides["start_s"], kind="stable")]
    start_s, end_s = strides["start_s"], strides["start_s"] + strides["duration_s"]
    middle_s = 0.5 * (start_s + end_s)
    time_s = np.asarray(run.time_s)
    at = np.flatnonzero(np.diff(time_s) > GAP_S)
    gaps = [(time_s[k], time_s[k + 1]) for k in at if not inside(middle_s, time_s[None, [k, k + 1]]).any()]
    known = np.array([time_s[0], *np.ravel(gaps), time_s[-1]], float).reshape(-1, 2)
    cut = np.flatnonzero(start_s[1:] - end_s[:-1] > _PAUSE_S)
    whole = np.column_stack([start_s[np.r_[0, cut + 1]], end_s[np.r_[cut, len(end_s) - 1]]])
    spans = _debounced(_split(whole, gaps), shortest_s)
    known_bouts = Bouts(spans + unix_zero_s, known + unix_zero_s)
    return Cadence(middle_s + unix_zero_s, np.asarray(strides["cadence_spm"], float), known_bouts, 0.7, 0.0)


def of_watch(time_s: Floats, spm: Floats, paused_s: Floats | None = None) -> Cadence:
    """A watch's cadence in steps/min at time_s (n,) unix seconds; paused_s (P,2): its timer stood still."""
    order = np.argsort(time_s, kind="stable")
    time_s, spm = np.asarray(time_s, float)[order], np.asarray(spm, float)[order]
    last = np.r_[np.diff(time_s) > 0, True]
    time_s, spm = time_s[last], spm[last]
    running = spm >= RUNNING_SPM
    if running.any() and np.median(spm[running]) > STEPS_SPM:
        spm = spm / 2
    intervals = np.diff(time_s)
    interval = float(np.median(intervals)) if len(intervals) else 1.0
    longest = float(np.clip(2.5 * np.quantile(intervals, 0.9), 5.0, 30.0)) if len(intervals) else 5.0
    if paused_s is not None and len(paused_s):
        time_s, spm = _with_pauses(time_s, spm, paused_s, longest)
    valid = np.isfinite(spm)
    shortest = max(SHORTEST_S, 1.5 * interval)
    bouts = _watch_bouts(time_s[valid], spm[valid], longest, shortest)
    halves = np.unique(np.round(spm[valid] % 2, 3))
    gaps = np.column_stack([time_s[:-1], time_s[1:]])[np.diff(time_s) > longest]
    paused = None
    if len(gaps):
        paused = _watch_bouts(*_with_pauses(time_s[valid], spm[valid], gaps, longest), longest, shortest)
    step_spm = 2.0 if len(halves) <= 1 else 0.5
    return Cadence(time_s, spm, bouts, interval_s=interval, step_spm=step_spm, paused=paused)


def _with_pauses(time_s: Floats, spm: Floats, paused_s: Floats, longest_s: float) -> tuple[Floats, Floats]:
    """Zeros where the timer stood still and nothing was recorded."""
    extra = [np.arange(a + 1.0, b, min(longest_s, 5.0)) for a, b in paused_s if 2.0 < b - a < 7200.0]
    more = np.concatenate([*extra, np.empty(0)])
    all_s = np.concatenate([time_s, more])
    order = np.argsort(all_s, kind="stable")
    return all_s[order], np.concatenate([spm, np.zeros(len(more))])[order]


def _watch_bouts(time_s: Floats, spm: Floats, longest_s: float, shortest_s: float) -> Bouts:
    """Bouts from records; a start or stop lies in the middle between two of them."""
    if len(time_s) == 0:
        return Bouts(np.empty((0, 2)), np.empty((0, 2)))
    apart = np.flatnonzero(np.diff(time_s) > longest_s)
    known = np.column_stack([time_s[np.r_[0, apart + 1]], time_s[np.r_[apart, len(time_s) - 1]]])
    running = spm >= RUNNING_SPM
    spans: list[tuple[float, float]] = []
    for first, end in zip(np.r_[0, apart + 1], np.r_[apart + 1, len(time_s)], strict=True):
        on = np.r_[False, running[first:end], False]
        changes = np.flatnonzero(np.diff(on.astype(int))) + first
        for a, b in changes.reshape(-1, 2):
            begin = time_s[a] if a == first else 0.5 * (time_s[a - 1] + time_s[a])
            stop = time_s[b - 1] if b == end else 0.5 * (time_s[b - 1] + time_s[b])
            spans.append((begin, stop))
    return Bouts(_debounced(np.array(spans).reshape(-1, 2), shortest_s), known)


def _debounced(spans_s: Floats, shortest_s: float) -> Floats:
    """Bouts (B,2) with short stops closed and short bouts removed."""
    out: list[list[float]] = []
    for begin, end in spans_s:
        if out and begin - out[-1][1] < shortest_s:
            out[-1][1] = end
        else:
            out.append([begin, end])
    kept = [span for span in out if span[1] - span[0] >= shortest_s]
    return np.array(kept).reshape(-1, 2)


def _split(spans_s: Floats, gaps: list[tuple[float, float]]) -> Floats:
    """Bouts cut at gaps: whether running went on in them is not known."""
    out = [(float(a), float(b)) for a, b in spans_s]
    for begin, end in gaps:
        parts = [[(a, min(b, begin)), (max(a, end), b)] if a < begin and b > end else [(a, b)] for a, b in out]
        out = [part for pair in parts for part in pair]
    return np.array(out).reshape(-1, 2)
