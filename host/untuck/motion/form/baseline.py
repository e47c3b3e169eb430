"""The runner's own good form: clean strides gathered into cadence bins, with how much they vary naturally.

One bin for each pace, with means, harmonics of the rotation curve, and their scatter between blocks of strides. Bins
are made here; reference.py decides which one a stride is compared with, and when another is added.
"""

from __future__ import annotations

from dataclasses import fields, replace
from math import nan
from typing import Any, NamedTuple

import numpy as np

from untuck.errors import BaselineError, TuckedBaselineError
from untuck.model import Baseline, Floats
from untuck.motion.params import Params
from untuck.motion.strides.phase_grid import BASIS, HARMONICS
from untuck.motion.strides.stride import Stride


def harmonics(curve: Floats) -> Floats:
    """Cosine and sine parts (HARMONICS, 2) of a curve (PHASES,) over one stride."""
    return BASIS @ curve


def make_baseline(strides: list[Stride], params: Params, least_tilt_deg: float) -> Baseline:
    """Baseline from clean strides, whose mean tilt must lie above least_tilt_deg, against standing.

    Raises BaselineError where there are too few, TuckedBaselineError where the tilt says "recorded tucked".
    """
    if len(strides) < params.baseline_min_share * params.baseline_strides:
        raise BaselineError(
            f"Only {len(strides)} clean strides: a baseline takes {params.baseline_strides} of easy, steady running."
        )
    tilt = np.array([float(s.record["tilt_deg"]) for s in strides])
    if tilt.mean() <= least_tilt_deg:
        raise TuckedBaselineError(
            f"Recorded tucked: the pelvis tips {tilt.mean():+.1f} deg against standing, and in running it should tip "
            "forward. Let the belt tip forward, or stand again to set the zero: the baseline is taken again."
        )
    bins = [make_bin([strides[k] for k in np.flatnonzero(group)], params) for group in _groups(strides, params)]
    start_s = float(strides[0].record["start_s"])
    end_s = float(strides[-1].record["start_s"] + strides[-1].record["duration_s"])
    return replace(joined(bins), start_s=start_s, end_s=end_s)


def make_bin(strides: list[Stride], params: Params) -> Baseline:
    """A baseline of one bin from at least two strides at one pace, in order.

    Tilt is their median: joggers' tilt drops by several degrees for two to four strides now and then.
    """

    def column(name: str) -> Floats:
        return np.array([float(s.record[name]) for s in strides])

    tilt, travel = column("tilt_deg"), column("travel_deg")
    lean, lumbar = (_of_trunk(column(name), params) for name in ("trunk_lean_deg", "lumbar_deg"))
    curve = np.mean([s.rotation for s in strides], axis=0)
    parts = np.array([s.harmonics for s in strides])
    return Baseline(
        cadence_spm=np.array([column("cadence_spm").mean()]),
        strides=np.array([len(strides)], dtype=np.int64),  # a browser has int32 by default
        contact_ms=np.array([0.5 * (column("contact_left_ms") + column("contact_right_ms")).mean()]),
        tilt_deg=np.array([np.median(tilt)]),
        tilt_sd_deg=np.array([median_sd(tilt, params.wander_strides)]),
        obliquity_range_deg=np.array([column("obliquity_range_deg").mean()]),
        rotation_range_deg=np.array([column("rotation_range_deg").mean()]),
        travel_deg=np.array([travel.mean()]),
        travel_sd_deg=np.array([_block_sd(travel, params.held_strides)]),
        lean_deg=lean[:1],
        lean_sd_deg=lean[1:],
        lumbar_deg=lumbar[:1],
        lumbar_sd_deg=lumbar[1:],
        rotation_deg=np.degrees(curve)[None],
        rotation_sd_deg=np.degrees(_harmonic_sd(parts, params.pullback_strides))[None],
    )


def _of_trunk(values: Floats, params: Params) -> Floats:
    """Median of a measure of the trunk, and SD of medians as that of tilt; NaN where most strides have none."""
    known = values[np.isfinite(values)]
    if len(known) < max(2.0, params.baseline_min_share * len(values)):
        return np.array([nan, nan])
    return np.array([np.median(known), median_sd(known, params.wander_strides)])


def joined(bins: list[Baseline]) -> Baseline:
    """One baseline of the bins of several, with the span of the first."""
    columns: dict[str, Any] = {name: np.concatenate([getattr(each, name) for each in bins]) for name in _BINNED}
    return replace(bins[0], **columns)


def with_bin(baseline: Baseline, at: int, new: Baseline) -> Baseline:
    """The baseline with bin `at` replaced by the one of `new`, or with that added behind its last."""
    columns: dict[str, Any] = {}
    for name in _BINNED:
        old, value = getattr(baseline, name), getattr(new, name)
        columns[name] = np.concatenate([old[:at], value, old[at + 1 :]])
    return replace(baseline, **columns)


_BINNED = tuple(each.name for each in fields(Baseline) if each.name not in ("start_s", "end_s"))


def _groups(strides: list[Stride], params: Params) -> list[np.ndarray]:
    """Masks of the strides at each pace, by their cadence smoothed, the first centred on the median."""
    cadence = np.array([float(s.record["cadence_spm"]) for s in strides])
    width = params.baseline_smooth_strides
    sums = np.convolve(cadence, np.ones(width), "same")
    smooth = sums / np.convolve(np.ones(len(cadence)), np.ones(width), "same")
    number = np.round((smooth - np.median(smooth)) / params.baseline_bin_spm).astype(int)
    values, counts = np.unique(number, return_counts=True)
    large = values[counts >= params.baseline_bin_min_strides]
    if len(large) == 0:
        return [np.ones(len(cadence), dtype=bool)]
    nearest = large[np.argmin(abs(number[:, None] - large[None, :]), axis=1)]
    return [nearest == value for value in large]


def median_sd(values: Floats, width: int) -> float:
    """SD of medians over `width` strides as they follow each other, at least what chance alone would give."""
    chance = 1.25 * float(values.std(ddof=1)) / np.sqrt(min(width, len(values)))  # of a median of Gaussian values
    if len(values) < 2 * width:
        return float(chance)
    medians = np.median(np.lib.stride_tricks.sliding_window_view(values, width), axis=1)
    return max(float(chance), float(medians.std()))


def _block_sd(values: Floats, width: int) -> float:
    """SD of means over `width` strides as they follow each other, never below what chance alone would give."""
    chance = float(values.std(ddof=1)) / np.sqrt(width)
    blocks = np.convolve(values, np.full(width, 1 / width), "valid")
    return max(chance, float(blocks.std())) if len(blocks) > 1 else float(chance)


def _harmonic_sd(parts: Floats, width: int) -> Floats:
    """SD (HARMONICS, 2) of means over `width` strides of harmonics (n, HARMONICS, 2)."""
    chance = parts.std(axis=0, ddof=1) / np.sqrt(width)
    sums = np.cumsum(np.concatenate([np.zeros((1, HARMONICS, 2)), parts]), axis=0)
    if len(parts) <= width:
        return np.asarray(chance)
    blocks = (sums[width:] - sums[:-width]) / width
    natural: Floats = np.maximum(chance, blocks.std(axis=0))
    return natural


class Bin(NamedTuple):
    """One bin of a Baseline as plain numbers, which are quicker to compare one at a time than arrays."""

    cadence_spm: float
    strides: int
    contact_ms: float
    tilt_deg: float
    tilt_sd_deg: float
    obliquity_range_deg: float
    rotation_range_deg: float
    travel_deg: float
    travel_sd_deg: float
    lean_deg: float = nan
    lean_sd_deg: float = nan
    lumbar_deg: float = nan
    lumbar_sd_deg: float = nan


def bins_of(baseline: Baseline) -> list[Bin]:
    """The bins of a baseline, in its order."""
    columns = [getattr(baseline, name).tolist() for name in Bin._fields]
    return [Bin(*row) for row in zip(*columns, strict=True)]
