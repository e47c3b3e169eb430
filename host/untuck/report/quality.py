"""Data quality of a session: loss, gaps, delay, calibration, and the strides that were not judged, with the reasons.

Rows of two texts for HTML and PDF.
"""

from __future__ import annotations

from untuck.report.numbers import counted
from untuck.report.spine import Spine
from untuck.report.spine_words import calibration_words, unmeasured_words
from untuck.report.summary import Signal, Summary
from untuck.vocabulary import clock, not_judged_words

CHIP_USUAL_DEG = 5.0  # twice the error in motion by its data sheet


def rows(summary: Summary, late_ms: tuple[float, float] | None) -> list[tuple[str, str]]:
    """Name and value of each row."""
    s = summary.signal
    sent = s.packets + s.lost
    found = [
        ("Recorded", f"{clock(s.duration_s)}, {s.samples} samples in {s.packets} packets"),
        ("Lost", f"{s.lost} of {sent} packets ({100 * s.lost / sent if sent else 0:.2f} %), {s.corrupt} damaged"),
        ("Gaps", f"{s.gaps} gaps in the sensor's data, {s.resets} sensor resets, {s.restarts} clip restarts"),
    ]
    if late_ms is not None:
        found.append(
            ("Delay", f"of packets, above the fastest: median {late_ms[0]:.0f} ms, 99 % within {late_ms[1]:.0f} ms")
        )
    error = summary.calibration_error_deg
    within = "" if error is None else f", error of the mount about {error:.1f} deg"
    found.append(("Calibration", f"{summary.calibration}{within}"))
    if summary.spine is not None:
        sent_words = "" if summary.trunk is None else f"; {received(summary.trunk)}, {summary.trunk.gaps} gaps"
        found.append(
            ("Second clip", f"calibration {calibration_words(summary.spine)}{sent_words}; {_trunk(summary.spine)}")
        )
    if summary.standings:
        found.append(("Standing", standing_checks(summary)))
    if summary.chip_error_deg is not None:
        off = f"the chip's vertical differs by {summary.chip_error_deg:.1f} deg (RMS)"
        usual = "as usual" if summary.chip_error_deg <= CHIP_USUAL_DEG else "unusually large: check the clip"
        found.append(("Cross-check", f"{off}, {usual}"))
    found.append(("Judged", _judged(summary)))
    return found


def received(signal: Signal) -> str:
    """What was received of a clip over the radio; of a file its samples."""
    if signal.packets == 0:
        return f"{signal.samples} samples"
    return f"{signal.packets} packets, {signal.lost} lost, {signal.corrupt} damaged"


def standing_checks(summary: Summary) -> str:
    """How often standing was checked, the largest difference, and how often the zero was set."""
    off_deg = max(standing.difference_deg for standing in summary.standings)
    zeroed = sum(standing.zeroed for standing in summary.standings)
    zero = f"zero set again {_times(zeroed)}" if zeroed else "zero unchanged"
    return f"checked {_times(len(summary.standings))}, difference up to {off_deg:.1f} deg; {zero}"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def left_out_words(summary: Summary) -> str:
    """Number of strides that were not judged for each reason, "" for none."""
    counts = sorted(summary.rejected.items())
    return ", ".join(f"{count} ({not_judged_words(reason)})" for reason, count in counts)


def _trunk(spine: Spine) -> str:
    missing = unmeasured_words(spine)
    return f"trunk measured in {counted(spine.measured, 'stride')}" + (f", not in {missing}" if missing else "")


def _judged(summary: Summary) -> str:
    if summary.strides == 0:
        return "no stride was found"
    known = summary.reliability
    text = "not counted by this version" if known is None else f"{known.judged} of {summary.strides} strides"
    left_out = left_out_words(summary)
    return text + (f"; not judged: {left_out}" if left_out else "")
