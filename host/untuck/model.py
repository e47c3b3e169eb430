"""The values that travel along the line, from samples to cues: frozen dataclasses and two structured arrays.

Frames and signs are those of docs/algorithms.md: sensor S (x right, y up, z backward), pelvis P (x forward, y up,
z right), earth E (z up, heading free). Shapes and units of everything that passes between modules live here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from untuck.errors import SamplesError
from untuck.extras import extra_for
from untuck.session_commands import SessionCommand
from untuck.vocabulary import Ending, Side, clock, named

if TYPE_CHECKING:
    import pyarrow
    from matplotlib.figure import Figure

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
    """Sensor samples in the sensor frame: x to the runner's right, y up, z backward.

    Parameters
    ----------
    time_s : (N,) array, s
        On the sensor's clock, strictly increasing. Gaps are allowed.
    gyr_rad_s : (N, 3) array, rad/s
        Angular rate.
    acc_m_s2 : (N, 3) array, m/s^2
        Specific force: at rest it points up with 9.81 m/s^2.
    quat : (N, 4) array, optional
        The sensor chip's own orientation, unit quaternions w x y z, sensor to earth; rows of zeros where missing.

    Raises
    ------
    SamplesError
        For wrong shapes, for values that are not finite or that no sensor gives (mostly another unit), or for time
        that does not increase.

    Examples
    --------
    Two seconds of a sensor at rest on the back of a waistband, and the second of them:

    >>> import numpy as np, untuck
    >>> time_s = np.arange(200) / 100
    >>> s = untuck.Samples(time_s, np.zeros((200, 3)), np.tile([0.0, 9.81, 0.0], (200, 1)))
    >>> s
    Samples(200 at 100 Hz, 0.0 to 2.0 s)
    >>> s[100:]
    Samples(100 at 100 Hz, 1.0 to 2.0 s)
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

    def __repr__(self) -> str:
        if len(self) < 2:
            return f"Samples({len(self)})"
        rate_hz = 1.0 / float(np.median(np.diff(self.time_s)))
        quat = "" if self.quat is None else ", with the chip's quaternion"
        return f"Samples({len(self)} at {rate_hz:.4g} Hz, {self.time_s[0]:.1f} to {self.time_s[-1]:.1f} s{quat})"

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

    Examples
    --------
    >>> import untuck
    >>> untuck.analyse(untuck.example()).baseline
    Baseline(55 strides at 169 steps/min, tilt 5.5 deg)
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

    def __repr__(self) -> str:
        cadence = " / ".join(f"{each:.0f}" for each in self.cadence_spm)
        tilt = " / ".join(f"{each:.1f}" for each in self.tilt_deg)
        return f"Baseline({int(self.strides.sum())} strides at {cadence} steps/min, tilt {tilt} deg)"


@dataclass(frozen=True)
class Finding:
    """A fault that lasted.

    Parameters
    ----------
    fault : {"tuck", "pullback", "rigid", "held", "arch"}
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
    """Something the runner hears.

    Parameters
    ----------
    fault : {"tuck", "pullback", "rigid", "recovered"}
        What it is about; "recovered" says that a cued fault has been corrected.
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
    """The analysis of a recording: per sample, per contact, per stride, and what was found.

    Angles are those of the pelvis, in degrees; times are seconds on the sensor's clock.

    Attributes
    ----------
    time_s : (N,) array, s
        Time of the samples.
    quat : (N, 4) array
        Orientation, unit quaternions w x y z, sensor to earth (z up, heading free).
    tilt_deg, obliquity_deg, rotation_deg : (N,) arrays, deg
        Tilt above standing (forward positive), obliquity (right side up positive), and rotation about its stride mean
        (right hip forward positive).
    contacts : (C,) structured array
        Foot contacts: `time_s`, `toe_off_s`, `side` (-1 left, +1 right).
    strides : (S,) structured array
        From right contact to right contact; docs/data.md lists the columns and their units.
    findings : tuple of Finding
        Faults that lasted, in order of their start.
    cues, suppressed_cues : tuple of Cue, tuple of SuppressedCue
        Cues that sound live, and those that were due and did not sound.
    calibration : Calibration
        The last one in use.
    baseline : Baseline or None
        The one in use, None where too few clean strides were run.
    warnings : tuple of str
        What is wrong with the recording and what to do about it.
    commands : tuple of session commands
        Those that took effect.
    standings : tuple
        Each time that standing was measured again after calibration.
    chip_error_deg : float, deg
        RMS angle between the chip's vertical and the estimated one; NaN without a chip's quaternion.

    Examples
    --------
    >>> import untuck
    >>> run = untuck.analyse(untuck.example())
    >>> run
    Run(2.4 min, 167 strides of which 162 are clean; tuck 7.2 deg at 1:10, right pullback 4.5 deg at 1:47; 4 cues)
    >>> clean = run.strides[run.strides["valid"]]
    >>> round(float(clean["tilt_deg"].mean()), 1)
    4.4
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

    def __repr__(self) -> str:
        strides, clean = len(self.strides), int(self.strides["valid"].sum())
        length = f"{(self.time_s[-1] - self.time_s[0]) / 60:.1f} min, " if len(self.time_s) else ""
        found = ", ".join(_in_words(finding) for finding in self.findings) or "no findings"
        counts = [f"{len(self.cues)} cues"] + [f"{n} warnings" for n in (len(self.warnings),) if n]
        return f"Run({length}{strides} strides of which {clean} are clean; {found}; {', '.join(counts)})"

    def plot(self, figure: Figure | None = None) -> Figure:
        """Draw tilt with findings and cues, and pullback below.

        Parameters
        ----------
        figure : matplotlib.figure.Figure, optional
            An empty figure to draw into, such as pyplot's; None makes one of 10 by 5.6 inches.

        Returns
        -------
        matplotlib.figure.Figure
            The figure, to be shown or saved.

        Raises
        ------
        MissingExtraError
            matplotlib is not installed.

        Examples
        --------
        >>> import untuck
        >>> untuck.analyse(untuck.example()).plot().savefig("run.png", dpi=150)
        """
        with extra_for("run.plot()"):
            from untuck.plotting import plot_run
        return plot_run(self, figure)

    def to_arrow(self, table: str = "strides") -> pyarrow.Table:
        """Convert a table of the run to a pyarrow table; what is not known is null.

        Parameters
        ----------
        table : {"strides", "contacts", "findings", "cues", "suppressed_cues", "traces"}
            "traces" has a row a sample, the others one a stride, contact, finding or cue.

        Returns
        -------
        pyarrow.Table
            Column names carry the units; docs/data.md lists them.

        Raises
        ------
        UntuckError
            There is no such table.
        MissingExtraError
            pyarrow is not installed.

        Examples
        --------
        >>> import untuck
        >>> run = untuck.analyse(untuck.example())
        >>> run.to_arrow("findings").select(["fault", "side", "ended"]).to_pylist()[0]
        {'fault': 'tuck', 'side': 0, 'ended': 'corrected'}
        """
        from untuck.frames import to_arrow

        return to_arrow(self, table)

    def to_frame(self, table: str = "strides", library: Literal["pandas", "polars"] | None = None) -> Any:
        """Convert a table of the run to a data frame.

        Parameters
        ----------
        table : {"strides", "contacts", "findings", "cues", "suppressed_cues", "traces"}
            "traces" has a row a sample, the others one a stride, contact, finding or cue.
        library : {"pandas", "polars"}, optional
            Whose data frame; None takes pandas where it is installed, else polars.

        Returns
        -------
        pandas.DataFrame or polars.DataFrame
            Column names carry the units; docs/data.md lists them. What is not known is NaN in pandas, null in polars.

        Raises
        ------
        UntuckError
            There is no such table or library.
        MissingExtraError
            The library is not installed.

        Examples
        --------
        >>> import untuck
        >>> run = untuck.analyse(untuck.example())
        >>> round(run.to_frame().query("valid")["cadence_spm"].mean())
        169
        >>> run.to_frame("cues", "polars").shape
        (4, 5)
        """
        from untuck.frames import to_frame

        return to_frame(self, table, library)


def _in_words(finding: Finding) -> str:
    """A finding as a few words: "right pullback 4.5 deg at 1:47"."""
    return f"{named(finding.fault, finding.side)} {finding.depth_deg:.1f} deg at {clock(finding.start_s)}"
