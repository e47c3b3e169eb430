"""Motion for the simulated BNO085: samples quantised and clipped to the chip's fixed point integers.

Rows come from arrays or one by one from a generator; after the last row the chip repeats it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

QUAT_ONE = 1 << 14
ACC_END = round(8 * 9.80665 * 256)  # +/-8 g in Q8
GYR_END = round(np.deg2rad(2000) * 512)  # +/-2000 deg/s in Q9

Row = tuple[float, ArrayLike, ArrayLike, ArrayLike]  # time_s, gyr_rad_s (3), acc_m_s2 (3), quat w x y z (4)


class SamplesLike(Protocol):
    """The fields of untuck.Samples that are needed."""

    time_s: NDArray[np.float64]
    gyr_rad_s: NDArray[np.float64]
    acc_m_s2: NDArray[np.float64]
    quat: NDArray[np.float64] | None


def chip_values(gyr_rad_s: ArrayLike, acc_m_s2: ArrayLike, quat: ArrayLike) -> NDArray[np.int64]:
    """(N,10) integers in wire order (quat w x y z, acc, gyro) from (N,3), (N,3) and (N,4)."""
    acc = np.clip(np.round(np.asarray(acc_m_s2) * 256), -ACC_END, ACC_END)
    gyr = np.clip(np.round(np.asarray(gyr_rad_s) * 512), -GYR_END, GYR_END)
    return np.hstack([np.round(np.asarray(quat) * QUAT_ONE), acc, gyr]).astype(np.int64)


Convert = Callable[[ArrayLike, ArrayLike, ArrayLike], NDArray[np.int64]]  # gyr, acc, quat to (N,10)


class Motion:
    """Rows of (time_us, ten integers), the first at time 0, read from the source as needed."""

    def __init__(self, rows: Iterable[tuple[int, tuple[int, ...]]]) -> None:
        self._source: Iterator[tuple[int, tuple[int, ...]]] | None = iter(rows)
        self._times_us: list[int] = []
        self._values: list[tuple[int, ...]] = []
        self._fetch(0)
        self._fetch(1)
        if not self._times_us:
            raise ValueError("a motion needs at least one row")
        self.period_us = self._times_us[1] if len(self._times_us) > 1 else 10000

    @classmethod
    def of(cls, samples: SamplesLike, convert: Convert = chip_values) -> Motion:
        """From untuck.Samples, which must carry quaternions if the chip measures them. convert: to its integers."""
        if samples.quat is None and convert is chip_values:
            raise ValueError("the chip always reports a quaternion: samples need `quat`")
        quat = np.zeros((len(samples.time_s), 4)) if samples.quat is None else samples.quat
        values = convert(samples.gyr_rad_s, samples.acc_m_s2, quat).tolist()
        times_us = np.round((samples.time_s - samples.time_s[0]) * 1e6).astype(int).tolist()
        return cls(zip(times_us, map(tuple, values), strict=True))

    @classmethod
    def stream(cls, rows: Iterable[Row], convert: Convert = chip_values) -> Motion:
        """From a generator of (time_s, gyr, acc, quat), which may be endless."""

        def integers() -> Iterator[tuple[int, tuple[int, ...]]]:
            start_s = None
            for time_s, gyr, acc, quat in rows:
                start_s = time_s if start_s is None else start_s
                yield round((time_s - start_s) * 1e6), tuple(convert([gyr], [acc], [quat])[0].tolist())

        return cls(integers())

    def row(self, index: int) -> tuple[int, tuple[int, ...]]:
        """Time in microseconds and values of row `index`; past the end the last row again, each one period later."""
        self._fetch(index)
        last = len(self._times_us) - 1
        if index <= last:
            return self._times_us[index], self._values[index]
        return self._times_us[last] + (index - last) * self.period_us, self._values[last]

    def ended(self, index: int) -> bool:
        """Whether row `index` is beyond the end."""
        self._fetch(index)
        return index >= len(self._times_us)

    def index_after(self, time_us: int) -> int:
        """The first row later than `time_us`."""
        while self._source is not None and self._times_us[-1] <= time_us:
            self._fetch(len(self._times_us))
        found = bisect_right(self._times_us, time_us)
        if found < len(self._times_us):
            return found
        return found + (time_us - self._times_us[-1]) // self.period_us

    def at(self, time_us: int) -> tuple[int, ...]:
        """The values at any time, interpolated linearly."""
        after = self.index_after(time_us)
        if after == 0:
            return self._values[0]
        (start_us, a), (end_us, b) = self.row(after - 1), self.row(after)
        share = (time_us - start_us) / (end_us - start_us)
        return tuple(round(x + (y - x) * share) for x, y in zip(a, b, strict=True))

    def _fetch(self, index: int) -> None:
        while self._source is not None and len(self._times_us) <= index:
            row = next(self._source, None)
            if row is None:
                self._source = None
            else:
                self._times_us.append(row[0])
                self._values.append(row[1])
