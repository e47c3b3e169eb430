"""Files that claim or unpack to more than any recording: one line each, and bounded memory, for every kind of file."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.bounded import run_bounded
from tests.conftest import CHECKOUT

from untuck import limits
from untuck.errors import SamplesError
from untuck.sources.files import read_samples
from untuck.sources.files.table import unique

NAMES = ("time_s", "gyr_x_rad_s", "gyr_y_rad_s", "gyr_z_rad_s", "acc_x_m_s2", "acc_y_m_s2", "acc_z_m_s2")
IMPORTS = """
from pathlib import Path
import numpy, pyarrow.parquet, pyarrow.csv
from untuck.errors import SamplesError
from untuck.sources.files import read_samples
"""
TRY = """
try:
    said = f"{len(read_samples(Path(sys.argv[1])))} samples"
except SamplesError as error:
    said = str(error)
"""
Write = Callable[[Path], None]


def npy_header(shape: tuple[int, ...]) -> bytes:
    made = io.BytesIO()
    np.lib.format.write_array_header_1_0(made, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return made.getvalue()


def npz_claims(path: Path) -> None:
    """10^12 rows in a header, none behind it."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, shape in (("time_s", (10**12,)), ("gyr_rad_s", (10**12, 3)), ("acc_m_s2", (10**12, 3))):
            archive.writestr(f"{name}.npy", npy_header(shape))


def npy_claims(path: Path) -> None:
    path.write_bytes(npy_header((10**12,)))


def npz_bomb(path: Path) -> None:
    """700 MB of zeros."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number in range(7):
            with archive.open(f"a{number}.npy", "w") as file:
                file.write(npy_header((12_500_000,)))
                for _ in range(10):
                    file.write(bytes(10_000_000))


def npz_many(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(5000):
            archive.writestr(f"{number}.npy", npy_header((0,)))


def parquet_of(path: Path, columns: dict[str, pyarrow.Array], groups: int) -> None:
    table = pyarrow.table(columns)
    with pyarrow.parquet.ParquetWriter(path, table.schema, compression="zstd") as file:
        for _ in range(groups):
            file.write_table(table, row_group_size=len(table))


def parquet_bomb(path: Path) -> None:
    """3.9 GB of equal numbers."""
    same = pyarrow.array(np.zeros(1_000_000))
    parquet_of(path, dict.fromkeys(NAMES, same), 70)


def parquet_texts(path: Path) -> None:
    """One text of a megabyte, in 5,000 rows."""
    text = pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * 5000, pyarrow.int32()), ["x" * 1_000_000])
    parquet_of(path, {**dict.fromkeys(NAMES, pyarrow.array(np.zeros(5000))), "note": text}, 1)


def parquet_lists(path: Path) -> None:
    """A list of two million numbers in each of 100 rows."""
    values = pyarrow.ListArray.from_arrays([0, 2_000_000], pyarrow.array(np.zeros(2_000_000)))
    parquet_of(path, {**dict.fromkeys(NAMES, pyarrow.array([0.0])), "raw": values}, 100)


def zip_bomb(path: Path) -> None:
    """A table of 700 MB that packs well."""
    line = b"0.01,0,0,9.8,0,0,0\n" * 500_000
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("Gyroscope.csv", "w") as file,
    ):
        for _ in range(70):
            file.write(line)


def zip_lies(path: Path) -> None:
    """A table that claims 1,000 bytes and has 300 MB."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("Gyroscope.csv", bytes(300_000_000))
    data = bytearray(path.read_bytes())
    for at in (data.rindex(b"PK\1\2") + 24, data.index(b"PK\3\4") + 22):
        data[at : at + 4] = (1000).to_bytes(4, "little")
    path.write_bytes(data)


def hole(path: Path) -> None:
    """A file of 5 GB that takes no room on the disk."""
    with path.open("wb") as file:
        file.truncate(5 << 30)


def csv_wide(path: Path) -> None:
    path.write_text(",".join(f"c{k}" for k in range(100_000)) + "\n" + (",".join(["1"] * 100_000) + "\n") * 5)


def csv_line(path: Path) -> None:
    path.write_text("1," * 10_000_000)


def hdf5_claims(path: Path) -> None:
    """10^11 rows of which none is stored."""
    import h5py

    with h5py.File(path, "w") as file:
        for name in NAMES:
            file.create_dataset(name, shape=(10**11,), dtype="f8", chunks=(10_000,))


def hdf5_bomb(path: Path) -> None:
    """3 GB of zeros."""
    import h5py

    with h5py.File(path, "w") as file:
        for name in NAMES:
            file.create_dataset(name, shape=(50_000_000,), dtype="f8", chunks=(1_000_000,), compression="gzip")


def hdf5_circles(path: Path) -> None:
    """Groups that hold one another: 30 to the power of 8 paths."""
    import h5py

    with h5py.File(path, "w") as file:
        for number in range(30):
            file[f"g{number}"] = file


def hdf5_links(path: Path) -> None:
    """Columns that are links to another file of the reader."""
    import h5py

    with h5py.File(path.with_name("private.h5"), "w") as file:
        for name in NAMES:
            file[name] = np.arange(500.0)
    with h5py.File(path, "w") as file:
        for name in NAMES:
            file[name] = h5py.ExternalLink(str(path.with_name("private.h5")), name)


def mat_bomb(path: Path) -> None:
    """560 MB of zeros in structures and outside."""
    import scipy.io

    zeros = np.zeros(10_000_000)
    scipy.io.savemat(path, {name: zeros for name in NAMES}, do_compression=True)


def xdf_claims(path: Path) -> None:
    """A chunk of 2^40 samples that ends after its head."""
    info = b"<?xml version='1.0'?><info><name>imu</name><type>imu</type><channel_count>7</channel_count>"
    info += b"<nominal_srate>100</nominal_srate><channel_format>double64</channel_format></info>"
    chunks = [struct.pack("<HI", 2, 1) + info, struct.pack("<HI", 3, 1) + b"\x08" + struct.pack("<Q", 2**40)]
    path.write_bytes(b"XDF:" + b"".join(b"\4" + struct.pack("<I", len(each)) + each for each in chunks))


def xdfz_bomb(path: Path) -> None:
    """2.3 GB of zeros."""
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(230):
            file.write(bytes(10_000_000))


COSTLY: list[tuple[str, Write, str]] = [
    ("claims.npz", npz_claims, "claims 1,000,000,000,000 numbers"),
    ("claims.npy", npy_claims, "holds one array"),
    ("bomb.npz", npz_bomb, "claims to hold 700 MB of numbers"),
    ("many.npz", npz_many, "has 5,000 columns"),
    ("bomb.parquet", parquet_bomb, "claims to hold 3.92 GB of numbers"),
    ("texts.parquet", parquet_texts, "holds 5 GB of text"),
    ("lists.parquet", parquet_lists, "acceleration has a median of 0"),
    ("bomb.zip", zip_bomb, "holds 665 MB of text"),
    ("lies.zip", zip_lies, "damaged"),
    ("hole.csv", hole, "has 5.37 GB"),
    ("hole.npz", hole, "has 5.37 GB"),
    ("hole.parquet", hole, "has 5.37 GB"),
    ("wide.csv", csv_wide, "has 100,000 columns"),
    ("line.csv", csv_line, "has a line of 20,000,000 characters"),
    ("claims.h5", hdf5_claims, "claims to hold 5.6 TB of numbers"),
    ("bomb.h5", hdf5_bomb, "claims to hold 2.8 GB of numbers"),
    ("circles.h5", hdf5_circles, "holds no columns"),
    ("links.h5", hdf5_links, "holds no columns"),
    ("bomb.mat", mat_bomb, "claims to hold 560 MB of numbers"),
    ("claims.xdf", xdf_claims, "cut short"),
    ("bomb.xdfz", xdfz_bomb, "claims to hold"),
]
BOUND_MB = 500


@pytest.mark.parametrize(("name", "write", "expected"), COSTLY, ids=[each[0] for each in COSTLY])
def test_a_costly_file_is_one_line_within_500_mb(tmp_path: Path, name: str, write: Write, expected: str) -> None:
    write(tmp_path / name)
    tried = run_bounded(IMPORTS, TRY, str(tmp_path / name), timeout_s=60.0)
    assert expected in tried.said and len(tried.said.splitlines()) == 1 and len(tried.said) < 500, tried.said
    assert tried.more_mb < BOUND_MB, tried


def test_the_systems_limit_stands_behind_readers_that_trust_a_file(tmp_path: Path) -> None:
    code = """
from untuck import limits
import resource
before = resource.getrlimit(resource.RLIMIT_DATA)
try:
    with limits.memory(1_000_000):
        numpy.ones(500_000_000)
    said = "4 GB were given"
except MemoryError:
    said = "refused"
said += f", {resource.getrlimit(resource.RLIMIT_DATA) == before}, {len(numpy.ones(200_000_000))}"
"""
    assert run_bounded(IMPORTS, code).said == "refused, True, 200000000"


def test_limits_of_several_readers_at_a_time_add_up_and_end() -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with limits.memory(0):
        with limits.memory(0):
            assert len(np.ones(200_000_000)) == 200_000_000
        assert resource.getrlimit(resource.RLIMIT_DATA) != before or limits._data_bytes() is None
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


@given(st.lists(st.sampled_from(["a", "a 2", "a 2 2", "a 3", "b", "", "column 2"]), max_size=8))
def test_repeated_names_of_columns_become_different_ones(names: list[str]) -> None:
    made = unique(names)
    assert len(set(made)) == len(made) == len(names)
    first = {name: names.index(name) for name in names if name}
    assert all(made[index] == name for name, index in first.items()) or "" in names


def test_a_table_with_repeated_columns_is_one_line(tmp_path: Path) -> None:
    header = ",".join([*NAMES, NAMES[1], f"{NAMES[1]} 2", NAMES[1]])
    rows = "".join(f"{0.01 * k:.2f},0.1,0.2,0.3,0.1,9.8,0.2,{k},{k},{k}\n" for k in range(300))
    (tmp_path / "twice.csv").write_text(header + "\n" + rows)
    with pytest.raises(SamplesError, match="more than once"):
        read_samples(tmp_path / "twice.csv")


def test_the_page_lists_the_limits() -> None:
    page = (CHECKOUT / "docs" / "data.md").read_text("utf-8").partition("## Limits")[2]
    sizes = ("VALUES_BYTES", "TEXT_BYTES", "FIT_BYTES", "ARCHIVE_BYTES", "IMPORT_BYTES")
    for size in (limits.FREE_BYTES, *(getattr(limits, f"MOST_{name}") for name in sizes)):
        assert limits.in_words(size) in page
    for count in (limits.MOST_COLUMNS, limits.MOST_LINE, limits.MOST_FIT_MESSAGES, limits.MOST_COMMANDS):
        assert f"{count:,}" in page
