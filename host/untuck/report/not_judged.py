"""Was this run judged at all, and if not, why and what to do: the one answer that every view shows.

Good form is a share of judged strides. A run without them has none, not even 100 %.
"""

from __future__ import annotations

from collections.abc import Mapping

from untuck.motion.params import Params
from untuck.report.numbers import counted
from untuck.vocabulary import NotJudged, not_judged_reason

_NEEDED = Params().baseline_strides
_STAND = "clip it to the back of the belt, stand still for 5 s, hinge three times at the hips, then run"
_BASELINE = f"it needs {_NEEDED} strides in good form, evenly and straight ahead: about two minutes"
OLD = "this session is of an older version, which did not count judged strides; a page (--html) analyses it again"


def not_judged(strides: int, clean: int, judged: int, rejected: Mapping[str, int], has_baseline: bool) -> str:
    """Why no stride was judged, then what to do, as one clause without a full stop; "" if some were.

    strides, clean: counts; rejected: strides that were not judged, by reason.
    """
    if judged:
        return ""
    if strides == 0:
        return f"no running stride was found; {_STAND}"
    main = _main_reason(rejected)
    reason = None if main is None else not_judged_reason(main)
    if clean == 0:
        why = f"none of {counted(strides, 'stride')} was measured well" + (f": {reason.text}" if reason else "")
        return f"{why}; {reason.advice if reason and reason.advice else _STAND}"
    if not has_baseline and main is not None and reason and main != NotJudged.WARM_UP and rejected[main] > strides // 2:
        why = f"there is no baseline, as most of {counted(strides, 'stride')} could not be used: {reason.text}"
        return f"{why}; {reason.advice or _BASELINE}"
    if not has_baseline and rejected.get(NotJudged.WARM_UP, 0) > clean // 2:
        return "the run ended in the warm-up before the baseline; run longer, or press b in a run to take it at once"
    if not has_baseline:
        return f"there is no baseline; {_BASELINE}"
    if reason is None:
        return f"all {counted(clean, 'stride')} belong to the baseline; run on: judging begins after it"
    why = f"none of {counted(strides, 'stride')} could be compared with the baseline: {reason.text}"
    return f"{why}; {reason.advice or 'run on'}"


def _main_reason(rejected: Mapping[str, int]) -> str | None:
    """The most frequent reason but being part of the baseline."""
    counts = {reason: count for reason, count in rejected.items() if reason != NotJudged.BASELINE}
    return max(counts, key=lambda reason: counts[reason], default=None)
