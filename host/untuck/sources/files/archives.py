"""Reads NPZ and Parquet files, and zip files and folders of several CSV tables (phyphox, Sensor Logger)."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from untuck.errors import SamplesError
from untuck.sources.files.table import LARGEST_BYTES, Column, Table, as_vector
from untuck.sources.files.text import read_text

PARTS = (  # tables of Sensor Logger
    "TotalAcceleration",
    "AccelerometerUncalibrated",
    "Accelerometer",
    "Gravity",
    "Gyroscope",
    "GyroscopeUncalibrated",
)
_TEXT = (".csv", ".txt", ".tsv")


def read_npz(path: Path) -> Table:
    """The arrays of a numpy archive."""
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            raise SamplesError("holds one array, not an archive: save it with numpy.savez.")
        with loaded as archive:
            too_large(sum(member.file_size for member in archive.zip.infolist()))
            arrays = {name: archive[name] for name in archive.files}
    except (ValueError, zipfile.BadZipFile, EOFError) as error:
        if isinstance(error, SamplesError):
            raise
        raise SamplesError("is no numpy archive (.npz) of plain numbers: save it with numpy.savez.") from error
    return of_arrays(arrays)


def of_arrays(arrays: dict[str, Any]) -> Table:
    """A table of named arrays; a scalar with the name of a rate is the rate."""
    columns, rate, facts = [], None, {}
    for name, values in arrays.items():
        array = np.asarray(values)
        if (array.size == 1 and array.ndim == 0) or (array.size == 1 and _is_rate(name)):
            if _is_rate(name) and array.dtype.kind in "iuf":
                rate = float(array.reshape(()))
                if not rate > 0:
                    raise SamplesError(f"has {name} {rate:g}: it must be one number greater than 0.")
            facts[name] = str(array.reshape(()))[:80]
            continue
        if _is_rate(name) and array.size != 1:
            raise SamplesError(f"has {name} with {array.size} values: it must be one number greater than 0.")
        if name in ("gyr_rad_s", "acc_m_s2"):
            _check_ours(name, array)
        vector = as_vector(array)
        if vector is not None and vector.dtype.kind in "iufMOUS" and vector.ndim:
            columns.append(Column(name, vector))
    return Table(columns, rate_hz=rate, facts=facts)


def _check_ours(name: str, array: np.ndarray) -> None:
    """Raises SamplesError if an array with one of our names is not what we mean by it."""
    if array.dtype.kind not in "iuf":
        raise SamplesError(f"{name} is no array of plain numbers.")
    if array.ndim != 2 or 3 not in array.shape:
        raise SamplesError(f"{name} has shape {array.shape}: it must be (N, 3).")


def _is_rate(name: str) -> bool:
    last = name.replace("/", ".").rsplit(".", 1)[-1].lower().replace("_", "")
    return last in {"ratehz", "fs", "fshz", "rate", "samplerate", "samplingrate", "freq", "frequency"}


def read_parquet(path: Path) -> Table:
    """The columns of a Parquet file, with units where its metadata have them."""
    import pyarrow
    import pyarrow.parquet

    try:
        too_large(_parquet_size(pyarrow.parquet.ParquetFile(path)))
        table = pyarrow.parquet.read_table(path)
    except pyarrow.ArrowInvalid as error:
        raise SamplesError("is no Parquet file, or it is damaged.") from error
    columns = []
    for index, name in enumerate(table.column_names):
        values = as_vector(np.asarray(table[index].to_numpy()))
        unit = (table.schema.field(index).metadata or {}).get(b"unit", b"").decode("utf-8", "replace")
        if values is not None and values.ndim:
            columns.append(Column(name, values, unit))
    return Table(columns)


def _parquet_size(file: Any) -> int:
    groups = (file.metadata.row_group(index) for index in range(file.metadata.num_row_groups))
    return int(max(sum(group.total_byte_size for group in groups), 8 * file.metadata.num_rows))


def read_zip(path: Path) -> Table:
    """The CSV tables of a zip file, side by side: columns are called TABLE/NAME."""
    parts = {}
    with zipfile.ZipFile(path) as archive:
        members = [each for each in archive.infolist() if each.filename.lower().endswith(_TEXT) and each.file_size]
        members = [each for each in members if "__MACOSX" not in each.filename]
        too_large(sum(each.file_size for each in members))
        for member in members:
            name = Path(member.filename)
            about = "meta/" if name.parts[-2:-1] == ("meta",) else ""  # phyphox: about the phone and the recording
            parts[about + name.stem] = archive.read(member)
    if not parts:
        raise SamplesError("holds no CSV tables.")
    return _together(parts)


def read_folder(folder: Path) -> Table:
    """The tables of a recording that an app wrote as a folder of CSV files."""
    paths = {name: folder / f"{name}.csv" for name in (*PARTS, "Metadata")}
    parts = {name: path.read_bytes() for name, path in paths.items() if path.is_file()}
    if not any("Gyroscope" in name for name in parts):
        raise SamplesError("cannot be read: it is a folder without a recording (Gyroscope.csv and accelerations).")
    return _together(parts)


def _together(parts: dict[str, bytes]) -> Table:
    columns: list[Column] = []
    facts: dict[str, str] = {}
    preamble = []
    for part, data in parts.items():
        if part.startswith("meta/") or part == "Metadata":
            facts |= _facts(data)
            continue
        try:
            table = read_text(data, part)
        except SamplesError:
            continue  # an empty table of a sensor that the phone lacks
        for column in table.columns:
            column.name = f"{part}/{column.name}" if len(parts) > 1 else column.name
        columns += table.columns
        preamble.append(table.preamble)
    if not columns:
        raise SamplesError("holds no table with rows of numbers.")
    return Table(columns, "\n".join(preamble), facts=facts)


def _facts(data: bytes) -> dict[str, str]:
    """{name: value} of a table with a header and one row; of other tables little or nothing."""
    import csv

    rows = list(csv.reader(data.decode("utf-8-sig", "replace").splitlines()[:2]))
    return dict(zip(rows[0], rows[1], strict=False)) if len(rows) == 2 else {}


def too_large(size: int) -> None:
    """Raises SamplesError if a file claims more bytes than any recording has."""
    if size > LARGEST_BYTES:
        raise SamplesError(f"claims to hold {size / 1e9:.0f} GB of numbers, more than any recording: it is damaged.")
