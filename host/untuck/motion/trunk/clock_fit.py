"""The clock of the trunk's clip on that of the pelvis's, from the arrival times of both, then from foot strikes.

Causal and deterministic: it uses what has arrived before a packet, so that a replay gives the same times to the bit.
Mapped times increase: while the fit improves they run a little faster or slower than the trunk's own.
"""

from __future__ import annotations

from math import hypot, inf, isfinite, nan

import numpy as np

from untuck.model import Floats
from untuck.motion.trunk.least_delay import LeastDelay
from untuck.motion.trunk.strike_fit import StrikeFit
from untuck.samples import Samples
from untuck.vocabulary import Role

_SLEW = 0.01  # by which mapped time runs faster or slower at most while the fit changes
_JUMP_S = 0.2  # a larger change is one of a clip's clock: it is followed at once
_LEAST_STEP_S = 1e-4


class ClockFit:
    """Maps the times of the trunk's samples. Every packet of both clips is reported to it, in order of arrival."""

    def __init__(self) -> None:
        self._delays = {role: LeastDelay() for role in Role}
        self._clocks = dict.fromkeys(Role, 0)
        self._strikes = StrikeFit()
        self._shift_s = nan  # as applied to the last sample
        self._last_s = self._last_out_s = -inf

    def arrived(self, role: Role, time_s: float, arrival_s: float, clock: int = 0) -> None:
        """A packet whose newest sample was measured at time_s of its clip reached the host at arrival_s.

        clock: another number than before where the clip's clock has restarted.
        """
        if clock != self._clocks[role]:
            self._clocks[role], self._delays[role] = clock, LeastDelay()
            self._strikes.restart()
        self._delays[role].push(time_s, arrival_s)

    def pelvis(self, samples: Samples) -> None:
        """Take in samples of the pelvis, whose packets have been reported."""
        if self._delays[Role.TRUNK].known:
            self._strikes.pelvis(samples)

    def trunk(self, samples: Samples) -> Samples:
        """Samples of one packet of the trunk, which has been reported, on the pelvis's clock.

        They are left out before the pelvis's clip has sent, and where the fit steps back.
        """
        if len(samples) == 0 or not all(each.known for each in self._delays.values()):
            return samples[:0]
        error_s = hypot(*(each.missing_s[1] for each in self._delays.values()))
        self._strikes.trunk(samples.time_s, samples.acc_m_s2, self._by_arrivals, error_s)
        time_s = self._mapped(samples.time_s)
        kept = np.isfinite(time_s)
        quat = None if samples.quat is None else samples.quat[kept]
        return Samples(time_s[kept], samples.gyr_rad_s[kept], samples.acc_m_s2[kept], quat, samples.acc_end_m_s2)

    def _by_arrivals(self, time_s: float) -> float:
        """What is to be added to a time of the trunk, as the least delayed packets of both show it."""
        trunk, pelvis = self._delays[Role.TRUNK], self._delays[Role.PELVIS]
        shift_s = trunk.at(time_s) - pelvis.at(time_s)
        return trunk.at(time_s) - pelvis.at(time_s + shift_s) - trunk.missing_s[0] + pelvis.missing_s[0]

    def _mapped(self, time_s: Floats) -> Floats:
        """Times (n,) on the pelvis's clock, NaN where a sample is to be left out."""
        aim_s = self._by_arrivals(float(time_s[-1])) + self._strikes.correction_s
        if abs(aim_s - self._shift_s) < _JUMP_S:
            most_s = _SLEW * np.maximum(time_s - self._last_s, 0.0)
            shift_s = self._shift_s + np.clip(aim_s - self._shift_s, -most_s, most_s)
        else:
            shift_s = np.full(len(time_s), aim_s)
        out_s: Floats = time_s + shift_s
        out_s[out_s < self._last_out_s + _LEAST_STEP_S] = nan
        self._shift_s, self._last_s = float(shift_s[-1]), float(time_s[-1])
        self._last_out_s = max(self._last_out_s, out_s[-1].item()) if isfinite(out_s[-1]) else self._last_out_s
        return out_s
