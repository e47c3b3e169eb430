"""Adds a session's developer fields to a watch's FIT recording and changes nothing else in it.

The watch's records keep their times; each gets the means of the strides since the previous record. Of a chain of files
the one that matches best is filled, the others stay as they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from untuck.errors import ReportError
from untuck.report import fit_bytes as fb
from untuck.report import fit_fields
from untuck.report.fit_dates import check_apart
from untuck.report.fit_match import Match, find_offset
from untuck.report.fit_watch import Watch, has_track, read_watch, unpacked
from untuck.run_results import Run


@dataclass(frozen=True)
class Merged:
    """data: the merged file; match: of the two clocks; records, filled: of the watch, and those with stride values.

    part, parts: which file of a chain was filled, from 1, and of how many; notes: what the user should know.
    """

    data: bytes
    match: Match
    records: int
    filled: int
    part: int = 1
    parts: int = 1
    notes: tuple[str, ...] = ()


def merge(data: bytes, name: str, run: Run, unix_zero_s: float, offset_s: float | None = None) -> Merged:
    """Add a run to a watch's FIT file, given as bytes. unix_zero_s: unix time of the run's sensor time 0.

    offset_s: watch time minus session time, None to find it. Raises ReportError for a file that is damaged, not an
    activity, merged before, or of another run.
    """
    if offset_s is not None and not math.isfinite(offset_s):
        raise ReportError(f"the offset {offset_s} is no number of seconds: give watch time minus session time.")
    data, note = unpacked(data, name)
    files = fb.read_chain(data, name)
    part, watch, match = _matching(files, name, run, unix_zero_s, offset_s)
    fit = files[part]
    index, fields = _free_index(fit, name), fit_fields.fields_of(run)
    shift_s = -unix_zero_s - match.offset_s  # from unix time to sensor time
    values, filled = _values(fit, watch, run, shift_s)
    if filled == 0:
        raise ReportError(f"no record of {name} lies within the session ({match.text}): nothing to add.")
    try:
        intro, layout = fit_fields.describe(index, fields), fit_fields.layout(index, fields)
        files[part] = fb.with_developer_fields(fit, intro, layout, values)
    except ReportError as error:
        raise ReportError(f"{name} cannot be merged: {error}") from error
    notes = [note] if note else []
    if len(files) > 1:
        notes.append(
            f"{name} is a chain of {len(files)} FIT files: file {part + 1} was filled, the others are unchanged"
        )
    strays = int((~watch.used).sum())
    if strays:
        notes.append(f"{strays} records without a usable time, or of another sport, were left unfilled")
    if any(map(has_track, files)):
        notes.append("the file keeps the watch's GPS track: whoever gets it sees where and when you ran")
    out = b"".join(fb.write(each) for each in files)
    return Merged(
        data=out,
        match=match,
        records=len(watch.time_s),
        filled=filled,
        part=part + 1,
        parts=len(files),
        notes=tuple(notes),
    )


def check_dates(data: bytes, name: str, first_s: float, last_s: float) -> None:
    """Raise ReportError if no activity in a watch's file is near a session, first_s to last_s in unix seconds."""
    data, _ = unpacked(data, name)
    errors = []
    for fit in fb.read_chain(data, name):
        try:
            time_s = read_watch(fit, name).time_s
            check_apart(first_s, last_s, float(np.nanmin(time_s)), float(np.nanmax(time_s)))
        except ReportError as error:
            errors.append((len(fit.data(fb.RECORD)), error))
        else:
            return
    raise max(errors, key=lambda each: each[0])[1]


def _matching(
    files: list[fb.FitFile], name: str, run: Run, unix_zero_s: float, offset_s: float | None
) -> tuple[int, Watch, Match]:
    """The file of a chain that matches best. Raises the error of the largest if none does."""
    found: list[tuple[int, Watch, Match]] = []
    errors: list[tuple[int, ReportError]] = []
    for number, fit in enumerate(files):
        try:
            watch = read_watch(fit, name)
            if offset_s is None:
                time_s, use = watch.time_s, watch.used
                match = find_offset(run, unix_zero_s, time_s[use], watch.spm[use], watch.paused_s)
            else:
                match = Match(offset_s, given=True)
        except ReportError as error:
            errors.append((len(fit.data(fb.RECORD)), error))
            continue
        found.append((number, watch, match))
    if not found:
        raise max(errors, key=lambda each: each[0])[1]
    if offset_s is None:
        return max(found, key=lambda each: each[2].ratio)
    return max(found, key=lambda each: _overlap_s(each[1], run, unix_zero_s + offset_s))


def _overlap_s(watch: Watch, run: Run, zero_s: float) -> float:
    inside = (watch.time_s >= zero_s + run.time_s[0]) & (watch.time_s <= zero_s + run.time_s[-1])
    return float(inside.sum())


def _values(fit: fb.FitFile, watch: Watch, run: Run, shift_s: float) -> tuple[Callable[[fb.Message], bytes], int]:
    """The bytes of the developer fields for each record in turn, and how many records have stride values."""
    means = fit_fields.StrideMeans(run)
    until_s = watch.time_s + shift_s
    rows = [fit_fields.unknown(means.fields)] * len(until_s)
    used = np.flatnonzero(watch.used)
    order = used[np.argsort(until_s[used], kind="stable")]
    now_s = until_s[order]
    since_s = np.concatenate([[-np.inf], now_s[:-1]])
    since_s = np.where(since_s < now_s, since_s, now_s - 1.0)  # a second record of the same second
    big = np.array([message.definition.big_endian for message in fit.data(fb.RECORD)], bool)[order]
    for endian in (False, True):
        chosen = np.flatnonzero(big == endian)
        for k, row in zip(order[chosen], fit_fields.rows(means, since_s[chosen], now_s[chosen], endian), strict=True):
            rows[k] = row
    in_turn = iter(rows)
    return lambda _: next(in_turn), int(np.isfinite(means.values("tilt_deg", since_s, now_s)).sum())


def _free_index(fit: fb.FitFile, name: str) -> int:
    """A developer data index that the file does not use."""
    used = set()
    for message in fit.data(fb.DEVELOPER_DATA_ID):
        if message.field(1) == fit_fields.APPLICATION_ID:
            raise ReportError(f"{name} already has Untuck's fields: merge into the watch's original file.")
        used.add(message.unsigned(3))
    free = [index for index in range(255) if index not in used]
    if not free:
        raise ReportError(f"{name} has no room for our fields: other apps use all 255 places. Export it without them.")
    return free[0]
