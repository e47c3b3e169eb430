"""Recent samples for the later stages: growing arrays, addressed by absolute sample number.

Live, only the last 40 s are kept, so that memory use is constant; `analyse` keeps everything.
"""

from __future__ import annotations

import numpy as np

from untuck.model import Floats

KEEP_S = 40.0  # more than the longest look back, that of the calibration
_WIDTHS = {"quat": 4, "earth": 3, "gyr": 3, "acc": 3}
_START = 4096


class History:
    """Recent samples by absolute number: time_s (n,), quat (n,4), earth, gyr, acc (n,3).

    `base` is the number of the oldest sample, `end` one more than that of the newest. Before the caller advances `end`
    past stored samples it writes their quat and earth.
    """

    def __init__(self, keep_all: bool) -> None:
        self._keep_all = keep_all
        self._time: Floats = np.empty(_START)
        self._columns: dict[str, Floats] = {name: np.empty((_START, width)) for name, width in _WIDTHS.items()}
        self.base = 0
        self.end = 0

    def store(self, time_s: Floats, gyr: Floats, acc: Floats) -> None:
        """Store the next samples: time_s (n,), gyr, acc (n,3). They become visible when `end` is advanced."""
        used, count = self.end - self.base, len(time_s)
        if used + count > len(self._time):
            self._make_room(count)
            used = self.end - self.base
        last, columns = used + count, self._columns
        self._time[used:last] = time_s
        columns["gyr"][used:last] = gyr
        columns["acc"][used:last] = acc

    def _make_room(self, count: int) -> None:
        drop = 0
        if not self._keep_all:
            used = self.end - self.base
            drop = int(np.searchsorted(self._time[:used], self._time[used - 1] - KEEP_S)) if used else 0
        kept = self.end - self.base - drop
        size = max(len(self._time), 2 * (kept + count))
        self._time = _grown(self._time, drop, kept, size)
        for name, array in self._columns.items():
            self._columns[name] = _grown(array, drop, kept, size)
        self.base += drop

    def at(self, number: int) -> float:
        """Time in s of one sample, which must not have been dropped."""
        return self._time.item(number - self.base)

    def time(self, first: int, end: int) -> Floats:
        """time_s of samples first..end-1 (absolute numbers), without those already dropped."""
        base = self.base
        return self._time[first - base if first > base else 0 : end - base]

    def column(self, name: str, first: int, end: int) -> Floats:
        """A view of "quat", "earth", "gyr" or "acc" of samples first..end-1."""
        base = self.base
        return self._columns[name][first - base if first > base else 0 : end - base]

    def past(self) -> tuple[Floats, Floats]:
        """Whole arrays of time and gyr from `base` on, also of samples that are stored and not yet visible."""
        return self._time, self._columns["gyr"]

    def until(self, end: int) -> tuple[Floats, Floats, Floats, int]:
        """Whole arrays of time, quat and earth from `base` on, and the number of rows before sample `end`.

        For kernels, which look back as far as they need. Rows after that number are undefined or later samples.
        """
        columns = self._columns
        return self._time, columns["quat"], columns["earth"], end - self.base

    def find(self, time_s: float, end: int) -> int:
        """Number of the first sample before `end` that is not earlier than time_s."""
        return self.base + int(self._time[: end - self.base].searchsorted(time_s))


def _grown(array: Floats, drop: int, kept: int, size: int) -> Floats:
    grown: Floats = np.empty((size, *array.shape[1:]))
    grown[:kept] = array[drop : drop + kept]
    return grown
