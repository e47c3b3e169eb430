"""What a second clip showed of the trunk in a run, as values: lean, the lumbar spine, and when nothing was measured.

Lean and lumbar extension are compared with the runner's own, as the judge compared each stride. A run of one clip has
no such values.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from untuck.model import Floats, judged
from untuck.report.numbers import finite
from untuck.report.run_parts import mean_and_error
from untuck.run_results import Run

GAP_S = 5.0  # a shorter time without the trunk is not listed
PAUSE_S = 2.0  # a longer time from one stride to the next ends a stretch of running


@dataclass(frozen=True)
class TrunkGap:
    """A stretch of running in which the trunk was not measured. reason: the most frequent one, of NoTrunk."""

    start_s: float
    end_s: float
    reason: str


@dataclass(frozen=True)
class Spine:
    """What the second clip showed.

    measured: strides with a trunk; missing: those without, by reason of vocabulary.NoTrunk; gaps: stretches of running
    without one. lean_usual_deg, lumbar_usual_deg: medians of what the judged strides were compared with;
    lean_against_deg, lumbar_against_deg: mean differences from it, and their standard errors; lean_least_deg,
    lumbar_least_deg: smallest change that is found in nine of ten, if it lasts for 20 strides; calibration: how the
    clip's mount was found, and its error in degrees. None: unknown, as where no stride was judged.
    """

    measured: int
    missing: dict[str, int]
    gaps: tuple[TrunkGap, ...]
    lean_usual_deg: float | None
    lean_against_deg: float | None
    lean_against_se_deg: float | None
    lean_least_deg: float | None
    lumbar_usual_deg: float | None
    lumbar_against_deg: float | None
    lumbar_against_se_deg: float | None
    lumbar_least_deg: float | None
    calibration: str = ""
    calibration_error_deg: float | None = None


def spine_of(run: Run) -> Spine | None:
    """What the second clip showed; None if there was none."""
    if run.trunk is None:
        return None
    strides = run.strides
    measured = strides["trunk_reason"] == ""
    compared = strides[judged(strides) & measured]
    lean_deg, lean_se_deg = mean_and_error(compared["trunk_lean_deg"] - compared["trunk_lean_usual_deg"])
    lumbar_deg, lumbar_se_deg = mean_and_error(compared["lumbar_deg"] - compared["lumbar_usual_deg"])
    return Spine(
        measured=int(measured.sum()),
        missing=dict(Counter(str(reason) for reason in strides["trunk_reason"] if reason)),
        gaps=trunk_gaps(strides),
        lean_usual_deg=_median(compared["trunk_lean_usual_deg"]),
        lean_against_deg=lean_deg,
        lean_against_se_deg=lean_se_deg,
        lean_least_deg=_median(compared["trunk_lean_least_deg"]),
        lumbar_usual_deg=_median(compared["lumbar_usual_deg"]),
        lumbar_against_deg=lumbar_deg,
        lumbar_against_se_deg=lumbar_se_deg,
        lumbar_least_deg=_median(compared["lumbar_least_deg"]),
        calibration=run.trunk.calibration.source,
        calibration_error_deg=finite(run.trunk.calibration.error_deg),
    )


def trunk_gaps(strides: NDArray[np.void]) -> tuple[TrunkGap, ...]:
    """The stretches of at least GAP_S of running in strides STRIDE_DTYPE in which the trunk was not measured."""
    if len(strides) == 0:
        return ()
    ends = strides["start_s"] + strides["duration_s"]
    without = strides["trunk_reason"] != ""
    breaks = (np.diff(without) != 0) | (strides["start_s"][1:] - ends[:-1] > PAUSE_S)
    gaps = []
    for part in np.split(np.arange(len(strides)), np.flatnonzero(breaks) + 1):
        start_s, end_s = float(strides["start_s"][part[0]]), float(ends[part[-1]])
        if without[part[0]] and end_s - start_s >= GAP_S:
            reasons = Counter(str(reason) for reason in strides["trunk_reason"][part])
            gaps.append(TrunkGap(start_s, end_s, reasons.most_common(1)[0][0]))
    return tuple(gaps)


def _median(values: Floats) -> float | None:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else None
