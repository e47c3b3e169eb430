"""Finds the offset between the clocks of a session and a watch's recording of the same run, or refuses.

Each offset is weighed by how likely clocks differ by it, and by the evidence of `fit_evidence`. The sum over all
offsets, against the hypotheses that the watch's file is of another run, of another run after the same plan, or of
someone who ran along, is the ratio by which the evidence favours one run. Where the model holds, another person's run
reaches a ratio of K with a probability of at most 1/K (Markov's inequality): that is the chance that is printed.
`python -m bench merge` measures it.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from untuck.errors import ReportError
from untuck.model import Floats
from untuck.report import fit_cadence, fit_dates, fit_evidence

SEARCH_S = 900  # largest offset between the clocks of watch and computer that is searched
LEAST_S = 120.0  # of running in both recordings
ACCEPTED = 1000.0  # least ratio: another person's run reaches it once in 1,000
CLOSE_S = 8  # the offset is known if so much around it holds
SURE = 0.95  # of its probability
CONTRADICTED, CONTRADICTED_SHARE = 3, 0.4  # so many starts and stops of which fewer agree veto any pattern
SAME_PLAN = 0.05  # of wrong files are of a run after the same plan,
ALONG = 0.02  # and so many of someone who ran along
_CLOCKS = ((0.5, 4.0), (0.4, 50.0))  # share and mean size in s of offsets between clocks; the rest is uniform
_NEAR_S = (
    4 * 3600.0
)  # records further from the session say nothing, and a file may hold years; zones: see _another_zone
_MOST = 1e6  # the largest ratio that is claimed


@dataclass(frozen=True)
class Match:
    """The offset between the clocks, and how well the recordings agree.

    offset_s: watch time minus session time; r: correlation of the variation of cadence; score: its distance from 0 in
    SD of chance; edges: starts and stops of the session within the watch's recording; edges_met: those that the watch
    has too; ratio: by which the evidence favours one run, at most a million; level_spm: difference of the mean cadence;
    given: the user set the offset.
    """

    offset_s: float
    r: float = 0.0
    score: float = 0.0
    edges: int = 0
    edges_met: int = 0
    ratio: float = 0.0
    level_spm: float = 0.0
    given: bool = False

    @property
    def text(self) -> str:
        """One line for the user."""
        if self.given:
            return f"offset {self.offset_s:+.0f} s as given"
        return f"offset {self.offset_s:+.0f} s: {self.evidence}; {self.chance}"

    @property
    def evidence(self) -> str:
        """What agrees."""
        return (
            f"{self.edges_met} of {self.edges} starts and stops agree, the variation of cadence correlates with "
            f"r = {self.r:.2f}, mean cadence differs by {abs(self.level_spm):.1f} steps/min"
        )

    @property
    def chance(self) -> str:
        """How often another person's run would agree as well."""
        if self.ratio < 10:
            return "another person's run would often agree as well"
        digits = 10 ** (len(str(int(self.ratio))) - 1)
        return f"another person's run would agree as well less than once in {int(self.ratio / digits) * digits:,}"


def find_offset(
    run: fit_cadence.Recorded, unix_zero_s: float, watch_s: Floats, watch_spm: Floats, paused_s: Floats | None = None
) -> Match:
    """The offset of a watch's cadence (n,) in steps/min at watch_s (n,) in unix seconds relative to a run's strides.

    unix_zero_s: unix time of the run's sensor time 0; paused_s (P,2): times at which the watch's timer stood still.
    Raises ReportError, with the best offset, if they do not match or if that cannot be said.
    """
    first_s, last_s = unix_zero_s + run.time_s[0], unix_zero_s + run.time_s[-1]
    fit_dates.check_apart(first_s, last_s, float(np.min(watch_s)), float(np.max(watch_s)))
    near = (watch_s >= first_s - _NEAR_S) & (watch_s <= last_s + _NEAR_S)
    if not near.any():
        raise ReportError(f"no record of the watch's file is near this session: they are not the same run. {BY_HAND}")
    if paused_s is not None:
        paused_s = paused_s[(paused_s[:, 1] >= first_s - _NEAR_S) & (paused_s[:, 0] <= last_s + _NEAR_S)]
    watch = fit_cadence.of_watch(watch_s[near], watch_spm[near], paused_s)
    if float(run.strides["duration_s"].sum()) < LEAST_S:
        raise ReportError(f"this session has less than {LEAST_S:.0f} s of running, too little for a match. {BY_HAND}")
    if watch.running_s < LEAST_S:
        raise ReportError(
            f"the watch's file has less than {LEAST_S:.0f} s of running with cadence, too little for a match. {BY_HAND}"
        )
    ours = fit_cadence.of_run(run, unix_zero_s, max(fit_cadence.SHORTEST_S, 1.5 * watch.interval_s))
    match, sure = weigh(ours, watch)
    if match.edges >= CONTRADICTED and match.edges_met < CONTRADICTED_SHARE * match.edges:
        match = dataclasses.replace(match, ratio=0.0)
    if match.ratio >= ACCEPTED and sure:
        return match
    raise ReportError(_refusal(match, sure) + _another_zone(ours, watch))


BY_HAND = "If it is the same run and you know the offset of the clocks, give it with --offset."


def weigh(ours: fit_cadence.Cadence, watch: fit_cadence.Cadence, around_s: int = 0) -> tuple[Match, bool]:
    """The most probable offset within SEARCH_S of around_s with its evidence, and whether it is the only one."""
    lags = np.arange(-SEARCH_S, SEARCH_S + 1) + around_s
    varied = fit_evidence.variation(ours, watch, lags)
    edges = fit_evidence.edges(ours, watch, lags)
    level, level_spm = fit_evidence.level(ours, watch)
    prior = _clock_offsets(lags - around_s)
    every = edges.log_ratio + level + varied.log_ratio + np.log(prior)
    same = float(np.logaddexp.reduce(every))
    planned = float(np.logaddexp.reduce(edges.log_ratio)) - np.log(len(lags)) + np.log(SAME_PLAN)
    along = float(np.logaddexp.reduce(edges.log_ratio + np.log(prior))) + np.log(ALONG)
    other = float(np.logaddexp.reduce([np.log1p(-SAME_PLAN - ALONG), planned, along]))
    near = np.abs(lags - lags[int(np.argmax(every))]) <= CLOSE_S
    chances = np.exp(every - same) * near
    best = int(np.searchsorted(np.cumsum(chances), 0.5 * chances.sum()))
    ratio = min(float(np.exp(np.clip(same - other, -50.0, 50.0))), _MOST)
    match = Match(
        offset_s=float(lags[best]),
        r=float(varied.r[best]),
        score=float(varied.score[best]),
        edges=int(edges.count[best]),
        edges_met=int(edges.met[best]),
        ratio=ratio,
        level_spm=level_spm,
    )
    return match, bool(chances.sum() >= SURE)


def _clock_offsets(lags: NDArray[np.int64]) -> Floats:
    """Probability of each offset before the recordings are compared."""
    out: Floats = np.full(len(lags), (1 - sum(share for share, _ in _CLOCKS)) / len(lags))
    for share, size_s in _CLOCKS:
        density = np.exp(-np.abs(lags) / size_s)
        out += share * density / density.sum()
    return out


def _refusal(match: Match, sure: bool) -> str:
    best = f"The best offset is {match.offset_s:+.0f} s: {match.evidence}"
    if match.ratio < 1:
        return (
            f"this session and the watch's file do not match: starts and stops or cadence contradict. {best}. "
            f"Check that it is the same run. {BY_HAND}"
        )
    why = match.chance if match.ratio < ACCEPTED else "other offsets fit nearly as well"
    return (
        f"this session and the watch's file do not match well enough to be sure that they are the same run. {best}; "
        f"{why}. A steady run has little to compare. {BY_HAND}"
    )


def _another_zone(ours: fit_cadence.Cadence, watch: fit_cadence.Cadence) -> str:
    """A hint if the recordings match once one of the clocks is turned by hours, else nothing."""
    for hour in (1, -1, 2, -2):
        if abs(hour) * 3600 > max(np.ptp(ours.time_s), np.ptp(watch.time_s)):
            continue
        match, sure = weigh(ours, watch, 3600 * hour)
        if match.ratio >= ACCEPTED and sure:
            return (
                f" They match if the watch's clock is set to another time zone: --offset {match.offset_s:.0f} does "
                f"that ({match.evidence}; {match.chance})."
            )
    return ""
