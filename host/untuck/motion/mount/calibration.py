"""The mount of the sensor on the pelvis: from a standing pose and hip hinges, zeroed again, or checked.

Standing gives the vertical and the zero, hinges give the forward direction. Zeroing again keeps the forward direction.
search.py finds poses and hinges in a stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import asin, degrees, hypot

import numpy as np

from untuck.errors import CalibrationError
from untuck.model import GRAVITY_M_S2, NOMINAL_MOUNT, Calibration, Floats, StandingCheck
from untuck.motion.mount.hinges import Hinge, combine_hinges, level_frame
from untuck.motion.mount.standing import Pose, still_pose
from untuck.motion.params import Params
from untuck.samples import Samples

_UPRIGHT_DEG = 45.0  # between the clip's long side and the vertical; beyond, it lies on its side
_BEHIND_DEG = 60.0  # from the middle of the back
_BACKBEND_DEG = 30.0  # nobody bends back further at the pelvis
_YAW_SHARE = 0.5  # unseen rotation about the vertical per rotation that standing shows (SD); a judgement


def nominal() -> Calibration:
    """The nominal mount, x right, y up, z backward; without a measured zero."""
    return Calibration(NOMINAL_MOUNT.copy(), np.zeros(3), source="nominal")


def from_stand(pose: Pose) -> Calibration:
    """Calibration from standing alone: the vertical is measured, the mount's heading is assumed nominal.

    Raises CalibrationError where the clip lies on its side or upside down, because it then has no nominal heading.
    """
    if problem := orientation_problem(pose.up):
        raise CalibrationError(
            f"{problem}: put it on the back of the waistband with its long side up and stand still again."
        )
    right = NOMINAL_MOUNT[2] - (NOMINAL_MOUNT[2] @ pose.up) * pose.up
    right /= np.linalg.norm(right)
    mount = np.array([np.cross(pose.up, right), pose.up, right])
    return _made(mount, pose, float("nan"), "stand", _stand_quality(pose))


def from_hinges(pose: Pose, hinges: Sequence[Hinge], params: Params) -> Calibration:
    """Calibration from a standing pose and the hinges after it, for any orientation of the clip.

    Raises CalibrationError where the hinges differ too much in direction or went backward.
    """
    found = combine_hinges(hinges, params)
    if found.error_deg > params.hinge_error_max_deg:
        raise CalibrationError(
            f"The hinges point up to {found.spread_deg:.0f} deg off their mean, so the clip's direction is uncertain "
            f"by {found.error_deg:.0f} deg (limit {params.hinge_error_max_deg:.0f}): stand still for "
            f"{params.stand_s:.0f} s, feet side by side, and hinge straight forward three times."
        )
    frame = level_frame(pose.up)
    turn = np.radians(found.heading_deg)
    forward = np.cos(turn) * frame[0] + np.sin(turn) * frame[2]
    mount = np.array([forward, pose.up, np.cross(forward, pose.up)])
    deepest = max(hinge.depth_deg for hinge in hinges)
    if is_in_front(mount) and deepest < _BACKBEND_DEG and not orientation_problem(pose.up):
        raise CalibrationError("The hinges went backward: bend forward at the hips three times, back straight.")
    quality = _stand_quality(pose) | {
        "hinges": float(len(hinges)),
        "axis_spread_deg": found.spread_deg,
        "depth_deg": min(hinge.depth_deg for hinge in hinges),
        "outside_pct": max(hinge.outside_pct for hinge in hinges),
        "curl_deg": max(hinge.curl_deg for hinge in hinges),
    }
    return _made(mount, pose, found.error_deg, "stand+hinges", quality)


def _stand_quality(pose: Pose) -> dict[str, float]:
    return {
        "stand_gyr_sd_deg_s": pose.gyr_sd_deg_s,
        "stand_acc_sd_mg": pose.acc_sd_mg,
        "stand_error_deg": pose.error_deg,
    }


def _made(mount: Floats, pose: Pose, error_deg: float, source: str, quality: dict[str, float]) -> Calibration:
    gain = GRAVITY_M_S2 / float(np.linalg.norm(pose.gravity_m_s2))
    return Calibration(mount, pose.gyr_bias_rad_s, gain, error_deg, source=source, quality=quality)


def orientation_problem(up: Floats) -> str:
    """How the clip is wrongly oriented where `up` (3,) is the vertical in sensor coordinates; "" if upright."""
    off_deg = degrees(np.arccos(np.clip(up[1], -1.0, 1.0)))
    if off_deg <= _UPRIGHT_DEG:
        return ""
    if off_deg > 180.0 - _UPRIGHT_DEG:
        return "The clip is upside down"
    return "The clip lies flat" if abs(up[2]) > abs(up[0]) else "The clip lies on its side"


def angle_from_back_deg(mount: Floats) -> float:
    """Angle about the vertical from the middle of the back to the clip's position, 0 to 180."""
    nominal_forward = mount @ NOMINAL_MOUNT[0]
    return abs(degrees(np.arctan2(nominal_forward[2], nominal_forward[0])))


def is_in_front(mount: Floats) -> bool:
    """Whether the clip is opposite the back, or the hinges that found it went backward."""
    return angle_from_back_deg(mount) > 180.0 - _BEHIND_DEG


def placement_warning(calibration: Calibration, *, chest: bool = False) -> str:
    """A warning where hinges showed an unusual orientation or position of the clip; "" if it is as intended.

    chest: the clip may be in front too, as that of the trunk.
    """
    mount = calibration.sensor_to_pelvis
    if problem := orientation_problem(mount[1]):
        return f"{problem}. The hinges measured this, so angles are correct; next time put it on with its long side up."
    if angle_from_back_deg(mount) > _BEHIND_DEG:
        if chest and is_in_front(mount):
            return (
                "The hinges show the clip in front, on the breast bone, which measures lean as well. If it is on the "
                "back, the hinges went backward: calibrate again."
            )
        return (
            f"The clip is {angle_from_back_deg(mount):.0f} deg away from the middle of the back, or the hinges went "
            "backward: put it on the back of the waistband and calibrate again."
        )
    return ""


def compare(calibration: Calibration, pose: Pose, now_s: float, zeroed: bool = False) -> StandingCheck:
    """A standing pose measured with an existing calibration, at now_s of sensor time."""
    forward, up, right = calibration.sensor_to_pelvis @ pose.up
    return StandingCheck(
        time_s=now_s,
        difference_deg=degrees(np.arccos(min(1.0, max(-1.0, up)))),
        tilt_deg=-degrees(asin(min(1.0, max(-1.0, forward)))),
        obliquity_deg=degrees(asin(min(1.0, max(-1.0, right)))),
        zeroed=zeroed,
    )


def zero_again(calibration: Calibration, pose: Pose) -> Calibration:
    """The calibration with vertical and zero from a new standing pose, by the smallest rotation; the heading is kept.

    error_deg grows, because standing does not show how far the clip has also rotated about the vertical.
    """
    old_up, new_up = calibration.sensor_to_pelvis[1], pose.up
    axis, cosine = np.cross(old_up, new_up), float(old_up @ new_up)
    cross = np.array([[0.0, -axis[2], axis[1]], [axis[2], 0.0, -axis[0]], [-axis[1], axis[0], 0.0]])
    turn = np.eye(3) + cross + cross @ cross / (1.0 + cosine)
    turned_deg = compare(calibration, pose, 0.0).difference_deg
    return replace(
        calibration,
        sensor_to_pelvis=calibration.sensor_to_pelvis @ turn.T,
        gyr_bias_rad_s=pose.gyr_bias_rad_s,
        acc_gain=GRAVITY_M_S2 / float(np.linalg.norm(pose.gravity_m_s2)),
        error_deg=hypot(calibration.error_deg, _YAW_SHARE * turned_deg),
        quality=calibration.quality | _stand_quality(pose),
    )


def check_calibration(old: Calibration, samples: Samples, params: Params | None = None) -> float:
    """Angle in degrees between an old calibration's vertical and that of the first 5 s of standing in `samples`.

    Up to Params.reuse_max_deg (1.5) the old calibration may be used unchanged. Raises CalibrationError where `samples`
    contain no standing.
    """
    return compare(old, still_pose(samples, params or Params()), 0.0).difference_deg
