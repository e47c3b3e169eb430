"""The content of a run's page as values; html.py and pdf.py lay it out.

Owns the choice of strides for the mean stride.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from untuck.report.mean_stride import MeanStride, mean_stride
from untuck.report.metrics import SessionMetrics
from untuck.report.summary import Summary
from untuck.run_results import Run


@dataclass(frozen=True, eq=False)
class Report:
    """The content of a page. title, subtitle: plain text; now, earlier: this session and those to compare with.

    own_baseline: the baseline was taken in this run; late_ms: median and 99th percentile of the packets' delay.
    """

    title: str
    subtitle: str
    run: Run
    summary: Summary
    now: SessionMetrics
    earlier: tuple[SessionMetrics, ...] = ()
    own_baseline: bool = True
    late_ms: tuple[float, float] | None = None


def mean_strides(report: Report) -> tuple[MeanStride | None, MeanStride | None]:
    """The mean stride of the run, and that of its baseline's strides if the baseline was taken in this run."""
    baseline = report.run.baseline
    if not report.own_baseline or baseline is None or math.isnan(baseline.end_s):
        return mean_stride(report.run, -math.inf, math.inf), None
    return mean_stride(report.run, baseline.end_s, math.inf), mean_stride(report.run, baseline.start_s, baseline.end_s)
