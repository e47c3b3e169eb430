"""A runner's profile as one text, to take it from a computer to a phone or back: JSON, exact to the bit.

What belongs to one machine stays there: the clip's address, and the delay of the sound output. Profiles come from
outside, so that every type, shape and range is checked before one is used. profile_codes.py divides the text into QR
codes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from untuck import __version__, limits
from untuck.errors import SettingsError, StoreError
from untuck.model import Baseline, Calibration
from untuck.motion.strides.phase_grid import HARMONICS, PHASES
from untuck.store import codec
from untuck.store.config import checked_name
from untuck.store.profile import Profile
from untuck.store.values import check_text, checked, loads, shown

NAME = "untuck profile"  # what the text says that it is
NOT_ONE = "this is no profile of Untuck: `untuck profile export` and the phone write one."
_HEAD_BYTES = 200  # in which a profile names itself
FORMAT = 1  # unknown parts are left out by a version that does not know them
MOST_PACES = 100  # bins of a baseline
_MOST_SESSIONS = 100_000
_SOURCES = ("stand+hinges", "stand", "nominal")
_MOST_MEASURES = 50  # of a calibration's quality
_PARTS: dict[str, type[Any]] = {"calibration": Calibration, "baseline": Baseline, "trunk_calibration": Calibration}
# Of a baseline: the shape of a bin, the smallest and the largest value
BINNED: dict[str, tuple[tuple[int, ...], float, float]] = {
    "cadence_spm": ((), 30.0, 400.0),
    "strides": ((), 1, 10_000_000),
    "contact_ms": ((), 1.0, 2000.0),
    "tilt_deg": ((), -90.0, 90.0),
    "tilt_sd_deg": ((), 0.0, 90.0),
    "obliquity_range_deg": ((), 0.0, 180.0),
    "rotation_range_deg": ((), 0.0, 180.0),
    "travel_deg": ((), -180.0, 180.0),
    "travel_sd_deg": ((), 0.0, 180.0),
    "rotation_deg": ((PHASES,), -180.0, 180.0),
    "rotation_sd_deg": ((HARMONICS, 2), 0.0, 180.0),
}
# the same of a second clip, NaN without one
_OF_TRUNK = {
    "lean_deg": (-90.0, 90.0),
    "lean_sd_deg": (0.0, 90.0),
    "lumbar_deg": (-180.0, 180.0),
    "lumbar_sd_deg": (0.0, 180.0),
}


@dataclass(frozen=True, eq=False)
class _File:
    """The content of the text, in this order."""

    format: str
    version: int
    untuck: str
    runner: str
    sessions: int
    calibration_unix_s: float
    calibration: Calibration | None
    baseline_unix_s: float
    baseline: Baseline | None
    trunk_calibration_unix_s: float
    trunk_calibration: Calibration | None


def to_text(profile: Profile) -> str:
    """The profile as one line of JSON."""
    return codec.to_json(
        _File(
            format=NAME,
            version=FORMAT,
            untuck=__version__,
            runner=profile.runner,
            sessions=profile.sessions,
            calibration_unix_s=profile.calibration_unix_s,
            calibration=profile.calibration,
            baseline_unix_s=profile.baseline_unix_s,
            baseline=profile.baseline,
            trunk_calibration_unix_s=profile.trunk_calibration_unix_s,
            trunk_calibration=profile.trunk_calibration,
        )
    )


def from_text(text: str | bytes) -> Profile:
    """The profile that `to_text` wrote. Raises StoreError for a text that is none, is damaged or of a newer format."""
    if len(text) > limits.MOST_PROFILE_BYTES:
        most = limits.in_words(limits.MOST_PROFILE_BYTES)
        raise StoreError(f"this is no profile of Untuck: it is larger than {most}.")
    try:
        if not _begins_as_one(text):
            raise StoreError(NOT_ONE)
        plain = loads(text)
        if not isinstance(plain, dict) or plain.get("format") != NAME:
            raise StoreError(NOT_ONE)
        if checked(int, plain.get("version")) > FORMAT:
            raise StoreError("this profile was written by a newer Untuck: update Untuck to read it.")
        return _checked(plain)
    except SettingsError as error:
        raise StoreError(f"this profile is damaged: {error}") from error
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        what = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise StoreError(f"this profile is damaged: {' '.join(what.split())[:200].rstrip('.')}.") from error


def _begins_as_one(text: str | bytes) -> bool:
    """Whether a text that cannot be read is a damaged profile, not some other file."""
    begin = text[:_HEAD_BYTES]
    return NAME in (begin if isinstance(begin, str) else begin.decode("utf-8", "replace"))


def _checked(plain: dict[str, Any]) -> Profile:
    if checked(int, plain["version"]) < 1:
        raise ValueError(f"it has version {plain['version']}")
    sessions = checked(int, plain["sessions"])
    if not 0 <= sessions <= _MOST_SESSIONS:
        raise ValueError(f"it has {sessions} sessions")
    plain = {"trunk_calibration": None, "trunk_calibration_unix_s": 0.0} | plain  # which older versions lack
    found = {name: _part(name, plain[name], plain[f"{name}_unix_s"]) for name in _PARTS}
    return Profile(
        runner=checked_name(checked(str, plain["runner"])),
        sessions=sessions,
        calibration=found["calibration"][0],
        calibration_unix_s=found["calibration"][1],
        baseline=found["baseline"][0],
        baseline_unix_s=found["baseline"][1],
        trunk_calibration=found["trunk_calibration"][0],
        trunk_calibration_unix_s=found["trunk_calibration"][1],
    )


def _part(name: str, plain: Any, unix_s: Any) -> tuple[Any, float]:
    """A calibration or baseline, None if there is none, and when it was made."""
    made_unix_s = float(checked(float, unix_s))
    first, last = limits.UNIX_S
    if not first <= made_unix_s <= last:
        raise ValueError(f"its {name} was made before 1970 or after 2106")
    if plain is None:
        return None, 0.0
    value: Any = codec.from_plain(_PARTS[name], plain)
    _CHECKS[name](value)
    return value, made_unix_s


def _check_calibration(calibration: Calibration) -> None:
    axes = calibration.sensor_to_pelvis
    _check_array("sensor_to_pelvis", axes, (3, 3), (-1.001, 1.001))
    if not np.allclose(axes @ axes.T, np.eye(3), atol=1e-6) or np.linalg.det(axes) < 0:
        raise ValueError("sensor_to_pelvis is no rotation")
    _check_array("gyr_bias_rad_s", calibration.gyr_bias_rad_s, (3,), (-1.0, 1.0))
    if not 0.5 <= calibration.acc_gain <= 2.0:
        raise ValueError(f"acc_gain is {shown(calibration.acc_gain)}")
    if not (math.isnan(calibration.error_deg) or 0.0 <= calibration.error_deg <= 180.0):
        raise ValueError(f"error_deg is {shown(calibration.error_deg)}")
    if calibration.source not in _SOURCES:
        raise ValueError(f"the source of the calibration is {shown(calibration.source)}")
    if len(calibration.quality) > _MOST_MEASURES:
        raise ValueError(f"the calibration has {len(calibration.quality):,} measures")
    for key in calibration.quality:
        check_text(key, 100)
        if not key.isidentifier():
            raise ValueError(f"the calibration has a measure {shown(key)}")


def _check_baseline(baseline: Baseline) -> None:
    paces = len(baseline.cadence_spm) if baseline.cadence_spm.ndim == 1 else 0
    if not 1 <= paces <= MOST_PACES:
        raise ValueError(f"the baseline has {paces} paces")
    for name, (shape, low, high) in BINNED.items():
        _check_array(name, getattr(baseline, name), (paces, *shape), (low, high))
    for name, within in _OF_TRUNK.items():
        values = getattr(baseline, name)
        _check_array(name, np.where(np.isnan(values), within[0], values), (paces,), within)
    for name in ("start_s", "end_s"):
        value = getattr(baseline, name)
        if not (math.isnan(value) or abs(value) <= limits.UNIX_S[1]):
            raise ValueError(f"{name} is {shown(value)}")


def _check_array(name: str, values: np.ndarray, shape: tuple[int, ...], within: tuple[float, float]) -> None:
    if values.shape != shape:
        raise ValueError(f"{name} has the shape {values.shape}, not {shape}")
    low, high = within
    if not np.all((values >= low) & (values <= high)):  # nor any that is no number
        raise ValueError(f"{name} has a value outside {low:g} to {high:g}")


_CHECKS: dict[str, Callable[[Any], None]] = {
    "calibration": _check_calibration,
    "baseline": _check_baseline,
    "trunk_calibration": _check_calibration,
}
