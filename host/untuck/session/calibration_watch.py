"""Ends a session of `untuck calibrate` once every clip has seen standing and hinges; names the clips that have not."""

from __future__ import annotations

from untuck.events import Calibrated, Event, Rejected, TrunkCalibrated
from untuck.model import Calibration
from untuck.vocabulary import Role

PLACES = {Role.PELVIS: "waistband", Role.TRUNK: "upper back"}


class CalibrationWatch:
    """Returns True for the event that completes the calibration. found: the calibration of each clip so far.

    trunk: the runner has a second clip, whose calibration is awaited as well.
    """

    def __init__(self, trunk: bool = False) -> None:
        self.roles = tuple(Role) if trunk else (Role.PELVIS,)
        self.found: dict[Role, Calibration] = {}
        self._round_back = False

    def __call__(self, event: Event) -> bool:
        match event:
            case Rejected(what="back"):  # comes before the second calibration of the two, which does not count
                self.found.clear()
                self._round_back = True
            case Calibrated(calibration=calibration, zero_only=False):
                self._take(Role.PELVIS, calibration)
            case TrunkCalibrated(calibration=calibration, zero_only=False):
                self._take(Role.TRUNK, calibration)
            case _:
                return False
        return all(role in self.found for role in self.roles)

    def _take(self, role: Role, calibration: Calibration) -> None:
        if calibration.source == "stand+hinges" and not self._round_back:
            self.found[role] = calibration
        self._round_back = False

    @property
    def missing(self) -> tuple[Role, ...]:
        """The clips that are not calibrated yet."""
        return tuple(role for role in self.roles if role not in self.found)
