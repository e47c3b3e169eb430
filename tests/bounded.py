"""Runs code in a process of its own and measures the memory it takes."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass

import pytest

# ru_maxrss is inherited from the process that started this one, so that it hides what is smaller than pytest
_PEAK = """
def _peak_kb():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))
_base = _peak_kb()
"""
_AFTER = """
import json as _json
print(_json.dumps({"more": _peak_kb() - _base, "said": said}))
"""


@dataclass(frozen=True)
class Bounded:
    """said: what the code left in `said`; more_mb: by how much its peak of memory rose while it ran."""

    said: str
    more_mb: float


def run_bounded(imports: str, code: str, *arguments: str, timeout_s: float = 120.0) -> Bounded:
    """Run code after its imports in a new interpreter; sys.argv has the arguments. Skips where memory is not shown."""
    if sys.platform != "linux":
        pytest.skip("only Linux shows the peak of a process")
    script = f"import sys\n{imports}\n{_PEAK}\n{code}\n{_AFTER}"
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=timeout_s, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    row = json.loads(done.stdout.splitlines()[-1])
    return Bounded(row["said"], row["more"] / 1e3)
