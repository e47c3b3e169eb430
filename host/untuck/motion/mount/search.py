"""The search for a calibration in a stream: 5 s of standing, then three hip hinges, checked as each one ends.

Poses are looked for on a grid of sensor time, hinges when the pelvis is back at standing. If running begins before the
search is finished, `Calibrator.partial_calibration` gives a less precise calibration.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import isnan

import numpy as np

from untuck.errors import CalibrationError
from untuck.model import Calibration, CalibrationProgress
from untuck.motion.history import History
from untuck.motion.mount.calibration import from_hinges, from_stand
from untuck.motion.mount.hinges import Hinge, find_hinges, level_frame, verticals
from untuck.motion.mount.lever import lever_m
from untuck.motion.mount.standing import (
    RECENT_S,
    Pose,
    Stillness,
    is_still,
    measure_pose,
    stillest_of,
    stillness_problem,
)
from untuck.motion.params import Params

_OTHER_POSE_DEG = 15.0  # between two still poses: the clip has been moved, or the runner holds a hinge
_STILL_HINGE_MAX_S = 10.0  # nobody holds a hinge so still for longer
_HINGES_MIN = 2  # for a partial calibration


class Calibrator:
    """Finds standing and hinges; call `update` on a fixed grid of sensor time.

    pose: the standing pose, None before it is found; rejection: why hinges were rejected, until the caller clears it.
    """

    def __init__(self, params: Params) -> None:
        self._params = params
        self.pose: Pose | None = None
        self.rejection = ""
        self._reason = ""
        self._stillest: Stillness | None = None
        self._hinges_from = 0  # sample from which hinges count
        self._done_until = 0  # samples looked at
        self._tipped_over = False
        self._other_pose_s = np.nan
        self._still_since_s, self._still_for_s = np.nan, 0.0
        self._tested_until = 0  # hinges that end later have not been tested
        self._accepted: list[Hinge] = []
        self._candidates: list[Hinge] = []

    @property
    def search(self) -> CalibrationProgress:
        """Progress. The last second of standing is counted only with the pose, which too much sway delays."""
        p = self._params
        if self.pose is None:
            return CalibrationProgress(min(self._still_for_s, p.stand_s - 1.0))
        return CalibrationProgress(p.stand_s, min(len(self._accepted), p.hinge_count))

    def update(self, history: History, end: int) -> Calibration | None:
        """The finished calibration as of sample `end`-1, or None while there is none."""
        pose, still = measure_pose(history, end, self._params)
        if self.pose is None:
            self._count_stillness(history, end)
        self._stillest = stillest_of(self._stillest, still, self._params)
        self._take_pose(pose, history, end)
        first, self._done_until = max(self._done_until, self._hinges_from), end
        if self.pose is None or first >= end:
            return None
        recent = verticals(history.column("quat", first, end)) @ self.pose.up
        self._tipped_over |= bool(recent.min() < np.cos(np.radians(0.5 * self._params.hinge_min_deg)))
        if not self._tipped_over or recent[-1] < np.cos(np.radians(self._params.hinge_home_deg)):
            return None
        self._tipped_over = False
        return self._evaluate(self._hinges(history, end), history)

    def _count_stillness(self, history: History, end: int) -> None:
        """Seconds without motion so far, for display."""
        now_s = history.at(end - 1)
        if not is_still(history, end, self._params):
            self._still_since_s = np.nan
        elif np.isnan(self._still_since_s):
            self._still_since_s = history.at(history.find(now_s - RECENT_S, end))
        self._still_for_s = 0.0 if np.isnan(self._still_since_s) else now_s - self._still_since_s

    def _take_pose(self, pose: Pose | None, history: History, end: int) -> None:
        """Use the newest pose, unless it is a hinge that is held still."""
        if pose is None:
            self._other_pose_s = np.nan
            return
        if self.pose is not None and self.pose.up @ pose.up < np.cos(np.radians(_OTHER_POSE_DEG)):
            now_s = history.at(end - 1)
            self._other_pose_s = now_s if np.isnan(self._other_pose_s) else self._other_pose_s
            held_s = now_s - self._other_pose_s + self._params.stand_s
            if pose.up[1] < self.pose.up[1] and held_s < _STILL_HINGE_MAX_S:
                return
            self._hinges_from = end
        else:
            self._other_pose_s = np.nan
            self._hinges_from = end if self.pose is None else self._hinges_from
        self.pose = pose

    def _hinges(self, history: History, end: int) -> list[Hinge]:
        """Excursions that may be hinges, with the stream's sample numbers."""
        assert self.pose is not None
        now_s = history.at(end - 1)
        first = max(self._hinges_from, history.find(now_s - self._params.hinge_within_s, end))
        gyr = history.column("gyr", first, end) - self.pose.gyr_bias_rad_s
        quat = history.column("quat", first, end)
        frame = level_frame(self.pose.up)
        return find_hinges(history.time(first, end), quat, gyr, frame, self._params, number=first)

    def _evaluate(self, hinges: list[Hinge], history: History) -> Calibration | None:
        p = self._params
        self._candidates = hinges
        self._accepted = _forward_only([hinge for hinge in hinges if not hinge.problem(p)])
        if len(self._accepted) < p.hinge_count:
            fresh = [hinge for hinge in hinges if hinge.end > self._tested_until]
            if len(fresh) >= p.hinge_count:
                self._reject(_rejection_reason(fresh, p), hinges)
            return None
        assert self.pose is not None
        try:
            return self._with_lever(self._accepted[-p.hinge_count :], history)
        except CalibrationError as error:
            reason = str(error)
        if len(self._accepted) > p.hinge_count:  # many scattered hinges can be as precise as three good ones
            try:
                return self._with_lever(self._accepted, history)
            except CalibrationError as error:
                reason = str(error)
        self._reject(reason, hinges)
        return None

    def _with_lever(self, hinges: list[Hinge], history: History) -> Calibration:
        """The calibration of hinges, with the lever that they show. Raises CalibrationError."""
        assert self.pose is not None
        found = from_hinges(self.pose, hinges, self._params)
        lever = lever_m(history, hinges, found.sensor_to_pelvis)
        return found if isnan(lever) else replace(found, quality=found.quality | {"lever_m": lever})

    def _reject(self, reason: str, hinges: list[Hinge]) -> None:
        self.rejection = self._reason = reason
        self._tested_until = hinges[-1].end

    def partial_calibration(self) -> tuple[Calibration | None, str]:
        """Calibration without three good hinges, and a warning with its cost; None: only the nominal mount is left."""
        p = self._params
        if self.pose is None:
            return None, f"{stillness_problem(self._stillest, p)} Until then tilt assumes the clip's nominal position."
        if not self._reason and len(self._accepted) >= _HINGES_MIN:
            try:
                found = from_hinges(self.pose, self._accepted, p)
            except CalibrationError as error:
                self._reason = str(error)
            else:
                text = f"Only {len(self._accepted)} hip hinges were found: the clip's direction is known to about"
                return found, f"{text} {found.error_deg:.0f} deg. Hinge three times before the run."
        try:
            found = from_stand(self.pose)
        except CalibrationError as error:
            return None, str(error)
        reason = self._reason or "No hip hinges were found: hinge three times before the run."
        if not self._reason and self._candidates:
            reason = _rejection_reason(self._candidates, p)
        return found, f"{reason} Until then the clip's direction is assumed nominal: left and right may be wrong."


def _forward_only(hinges: list[Hinge]) -> list[Hinge]:
    """Without those opposite to the deepest one: bending back first is not a hinge."""
    if not hinges:
        return []
    deepest = max(hinges, key=lambda hinge: hinge.depth_deg)
    return [h for h in hinges if np.cos(np.radians(h.heading_deg - deepest.heading_deg)) > 0.0]


def _rejection_reason(hinges: list[Hinge], params: Params) -> str:
    """The most frequent problem of hinges, and what to do."""
    again = f"Bend forward at the hips {params.hinge_count} times, back straight, slowly down and up."
    problems = Counter(problem for h in hinges if (problem := h.problem(params)))
    if not problems:
        return f"The hinges do not go the same way, some go forward and some backward. {again}"
    problem = problems.most_common(1)[0][0]
    bad = [h for h in hinges if h.problem(params) == problem]
    if problem == "too shallow":
        depth = max(h.depth_deg for h in bad)
        return f"The hinges reach only {depth:.0f} deg (at least {params.hinge_min_deg:.0f}, better 40). {again}"
    if problem == "twisted":
        share, most = max(h.outside_pct for h in bad), params.hinge_outside_max_pct
        return f"The hinges twist: {share:.0f} % of the rotation is not about one axis (at most {most:.0f}). {again}"
    length_s, (shortest_s, longest_s) = float(np.median([h.length_s for h in bad])), params.hinge_length_s
    return f"The hinges take {length_s:.1f} s each ({shortest_s:g} to {longest_s:g} s, better 3). {again}"
