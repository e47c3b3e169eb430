"""Strides and contacts of a long run: kept in blocks, after the first hour in a file, and read back as they were."""

from __future__ import annotations

import io
from tempfile import TemporaryFile
from typing import BinaryIO

import numpy as np
import pytest

from untuck.model import CONTACT_DTYPE, STRIDE_DTYPE
from untuck.motion import results
from untuck.motion.results import Rows

COUNT = 23_000  # more than fit in memory


class FullDisk(io.BytesIO):
    """A file that takes `room` bytes."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self._room = room

    def write(self, data: bytes) -> int:  # type: ignore[override]
        left = self._room - self.tell()
        if len(data) > left:
            super().write(data[: max(left, 0)])
            raise OSError(28, "No space left on device")
        return super().write(data)


def no_file() -> BinaryIO:
    raise PermissionError(13, "Permission denied")


def rows_of(dtype: np.dtype[np.void]) -> np.ndarray:
    noise = np.random.default_rng(1).bytes(COUNT * dtype.itemsize)
    made = np.frombuffer(bytearray(noise), dtype)
    if "reason" in (dtype.names or ()):
        made["reason"] = np.resize(["", "gap", "turning"], COUNT)
    return made


@pytest.mark.parametrize("dtype", [CONTACT_DTYPE, STRIDE_DTYPE], ids=["contacts", "strides"])
@pytest.mark.parametrize("kept", ["memory", "file", "full", "late", "none"])
def test_rows_are_read_back_to_the_bit(dtype: np.dtype[np.void], kept: str) -> None:
    block = results._BLOCK_ROWS * dtype.itemsize
    files = {"file": TemporaryFile, "full": lambda: FullDisk(0), "late": lambda: FullDisk(int(3.5 * block))}
    rows, expected = Rows(dtype), rows_of(dtype)
    rows.open_file = None if kept == "memory" else files.get(kept, no_file)  # type: ignore[assignment]
    for number, row in enumerate(expected):
        assert len(rows) == number or number % 1000
        rows.append(row)
        if number in (0, 700, 9000):  # asked for while the run goes on
            assert rows.array().tobytes() == expected[: number + 1].tobytes()
    assert rows.array().tobytes() == expected.tobytes() and rows.array().flags.writeable


def test_rows_beyond_the_first_hour_are_not_in_memory() -> None:
    """Without the file 23,000 strides are 8 MB."""
    files: list[BinaryIO] = []

    def opened() -> BinaryIO:
        files.append(TemporaryFile())  # noqa: SIM115  # closed with the rows
        return files[-1]

    rows = Rows(STRIDE_DTYPE)
    rows.open_file = opened
    for row in rows_of(STRIDE_DTYPE):
        rows.append(row)
    in_memory = sum(len(data) for data in (*rows._first, *rows._last))
    assert len(files) == 1 and in_memory <= 5200 * STRIDE_DTYPE.itemsize
    assert files[0].seek(0, io.SEEK_END) > 17_000 * STRIDE_DTYPE.itemsize
