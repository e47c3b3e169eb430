"""What the trunk did, in words: for the answers after a run and for the table in the terminal.

Values come from spine.py. A change is named only if it is clear.
"""

from __future__ import annotations

from untuck.report.metrics import CLEAR_ERRORS
from untuck.report.numbers import counted, number, with_error
from untuck.report.spine import Spine, TrunkGap
from untuck.report.summary import Summary
from untuck.vocabulary import NO_TRUNK_WORDS, Reason, clock, no_trunk_advice

QUESTION = "What did my trunk do?"
_LISTED = 3  # times without a trunk that a sentence names


def trunk_answer(summary: Summary, spine: Spine) -> str:
    """Lean, the lumbar spine, and when neither is known, as sentences."""
    lean_deg, spread_deg = summary.medians["trunk_lean_deg"], summary.spreads["trunk_lean_deg"]
    if lean_deg is None:
        most = max(spine.missing, key=lambda reason: spine.missing[reason], default="")
        return f"It was not measured{f': {no_trunk_advice(most)}' if most else ''}."
    spread = "" if spread_deg is None else f" (spread {number(spread_deg, 1)})"
    lean = _against(spine.lean_against_deg, spine.lean_against_se_deg, "more", "less")
    lumbar = _against(spine.lumbar_against_deg, spine.lumbar_against_se_deg, "more arched", "more bent")
    words = [f"It leaned {number(lean_deg, 1)} deg forward of standing{spread}{f', {lean}' if lean else ''}."]
    words += [f"The lower back was {lumbar}."] if lumbar else []
    return " ".join([*words, *gap_sentences(spine)])


def gap_sentences(spine: Spine) -> list[str]:
    """When the trunk was not measured: "No trunk from 3:10 to 4:00: ..."."""
    by_reason: dict[str, list[TrunkGap]] = {}
    for gap in spine.gaps:
        by_reason.setdefault(gap.reason, []).append(gap)
    sentences = []
    for reason, gaps in by_reason.items():
        times = ", ".join(f"from {clock(gap.start_s)} to {clock(gap.end_s)}" for gap in gaps[:_LISTED])
        more = f" and {len(gaps) - _LISTED} times more" if len(gaps) > _LISTED else ""
        sentences.append(f"No trunk {times}{more}: {_why(reason)}.")
    return sentences


def found_words(spine: Spine) -> str:
    """From which change on a lost lean and an arch are found, "" where nothing was judged."""
    if spine.lean_least_deg is None or spine.lumbar_least_deg is None:
        return ""
    lean = f"a lost lean from about {spine.lean_least_deg:.1f} deg on"
    return f"{lean}, an arch from about {spine.lumbar_least_deg:.1f} deg on"


def rows(summary: Summary, spine: Spine) -> list[tuple[str, str]]:
    """Name and value of each row of the table."""
    m, sd = summary.medians, summary.spreads
    lean = with_error(m["trunk_lean_deg"], sd["trunk_lean_deg"], 1, "deg")
    lumbar = with_error(m["lumbar_deg"], sd["lumbar_deg"], 1, "deg")
    ranges = [number(m[f"trunk_{name}_range_deg"], 1, "deg") for name in ("lean", "obliquity", "rotation")]
    usual = _usual(spine.lean_usual_deg, spine.lean_against_deg, spine.lean_against_se_deg)
    found = [
        ("trunk lean", f"{lean} above standing ({usual})"),
        ("lumbar", f"{lumbar}, tilt minus lean ({_usual(spine.lumbar_usual_deg, *_lumbar(spine))})"),
        ("trunk", f"lean {ranges[0]}, obliquity {ranges[1]}, rotation {ranges[2]} within a stride"),
        ("side bend", f"{number(m['side_bend_deg'], 1, 'deg', signed=True)}, to the right positive"),
    ]
    left_out = unmeasured_words(spine)
    return [*found, ("no trunk", left_out)] if left_out else found


def calibration_words(spine: Spine) -> str:
    """How the mount of the second clip was found, and its error."""
    error_deg = spine.calibration_error_deg
    return spine.calibration + ("" if error_deg is None else f", within about {error_deg:.1f} deg")


def unmeasured_words(spine: Spine) -> str:
    """Number of strides in which the trunk was not measured for each reason, "" for none."""
    counts = sorted(spine.missing.items())
    return ", ".join(f"{counted(count, 'stride')} ({_why(reason)})" for reason, count in counts)


def _why(reason: str) -> str:
    return NO_TRUNK_WORDS.get(reason, Reason(reason)).text.removeprefix("no trunk: ")


def _lumbar(spine: Spine) -> tuple[float | None, float | None]:
    return spine.lumbar_against_deg, spine.lumbar_against_se_deg


def _usual(usual_deg: float | None, against_deg: float | None, se_deg: float | None) -> str:
    if usual_deg is None:
        return "no baseline"
    return f"baseline {number(usual_deg, 1)}; mean against it {with_error(against_deg, se_deg, 1)}"


def _against(off_deg: float | None, error_deg: float | None, more: str, less: str) -> str:
    """A difference from the baseline, compared with its error; "" where it is not known."""
    if off_deg is None:
        return ""
    least_deg = max(0.05, CLEAR_ERRORS * (error_deg or 0.0))
    if abs(off_deg) < least_deg:
        within = "" if error_deg is None else f" (within {number(least_deg, 1)} deg)"
        return f"on average not clearly different from your baseline{within}"
    size = number(abs(off_deg), 1) if error_deg is None else with_error(abs(off_deg), error_deg, 1)
    return f"on average {size} deg {more if off_deg > 0 else less} than in your baseline"
