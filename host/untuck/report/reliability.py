"""What could be found in a run, and how often chance finds something: from the run's own strides.

A fault is found from the depth on at which it exceeds the runner's own wandering; both are known for every stride. The
tuck's test upside down, on rises of tilt, shows how often wandering alone passes it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from untuck.model import Floats, judged
from untuck.run_results import Run

_PRIOR_H = 1.0  # hours with one false finding that count as seen: natural joggers have one to two an hour


@dataclass(frozen=True)
class Reliability:
    """judged: strides compared with the baseline, and their share of all in per cent, those of the baseline left out.

    tuck_least_deg, pullback_least_deg: smallest that is found in nine of ten, if it lasts for 20 strides; None where
    nothing was judged. false_per_h: false cues an hour as estimated from the rises of
    tilt in this run and an hour of other joggers, which alone says something about a short run.
    """

    judged: int
    judged_pct: float | None
    tuck_least_deg: float | None
    pullback_least_deg: float | None
    false_per_h: float | None


def reliability_of(run: Run) -> Reliability:
    """What could be found in a run."""
    compared = judged(run.strides)
    asked = len(run.strides) - int((run.strides["reason"] == "baseline").sum())
    hours = float(run.strides["duration_s"][compared].sum()) / 3600.0
    return Reliability(
        judged=int(compared.sum()),
        judged_pct=100.0 * float(compared.sum()) / asked if asked else None,
        tuck_least_deg=_median(run.strides["tuck_least_deg"][compared]),
        pullback_least_deg=_median(run.strides["pullback_least_deg"][compared]),
        false_per_h=(1.0 + len(run.chance_s)) / (_PRIOR_H + hours) if compared.any() else None,
    )


def _median(values: Floats) -> float | None:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else None
