"""Interpreted kernels are replaced by compiled ones during a recording: not one bit of the result changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pytest
from tests.motion.test_no_compiler import QUICK, simulated

import untuck
from untuck.motion import jit
from untuck.motion.strides import kernels
from untuck.run_results import Run

pytestmark = pytest.mark.skipif(not jit.ENTRIES, reason="nothing is compiled")
NEVER_CALLED = {"step_features", "step_measures"}  # by the pipeline


@pytest.fixture(autouse=True)
def compiled_again() -> Iterator[None]:
    yield
    for entry in jit.ENTRIES:
        if not entry.compiled:
            entry.load()


def bits(run: Run) -> tuple[object, ...]:
    """All results, so that equal tuples are equal bits."""
    arrays = run.quat, run.tilt_deg, run.obliquity_deg, run.rotation_deg, run.strides, run.contacts
    return *(values.tobytes() for values in arrays), repr(run.findings), repr(run.cues), repr(run.calibration)


def result(before_each: Callable[[], None], chunk: Callable[[], int]) -> tuple[object, ...]:
    """Of the simulated run in chunks, `before_each` called at their edges."""
    samples, first = simulated().samples, 0
    pipeline = untuck.Pipeline(params=QUICK, keep_samples=True)
    while first < len(samples):
        before_each()
        end = first + chunk()
        pipeline.push(samples[first:end])
        first = end
    pipeline.finish()
    return bits(pipeline.run())


def switch_some(rng: np.random.Generator, loaded: Counter[str]) -> None:
    """Switch about a third of the entries, each by itself."""
    for entry in jit.ENTRIES:
        if rng.random() < 0.3:
            entry.interpret({}) if entry.compiled else entry.load()
            loaded[entry.py_func.__name__] += entry.compiled


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_switching_at_random_edges_changes_no_bit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    compiled = result(lambda: None, lambda: 50)
    jit.interpret()
    interpreted = result(lambda: None, lambda: 50)
    assert not any(entry.compiled for entry in jit.ENTRIES)
    loaded = Counter[str]()
    switched = result(partial(switch_some, rng, loaded), lambda: int(rng.integers(1, 60)))
    assert all(loaded[name] > 3 for name in ("advance", "track_chunk", "measure_step", "measure_stride"))
    assert compiled == interpreted == switched


def test_interpreted_entries_compile_nothing_and_load_what_they_were_called_with() -> None:
    untuck.analyse(simulated().samples, params=QUICK)  # compiled, for `load`
    jit.interpret()
    before = [len(entry._dispatcher.overloads) for entry in jit.ENTRIES]
    untuck.analyse(simulated().samples, params=QUICK)
    assert [len(entry._dispatcher.overloads) for entry in jit.ENTRIES] == before
    for entry in jit.ENTRIES:
        entry.load()
    assert {entry.py_func.__name__ for entry in jit.ENTRIES if not entry.compiled} <= NEVER_CALLED | {"hump_edges"}


def test_what_is_not_in_the_cache_is_not_compiled() -> None:
    entry = kernels.track_chunk
    entry.interpret({})
    with pytest.raises(TypeError, match="missing"):
        entry(1, 2)  # a call that nothing was compiled for
    with pytest.raises(jit.NotCached, match="track_chunk"):
        entry.load()
    assert not entry.compiled
    untuck.analyse(simulated().samples, params=QUICK)
