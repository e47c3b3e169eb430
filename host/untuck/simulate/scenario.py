"""Scenarios of a simulated runner, phase after phase: stand, hinge, run, tuck, recover, pull a hip back.

Values change between phases by smooth quintic steps, so that acceleration stays continuous.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from untuck.model import BOTH, RIGHT, Floats

KINDS = ("stand", "hinge", "walk", "run")
START_S = 1.6  # from standing to full running, and back
FAULT_EASE_S = 1.4  # about two strides
HINGE_S = 3.5  # one hip hinge, down and up
RIGID_SWING = 0.6  # of the runner's own rotation and obliquity: at or below, the pelvis is rigid


@dataclass(frozen=True)
class Phase:
    """One part of a scenario; kind: one of KINDS.

    tuck_deg: posterior shift of tilt (negative: arched); pullback_deg: depth on `side`; lean_deg: forward shift of the
    trunk's lean against the runner's own, which does not move the pelvis. Raises ValueError for an unknown kind or a
    duration that is not above 0.
    """

    kind: str
    duration_s: float
    speed_m_s: float = 3.3
    tuck_deg: float = 0.0
    pullback_deg: float = 0.0
    side: int = RIGHT
    pullback_phase: float = 0.70  # of that side's stride
    swing: float = 1.0  # rotation and obliquity relative to normal; 0.4 is a rigid pelvis
    turn_deg_s: float = 0.0  # counter-clockwise seen from above
    lean_deg: float = 0.0

    @property
    def lumbar_deg(self) -> float:
        """Extension of the lumbar spine against the runner's own: change of tilt minus change of lean."""
        return -self.tuck_deg - self.lean_deg

    def __post_init__(self) -> None:
        if self.kind not in KINDS or not self.duration_s > 0:
            raise ValueError(
                f"A phase is one of {KINDS} and lasts more than 0 s, not {self.kind!r}, {self.duration_s} s."
            )


class TrueFault(NamedTuple):
    """A fault of the simulated runner, from its onset to its release: side -1 left, +1 right, 0 both."""

    fault: str
    side: int
    start_s: float
    end_s: float
    depth_deg: float


@dataclass(frozen=True)
class Scenario:
    """Phases in order, and gaps (start_s, duration_s) without samples."""

    phases: tuple[Phase, ...]
    gaps: tuple[tuple[float, float], ...] = ()

    @classmethod
    def default(cls, minutes: float | None = None, speed_m_s: float = 3.3, clips: int = 1) -> Scenario:
        """Stand, three hinges, stand, run, tuck, recover, pull the right hip back, recover, stand: 2.3 minutes.

        minutes: stretches the running phases. It cannot shorten the scenario, because a baseline takes 60 strides.
        clips: with 2 the runner also arches, bends and runs upright, which a second clip shows: 4 minutes.
        """
        run = Phase("run", 50.0, speed_m_s)
        faults = [
            replace(run, duration_s=20.0, tuck_deg=7.0),
            replace(run, duration_s=20.0, pullback_deg=5.0),
        ]
        if clips == 2:
            faults[1:1] = [
                replace(run, duration_s=20.0, tuck_deg=-7.0),
                replace(run, duration_s=20.0, tuck_deg=4.0, lean_deg=5.0),
                replace(run, duration_s=20.0, lean_deg=-7.0),
            ]
        recover = [replace(run, duration_s=16.0)] * (len(faults) - 1) + [replace(run, duration_s=13.0)]
        running = (run, *chain.from_iterable(zip(faults, recover, strict=True)))
        before = (Phase("stand", 7.0), Phase("hinge", 3 * HINGE_S), Phase("stand", 2.5))
        after = (Phase("stand", 4.0),)
        spare_s = (minutes or 0.0) * 60 - sum(phase.duration_s for phase in before + after)
        stretch = max(1.0, spare_s / sum(phase.duration_s for phase in running))
        return cls(before + tuple(replace(phase, duration_s=phase.duration_s * stretch) for phase in running) + after)

    @property
    def duration_s(self) -> float:
        """Length of the whole scenario."""
        return sum(phase.duration_s for phase in self.phases)

    def starts_s(self) -> Floats:
        """(P,) start of each phase."""
        return np.cumsum([0.0] + [phase.duration_s for phase in self.phases])[:-1]

    def faults(self, trunk: bool = False) -> tuple[TrueFault, ...]:
        """The runner's faults in order of time; neighbouring phases with the same fault count as one.

        trunk: as a second clip on the upper back shows them, which tells arch, bent and upright from a tuck.
        """
        found: list[TrueFault] = []
        for start_s, phase in zip(self.starts_s(), self.phases, strict=True):
            if phase.kind != "run":
                continue
            end_s = float(start_s + phase.duration_s)
            for fault, side, depth_deg in _faults_of(phase, trunk):
                last = next((f for f in found if f[:2] == (fault, side) and abs(f.end_s - start_s) < 1e-6), None)
                if last:
                    found[found.index(last)] = last._replace(end_s=end_s, depth_deg=max(last.depth_deg, depth_deg))
                else:
                    found.append(TrueFault(fault, side, float(start_s), end_s, depth_deg))
        return tuple(found)


def _faults_of(phase: Phase, trunk: bool) -> list[tuple[str, int, float]]:
    faults = _spine_faults_of(phase) if trunk else []
    if phase.tuck_deg and not (trunk and phase.tuck_deg < 0):
        faults.append(("tuck" if phase.tuck_deg > 0 else "arch", BOTH, abs(phase.tuck_deg)))
    if phase.pullback_deg:
        faults.append(("pullback", phase.side, phase.pullback_deg))
    if phase.swing <= RIGID_SWING:
        faults.append(("rigid", BOTH, 0.0))
    return faults


def _spine_faults_of(phase: Phase) -> list[tuple[str, int, float]]:
    """What pelvis and trunk together show: a tilt that the trunk follows is no arch."""
    faults = []
    if phase.lumbar_deg > 0:
        faults.append(("arch", BOTH, phase.lumbar_deg))
    if phase.tuck_deg > 0 and phase.lean_deg > 0:
        faults.append(("bent", BOTH, -phase.lumbar_deg))
    if phase.lean_deg < 0:
        faults.append(("upright", BOTH, -phase.lean_deg))
    return faults


def eased(u: NDArray[np.float64]) -> Floats:
    """0 below 0, 1 above 1, in between a quintic; its first two derivatives are continuous."""
    u = np.clip(u, 0.0, 1.0)
    step: Floats = u**3 * (10 - 15 * u + 6 * u**2)
    return step


def smooth_steps(time_s: Floats, starts_s: Floats, values: list[float], ease_s: float) -> Floats:
    """(N,) changes smoothly to values[i] from starts_s[i] on, within ease_s (or the phase, if that is shorter)."""
    out = np.full(len(time_s), values[0])
    ends_s = np.append(starts_s[1:], np.inf)
    for i in range(1, len(values)):
        if values[i] != values[i - 1]:
            first = int(np.searchsorted(time_s, starts_s[i]))
            within_s = min(ease_s, ends_s[i] - starts_s[i])
            out[first:] += (values[i] - values[i - 1]) * eased((time_s[first:] - starts_s[i]) / within_s)
    return out
