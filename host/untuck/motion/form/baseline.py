"""The runner's own good form: clean strides gathered into cadence bins, with how much they vary naturally.

Means per bin, harmonics of the rotation curve, and their scatter between blocks of strides. It never adapts in a run.
Building a baseline, and finding the bin that fits a cadence, live here.
"""

from __future__ import annotations

from typing import NamedTuple

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
            "forward. Let the belt tip forward, or stand again to set the zero: the baseline is taken anew."
        )
    travel = np.array([float(s.record["travel_deg"]) for s in strides])
    cadence = np.array([float(s.record["cadence_spm"]) for s in strides])
    groups = _bins(cadence, params)
    curves = np.array([s.rotation for s in strides])
    parts = np.array([s.harmonics for s in strides])

    def mean(name: str) -> Floats:
        values = np.array([float(s.record[name]) for s in strides])
        return np.array([values[g].mean() for g in groups])

    return Baseline(
        cadence_spm=np.array([cadence[g].mean() for g in groups]),
        strides=np.array([int(g.sum()) for g in groups]),
        contact_ms=0.5 * (mean("contact_left_ms") + mean("contact_right_ms")),
        tilt_deg=mean("tilt_deg"),
        tilt_sd_deg=np.array([_block_sd(tilt[g], params.tuck_strides) for g in groups]),
        obliquity_range_deg=mean("obliquity_range_deg"),
        rotation_range_deg=mean("rotation_range_deg"),
        travel_deg=mean("travel_deg"),
        travel_sd_deg=np.array([_block_sd(travel[g], params.held_strides) for g in groups]),
        rotation_deg=np.degrees(np.array([curves[g].mean(axis=0) for g in groups])),
        rotation_sd_deg=np.degrees(np.array([_harmonic_sd(parts[g], params.pullback_strides) for g in groups])),
        start_s=float(strides[0].record["start_s"]),
        end_s=float(strides[-1].record["start_s"] + strides[-1].record["duration_s"]),
    )


def _bins(cadence: Floats, params: Params) -> list[np.ndarray]:
    """Masks of the strides in each cadence bin, one of them centred on the median; small bins join the nearest."""
    number = np.round((cadence - np.median(cadence)) / params.baseline_bin_spm).astype(int)
    values, counts = np.unique(number, return_counts=True)
    large = values[counts >= params.baseline_bin_min_strides]
    if len(large) == 0:
        return [np.ones(len(cadence), dtype=bool)]
    nearest = large[np.argmin(abs(number[:, None] - large[None, :]), axis=1)]
    return [nearest == value for value in large]


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
    """One cadence bin of a Baseline as plain numbers, which are quicker to compare one at a time than arrays."""

    cadence_spm: float
    contact_ms: float
    tilt_deg: float
    tilt_sd_deg: float
    obliquity_range_deg: float
    rotation_range_deg: float
    travel_deg: float
    travel_sd_deg: float


def bins_of(baseline: Baseline) -> list[Bin]:
    """The bins of a baseline, in its order."""
    columns = [getattr(baseline, name).tolist() for name in Bin._fields]
    return [Bin(*row) for row in zip(*columns, strict=True)]


def nearest(bins: list[Bin], cadence_spm: float) -> int:
    """The bin nearest to a cadence."""
    return min(range(len(bins)), key=lambda at: abs(bins[at].cadence_spm - cadence_spm)) if len(bins) > 1 else 0


def match(bins: list[Bin], cadence_spm: float, contact_ms: float, params: Params) -> int:
    """The bin nearest to a cadence, or -1 if cadence or contact time say that the speed is another."""
    at = nearest(bins, cadence_spm)
    off_pct = 100.0 * abs(cadence_spm / bins[at].cadence_spm - 1.0)
    contact_off_pct = 100.0 * abs(contact_ms / bins[at].contact_ms - 1.0)
    if off_pct > params.baseline_match_pct or contact_off_pct > params.baseline_contact_pct:
        return -1
    return at
