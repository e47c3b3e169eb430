"""The table of formats: how each names its columns, in which units, and on which axes.

A pattern matches a column's whole name without its unit; {a} stands for the axis, (?P<s>...) for the sensor's name.
Earlier rows win. docs/data.md prints this table; tests/sources/test_formats.py writes a file in each.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Format:
    """A format of files.

    acc, gyr: patterns for three columns with {a}, or for one with vectors, in order of preference; gravity: added to
    acc, where acc lacks it; time: patterns; counter: patterns of sample counters, used with the stated rate; units:
    where the file does not state them; axes: from the file's axes to a right-handed specific force; marks: patterns of
    which one must be found in the preamble or among the names; without: and none of these; confirmed: where the layout
    is documented.
    """

    key: str
    title: str
    acc: tuple[str, ...]
    gyr: tuple[str, ...]
    time: tuple[str, ...]
    units: tuple[tuple[str, str], ...] = ()
    axes: str = "x,y,z"
    gravity: tuple[str, ...] = ()
    counter: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    header: bool = True
    columns: str = ""
    confirmed: str = ""


_TIME = (
    r"time since start(?: in)?(?: m?s)?",
    r"(?:sensor_?|elapsed_?|unix_?|epoch_?)?time(?:[ _-]?stamps?)?(?:[ _-]?(?:s|ms|us|ns|sec|unix|utc|since start))?",
    r"t",
    r"seconds_elapsed",
    r"epoch[ _]?[mun]?s",
    r"(?:date[ _-]?time|date)",
    r".*(?:^|[ _./:-])time(?:[ _-]?stamp)?s?",
    r"loggingTime",
)
_BEFORE = r"(?:(?P<s>.*)[ _./:-])?"  # of the table of any names: the sensor, if it is named
_ACC = r"acc(?:el(?:ero(?:meter)?)?)?(?:eration)?s?"
_GYR = r"(?:gyro?(?:scope)?s?|ang(?:ular)?[ _]?(?:vel(?:ocity)?|rate)|rot(?:ation)?[ _]?rate|omega)"
_AFTER = r"(?:[ _.]?(?:m_?s_?2|mps2|m?g|rad_?s|deg_?s|m?dps))?"
_SI = (("acc", "m/s^2"), ("gyr", "rad/s"), ("time", "s"))

FORMATS = (
    Format(
        "untuck",
        "Untuck",
        acc=(r"acc_{a}_m_s2", r"acc_m_s2"),
        gyr=(r"gyr_{a}_rad_s", r"gyr_rad_s"),
        time=(r"time_s",),
        units=_SI,
        columns="`time_s`, `gyr_x_rad_s` ..., `acc_x_m_s2` ...",
        confirmed="written by `untuck export`",
    ),
    Format(
        "mtw",
        "Xsens MTw export",
        acc=(r"Acc_{a}",),
        gyr=(r"Gyr_{a}",),
        time=(),
        counter=(r"PacketCounter",),
        units=(("acc", "m/s^2"), ("gyr", "rad/s")),
        marks=(r"//\s*(?:Start Time|Update Rate|Firmware Version|Filter Profile)", r"Mat\[1\]\[1\]"),
        columns="`//` lines, `PacketCounter`, `Acc_X` ..., `Gyr_X` ...; time from counter and update rate",
        confirmed="MTw user manual: units, counter of 16 bits; OpenSim's test of its Xsens reader: layout",
    ),
    Format(
        "dot",
        "Movella DOT export",
        acc=(r"Acc_{a}",),
        gyr=(r"Gyr_{a}",),
        time=(r"SampleTimeFine",),
        units=(("acc", "m/s^2"), ("gyr", "deg/s"), ("time", "us")),
        marks=(r"SampleTimeFine",),
        columns="`PacketCounter`, `SampleTimeFine`, `Acc_X` ..., `Gyr_X` ...",
        confirmed="user manual XD0502P, 4.2: units, time in us that wraps at 2^32",
    ),
    Format(
        "shimmer",
        "Shimmer Consensys export",
        acc=(
            r"(?P<s>.*?)_?Accel_WR_{a}_CAL",
            r"(?P<s>.*?)_?Accel_LN_{a}_CAL",
            r"(?P<s>)Wide Range Accelerometer {a}",
            r"(?P<s>)Low Noise Accelerometer {a}",
        ),
        gyr=(r"(?P<s>.*?)_?Gyro_{a}_CAL", r"(?P<s>)Gyroscope {a}"),
        time=(r".*?Timestamp(?:Sync)?_Unix_CAL", r".*?Timestamp_(?:Formatted|Shimmer)(?:_Unix)?_CAL", r"Timestamp"),
        units=(("acc", "m/s^2"), ("gyr", "deg/s"), ("time", "ms")),
        marks=(r"_CAL\b", r"(?:Wide Range|Low Noise) Accelerometer"),
        columns="`sep=` line, `NAME_Timestamp_Unix_CAL`, `NAME_Accel_WR_X_CAL` ..., `NAME_Gyro_X_CAL` ..., units",
        confirmed="names and units in public readers of such files (gait, seat and heart studies)",
    ),
    Format(
        "delsys",
        "Delsys Trigno export",
        acc=(r"(?P<s>.*?)(?:: ?)?ACC[ .]?{a}(?: \d+)?",),
        gyr=(r"(?P<s>.*?)(?:: ?)?GYRO[ .]?{a}(?: \d+)?",),
        time=(r"X(?: \d+)?",),
        units=(("acc", "g"), ("gyr", "deg/s"), ("time", "s")),
        marks=(r"Trigno|Delsys", r"ACC X Time Series", r": ACC\.X"),
        columns="five lines, `ACC X Time Series (s)`, `ACC X (G)` ..., `GYRO X (deg/s)` ..., rows of rates",
        confirmed="headers in public readers of Trigno Discover and EMGworks exports",
    ),
    Format(
        "ax6",
        "Axivity AX6 export",
        acc=(r"Accel-{a}",),
        gyr=(r"Gyro-{a}",),
        time=(r"Time",),
        units=(("acc", "g"), ("gyr", "deg/s"), ("time", "date")),
        marks=(r"Accel-X",),
        columns="date and time, 3 x g, 3 x deg/s without a header, or `Time`, `Accel-X (g)` ..., `Gyro-X (d/s)` ...",
        confirmed="source of openmovement's cwa-convert and omsynth's file format",
    ),
    Format(
        "apdm",
        "APDM Opal HDF5",
        acc=(r"(?:.*/)?Accelerometers?",),
        gyr=(r"(?:.*/)?Gyroscopes?",),
        time=(r"(?:.*/)?Time",),
        units=(("acc", "m/s^2"), ("gyr", "rad/s"), ("time", "us")),
        marks=(r"FileFormatVersion", r"APDM"),
        columns="`Sensors/ID/Accelerometer`, `Gyroscope`, `Time`; or `CASE/Calibrated/Accelerometers`",
        confirmed="public readers of both versions (scikit-digital-health, DAMVi, TruncateHDF)",
    ),
    Format(
        "phyphox",
        "phyphox export",
        acc=(r"(?:.*/)?Acceleration {a}", r"(?:.*/)?Accelerometer {a}"),
        gyr=(r"(?:.*/)?Gyroscope {a}",),
        time=(r"(?:.*/)?Time",),
        units=_SI,
        marks=(r"(?:^|/)Gyroscope x\b",),
        without=(r"ACCELEROMETER X", r"TIME SINCE START"),
        columns="`Time (s)`, `Acceleration x (m/s^2)` ..., `Gyroscope x (rad/s)` ..., zip of several tables or one",
        confirmed="source of phyphox for iOS, which turns Apple's signs to Android's",
    ),
    Format(
        "sensorlogger",
        "Sensor Logger recording",
        acc=(r"TotalAcceleration/{a}", r"AccelerometerUncalibrated/{a}"),
        gyr=(r"Gyroscope/{a}", r"GyroscopeUncalibrated/{a}"),
        time=(r".*/time", r".*/seconds_elapsed"),
        units=(("gyr", "rad/s"),),
        axes="phone",
        marks=(r"/seconds_elapsed",),
        columns="zip or folder: `TotalAcceleration.csv` (or `AccelerometerUncalibrated.csv`), `Gyroscope.csv`",
        confirmed="UNITS.md and COORDINATES.md of its author's repository",
    ),
    Format(
        "sensorlogger",
        "Sensor Logger recording",
        acc=(r"Accelerometer/{a}",),
        gravity=(r"Gravity/{a}",),
        gyr=(r"Gyroscope/{a}", r"GyroscopeUncalibrated/{a}"),
        time=(r".*/time", r".*/seconds_elapsed"),
        units=_SI[:2],
        axes="phone",
        marks=(r"/seconds_elapsed",),
        columns="`Accelerometer.csv` + `Gravity.csv`, `Gyroscope.csv`; signs by the system that `Metadata.csv` names",
        confirmed="UNITS.md and COORDINATES.md of its author's repository",
    ),
    Format(
        "sensorlog",
        "SensorLog (iOS) recording",
        acc=(r"accelerometerAcceleration{a}",),
        gyr=(r"gyroRotation{a}", r"motionRotationRate{a}"),
        time=(r"(?:accelerometer|motion)Timestamp_sinceReboot", r"loggingTime"),
        units=(("acc", "g"), ("gyr", "rad/s"), ("time", "s")),
        axes="-x,-y,-z",
        columns="`accelerometerAccelerationX(G)` ..., `gyroRotationX(rad/s)` or `motionRotationRateX(rad/s)` ...",
        confirmed="headers in public files; Apple's CMAccelerometerData for the signs",
    ),
    Format(
        "sensorlog",
        "SensorLog (iOS) recording",
        acc=(r"motionUserAcceleration{a}",),
        gravity=(r"motionGravity{a}",),
        gyr=(r"motionRotationRate{a}", r"gyroRotation{a}"),
        time=(r"motionTimestamp_sinceReboot", r"loggingTime"),
        units=(("acc", "g"), ("gyr", "rad/s"), ("time", "s")),
        axes="-x,-y,-z",
        columns="`motionUserAccelerationX(G)` + `motionGravityX(G)`, `motionRotationRateX(rad/s)` ...",
        confirmed="headers in public files; Apple's CMDeviceMotion for the signs",
    ),
    Format(
        "physicstoolbox",
        "Physics Toolbox recording",
        acc=(r"gF{a}",),
        gyr=(r"w{a}",),
        time=(r"time",),
        units=(("acc", "g"), ("gyr", "rad/s")),
        marks=(r"gFx",),
        columns="`time`, `gFx` ..., `wx` ...",
        confirmed="headers in public files",
    ),
    Format(
        "table",
        "table",
        acc=(_BEFORE + _ACC + r"[ _./:-]*{a}" + _AFTER, _BEFORE + r"a_?{a}" + _AFTER, _BEFORE + _ACC + _AFTER),
        gyr=(_BEFORE + _GYR + r"[ _./:-]*{a}" + _AFTER, _BEFORE + r"[gw]_?{a}" + _AFTER, _BEFORE + _GYR + _AFTER),
        time=_TIME,
        columns="names like `acc_x`, `ax`, `Accel X (g)`, `gyro_x`, `gx`; units from names or a row of units",
        confirmed="Android loggers with units in their header (AndroSensor), C3D, MAT, XDF, NPZ, Parquet",
    ),
)
KEYS = tuple(dict.fromkeys(each.key for each in FORMATS))
LINEAR = r"linear|user|free|(?:^|[ _./])lin[ _.]"  # acceleration without gravity
PELVIS = r"pelvi|lumbar|sacr|waist|\bhip\b|\bhips\b|lower.?back|\bl[345]\b|belt"
TRUNK = r"trunk|torso|thora|chest|stern|upper.?back|\bt[1-8]\b"


_AXES = {
    "x,y,z": "as they are",
    "-x,-y,-z": "acceleration's signs turned",
    "phone": "as they are (Android); acceleration's signs turned (iPhone)",
}


def as_markdown() -> str:
    """The table of docs/data.md."""
    rows = ["| `--format` | what | columns | units, where the file states none | axes | layout confirmed by |"]
    rows.append("|---|---|---|---|---|---|")
    for form in FORMATS:
        units = ", ".join(unit if unit != "date" else "dates" for _, unit in form.units) or "detected"
        rows.append(
            f"| `{form.key}` | {form.title} | {form.columns} | {units} | {_AXES[form.axes]} | {form.confirmed} |"
        )
    return "\n".join(rows) + "\n"
