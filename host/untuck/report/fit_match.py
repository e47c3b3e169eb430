"""Finds the offset between the clocks of a session and a watch's recording by comparing their cadence.

Starts and stops give a coarse offset; the variation of cadence, minus its mean over a minute, gives the exact one. An
offset is accepted if the correlation of this variation stands out from all other offsets, or if starts and stops agree
and the clocks nearly do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from untuck.errors import ReportError
from untuck.model import Floats
from untuck.run_results import Run

SEARCH_S = 900  # largest offset between the clocks of watch and computer
MEAN_S = 60  # slower changes of cadence are similar in all runs
LEAST_S = 120  # of running in both recordings
NEAR_S = 12  # offsets this close to the best one belong to the same peak
PATTERN_SCORE, PATTERN_R = 5.0, 0.35  # least values at which the variation alone is enough
EDGES, EDGE_S, EDGE_SHARE = 2, 5.0, 0.8  # least count of starts and stops that agree, within so long, of all
EDGE_CLOCK_S = 120.0  # largest offset that starts and stops alone can establish
LEVEL_SPM = 4.0  # largest difference of the median cadence in that case
RUNNING_SPM = 130.0
PAUSE_S = 5.0
GAP_S = 1.0  # of missing samples: about a stride


@dataclass(frozen=True)
class Match:
    """The offset between the clocks, and how well the recordings agree.

    offset_s: watch time minus session time; r: correlation of the variation of cadence; score: its distance from all
    other offsets in their SD; edges: starts and stops of the session; edges_met: those that the watch has too; given:
    the user set the offset.
    """

    offset_s: float
    r: float = 0.0
    score: float = 0.0
    edges: int = 0
    edges_met: int = 0
    given: bool = False

    @property
    def text(self) -> str:
        """One line for the user."""
        if self.given:
            return f"offset {self.offset_s:+.0f} s as given"
        return (
            f"offset {self.offset_s:+.0f} s: {self.edges_met} of {self.edges} starts and stops agree, cadence "
            f"correlates with r = {self.r:.2f}, {self.score:.1f} SD above other offsets"
        )


@dataclass(frozen=True, eq=False)
class _Cadence:
    """Cadence second by second on a grid: (G,) steps/min, 0 when not running, NaN where nothing was recorded."""

    spm: Floats

    @property
    def running(self) -> NDArray[np.bool_]:
        return np.nan_to_num(self.spm) > 0

    def variation(self) -> Floats:
        """(G,) mean cadence over 5 s minus that over a minute; NaN while not running."""
        return np.where(self.running, self._mean(5) - self._mean(MEAN_S), np.nan)

    def _mean(self, width_s: int) -> Floats:
        box = np.ones(width_s)
        count = np.maximum(np.convolve(self.running, box, "same"), 1)
        mean: Floats = np.convolve(np.where(self.running, self.spm, 0.0), box, "same") / count
        return mean

    def edges(self) -> NDArray[np.int64]:
        """Seconds of the grid at which running begins or ends, with data before and after."""
        known, changes = np.isfinite(self.spm), np.flatnonzero(np.diff(self.running))
        return np.array([k for k in changes if known[max(k - 5, 0) : k + 6].all()], np.int64)


def find_offset(run: Run, unix_zero_s: float, watch_s: Floats, watch_spm: Floats) -> Match:
    """The offset of a watch's cadence (n,) in steps/min at watch_s (n,) in unix seconds relative to a run's strides.

    unix_zero_s: unix time of the run's sensor time 0. Raises ReportError, with the best offset, if they do not match.
    """
    strides = run.strides
    if strides["duration_s"].sum() < LEAST_S:
        raise ReportError(f"this session has less than {LEAST_S} s of running, too little for a match. {_BY_HAND}")
    if np.isfinite(watch_spm).sum() < LEAST_S:
        raise ReportError(f"the watch's file has too little cadence data. {_BY_HAND}")
    ends_s = unix_zero_s + np.array([run.time_s[0], run.time_s[-1]])
    grid = np.arange(np.floor(min(ends_s[0], watch_s[0])) - SEARCH_S, max(ends_s[1], watch_s[-1]) + SEARCH_S)
    middle_s = unix_zero_s + strides["start_s"] + 0.5 * strides["duration_s"]
    ours = _without(_cadence(grid, middle_s, strides["cadence_spm"], ends_s), grid, _gaps(run) + unix_zero_s)
    theirs = _cadence(grid, watch_s, watch_spm, np.array([watch_s[0], watch_s[-1]]))
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
            f"this session and the watch's file do not match. The best offset: {match.text}; cadence differs by "
            f"{level_spm:.0f} steps/min. Check that it is the same run. {_BY_HAND}"
        )
    return match


_BY_HAND = "If you know the offset of the clocks, give it with --offset."


def _cadence(grid: Floats, time_s: Floats, spm: Floats, ends_s: Floats) -> _Cadence:
    """Cadence on the grid between ends_s, from values (n,) at time_s (n,)."""
    known = np.isfinite(spm) & (spm >= RUNNING_SPM)
    at, value = np.asarray(time_s)[known], np.asarray(spm)[known]
    out = np.zeros(len(grid))
    if len(at) > 1:
        right = np.clip(np.searchsorted(at, grid), 1, len(at) - 1)
        inside = (at[right] - at[right - 1] <= PAUSE_S) & (grid >= at[0]) & (grid <= at[-1])
        out = np.where(inside, np.interp(grid, at, value), 0.0)
    return _Cadence(np.where((grid >= ends_s[0]) & (grid <= ends_s[1]), out, np.nan))


def _gaps(run: Run) -> Floats:
    """(G,2) sensor times between which samples are missing, and the strides beside them."""
    at = np.flatnonzero(np.diff(run.time_s) > GAP_S)
    return np.column_stack([run.time_s[at] - 2 * GAP_S, run.time_s[at + 1] + 2 * GAP_S])


def _without(cadence: _Cadence, grid: Floats, gaps: Floats) -> _Cadence:
    """Cadence, unknown within gaps (G,2): missing samples are not a stop."""
    spm = cadence.spm.copy()
    for begin, end in gaps:
        spm[(grid >= begin) & (grid <= end)] = np.nan
    return _Cadence(spm)


def _best(ours: _Cadence, theirs: _Cadence, lags: NDArray[np.int64]) -> Match:
    """The offset at which starts, stops and the variation of cadence agree best."""
    whole = np.array([_correlation(ours.spm, np.roll(theirs.spm, -lag))[0] for lag in lags])
    mine, watch = ours.variation(), theirs.variation()
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
    """Distance of z at the best lag from the mean of the others, in their SD."""
    others = z[(np.abs(lags - lags[best]) > NEAR_S) & np.isfinite(z)]
    return float((z[best] - others.mean()) / others.std()) if len(others) > 30 and others.std() > 0 else 0.0


def _correlation(a: Floats, b: Floats) -> tuple[float, int]:
    """r and the number of seconds that both know; r is NaN for fewer than LEAST_S of them."""
    both = np.isfinite(a) & np.isfinite(b)
    count = int(both.sum())
    if count < LEAST_S:
        return float("nan"), count
    x, y = a[both] - a[both].mean(), b[both] - b[both].mean()
    size = float(np.sqrt((x @ x) * (y @ y)))
    return (float(x @ y) / size if size > 0 else float("nan")), count
