"""Buffers of fixed size for the plots: the newest samples in full, older ones as minima and maxima of half seconds.

Arrays are allocated once. A full buffer drops its oldest quarter, so that its rows stay one contiguous slice.
Owns how far back a session can be scrolled, and at which resolution.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from untuck.model import Floats

FULL_SAMPLES = 90_000  # 15 min at 100 Hz
COARSE_S = 0.5  # about a step: its minimum and maximum keep the shape of the run
COARSE_ROWS = 43_200  # 6 h
STRIDE_ROWS = 32_768  # 6 h at 90 strides a minute
CONTACT_ROWS = 65_536


class RowBuffer:
    """Rows of one structured dtype in order of time; drops the oldest quarter when it is full."""

    def __init__(self, dtype: np.dtype[np.void], rows: int) -> None:
        self._rows = np.zeros(rows, dtype)
        self._end = 0

    def __len__(self) -> int:
        return self._end

    @property
    def all(self) -> NDArray[np.void]:
        """A view of the rows in the buffer."""
        return self._rows[: self._end]

    def add(self, rows: NDArray[np.void]) -> None:
        """Append rows (n,), at most as many as the buffer holds."""
        if self._end + len(rows) > len(self._rows):
            drop = max(len(self._rows) // 4, self._end + len(rows) - len(self._rows))
            keep = max(self._end - drop, 0)
            self._rows[:keep] = self._rows[self._end - keep : self._end].copy()
            self._end = keep
        rows = rows[-(len(self._rows) - self._end) :]
        self._rows[self._end : self._end + len(rows)] = rows
        self._end += len(rows)

    def between(self, start_s: float, end_s: float) -> NDArray[np.void]:
        """The rows with start_s <= time_s <= end_s."""
        times = self.all["time_s"]
        return self.all[times.searchsorted(start_s) : times.searchsorted(end_s, "right")]


_FULL = np.dtype([("time_s", "f8"), ("value", "f4")])
_COARSE = np.dtype([("time_s", "f8"), ("low", "f4"), ("high", "f4")])


class TraceBuffer:
    """A signal over time that can be drawn at any zoom: `drawn` returns no more points than a screen can show."""

    def __init__(self) -> None:
        self._full = RowBuffer(_FULL, FULL_SAMPLES)
        self._coarse = RowBuffer(_COARSE, COARSE_ROWS)
        self._open: list[float] = []  # time, minimum and maximum of the coarse cell that is being filled
        self.first_s = self.last_s = float("nan")

    def add(self, time_s: Floats, values: Floats) -> None:
        """Append samples (n,)."""
        if len(time_s) == 0:
            return
        if np.isnan(self.first_s):
            self.first_s = float(time_s[0])
        self.last_s = float(time_s[-1])
        rows = np.empty(len(time_s), _FULL)
        rows["time_s"], rows["value"] = time_s, values
        self._full.add(rows)
        self._coarsen(time_s, values)

    def _coarsen(self, time_s: Floats, values: Floats) -> None:
        cells = np.floor(time_s / COARSE_S)
        starts = np.flatnonzero(np.diff(cells, prepend=np.nan))
        lows, highs = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
        rows = list(zip((cells[starts] * COARSE_S).tolist(), lows.tolist(), highs.tolist(), strict=True))
        if self._open and self._open[0] == rows[0][0]:
            cell, low, high = rows[0]
            rows[0] = (cell, min(low, self._open[1]), max(high, self._open[2]))
        elif self._open:
            rows.insert(0, (self._open[0], self._open[1], self._open[2]))
        self._open = list(rows.pop())
        if rows:
            self._coarse.add(np.array(rows, _COARSE))

    def drawn(self, start_s: float, end_s: float, points: int) -> tuple[Floats, Floats]:
        """(time_s, value) of a line over start_s..end_s: samples, or the minimum and maximum of cells of samples.

        Returns at most about 2 * points values. Cells begin at whole multiples of their length, so that the drawn line
        does not change as time passes.
        """
        full = self._full.all
        if len(full) == 0:
            return np.empty(0), np.empty(0)
        if start_s < full["time_s"][0] and len(full) > FULL_SAMPLES // 2:
            rows = self._coarse.between(start_s, end_s)
            return _zigzag(rows["time_s"], rows["low"], rows["high"], COARSE_S)
        rows = self._full.between(start_s, end_s)
        time_s, values = rows["time_s"], rows["value"].astype(np.float64)
        if len(rows) <= 2 * points:
            return time_s.copy(), values
        # a power of two, so that the line does not flicker while zooming
        cell_s = 2.0 ** np.ceil(np.log2((end_s - start_s) / points))
        starts = np.flatnonzero(np.diff(np.floor(time_s / cell_s), prepend=np.nan))
        return _zigzag(time_s[starts], np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts), cell_s)


def _zigzag(time_s: Floats, low: Floats, high: Floats, cell_s: float) -> tuple[Floats, Floats]:
    """A line through the minimum and the maximum of each cell."""
    times = np.repeat(time_s, 2)
    times[1::2] += cell_s / 2
    values = np.empty(2 * len(low))
    values[0::2], values[1::2] = low, high
    return times, values
