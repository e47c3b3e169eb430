"""Docstrings of the public names: their examples run, and they name every parameter, as numpydoc has it."""

from __future__ import annotations

import doctest
import inspect
import re

import numpy as np
import pytest

import untuck
from untuck.run_results import Run

PUBLIC = {name: getattr(untuck, name) for name in untuck.__all__}
DESCRIBED_BY_SOURCE = {"Params", "Event", "UntuckError"}  # a reason beside each field; a union; no arguments
METHODS = {f"Run.{name}": getattr(Run, name) for name in ("plot", "to_arrow", "to_frame")}
METHODS["Pipeline.push"] = untuck.Pipeline.push
WITHOUT_EXAMPLE = {"Event", "Cue", "Finding", "Pipeline.push"}  # shown in the examples of analyse, Run and Pipeline


def section(docstring: str, title: str) -> str:
    """The text of a numpydoc section, "" if there is none."""
    found = re.search(rf"^{title}\n-+\n(.*?)(?=^\w[\w ]*\n-+\n|\Z)", docstring, re.MULTILINE | re.DOTALL)
    return found.group(1) if found else ""


def named_in(text: str) -> list[str]:
    """The names that a section of parameters describes."""
    lines = [line for line in text.splitlines() if re.match(r"\w[\w, ]* : ", line)]
    return [name.strip() for line in lines for name in line.partition(" : ")[0].split(",")]


@pytest.mark.parametrize("name", [*PUBLIC, *METHODS])
def test_examples_run(name: str, recorded: Run) -> None:
    thing = (PUBLIC | METHODS)[name]
    module = inspect.getmodule(thing)
    tests = doctest.DocTestFinder(recurse=False).find(thing, name, module=module, globs={})
    examples = [test for test in tests if test.examples]
    assert examples or name in WITHOUT_EXAMPLE
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for test in examples:
        report: list[str] = []
        runner.run(test, out=report.append)
        assert not runner.failures, "".join(report)


def test_the_example_of_the_package_runs() -> None:
    assert doctest.testmod(untuck).attempted >= 3
    assert doctest.testmod(untuck).failed == 0


@pytest.mark.parametrize("name", sorted((PUBLIC.keys() | METHODS.keys()) - DESCRIBED_BY_SOURCE))
def test_every_parameter_is_described(name: str) -> None:
    thing = (PUBLIC | METHODS)[name]
    docstring = inspect.getdoc(thing) or ""
    taken = [each for each in inspect.signature(thing).parameters if each != "self"]
    title = "Attributes" if name == "Run" else "Parameters"
    described = named_in(section(docstring, title))
    assert described == taken
    if not isinstance(thing, type):
        assert section(docstring, "Returns").strip()
    assert len(docstring.splitlines()[0]) <= 115


def test_returned_arrays_are_as_described(run: Run) -> None:
    count = len(untuck.example())
    assert run.quat.shape == (count, 4) and run.tilt_deg.shape == (count,)
    assert set(run.contacts.dtype.names or ()) == {"time_s", "toe_off_s", "side"}
    assert np.isin(run.contacts["side"], (-1, 1)).all()
