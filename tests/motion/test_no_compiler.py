"""The core without the compiler: kernels are plain functions, and what they compute does not depend on numba.

`make test` runs what is marked nojit twice, compiled and with NUMBA_DISABLE_JIT=1: calibration, contacts and strides,
faults found and cued, packets against the whole. One test compares three ways of running: compiled, not compiled, and
without numba. `make test-plain` runs all of tests/motion where numba is not installed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tools.kernel_sums import MOTION, as_line, compiled_in

import untuck
from untuck.model import BOTH, LEFT, STRIDE_DTYPE
from untuck.motion.jit import HAVE_NUMBA
from untuck.motion.params import Params
from untuck.motion.strides import kernels
from untuck.run_results import Run
from untuck.simulate.runner import Phase, Scenario, SimulatedRun, simulate

PREFIX = (Phase("stand", 6.0), *[Phase("hinge", 3.5)] * 3, Phase("stand", 2.0))
FAULTS = (Phase("run", 11.0), Phase("run", 7.0, tuck_deg=8.0), Phase("run", 8.0, pullback_deg=6.0, side=-1))
QUICK = Params(baseline_strides=8, baseline_warmup_s=0.0, warmup_strides=2, tuck_strides=3, pullback_strides=4)
NUMBERS = [name for name in STRIDE_DTYPE.names or () if STRIDE_DTYPE[name].kind == "f"]


@cache
def simulated() -> SimulatedRun:
    """A runner who stands, hinges, runs, tucks and pulls the left hip back: 45 s at 50 Hz, the slowest rate."""
    return simulate(Scenario(PREFIX + FAULTS), rate_hz=50)


@cache
def found() -> Run:
    return untuck.analyse(simulated().samples, params=QUICK)


def as_json() -> str:
    """All that was found, as one line."""
    run = found()
    strides = [[float(stride[name]) for name in NUMBERS] for stride in run.strides]
    contacts = [[float(c["time_s"]), float(c["toe_off_s"]), int(c["side"])] for c in run.contacts]
    findings = [[f.fault, f.side, f.start_s, f.end_s, f.depth_deg] for f in run.findings]
    cues = [[c.fault, c.side, c.time_s] for c in run.cues]
    numbers = {"strides": strides, "contacts": contacts, "tilt_deg": run.tilt_deg.tolist()}
    return json.dumps({**numbers, "findings": findings, "cues": cues, "reasons": run.strides["reason"].tolist()})


@pytest.mark.nojit
def test_the_mount_contacts_and_strides_are_found() -> None:
    truth, run = simulated().truth, found()
    assert run.calibration.source == "stand+hinges"
    assert truth.strides >= 30 and abs(len(run.strides) - truth.strides) <= 1
    contacts = run.contacts[run.contacts["time_s"] > truth.contacts["time_s"][0] - 0.03]  # setting off is one as well
    true = truth.contacts[np.abs(truth.contacts["time_s"] - contacts["time_s"][:, None]).argmin(axis=1)]
    assert len(contacts) >= 60
    assert np.abs(true["time_s"] - contacts["time_s"]).max() < 0.03
    assert (true["side"] == contacts["side"]).all()


@pytest.mark.nojit
def test_faults_are_found_and_cued() -> None:
    assert [(f.fault, f.side) for f in found().findings] == [("tuck", BOTH), ("pullback", LEFT)]
    assert [(c.fault, c.side) for c in found().cues if c.fault != "recovered"] == [("tuck", BOTH), ("pullback", LEFT)]


@pytest.mark.nojit
def test_packets_bring_the_same_as_the_whole() -> None:
    samples = simulated().samples
    pipeline = untuck.Pipeline(params=QUICK)
    for first in range(0, len(samples), 5):
        pipeline.push(samples[first : first + 5])
    pipeline.finish()
    assert pipeline.run().strides.tobytes() == found().strides.tobytes()
    assert pipeline.run().findings == found().findings


def numbers_of(value: object) -> list[float]:
    """All numbers in nested lists and dicts, in order."""
    if isinstance(value, dict | list):
        return [n for each in (value.values() if isinstance(value, dict) else value) for n in numbers_of(each)]
    return [float(value)] if isinstance(value, int | float) else []


def result_with(before: str, disabled: str, checkout: Path) -> dict[str, Any]:
    """What an interpreter of its own finds, after running `before`."""
    path = os.pathsep.join((str(checkout / "host"), str(checkout)))
    env = {**os.environ, "PYTHONPATH": path, "NUMBA_DISABLE_JIT": disabled}
    program = f"{before}\nfrom tests.motion.test_no_compiler import as_json\nprint(as_json())"
    call = [sys.executable, "-c", program]
    done = subprocess.run(call, env=env, check=True, timeout=300, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.slow
@pytest.mark.skipif(find_spec("numba") is None, reason="numba is not installed: there is nothing to compare with")
def test_the_result_is_the_same_without_the_compiler(checkout: Path) -> None:
    compiled, plain = (result_with("", disabled, checkout) for disabled in ("0", "1"))
    absent = result_with("import sys; sys.modules['numba'] = None", "0", checkout)
    assert repr(absent) == repr(plain)  # every number, NaN as well
    for name in ("reasons", "strides", "contacts", "findings", "cues"):
        assert len(compiled[name]) == len(plain[name]) > 0, name
    assert compiled["reasons"] == plain["reasons"]
    assert [f[:2] for f in compiled["findings"]] == [f[:2] for f in plain["findings"]]
    assert np.allclose(numbers_of(compiled), numbers_of(plain), rtol=1e-7, atol=1e-7, equal_nan=True)
    if sys.platform == "linux":  # elsewhere the compiler may take sine and cosine from another library
        assert repr(compiled) == repr(plain)


def test_kernels_are_compiled_where_numba_is() -> None:
    assert hasattr(kernels.track_chunk, "py_func") == (HAVE_NUMBA and os.environ.get("NUMBA_DISABLE_JIT") != "1")


@pytest.mark.parametrize("path", sorted(MOTION.rglob("*.py")), ids=lambda path: str(path.relative_to(MOTION)))
def test_what_is_compiled_into_a_module_is_named_by_its_sum(path: Path) -> None:
    """Otherwise a cache made before an update would keep old constants and loops of another file."""
    if sums := compiled_in(path):
        assert as_line(sums) in path.read_text(), "run `make format`"
