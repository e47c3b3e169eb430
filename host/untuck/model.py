"""The values that pass between modules, with shapes and units: frozen dataclasses and two structured arrays.

Frames and signs are those of docs/algorithms.md: sensor S (x right, y up, z backward), pelvis P (x forward, y up,
z right), earth E (z up, heading free). Samples are in samples.py, the results of a recording in run_results.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from untuck.vocabulary import Ending, Role, Side, cue_named, named

Floats = NDArray[np.float64]

LEFT, RIGHT, BOTH = int(Side.LEFT), int(Side.RIGHT), int(Side.BOTH)  # as they stand in the structured arrays
GRAVITY_M_S2 = 9.80665
NOMINAL_MOUNT = np.array([[0.0, 0.0, -1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])  # rows P.x, P.y, P.z in S

CONTACT_DTYPE = np.dtype([("time_s", "f8"), ("toe_off_s", "f8"), ("side", "i1")])

STRIDE_DTYPE = np.dtype(
    [
        ("start_s", "f8"),  # right contact
        ("duration_s", "f8"),
        ("cadence_spm", "f8"),
        ("contact_left_ms", "f8"),
        ("contact_right_ms", "f8"),
        ("flight_ms", "f8"),
        ("balance_left_pct", "f8"),
        ("oscillation_mm", "f8"),
        ("peak_left_bw", "f8"),  # largest vertical force of the step, in body weights
        ("peak_right_bw", "f8"),
        ("peak_se_bw", "f8"),
        ("braking_left_m_s", "f8"),  # forward speed that the pelvis loses in the first part of contact
        ("braking_right_m_s", "f8"),
        ("braking_se_m_s", "f8"),
        ("stiffness_left_bw_m", "f8"),  # vertical: peak force over the drop of the body during contact
        ("stiffness_right_bw_m", "f8"),
        ("stiffness_se_bw_m", "f8"),
        ("tilt_deg", "f8"),
        ("tilt_min_deg", "f8"),
        ("tilt_max_deg", "f8"),
        ("tilt_se_deg", "f8"),
        ("lean_deg", "f8"),  # of the trunk in a run with two clips, NaN where it is not measured; else of the pelvis
        ("pelvic_lean_deg", "f8"),
        ("obliquity_range_deg", "f8"),
        ("rotation_range_deg", "f8"),
        ("pullback_left_deg", "f8"),
        ("pullback_right_deg", "f8"),
        ("pullback_se_deg", "f8"),
        ("tilt_usual_deg", "f8"),  # what the baseline lets expect at this pace; NaN where nothing is judged
        ("tuck_least_deg", "f8"),  # smallest tuck, and pullback, that is found in nine of ten
        ("pullback_least_deg", "f8"),
        ("travel_deg", "f8"),  # pelvis heading against the direction of travel; only its change means something
        ("turn_deg_s", "f8"),  # stride-mean yaw rate, counter-clockwise seen from above
        ("accel_m_s2", "f8"),  # fore-aft acceleration, mean over the last few strides; positive: speeding up
        ("missing_pct", "f8"),
        ("valid", "?"),  # measured well; a valid stride may still not be judged
        ("reason", "U12"),  # why it is not judged, of vocabulary.NotJudged; "" if it is
        ("trunk_lean_deg", "f8"),  # of the second clip, against standing; these are NaN without it
        ("trunk_lean_se_deg", "f8"),
        ("trunk_lean_usual_deg", "f8"),  # what it is compared with, as tilt_usual_deg
        ("trunk_lean_least_deg", "f8"),  # smallest loss of lean that is found in nine of ten
        ("trunk_lean_range_deg", "f8"),
        ("trunk_obliquity_range_deg", "f8"),
        ("trunk_rotation_range_deg", "f8"),
        ("lumbar_deg", "f8"),  # tilt minus trunk lean: extension positive
        ("lumbar_se_deg", "f8"),
        ("lumbar_usual_deg", "f8"),
        ("lumbar_least_deg", "f8"),  # smallest change of lumbar extension that is found, either way
        ("side_bend_deg", "f8"),  # of the trunk against the pelvis, to the right positive
        ("trunk_reason", "U12"),  # why the trunk is not measured, of vocabulary.NoTrunk; "" if it is
    ]
)


ENOUGH_JUDGED = 60  # strides, below which a session says little about form


def judged(strides: NDArray[np.void]) -> NDArray[np.bool_]:
    """(S,) which strides STRIDE_DTYPE were compared with the baseline; those of the baseline itself were not."""
    compared: NDArray[np.bool_] = strides["valid"] & (strides["reason"] == "")
    return compared


class Packet(NamedTuple):
    """Bytes of one wire packet, when they reached the host, in seconds on its monotonic clock, and whose they are."""

    data: bytes
    arrival_s: float
    role: Role = Role.PELVIS


@dataclass(frozen=True, eq=False)
class Calibration:
    """How the sensor sits on the pelvis, from standing still and three hip hinges.

    `analyse` finds one in a recording (`Run.calibration`); pass it on to analyse another recording of the same wearing.

    Parameters
    ----------
    sensor_to_pelvis : (3, 3) array
        Rotation matrix; its rows are the pelvis's axes (forward, up, right) in the sensor frame.
    gyr_bias_rad_s : (3,) array, rad/s
        Gyroscope bias while standing.
    acc_gain : float
        Gravity / measured specific force while standing.
    error_deg : float, deg
        Estimated error of the mount's heading; NaN where it is not known.
    source : {"stand+hinges", "stand", "nominal"}
        What it was found from.
    quality : dict of str to float
        Measures of the standing and the hinges.

    Examples
    --------
    >>> import untuck
    >>> s = untuck.example()
    >>> first = untuck.analyse(s[:6000])
    >>> first.calibration
    Calibration('stand+hinges', heading within 1.3 deg)
    >>> later = untuck.analyse(s[6000:], calibration=first.calibration)
    """

    sensor_to_pelvis: Floats
    gyr_bias_rad_s: Floats
    acc_gain: float = 1.0
    error_deg: float = float("nan")
    source: str = "stand+hinges"
    quality: dict[str, float] = field(default_factory=dict)

    def __repr__(self) -> str:
        within = f", heading within {self.error_deg:.1f} deg" if np.isfinite(self.error_deg) else ""
        return f"Calibration({self.source!r}{within})"


@dataclass(frozen=True, eq=False)
class Baseline:
    """The runner's own good form, binned by cadence.

    `analyse` takes one from the first 60 clean strides (`Run.baseline`), or gets one that was taken before.

    Parameters
    ----------
    cadence_spm : (B,) array, steps/min
        Centre of each bin.
    strides : (B,) int array
        Strides in each bin.
    contact_ms : (B,) array, ms
        Contact time of both feet, which stands in for speed.
    tilt_deg, tilt_sd_deg : (B,) arrays, deg
        Mean tilt above standing, and its SD between blocks of strides.
    obliquity_range_deg, rotation_range_deg : (B,) arrays, deg
        Mean ranges within a stride.
    travel_deg, travel_sd_deg : (B,) arrays, deg
        Mean heading of the pelvis against the direction of travel, and its SD between blocks of strides.
    rotation_deg : (B, 100) array, deg
        Mean rotation over 0-100 % of the stride, from right contact.
    rotation_sd_deg : (B, H, 2) array, deg
        SD of the cosine and sine parts of its H harmonics, between windows of strides.
    start_s, end_s : float, s
        Span of running that it was taken from, on the clock of that session; NaN where it is not known.
    lean_deg, lean_sd_deg, lumbar_deg, lumbar_sd_deg : (B,) arrays, deg
        Mean lean of the trunk and extension of the lumbar spine, and their SD as that of tilt; NaN without a second
        clip.

    Examples
    --------
    >>> import untuck
    >>> untuck.analyse(untuck.example()).baseline
    Baseline(55 strides at 169 steps/min, tilt 5.3 deg)
    """

    cadence_spm: Floats
    strides: NDArray[np.int64]
    contact_ms: Floats
    tilt_deg: Floats
    tilt_sd_deg: Floats
    obliquity_range_deg: Floats
    rotation_range_deg: Floats
    travel_deg: Floats
    travel_sd_deg: Floats
    rotation_deg: Floats
    rotation_sd_deg: Floats
    start_s: float = math.nan
    end_s: float = math.nan
    lean_deg: Floats = field(default_factory=lambda: np.empty(0))
    lean_sd_deg: Floats = field(default_factory=lambda: np.empty(0))
    lumbar_deg: Floats = field(default_factory=lambda: np.empty(0))
    lumbar_sd_deg: Floats = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        for name in ("lean_deg", "lean_sd_deg", "lumbar_deg", "lumbar_sd_deg"):
            if len(getattr(self, name)) != len(self.cadence_spm):  # of an older version, or of one clip
                object.__setattr__(self, name, np.full(len(self.cadence_spm), math.nan))

    def at(self, cadence_spm: float) -> int:
        """Index of the bin nearest to a cadence in steps/min."""
        return int(np.argmin(np.abs(self.cadence_spm - cadence_spm)))

    def __repr__(self) -> str:
        cadence = " / ".join(f"{each:.0f}" for each in self.cadence_spm)
        tilt = " / ".join(f"{each:.1f}" for each in self.tilt_deg)
        return f"Baseline({int(self.strides.sum())} strides at {cadence} steps/min, tilt {tilt} deg)"


@dataclass(frozen=True)
class Finding:
    """A fault that lasted.

    Parameters
    ----------
    fault : {"tuck", "pullback", "rigid", "held", "arch", "bent", "upright"}
        Compares equal to these strings.
    side : int
        -1 left, +1 right, 0 both.
    start_s, end_s : float, s
        From the first of the strides that decided; the end is NaN while the fault lasts.
    depth_deg : float, deg
        At its worst, against the baseline.
    decided_s : float, s
        When it was known.
    ended : {"", "corrected", "stopped", "not comparable"}
        How it ended: "" while it lasts, "stopped" where the runner stopped or the clip slipped, "not comparable" where
        the runner changed to another speed than the baseline's.
    id : int
        Number of the finding in the run, 1, 2, ..., which cues refer to; 0 in sessions of older versions.
    slow : bool
        Whether it came over many strides: fatigue, a slope, or a clip that creeps.
    trunk : bool
        Whether a second clip has shown it: an "arch" is then one of the spine, not only a pelvis that tips far.
    """

    fault: str
    side: int
    start_s: float
    end_s: float
    depth_deg: float
    decided_s: float
    ended: str = Ending.ONGOING
    id: int = 0
    slow: bool = False
    trunk: bool = False

    @property
    def active(self) -> bool:
        """Whether it lasts."""
        return math.isnan(self.end_s)

    @property
    def name(self) -> str:
        """The fault with its side in words."""
        return named(self.fault, self.side, self.trunk)


@dataclass(frozen=True)
class Cue:
    """Something the runner hears.

    Parameters
    ----------
    fault : {"tuck", "pullback", "rigid", "arch", "bent", "upright", "recovered"}
        What it is about, the last three faults with two clips only; "recovered" says that a cued fault has been
        corrected.
    side : int
        -1 left, +1 right, 0 both.
    time_s : float, s
        Sensor time of the decision.
    finding_id : int
        The finding behind it; of "recovered" the one that has ended.
    depth_deg : float, deg
        Of that finding at this moment.
    """

    fault: str
    side: int
    time_s: float
    finding_id: int = 0
    depth_deg: float = math.nan

    @property
    def name(self) -> str:
        """The fault with its side in words."""
        return cue_named(self.fault, self.side)


@dataclass(frozen=True)
class SuppressedCue:
    """A cue that was due and not sounded: as Cue, with the reason, of vocabulary.Suppression."""

    fault: str
    side: int
    time_s: float
    reason: str
    finding_id: int = 0
    depth_deg: float = math.nan

    @property
    def name(self) -> str:
        """The fault with its side in words."""
        return cue_named(self.fault, self.side)


@dataclass(frozen=True)
class StandingCheck:
    """Standing still, measured again after calibration: how far the sensor's vertical is from the calibrated one.

    tilt_deg, obliquity_deg: what the calibration in use read in this pose (0 when nothing moved); zeroed: whether the
    zero was set from it, which a Calibrated event then brings.
    """

    time_s: float
    difference_deg: float
    tilt_deg: float
    obliquity_deg: float
    zeroed: bool


@dataclass(frozen=True)
class CalibrationProgress:
    """Progress of the search for a calibration: seconds of standing still so far (Params.stand_s when standing has been
    found), and good hinges since."""

    standing_s: float = 0.0
    hinges: int = 0


@dataclass(frozen=True)
class Progress:
    """What is not finished yet: the search for a calibration, None if there is none; strides gathered for a baseline;
    active findings, each as deep as it has been so far; now_deg, easing: of each of these its depth at the newest
    judged stride, and whether it is being corrected, so that it is not cued again; trunk_search: as search, of a second
    clip."""

    search: CalibrationProgress | None = None
    gathered: int = 0
    active: tuple[Finding, ...] = ()
    now_deg: tuple[float, ...] = ()
    easing: tuple[bool, ...] = ()
    trunk_search: CalibrationProgress | None = None
