"""The charts after a run in words: what a screen reader says of each drawing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from untuck.model import Floats
from untuck.report.mean_stride import MeanStride
from untuck.report.numbers import number
from untuck.report.run_traces import finding_spans
from untuck.report.summary import Summary
from untuck.run_results import Run
from untuck.session_commands import Lap
from untuck.vocabulary import Fault, clock, facts

_LISTED = 6  # of findings, cues and laps


def tilt_words(run: Run, summary: Summary) -> str:
    """The chart of tilt in words."""
    clean = run.strides[run.strides["valid"]]
    low, middle, high = (float(value) for value in np.percentile(clean["tilt_deg"], [5, 50, 95]))
    text = f"{_time_words(run)} Tilt is {number(middle, 1, 'deg')} in the median"
    text += f", and from {number(low, 1)} to {number(high, 1, 'deg')} in nine of ten strides."
    if summary.baseline_tilt_deg is not None:
        text += f" The baseline is {number(summary.baseline_tilt_deg, 1, 'deg')}."
    return text + _found_words(run, tuple(Fault), summary.heard) + _lap_words(run)


def pullback_words(run: Run, summary: Summary) -> str:
    """The chart of pullback in words."""
    left, right = (summary.medians[f"pullback_{side}_deg"] for side in ("left", "right"))
    text = f"{_time_words(run)} Against the baseline the left hip is {number(left, 1, 'deg', signed=True)}"
    text += f" and the right hip {number(right, 1, 'deg', signed=True)} back, in the median."
    return text + _found_words(run, (Fault.PULLBACK,), summary.heard)


def stride_words(now: MeanStride, base: MeanStride | None) -> str:
    """The chart of the mean stride in words."""
    texts = []
    for k, word in enumerate(("Tilt", "obliquity", "rotation")):
        ranges = [f"left {_range(now.left[0, k])}", f"right {_range(now.right[0, k])}"]
        ranges += [f"baseline {_range(base.both(k)[0])}"] if base is not None else []
        texts.append(f"{word} goes {', '.join(ranges)}")
    return f"Mean of {now.count} strides. {'; '.join(texts)}."


def _range(curve: Floats) -> str:
    return f"from {number(float(curve.min()), 1)} to {number(float(curve.max()), 1, 'deg')}"


def _time_words(run: Run) -> str:
    strides = run.strides
    end_s = float(strides["start_s"][-1] + strides["duration_s"][-1])
    return f"From {clock(float(strides['start_s'][0]))} to {clock(end_s)}."


def _found_words(run: Run, faults: Sequence[str], heard: bool) -> str:
    found = [
        f"{f.name} from {clock(f.start_s)} to {clock(end_s)}"
        + (f", {number(f.depth_deg, 1, 'deg')} at worst" if facts(f.fault).degrees else "")
        for f, end_s in finding_spans(run)
        if f.fault in faults
    ]
    cues = [clock(cue.time_s) for cue in run.cues if cue.fault in faults]
    text = f" Found: {_joined(found, '; ')}." if found else " No fault is marked."
    return text + (f" {'Cues' if heard else 'Cues that nobody heard'} at {_joined(cues)}." if cues else "")


def _lap_words(run: Run) -> str:
    times = [clock(lap.time_s) for lap in laps(run)]
    return f" Laps at {_joined(times)}." if times else ""


def laps(run: Run) -> list[Lap]:
    """The laps of a run."""
    return [command for command in run.commands if isinstance(command, Lap)]


def _joined(parts: Sequence[str], between: str = ", ") -> str:
    """Parts as a list; of many the first ones, and how many more there are."""
    more = [f"{len(parts) - _LISTED} more"] if len(parts) > _LISTED else []
    return between.join([*parts[:_LISTED], *more])
