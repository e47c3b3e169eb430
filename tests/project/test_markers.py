"""Markers are honest: a test that runs the virtual clip, plays sound or reads recordings is marked so, and no other is.

tests/needs.py follows names through the code; this looks for the words that give such tests away.
"""

from __future__ import annotations

import importlib
import inspect
import re
import tomllib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest
from tests.needs import REACHED, needs

TESTS = Path(__file__).resolve().parents[1]
WORDS = {
    "radio": re.compile(r"\b(VirtualClip|run_compiled|deliver|BusServer|RadioChannel)\("),
    "sound": re.compile(r"\b(sound_server|server_process|loudspeaker\.\w+server\w*)\b"),
    "data": re.compile(r"\bdata_dir\("),
}


def modules() -> Iterator[ModuleType]:
    for path in sorted(TESTS.rglob("test_*.py")):
        try:
            yield importlib.import_module(".".join(path.relative_to(TESTS.parent).with_suffix("").parts))
        except pytest.skip.Exception:  # what it tests is not installed
            continue


def every_test() -> Iterator[tuple[str, Callable[..., object], set[str]]]:
    """Name, function, and markers by its own code and the fixtures that it names."""
    for module in modules():
        for name, function in vars(module).items():
            if name.startswith("test_") and inspect.isfunction(function) and function.__module__ == module.__name__:
                fixtures = [
                    found
                    for word in inspect.signature(inspect.unwrap(function)).parameters
                    if callable(found := getattr(getattr(module, word, None), "_get_wrapped_function", lambda: None)())
                ]
                yield f"{module.__name__}.{name}", function, needs(function, *fixtures)


def test_what_gives_a_need_away_is_marked() -> None:
    counts = dict.fromkeys(REACHED, 0)
    for name, function, found in every_test():
        text = inspect.getsource(function)
        for marker, word in WORDS.items():
            counts[marker] += marker in found
            if function.__module__ != __name__:
                assert not word.search(text) or marker in found, f"{name} lacks the marker {marker}"
    assert counts["radio"] >= 80 and counts["sound"] >= 6 and counts["data"] >= 15, counts


def test_a_need_is_found_behind_helpers_and_nowhere_else() -> None:
    found = {name.removeprefix("tests."): markers for name, _, markers in every_test()}
    assert found["sources.test_kept_runs.test_an_empty_battery_loses_only_the_last_second"] == {"radio"}
    assert found["firmware.test_firmware_sensor.test_rebased_time_stamps_are_followed"] == {"radio"}
    assert found["session.test_real_run.test_recorded_runner_through_the_whole_line"] == {"radio", "data"}
    assert found["sound.test_sound.test_the_demo_is_heard"] == {"sound"}
    assert found["motion.test_cues.test_good_form_is_silent"] == set()
    assert found["sources.test_resend.test_every_packet_comes_once_and_in_order"] == set()


def test_every_marker_is_declared() -> None:
    options = tomllib.loads((TESTS.parent / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    declared = {line.split(":")[0] for line in options["markers"]}
    assert {"slow", "nojit", *REACHED} <= declared and "--strict-markers" in options["addopts"]


def test_files_share_a_process_and_tests_of_the_clip_do_not() -> None:
    pytest.importorskip("xdist")
    from conftest import _ByFolder

    scope = partial(_ByFolder._split_scope, None)
    clip = "tests/sources/test_ble_link.py::test_a_pair[x-y]"
    assert scope(clip) == clip
    assert scope("tests/motion/test_cues.py::test_a") == scope("tests/motion/test_cues.py::test_b")
    assert scope("tests/sound/test_sound.py::test_a") == scope("tests/sound/test_voice.py::test_b") == "sound"
