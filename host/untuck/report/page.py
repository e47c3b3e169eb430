"""What a run's page is made of, whether it is shown in a browser or printed.

Values only; html.py and pdf.py lay them out. Which strides the mean stride is made of is decided here.
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

    own_baseline: it was taken from this run's first strides; late_ms: median and 99th percentile of packets' delay.
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
    """The mean stride of the run, and of its baseline where that was taken from this run's first strides."""
    clean = report.run.strides[report.run.strides["valid"]]
    count = report.params.baseline_strides
    if not report.own_baseline or report.run.baseline is None or len(clean) <= count:
        return cycles(report.run, -math.inf, math.inf), None
    first_s = float(clean["start_s"][count])
    return cycles(report.run, first_s, math.inf), cycles(report.run, -math.inf, first_s)
