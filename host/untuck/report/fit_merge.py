"""Adds a session's developer fields to a watch's FIT recording and changes nothing else in it.

The watch's records keep their times; each gets the means of the strides since the previous record.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from untuck.errors import ReportError
from untuck.model import Floats
from untuck.report import fit_bytes as fb
from untuck.report import fit_fields
from untuck.report.fit_match import Match, find_offset
from untuck.run_results import Run

_CADENCE, _FRACTIONAL = 4, 53


@dataclass(frozen=True)
class Merged:
    """data: the merged file; match: of the two clocks; records, filled: of the watch, and those with stride values."""

    data: bytes
    match: Match
    records: int
    filled: int


def merge(data: bytes, name: str, run: Run, unix_zero_s: float, offset_s: float | None = None) -> Merged:
    """Add a run to a watch's FIT file, given as bytes. unix_zero_s: unix time of the run's sensor time 0.

    offset_s: watch time minus session time, None to find it. Raises ReportError for a file that is damaged, not an
    activity, merged before, or of another run.
    """
    fit = fb.read(data, name)
    records = [m for m in fit.messages if m.definition.global_number == fb.RECORD and not m.is_definition]
    if not any(message.time_s is not None for message in records):
        raise ReportError(f"{name} is not an activity: it has no records with a time.")
    index = _free_index(fit, name)
    watch_s, watch_spm = cadence(records)
    match = find_offset(run, unix_zero_s, watch_s, watch_spm) if offset_s is None else Match(offset_s, given=True)
    shift_s = fb.EPOCH_UNIX_S - unix_zero_s - match.offset_s  # from FIT time to sensor time
    filler = _Filler(fit_fields.StrideMeans(run), shift_s)
    merged = fb.with_developer_fields(fit, fit_fields.describe(index), fit_fields.layout(index), filler.values)
    if filler.filled == 0:
        raise ReportError(f"no record of {name} lies within the session ({match.text}): nothing to add.")
    return Merged(fb.write(merged), match, len(records), filler.filled)


class _Filler:
    """Computes the bytes of the developer fields, record by record."""

    def __init__(self, means: fit_fields.StrideMeans, shift_s: float) -> None:
        self._means = means
        self._shift_s = shift_s
        self._last_s = -math.inf
        self.filled = 0

    def values(self, message: fb.Message) -> bytes:
        if message.time_s is None:
            return b"".join(fit_fields.NOT_KNOWN[field.base_type] for field in fit_fields.FIELDS)
        now_s = message.time_s + self._shift_s
        self.filled += not math.isnan(self._means.value("tilt_deg", self._last_s, now_s))
        out = fit_fields.encode(self._means, self._last_s, now_s, message.definition.big_endian)
        self._last_s = now_s
        return out


def cadence(records: list[fb.Message]) -> tuple[Floats, Floats]:
    """Unix seconds (n,) and steps/min (n,), NaN where unknown, of the records with a time."""
    times, steps = [], []
    for message in records:
        if message.time_s is None:
            continue
        whole, part = message.unsigned(_CADENCE), message.unsigned(_FRACTIONAL)
        times.append(float(message.time_s + fb.EPOCH_UNIX_S))
        steps.append(math.nan if whole is None else 2.0 * (whole + (part or 0) / 128.0))
    return np.array(times), np.array(steps)


def _free_index(fit: fb.FitFile, name: str) -> int:
    """A developer data index that the file does not use."""
    used = set()
    for message in fit.messages:
        if message.definition.global_number == fb.DEVELOPER_DATA_ID and not message.is_definition:
            if message.field(1) == fit_fields.APPLICATION_ID:
                raise ReportError(f"{name} already has Untuck's fields: merge into the watch's original file.")
            used.add(message.unsigned(3))
    return next(index for index in range(255) if index not in used)
