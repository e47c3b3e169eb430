"""Units of acceleration, angular rate and time: their names, their factors, and what the size of numbers says.

A unit that is stated is converted. One that is not stated is detected from gravity (acceleration), from the size of the
rotation and from gravity's rotation (angular rate). What stays ambiguous is rejected with the flag to give.
"""

from __future__ import annotations

import re

import numpy as np

from untuck.errors import SamplesError
from untuck.model import GRAVITY_M_S2, Floats
from untuck.samples import Samples

ACC = {"m/s^2": 1.0, "g": GRAVITY_M_S2, "mg": GRAVITY_M_S2 / 1000.0, "mm/s^2": 1e-3, "cm/s^2": 1e-2}
GYR = {"rad/s": 1.0, "deg/s": np.pi / 180.0, "mdeg/s": np.pi / 180_000.0}
TIME = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
UNITS = {"acc": ACC, "gyr": GYR, "time": TIME}
_ALIASES = {
    **dict.fromkeys(
        ("m/s2", "m/s/s", "ms-2", "m.s-2", "m/sec2", "mps2", "meters/second2", "m/s", "m_s2", "ms2"), "m/s^2"
    ),
    **dict.fromkeys(("g", "gs", "gravity", "g-force"), "g"),
    **dict.fromkeys(("mg", "millig"), "mg"),
    **dict.fromkeys(("mm/s2", "mm_s2"), "mm/s^2"),
    **dict.fromkeys(("cm/s2", "cm_s2"), "cm/s^2"),
    **dict.fromkeys(
        ("rad/s", "rads/s", "rad/sec", "radians/s", "radian/s", "r/s", "rad.s-1", "rads-1", "rad_s", "rads"), "rad/s"
    ),
    **dict.fromkeys(
        (
            "deg/s",
            "dps",
            "\N{DEGREE SIGN}/s",
            "deg/sec",
            "degrees/s",
            "degree/s",
            "d/s",
            "deg.s-1",
            "degs-1",
            "deg_s",
            "degs",
        ),
        "deg/s",
    ),
    **dict.fromkeys(("degrees/second", "degree/second"), "deg/s"),
    **dict.fromkeys(("mdps", "mdeg/s"), "mdeg/s"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("ms", "msec", "millis", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(
        ("us", "\N{MICRO SIGN}s", "\N{GREEK SMALL LETTER MU}s", "usec", "microsecond", "microseconds"), "us"
    ),
    **dict.fromkeys(("ns", "nsec", "nanosecond", "nanoseconds"), "ns"),
}
_DROPPED = str.maketrans({**dict.fromkeys("()^ *", ""), "\N{SUPERSCRIPT TWO}": "2", "\N{MINUS SIGN}": "-"})
_SUFFIX = re.compile(r"[ _.](m_?s_?2|mps2|m?g|rad_?s|deg_?s|m?dps|s|ms|us|ns)$", re.IGNORECASE)


def canonical(text: str, quantity: str = "") -> str:
    """The name in UNITS of a unit as files write it, "" if it is none (of this quantity: acc, gyr or time)."""
    text = text.strip().lower().replace("\ufffd", "\N{SUPERSCRIPT TWO}").translate(_DROPPED)
    if text == "m/s" and quantity != "acc":  # the superscript was lost, if it is acceleration
        return ""
    found = _ALIASES.get(text, "")
    return found if found and (not quantity or found in UNITS[quantity]) else ""


def of_name(name: str, quantity: str) -> str:
    """The unit at the end of a name without brackets: "m/s^2" of "acc_x_m_s2"."""
    found = _SUFFIX.search(name)
    return canonical(found[1], quantity) if found else ""


def acc_unit(acc: Floats) -> str:
    """The unit that the median of |acc|, (N, 3), says: gravity is 1, 1000 or 9.8. "" if it says none."""
    force = float(np.median(np.linalg.norm(acc, axis=1))) if len(acc) else np.nan
    for unit, low, high in (("g", 0.5, 2.0), ("mg", 500.0, 2000.0), ("m/s^2", 4.0, 25.0)):
        if low < force < high:
            return unit
    return ""


def gyr_unit(time_s: Floats, gyr: Floats, acc_m_s2: Floats) -> str:
    """The unit that the numbers say, "" if they do not.

    Gravity turns in the sensor's frame by the integral of the angular rate. Where that cannot be seen, size decides: in
    1 % of the samples a person who runs turns faster than 1.5 rad/s, which is 86 deg/s, and never faster than 40 rad/s.
    """
    slope = gravity_slope(time_s, gyr, acc_m_s2)
    if slope is not None:
        for unit, factor in (("rad/s", 1.0), ("deg/s", np.pi / 180.0)):
            if 0.5 < abs(slope) / factor < 2.0:
                return unit
    if not len(gyr):
        return ""
    turning = float(np.percentile(np.linalg.norm(gyr, axis=1), 99))
    if turning > 40.0:  # rad/s are 2300 deg/s
        return "deg/s"
    moving = float(np.std(np.linalg.norm(acc_m_s2, axis=1)))
    return "rad/s" if (turning > 1.5 and moving > 2.0) or (1.0 < turning < 15.0 and moving > 0.5) else ""


def gravity_slope(time_s: Floats, gyr: Floats, acc_m_s2: Floats) -> float | None:
    """Turn of gravity against the integral of the gyro, over half seconds of quiet movement; None if it is not clear.

    1: the gyro is in rad/s; pi/180: in deg/s. Its sign is not looked at here.
    """
    if len(time_s) < 50:
        return None
    step_s = float(np.median(np.diff(time_s)))
    if not 1e-4 < step_s < 0.1:
        return None
    half = max(2, round(0.5 / step_s))
    smooth = max(1, half // 5)
    kernel = np.ones(smooth) / smooth
    low = np.column_stack([np.convolve(acc_m_s2[:, axis], kernel, "same") for axis in range(3)])
    norm = np.linalg.norm(low, axis=1)
    quiet = abs(np.linalg.norm(acc_m_s2, axis=1) - GRAVITY_M_S2) < 1.5
    starts = np.arange(smooth, len(time_s) - half - smooth, max(1, half // 2))
    counts = np.concatenate([[0], np.cumsum(quiet)])
    starts = starts[(counts[starts + half] - counts[starts] == half) & (time_s[starts + half] - time_s[starts] < 1.0)]
    if len(starts) < 5:
        return None
    up = low / np.maximum(norm, 1e-9)[:, None]
    angle = np.concatenate([np.zeros((1, 3)), np.cumsum(gyr * step_s, axis=0)])
    turned = angle[starts + half] - angle[starts]
    expected = -np.cross(turned, 0.5 * (up[starts] + up[starts + half]))
    measured = up[starts + half] - up[starts]
    weight, power = float((expected**2).sum()), float((measured**2).sum())
    if weight == 0.0 or np.sqrt(power) < 0.2:  # 11 deg in all: too little movement
        return None
    both = float((expected * measured).sum())
    return both / weight if both**2 > 0.7 * weight * power else None


def check_units(samples: Samples, name: str) -> None:
    """Raises SamplesError if acceleration or angular rate cannot be in SI units, or contradict each other."""
    if len(samples) == 0:
        return
    force = float(np.median(np.linalg.norm(samples.acc_m_s2, axis=1)))
    if acc_unit(samples.acc_m_s2) != "m/s^2":
        raise SamplesError(
            f"{name}: acceleration has a median of {force:.3g} m/s^2, but gravity alone is 9.8: it must be specific "
            "force in m/s^2, including gravity."
        )
    turning = float(np.percentile(np.linalg.norm(samples.gyr_rad_s, axis=1), 99))
    if turning > 40.0:  # 2300 deg/s, beyond the range of common sensors
        raise SamplesError(
            f"{name}: angular rate looks like deg/s, not rad/s (1 % is above {turning:.0f}): multiply it by pi/180, or "
            "give --units gyr=deg/s."
        )
    slope = gravity_slope(samples.time_s, samples.gyr_rad_s, samples.acc_m_s2)
    if slope is not None and not 0.2 < abs(slope) < 5.0:
        unit = {True: "deg/s", False: "rad/s"}[abs(slope) < 1.0]
        raise SamplesError(
            f"{name}: angular rate and acceleration disagree: gravity turns {abs(slope):.3g} times as far as the gyro "
            f"says. If the gyro is in {unit}, give --units gyr={unit}."
        )
