"""The calibration in use and its changes: found in the stream, given and checked, or zeroed again while standing.

A Calibrator searches until hinges are found; after that every new 5 s of standing are compared with the calibration
in use, which may set the zero again.
"""

from __future__ import annotations

from dataclasses import replace

from untuck.events import Calibrated, Event, Rejected, StandingFound, StandingMeasured, Warned
from untuck.model import Calibration, CalibrationProgress, StandingCheck
from untuck.motion.history import History
from untuck.motion.mount.calibration import compare, nominal, placement_warning, zero_again
from untuck.motion.mount.search import Calibrator
from untuck.motion.mount.standing import Pose, measure_pose
from untuck.motion.params import Params


class Mounting:
    """Keeps the calibration; call `look` on a grid of sensor time, in order, while the runner does not run.

    chest: the clip may be worn in front too.
    """

    def __init__(self, params: Params, given: Calibration | None, *, chest: bool = False) -> None:
        self._params = params
        self._chest = chest
        self.calibration = given or nominal()
        self._unchecked = given is not None
        self._calibrator = None if given is not None else Calibrator(params)
        self._measured = False  # the current standing has been measured
        self._still = False  # the calibrator has found standing
        self._zero_asked = False  # the next standing sets the zero, whatever the difference

    @property
    def search(self) -> CalibrationProgress | None:
        """Progress of the search for a calibration, None if there is no search."""
        return None if self._calibrator is None else self._calibrator.search

    def look(self, history: History, end: int, slipped: bool) -> list[Event]:
        """Events of the samples up to `end`-1; slipped: the zero is known to be wrong, so the next standing sets it."""
        events: list[Event] = []
        now_s = history.at(end - 1)
        if self._calibrator is not None:
            found = self._calibrator.update(history, end)
            if self._calibrator.pose is not None and not self._still:
                self._still = True
                events.append(StandingFound(now_s))
            if self._calibrator.rejection:
                events += [Rejected(now_s, "hinges"), Warned(now_s, self._calibrator.rejection)]
                self._calibrator.rejection = ""
            if found is not None:
                return [*events, *self._found(found, now_s)]
        if self.calibration.source != "nominal" or self._unchecked:
            events += self._check_standing(history, end, slipped)
        return events

    def _found(self, calibration: Calibration, now_s: float) -> list[Event]:
        self.calibration, self._calibrator, self._unchecked = calibration, None, False
        warning = placement_warning(calibration, chest=self._chest)
        return [Calibrated(now_s, calibration), *([Warned(now_s, warning)] if warning else [])]

    def _check_standing(self, history: History, end: int, slipped: bool) -> list[Event]:
        pose, still = measure_pose(history, end, self._params)
        self._measured = self._measured and still is not None
        if pose is None or self._measured:
            return []
        self._measured = True
        now_s = history.at(end - 1)
        standing = compare(self.calibration, pose, now_s)
        if self._unchecked:
            return self._check(standing, pose)
        p = self._params
        if standing.difference_deg > p.zero_max_deg:
            text = "Still, but the clip is tilted far from the calibrated pose: if you are standing, calibrate again."
            return [StandingMeasured(now_s, standing), Warned(now_s, text)]
        if self._zero_asked:
            self._zero_asked = False
            by = f"{standing.difference_deg:.1f} deg"
            return self._zero(standing, pose, f"Zero set as requested: it was off by {by}.")
        if standing.difference_deg <= p.zero_min_deg and not slipped:
            return [StandingMeasured(now_s, standing)]
        text = "The clip has moved, or you stand differently. The zero was set again."
        return self._zero(standing, pose, f"Standing differs by {standing.difference_deg:.1f} deg from before. {text}")

    def _zero(self, standing: StandingCheck, pose: Pose, warning: str) -> list[Event]:
        self.calibration = zero_again(self.calibration, pose)
        now_s, zeroed = standing.time_s, replace(standing, zeroed=True)
        return [
            StandingMeasured(now_s, zeroed),
            Calibrated(now_s, self.calibration, zero_only=True),
            Warned(now_s, warning),
        ]

    def _check(self, standing: StandingCheck, pose: Pose) -> list[Event]:
        """The first standing with an earlier calibration: keep it, zero it, or start a new search."""
        p, by = self._params, f"{standing.difference_deg:.1f} deg"
        self._unchecked = False
        if standing.difference_deg <= p.reuse_max_deg:
            return [StandingMeasured(standing.time_s, standing)]
        if standing.difference_deg <= p.reuse_zero_max_deg:
            text = f"The clip sits slightly differently than when it was calibrated ({by}). The zero was set again."
            return self._zero(standing, pose, text)
        self._calibrator, self._still = Calibrator(p), False
        text = f"The clip sits differently than when it was calibrated ({by}): calibrate again, hinge three times."
        if standing.difference_deg <= p.zero_max_deg:
            return self._zero(standing, pose, text)
        return [StandingMeasured(standing.time_s, standing), Warned(standing.time_s, text)]

    def ask_zero(self) -> None:
        """Let the next 5 s of standing set the zero, also if the runner already stands."""
        self._zero_asked, self._measured = True, False

    def ask_calibration(self, on: bool = True) -> None:
        """Start a new search for standing and hinges, or stop it; the calibration in use is kept until it is found.

        The search cannot be stopped while there is no calibration.
        """
        if on:
            self._calibrator, self._still = Calibrator(self._params), False
        elif self.calibration.source != "nominal":
            self._calibrator = None

    def run(self, now_s: float) -> list[Event]:
        """Running begins, or the stream ends: use a partial calibration where no hinges were found."""
        if self._calibrator is None or self.calibration.source != "nominal" or self._unchecked:
            return []
        found, warning = self._calibrator.partial_calibration()
        if found is None:
            return [Warned(now_s, warning)]
        self.calibration = found
        return [Warned(now_s, warning), Calibrated(now_s, found)]
