"""What is wrong with signs and axes of a foreign recording: gravity removed, gyro against acceleration, y not up.

Each check returns the problem as a sentence with what to do, "" where it finds none or the recording does not show it.
Measures are in handedness.py. A left or right must never rest on signs that were guessed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from untuck.errors import SamplesError
from untuck.model import GRAVITY_M_S2, Calibration, Floats
from untuck.motion.mount.handedness import Turned, running, turning
from untuck.samples import Samples

_WINDOW_S = 2.0  # a few strides: what does not belong to gravity averages out
_MEAN_LEAST_M_S2 = 5.0
_MEAN_SHARE_LEAST = 0.4  # of the RMS; in running with gravity 0.55 and more
_MOVED_M_S2 = 0.5  # RMS; below it a sensor without gravity lies still
_TURN_SURE = 0.85  # correlation; recorded walking reaches 0.73 of either sign by chance
_BEST_SURE, _SELF_LOST = 0.9, 0.5  # another naming of the axes explains the turns, this one does not
_RUN_SURE, _AGREE_LEAST = 0.25, 0.1  # 84 recordings of 37 runners: median -0.08 to 1, above 0.1 in 81
_PARTS_LEAST = 2
_UPRIGHT = np.cos(np.radians(45.0))
_UPRIGHT_AXES = {  # for each axis that may point up: a rotation, and a mirror image, for left-handed axes
    (0, 1): ("-y,x,z", "y,x,z"),
    (0, -1): ("y,-x,z", "-y,-x,z"),
    (1, -1): ("-x,-y,z", "x,-y,z"),
    (2, 1): ("x,z,-y", "x,z,y"),
    (2, -1): ("x,-z,y", "x,-z,-y"),
}
_BOTH = '--axes "acc:{0}" --axes "gyr:{0}"'  # "--axes" alone takes rotation for an axial vector
_REVERSED = '--axes "-x,-y,-z"'  # acceleration, that is
_LEFT_HANDED = (
    f"Either one axis is mirrored (left-handed axes): give it, such as {_BOTH.format('-x,y,z')} where x points left; "
    'or the gyro has the opposite sign: --axes "gyr:-x,-y,-z". '
)
_CANNOT_TELL = "The recording cannot show which, and left and right depend on it."


def gravity_problem(samples: Samples) -> str:
    """Whether gravity was removed: over 2 s the mean acceleration of a moving sensor is much less than gravity."""
    means, rms = _windows(samples)
    moved = rms >= max(_MOVED_M_S2, float(np.median(rms))) if len(rms) else np.empty(0, bool)
    if not moved.any():
        return ""
    length = np.sqrt((means[moved] ** 2).sum(axis=1))
    mean_m_s2, share = float(np.median(length)), float(np.median(length / rms[moved]))
    if mean_m_s2 >= _MEAN_LEAST_M_S2 or share >= _MEAN_SHARE_LEAST:
        return ""
    return (
        f"acceleration averages only {mean_m_s2:.1f} m/s^2 over {_WINDOW_S:.0f} s of motion, but gravity alone is "
        f"{GRAVITY_M_S2:.1f}: gravity was removed (linear acceleration). Export the acceleration that includes gravity."
    )


class Agreement(NamedTuple):
    """What a recording shows of gyro against acceleration: turns without shaking, and the median over running.

    strides: from -1 to 1, NaN where too little was run.
    """

    turned: Turned
    strides: float

    @property
    def shown(self) -> bool:
        """Whether it shows that they agree."""
        return self.turned.agreement >= _TURN_SURE or self.strides >= _AGREE_LEAST


def agreement(samples: Samples) -> Agreement:
    """Measure how gyro and acceleration agree."""
    parts = running(samples)
    return Agreement(turning(samples), float(np.median(parts)) if len(parts) >= _PARTS_LEAST else float("nan"))


def gyro_problem(found: Agreement) -> str:
    """Whether gyro and acceleration contradict each other: one of the two reversed, mirrored or with other axes."""
    turned = found.turned
    if turned.agreement >= _TURN_SURE:
        return ""
    if turned.agreement <= -_TURN_SURE:
        return f"while the sensor turns, gravity turns the wrong way for the gyro. {_LEFT_HANDED}{_CANNOT_TELL}"
    if turned.best >= _BEST_SURE and turned.agreement < _SELF_LOST:
        return (
            "gyro and acceleration do not have the same axes: gravity turns as the gyro says only if the gyro's axes "
            f'are named otherwise. Give them, perhaps --axes "gyr:{axes_text(turned.axes)}".'
        )
    if found.strides <= -_RUN_SURE:
        what = "while running, the gyro says that the pelvis tips the opposite way to everybody's in a step. "
        return f"{what}{_LEFT_HANDED}{_CANNOT_TELL}"
    return ""


def upright_problem(samples: Samples, contradicting: bool) -> str:
    """Whether the sensor's y axis points up, as declared: acceleration at rest, or its mean in motion, is along +y.

    contradicting: gyro and acceleration contradict each other.
    """
    means, _ = _windows(samples)
    length = np.sqrt((means**2).sum(axis=1))
    up = np.median(means[length > 0.5 * GRAVITY_M_S2], axis=0) if (length > 0.5 * GRAVITY_M_S2).any() else np.zeros(3)
    size = float(np.sqrt(up @ up))
    if size < 0.5 * GRAVITY_M_S2 or up[1] >= _UPRIGHT * size:
        return ""
    axis = int(np.argmax(abs(up)))
    sign = 1 if up[axis] > 0 else -1
    if (axis, sign) == (1, 1):
        return ""
    found = f"the mean acceleration points along {'-' if sign < 0 else '+'}{'xyz'[axis]}, but y should point up. "
    rotated, mirrored = _UPRIGHT_AXES[axis, sign]
    if contradicting:
        return (
            f"{found}Gyro and acceleration contradict each other as well: perhaps the axes are left-handed, "
            f"{_BOTH.format(mirrored)}, or all signs are reversed, {_BOTH.format('-x,-y,-z')}. {_CANNOT_TELL}"
        )
    return (
        f'{found}If the sensor was worn that way, give its axes, perhaps --axes "{rotated}" (right, up, backward). '
        f"If acceleration has the opposite sign, as on Apple phones, give {_REVERSED}. {_CANNOT_TELL}"
    )


def mirror_warning(calibration: Calibration) -> str:
    """A warning where hinges found y down: then left and right rest on the sign of acceleration alone; else ""."""
    if calibration.source != "stand+hinges" or calibration.sensor_to_pelvis[1, 1] > -_UPRIGHT:
        return ""
    return (
        "The sensor's y axis points down. If it was not worn so, acceleration has the opposite sign, as on Apple "
        "phones: then left and right are exchanged, and nothing in the recording shows it. At rest it must point up."
    )


def check_signs(samples: Samples, name: str) -> None:
    """Check a file's samples, with its axes as declared. Raises SamplesError with the reason and the flag to give."""
    problem = gravity_problem(samples)
    if not problem:
        contradicting = gyro_problem(agreement(samples))
        problem = upright_problem(samples, contradicting != "") or contradicting
    if problem:
        raise SamplesError(f"{name}: {problem}")


def _windows(samples: Samples) -> tuple[Floats, Floats]:
    """Mean (W,3) and RMS (W,) of acceleration in windows of 2 s."""
    if len(samples) == 0:
        return np.empty((0, 3)), np.empty(0)
    window = np.floor((samples.time_s - samples.time_s[0]) / _WINDOW_S)
    _, window, count = np.unique(window, return_inverse=True, return_counts=True)
    means = np.column_stack([np.bincount(window, column) for column in samples.acc_m_s2.T]) / count[:, None]
    return means, np.sqrt(np.bincount(window, (samples.acc_m_s2**2).sum(axis=1)) / count)


def axes_text(axes: Floats) -> str:
    """Signed axes (3,3) in words, such as "-y,x,z"."""
    places = [int(np.argmax(abs(row))) for row in axes]
    return ",".join(f"{'-' if row[k] < 0 else ''}{'xyz'[k]}" for row, k in zip(axes, places, strict=True))
