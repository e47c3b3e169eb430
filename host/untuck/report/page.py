"""What a run's page is made of, whether it is shown in a browser or printed.

Values only; html.py and pdf.py lay them out. Decides which strides the mean stride is made of.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from untuck.model import Run
from untuck.motion.params import Params
from untuck.report.cycles import Cycles, cycles
from untuck.report.metrics import SessionMetrics
from untuck.report.summary import Summary


@dataclass(frozen=True, eq=False)
class Report:
    """What a page is made of. title, subtitle: plain text; now, earlier: this session and those to compare with.

    own_baseline: it was taken in this run; late_ms: median and 99th percentile of packets' delay.
    """

    title: str
    subtitle: str
    run: Run
    summary: Summary
    params: Params
    now: SessionMetrics
    earlier: tuple[SessionMetrics, ...] = ()
    own_baseline: bool = True
    late_ms: tuple[float, float] | None = None


def stride_cycles(report: Report) -> tuple[Cycles | None, Cycles | None]:
    """The mean stride of the run, and of the strides that its baseline was made of, where it was taken in this run."""
    baseline = report.run.baseline
    if not report.own_baseline or baseline is None or math.isnan(baseline.end_s):
        return cycles(report.run, -math.inf, math.inf), None
    return cycles(report.run, baseline.end_s, math.inf), cycles(report.run, baseline.start_s, baseline.end_s)
