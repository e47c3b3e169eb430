"""Answers in plain language: how was my pelvis, when did it go wrong, did the cues help, am I better than before.

Sentences from a Summary and earlier sessions. Numbers have units and spread; nothing is said about health.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import median

from untuck.model import Finding
from untuck.motion.form.cues import CueEntry
from untuck.report.metrics import Comparison, SessionMetrics, compare
from untuck.report.run_parts import THIRDS
from untuck.report.summary import Summary
from untuck.vocabulary import ON_PURPOSE, RECOVERED, clock, cued_faults, named

_TIMES = {1: "once", 2: "twice"}
_LISTED = 3  # times that a sentence names; the rest is in the table


def answers(summary: Summary, now: SessionMetrics, earlier: Sequence[SessionMetrics]) -> tuple[tuple[str, str], ...]:
    """Five questions, each with its answer. earlier: as of metrics.to_compare."""
    return (
        ("How was my pelvis?", _form(summary)),
        ("When did it go wrong?", _faults(summary)),
        ("How sure is that?", _sure(summary)),
        ("Did the cues help?", _cues(summary)),
        ("Am I better than before?", _progress(now, earlier)),
    )


def _form(summary: Summary) -> str:
    if summary.clean_strides == 0:
        return f"No result: of {summary.strides} strides none was clean."
    tilt, spread = summary.medians["tilt_deg"], summary.spreads.get("tilt_deg")
    words = []
    if summary.in_form_pct is None or summary.baseline_tilt_deg is None:
        why = "there is no baseline" if summary.baseline_tilt_deg is None else "none was comparable with the baseline"
        words.append(f"{summary.clean_strides} clean strides, not judged because {why}.")
    else:
        count = summary.clean_strides if summary.reliability is None else summary.reliability.judged
        words.append(f"Good form in {summary.in_form_pct:.0f} % of {count} judged strides.")
    if tilt is not None:
        scatter = "" if spread is None else f" (spread {spread:.1f})"
        words.append(f"Tilt was {tilt:.1f} deg above standing{scatter}" + _against(summary, tilt) + ".")
    if summary.clean_strides < 60:
        words.append("So few strides say little.")
    return " ".join(words)


def _against(summary: Summary, tilt: float) -> str:
    if summary.baseline_tilt_deg is None:
        return ""
    off = tilt - summary.baseline_tilt_deg
    return (
        ", the same as your baseline"
        if abs(off) < 0.05
        else (f", {abs(off):.1f} deg {'above' if off > 0 else 'below'} your baseline")
    )


def _faults(summary: Summary) -> str:
    findings = [f for f in summary.findings if f.fault in cued_faults()]
    if not findings:
        return "No stride was judged." if summary.in_form_pct is None else "It did not: no fault was found."
    counts = Counter((f.fault, f.side) for f in findings)
    texts = []
    for (fault, side), count in counts.most_common():
        of_kind = [f for f in findings if (f.fault, f.side) == (fault, side)]
        moments = ", ".join(_moment(f) for f in of_kind[:_LISTED]) + (", ..." if count > _LISTED else "")
        texts.append(f"{named(fault, side)} {_TIMES.get(count, f'{count} times')} ({moments})")
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
    text += ", if it lasts for 20 strides: smaller ones disappear in how your own form varies."
    if known.false_per_h is not None:
        text += " False cues, by how often your tilt rises as far and by other joggers: "
        text += f"about {known.false_per_h:.1f} an hour."
    return text


def _moment(finding: Finding) -> str:
    length = "to the end" if finding.active else f"{finding.end_s - finding.start_s:.0f} s"
    return f"at {clock(finding.start_s)} for {length}, {finding.depth_deg:.1f} deg"


def _fatigue(summary: Summary) -> str:
    """The worst and the best third, if they differ."""
    thirds = [(part.in_form_pct, part.name) for part in summary.parts if part.name in THIRDS]
    shares = [(share, name) for share, name in thirds if share is not None]
    if len(shares) < len(THIRDS):
        return ""
    (low, worst), (high, best) = min(shares), max(shares)
    if high - low < 5.0:
        return " The thirds of the run did not differ."
    return f" Form was worst in the {worst} (good in {low:.0f} %) and best in the {best} ({high:.0f} %)."


def _cues(summary: Summary) -> str:
    if not summary.heard:
        due = sum(entry.sounded for entry in summary.cue_log)
        return f"Nobody heard any: this is a recording of another sensor. Live, {due} cues would have sounded."
    cued = _first_of_each([entry for entry in summary.cue_log if entry.sounded])
    if not cued:
        sounded = sum(cue.fault != RECOVERED for cue in summary.cues)
        return f"{sounded} cues sounded; this session has no record of their effect." if sounded else "No cue sounded."
    took_s = [entry.correct_s for entry in cued if entry.correct_s is not None]
    text = f"{len(took_s)} of {len(cued)} cued faults were corrected"
    if took_s:
        text += f", typically {median(took_s):.0f} s after the first cue ({min(took_s):.0f} to {max(took_s):.0f})"
    findings = {_finding(entry) for entry in cued}
    uncued = _first_of_each(
        [entry for entry in summary.cue_log if entry.reason in ON_PURPOSE and _finding(entry) not in findings]
    )
    free_s = [entry.correct_s for entry in uncued if entry.correct_s is not None]
    if free_s:
        text += f"; without a cue after {median(free_s):.0f} s ({len(free_s)} of {len(uncued)} corrected)"
    else:
        text += "; there is no comparison, because no fault was left without a cue on purpose"
    return text + "."


def _finding(entry: CueEntry) -> tuple[str, int, float]:
    """The key of an entry's finding: its id, or in sessions of older versions the time of its correction."""
    if entry.finding_id:
        return "", 0, float(entry.finding_id)
    return entry.fault, entry.side, round(entry.time_s + (entry.correct_s or 0.0), 3)


def _first_of_each(entries: Sequence[CueEntry]) -> list[CueEntry]:
    """The first entry of each finding."""
    first: dict[tuple[str, int, float], CueEntry] = {}
    for entry in entries:
        first.setdefault(_finding(entry), entry)
    return list(first.values())


def _progress(now: SessionMetrics, earlier: Sequence[SessionMetrics]) -> str:
    form = compare(now, earlier, "in_form_pct")
    against = compare(now, earlier, "against_deg")
    if form is None and against is None:
        return "There is no earlier session to compare with."
    week = all(now.started_unix_s - p.started_unix_s <= 7 * 86400 for p in earlier)
    since = "the week before" if week else f"the last {len(earlier)} sessions"
    texts = []
    if form is not None:
        word = {"higher": "Better", "lower": "Worse"}.get(form.verdict, form.verdict.capitalize())
        texts.append(f"{word}: good form {form.now:.0f} %, {since} {_mean(form, '%')}")
    if against is not None:
        texts.append(f"tilt against baseline {_signed(against.now)} deg, before {_mean(against, 'deg', '+.1f')}")
    return "; ".join(texts) + "."


def _signed(value: float) -> str:
    """One decimal with its sign; no sign for zero."""
    return f"{value:+.1f}" if abs(value) >= 0.05 else "0.0"


def _mean(comparison: Comparison, unit: str, form: str = ".0f") -> str:
    spread = (
        "" if comparison.sd is None else f" (spread {comparison.sd:{form.strip('+')}}, {comparison.count} sessions)"
    )
    return f"{round(comparison.earlier, 1) + 0.0:{form}} {unit}{spread}"
