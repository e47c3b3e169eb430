"""Reads recordings of other sensors as Samples: file to table, table to columns, columns to SI units in our axes.

Whatever a library raises for a damaged file becomes a SamplesError here and nowhere else.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from untuck import limits
from untuck.errors import SamplesError, UntuckError, reason
from untuck.model import Floats
from untuck.motion.bunches import spread_ties
from untuck.motion.mount.signs import check_signs
from untuck.samples import Samples
from untuck.sources.files import archives, c3d, labs
from untuck.sources.files.axes import Axes, turned
from untuck.sources.files.match import Match, apply_columns, check_twins, lacking, match, time_of
from untuck.sources.files.table import Column, Table, split_unit
from untuck.sources.files.text import read_text
from untuck.sources.files.times import seconds, unwrapped
from untuck.sources.files.units import ACC, GYR, TIME, acc_unit, canonical, check_units, gyr_unit, of_name
from untuck.vocabulary import Role

_log = logging.getLogger(__name__)
_NAMES = {".npz": "numpy archive (.npz)", ".parquet": "Parquet file", ".h5": "HDF5 file", ".hdf5": "HDF5 file"}
_VERBS = ("is", "has", "lacks", "holds", "claims", "cannot")  # messages that go on from the file's name
_TEXT = (".csv", ".txt", ".tsv", ".dat", ".log")


def _text_file(path: Path) -> Table:
    if path.stem in archives.PARTS and path.stem != "Gyroscope" and path.with_name("Gyroscope.csv").is_file():
        return archives.read_folder(path.parent)
    data = limits.read_bytes(path, limits.MOST_TEXT_BYTES)
    try:
        return read_text(data)
    except SamplesError as error:
        raise SamplesError(f"is no CSV file with a header line: {error}.") from error


READERS: dict[str, Callable[[Path], Table]] = {
    ".npz": archives.read_npz,
    ".npy": archives.read_npz,
    ".parquet": archives.read_parquet,
    ".zip": archives.read_zip,
    ".h5": labs.read_hdf5,
    ".hdf5": labs.read_hdf5,
    ".mat": labs.read_mat,
    ".c3d": c3d.read_c3d,
    ".xdf": labs.read_xdf,
    ".xdfz": labs.read_xdf,
    **dict.fromkeys(_TEXT, _text_file),
}
SUFFIXES = tuple(suffix for suffix in READERS if suffix != ".npy")


@dataclass(frozen=True)
class Options:
    """What the user says about files: see read_samples.

    units: {"acc": "g"}; axes: of accelerometer and gyroscope; sensor: its name, of several; role: where it was worn.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    rate_hz: float | None = None
    form: str = ""
    units: Mapping[str, str] = field(default_factory=dict)
    axes: Axes | None = None
    sensor: str = ""
    role: Role = Role.PELVIS


class FileSamples(Samples):
    """Samples of a file. source: what was understood: units, rate, format."""

    source: str

    def __init__(self, samples: Samples, source: str) -> None:
        super().__init__(samples.time_s, samples.gyr_rad_s, samples.acc_m_s2, samples.quat)
        object.__setattr__(self, "source", source)  # Samples is frozen


def read_samples(
    path: Path, columns: Mapping[str, str] | None = None, rate_hz: float | None = None, options: Options | None = None
) -> FileSamples:
    """Samples from a file, whose format follows from its suffix and its columns. SamplesError: for any fault.

    columns: the file's names for COLUMNS, where they differ; rate_hz: samples a second, instead of the file's time;
    options: all that the user says, instead of both. MissingExtraError: the format's library is not installed.
    """
    options = options or Options(columns or {}, rate_hz)
    try:
        with np.errstate(all="ignore"), limits.memory(limits.size_of(path)):  # a damaged file's numbers overflow
            return _read(path, options)
    except (UntuckError, ImportError) as error:
        if isinstance(error, SamplesError) and not str(error).startswith(str(path)):
            joint = " " if str(error).partition(" ")[0] in _VERBS else ": "
            raise SamplesError(f"{path}{joint}{error}") from error
        raise
    except limits.LimitError as error:
        raise SamplesError(f"{path} {error}") from error
    except OSError as error:
        if error.errno is not None and error.filename is not None:
            raise SamplesError(f"{path} cannot be read: {reason(error)}.") from error
        raise _damaged(path, error) from error
    except MemoryError as error:
        raise SamplesError(f"{path} claims more numbers than fit in memory: it is damaged, or too large.") from error
    except Exception as error:  # whatever a library does with a damaged file
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> SamplesError:
    _log.debug("%s could not be read", path, exc_info=error)
    kind = _NAMES.get(path.suffix.lower(), f"{path.suffix.lower().lstrip('.')} file")
    return SamplesError(f"{path} is no {kind}, or it is damaged or cut short: export or copy it again.")


def _read(path: Path, options: Options) -> FileSamples:
    reader = READERS.get(path.suffix.lower())
    if path.is_dir():
        reader = archives.read_folder
    if reader is None:
        raise SamplesError(f"{path}: only {', '.join(SUFFIXES)} can be read; convert it first.")
    if not path.exists():
        path.open("rb").close()  # raises the reason
    limits.check_file(path)
    table = _headerless(reader(path), options)
    if not table.columns and not table.facts:
        raise SamplesError("holds no columns of numbers: it is empty or cut short.")
    found = match(table, options.form, options.sensor, options.role)
    if options.form and found is None and not options.columns:
        raise SamplesError(lacking(table, [f"the columns of --format {options.form}"], {}))
    found = apply_columns(found, table, options.columns)
    check_twins(found, table)
    return _samples(found, table, options, str(path))


def _headerless(table: Table, options: Options) -> Table:
    """Names for the columns of Axivity's converter, which writes none: date, 3 x g, 3 x deg/s."""
    if table.header or options.columns or len(table.columns) < 7:
        return table
    first = table.columns[0].values.dtype.kind
    if (first in "MO" and not options.form) or options.form == "ax6":
        names = ["Time", *(f"Accel-{a}" for a in "XYZ"), *(f"Gyro-{a}" for a in "XYZ")]
        for column, name in zip(table.columns, names, strict=False):
            column.name = name
    return table


def _samples(found: Match, table: Table, options: Options, name: str) -> FileSamples:
    stated = {key: options.units.get(key) or _stated(found, key) for key in ("acc", "gyr", "time")}
    time_s, blocks = _together(found, table, options, stated)
    time_s, blocks, left_out = _known(time_s, blocks)
    if len(time_s) < 2:
        raise SamplesError("is empty: it holds no samples.")
    acc, gyr, how = _in_si(time_s, blocks, stated)
    acc, gyr, quat, axes = turned(found, table, options.axes, acc=acc, gyr=gyr, quat=blocks.get("quat"))
    samples = Samples(spread_ties(time_s), gyr, acc, quat)
    check_units(samples, name)
    check_signs(samples, name)
    rate = (len(time_s) - 1) / float(np.ptp(time_s)) if np.ptp(time_s) > 0 else 0.0
    steady = float(np.median(np.diff(time_s)))
    rate = 1.0 / steady if steady > 0 and abs(steady * rate - 1.0) < 0.2 else rate  # else stamps in bunches, or gaps
    how += [f"{rate:.4g} Hz", *axes, *([f"sensor {found.sensor}"] if found.sensor else []), found.format.title]
    if left_out:
        how.append(f"{left_out} rows without time, acceleration or angular rate left out")
    return FileSamples(samples, ", ".join(how))


def _in_si(time_s: Floats, blocks: dict[str, Floats], stated: dict[str, str]) -> tuple[Floats, Floats, list[str]]:
    """acc in m/s^2 and gyr in rad/s, (N, 3), and what is said of their units."""
    for key, what in (("acc", "acc_m_s2"), ("gyr", "gyr_rad_s")):
        if not np.isfinite(blocks[key]).all():
            row = int(np.argmin(np.isfinite(blocks[key]).all(axis=1)))
            raise SamplesError(f"{what} is not finite at sample {row}: leave such samples out, gaps are allowed.")
    acc, gyr = blocks["acc"], blocks["gyr"]
    force = float(np.median(np.linalg.norm(acc, axis=1)))
    seen = acc_unit(acc)
    unit = stated["acc"] or seen
    if not unit:
        raise SamplesError(
            f"acceleration has a median of {force:.3g}, and its unit is not stated: it must include gravity, which is "
            "1 g or 9.8 m/s^2. If it does, give --units acc=g, acc=mg or acc=m/s^2."
        )
    if seen and seen != unit:
        raise SamplesError(
            f"acceleration looks like {seen}, not {unit} (median {force:.4g}): if it is, give --units acc={seen}."
        )
    acc = acc * ACC[unit]
    turn = stated["gyr"] or gyr_unit(time_s, gyr, acc)
    if not turn:
        raise SamplesError("the unit of angular rate is not stated: give --units gyr=rad/s or --units gyr=deg/s.")
    said = {"acc": f"acceleration in {unit}", "gyr": f"gyro in {turn}"}
    return acc, gyr * GYR[turn], [said[key] + ("" if stated[key] else " (by its size)") for key in said]


def _stated(found: Match, key: str) -> str:
    """The unit that the columns' names or rows state, else the one that the format has."""
    columns = {"acc": found.acc, "gyr": found.gyr, "time": [found.time] if found.time else []}[key]
    for column in columns:
        text = column.unit or split_unit(column.name)[1]
        if key != "time" and text and not canonical(text, key):
            raise SamplesError(f"the unit {text!r} of {column.name!r} is not known: give --units {key}=UNIT.")
    units = {unit for column in columns if (unit := canonical(column.unit, key) or of_name(column.name, key))}
    if len(units) > 1:
        raise SamplesError(f"the axes of one sensor are in different units ({', '.join(sorted(units))}): give --units.")
    known = dict(found.format.units)
    return next(iter(units), known.get(key, "") if known.get(key) != "date" else "")


def _together(found: Match, table: Table, options: Options, stated: dict[str, str]) -> tuple[Floats, dict[str, Floats]]:
    """Time in s and the blocks of acc and gyr on it, in the file's units."""
    groups = {"gyr": found.gyr, "acc": found.acc, "gravity": found.gravity, "quat": found.quat}
    channels = {key: _channels(columns) for key, columns in groups.items() if columns}
    clock = _clock(found, table, options, stated)
    times = {key: [clock(column, values) for column, values in each] for key, each in channels.items()}
    base = times["gyr"][0]
    blocks = {
        key: np.column_stack([_on(base, time, values) for time, (_, values) in zip(times[key], each, strict=True)])
        for key, each in channels.items()
    }
    if "gravity" in blocks:
        blocks["acc"] = blocks["acc"] + blocks.pop("gravity")
    return base, blocks


def _channels(columns: list[Column]) -> list[tuple[Column, Floats]]:
    made: list[tuple[Column, Floats]] = []
    for column in columns:
        try:
            values = column.values.astype(np.float64)
        except (ValueError, TypeError) as error:
            raise SamplesError(f"{', '.join(each.name for each in columns)} are not all numbers.") from error
        made += [(column, values)] if values.ndim == 1 else [(column, part) for part in values.T]
    return made


def _clock(found: Match, table: Table, options: Options, stated: dict[str, str]) -> Callable[[Column, Floats], Floats]:
    """Gives the times of a column, in s."""
    known: dict[int, Floats] = {}
    rate = options.rate_hz or table.rate_hz

    def of(column: Column, values: Floats) -> Floats:
        time = None if options.rate_hz else (found.time if column in found.gyr else None)
        if time is None and not options.rate_hz:
            time = time_of(found.format, table, column)
            if time is None and found.time is not None and len(found.time.values) == len(values):
                time = found.time
        if time is not None:
            if id(time) not in known:
                known[id(time)] = _seconds(time, stated["time"])
            return known[id(time)]
        if rate is None:
            raise SamplesError(lacking(table, ["time_s or rate_hz"], {}))
        if found.counter is not None and len(found.counter.values) == len(values):
            return unwrapped(found.counter.values.astype(np.float64)) / rate
        return np.arange(len(values)) / rate

    return of


def _seconds(time: Column, unit: str) -> Floats:
    values = time.values
    if values.dtype.kind == "f" and np.isnan(values).any():
        kept = np.full(len(values), np.nan)
        known = ~np.isnan(values)
        kept[known] = seconds(values[known], unit, time.name)[0]
        return kept
    made, used = seconds(values, unit, time.name)
    wraps = used == "us" and bool((np.diff(made) < -1000.0).any())  # 2^32 us are 71 min
    return unwrapped(made / TIME["us"]) * TIME["us"] if wraps else made


def _on(base: Floats, time: Floats, values: Floats) -> Floats:
    """Values of a channel at other times, linearly between its own; NaN outside and in its gaps."""
    if len(time) != len(values):
        raise SamplesError("columns of time and of values have different lengths.")
    if time is base or (len(time) == len(base) and np.array_equal(time, base, equal_nan=True)):
        return values
    known = np.isfinite(time) & np.isfinite(values)
    time, values = time[known], values[known]
    if len(time) < 2 or (np.diff(time) < 0).any():
        raise SamplesError("the times of acceleration and of angular rate differ, and one of them does not increase.")
    made = np.interp(base, time, values, left=np.nan, right=np.nan)
    after = np.clip(np.searchsorted(time, base), 1, len(time) - 1)
    gap = time[after] - time[after - 1]
    made[gap > 3.0 * float(np.median(np.diff(time)))] = np.nan
    return made


def _known(time_s: Floats, blocks: dict[str, Floats]) -> tuple[Floats, dict[str, Floats], int]:
    """Without rows in which nothing was measured: blank in all axes of a sensor, or without time."""
    empty = np.isnan(time_s) | np.isnan(blocks["acc"]).all(axis=1) | np.isnan(blocks["gyr"]).all(axis=1)
    if not empty.any():
        return time_s, blocks, 0
    kept = ~empty
    return time_s[kept], {key: block[kept] for key, block in blocks.items()}, int(empty.sum())
