"""What was found in a run under a condition: hits, wrong sides, false findings, cues, judged strides, tilt errors."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

import untuck
from bench.lib.condition_cases import ConditionCase
from bench.lib.scoring import CUED, score_false, score_faults, tilt_errors


@dataclass
class Counts:
    """What was found in one run: (hits, faults) by kind, false findings, cues; strides; errors of stride tilt."""

    runner: str
    hits: dict[str, tuple[int, int]] = field(default_factory=dict)
    wrong: int = 0
    false: int = 0
    cues: int = 0
    hours: float = 0.0
    strides: int = 0
    judged: int = 0
    tilt_deg: list[float] = field(default_factory=list)


def count(case: ConditionCase) -> Counts:
    """Make and analyse one run."""
    samples, truth = case.make()
    run = untuck.analyse(samples)
    counts = Counts(case.runner, strides=len(truth.strides), judged=int(run.strides["valid"].sum()))
    counts.cues = sum(cue.fault in CUED for cue in run.cues)
    if not case.condition.sided:
        counts.hours = float(np.diff(truth.running, axis=1).sum()) / 3600
        counts.false = sum(finding.fault in CUED for finding in run.findings)
        return counts
    scores, wrong = score_faults(run, truth), score_false(run, truth)
    counts.hits = {case.kind: (sum(score.hit for score in scores), len(scores))}
    counts.wrong = sum(score.wrong_side for score in scores)
    counts.false = sum(wrong.found[fault] for fault in CUED)
    counts.hours = wrong.hours
    counts.tilt_deg = tilt_errors(run.strides["start_s"], run.strides["tilt_deg"], truth)[0].tolist()
    return counts
