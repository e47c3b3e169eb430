"""How far a session's numbers can be trusted: loss, gaps, delay, calibration, and strides not judged, with the reason.

Rows of two texts for page and paper.
"""

from __future__ import annotations

from untuck.report.summary import Summary
from untuck.vocabulary import clock, not_judged_words

CHIP_USUAL_DEG = 5.0  # its data sheet says 2.5 deg in motion; twice that is worth a word


def rows(summary: Summary, late_ms: tuple[float, float] | None) -> list[tuple[str, str]]:
    """What is measured, and what it came to."""
    s = summary.signal
    sent = s.packets + s.lost
    found = [
        ("Recorded", f"{clock(s.duration_s)}, {s.samples} samples in {s.packets} packets"),
        ("Lost", f"{s.lost} of {sent} packets ({100 * s.lost / sent if sent else 0:.2f} %), {s.corrupt} damaged"),
        ("Breaks", f"{s.gaps} gaps in the sensor's data, {s.resets} sensor resets, {s.restarts} clip restarts"),
    ]
    if late_ms is not None:
        found.append(
            ("Delay", f"beyond the quickest packet: median {late_ms[0]:.0f} ms, 99 % within {late_ms[1]:.0f} ms")
        )
    error = summary.calibration_error_deg
    within = "" if error is None else f", mount known within about {error:.1f} deg"
    found.append(("Calibration", f"{summary.calibration}{within}"))
    if summary.standings:
        found.append(("Standing", measured_again(summary)))
    if summary.chip_error_deg is not None:
        off = f"the chip's own vertical is {summary.chip_error_deg:.1f} deg off the one used (RMS)"
        usual = "as usual" if summary.chip_error_deg <= CHIP_USUAL_DEG else "unusually far: is the clip loose?"
        found.append(("Cross-check", f"{off}, {usual}"))
    found.append(("Judged", _judged(summary)))
    return found


def measured_again(summary: Summary) -> str:
    """How often standing was measured again, how far it was off, and what became of the zero."""
    off_deg = max(standing.difference_deg for standing in summary.standings)
    zeroed = sum(standing.zeroed for standing in summary.standings)
    anew = f"zero set anew {_times(zeroed)}" if zeroed else "zero left as it was"
    return f"measured again {_times(len(summary.standings))}, up to {off_deg:.1f} deg off; {anew}"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def left_out_words(summary: Summary) -> str:
    """How many strides were left out for which reason, "" for none."""
    counts = sorted(summary.rejected.items())
    return ", ".join(f"{count} ({not_judged_words(reason)})" for reason, count in counts)


def _judged(summary: Summary) -> str:
    if summary.strides == 0:
        return "no stride was found"
    text = f"{summary.clean_strides} of {summary.strides} strides"
    left_out = left_out_words(summary)
    return text + (f"; left out: {left_out}" if left_out else "")
