"""What the analysis needs of memory: a Raspberry Pi in the belt has 512 MB for everything."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
RUN = "import sys; from untuck.session.warmup import call_every_kernel; call_every_kernel(); "
# not ru_maxrss, which begins with the size of the process that started this one
SHOW = "print(int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0]) // 1024, 'numba' in sys.modules)"
MOST_MB = 75  # measured: 51 MB; numba's import adds 60 MB


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is counted as on Linux")
@pytest.mark.parametrize("value", ["1", "true"])
def test_a_switched_off_compiler_is_not_loaded(value: str) -> None:
    environment = os.environ | {"NUMBA_DISABLE_JIT": value, "PYTHONPATH": str(CHECKOUT / "host")}
    done = subprocess.run(
        [sys.executable, "-c", RUN + SHOW], env=environment, capture_output=True, text=True, timeout=120
    )
    most_mb, loaded = done.stdout.split()
    assert loaded == "False" and int(most_mb) < MOST_MB, done.stdout + done.stderr
