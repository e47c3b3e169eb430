"""Parts of a run, to show fatigue and retention: its thirds, its last fifth, and the four fifths before that.

Parts are divided by running time, without pauses. Means are over clean strides; their standard errors are over blocks
of strides, because neighbouring strides are correlated.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from untuck.model import Finding, Floats, judged
from untuck.vocabulary import form_faults

BLOCK_STRIDES, BLOCK_FORM = 10, 40
_SHARES = (
    ("first third", 0.0, 1 / 3),
    ("second third", 1 / 3, 2 / 3),
    ("last third", 2 / 3, 1.0),
    ("first four fifths", 0.0, 0.8),
    ("last fifth", 0.8, 1.0),
)
THIRDS = tuple(name for name, _, _ in _SHARES[:3])


@dataclass(frozen=True)
class RunPart:
    """A part of a run: sensor times, clean strides, share of the judged ones in good form, means and standard errors.

    means, errors: by STRIDE_DTYPE's names, None where unknown. in_form_error_pct: standard error of that share, over
    blocks of BLOCK_FORM judged strides, which are longer than most faults.
    """

    name: str
    start_s: float
    end_s: float
    strides: int
    in_form_pct: float | None
    means: dict[str, float | None]
    errors: dict[str, float | None]
    in_form_error_pct: float | None = None


FOLLOWED = (
    "tilt_deg",
    "pelvic_lean_deg",
    "cadence_spm",
    "contact_left_ms",
    "contact_right_ms",
    "oscillation_mm",
    "pullback_left_deg",
    "pullback_right_deg",
    "trunk_lean_deg",
    "lumbar_deg",
)


def parts_of(strides: NDArray[np.void], findings: Sequence[Finding]) -> tuple[RunPart, ...]:
    """The parts of a run with strides STRIDE_DTYPE; none for fewer than three strides."""
    if len(strides) < 3:
        return ()
    ran_s = np.cumsum(strides["duration_s"])
    share = (ran_s - 0.5 * strides["duration_s"]) / ran_s[-1]
    form = in_form(strides, findings)
    parts = []
    for name, low, high in _SHARES:
        inside = (share >= low) & (share < high)
        if inside.any():
            parts.append(_part(name, strides[inside], form[inside]))
    return tuple(parts)


def in_form(strides: NDArray[np.void], findings: Sequence[Finding]) -> NDArray[np.bool_]:
    """(S,) whether no finding of vocabulary.form_faults was active at the start of the stride."""
    form = np.ones(len(strides), dtype=bool)
    for finding in findings:
        if finding.fault in form_faults(finding.trunk):  # other faults are only shown
            end_s = math.inf if finding.active else finding.end_s
            form &= (strides["start_s"] < finding.start_s) | (strides["start_s"] >= end_s)
    return form


def mean_and_error(values: Floats, block: int = BLOCK_STRIDES) -> tuple[float | None, float | None]:
    """Mean of values (n,) in order of time, and its standard error from means of blocks; None where unknown."""
    known = values[np.isfinite(values)]
    if len(known) == 0:
        return None, None
    blocks = len(known) // block
    if blocks < 3:
        return float(known.mean()), None
    means = known[: blocks * block].reshape(blocks, block).mean(axis=1)
    return float(known.mean()), float(means.std(ddof=1) / math.sqrt(blocks))


def _part(name: str, strides: NDArray[np.void], form: NDArray[np.bool_]) -> RunPart:
    clean, compared = strides["valid"], judged(strides)
    both = {field: mean_and_error(strides[field][clean]) for field in FOLLOWED}
    share, share_error = mean_and_error(100.0 * form[compared].astype(np.float64), BLOCK_FORM)
    return RunPart(
        name=name,
        start_s=float(strides["start_s"][0]),
        end_s=float(strides["start_s"][-1] + strides["duration_s"][-1]),
        strides=int(clean.sum()),
        in_form_pct=share,
        means={field: mean for field, (mean, _) in both.items()},
        errors={field: error for field, (_, error) in both.items()},
        in_form_error_pct=share_error,
    )
