"""Whether a clip on the upper back whose direction is only assumed faces another way, from running itself.

Without hinges the direction is the nominal one. Once per stride the trunk bends from side to side far more than it tips
forward: in 316 of 317 short runs of actors in seven manners (docs/trunk.md). A clip turned by 90 deg shows the
opposite. Nobody leans back in running, but a clip on the chest shows it. That a runner is fastest where the body is
highest, by which the pelvis's clip is checked, does not hold for the trunk in 10 % of those runs.
"""

from __future__ import annotations

from collections import deque

from untuck.model import Floats
from untuck.motion.strides.phase_grid import ANALYSIS

_STRIDES = 8
_LEAN_BACK_DEG = -4.0  # mean lean against standing; runners have 7.3 (SD 3.6)


class TrunkFacing:
    """Follows the strides of a clip whose direction is assumed."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, float, float]] = deque(maxlen=_STRIDES)

    def clear(self) -> None:
        """The mount has changed."""
        self._recent.clear()

    def is_wrong(self, lean_rad: Floats, obliquity_rad: Floats, lean_deg: float) -> bool:
        """Take in a stride's curves (P,) and mean lean; whether the last strides contradict the mount's direction."""
        basis = ANALYSIS[:, :2]
        forward, sideways = (float(((curve @ basis) ** 2).sum()) for curve in (lean_rad, obliquity_rad))
        self._recent.append((forward, sideways, lean_deg))
        forward, sideways, lean_deg = (sum(column) / len(self._recent) for column in zip(*self._recent, strict=True))
        return forward > sideways or lean_deg < _LEAN_BACK_DEG
