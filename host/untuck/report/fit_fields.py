"""Untuck's developer fields in FIT records: name, unit and, where the profile has one, the native field number.

Values are means of the clean strides since the previous record. They are floats without scale, because decoders
disagree on developer scales. Pelvic oscillation has no native number: the native field is the torso's. Force, braking
and vertical stiffness have none in the public profile.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from untuck.model import Floats
from untuck.report.fit_bytes import DEVELOPER_DATA_ID, FIELD_DESCRIPTION, RECORD, Definition
from untuck.run_results import Run
from untuck.vocabulary import RECOVERED

APPLICATION_ID = bytes.fromhex("5b1f0c8e6a7d4d0e9a3c75756e747563")
FLOAT32, UINT16, UINT8, STRING = 0x88, 0x84, 0x02, 0x07  # FIT base types
BYTE, UINT32 = 0x0D, 0x86
NOT_KNOWN = {FLOAT32: b"\xff" * 4, UINT16: b"\xff" * 2}
_CODES = {FLOAT32: "f4", UINT16: "u2"}
_KINDS: dict[int, type[float] | type[int]] = {FLOAT32: float, UINT16: int}
LONGEST_S = 10.0  # a record covers at most so many seconds before it


@dataclass(frozen=True)
class DeveloperField:
    """number: in this application; column: of STRIDE_DTYPE, or "cues" (their count so far); native: profile number."""

    number: int
    name: str
    unit: str
    base_type: int
    column: str
    native: int | None = None

    @property
    def size(self) -> int:
        """Bytes of one value."""
        return len(NOT_KNOWN[self.base_type])


FIELDS = (
    DeveloperField(0, "pelvic_tilt", "deg", FLOAT32, "tilt_deg"),
    DeveloperField(1, "pelvic_lean", "deg", FLOAT32, "pelvic_lean_deg"),
    DeveloperField(2, "pullback_left", "deg", FLOAT32, "pullback_left_deg"),
    DeveloperField(3, "pullback_right", "deg", FLOAT32, "pullback_right_deg"),
    DeveloperField(4, "cues", "count", UINT16, "cues"),
    DeveloperField(5, "stance_time", "ms", FLOAT32, "contact_ms", native=41),
    DeveloperField(6, "stance_time_balance", "percent", FLOAT32, "balance_left_pct", native=84),
    DeveloperField(7, "pelvis_oscillation", "mm", FLOAT32, "oscillation_mm"),
    DeveloperField(8, "peak_force_left", "BW", FLOAT32, "peak_left_bw"),
    DeveloperField(9, "peak_force_right", "BW", FLOAT32, "peak_right_bw"),
    DeveloperField(10, "braking_left", "m/s", FLOAT32, "braking_left_m_s"),
    DeveloperField(11, "braking_right", "m/s", FLOAT32, "braking_right_m_s"),
    DeveloperField(12, "vertical_stiffness_left", "BW/m", FLOAT32, "stiffness_left_bw_m"),
    DeveloperField(13, "vertical_stiffness_right", "BW/m", FLOAT32, "stiffness_right_bw_m"),
)
TRUNK_FIELDS = (  # in files of a run with a second clip
    DeveloperField(14, "trunk_lean", "deg", FLOAT32, "trunk_lean_deg"),
    DeveloperField(15, "lumbar_extension", "deg", FLOAT32, "lumbar_deg"),
    DeveloperField(16, "side_bend", "deg", FLOAT32, "side_bend_deg"),
)


def fields_of(run: Run) -> tuple[DeveloperField, ...]:
    """The developer fields of a run's records."""
    return FIELDS if run.trunk is None else (*FIELDS, *TRUNK_FIELDS)


def describe(index: int, fields: Sequence[DeveloperField] = FIELDS) -> list[tuple[Definition, bytes]]:
    """The developer_data_id and field_description messages for developer data index `index`, as layout and body."""
    application = Definition(DEVELOPER_DATA_ID, False, ((1, 16, BYTE), (4, 4, UINT32), (3, 1, UINT8)), ())
    out = [(application, APPLICATION_ID + (1).to_bytes(4, "little") + bytes([index]))]
    for field in fields:
        name, unit = field.name.encode() + b"\0", field.unit.encode() + b"\0"
        native = 0xFF if field.native is None else field.native
        layout = (
            (0, 1, UINT8),  # developer data index
            (1, 1, UINT8),  # field number
            (2, 1, UINT8),  # base type
            (3, len(name), STRING),
            (8, len(unit), STRING),
            (14, 2, UINT16),  # native message number
            (15, 1, UINT8),  # native field number
        )
        body = bytes([index, field.number, field.base_type]) + name + unit + RECORD.to_bytes(2, "little")
        out.append((Definition(FIELD_DESCRIPTION, False, layout, ()), body + bytes([native])))
    return out


def layout(index: int, fields: Sequence[DeveloperField]) -> tuple[tuple[int, int, int], ...]:
    """The fields as listed in the definition of a record."""
    return tuple((field.number, field.size, index) for field in fields)


class StrideMeans:
    """Mean values of a run's clean strides over spans of sensor time; fields: those of its records."""

    def __init__(self, run: Run) -> None:
        self.fields = fields_of(run)
        strides = run.strides[run.strides["valid"]]
        self._middle_s = strides["start_s"] + 0.5 * strides["duration_s"]
        self._columns: dict[str, Floats] = {
            name: strides[name] for name in strides.dtype.names or () if strides.dtype[name].kind != "U"
        }
        self._columns["contact_ms"] = 0.5 * (strides["contact_left_ms"] + strides["contact_right_ms"])
        self._cue_s = np.array([cue.time_s for cue in run.cues if cue.fault != RECOVERED])
        self._span_s = (float(run.time_s[0]), float(run.time_s[-1])) if len(run.time_s) else (math.inf, -math.inf)

    def value(self, column: str, since_s: float, until_s: float) -> float:
        """Like `values`, for one span."""
        return float(self.values(column, np.array([since_s]), np.array([until_s]))[0])

    def values(self, column: str, since_s: Floats, until_s: Floats) -> Floats:
        """Means (n,) over the strides whose middle lies in since_s < t <= until_s, else of one within 1 s, else NaN."""
        if column == "cues":
            inside = (until_s >= self._span_s[0]) & (until_s <= self._span_s[1] + LONGEST_S)
            return np.where(inside, np.searchsorted(self._cue_s, until_s, side="right"), np.nan)
        if len(self._middle_s) == 0:
            return np.full(len(until_s), np.nan)
        first, end = self._strides(since_s, until_s)
        known = np.isfinite(self._columns[column])
        sums = np.concatenate([[0.0], np.cumsum(np.where(known, self._columns[column], 0.0))])
        counts = np.concatenate([[0], np.cumsum(known)])
        count = counts[end] - counts[first]
        return np.where(count > 0, (sums[end] - sums[first]) / np.maximum(count, 1), np.nan)

    def _strides(self, since_s: Floats, until_s: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """First and end (n,) of the strides that count for each span; equal where none does."""
        last = len(self._middle_s) - 1
        first = np.searchsorted(self._middle_s, np.maximum(since_s, until_s - LONGEST_S), side="right")
        end = np.searchsorted(self._middle_s, until_s, side="right")
        before, after = np.clip(end - 1, 0, last), np.clip(end, 0, last)
        apart = [np.abs(self._middle_s[k] - until_s) <= 1 for k in (before, after)]
        near = np.where(apart[0], before, after)
        none = first >= end
        first = np.where(none, near, first)
        return first, np.where(none, near + (apart[0] | apart[1]), end)


def rows(means: StrideMeans, since_s: Floats, until_s: Floats, big_endian: bool) -> list[bytes]:
    """The fields' bytes for records (n,) that cover since_s < t <= until_s of sensor time."""
    order, fields = ">" if big_endian else "<", means.fields
    names = [f"{field.number}" for field in fields]
    table = np.zeros(len(until_s), list(zip(names, (order + _CODES[field.base_type] for field in fields), strict=True)))
    for name, field in zip(names, fields, strict=True):
        values = means.values(field.column, since_s, until_s)
        unknown = np.isnan(values)
        if field.base_type == FLOAT32:
            bits = np.where(unknown, np.float32(0), values).astype(np.float32).view(np.uint32)
            table[name] = np.where(unknown, np.uint32(0xFFFFFFFF), bits).astype(np.uint32).view(np.float32)
        else:
            table[name] = np.where(unknown, 0xFFFF, np.minimum(np.nan_to_num(values), 0xFFFE)).astype(np.uint16)
    size, data = table.dtype.itemsize, table.tobytes()
    return [data[k : k + size] for k in range(0, len(data), size)]


def unknown(fields: Sequence[DeveloperField]) -> bytes:
    """The fields' bytes for a record outside the session."""
    return b"".join(NOT_KNOWN[field.base_type] for field in fields)
