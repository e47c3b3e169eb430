"""Reads what laboratories have: HDF5 (APDM Opal and others), MAT, XDF. Their libraries are the extra `formats`."""

from __future__ import annotations

import gzip
import importlib
import logging
import math
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from untuck import limits
from untuck.errors import MissingExtraError
from untuck.sources.files.archives import of_arrays
from untuck.sources.files.table import Column, Table, as_vector
from untuck.sources.files.units import canonical

_DEPTH = 8
_MOST = 2000  # datasets of a file


def _library(name: str, path: Path) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"reading {path} needs the 'formats' extra: pip install 'untuck[formats]'", name=error.name
        ) from error


def read_hdf5(path: Path) -> Table:
    """The datasets of an HDF5 file; those of a sensor carry its label where APDM's software wrote one."""
    h5py = _library("h5py", path)
    columns: list[Column] = []
    with h5py.File(path, "r") as file:
        facts = {key: _text(value) for key, value in file.attrs.items()}
        labels = _labels(file)
        arrays: list[tuple[str, Any]] = []
        _walk(h5py, file, "", arrays, {h5py.h5o.get_info(file.id).addr})
        limits.check_size(sum(dataset.size * max(dataset.dtype.itemsize, 8) for _, dataset in arrays), _size(path))
        for name, dataset in arrays:
            values = as_vector(dataset[()])
            sensor = next((label for key, label in labels.items() if key in name.split("/")), "")
            if values is not None and values.ndim and values.dtype.kind in "iuf" and len(values) > 1:
                stated = _text(dataset.attrs.get("Units", dataset.attrs.get("units", "")))
                part = name.rpartition("/")[0]
                columns.append(Column(name, values, canonical(stated), part, sensor))
    marks = " ".join(facts)
    return Table(columns, marks, facts=facts)


def _size(path: Path) -> int:
    return path.stat().st_size


def _walk(h5py: ModuleType, group: Any, prefix: str, found: list[tuple[str, Any]], seen: set[int]) -> None:
    """The datasets of a group and of those in it, each group once: links may lead in circles, or to other files."""
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            continue
        item = group.get(name)
        if isinstance(item, h5py.Dataset):
            plain = item.dtype.kind in "iuf" and item.ndim in (1, 2) and not item.is_virtual and not item.external
            if plain and len(found) < _MOST:
                found.append((prefix + name, item))
        elif isinstance(item, h5py.Group) and prefix.count("/") < _DEPTH and len(seen) < _MOST:
            address = h5py.h5o.get_info(item.id).addr
            if address not in seen:
                seen.add(address)
                _walk(h5py, item, f"{prefix}{name}/", found, seen)


def _labels(file: Any) -> dict[str, str]:
    """Labels of APDM's sensors by their group: of the lists of old files, or each sensor's configuration."""
    ids, names = file.attrs.get("CaseIdList"), file.attrs.get("MonitorLabelList")
    if ids is not None and names is not None:
        return {_text(key): _text(label) for key, label in zip(ids, names, strict=False)}
    labels = {}
    sensors = file.get("Sensors")
    for key in sensors if sensors is not None and hasattr(sensors, "keys") else ():
        configuration = sensors[key].get("Configuration") if hasattr(sensors[key], "get") else None
        label = configuration.attrs.get("Label 0") if configuration is not None else None
        labels[key] = _text(label) if label is not None else key
    return labels


def _text(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.reshape(-1)[0]
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text.strip("\0 ")


def read_mat(path: Path) -> Table:
    """The numeric arrays of a MAT file, also those in structures (imu.acc); version 7.3 is HDF5."""
    with path.open("rb") as file:
        head = file.read(128)
    if b"MATLAB 7.3" in head or head[:4] == b"\x89HDF":
        return read_hdf5(path)
    scipy_io = _library("scipy.io", path)
    claims = scipy_io.whosmat(path)
    limits.check_size(sum(8 * math.prod(shape) for _, shape, _ in claims), _size(path))
    loaded = scipy_io.loadmat(path, simplify_cells=True)
    arrays: dict[str, Any] = {}
    _flatten("", {key: value for key, value in loaded.items() if not key.startswith("__")}, arrays, 0)
    return of_arrays(arrays)


def _flatten(prefix: str, value: Any, found: dict[str, Any], depth: int) -> None:
    if isinstance(value, dict) and depth < _DEPTH:
        for key, item in value.items():
            _flatten(f"{prefix}.{key}" if prefix else str(key), item, found, depth + 1)
    elif isinstance(value, np.ndarray | int | float) and np.asarray(value).dtype.kind in "iuf" and len(found) < _MOST:
        found[prefix] = value


def read_xdf(path: Path) -> Table:
    """The streams of an XDF file: columns are called STREAM/LABEL, times are those of the stream."""
    pyxdf = _library("pyxdf", path)
    logging.getLogger("pyxdf").setLevel(logging.CRITICAL)  # it prints what it repairs
    limits.check_size(_unpacked_size(path), _size(path))
    streams, _ = pyxdf.load_xdf(str(path), verbose=None)
    columns = []
    for stream in streams:
        values, name = stream["time_series"], str(stream["info"]["name"][0])
        if not isinstance(values, np.ndarray) or values.ndim != 2 or values.dtype.kind not in "iuf" or len(values) < 2:
            continue
        time = Column(f"{name}/time", np.asarray(stream["time_stamps"], np.float64), "s", name, name)
        columns.append(time)
        for index, (label, unit) in enumerate(_channels(stream, values.shape[1])):
            columns.append(Column(f"{name}/{label}", values[:, index], canonical(unit), name, time=time))
    return Table(columns)


def _unpacked_size(path: Path) -> int:
    """Bytes of an XDF file; of one in gzip, what it unpacks to, counted no further than any recording is long."""
    if path.suffix.lower() != ".xdfz":
        return _size(path)
    size = 0
    with gzip.open(path) as file:
        while size <= limits.MOST_VALUES_BYTES and (part := file.read(1 << 20)):
            size += len(part)
    return size


def _channels(stream: Any, count: int) -> list[tuple[str, str]]:
    """(label, unit) of each channel; numbers where they have none."""
    found = []
    try:
        for channel in stream["info"]["desc"][0]["channels"][0]["channel"]:
            found.append((str((channel.get("label") or [""])[0]), str((channel.get("unit") or [""])[0])))
    except (KeyError, IndexError, TypeError, AttributeError):
        found = []
    found = [(label or str(index), unit or "") for index, (label, unit) in enumerate(found[:count])]
    return found + [(str(index), "") for index in range(len(found), count)]
