"""The core without the compiler: kernels are plain functions, and what they compute does not depend on numba.

`make test` runs what is marked nojit twice, compiled and with NUMBA_DISABLE_JIT=1.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import untuck
from untuck.sources.runner import Phase, Story, simulate

STORY = Story((Phase("stand", 7.0), *[Phase("hinge", 3.5)] * 3, Phase("stand", 2.5), Phase("run", 12.0)))
NAMES = ("start_s", "duration_s", "tilt_deg", "rotation_range_deg", "oscillation_mm")


def strides() -> np.ndarray:
    """(strides, 5) numbers of the story's strides."""
    found = untuck.analyse(simulate(STORY).samples).strides
    return np.array([[float(stride[name]) for name in NAMES] for stride in found])


@pytest.mark.nojit
def test_strides_are_found() -> None:
    truth = simulate(STORY).truth
    assert truth.strides >= 12 and abs(len(strides()) - truth.strides) <= 1


def test_the_result_is_the_same_without_the_compiler(checkout: Path, tmp_path: Path) -> None:
    program = "import sys, numpy; from tests.test_nojit import strides; numpy.save(sys.argv[1], strides())"
    path = os.pathsep.join((str(checkout / "host"), str(checkout)))
    results = []
    for disabled in ("0", "1"):
        file = tmp_path / f"{disabled}.npy"
        env = {**os.environ, "PYTHONPATH": path, "NUMBA_DISABLE_JIT": disabled}
        subprocess.run([sys.executable, "-c", program, str(file)], env=env, check=True, timeout=120)
        results.append(np.load(file))
    assert results[0].shape == results[1].shape
    assert np.allclose(*results, rtol=1e-9, atol=1e-9)
