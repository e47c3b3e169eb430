"""How much the recordings of a session and a watch speak for one run, at each offset of their clocks.

Three likelihood ratios of "the same run" against "another person's run": fine variation of cadence, starts and stops,
and the mean cadence. All are arrays over the same offsets. The variation is the rest after a running mean of a minute,
without the seconds after a start and before a stop, which are alike in all runs. Neighbouring seconds are alike, so the
correlation's variance follows Bartlett (J. R. Stat. Soc. Suppl. 8, 1946) from both autocorrelations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from untuck.model import Floats
from untuck.report.fit_cadence import Bouts, Cadence, inside

MEAN_S = 60.0  # slower changes of cadence are similar in all runs
AVERAGES_S = ((1, (0, 1)), (5, (0, 2)), (9, (0, 4)))  # over which a watch may average, and how late it may be
LEAST = 30  # values on which a correlation rests
MATCHED = 0.95  # share of a session's starts and stops that the watch of the same run has
DROPOUT = 0.25  # share of a watch's other stops that are lost values
EDGE_SD_S, EDGE_WIDE_S, EDGE_WIDE = 1.5, 8.0, 0.15  # error of a start or stop, and of the share of bad ones
EDGE_MET_S = 6.0  # within which a start or stop counts as the same
LEVEL_SD_SPM, LEVEL_WIDE = 1.2, 0.05  # error of the mean cadence in the same run; share of watches that are worse
PEOPLE_SD_SPM = 10.0  # difference of the mean cadence between two runs of different people
_NOISE_SPM = 0.5  # of a watch beyond its resolution
_UNRELATED = 0.03  # share of true pairs in which the variation does not agree although it should
_EXPECTED = np.linspace(0.35, 1.0, 14)  # correlations in true pairs, as shares of what the noise of the watch allows
_ANY = np.linspace(0.05, 0.95, 14)  # the same if that noise is another one
_LARGEST = 60.0  # log ratio; larger ones say nothing more


@dataclass(frozen=True, eq=False)
class Variation:
    """Over offsets: log ratio, r of the best average, and its distance from 0 in SD of chance."""

    log_ratio: Floats
    r: Floats
    score: Floats


def variation(ours: Cadence, watch: Cadence, lags: NDArray[np.int64]) -> Variation:
    """Evidence of the fine variation of cadence; lags (L,) increasing whole seconds: watch time minus session time."""
    first = np.floor(min(ours.time_s[0], watch.time_s[0]))
    grid = first + np.arange(int(max(ours.time_s[-1], watch.time_s[-1]) - first) + 2)
    theirs, theirs_on = _on_grid(watch, grid)
    width = max(MEAN_S, 12 * watch.interval_s)
    w = _rest(theirs, theirs_on, width)
    on = ours.bouts.interior(grid) & _among_strides(ours, grid)
    dense = np.where(on, np.interp(grid, ours.time_s, ours.spm), 0.0)
    latest = max(late for _, lates in AVERAGES_S for late in lates)
    more = np.arange(lags[0], lags[-1] + latest + 1)
    found = []
    for average, lates in AVERAGES_S:
        x = _rest(_box(dense, average) / np.maximum(_box(on * 1.0, average), 1e-9), on, width)
        each = _compare(x, on, w, theirs_on, lags=more, step_spm=watch.step_spm)
        found += [np.array([each.log_ratio, each.r, each.score])[:, late : late + len(lags)] for late in lates]
    ratios, r, score = np.stack(found, axis=1)
    pick = (ratios.argmax(axis=0), np.arange(len(lags)))
    return Variation(np.logaddexp.reduce(ratios, axis=0) - np.log(len(ratios)), r[pick], score[pick])


def _among_strides(ours: Cadence, grid: Floats) -> NDArray[np.bool_]:
    """Whether each second has strides close before and after it."""
    k = np.clip(np.searchsorted(ours.time_s, grid), 1, len(ours.time_s) - 1)
    close = ours.time_s[k] - ours.time_s[k - 1] <= 2.5
    among: NDArray[np.bool_] = close & (grid >= ours.time_s[0]) & (grid <= ours.time_s[-1])
    return among


def _on_grid(watch: Cadence, grid: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """The watch's values in the seconds of its records, and where they count."""
    use = np.isfinite(watch.spm) & (watch.spm > 0) & watch.bouts.interior(watch.time_s)
    at = np.rint(watch.time_s[use] - grid[0]).astype(np.int64)
    values, known = np.zeros(len(grid)), np.zeros(len(grid), bool)
    values[at], known[at] = watch.spm[use], True
    return values, known


def _box(values: NDArray[np.floating], width_s: float) -> Floats:
    """Centred sum over width_s."""
    half = int(width_s) // 2
    total = np.concatenate([np.zeros(half + 1), np.cumsum(values), np.full(half, values.sum())])
    out: Floats = total[2 * half + 1 :] - total[: len(values)]
    return out


def _rest(values: Floats, known: NDArray[np.bool_], width_s: float) -> Floats:
    """Values minus their mean over width_s; 0 where unknown. Outliers are cut at 3 robust SD."""
    filled = np.where(known, values, 0.0)
    rest = np.where(known, filled - _box(filled, width_s) / np.maximum(_box(known * 1.0, width_s), 1.0), 0.0)
    if known.any():
        most = 3 * max(1.48 * float(np.median(np.abs(rest[known]))), 1.0)
        rest = np.clip(rest, -most, most)
    return rest


def _compare(
    x: Floats, x_on: NDArray[np.bool_], w: Floats, w_on: NDArray[np.bool_], lags: NDArray[np.int64], step_spm: float
) -> Variation:
    """Correlation at each lag where both are known, by Fourier transforms, and what it says."""
    size = 1 << int(np.ceil(np.log2(len(x) + int(np.abs(lags).max()) + 2)))
    fx, fxx, fm = (np.fft.rfft(a, size) for a in (x, x * x, x_on * 1.0))
    fw, fww, fv = (np.fft.rfft(a, size) for a in (w, w * w, w_on * 1.0))

    def at(a: NDArray[np.complex128], b: NDArray[np.complex128]) -> Floats:
        out: Floats = np.fft.irfft(np.conj(a) * b, size)[lags]
        return out

    n = np.maximum(np.rint(at(fm, fv)), 0.0)
    some = np.maximum(n, 1.0)
    sx, sw = at(fx, fv), at(fm, fw)
    vx, vw = at(fxx, fv) - sx * sx / some, at(fm, fww) - sw * sw / some
    floor = 1e-3 * some
    r = np.where((vx > floor) & (vw > floor), (at(fx, fw) - sx * sw / some) / np.sqrt(np.maximum(vx * vw, 1e-9)), 0.0)
    r = np.where(n >= LEAST, np.clip(r, -0.99, 0.99), 0.0)
    usable = np.where(n >= LEAST, n, 0.0) / _like_neighbours(fx, fm, fw, size)
    z, sd_x, sd_w = np.arctanh(r), np.sqrt(np.maximum(vx, 0) / some), np.sqrt(np.maximum(vw, 0) / some)
    noise2 = step_spm**2 / 12 + _NOISE_SPM**2
    largest = np.minimum(np.sqrt(np.maximum(sd_w**2 - noise2, 0.0)), sd_x) / np.maximum(sd_w, 1e-9)
    assumed = np.hstack([np.minimum(largest, 0.95)[:, None] * _EXPECTED, np.tile(_ANY, (len(lags), 1))])
    expected = np.arctanh(assumed)
    log_ratio = usable[:, None] * (expected * z[:, None] - expected**2 / 2)
    same = np.logaddexp.reduce(log_ratio, axis=1) - np.log(assumed.shape[1])
    both = np.logaddexp(np.log1p(-_UNRELATED) + np.minimum(same, _LARGEST), np.log(_UNRELATED))
    return Variation(both, r, z * np.sqrt(usable))


def _like_neighbours(
    fx: NDArray[np.complex128], fm: NDArray[np.complex128], fw: NDArray[np.complex128], size: int
) -> float:
    """How many neighbouring values count as one, at least 1, by Bartlett's formula for two autocorrelated series."""
    reach = slice(1, int(1.5 * MEAN_S))
    auto_x, count = np.fft.irfft(np.abs(fx) ** 2, size), np.fft.irfft(np.abs(fm) ** 2, size)
    auto_w = np.fft.irfft(np.abs(fw) ** 2, size)
    if auto_x[0] <= 0 or auto_w[0] <= 0:
        return 1.0
    rho = auto_x[reach] / np.maximum(count[reach], 1.0) / (auto_x[0] / max(count[0], 1.0))
    return float(max(1.0 + 2.0 * np.sum(rho * auto_w[reach] / auto_w[0]), 1.0))


@dataclass(frozen=True, eq=False)
class Edges:
    """Over offsets: log ratio, count of the session's starts and stops the watch could have, and of those it has."""

    log_ratio: Floats
    count: NDArray[np.int64]
    met: NDArray[np.int64]


def edges(ours: Cadence, watch: Cadence, lags: NDArray[np.int64]) -> Edges:
    """Evidence of starts and stops. Where a watch recorded nothing it may have been paused, or have lost data."""
    sd_s = float(np.hypot(EDGE_SD_S, 0.3 * watch.interval_s))
    met_s = EDGE_MET_S + watch.interval_s / 2
    found = _edges(ours.bouts, watch.bouts, lags, sd_s, met_s)
    if watch.paused is None:
        return found
    paused = _edges(ours.bouts, watch.paused, lags, sd_s, met_s)
    better = paused if paused.log_ratio.max() > found.log_ratio.max() else found
    return Edges(np.logaddexp(found.log_ratio, paused.log_ratio) - np.log(2), better.count, better.met)


def _edges(ours: Bouts, watch: Bouts, lags: NDArray[np.int64], sd_s: float, met_s: float) -> Edges:
    """Starts and stops that agree, and those that only one recording has."""
    total, count, met = np.zeros(len(lags)), np.zeros(len(lags), np.int64), np.zeros(len(lags), np.int64)
    for starts in (True, False):
        mine, theirs = ours.edges(starts), watch.edges(starts)
        known_s = np.diff(watch.known_s, axis=1).sum()
        rate = (len(theirs) + 0.2) / max(float(known_s), 60.0)
        apart, seen = _apart(mine[None, :] + lags[:, None], theirs, watch.known_s)
        total += np.where(seen, np.log(MATCHED * _same_edge(apart, sd_s) / _chance(apart, rate) + 1 - MATCHED), 0).sum(
            1
        )
        count += seen.sum(1)
        met += (seen & (np.abs(apart) <= met_s)).sum(1)
        back, looked = _apart(theirs[None, :] - lags[:, None], mine, ours.known_s)
        total += np.where(looked & (np.abs(back) > 2 * EDGE_WIDE_S), np.log(DROPOUT), 0).sum(1)
    return Edges(total, count, met)


def _apart(times_s: Floats, others_s: Floats, known_s: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Signed distance of each time to the nearest other, and whether the other recording knows that time."""
    margin = 2 * EDGE_WIDE_S
    seen = inside(times_s - margin, known_s) & inside(times_s + margin, known_s)
    if len(others_s) == 0:
        return np.full(times_s.shape, 1e6), seen
    k = np.clip(np.searchsorted(others_s, times_s), 1, max(len(others_s) - 1, 1))
    before, after = others_s[k - 1] - times_s, others_s[np.minimum(k, len(others_s) - 1)] - times_s
    return np.where(np.abs(before) < np.abs(after), before, after), seen


def _same_edge(apart_s: Floats, sd_s: float) -> Floats:
    """Density of the distance in the same run, in 1/s."""
    return (1 - EDGE_WIDE) * _normal(apart_s, sd_s) + EDGE_WIDE * _normal(apart_s, max(EDGE_WIDE_S, sd_s))


def _chance(apart_s: Floats, rate: float) -> Floats:
    """Density of the distance to the nearest of random starts, in 1/s."""
    density: Floats = rate * np.exp(-2 * rate * np.minimum(np.abs(apart_s), 5 / rate))
    return density


def _normal(value: Floats, sd: float) -> Floats:
    density: Floats = np.exp(-0.5 * np.minimum((value / sd) ** 2, 200.0)) / (sd * np.sqrt(2 * np.pi))
    return density


def level(ours: Cadence, watch: Cadence) -> tuple[float, float]:
    """Log ratio of the mean cadence while running, and watch minus session in steps/min. Some watches round down."""
    use = np.isfinite(watch.spm) & watch.bouts.interior(watch.time_s)
    mine = ours.bouts.interior(ours.time_s)
    if use.sum() < LEAST or mine.sum() < LEAST:
        return 0.0, 0.0
    apart = float(np.median(_blocks(watch.spm[use])) - np.median(_blocks(ours.spm[mine])))
    values = np.array([apart, apart + 0.5 * watch.step_spm])
    same = (
        (1 - LEVEL_WIDE) * float(_normal(values, LEVEL_SD_SPM).mean()) / float(_normal(np.array(apart), PEOPLE_SD_SPM))
    )
    return float(np.log(same + LEVEL_WIDE)), apart


def _blocks(values: Floats) -> Floats:
    """Means of ten neighbouring values: a median of rounded values would be rounded."""
    whole = len(values) // 10 * 10
    means: Floats = values[:whole].reshape(-1, 10).mean(axis=1)
    return means
