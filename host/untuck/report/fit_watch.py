"""What a watch's FIT file says about a run: times and cadence of its records, pauses of its timer, its sports.

Unpacks gzip and zip. Stamps far from all others (a clock at power-on says 1989 or 2000) are ignored. Cadence may be in
three fields; the profile counts one leg's strides.
"""

from __future__ import annotations

import gzip
import io
import math
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from untuck.errors import ReportError
from untuck.limits import MOST_FIT_BYTES, check_zip, in_words
from untuck.model import Floats
from untuck.report import fit_bytes as fb

_LATITUDE, _NO_PLACE = 0, (b"\xff\xff\xff\x7f", b"\x7f\xff\xff\xff")
_CADENCE, _CADENCE_256, _FRACTIONAL = 4, 52, 53
_APART_S = 6 * 3600  # a longer break in the stamps separates groups of them
_START_TIME, _SPORT = 2, 5  # of a session
_OTHER_SPORTS = frozenset({2, 3, 5, 15, 19, 21})  # cycling, change, swimming, rowing, paddling, e-biking
_MOST_SESSIONS = 1000  # of a file; a triathlon has five
_EVENT, _EVENT_TYPE, _TIMER = 0, 1, 0
_STARTS, _STOPS = frozenset({0}), frozenset({1, 4, 8, 9})


@dataclass(frozen=True, eq=False)
class Watch:
    """Of a file's records: time_s (n,) unix seconds, NaN if ignored, and spm (n,), NaN if unknown; paused_s (P,2)."""

    time_s: Floats
    spm: Floats
    paused_s: Floats

    @property
    def used(self) -> NDArray[np.bool_]:
        """(n,) which records have a usable time."""
        known: NDArray[np.bool_] = np.isfinite(self.time_s)
        return known


def unpacked(data: bytes, name: str) -> tuple[bytes, str]:
    """The FIT file in a gzip or zip file, and what was done, empty for a FIT file. Raises ReportError for a bad one."""
    try:
        if data[:2] == b"\x1f\x8b":
            with gzip.open(io.BytesIO(data)) as file:
                return _limited(file.read(MOST_FIT_BYTES + 1), name), f"{name} was unpacked (gzip)"
        if data[:4] == b"PK\x03\x04":
            check_zip(io.BytesIO(data))
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                inside = [each for each in archive.namelist() if each.lower().endswith(".fit")]
                if len(inside) != 1:
                    raise ReportError(f"{name} holds {len(inside)} FIT files: unpack it and choose one.")
                with archive.open(inside[0]) as member:
                    return _limited(member.read(MOST_FIT_BYTES + 1), name), f"{inside[0]} was unpacked from {name}"
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, ValueError) as error:
        raise ReportError(f"{name} cannot be unpacked: it is damaged. Export it from the watch again.") from error
    return _limited(data, name), ""


def _limited(data: bytes, name: str) -> bytes:
    if len(data) > MOST_FIT_BYTES:
        raise ReportError(f"{name} has more than {in_words(MOST_FIT_BYTES)}: it is no recording of a run.")
    return data


def read_watch(fit: fb.FitFile, name: str) -> Watch:
    """What a file says about a run. Raises ReportError if it is no activity, or an activity of another sport only."""
    records = fit.data(fb.RECORD)
    stamps = [message.time_s for message in records]
    if all(stamp is None for stamp in stamps):
        raise ReportError(f"{name} is not an activity: it has no records with a time.")
    time_s = _without_strays(np.array([math.nan if s is None else float(s + fb.EPOCH_UNIX_S) for s in stamps]))
    spans = _other_sports(fit)
    for begin, end in spans:
        time_s[(time_s >= begin) & (time_s <= end)] = np.nan
    if not np.isfinite(time_s).any():
        raise ReportError(f"{name} has no run in it: its activities are of other sports.")
    spm = np.array([_cadence(message) for message in records])
    return Watch(time_s, np.where(np.isfinite(time_s), spm, np.nan), _pauses(fit.data(fb.EVENT)))


def has_track(fit: fb.FitFile) -> bool:
    """Whether records say where the runner was."""
    places = (message.field(_LATITUDE) for message in fit.data(fb.RECORD))
    return any(place is not None and place not in _NO_PLACE for place in places)


def _cadence(record: fb.Message) -> float:
    """Steps/min of a record, NaN without cadence."""
    fine = record.unsigned(_CADENCE_256)
    if fine is not None:
        return 2.0 * fine / 256.0
    whole, part = record.unsigned(_CADENCE), record.unsigned(_FRACTIONAL)
    return math.nan if whole is None else 2.0 * (whole + (part or 0) / 128.0)


def _without_strays(time_s: Floats) -> Floats:
    """Stamps of the largest group, and of those within a day of it; NaN for the others."""
    known = np.sort(time_s[np.isfinite(time_s)])
    cuts = np.flatnonzero(np.diff(known) > _APART_S)
    groups = np.split(known, cuts + 1)
    main = max(groups, key=len)
    near = (time_s >= main[0] - 86400.0) & (time_s <= main[-1] + 86400.0)
    return np.where(near, time_s, np.nan)


def _other_sports(fit: fb.FitFile) -> list[tuple[float, float]]:
    """Spans in unix seconds of sessions that are no runs, where the cadence is one of pedals or arms."""
    out = []
    for message in fit.data(fb.SESSION)[:_MOST_SESSIONS]:
        start, end, sport = message.unsigned(_START_TIME), message.time_s, message.unsigned(_SPORT)
        if sport in _OTHER_SPORTS and start is not None and end is not None:
            out.append((float(start + fb.EPOCH_UNIX_S), float(end + fb.EPOCH_UNIX_S)))
    return out


def _pauses(events: Sequence[fb.Message]) -> Floats:
    """(P,2) unix seconds at which the timer stood still, after a stop and before the next start; sorted and apart."""
    out: list[tuple[float, float]] = []
    stopped: int | None = None
    for message in events:
        if message.unsigned(_EVENT) != _TIMER or message.time_s is None:
            continue
        kind = message.unsigned(_EVENT_TYPE)
        if kind in _STOPS and stopped is None:
            stopped = message.time_s
        elif kind in _STARTS and stopped is not None:
            out.append((float(stopped + fb.EPOCH_UNIX_S), float(message.time_s + fb.EPOCH_UNIX_S)))
            stopped = None
    return _apart(out)


def _apart(spans: list[tuple[float, float]]) -> Floats:
    """Spans (P,2) without overlap: a damaged file may list the same hours any number of times."""
    kept: list[list[float]] = []
    for begin, end in sorted(span for span in spans if span[1] > span[0]):
        if kept and begin <= kept[-1][1]:
            kept[-1][1] = max(kept[-1][1], end)
        else:
            kept.append([begin, end])
    return np.array(kept, float).reshape(-1, 2)
