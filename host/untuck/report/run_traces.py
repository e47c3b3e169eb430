"""What the figures over a run draw, as arrays: running means, limits of the axis, pauses, baseline, spans of findings.

For matplotlib on the computer (figures.py) and for the phone's own SVG, so that both show the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from untuck.model import Finding, Floats, judged
from untuck.run_results import Run
from untuck.vocabulary import NotJudged, form_faults

MEAN_STRIDES = 8  # in the running mean
GAP_S = 2.0  # a longer time from one stride to the next is a pause
BLOCK_STRIDES, BLOCKS = 15, 60  # strides of a block, and blocks of a run at most, where a curve is smoothed
BARS, FEWEST = 24, 5  # error bars over a run at most, and strides of one at least
APART_S = 5.0  # the longest time without a judged stride that such a curve bridges


def limits(values: Floats, above: float = 0.25) -> tuple[float, float]:
    """The range of values without outliers, with room; above: share of it above, for marks."""
    known = values[np.isfinite(values)]
    if len(known) == 0:
        return -1.0, 1.0
    low, high = np.percentile(known, [0.2, 99.8])
    room = max(1.0, high - low)
    return float(low - 0.12 * room), float(high + above * room)


def running_mean(strides: NDArray[np.void], name: str, over: int = MEAN_STRIDES) -> tuple[Floats, Floats]:
    """Times in s and mean over `over` clean strides; NaN at pauses, so that the line is interrupted there.

    Strides without this value are left out. Stretches of fewer strides have no mean.
    """
    clean = strides[strides["valid"] & np.isfinite(strides[name])]
    kernel = np.full(over, 1 / over)
    times: list[Floats] = []
    means: list[Floats] = []
    for part in np.split(clean, np.flatnonzero(np.diff(clean["start_s"]) > GAP_S) + 1):
        if len(part) >= over:
            times += [np.convolve(part["start_s"], kernel, "valid"), part["start_s"][-1:]]
            means += [np.convolve(part[name], kernel, "valid"), np.array([np.nan])]
    if not times:
        return np.empty(0), np.empty(0)
    return np.concatenate(times)[:-1], np.concatenate(means)[:-1]


def pauses(strides: NDArray[np.void]) -> list[tuple[float, float]]:
    """Start and end, in s, of the times without strides: pauses and missing samples."""
    ends = strides["start_s"] + strides["duration_s"]
    after = np.flatnonzero(strides["start_s"][1:] - ends[:-1] > GAP_S)
    return [(float(ends[at]), float(strides["start_s"][at + 1])) for at in after]


def baseline_curve(run: Run, usual: str = "tilt_usual_deg", least: str = "tuck_least_deg") -> tuple[Floats, Floats]:
    """(S,) what each stride's tilt was compared with, and the smallest tuck that is found; NaN where it was not.

    usual, least: the fields of both, for something else than tilt.
    """
    compared = judged(run.strides)
    return np.where(compared, run.strides[usual], np.nan), np.where(compared, run.strides[least], np.nan)


def block_means(strides: NDArray[np.void], name: str, error: str) -> tuple[Floats, Floats, Floats]:
    """Times in s, means and standard errors of blocks of clean strides that follow each other.

    error: the field of each stride's standard error, which strides of a block share: it does not become less.
    """
    clean = strides[strides["valid"] & np.isfinite(strides[name]) & np.isfinite(strides[error])]
    size = max(BLOCK_STRIDES, len(clean) // BARS)
    found = []
    for part in np.split(clean, np.flatnonzero(np.diff(clean["start_s"]) > APART_S) + 1):
        for block in np.array_split(part, max(1, len(part) // size)):
            if len(block) >= FEWEST:
                of_scatter = np.std(block[name], ddof=1) / np.sqrt(len(block))
                se = np.hypot(of_scatter, np.median(block[error]))
                found.append((block["start_s"].mean(), block[name].mean(), se))
    times, means, errors = np.array(found).reshape(-1, 3).T
    return times, means, errors


def smoothed(strides: NDArray[np.void], values: Floats, widths: Floats) -> tuple[Floats, Floats, Floats]:
    """Times, values and widths, medians of blocks of strides; NaN between strides that are further apart than APART_S.

    What can be found differs a little from stride to stride, which would be a comb along the band.
    """
    known = np.isfinite(values)
    start_s, pair = strides["start_s"][known], np.stack([values[known], widths[known]], axis=1)
    times: list[Floats] = []
    medians: list[Floats] = []
    for part in np.split(np.arange(len(start_s)), np.flatnonzero(np.diff(start_s) > APART_S) + 1):
        blocks = np.array_split(part, max(1, len(part) // max(BLOCK_STRIDES, len(start_s) // BLOCKS)))
        middle = np.array([np.median(pair[block], axis=0) for block in blocks])
        times += [
            start_s[part[:1]],
            np.array([start_s[block].mean() for block in blocks]),
            start_s[part[-1:]],
            np.array([np.nan]),
        ]
        medians += [middle[:1], middle, middle[-1:], np.full((1, 2), np.nan)]
    return np.concatenate(times), *np.concatenate(medians).T


def baseline_taken(run: Run, name: str = "tilt_deg") -> tuple[tuple[float, float], float] | None:
    """Start and end, in s, of the strides that the baseline is of, and their median tilt; None if there are none.

    name: of another field than tilt; strides without it are left out.
    """
    taken = run.strides[run.strides["reason"] == NotJudged.BASELINE]
    taken = taken[np.isfinite(taken[name])]
    if run.baseline is None or not len(taken):
        return None
    span_s = float(taken["start_s"][0]), float(taken["start_s"][-1] + taken["duration_s"][-1])
    return span_s, float(np.median(taken[name]))


def finding_spans(run: Run) -> Iterator[tuple[Finding, float]]:
    """Findings of vocabulary.form_faults, each with its end in s; of one that lasts the end of the last stride."""
    last_s = float(run.strides["start_s"][-1] + run.strides["duration_s"][-1]) if len(run.strides) else 0.0
    for finding in run.findings:
        if finding.fault in form_faults(finding.trunk):
            yield finding, last_s if finding.active else finding.end_s
