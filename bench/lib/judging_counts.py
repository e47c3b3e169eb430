"""What was found in a run of judging_cases: hits, wrong sides, false findings, delays, what was said."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

import untuck
from bench.lib.judging_cases import JudgingCase
from bench.lib.scoring import CUED, score_false, score_faults

ENDED_S = 0.7  # a stride after its end: a short tuck must not be decided, and cued, any more
SAID = {"moved": "earlier baseline", "tucked": "may have tucked", "rejected": "Recorded tucked", "slow": "slowly"}


@dataclass
class Judged:
    """Hits and faults put in; delays in strides; `late`: findings after a short tuck; `said`: which texts were said."""

    runner: str
    hits: dict[str, tuple[int, int]] = field(default_factory=dict)
    wrong: int = 0
    false: int = 0
    findings: int = 0
    late: int = 0
    hours: float = 0.0
    judged: float = 0.0
    strides: list[float] = field(default_factory=list)
    said: tuple[str, ...] = ()


def judge(case: JudgingCase) -> Judged:
    """Make and analyse one run."""
    samples, truth = case.make()
    run = untuck.analyse(samples, baseline=case.baseline())
    scores, false = score_faults(run, truth), score_false(run, truth)
    reasons = run.strides["reason"]
    known = run.strides["valid"] & np.isin(reasons, ("", "baseline"))
    text = " ".join(run.warnings)
    result = Judged(
        case.runner,
        wrong=sum(score.wrong_side for score in scores),
        false=sum(false.found[fault] for fault in CUED),
        findings=sum(finding.fault in CUED for finding in run.findings),
        hours=false.hours,
        judged=float(known.sum()) / max(1, len(truth.strides)),
        strides=[score.strides for score in scores if score.hit],
        said=tuple(name for name, part in SAID.items() if part in text),
    )
    for kind in CUED:
        of_kind = [score for score in scores if score.injected.fault == kind]
        result.hits[kind] = (sum(score.hit for score in of_kind), len(of_kind))
    for fault in truth.faults:
        result.late += sum(
            finding.fault == fault.fault and fault.end_s + ENDED_S < finding.decided_s < fault.end_s + 20.0
            for finding in run.findings
        )
    return result
