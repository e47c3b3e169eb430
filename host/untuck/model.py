"""The values that travel along the line, from samples to cues: frozen dataclasses and two structured arrays.

Frames and signs are those of docs/algorithms.md: sensor S (x right, y up, z backward), pelvis P (x forward, y up,
z right), earth E (z up, heading free). Shapes and units of everything that passes between modules live here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from untuck.errors import SamplesError
from untuck.session_commands import SessionCommand
from untuck.vocabulary import Ending, Side

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
        ("tilt_deg", "f8"),
        ("tilt_min_deg", "f8"),
        ("tilt_max_deg", "f8"),
        ("tilt_se_deg", "f8"),
        ("lean_deg", "f8"),
        ("obliquity_range_deg", "f8"),
        ("rotation_range_deg", "f8"),
        ("pullback_left_deg", "f8"),
        ("pullback_right_deg", "f8"),
        ("pullback_se_deg", "f8"),
        ("travel_deg", "f8"),  # pelvis heading against the direction of travel; only its change means something
        ("turn_deg_s", "f8"),  # stride-mean yaw rate, counter-clockwise seen from above
        ("accel_m_s2", "f8"),  # net horizontal acceleration over the last few strides
        ("missing_pct", "f8"),
        ("valid", "?"),
        ("reason", "U12"),  # why not valid, of vocabulary.NotJudged; "" if it is
    ]
)


class Packet(NamedTuple):
    """Bytes of one wire packet and when they reached the host, in seconds on its monotonic clock."""

    data: bytes
    arrival_s: float


_LARGEST = {  # beyond is another unit, or damage
    "time_s": (1e11, "pass seconds"),  # since 1970 they are 1.7e9; milliseconds would be 1.7e12
    "gyr_rad_s": (100.0, "pass rad/s, which is numpy.radians of deg/s"),  # sensors end at 70
    "acc_m_s2": (1e4, "pass m/s^2"),
    "quat": (4.0, "pass unit quaternions, zeros where missing"),
}


def _numbers(name: str, value: ArrayLike | None) -> Floats:
    """A contiguous array of plain numbers in the range that this field of Samples may have."""
    try:
        array = np.ascontiguousarray(value if value is not None else (), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise SamplesError(f"{name} is no array of plain numbers ({error}).") from error
    limit, advice = _LARGEST[name]
    if array.size and not -limit <= array.min() <= array.max() <= limit:  # what is not finite is not within either
        within = abs(array) <= limit
        row = int(np.argwhere(~within)[0][0])
        number = array[row].flat[int(np.argmin(within[row]))] if array.ndim > 1 else array[row]
        if not np.isfinite(number):
            raise SamplesError(f"{name} is not finite at sample {row}: leave such samples out, gaps are allowed.")
        raise SamplesError(f"{name} is {number:.4g} at sample {row}, which no sensor gives: {advice}.")
    return array


@dataclass(frozen=True, eq=False)
class Samples:
    """Sensor samples in the sensor frame.

    time_s (N,) seconds on the sensor's clock, strictly increasing; gyr_rad_s (N,3); acc_m_s2 (N,3) specific force;
    quat (N,4) the chip's own w x y z, sensor to earth, rows of zeros where missing, or None.
    Raises SamplesError for wrong shapes, values that are not finite or that no sensor gives (another unit, mostly),
    or time that does not increase.
    """

    time_s: Floats
    gyr_rad_s: Floats
    acc_m_s2: Floats
    quat: Floats | None = None

    def __init__(
        self, time_s: ArrayLike, gyr_rad_s: ArrayLike, acc_m_s2: ArrayLike, quat: ArrayLike | None = None
    ) -> None:
        time = _numbers("time_s", time_s)
        if time.ndim != 1:
            raise SamplesError(f"time_s must have one axis, not shape {time.shape}: pass seconds as (N,).")
        object.__setattr__(self, "time_s", time)
        for name, value, width in (("gyr_rad_s", gyr_rad_s, 3), ("acc_m_s2", acc_m_s2, 3), ("quat", quat, 4)):
            array = None if value is None and name == "quat" else _numbers(name, value)
            if array is not None and array.shape != (len(time), width):
                raise SamplesError(f"{name} has shape {array.shape}, but time_s asks for ({len(time)}, {width}).")
            object.__setattr__(self, name, array)
        if len(time) > 1 and not (time[1:] > time[:-1]).all():
            row = int(np.flatnonzero(time[1:] <= time[:-1])[0]) + 1
            raise SamplesError(f"time_s does not increase at sample {row}: sort the samples and drop doubles.")

    def __len__(self) -> int:
        return len(self.time_s)

    def __getitem__(self, part: slice) -> Samples:
        return Samples(
            self.time_s[part],
            self.gyr_rad_s[part],
            self.acc_m_s2[part],
            None if self.quat is None else self.quat[part],
        )


@dataclass(frozen=True, eq=False)
class Calibration:
    """How the sensor sits on the pelvis, from standing still and three hip hinges.

    sensor_to_pelvis (3,3) rotation matrix; gyr_bias_rad_s (3,); acc_gain: gravity / measured standing |acc|;
    error_deg: estimated error of the mount's heading in degrees; source: "stand+hinges", "stand" or "nominal".
    """

    sensor_to_pelvis: Floats
    gyr_bias_rad_s: Floats
    acc_gain: float = 1.0
    error_deg: float = float("nan")
    source: str = "stand+hinges"
    quality: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Baseline:
    """The runner's own good form, binned by cadence.

    cadence_spm (B,) bin centres; strides (B,) count in each; contact_ms (B,) of both feet, as a stand-in for speed;
    tilt_deg, tilt_sd_deg, obliquity_range_deg, rotation_range_deg, travel_deg, travel_sd_deg (B,), SD between blocks of
    strides; rotation_deg (B,100) mean rotation curve over 0-100 % from right contact; rotation_sd_deg (B,H,2): SD of
    its harmonics' cosine and sine parts between windows of strides. start_s, end_s: the span of running it was taken
    from, on the clock of that session (NaN in baselines of older versions).
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

    def at(self, cadence_spm: float) -> int:
        """Index of the bin nearest to a cadence in steps/min."""
        return int(np.argmin(np.abs(self.cadence_spm - cadence_spm)))


@dataclass(frozen=True)
class Finding:
    """A fault that lasted, of vocabulary.Fault.

    side -1 left / +1 right / 0 both; depth_deg at its worst; start_s: the first stride of those that decided;
    decided_s: when it was known; end_s: NaN while active; ended: of vocabulary.Ending; id: its number in the run, 1, 2,
    ..., which stays the same while it lasts and which cues refer to (0 in sessions of older versions).
    """

    fault: str
    side: int
    start_s: float
    end_s: float
    depth_deg: float
    decided_s: float
    ended: str = Ending.ONGOING
    id: int = 0

    @property
    def active(self) -> bool:
        """Whether it lasts."""
        return math.isnan(self.end_s)


@dataclass(frozen=True)
class Cue:
    """Something the runner hears at sensor time time_s: fault of vocabulary.Fault, or RECOVERED.

    finding_id: the finding behind it, the one that has ended for RECOVERED; depth_deg: of that finding at this moment.
    """

    fault: str
    side: int
    time_s: float
    finding_id: int = 0
    depth_deg: float = math.nan


@dataclass(frozen=True)
class SuppressedCue:
    """A cue that was due and not sounded: as Cue, with the reason, of vocabulary.Suppression."""

    fault: str
    side: int
    time_s: float
    reason: str
    finding_id: int = 0
    depth_deg: float = math.nan


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
    active findings, each as deep as it has been so far."""

    search: CalibrationProgress | None = None
    gathered: int = 0
    active: tuple[Finding, ...] = ()


@dataclass(frozen=True, eq=False)
class Run:
    """The analysis of a whole recording; per sample, per contact, per stride, and what was found.

    quat (N,4) sensor to earth; tilt_deg, obliquity_deg, rotation_deg (N,); contacts CONTACT_DTYPE; strides
    STRIDE_DTYPE.
    """

    time_s: Floats
    quat: Floats
    tilt_deg: Floats
    obliquity_deg: Floats
    rotation_deg: Floats
    contacts: NDArray[np.void]
    strides: NDArray[np.void]
    findings: tuple[Finding, ...]
    cues: tuple[Cue, ...]
    suppressed_cues: tuple[SuppressedCue, ...]
    calibration: Calibration
    baseline: Baseline | None
    warnings: tuple[str, ...]
    commands: tuple[SessionCommand, ...] = ()
    standings: tuple[StandingCheck, ...] = ()  # each measured again after calibration
    chip_error_deg: float = float("nan")  # RMS of the chip's vertical against ours, a cross-check; else NaN
