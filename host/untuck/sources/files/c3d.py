"""Reads C3D files with ezc3d, in a process of its own: that library crashes on damaged files, and a batch must not.

`python -m untuck.sources.files.c3d FILE` writes the channels as a numpy archive to stdout.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from untuck import limits
from untuck.errors import MissingExtraError, SamplesError
from untuck.sources.files.table import Column, Table
from untuck.sources.files.units import canonical

_LONGEST_S = 300.0


def read_c3d(path: Path) -> Table:
    """The analog channels of a C3D file at their rate. Raises SamplesError for a file with markers only."""
    if importlib.util.find_spec("ezc3d") is None:
        raise MissingExtraError(
            f"reading {path} needs the 'formats' extra: pip install 'untuck[formats]'", name="ezc3d"
        )
    path.open("rb").close()  # raises the reason
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(
            [sys.executable, "-m", __name__, str(path)], capture_output=True, env=env, timeout=_LONGEST_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise SamplesError("is no C3D file, or it is damaged: it could not be read in 5 minutes.") from error
    if done.returncode:
        raise SamplesError("is no C3D file, or it is damaged or cut short: export or copy it again.")
    with np.load(io.BytesIO(done.stdout), allow_pickle=False) as found:
        values, labels, units, markers = (found[name] for name in ("values", "labels", "units", "markers"))
        rate = float(found["rate"])
    if not len(values) and len(markers):
        raise SamplesError(
            f"holds {len(markers)} markers ({', '.join(markers[:6])}) but no sensor: markers measure neither angular "
            "rate nor specific force. Export the sensor's analog channels, or compute samples with untuck.virtual_imu."
        )
    names = [str(label) or f"channel {index + 1}" for index, label in enumerate(labels)]
    rows = zip(names, values, units, strict=False)
    return Table(
        [Column(name, channel, canonical(str(unit))) for name, channel, unit in rows],
        rate_hz=rate if rate > 0 else None,
    )


def main(path: str) -> None:
    """Write the analog channels of a file to stdout."""
    ezc3d = importlib.import_module("ezc3d")
    _limit_memory(os.stat(path).st_size)
    file = ezc3d.c3d(path)
    parameters = file["parameters"]
    analog = parameters.get("ANALOG", {})
    values = np.asarray(file["data"]["analogs"], np.float64)[0]
    rate = np.ravel(analog.get("RATE", {}).get("value", [0.0]))
    units = [str(each) for each in analog.get("UNITS", {}).get("value", [])]
    texts = {
        "labels": [str(each) for each in analog.get("LABELS", {}).get("value", [])][: len(values)],
        "units": (units + [""] * len(values))[: len(values)],
        "markers": [str(each) for each in parameters.get("POINT", {}).get("LABELS", {}).get("value", [])],
    }
    made = io.BytesIO()
    arrays = {name: np.asarray(each, np.str_) for name, each in texts.items()}
    np.savez(made, values=values, rate=float(rate[0]) if len(rate) else 0.0, **arrays)  # type: ignore[arg-type]
    sys.stdout.buffer.write(made.getvalue())


def _limit_memory(packed: int) -> None:
    """A damaged file may claim any size."""
    try:
        import resource
    except ImportError:  # Windows
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    most = limits.most_memory(packed)
    most = most if hard == resource.RLIM_INFINITY else min(hard, most)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))


if __name__ == "__main__":
    main(sys.argv[1])
