"""The search for a calibration in a stream: 5 s of standing, then three hip hinges, judged as each one ends.

Poses are looked for on a grid of sensor time; hinges when the pelvis has come back from one.
What is still missing, why hinges were refused, and what to fall back on when running begins, is decided here.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from untuck.errors import CalibrationError
from untuck.model import Calibration, CalibrationProgress
from untuck.motion.history import History
from untuck.motion.mount.calibration import from_hinges, from_stand
from untuck.motion.mount.hinges import Hinge, find_hinges, level, verticals
from untuck.motion.mount.standing import GLANCE_S, Pose, Stillness, glance, look, stiller, why_not_still
from untuck.motion.params import Params

_ELSEWHERE_DEG = 15.0  # between two standing poses: the clip has been moved, or this is a hinge that is held
_HELD_MAX_S = 10.0  # nobody holds a hinge so still for longer
_LEAST_HINGES = 2  # to fall back on


class Calibrator:
    """Looks for standing and hinges; call `look` on a fixed grid of sensor time. refused: a reason not yet told."""

    def __init__(self, params: Params) -> None:
        self._params = params
        self.pose: Pose | None = None
        self.refused = ""
        self._reason = ""
        self._stillest: Stillness | None = None
        self._since = 0  # sample from which hinges count
        self._seen = 0  # samples looked at
        self._out = False
        self._elsewhere_s = np.nan
        self._still_since_s, self._still_for_s = np.nan, 0.0
        self._judged = 0  # hinges that end later have not been judged
        self._good: list[Hinge] = []
        self._tried: list[Hinge] = []

    @property
    def search(self) -> CalibrationProgress:
        """How far it is. Who sways too much stands on: the last second counts with the pose."""
        p = self._params
        if self.pose is None:
            return CalibrationProgress(min(self._still_for_s, p.stand_s - 1.0))
        return CalibrationProgress(p.stand_s, min(len(self._good), p.hinge_count))

    def look(self, history: History, end: int) -> Calibration | None:
        """The finished calibration as of sample `end`-1, or None while there is none."""
        pose, still = look(history, end, self._params)
        if self.pose is None:
            self._count_stillness(history, end)
        self._stillest = stiller(self._stillest, still, self._params)
        self._take(pose, history, end)
        first, self._seen = max(self._seen, self._since), end
        if self.pose is None or first >= end:
            return None
        recent = verticals(history.column("quat", first, end)) @ self.pose.up
        self._out |= bool(recent.min() < np.cos(np.radians(0.5 * self._params.hinge_min_deg)))
        if not self._out or recent[-1] < np.cos(np.radians(self._params.hinge_home_deg)):
            return None
        self._out = False
        return self._judge(self._hinges(history, end))

    def _count_stillness(self, history: History, end: int) -> None:
        """Seconds without motion so far, for who watches."""
        now_s = history.at(end - 1)
        if not glance(history, end, self._params):
            self._still_since_s = np.nan
        elif np.isnan(self._still_since_s):
            self._still_since_s = history.at(history.find(now_s - GLANCE_S, end))
        self._still_for_s = 0.0 if np.isnan(self._still_since_s) else now_s - self._still_since_s

    def _take(self, pose: Pose | None, history: History, end: int) -> None:
        """Use the newest pose, unless it is rather a hinge that is held."""
        if pose is None:
            self._elsewhere_s = np.nan
            return
        if self.pose is not None and self.pose.up @ pose.up < np.cos(np.radians(_ELSEWHERE_DEG)):
            now_s = history.at(end - 1)
            self._elsewhere_s = now_s if np.isnan(self._elsewhere_s) else self._elsewhere_s
            held_s = now_s - self._elsewhere_s + self._params.stand_s
            if pose.up[1] < self.pose.up[1] and held_s < _HELD_MAX_S:
                return
            self._since = end
        else:
            self._elsewhere_s = np.nan
            self._since = end if self.pose is None else self._since
        self.pose = pose

    def _hinges(self, history: History, end: int) -> list[Hinge]:
        """Ways out and back that may count, samples numbered as in the stream."""
        assert self.pose is not None
        now_s = history.at(end - 1)
        first = max(self._since, history.find(now_s - self._params.hinge_within_s, end))
        gyr = history.column("gyr", first, end) - self.pose.gyr_bias_rad_s
        quat = history.column("quat", first, end)
        frame = level(self.pose.up)
        return find_hinges(history.time(first, end), quat, gyr, frame, self._params, first)

    def _judge(self, hinges: list[Hinge]) -> Calibration | None:
        p = self._params
        self._tried = hinges
        self._good = _forward([hinge for hinge in hinges if not hinge.problem(p)])
        if len(self._good) < p.hinge_count:
            fresh = [hinge for hinge in hinges if hinge.end > self._judged]
            if len(fresh) >= p.hinge_count:
                self._refuse(_complaint(fresh, p), hinges)
            return None
        assert self.pose is not None
        try:
            return from_hinges(self.pose, self._good[-p.hinge_count :], p)
        except CalibrationError as error:
            reason = str(error)
        if len(self._good) > p.hinge_count:  # many that scatter tell as much as three that do not
            try:
                return from_hinges(self.pose, self._good, p)
            except CalibrationError as error:
                reason = str(error)
        self._refuse(reason, hinges)
        return None

    def _refuse(self, reason: str, hinges: list[Hinge]) -> None:
        self.refused = self._reason = reason
        self._judged = hinges[-1].end

    def fall_back(self) -> tuple[Calibration | None, str]:
        """What there is to run with before three good hinges, and what that costs; None: only the nominal mount."""
        p = self._params
        if self.pose is None:
            return None, f"{why_not_still(self._stillest, p)} Until then tilt is against the clip's nominal place."
        if not self._reason and len(self._good) >= _LEAST_HINGES:
            try:
                found = from_hinges(self.pose, self._good, p)
            except CalibrationError as error:
                self._reason = str(error)
            else:
                text = f"Only {len(self._good)} hip hinges were found: the clip's direction is known within about"
                return found, f"{text} {found.error_deg:.0f} deg. Hinge three times before the run."
        try:
            found = from_stand(self.pose)
        except CalibrationError as error:
            return None, str(error)
        reason = self._reason or "No hip hinges were found: hinge three times before the run."
        if not self._reason and self._tried:
            reason = _complaint(self._tried, p)
        return found, f"{reason} Until then the clip's direction is taken as nominal, left and right may be off."


def _forward(hinges: list[Hinge]) -> list[Hinge]:
    """Without those that go against the deepest: who bends back first has not hinged yet."""
    if not hinges:
        return []
    deepest = max(hinges, key=lambda hinge: hinge.depth_deg)
    return [h for h in hinges if np.cos(np.radians(h.heading_deg - deepest.heading_deg)) > 0.0]


def _complaint(hinges: list[Hinge], params: Params) -> str:
    """Why hinges do not count, by what most of them lack, and what to do."""
    again = f"Bend forward at the hips, back straight, slowly down and up, {params.hinge_count} times."
    problems = Counter(problem for h in hinges if (problem := h.problem(params)))
    if not problems:
        return f"The hinges do not go the same way: some forward, some backward. {again}"
    problem = problems.most_common(1)[0][0]
    bad = [h for h in hinges if h.problem(params) == problem]
    if problem == "too shallow":
        depth = max(h.depth_deg for h in bad)
        return f"The hinges reach only {depth:.0f} deg (at least {params.hinge_min_deg:.0f}, better 40). {again}"
    if problem == "twisted":
        share, most = max(h.outside_pct for h in bad), params.hinge_outside_max_pct
        return f"The hinges twist: {share:.0f} % of the turning is not about one axis (at most {most:.0f}). {again}"
    length_s, (shortest_s, longest_s) = float(np.median([h.length_s for h in bad])), params.hinge_length_s
    return f"The hinges take {length_s:.1f} s each ({shortest_s:g} to {longest_s:g} s, better 3). {again}"
