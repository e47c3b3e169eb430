"""A drop of tilt that is sustained: medians over some strides and over more, against the runner's own wandering.

Natural joggers' tilt wanders with an SD of 2 deg over some four strides and drops by 5 deg for two or three now and
then. A median does not see such dips; over more strides less wandering is left, so that a smaller drop can be found.
The variance of each median has three parts: what drifts over minutes in every runner, the runner's own wandering, and
the uncertainty of the reference.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import islice
from math import sqrt
from statistics import median

from untuck.motion.form.reference import Usual
from untuck.motion.params import Params

# Windows as multiples of tuck_strides, and the variance of their medians about the baseline's as multiples of that of
# ten strides within the baseline: fitted on natural joggers, the baseline's own error included.
_WINDOWS = ((1.0, 1.8), (1.8, 1.1), (2.8, 0.9), (4.0, 0.7))
_LAST, _LAST_SHARE = 2, 0.5  # strides whose mean must still be this share of the threshold: it has not ended yet
_EARLY_SHARE = 0.4  # of the drop, present slow_strides earlier: it came slowly
_FOUND = 2.3  # a drop this many SE above its threshold is found in nine of ten natural joggers


@dataclass(frozen=True, slots=True)
class Drop:
    """below_deg: shortest median of tilt below the reference; least_deg: threshold of the longest one.

    promised_deg: depth that is found in nine of ten joggers; slow: much of the drop was there slow_strides earlier.
    """

    below_deg: float
    least_deg: float
    promised_deg: float
    on: bool
    slow: bool


class SustainedDrop:
    """Follows tilt below its reference; `push` says whether it has dropped for long enough."""

    def __init__(self, params: Params) -> None:
        p = self._params = params
        self._windows = [(max(2, round(share * p.tuck_strides)), variance) for share, variance in _WINDOWS]
        self._below: deque[float] = deque(maxlen=self._windows[-1][0] + p.slow_strides)

    def clear(self) -> None:
        """Forget the strides seen so far."""
        self._below.clear()

    def push(self, below_deg: float, usual: Usual, tilt_se_deg: float, wander_deg: float, params: Params) -> Drop:
        """Take in a stride that lies below_deg under its reference."""
        self._below.append(below_deg)
        p, values = params, list(self._below)
        more_deg = max(0.0, tilt_se_deg - p.tilt_usual_se_deg)
        common = p.tuck_drift_deg**2 + usual.tilt_se_deg**2 + more_deg**2
        on, least_deg, se_deg, short_deg = False, 0.0, 0.0, 0.0
        for number, (window, variance) in enumerate(self._windows):
            se_deg = sqrt(common + wander_deg**2 * variance)
            least_deg = max(p.tuck_on_deg, p.wander_ratio * se_deg)
            if len(values) < window:
                continue
            middle_deg = median(values[-window:])
            short_deg = middle_deg if number == 0 else short_deg
            on = on or middle_deg >= least_deg
        slow = self._is_slow(short_deg)
        if slow:
            least_deg *= p.slow_ratio
        last_deg = sum(values[-_LAST:]) / min(_LAST, len(values))
        lasts = short_deg >= p.tuck_off_deg / p.tuck_on_deg * least_deg and last_deg >= _LAST_SHARE * least_deg
        on = on and lasts and (not slow or median(values[-self._windows[1][0] :]) >= least_deg)
        return Drop(short_deg, least_deg, least_deg + _FOUND * se_deg, on, slow)

    def _is_slow(self, now_deg: float) -> bool:
        """Whether much of the drop was there already before the strides that slow_strides leave out."""
        before = list(islice(self._below, 0, max(0, len(self._below) - self._params.slow_strides)))
        return len(before) >= self._windows[1][0] and median(before) >= _EARLY_SHARE * now_deg > 0.0
