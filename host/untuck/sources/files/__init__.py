"""Recordings of other sensors as Samples: readers for each kind of file, a table of formats, units, axes.

read.py reads a file with a reader (text.py, archives.py, labs.py) as a table of columns; match.py finds acceleration,
gyro and time in it by formats.py; units.py, times.py and axes.py convert them.
"""

from untuck.sources.files.axes import axes_of
from untuck.sources.files.match import ACC, COLUMNS, GYR, QUAT
from untuck.sources.files.options import column_map, format_key, unit_map
from untuck.sources.files.read import SUFFIXES, FileSamples, Options, read_samples
from untuck.sources.files.units import check_units

__all__ = [
    "ACC",
    "COLUMNS",
    "GYR",
    "QUAT",
    "SUFFIXES",
    "FileSamples",
    "Options",
    "axes_of",
    "check_units",
    "column_map",
    "format_key",
    "read_samples",
    "unit_map",
]
