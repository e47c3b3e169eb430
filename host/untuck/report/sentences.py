"""Answers in plain language: how was my pelvis, when did it go wrong, did the cues help, am I better than before.

Sentences from a Summary and earlier sessions. Numbers have units and spread; nothing is said about health.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import hypot
from statistics import median

from untuck.model import ENOUGH_JUDGED, Finding
from untuck.report.cue_effect import corrected_s, cued_once, uncued_once
from untuck.report.metrics import CLEAR_ERRORS, WEEK_S, Comparison, SessionMetrics, compare
from untuck.report.numbers import counted, number, with_error
from untuck.report.quality import left_out_words
from untuck.report.run_parts import THIRDS
from untuck.report.spine_words import QUESTION, found_words, trunk_answer
from untuck.report.summary import Summary, why_not_judged, zero_words
from untuck.vocabulary import RECOVERED, NotJudged, clock, form_faults

_TIMES = {1: "once", 2: "twice"}
_LISTED = 3  # times that a sentence names; the rest is in the table


def answers(summary: Summary, now: SessionMetrics, earlier: Sequence[SessionMetrics]) -> tuple[tuple[str, str], ...]:
    """Five questions, with a second clip six, each with its answer. earlier: as of metrics.to_compare."""
    spine = summary.spine
    return (
        ("How was my pelvis?", _form(summary)),
        *(((QUESTION, trunk_answer(summary, spine)),) if spine is not None else ()),
        ("When did it go wrong?", _faults(summary)),
        ("How sure is that?", _sure(summary)),
        ("Did the cues help?", _cues(summary)),
        ("Am I better than before?", _progress(now, earlier)),
    )


def _form(summary: Summary) -> str:
    words = [_verdict(summary)]
    tilt, spread = summary.medians.get("tilt_deg"), summary.spreads.get("tilt_deg")
    if tilt is not None and NotJudged.SWAPPED not in summary.rejected:
        scatter = "" if spread is None else f" (spread {number(spread, 1)})"
        words.append(f"Tilt was {number(tilt, 1)} deg {zero_words(summary)}{scatter}{_against(summary)}.")
    return " ".join(words)


def _verdict(summary: Summary) -> str:
    """Good form as a share of the judged strides, with why others were not judged; or why there is no such share."""
    unjudged = why_not_judged(summary)
    if unjudged:
        return f"Not judged: {unjudged}."
    assert summary.reliability is not None  # it was judged
    count = summary.reliability.judged
    if count < ENOUGH_JUDGED:
        left_out = left_out_words(summary)
        return f"Hardly judged: only {count} of {summary.strides} strides, too few to say. Not judged: {left_out}."
    text = f"Good form in {number(summary.in_form_pct)} % of {count} judged strides"
    if count == summary.strides:
        return f"{text}."
    return f"{text}, of {summary.strides} in all; not judged: {left_out_words(summary)}."


def _against(summary: Summary) -> str:
    """Tilt against the baseline, compared with its error."""
    off, error = summary.against_deg, summary.against_se_deg
    if off is None:
        return ""
    if abs(off) < max(0.05, CLEAR_ERRORS * (error or 0.0)):
        within = "" if error is None else f" (within {number(max(0.05, CLEAR_ERRORS * error), 1)} deg)"
        return f", on average not clearly different from your baseline{within}"
    size = number(abs(off), 1) if error is None else with_error(abs(off), error, 1)
    return f", {size} deg {'above' if off > 0 else 'below'} your baseline"


def _faults(summary: Summary) -> str:
    findings = [f for f in summary.findings if f.fault in form_faults(f.trunk)]
    if not findings:
        unjudged = why_not_judged(summary)
        if unjudged:
            return "Nobody knows: no stride was judged."
        few = summary.reliability is not None and summary.reliability.judged < ENOUGH_JUDGED
        return "No fault was found in the few judged strides." if few else "It did not: no fault was found."
    texts = []
    for name, count in Counter(f.name for f in findings).most_common():
        of_kind = [f for f in findings if f.name == name]
        moments = ", ".join(_moment(f) for f in of_kind[:_LISTED]) + (", ..." if count > _LISTED else "")
        texts.append(f"{name} {_TIMES.get(count, f'{count} times')} ({moments})")
    text = "; ".join(texts)
    return f"{text[0].upper()}{text[1:]}.{_fatigue(summary)}"


def _sure(summary: Summary) -> str:
    """What could be found, and how often chance finds something."""
    known = summary.reliability
    if known is None:
        return "This session is of an older version, which does not say."
    if known.tuck_least_deg is None or known.judged_pct is None:
        return "Nothing was judged, so that nothing could be found."
    text = f"{known.judged_pct:.0f} % of the strides after the baseline were judged. "
    text += f"A tuck is found from about {known.tuck_least_deg:.1f} deg on"
    if known.pullback_least_deg is not None:
        text += f", a pullback from about {known.pullback_least_deg:.1f} deg on"
    spine = "" if summary.spine is None else found_words(summary.spine)
    text += f", {spine}" if spine else ""
    text += ", if it lasts for 20 strides: smaller ones disappear in how your own form varies."
    if known.false_per_h is not None:
        text += " False cues, by how often your tilt rises as far and by other joggers: "
        text += f"about {known.false_per_h:.1f} an hour."
    return text


def _moment(finding: Finding) -> str:
    length = "to the end" if finding.active else f"{finding.end_s - finding.start_s:.0f} s"
    return f"at {clock(finding.start_s)} for {length}, {number(finding.depth_deg, 1, 'deg')}"


def _fatigue(summary: Summary) -> str:
    """The worst and the best third, if they differ by more than their errors."""
    thirds = {part.name: part for part in summary.parts if part.name in THIRDS and part.in_form_pct is not None}
    errors = [part.in_form_error_pct for part in thirds.values()]
    if len(thirds) < len(THIRDS) or None in errors:
        return ""
    ordered = sorted(thirds.values(), key=lambda part: part.in_form_pct or 0.0)
    worst, best = ordered[0], ordered[-1]
    low, high = worst.in_form_pct or 0.0, best.in_form_pct or 0.0
    error = hypot(worst.in_form_error_pct or 0.0, best.in_form_error_pct or 0.0)
    if high - low < max(5.0, CLEAR_ERRORS * error):
        return " The thirds of the run did not clearly differ."
    return (
        f" Form was worst in the {worst.name} (good in {number(low)} %) and best in the {best.name} ({number(high)} %)."
    )


def _cues(summary: Summary) -> str:
    if not summary.heard:
        due = sum(entry.sounded for entry in summary.cue_log)
        return f"Nobody heard any: this run was analysed afterwards. Live, {counted(due, 'cue')} would have sounded."
    cued = cued_once(summary.cue_log)
    if not cued:
        sounded = sum(cue.fault != RECOVERED for cue in summary.cues)
        return f"{sounded} cues sounded; this session has no record of their effect." if sounded else "No cue sounded."
    took_s = corrected_s(cued)
    text = f"{len(took_s)} of {len(cued)} cued faults {'was' if len(cued) == 1 else 'were'} corrected"
    if took_s:
        text += f", typically {number(median(took_s))} s after the first cue"
        text += f" ({number(min(took_s))} to {number(max(took_s))})" if max(took_s) - min(took_s) >= 1.0 else ""
    uncued = uncued_once(summary.cue_log)
    free_s = corrected_s(uncued)
    if free_s:
        text += f"; without a cue after {number(median(free_s))} s ({len(free_s)} of {len(uncued)} corrected)"
    else:
        text += "; there is no comparison, because no fault was left without a cue on purpose"
    return text + "."


def _progress(now: SessionMetrics, earlier: Sequence[SessionMetrics]) -> str:
    form = compare(now, earlier, "in_form_pct")
    against = compare(now, earlier, "against_deg")
    if form is None and against is None:
        if not now.judged:
            return "This run was not judged, so it cannot be compared."
        if now.judged < ENOUGH_JUDGED:
            return f"This run has too few judged strides to compare: {now.judged}, of {ENOUGH_JUDGED} needed."
        return "There is no earlier session to compare with that has enough judged strides."
    texts = []
    if form is not None:
        word = {"higher": "Better", "lower": "Worse"}.get(form.verdict, "No clear difference")
        word = "One session cannot show a change" if form.count == 1 else word
        texts.append(f"{word}: good form {number(form.now)} %, {_since(now, earlier, form)} {_mean(form, 0, '%')}")
    if against is not None:
        before = _mean(against, 1, "deg", signed=True)
        texts.append(f"tilt against baseline {number(against.now, 1, 'deg', signed=True)}, before {before}")
    text = "; ".join(texts)
    return f"{text[0].upper()}{text[1:]}."


def _since(now: SessionMetrics, earlier: Sequence[SessionMetrics], comparison: Comparison) -> str:
    if comparison.count == 1:
        return "the session before"
    week = all(now.started_unix_s - each.started_unix_s <= WEEK_S for each in earlier)
    return "the week before" if week else f"the last {comparison.count} sessions"


def _mean(comparison: Comparison, places: int, unit: str, *, signed: bool = False) -> str:
    mean = number(comparison.earlier, places, unit, signed=signed)
    if comparison.sd is None:
        return mean
    return f"{mean} (spread {number(comparison.sd, places)}, {comparison.count} sessions)"
