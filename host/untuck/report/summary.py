"""The summary of a run, as values.

Pure: takes the results of the pipeline and the counters of the decoder. Medians are over clean strides. text.py,
html.py and pdf.py lay it out.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from untuck.model import Cue, Finding, StandingCheck, judged
from untuck.motion.form.cues import CueEntry, cue_log
from untuck.report.not_judged import OLD, not_judged
from untuck.report.numbers import finite
from untuck.report.reliability import Reliability, reliability_of
from untuck.report.run_parts import RunPart, in_form, mean_and_error, parts_of
from untuck.report.spine import Spine, spine_of
from untuck.run_results import Run

DISCLAIMER = "These are form cues, not medical advice."
TRUNK = "It is the pelvis's: the lean of the trunk needs a second clip."
MEDIANS = (
    "cadence_spm",
    "contact_left_ms",
    "contact_right_ms",
    "flight_ms",
    "balance_left_pct",
    "oscillation_mm",
    "peak_left_bw",
    "peak_right_bw",
    "peak_se_bw",
    "braking_left_m_s",
    "braking_right_m_s",
    "braking_se_m_s",
    "stiffness_left_bw_m",
    "stiffness_right_bw_m",
    "stiffness_se_bw_m",
    "tilt_deg",
    "lean_deg",
    "pelvic_lean_deg",
    "obliquity_range_deg",
    "rotation_range_deg",
    "pullback_left_deg",
    "pullback_right_deg",
    "trunk_lean_deg",
    "trunk_lean_range_deg",
    "trunk_obliquity_range_deg",
    "trunk_rotation_range_deg",
    "lumbar_deg",
    "side_bend_deg",
)


@dataclass(frozen=True)
class Signal:
    """Completeness of the data: duration in sensor time, and counts of packets, samples, losses and restarts."""

    duration_s: float
    packets: int = 0
    samples: int = 0
    lost: int = 0
    corrupt: int = 0
    gaps: int = 0
    resets: int = 0
    restarts: int = 0


@dataclass(frozen=True)
class Summary:
    """The results of a run.

    strides, clean_strides: counts; running_s: time in strides; medians: over clean strides, by STRIDE_DTYPE's names;
    baseline_tilt_deg: what the judged strides were compared with, at their pace, None without a baseline;
    against_deg, against_se_deg: their tilt minus that, mean and standard error; suppressed: cues not sounded, by
    reason; rejected: strides not judged, by reason; calibration: how it was found, with its error in degrees (None:
    unknown); spreads: SD between clean strides, for each median; in_form_pct: of judged strides, those without a
    finding, None where none was judged; not_judged: why none was, and what to do, "" if some were; parts: of the run;
    cue_log: every cue, sounded or suppressed, with its outcome; standings: the standing checks after calibration.
    trunk: the signal of the second clip, None without one. Fields with a default are empty in sessions of older
    versions.
    """

    strides: int
    clean_strides: int
    running_s: float
    medians: dict[str, float | None]
    baseline_tilt_deg: float | None
    findings: tuple[Finding, ...]
    cues: tuple[Cue, ...]
    suppressed: dict[str, int]
    rejected: dict[str, int]
    calibration: str
    calibration_error_deg: float | None
    signal: Signal
    warnings: tuple[str, ...]
    spreads: dict[str, float | None] = field(default_factory=dict)
    in_form_pct: float | None = None
    parts: tuple[RunPart, ...] = ()
    cue_log: tuple[CueEntry, ...] = ()
    chip_error_deg: float | None = None  # RMS angle between the chip's vertical and the one used
    standings: tuple[StandingCheck, ...] = ()
    reliability: Reliability | None = None  # what could be found in this run
    heard: bool = True  # whether cues could sound: not for a file that is analysed afterwards
    audio_delay_ms: float | None = None  # of the sound output, if it was measured before the session
    against_deg: float | None = None
    against_se_deg: float | None = None
    not_judged: str = ""
    trunk: Signal | None = None
    spine: Spine | None = None  # what it showed

    def __post_init__(self) -> None:
        for name in ("medians", "spreads"):  # of another version, or damaged, it may lack some
            values = getattr(self, name)
            before = {"pelvic_lean_deg": values.get("lean_deg")}
            object.__setattr__(self, name, dict.fromkeys(MEDIANS) | before | values)


def summarise(run: Run, signal: Signal, trunk: Signal | None = None) -> Summary:
    """The summary of a run. signal, trunk: of each clip. Shapes as in run_results.Run."""
    clean, compared = run.strides[run.strides["valid"]], run.strides[judged(run.strides)]
    medians = {name: _median(clean[name]) for name in MEDIANS}
    rejected = dict(Counter(str(reason) for reason in run.strides["reason"] if reason))
    against_deg, against_se_deg = mean_and_error(compared["tilt_deg"] - compared["tilt_usual_deg"])
    return Summary(
        strides=len(run.strides),
        clean_strides=len(clean),
        running_s=float(run.strides["duration_s"].sum()),
        medians=medians,
        baseline_tilt_deg=_baseline_tilt(run, compared, medians["cadence_spm"]),
        findings=run.findings,
        cues=run.cues,
        suppressed=dict(Counter(str(cue.reason) for cue in run.suppressed_cues)),
        rejected=rejected,
        calibration=run.calibration.source,
        calibration_error_deg=finite(run.calibration.error_deg),
        chip_error_deg=finite(run.chip_error_deg),
        signal=signal,
        warnings=run.warnings,
        spreads={name: _spread(clean[name]) for name in MEDIANS},
        in_form_pct=float(100.0 * in_form(compared, run.findings).mean()) if len(compared) else None,
        reliability=reliability_of(run),
        parts=parts_of(run.strides, run.findings),
        cue_log=cue_log(run),
        standings=run.standings,
        against_deg=against_deg,
        against_se_deg=against_se_deg,
        not_judged=not_judged(len(run.strides), len(clean), len(compared), rejected, run.baseline is not None),
        trunk=trunk,
        spine=spine_of(run),
    )


def unheard(summary: Summary) -> Summary:
    """The summary of a run that was analysed afterwards: cues had no effect, because nobody heard them."""
    log = tuple(dataclasses.replace(entry, correct_s=None) for entry in summary.cue_log)
    return dataclasses.replace(summary, heard=False, cue_log=log)


def zero_words(summary: Summary) -> str:
    """What tilt is measured from: standing, or the sensor's axes as declared where no standing was measured."""
    return (
        "from the sensor's axes, as no standing was measured" if summary.calibration == "nominal" else "above standing"
    )


def why_not_judged(summary: Summary) -> str:
    """Why no stride was judged and what to do, "" if some were; a session of an old version does not say."""
    if summary.reliability is None and summary.strides:
        return OLD
    if summary.not_judged or (summary.reliability is not None and summary.reliability.judged):
        return summary.not_judged
    has_baseline = summary.baseline_tilt_deg is not None
    return not_judged(summary.strides, summary.clean_strides, 0, summary.rejected, has_baseline)


def _baseline_tilt(run: Run, compared: NDArray[np.void], cadence_spm: float | None) -> float | None:
    if run.baseline is None or cadence_spm is None:
        return None
    if len(compared):
        return _median(compared["tilt_usual_deg"])
    return float(run.baseline.tilt_deg[run.baseline.at(cadence_spm)])


def _median(values: NDArray[np.float64]) -> float | None:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else None


def _spread(values: NDArray[np.float64]) -> float | None:
    known = values[np.isfinite(values)]
    return float(np.std(known, ddof=1)) if len(known) > 1 else None
