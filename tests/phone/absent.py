"""Runs Python where modules cannot be imported: those that a browser, or an app on a phone, does not have."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
IN_AN_APP = ("numba", "llvmlite", "scipy", "platformdirs", "PySide6", "pyqtgraph", "matplotlib", "rich", "miniaudio")
IN_A_PAGE = (
    *IN_AN_APP,
    *("sqlite3", "_sqlite3", "click", "multiprocessing", "pandas", "pyarrow", "joblib", "dbus_fast"),
)
_BLOCK = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
"""


def run_without(absent: tuple[str, ...], program: str, given: bytes = b"", **environment: str) -> str:
    """What a program prints in a fresh interpreter. given: its standard input; environment: further variables."""
    path = os.pathsep.join((str(CHECKOUT / "host"), str(CHECKOUT)))
    done = subprocess.run(
        [sys.executable, "-c", f"ABSENT = {absent!r}\n{_BLOCK}\n{program}"],
        input=given,
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()
