"""Where a session lies in a watch's recording: cadence against cadence, over every offset of the two clocks.

Starts and stops find the place; how cadence wanders from second to second, less its mean over a minute, settles it.
Accepted is a place where the wandering stands clear of all other offsets, or one where starts and stops agree and the
clocks did so nearly before. When two recordings are of the same run is decided here and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from untuck.errors import ReportError
from untuck.model import Floats, Run

SEARCH_S = 900  # clocks of watch and computer differ by less than a quarter of an hour
MEAN_S = 60  # slower changes of cadence are alike in any two runs
LEAST_S = 120  # that both saw
NEAR_S = 12  # offsets so close to the best one are the same peak
PATTERN_SCORE, PATTERN_R = 5.0, 0.35  # the wandering alone decides from here on
EDGES, EDGE_S, EDGE_SHARE = 2, 5.0, 0.8  # so many starts and stops, so close, and so many of all
EDGE_CLOCK_S = 120.0  # by starts and stops alone the clocks must have agreed so far
LEVEL_SPM = 4.0  # and the cadence be the same
RUNNING_SPM = 130.0
PAUSE_S = 5.0
GAP_S = 1.0  # of samples missing: about a stride


@dataclass(frozen=True)
class Match:
    """offset_s: watch time less session time by the clocks; edges: starts and stops of the session, and those that the
    watch saw too; r, score: correlation of the wandering, and its distance to all other offsets in their SD."""

    offset_s: float
    r: float
    score: float
    edges: int
    edges_met: int
    given: bool = False

    @property
    def text(self) -> str:
        """For people."""
        if self.given:
            return f"offset {self.offset_s:+.0f} s as given"
        return (
            f"offset {self.offset_s:+.0f} s: {self.edges_met} of {self.edges} starts and stops agree, cadence "
            f"correlates with r = {self.r:.2f}, {self.score:.1f} SD clear of other offsets"
        )


@dataclass(frozen=True, eq=False)
class _Track:
    """Cadence second by second on a grid: (G,) steps/min, 0 when not running, NaN where nothing was recorded."""

    spm: Floats

    @property
    def running(self) -> NDArray[np.bool_]:
        return np.nan_to_num(self.spm) > 0

    def wander(self) -> Floats:
        """(G,) cadence over 5 s less that over a minute; NaN where nobody runs."""
        return np.where(self.running, self._mean(5) - self._mean(MEAN_S), np.nan)

    def _mean(self, width_s: int) -> Floats:
        box = np.ones(width_s)
        count = np.maximum(np.convolve(self.running, box, "same"), 1)
        mean: Floats = np.convolve(np.where(self.running, self.spm, 0.0), box, "same") / count
        return mean

    def edges(self) -> NDArray[np.int64]:
        """Seconds of the grid at which running begins or ends, where the recording goes on on both sides."""
        known, changes = np.isfinite(self.spm), np.flatnonzero(np.diff(self.running))
        return np.array([k for k in changes if known[max(k - 5, 0) : k + 6].all()], np.int64)


def find_offset(run: Run, unix_zero_s: float, watch_s: Floats, watch_spm: Floats) -> Match:
    """The offset of a watch's cadence (n,) in steps/min at watch_s (n,) in unix seconds against a run's strides.

    unix_zero_s: unix time of the run's sensor time 0. Raises ReportError where they do not match, with the best guess.
    """
    strides = run.strides
    if strides["duration_s"].sum() < LEAST_S:
        raise ReportError(f"this session has less than {LEAST_S} s of running: it fits anywhere. {_BY_HAND}")
    if np.isfinite(watch_spm).sum() < LEAST_S:
        raise ReportError(f"the watch's file has no cadence to compare with. {_BY_HAND}")
    ends_s = unix_zero_s + np.array([run.time_s[0], run.time_s[-1]])
    grid = np.arange(np.floor(min(ends_s[0], watch_s[0])) - SEARCH_S, max(ends_s[1], watch_s[-1]) + SEARCH_S)
    middle_s = unix_zero_s + strides["start_s"] + 0.5 * strides["duration_s"]
    ours = _without(_track(grid, middle_s, strides["cadence_spm"], ends_s), grid, _gaps(run) + unix_zero_s)
    theirs = _track(grid, watch_s, watch_spm, np.array([watch_s[0], watch_s[-1]]))
    lags = np.arange(-SEARCH_S, SEARCH_S + 1)
    match = _best(ours, theirs, lags)
    level_spm = abs(float(np.median(ours.spm[ours.running])) - float(np.median(theirs.spm[theirs.running])))
    by_pattern = match.score >= PATTERN_SCORE and match.r >= PATTERN_R
    by_edges = (
        match.edges_met >= max(EDGES, EDGE_SHARE * match.edges)
        and abs(match.offset_s) <= EDGE_CLOCK_S
        and level_spm <= LEVEL_SPM
    )
    if not (by_pattern or by_edges):
        raise ReportError(
            f"this session and the watch's file do not match. The best is {match.text}; cadence differs by "
            f"{level_spm:.0f} steps/min. Is it the same run? {_BY_HAND}"
        )
    return match


_BY_HAND = "Where you know the offset of the clocks, give it with --offset."


def _track(grid: Floats, time_s: Floats, spm: Floats, ends_s: Floats) -> _Track:
    """Cadence on the grid between ends_s, from values (n,) at time_s (n,)."""
    known = np.isfinite(spm) & (spm >= RUNNING_SPM)
    at, value = np.asarray(time_s)[known], np.asarray(spm)[known]
    out = np.zeros(len(grid))
    if len(at) > 1:
        right = np.clip(np.searchsorted(at, grid), 1, len(at) - 1)
        inside = (at[right] - at[right - 1] <= PAUSE_S) & (grid >= at[0]) & (grid <= at[-1])
        out = np.where(inside, np.interp(grid, at, value), 0.0)
    return _Track(np.where((grid >= ends_s[0]) & (grid <= ends_s[1]), out, np.nan))


def _gaps(run: Run) -> Floats:
    """(G,2) sensor times between which samples are missing, and the strides beside them."""
    at = np.flatnonzero(np.diff(run.time_s) > GAP_S)
    return np.column_stack([run.time_s[at] - 2 * GAP_S, run.time_s[at + 1] + 2 * GAP_S])


def _without(track: _Track, grid: Floats, gaps: Floats) -> _Track:
    """The track with nothing known within gaps (G,2): a sensor that is silent is no runner who stops."""
    spm = track.spm.copy()
    for begin, end in gaps:
        spm[(grid >= begin) & (grid <= end)] = np.nan
    return _Track(spm)


def _best(ours: _Track, theirs: _Track, lags: NDArray[np.int64]) -> Match:
    """The offset at which starts, stops and wandering agree best."""
    whole = np.array([_correlation(ours.spm, np.roll(theirs.spm, -lag))[0] for lag in lags])
    mine, watch = ours.wander(), theirs.wander()
    r, count = np.array([_correlation(mine, np.roll(watch, -lag)) for lag in lags]).T
    z = np.arctanh(np.clip(r, -0.99, 0.99)) * np.sqrt(count)  # short overlaps correlate by chance
    z_clear, whole_clear = np.nan_to_num(z, nan=-np.inf), np.nan_to_num(whole, nan=-np.inf)
    best = int(np.argmax(z_clear))
    score = _score(z, lags, best)
    if not (score >= PATTERN_SCORE and r[best] >= PATTERN_R):
        coarse = int(np.argmax(whole_clear))
        near = np.abs(lags - lags[coarse]) <= EDGE_S / 2
        best = int(np.argmax(np.where(near, z_clear, -np.inf))) if np.isfinite(z[near]).any() else coarse
        score = _score(z, lags, best)
    edges, seen = ours.edges(), theirs.edges() - lags[best]
    met = sum(bool(len(seen)) and float(np.abs(seen - edge).min()) <= EDGE_S for edge in edges)
    return Match(float(lags[best]), float(np.nan_to_num(r[best])), float(np.nan_to_num(score)), len(edges), met)


def _score(z: Floats, lags: NDArray[np.int64], best: int) -> float:
    """How far z at the best lag stands above the others, in their SD."""
    others = z[(np.abs(lags - lags[best]) > NEAR_S) & np.isfinite(z)]
    return float((z[best] - others.mean()) / others.std()) if len(others) > 30 and others.std() > 0 else 0.0


def _correlation(a: Floats, b: Floats) -> tuple[float, int]:
    """r and the count of seconds that both know; NaN for fewer than LEAST_S of them."""
    both = np.isfinite(a) & np.isfinite(b)
    count = int(both.sum())
    if count < LEAST_S:
        return float("nan"), count
    x, y = a[both] - a[both].mean(), b[both] - b[both].mean()
    size = float(np.sqrt((x @ x) * (y @ y)))
    return (float(x @ y) / size if size > 0 else float("nan")), count
