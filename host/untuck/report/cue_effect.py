"""Did the cues help: what became of each fault that was cued, and of those that were left without a cue on purpose.

Every fault counts once, from its first cue, however often it was cued.
"""

from __future__ import annotations

from collections.abc import Sequence

from untuck.motion.form.cues import CueEntry
from untuck.report.numbers import number
from untuck.vocabulary import ON_PURPOSE


def cued_once(log: Sequence[CueEntry]) -> list[CueEntry]:
    """The first cue that sounded for each finding."""
    return _first_of_each([entry for entry in log if entry.sounded])


def uncued_once(log: Sequence[CueEntry]) -> list[CueEntry]:
    """The first entry of each finding that was never cued, for a reason of vocabulary.ON_PURPOSE."""
    cued = {_finding(entry) for entry in log if entry.sounded}
    return _first_of_each([each for each in log if each.reason in ON_PURPOSE and _finding(each) not in cued])


def corrected_s(entries: Sequence[CueEntry]) -> list[float]:
    """Seconds from the cue to the correction, of those that were corrected."""
    return [entry.correct_s for entry in entries if entry.correct_s is not None]


def response_words(entry: CueEntry) -> str:
    """What became of a cued fault."""
    if entry.correct_s is not None:
        return f"corrected after {number(entry.correct_s)} s"
    return f"not corrected: {entry.ended}" if entry.ended else "not ended"


def _finding(entry: CueEntry) -> tuple[str, int, float]:
    """The key of an entry's finding: its id, or in sessions of older versions the time of its correction."""
    if entry.finding_id:
        return "", 0, float(entry.finding_id)
    return entry.fault, entry.side, round(entry.time_s + (entry.correct_s or 0.0), 3)


def _first_of_each(entries: Sequence[CueEntry]) -> list[CueEntry]:
    first: dict[tuple[str, int, float], CueEntry] = {}
    for entry in entries:
        first.setdefault(_finding(entry), entry)
    return list(first.values())
