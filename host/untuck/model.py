"""The values that travel along the line, from samples to cues: frozen dataclasses and two structured arrays.

Frames and signs are those of docs/algorithms.md: sensor S (x right, y up, z backward), pelvis P (x forward, y up,
z right), earth E (z up, heading free). Shapes and units of everything that passes between modules live here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from untuck.errors import SamplesError

Floats = NDArray[np.float64]

LEFT, RIGHT, BOTH = -1, 1, 0
FAULTS = ("tuck", "pullback", "rigid", "held", "arch")
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
        ("reason", "U12"),  # why not valid: "", "gap", "missing", "mount", "odd", "turning", ...
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
    its harmonics' cosine and sine parts between windows of strides.
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


@dataclass(frozen=True)
class Finding:
    """A fault that lasted: fault one of FAULTS, side -1 left / +1 right / 0 both, depth at its worst in degrees.

    start_s is the first stride of the run of strides that decided, decided_s when it was known, end_s NaN while on;
    ended: "" while on, else "corrected", "stopped" (no longer running, or the clip slipped), "not comparable".
    """

    fault: str
    side: int
    start_s: float
    end_s: float
    depth_deg: float
    decided_s: float
    ended: str = ""


@dataclass(frozen=True)
class Cue:
    """Something the runner hears: fault one of FAULTS or "recovered", at sensor time time_s.

    finding: the one behind it as it stood then; of "recovered" the one that has ended.
    """

    fault: str
    side: int
    time_s: float
    finding: Finding | None = None


@dataclass(frozen=True)
class SuppressedCue:
    """A cue that was not sounded, and why (motion.cues lists the reasons); finding: the one behind it."""

    fault: str
    side: int
    time_s: float
    reason: str
    finding: Finding | None = None


@dataclass(frozen=True)
class Steer:
    """What a runner or coach does during a session that steers the analysis or belongs in its record.

    It takes effect behind the sample at time_s (-inf: before the first), live and in every replay. kind and value:

    "lap" a label or ""; "note" text; "mute" "on" / "off"; "cues" "on" / "off", a block of the session with or without
    cues; "faults" which are cued, as "tuck,pullback"; "threshold" "tuck_on_deg=3.2", a name of motion.steering.TUNABLE;
    "baseline" "", take a new one now; "zero" "", set the zero at the next 5 s of standing; "calibrate" "", look for
    standing and hinges again, or "off", no more, and keep what is in use; "stale" "on" / "off", whether data come too
    late to cue (set by the host, not stored).
    """

    kind: str
    time_s: float
    value: str = ""


@dataclass(frozen=True)
class Standing:
    """Standing still, measured again after calibration: how far the sensor's vertical is from the calibrated one.

    tilt_deg, obliquity_deg: what the calibration in use read in this pose (0 when nothing moved); zeroed: whether the
    zero was set anew from it, which a "calibrated" Event then brings.
    """

    time_s: float
    difference_deg: float
    tilt_deg: float
    obliquity_deg: float
    zeroed: bool


@dataclass(frozen=True)
class Search:
    """How far the search for a calibration is: seconds of standing still so far, Params.stand_s when standing has been
    found; good hinges since."""

    standing_s: float = 0.0
    hinges: int = 0


@dataclass(frozen=True)
class Progress:
    """What is not finished yet: the search for a calibration, None if there is none; strides gathered for a baseline;
    findings that are on, each as deep as it has been so far."""

    search: Search | None = None
    gathered: int = 0
    on: tuple[Finding, ...] = ()


class Event(NamedTuple):
    """One thing that Pipeline.push noticed. kind and value:

    "calibrated" Calibration; "baseline" Baseline; "state" "standing" / "walking" / "running"; "contact" a
    CONTACT_DTYPE record; "stride" a STRIDE_DTYPE record; "finding" Finding (end_s NaN: begins; else: has ended);
    "cue" Cue; "held" SuppressedCue; "standing" Standing; "still" None: standing found, hinges are awaited;
    "refused" "hinges" / "baseline"; "slipped" float, by how many degrees; "steer" Steer; "warning" str.
    time_s is the sensor time at which it was known.
    """

    kind: str
    time_s: float
    value: Any


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
    steers: tuple[Steer, ...] = ()
    standings: tuple[Standing, ...] = ()  # each measured again after calibration
    chip_error_deg: float = float("nan")  # RMS of the chip's vertical against ours, a cross-check; else NaN
