"""Reads recordings of other sensors (NPZ, CSV, Parquet) as Samples, and checks their columns and units.

A column map gives the file's names for Untuck's columns. Units are SI; other units are detected from the magnitude of
gravity and rotation and rejected with a message, not converted.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from untuck.errors import SamplesError, reason
from untuck.model import GRAVITY_M_S2, Floats
from untuck.motion.mount.signs import check_signs
from untuck.samples import Samples

GYR = ("gyr_x_rad_s", "gyr_y_rad_s", "gyr_z_rad_s")
ACC = ("acc_x_m_s2", "acc_y_m_s2", "acc_z_m_s2")
QUAT = ("chip_w", "chip_x", "chip_y", "chip_z")
COLUMNS = ("time_s", *GYR, *ACC, *QUAT)
SUFFIXES = (".npz", ".csv", ".parquet")
Arrays = dict[str, NDArray[Any]]


def read_samples(path: Path, columns: Mapping[str, str] | None = None, rate_hz: float | None = None) -> Samples:
    """Samples from a file, whose format is given by its suffix. Raises SamplesError if it cannot be used.

    columns: the file's names for COLUMNS, where they differ; rate_hz: for a file without time.
    """
    readers = {".npz": _npz, ".npy": _npz, ".csv": _csv, ".parquet": _parquet}
    reader = readers.get(path.suffix.lower())
    if path.is_dir():
        raise SamplesError(f"{path} cannot be read: it is a folder.")
    if reader is None:
        raise SamplesError(f"{path}: only {', '.join(SUFFIXES)} can be read; convert it first.")
    try:
        arrays = reader(path)
    except OSError as error:
        raise SamplesError(f"{path} cannot be read: {reason(error)}.") from error
    if reader is not _npz or columns:
        arrays = _joined(arrays, dict(columns or {}), path)
    samples = _samples(arrays, path, rate_hz)
    check_units(samples, str(path))
    check_signs(samples, str(path))
    return samples


def check_units(samples: Samples, name: str) -> None:
    """Raises SamplesError if acceleration is obviously in g, or angular rate obviously in deg/s."""
    if len(samples) == 0:
        return
    force = float(np.median(np.linalg.norm(samples.acc_m_s2, axis=1)))
    if 0.5 < force < 2.0:
        raise SamplesError(
            f"{name}: acceleration looks like g, not m/s^2 (median {force:.2f}): multiply it by {GRAVITY_M_S2}."
        )
    if 500.0 < force < 2000.0:
        raise SamplesError(f"{name}: acceleration looks like mg, not m/s^2 (median {force:.0f}): it must be m/s^2.")
    if not 4.0 < force < 25.0:
        raise SamplesError(
            f"{name}: acceleration has a median of {force:.3g} m/s^2, but gravity alone is 9.8: it must be specific "
            "force in m/s^2, including gravity."
        )
    turning = float(np.percentile(np.linalg.norm(samples.gyr_rad_s, axis=1), 99))
    if turning > 40.0:  # 2300 deg/s, beyond the range of common sensors
        raise SamplesError(
            f"{name}: angular rate looks like deg/s, not rad/s (1 % is above {turning:.0f}): multiply it by pi/180."
        )


def column_map(pairs: tuple[str, ...]) -> dict[str, str]:
    """{"acc_x_m_s2": "ax"} from ("acc_x_m_s2=ax",). Raises SamplesError for an unknown column."""
    found = {}
    for pair in pairs:
        ours, sign, theirs = pair.partition("=")
        if not sign or ours not in COLUMNS:
            raise SamplesError(f"{pair!r}: write OURS=THEIRS, where OURS is one of {', '.join(COLUMNS)}.")
        found[ours] = theirs
    return found


def _npz(path: Path) -> Arrays:
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            raise SamplesError(f"{path} holds one array, not an archive: save it with numpy.savez.")
        with loaded as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, zipfile.BadZipFile, EOFError) as error:
        if isinstance(error, SamplesError):
            raise
        raise SamplesError(f"{path} is no numpy archive (.npz) of plain numbers: save it with numpy.savez.") from error


def _csv(path: Path) -> Arrays:
    import pyarrow
    import pyarrow.csv

    try:
        table = pyarrow.csv.read_csv(path)
    except pyarrow.ArrowInvalid as error:
        raise SamplesError(f"{path} is no CSV file with a header line: {_first_line(error)}") from error
    return {name: table[name].to_numpy() for name in table.column_names}


def _parquet(path: Path) -> Arrays:
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(path)
    except pyarrow.ArrowInvalid as error:
        raise SamplesError(f"{path} is no Parquet file: {_first_line(error)}") from error
    return {name: table[name].to_numpy() for name in table.column_names}


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def _joined(arrays: Arrays, columns: Mapping[str, str], path: Path) -> Arrays:
    """The arrays of Samples from single columns; an archive may have (N, 3) arrays instead."""
    names = {ours: columns.get(ours, ours) for ours in COLUMNS}
    groups = {"gyr_rad_s": GYR, "acc_m_s2": ACC}
    found = {name: arrays[name] for name in groups if name in arrays and arrays[name].ndim == 2}
    found = {name: array for name, array in found.items() if not set(groups[name]) & set(columns)}
    needed = [names[ours] for name, group in groups.items() if name not in found for ours in group]
    missing = [name for name in needed if name not in arrays]
    missing += [name for ours in columns if (name := names[ours]) not in arrays and name not in missing]
    if missing:
        raise SamplesError(
            f"{path} lacks {', '.join(missing)}: it has {', '.join(arrays) or 'no columns'}. "
            "Give its names for them with --column OURS=THEIRS."
        )
    for name in groups.keys() - found.keys():
        found[name] = _block(arrays, [names[ours] for ours in groups[name]], path)
    found |= {name: arrays[name] for name in ("rate_hz", "quat") if name in arrays and arrays[name].ndim in (0, 2)}
    if names["time_s"] in arrays:
        found["time_s"] = _block(arrays, [names["time_s"]], path)[:, 0]
    if all(names[part] in arrays for part in QUAT):
        found["quat"] = _block(arrays, [names[part] for part in QUAT], path)
    return found


def _block(arrays: Arrays, names: list[str], path: Path) -> Floats:
    """(N, len(names)) numbers."""
    try:
        return np.column_stack([arrays[name].astype(np.float64) for name in names])
    except (ValueError, TypeError) as error:
        raise SamplesError(f"{path}: {', '.join(names)} are not all numbers.") from error


def _samples(arrays: Arrays, path: Path, rate_hz: float | None) -> Samples:
    missing = [name for name in ("gyr_rad_s", "acc_m_s2") if name not in arrays]
    if "time_s" not in arrays and "rate_hz" not in arrays and rate_hz is None:
        missing.append("time_s or rate_hz")
    if missing:
        raise SamplesError(f"{path} lacks {', '.join(missing)}: it has {', '.join(arrays) or 'nothing'}.")
    gyr = arrays["gyr_rad_s"]
    if "time_s" in arrays:
        time_s = arrays["time_s"]
    else:
        rate = np.asarray(arrays.get("rate_hz", rate_hz))
        if rate.size != 1 or rate.dtype.kind not in "iuf" or not rate > 0 or gyr.ndim == 0:
            raise SamplesError(f"{path} has rate_hz {rate}: it must be one number greater than 0.")
        time_s = np.arange(len(gyr)) / float(rate.item())
    try:
        return Samples(time_s, gyr, arrays["acc_m_s2"], arrays.get("quat"))
    except SamplesError as error:
        raise SamplesError(f"{path}: {error}") from error
