"""Reads NPZ and Parquet files, and zip files and folders of several CSV tables (phyphox, Sensor Logger)."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from untuck import limits
from untuck.errors import SamplesError
from untuck.sources.files.table import Column, Table, as_vector
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
        with path.open("rb") as file:
            if file.read(6) == np.lib.format.MAGIC_PREFIX:
                raise SamplesError("holds one array, not an archive: save it with numpy.savez.")
            limits.check_zip(file)
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            limits.check_size(sum(member.file_size for member in members), path.stat().st_size)
            _check_count(len(members))
            for member in members:
                _check_claim(archive, member)
        with np.load(path, allow_pickle=False) as loaded:
            arrays = {name: loaded[name] for name in loaded.files}
    except (ValueError, zipfile.BadZipFile, EOFError) as error:
        if isinstance(error, SamplesError | limits.LimitError):
            raise
        raise SamplesError("is no numpy archive (.npz) of plain numbers: save it with numpy.savez.") from error
    return of_arrays(arrays)


def _check_claim(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """Raises LimitError if the header of an array claims more numbers than its part of the archive has bytes for."""
    with archive.open(member) as file:
        try:
            version = np.lib.format.read_magic(file)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, _, dtype = read(file)
        except ValueError:
            return  # no array: numpy says so when it reads it
    claimed = math.prod(shape) * max(dtype.itemsize, 1)
    if claimed > member.file_size:
        raise limits.LimitError(
            f"claims {math.prod(shape):,} numbers in {limits.in_words(member.file_size)}: it is damaged."
        )


def _check_count(columns: int) -> None:
    if columns > limits.MOST_COLUMNS:
        raise limits.LimitError(f"has {columns:,} columns; up to {limits.MOST_COLUMNS:,} are read.")


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
        with pyarrow.parquet.ParquetFile(path) as file:
            names, texts = _parquet_columns(file, path.stat().st_size)
        table = pyarrow.parquet.read_table(path, columns=names, read_dictionary=texts, use_threads=False)
    except pyarrow.ArrowInvalid as error:
        raise SamplesError("is no Parquet file, or it is damaged.") from error
    columns = []
    for index, name in enumerate(table.column_names):
        if name in texts:
            _check_texts(table[index])
        values = as_vector(np.asarray(table[index].to_numpy()))
        unit = (table.schema.field(index).metadata or {}).get(b"unit", b"").decode("utf-8", "replace")
        if values is not None and values.ndim:
            columns.append(Column(name, values, unit))
    return Table(columns)


def _parquet_columns(file: Any, packed: int) -> tuple[list[str], list[str]]:
    """Names of the columns of plain values, and of those of text. Raises LimitError if they are too large as arrays.

    Repeated values take no room in the file: what counts are rows times width, not its bytes.
    """
    _check_count(file.metadata.num_columns)
    leaves = [file.schema.column(index) for index in range(file.metadata.num_columns)]
    plain = [leaf for leaf in leaves if leaf.max_repetition_level == 0 and leaf.name == leaf.path]
    width = sum(max(8, leaf.length or 0) for leaf in plain)
    groups = (file.metadata.row_group(index) for index in range(file.metadata.num_row_groups))
    stored = sum(max(group.total_byte_size, 0) for group in groups)
    limits.check_size(max(stored, width * max(file.metadata.num_rows, 0)), packed)
    return [leaf.name for leaf in plain], [leaf.name for leaf in plain if leaf.physical_type == "BYTE_ARRAY"]


def _check_texts(column: Any) -> None:
    """Raises LimitError if texts, of which each is in the file once, are too large as an array."""
    longest = max((len(text or b"") for chunk in column.chunks for text in chunk.dictionary.to_pylist()), default=0)
    limits.check_text(longest * len(column))


def read_zip(path: Path) -> Table:
    """The CSV tables of a zip file, side by side: columns are called TABLE/NAME."""
    parts = {}
    with path.open("rb") as file:
        limits.check_zip(file)
    with zipfile.ZipFile(path) as archive:
        members = [each for each in archive.infolist() if each.filename.lower().endswith(_TEXT) and each.file_size]
        members = [each for each in members if "__MACOSX" not in each.filename]
        limits.check_text(sum(each.file_size for each in members), path.stat().st_size)
        for member in members:
            name = Path(member.filename)
            about = "meta/" if name.parts[-2:-1] == ("meta",) else ""  # phyphox: about the phone and the recording
            parts[about + name.stem] = limits.read_member(archive, member, limits.MOST_TEXT_BYTES)
    if not parts:
        raise SamplesError("holds no CSV tables.")
    return _together(parts)


def read_folder(folder: Path) -> Table:
    """The tables of a recording that an app wrote as a folder of CSV files."""
    paths = {name: folder / f"{name}.csv" for name in (*PARTS, "Metadata")}
    found = {name: path for name, path in paths.items() if path.is_file()}
    limits.check_text(sum(path.stat().st_size for path in found.values()))
    parts = {name: limits.read_bytes(path, limits.MOST_TEXT_BYTES) for name, path in found.items()}
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
